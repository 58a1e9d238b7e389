//! What an agent changes without writing: status, read marks, assignee, labels, snooze, priority, vendor's fields.

use super::{
    args,
    context::Desk,
    error::{CliError, Code},
    find,
    json::ConversationJson,
    plain, reply, wait,
};
use crate::app::preflight::status_findings;
use crate::domain::{
    Action, Conversation, Lang, Priority, Promise, Reach, Status,
    clock::WARNED_BEFORE,
    desk::{Changed, Commit, ListRequest, Refusal, Seen, Sort, Way},
    outbox::{LocalChange, SetFields},
    query::Query,
    when,
};

/// `deskline status`.
pub async fn status(desk: &Desk, args: args::Status) -> Result<(), CliError> {
    let conversation = find::conversation(desk, &args.id).await?;
    let status = Status::parse(&args.status)
        .ok_or_else(|| CliError::new(Code::Usage, format!("{} is no status", args.status)))?;
    reply::judge(&status_findings(Lang::En, &conversation, status), args.strict)?;
    let vendor = match desk.vendor_side(&conversation, status) {
        Some(action) => vec![(action, desk.send_id())],
        None => Vec::new(),
    };
    let seen = Seen { rev: args.seen, message: None };
    let changed = change(desk, &conversation, LocalChange::Status(status), vendor, seen).await?;
    if args.json {
        let after = find::conversation(desk, &conversation.id.to_string()).await?;
        plain::json_line(&ConversationJson::of(&after, desk.clock.now()))?;
    }
    wait::settled(desk, &conversation.channel, &changed.rows, args.wait.wait).await
}

/// `deskline settle`: no reply needed.
pub async fn settle(desk: &Desk, args: args::One) -> Result<(), CliError> {
    let conversation = find::conversation(desk, &args.id).await?;
    change(desk, &conversation, LocalChange::Settle, Vec::new(), Seen::default()).await.map(drop)
}

/// `deskline read`: the agent's own cursor, and the vendor where it can be told.
pub async fn read(desk: &Desk, args: args::One) -> Result<(), CliError> {
    let conversation = find::conversation(desk, &args.id).await?;
    let newest = desk.store.thread(conversation.id, None, 1).await?.pop();
    if let Some(newest) = newest {
        change(desk, &conversation, LocalChange::SeenUpTo(newest.id), Vec::new(), Seen::default()).await?;
    }
    let reach = desk.capabilities(&conversation).map_or(Reach::Local, |it| it.mark_read);
    vendor_mark(desk, &conversation, reach, Action::Read, args.wait.wait).await
}

/// `deskline unread`.
pub async fn unread(desk: &Desk, args: args::One) -> Result<(), CliError> {
    let conversation = find::conversation(desk, &args.id).await?;
    change(desk, &conversation, LocalChange::Unseen, Vec::new(), Seen::default()).await?;
    let reach = desk.capabilities(&conversation).map_or(Reach::Local, |it| it.mark_unread);
    vendor_mark(desk, &conversation, reach, Action::Unread, args.wait.wait).await
}

/// `deskline assign`.
pub async fn assign(desk: &Desk, args: args::Assign) -> Result<(), CliError> {
    let conversation = find::conversation(desk, &args.id).await?;
    let who = match args.who.as_str() {
        "-" => None,
        "me" => Some(desk.me.clone()),
        other => Some(desk.assignable(other).await?),
    };
    change(desk, &conversation, LocalChange::Assign(who), Vec::new(), Seen::default()).await.map(drop)
}

/// `deskline label`.
pub async fn label(desk: &Desk, args: args::Label) -> Result<(), CliError> {
    let conversation = find::conversation(desk, &args.id).await?;
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    for word in &args.labels {
        match word.split_at_checked(1) {
            Some(("+", label)) if !label.is_empty() => add.push(label.to_owned()),
            Some(("-", label)) if !label.is_empty() => remove.push(label.to_owned()),
            _ => {
                return Err(CliError::new(
                    Code::Usage,
                    format!("{word}: labels are +x to add, -y to remove"),
                ));
            }
        }
    }
    change(desk, &conversation, LocalChange::Label { add, remove }, Vec::new(), Seen::default())
        .await
        .map(drop)
}

/// `deskline snooze`.
pub async fn snooze(desk: &Desk, args: args::Snooze) -> Result<(), CliError> {
    let conversation = find::conversation(desk, &args.id).await?;
    let text = args.when.join(" ");
    let until = if text == "-" {
        None
    } else {
        let at = when::parse(&text, desk.clock.now(), desk.zone).ok_or_else(|| {
            CliError::new(Code::Usage, format!("{text}: no time in the future"))
                .hint("3d, 4h, 14:30, fri 9, tomorrow, 2026-12-24, - wakes it now")
        })?;
        Some(at)
    };
    let changed =
        change(desk, &conversation, LocalChange::Snooze { until, breaks: true }, Vec::new(), Seen::default())
            .await;
    if let (Ok(_), Some(until)) = (&changed, until) {
        plain::note(&format!("asleep until {}", plain::moment(until, desk.zone)));
        if let Some(warned) = conversation.due_at.map(|at| at - WARNED_BEFORE).filter(|at| *at < until) {
            let wakes =
                if warned <= desk.clock.now() { "now".into() } else { plain::moment(warned, desk.zone) };
            plain::note(&format!("its deadline is near before that: it wakes {wakes}"));
        }
    }
    changed.map(drop)
}

