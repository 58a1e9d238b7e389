//! `deskline reply` and `deskline new`: the same commit, the same pre-flight as the screen.

use std::{
    io::{self, Read},
    path::PathBuf,
};

use super::{
    args::{New, Reply, TemplateArgs, Text, Wait},
    context::Desk,
    error::{CliError, Code},
    find, inbox,
    json::MessageJson,
    plain,
    triage::refused,
    wait,
};
use crate::{
    app::{
        preflight::{Finding, Level, Lint, Preflight, others},
        split::{reads, split},
    },
    config::AfterSend,
    domain::{
        Action, ChannelKind, ChannelName, Conversation, ConversationId, Descriptor, DraftKind, Gate, Lang,
        MessageId, Outgoing, Promise, Reach, Status,
        attachment::StoredFile,
        desk::{Commit, Committed, Seen},
        outbox::{CatalogItem, LocalChange, NewConversation, TemplateUse},
        when,
    },
    terminal::perform::owners,
};

/// The largest text that is read from a file or standard input.
const MAX_TEXT: u64 = 1 << 20;

/// Commits a reply or a note.
pub async fn reply(desk: &Desk, args: Reply) -> Result<(), CliError> {
    let conversation = find::conversation(desk, &args.id).await?;
    let seen = Seen { rev: args.seen, message: None };
    if args.note {
        return note(desk, &conversation, &args, seen).await;
    }
    let descriptor = desk.descriptor(&conversation.channel).ok_or_else(|| {
        CliError::new(
            Code::Failed,
            format!(
                "conversation {} can only be read: {} is not configured",
                conversation.id, conversation.channel
            ),
        )
    })?;
    if conversation.gate.at(desk.clock.now()) == Gate::RemoteClosed && !args.reopen {
        return Err(CliError::new(
            Code::Failed,
            format!("conversation {} is closed at the vendor; nothing was queued", conversation.id),
        )
        .hint("--reopen reopens it there and sends"));
    }
    let outgoing = Outgoing {
        text: text(
            &args.text,
            args.template.template.is_some() || !args.attach.is_empty() || !args.product.is_empty(),
        )?,
        file: None,
        quote: args.quote.map(MessageId),
        template: template(&args.template, descriptor)?,
        products: args.product.iter().map(|it| product(it)).collect::<Result<_, _>>()?,
        reopen: args.reopen,
        promise: None,
    };
    let outgoing = promising(desk, outgoing, conversation.id);
    let files = files(desk, descriptor, &args.attach).await?;
    let found = findings(desk, Some(&conversation), descriptor, &outgoing, &files).await?;
    judge(&found, args.strict)?;
    let mut actions: Vec<Action> =
        messages(outgoing, &files, descriptor).into_iter().map(Action::Reply).collect();
    if reads(&conversation, &descriptor.capabilities, false) {
        actions.push(Action::Read);
    }
    let committed = commit(desk, Some(conversation.id), descriptor, actions, seen, after_send(desk)).await?;
    finish(desk, &conversation.channel, &committed, &args.wait, args.json).await
}

/// The status that what we write takes with it.
fn after_send(desk: &Desk) -> Option<Status> {
    (desk.world.config.compose.after_send == AfterSend::Pending).then_some(Status::Pending)
}

