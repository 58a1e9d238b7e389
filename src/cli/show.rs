//! `deskline show`.

use super::{args::Show, context::Desk, error::CliError, find, json::ShowJson, plain};

/// Messages of one conversation that are shown; far above what a person reads.
const ALL: usize = 100_000;

/// Prints one conversation with its messages.
pub async fn run(desk: &Desk, args: Show) -> Result<(), CliError> {
    let conversation = find::conversation(desk, &args.id).await?;
    let thread = desk.store.thread(conversation.id, None, ALL).await?;
    let history = if args.history { Some(desk.store.history(conversation.id).await?) } else { None };
    let now = desk.clock.now();
    if args.json {
        return plain::json_line(&ShowJson::of(&conversation, &thread, history.as_deref(), now));
    }
    for line in plain::conversation_head(&conversation, now) {
        plain::line(&line)?;
    }
    for message in &thread {
        plain::line("")?;
        for line in plain::message_lines(message, desk.zone) {
            plain::line(&line)?;
        }
    }
    for event in history.iter().flatten() {
        plain::line(&plain::event_line(event, desk.zone))?;
    }
    Ok(())
}
