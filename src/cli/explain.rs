//! `deskline explain`.

use super::{args::Explain, context::Desk, error::CliError, find, plain};
use crate::domain::clock::{self, Facts, Policy, logged};

/// Messages that are looked through for a reply of ours; far above what a conversation has.
const ALL: usize = 100_000;

/// Prints how each deadline of a conversation came about.
pub async fn run(desk: &Desk, args: Explain) -> Result<(), CliError> {
    let conversation = find::conversation(desk, &args.id).await?;
    let log = logged(&desk.store.history(conversation.id).await?);
    let thread = desk.store.thread(conversation.id, None, ALL).await?;
    let now = desk.clock.now();
    let facts = Facts {
        remote_id: &conversation.remote_id,
        waiting_since: conversation.waiting_since,
        replied: log.replied(&thread),
        status: conversation.status,
        gate: conversation.gate,
        pauses: &log.pauses,
    };
    let none = Policy::default();
    let policy = desk.descriptor(&conversation.channel).map_or(&none, |it| &it.clocks);
    for line in plain::conversation_head(&conversation, now) {
        plain::line(&line)?;
    }
    for line in clock::explain(crate::domain::Lang::En, policy, &facts, now, desk.zone) {
        plain::line(&line)?;
    }
    if let Some(promise) = &conversation.promise {
        let words =
            if promise.words.is_empty() { "by hand".into() } else { format!("\"{}\"", promise.words) };
        plain::line(&format!(
            "promised: {}, by {} ({words})",
            clock::moment(crate::domain::Lang::En, promise.at, desk.zone),
            promise.by
        ))?;
    }
    if let (Some(at), Some(kept)) = (conversation.due_at, &conversation.due_clock)
        && clock::due(policy, &facts, now).is_none_or(|due| due.at > at)
    {
        plain::line(&format!(
            "breached: {kept}, {}; a breach is never rewritten, whatever the clocks say since",
            clock::moment(crate::domain::Lang::En, at, desk.zone)
        ))?;
    }
    Ok(())
}