/// `deskline handover`.
pub async fn handover(desk: &Desk, args: args::Handover) -> Result<(), CliError> {
    let now = desk.clock.now();
    let query = Query::parse("is:mine turn:us turn:them turn:third_party")
        .map_err(|error| CliError::new(Code::Failed, error.to_string()))?;
    let request = ListRequest {
        query,
        me: desk.me.clone(),
        sort: Sort::Due,
        limit: 10_000,
        after: None,
        way: Way::Down,
        now,
    };
    let rows = desk.store.list(request).await?;
    let Some(who) = args.who else {
        for row in &rows {
            plain::line(&plain::conversation_line(row, now))?;
        }
        plain::note(&format!("{} of yours; deskline handover WHO hands them over", rows.len()));
        return Ok(());
    };
    let to = if who == "-" { None } else { Some(desk.member(&who).await?) };
    for row in &rows {
        let mut text = format!("Handed over by {} to {}.", desk.name, to.as_deref().unwrap_or("the team"));
        if let Some(word) = &args.note {
            text = format!("{text}\n{word}");
        }
        let change_to =
            LocalChange::HandOver { from: desk.me.clone(), to: to.clone(), note: Some(text), drafts: true };
        change(desk, row, change_to, Vec::new(), Seen::default()).await?;
    }
    plain::note(&format!("{} handed over to {}", rows.len(), to.as_deref().unwrap_or("the team")));
    Ok(())
}

/// `deskline promise`.
pub async fn promise(desk: &Desk, args: args::Snooze) -> Result<(), CliError> {
    let conversation = find::conversation(desk, &args.id).await?;
    let text = args.when.join(" ");
    let promise = if text == "-" {
        None
    } else {
        let at = when::parse(&text, desk.clock.now(), desk.zone).ok_or_else(|| {
            CliError::new(Code::Usage, format!("{text}: no time in the future"))
                .hint("3d, 4h, 14:30, fri 9, tomorrow, 2026-12-24, - says that it is kept")
        })?;
        Some(Promise { at, words: String::new(), by: desk.me.clone() })
    };
    if let Some(promise) = &promise {
        plain::note(&format!("promised by {}", plain::moment(promise.at, desk.zone)));
    }
    change(desk, &conversation, LocalChange::Promise(promise), Vec::new(), Seen::default()).await.map(drop)
}

/// `deskline set`.
pub async fn set(desk: &Desk, args: args::Set) -> Result<(), CliError> {
    let conversation = find::conversation(desk, &args.id).await?;
    if let Some(word) = &args.priority {
        let priority = Priority::parse(word);
        change(desk, &conversation, LocalChange::Priority(priority), Vec::new(), Seen::default()).await?;
    }
    let due = match &args.due {
        Some(text) => Some(
            when::parse(text, desk.clock.now(), desk.zone)
                .ok_or_else(|| CliError::new(Code::Usage, format!("--due {text}: no time in the future")))?,
        ),
        None => None,
    };
    if args.reference.is_none() && args.title.is_none() && due.is_none() {
        if args.priority.is_none() {
            return Err(CliError::new(Code::Usage, "nothing to set: --ref, --title, --due or --priority"));
        }
        return Ok(());
    }
    let keeps_them = desk
        .descriptor(&conversation.channel)
        .is_some_and(|descriptor| descriptor.capabilities.max_title.is_some());
    if !keeps_them {
        return Err(CliError::new(
            Code::Failed,
            format!("{} keeps no reference id, title or due date; nothing was changed", conversation.channel),
        ));
    }
    let fields = SetFields { reference: args.reference, title: args.title, due };
    let rows = commit(desk, &conversation, Action::Set(fields)).await?;
    wait::settled(desk, &conversation.channel, &rows, None).await
}

/// A read mark at the vendor, where it has one.
async fn vendor_mark(
    desk: &Desk,
    conversation: &Conversation,
    reach: Reach,
    action: Action,
    wait: Option<u64>,
) -> Result<(), CliError> {
    if reach != Reach::Remote {
        return Ok(());
    }
    let rows = commit(desk, conversation, action).await?;
    wait::settled(desk, &conversation.channel, &rows, wait).await
}

async fn commit(
    desk: &Desk,
    conversation: &Conversation,
    action: Action,
) -> Result<Vec<crate::domain::RowNumber>, CliError> {
    let commit = Commit {
        conversation: Some(conversation.id),
        channel: conversation.channel.clone(),
        kind: conversation.kind.clone(),
        actions: vec![action],
        held_until: None,
        later: None,
        author: desk.me.clone(),
        author_name: Some(desk.name.clone()),
        seen: Seen::default(),
        status: None,
        ends_draft: None,
        send_ids: vec![desk.send_id()],
    };
    Ok(desk.store.commit(commit, desk.clock.now()).await?.map_err(|refusal| refused(&refusal))?.rows)
}

async fn change(
    desk: &Desk,
    conversation: &Conversation,
    change: LocalChange,
    vendor: Vec<(Action, String)>,
    seen: Seen,
) -> Result<Changed, CliError> {
    let answer = desk
        .store
        .change(conversation.id, change, vendor, None, desk.me.clone(), seen, desk.clock.now())
        .await?;
    answer.map_err(|refusal| refused(&refusal))
}

/// A refusal of the store, for the person at the command line.
pub fn refused(refusal: &Refusal) -> CliError {
    match refusal {
        Refusal::Unknown => CliError::new(Code::Failed, "there is no such conversation or row"),
        Refusal::Changed { arrived, rev } => CliError::new(
            Code::Failed,
            format!(
                "the conversation has changed since (rev {rev} now, {} new message(s)); nothing was done",
                arrived.len()
            ),
        )
        .hint("look at it with deskline show, then use the rev that it prints"),
        Refusal::TooLate(Some(state)) => {
            CliError::new(Code::Failed, format!("too late: the row is {}", state.as_str()))
        }
        Refusal::TooLate(None) => CliError::new(Code::Failed, "too late: the row has left the outbox"),
        Refusal::NotNow(why) => CliError::new(Code::Failed, why.clone()),
    }
}