/// Starts a conversation.
pub async fn new(desk: &Desk, args: New) -> Result<(), CliError> {
    let descriptor = desk
        .descriptor(&ChannelName(args.channel.clone()))
        .ok_or_else(|| CliError::new(Code::Usage, format!("no channel is called {}", args.channel)))?;
    if descriptor.capabilities.create == Reach::Forbidden {
        return Err(CliError::new(
            Code::Failed,
            format!(
                "{} starts no conversations: its customers write first; nothing was queued",
                descriptor.name
            ),
        ));
    }
    if let Some(category) = &args.category
        && !descriptor.categories.is_empty()
        && !descriptor.categories.contains(category)
    {
        return Err(CliError::new(
            Code::Failed,
            format!("{} has no category {category}; nothing was queued", descriptor.name),
        )
        .hint(format!("it has: {}", descriptor.categories.join(", "))));
    }
    let due = match &args.due {
        Some(text) => Some(
            when::parse(text, desk.clock.now(), desk.zone)
                .ok_or_else(|| CliError::new(Code::Usage, format!("--due {text}: no time in the future")))?,
        ),
        None => None,
    };
    let outgoing = Outgoing {
        text: text(&args.text, args.template.template.is_some() || !args.attach.is_empty())?,
        template: template(&args.template, descriptor)?,
        ..Outgoing::default()
    };
    let form = NewConversation {
        to: args.to,
        consumer: args.consumer,
        category: args.category,
        title: args.title,
        order: args.order,
        skus: args.sku,
        reference: args.reference,
        due,
        is_test: args.test,
        first: outgoing.clone(),
    };
    desk.world.may_create(&descriptor.name, &form)?;
    let files = files(desk, descriptor, &args.attach).await?;
    // A person who has written to us already has a conversation, and perhaps an open window.
    let known = match form.to.as_deref().filter(|_| descriptor.capabilities.templates) {
        Some(number) => {
            let number = number.trim_start_matches('+').to_owned();
            match desk.store.find(descriptor.name.clone(), number).await? {
                Some(id) => desk.store.conversation(id, desk.me.clone(), desk.clock.now()).await?,
                None => None,
            }
        }
        None => None,
    };
    let found = findings(desk, known.as_ref(), descriptor, &outgoing, &files).await?;
    judge(&found, args.strict)?;
    let mut messages = messages(outgoing, &files, descriptor).into_iter();
    let first = messages.next().unwrap_or_default();
    let mut actions = vec![Action::Create(NewConversation { first, ..form })];
    actions.extend(messages.map(Action::Reply));
    let committed = commit(desk, None, descriptor, actions, Seen::default(), after_send(desk)).await?;
    finish(desk, &descriptor.name, &committed, &args.wait, args.json).await
}

async fn note(desk: &Desk, conversation: &Conversation, args: &Reply, seen: Seen) -> Result<(), CliError> {
    if !args.attach.is_empty() || args.template.template.is_some() || !args.product.is_empty() {
        return Err(CliError::new(Code::Usage, "a note takes text only"));
    }
    let text = text(&args.text, false)?;
    let change = LocalChange::Note { text };
    let now = desk.clock.now();
    desk.store
        .change(conversation.id, change, Vec::new(), None, desk.me.clone(), seen, now)
        .await?
        .map_err(|refusal| refused(&refusal))?;
    if args.json
        && let Some(message) = desk.store.thread(conversation.id, None, 1).await?.pop()
    {
        plain::json_line(&MessageJson::of(&message))?;
    }
    Ok(())
}

async fn commit(
    desk: &Desk,
    conversation: Option<ConversationId>,
    descriptor: &Descriptor,
    actions: Vec<Action>,
    seen: Seen,
    status: Option<Status>,
) -> Result<Committed, CliError> {
    let kind: ChannelKind = descriptor.kind.clone();
    let send_ids = actions.iter().map(|_| desk.send_id()).collect();
    let commit = Commit {
        conversation,
        channel: descriptor.name.clone(),
        kind,
        actions,
        held_until: None,
        later: None,
        author: desk.me.clone(),
        author_name: Some(desk.name.clone()),
        seen,
        status,
        ends_draft: None,
        send_ids,
    };
    desk.store.commit(commit, desk.clock.now()).await?.map_err(|refusal| refused(&refusal))
}

