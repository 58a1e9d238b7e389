//! Waiting for the outcome of what was committed, delivering it here where no engine runs.

use std::time::Duration;

use chrono::TimeDelta;

use super::{
    context::Desk,
    error::{CliError, Code},
    plain,
};
use crate::{
    domain::{ChannelName, Delivery, MessageId, OutboxRow, RowNumber, RowState},
    sync,
};

/// Says what was queued, or waits for it.
///
/// # Errors
/// Without `wait` none. With it: `Vendor` refused, `Uncertain`, `Failed` parked here, `TimeUp` still queued.
pub async fn settled(
    desk: &Desk,
    channel: &ChannelName,
    rows: &[RowNumber],
    wait: Option<u64>,
) -> Result<(), CliError> {
    if rows.is_empty() {
        return Ok(());
    }
    let numbers = rows.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let led = desk.has_engine(channel).await?;
    let Some(seconds) = wait else {
        if !led {
            plain::note(&format!("queued as {numbers}; no engine runs on this store: deskline sync, or --wait"));
        }
        return Ok(());
    };
    let limit = Duration::from_secs(seconds);
    let delivering = async {
        if led {
            return Ok(());
        }
        let built = desk.world.channels(Some(&channel.0)).await?;
        if let Some((_, why)) = built.without.first() {
            plain::note(&format!("queued as {numbers}; this account cannot deliver it ({why}), the service will"));
            return Ok(());
        }
        sync::deliver(desk.engine_options(built.channels, false), rows).await;
        Ok::<_, CliError>(())
    };
    let outcome = async {
        delivering.await?;
        let mut seen = 0;
        loop {
            let left = open_rows(desk, rows).await?;
            if left.is_empty() {
                return Ok(Vec::new());
            }
            if left.iter().all(|row| row.state.needs_a_person()) {
                return Ok(left);
            }
            seen = desk.store.changed(seen).await;
        }
    };
    let until = desk.clock.now() + TimeDelta::from_std(limit).unwrap_or(TimeDelta::MAX);
    let left = tokio::select! {
        left = outcome => left?,
        () = desk.clock.sleep_until(until) => {
            return Err(CliError::new(
                Code::TimeUp,
                format!("time is up: {numbers} is still on its way; it is kept and will be sent"),
            )
            .hint("deskline outbox shows it"));
        }
    };
    worst(&left)
}

/// The rows that are still in the outbox.
async fn open_rows(desk: &Desk, rows: &[RowNumber]) -> Result<Vec<OutboxRow>, CliError> {
    let mut open = Vec::new();
    for row in rows {
        open.extend(desk.store.row(*row).await?);
    }
    Ok(open)
}

/// The error of the most troubled row.
fn worst(rows: &[OutboxRow]) -> Result<(), CliError> {
    let words = |row: &OutboxRow| {
        row.error.clone().or_else(|| row.reason.clone()).unwrap_or_else(|| "no reason was given".into())
    };
    let find = |state| rows.iter().find(|row| row.state == state);
    if let Some(row) = find(RowState::Uncertain) {
        return Err(CliError::new(
            Code::Uncertain,
            format!("row {}: nobody knows whether the vendor has it: {}; its text is kept", row.n, words(row)),
        )
        .hint("it is looked for at the vendor; deskline outbox shows what was found, mark-sent or retry settles it"));
    }
    if let Some(row) = find(RowState::Failed) {
        return Err(CliError::new(Code::Vendor, format!("row {}: the vendor refused it: {}", row.n, words(row)))
            .hint("its text is kept: deskline outbox retry, take-back or discard"));
    }
    if let Some(row) = find(RowState::Parked) {
        return Err(CliError::new(Code::Failed, format!("row {}: not sent: {}", row.n, words(row)))
            .hint("its text is kept: deskline outbox retry, take-back or discard"));
    }
    Ok(())
}

/// The outcome of a message whose row may have left the outbox already.
pub async fn delivery(desk: &Desk, message: MessageId) -> Result<Option<Delivery>, CliError> {
    Ok(desk.store.message(message).await?.and_then(|it| it.delivery))
}
