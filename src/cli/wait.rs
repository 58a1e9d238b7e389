//! Waiting for the outcome of what was committed, delivering it here where no engine runs.

use chrono::TimeDelta;

use super::{
    context::Desk,
    error::{CliError, Code},
    plain,
    signals::{self, Ended},
};
use crate::{
    channels::ErrorKind,
    domain::{ChannelName, RowNumber, RowState},
    sync::{self, Delivered},
};

/// Says what was queued, or waits for it.
///
/// # Errors
/// Without `wait` none. With it: `Vendor` refused, `Uncertain`, `Failed` parked here, `Credentials` and `TimeUp` still
/// queued.
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
    let Some(seconds) = wait else {
        if !desk.has_engine(channel) {
            plain::note(&format!(
                "queued as {numbers}; no engine runs on this store: deskline sync, or --wait"
            ));
        }
        for stuck in desk.stuck(Some(channel)).await {
            plain::note(&format!("queued as {numbers}; {stuck}"));
        }
        return Ok(());
    };
    let seconds =
        i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::days(365));
    let built = desk.world.channels(Some(&channel.0)).await?;
    if let Some((_, why)) = built.without.first()
        && !desk.has_engine(channel)
    {
        plain::note(&format!(
            "queued as {numbers}; no engine runs, and this account cannot deliver it: {why}"
        ));
    }
    let until = desk.clock.now() + seconds;
    let ended = signals::ended();
    let delivered = sync::deliver(desk.engine_options(built.channels, false), rows.to_vec(), until);
    tokio::select! {
        delivered = delivered => worst(&delivered?),
        // What is on its way by then is looked up by the next engine, as after any other end.
        ended = ended => {
            plain::note(&format!("no longer waited for: {numbers} stands in deskline outbox until it is settled"));
            match ended {
                Ended::Told => Ok(()),
                Ended::Interrupted => Err(CliError::new(Code::Interrupted, "")),
            }
        }
    }
}

/// The error of the most troubled row.
fn worst(delivered: &[Delivered]) -> Result<(), CliError> {
    let open = || delivered.iter().filter_map(|it| it.row.as_ref());
    let find = |state| open().find(|row| row.state == state);
    let words = |row: &crate::domain::OutboxRow| {
        row.error.clone().or_else(|| row.reason.clone()).unwrap_or_else(|| "no reason was given".into())
    };
    if let Some(row) = find(RowState::Uncertain) {
        return Err(CliError::new(
            Code::Uncertain,
            format!("row {}: nobody knows whether the vendor has it: {}; its text is kept", row.n, words(row)),
        )
        .hint("it is looked for at the vendor; deskline outbox shows what was found, mark-sent or retry settles it"));
    }
    if let Some(row) = find(RowState::Failed) {
        return Err(CliError::new(
            Code::Vendor,
            format!("row {}: the vendor refused it: {}", row.n, words(row)),
        )
        .hint("its text is kept: deskline outbox retry, take-back or discard"));
    }
    if let Some(row) = find(RowState::Parked) {
        return Err(CliError::new(Code::Failed, format!("row {}: not sent: {}", row.n, words(row)))
            .hint("its text is kept: deskline outbox retry, take-back or discard"));
    }
    let Some(row) = open().next() else { return Ok(()) };
    let refused =
        delivered.iter().filter_map(|it| it.error.as_ref()).find(|it| it.kind == ErrorKind::Credentials);
    if let Some(error) = refused {
        return Err(CliError::new(
            Code::Credentials,
            format!(
                "row {} is kept and still queued: the vendor refused our credentials: {}",
                row.n, error.words
            ),
        )
        .hint("mend the channel's credentials; deskline doctor tries them"));
    }
    Err(CliError::new(
        Code::TimeUp,
        format!("time is up: row {} is still on its way; it is kept and will be sent", row.n),
    )
    .hint("deskline outbox shows it"))
}