/// Waits, then prints the message where JSON is asked for, whatever its outcome.
async fn finish(
    desk: &Desk,
    channel: &ChannelName,
    committed: &Committed,
    wait: &Wait,
    json: bool,
) -> Result<(), CliError> {
    // The outcome is the messages'; a read mark that follows them is tried again by itself.
    let carrying = committed.rows.iter().zip(&committed.messages).filter(|(_, message)| message.is_some());
    let rows: Vec<_> = carrying.map(|(row, _)| *row).collect();
    let outcome = wait::settled(desk, channel, &rows, wait.wait).await;
    if json
        && let Some(id) = committed.messages.iter().flatten().next()
        && let Some(message) = desk.store.message(*id).await?
    {
        plain::json_line(&MessageJson::of(&message))?;
    }
    outcome
}

/// What speaks against sending it.
async fn findings(
    desk: &Desk,
    conversation: Option<&Conversation>,
    descriptor: &Descriptor,
    outgoing: &Outgoing,
    files: &[StoredFile],
) -> Result<Vec<Finding>, CliError> {
    let config = desk.world.config.channel(&descriptor.name.0);
    let lint = config.map_or_else(Lint::default, |it| inbox::lint(it.lint));
    let preflight = Preflight {
        lang: Lang::En,
        conversation,
        kind: DraftKind::Reply,
        capabilities: &descriptor.capabilities,
        messenger: descriptor.manner.messenger,
        lint,
        text: &outgoing.text,
        files,
        template: outgoing.template.as_ref(),
        reopen: outgoing.reopen,
        products: outgoing.products.len(),
        owners: &[],
        messages: &[],
        seen: None,
        me: &desk.me,
        now: desk.clock.now(),
    };
    let owners = owners(&desk.store, &desk.me, desk.clock.now(), &preflight.numbers()).await?;
    let owners = others(owners, conversation);
    let mut found = Preflight { owners: &owners, ..preflight }.findings();
    if !outgoing.products.is_empty() && !descriptor.capabilities.products {
        found.push(Finding {
            level: Level::Red,
            text: format!("{} has no product messages", descriptor.name),
            detail: String::new(),
        });
    }
    Ok(found)
}

/// One message for each file; the products go with the first.
fn messages(outgoing: Outgoing, files: &[StoredFile], descriptor: &Descriptor) -> Vec<Outgoing> {
    let Outgoing { text, quote, template, products, reopen, promise, .. } = outgoing;
    let mut messages = split(&text, files, quote, template.as_ref(), reopen, &descriptor.capabilities);
    if let Some(first) = messages.first_mut() {
        first.products = products;
        first.promise = promise;
    }
    messages
}

/// Notes the date that a reply promises, and says so.
fn promising(desk: &Desk, outgoing: Outgoing, id: ConversationId) -> Outgoing {
    if outgoing.template.is_some() {
        return outgoing;
    }
    let found = crate::domain::promise::find(&outgoing.text, desk.clock.now(), desk.zone);
    let promise = found.map(|(at, words)| Promise { at, words, by: desk.me.clone() });
    if let Some(promise) = &promise {
        let by = plain::moment(promise.at, desk.zone);
        plain::note(&format!("promises: {by} \"{}\"; deskline promise {id} - drops it", promise.words));
    }
    Outgoing { promise, ..outgoing }
}

/// Prints findings; red ones, and amber ones where `strict`, end it here.
pub(super) fn judge(findings: &[Finding], strict: bool) -> Result<(), CliError> {
    let stops = findings.iter().position(|it| it.level == Level::Red || strict);
    // The one that ends it is said as the error.
    for (_, finding) in findings.iter().enumerate().filter(|(at, _)| Some(*at) != stops) {
        plain::note(&finding.text);
    }
    match stops {
        Some(at) => Err(CliError::new(Code::Failed, format!("{}; nothing was queued", findings[at].text))),
        None => Ok(()),
    }
}

