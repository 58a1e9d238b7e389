//! `deskline outbox`.

use super::{
    args::{Outbox, OutboxCommand},
    context::Desk,
    error::{CliError, Code},
    json::RowJson,
    plain, triage,
};
use crate::domain::{RowNumber, desk::Refusal};

/// Prints the outbox, or settles a row of it.
pub async fn run(desk: &Desk, args: Outbox) -> Result<(), CliError> {
    let (store, me, now) = (&desk.store, desk.me.clone(), desk.clock.now());
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
        Some(OutboxCommand::Retry { n }) => {
            store.retry(RowNumber(n), me, now).await?.map_err(|it| refused(n, &it))?;
        }
        Some(OutboxCommand::MarkSent { n }) => {
            store.mark_sent(RowNumber(n), me, now).await?.map_err(|it| refused(n, &it))?;
        }
        Some(OutboxCommand::Discard { n }) => {
            store.discard(RowNumber(n), me, now).await?.map_err(|it| refused(n, &it))?;
        }
        Some(OutboxCommand::TakeBack { n }) => {
            if let Some(draft) =
                store.take_back(RowNumber(n), me, now).await?.map_err(|it| refused(n, &it))?
            {
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

/// Why a row stays as it is.
fn refused(n: i64, refusal: &Refusal) -> CliError {
    match refusal {
        Refusal::Unknown => CliError::new(Code::Failed, format!("there is no row {n}; nothing was changed"))
            .hint("deskline outbox lists them: what was sent or taken back is not there any more"),
        other => triage::refused(other),
    }
}
