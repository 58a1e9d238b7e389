//! `deskline outbox`.

use super::{
    args::{Outbox, OutboxCommand},
    context::Desk,
    error::CliError,
    json::RowJson,
    plain, triage,
};
use crate::domain::RowNumber;

/// Prints the outbox, or settles a row of it.
pub async fn run(desk: &Desk, args: Outbox) -> Result<(), CliError> {
    let (store, me, now) = (&desk.store, desk.me.clone(), desk.clock.now());
    let refused = |refusal| triage::refused(&refusal);
    match args.command {
        None => {
            for row in store.outbox(None).await? {
                if args.json {
                    plain::json_line(&RowJson::of(&row))?;
                } else {
                    plain::line(&plain::row_line(&row, now))?;
                }
            }
        }
        Some(OutboxCommand::Retry { n }) => store.retry(RowNumber(n), me, now).await?.map_err(refused)?,
        Some(OutboxCommand::MarkSent { n }) => {
            store.mark_sent(RowNumber(n), me, now).await?.map_err(refused)?;
        }
        Some(OutboxCommand::Discard { n }) => store.discard(RowNumber(n), me, now).await?.map_err(refused)?,
        Some(OutboxCommand::TakeBack { n }) => {
            if let Some(draft) = store.take_back(RowNumber(n), me, now).await?.map_err(refused)? {
                plain::note("taken back; its text is the draft again:");
                for text in draft.body.lines() {
                    plain::note(&format!("  {text}"));
                }
            }
        }
    }
    desk.say_if_no_engine().await;
    Ok(())
}