fn text(args: &Text, may_lack: bool) -> Result<String, CliError> {
    let read = |source: &mut dyn Read, name: &str| {
        let mut bytes = Vec::new();
        source
            .take(MAX_TEXT + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| CliError::new(Code::Failed, format!("{name}: {error}; nothing was queued")))?;
        if bytes.len() as u64 > MAX_TEXT {
            return Err(CliError::new(Code::Failed, format!("{name}: longer than 1 MB; nothing was queued")));
        }
        let mut text = String::from_utf8(bytes).map_err(|_| {
            CliError::new(Code::Failed, format!("{name} is not UTF-8 text; nothing was queued"))
        })?;
        // An editor's last line end is not part of what was written.
        if text.ends_with('\n') {
            text.pop();
        }
        Ok(text)
    };
    match (&args.text, &args.file, &args.stdin) {
        (Some(text), ..) => Ok(text.clone()),
        (None, Some(path), _) => {
            let name = path.display().to_string();
            let mut file = std::fs::File::open(path).map_err(|error| {
                CliError::new(Code::Failed, format!("{name}: {error}; nothing was queued"))
            })?;
            read(&mut file, &name)
        }
        (None, None, Some(_)) => read(&mut io::stdin().lock(), "standard input"),
        (None, None, None) if may_lack => Ok(String::new()),
        (None, None, None) => {
            Err(CliError::new(Code::Usage, "no text: --text T, --file F, or - for standard input"))
        }
    }
}

async fn files(desk: &Desk, descriptor: &Descriptor, paths: &[PathBuf]) -> Result<Vec<StoredFile>, CliError> {
    let Some(rules) = &descriptor.capabilities.files else {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        return Err(CliError::new(
            Code::Failed,
            format!("{} takes no files; nothing was queued", descriptor.name),
        ));
    };
    let largest = rules.limits.iter().map(|limit| limit.max_bytes).max().unwrap_or_default();
    let mut files = Vec::new();
    for path in paths {
        let file = desk.store.add_file(path.clone(), largest).await.map_err(|error| {
            let error = CliError::from(error);
            CliError { text: format!("{}: {}; nothing was queued", path.display(), error.text), ..error }
        })?;
        files.push(file);
    }
    Ok(files)
}

fn template(args: &TemplateArgs, descriptor: &Descriptor) -> Result<Option<TemplateUse>, CliError> {
    let Some(name) = &args.template else {
        if args.params.is_empty() {
            return Ok(None);
        }
        return Err(CliError::new(Code::Usage, "--param goes with --template"));
    };
    let known = descriptor.templates.iter().find(|it| it.name == *name).ok_or_else(|| {
        let names: Vec<&str> = descriptor.templates.iter().map(|it| it.name.as_str()).collect();
        CliError::new(Code::Failed, format!("{} has no template {name}; nothing was queued", descriptor.name))
            .hint(format!("configured: {}", names.join(", ")))
    })?;
    let mut parameters = vec![None; known.parameters.len()];
    for param in &args.params {
        let (key, value) = param
            .split_once('=')
            .ok_or_else(|| CliError::new(Code::Usage, format!("--param {param}: K=V")))?;
        let place = known.parameters.iter().position(|it| it == key).ok_or_else(|| {
            CliError::new(Code::Usage, format!("template {name} has no parameter {key}"))
                .hint(format!("it has: {}", known.parameters.join(", ")))
        })?;
        parameters[place] = Some(value.to_owned());
    }
    let parameters = parameters
        .into_iter()
        .zip(&known.parameters)
        .map(|(value, key)| {
            value.filter(|it| !it.is_empty()).ok_or_else(|| {
                CliError::new(
                    Code::Failed,
                    format!("template {name}: --param {key}=… is missing; nothing was queued"),
                )
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(Some(TemplateUse { name: name.clone(), language: known.language.clone(), parameters }))
}

fn product(text: &str) -> Result<CatalogItem, CliError> {
    match text.split_once('/') {
        Some((catalog, sku)) if !catalog.is_empty() && !sku.is_empty() => {
            Ok(CatalogItem { catalog_id: catalog.to_owned(), product_id: sku.to_owned() })
        }
        _ => Err(CliError::new(Code::Usage, format!("--product {text}: CATALOG/SKU"))),
    }
}
