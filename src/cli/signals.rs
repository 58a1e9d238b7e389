//! The signals that end a program without a screen.

use tokio::signal::unix::{SignalKind, signal};

/// Which signal ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// SIGINT: exit 130.
    Interrupted,
    /// SIGTERM or SIGHUP: exit 0.
    Told,
}

/// Resolves at the first SIGINT, SIGTERM or SIGHUP.
pub async fn ended() -> Ended {
    let listen = |kind| signal(kind);
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) =
        (listen(SignalKind::interrupt()), listen(SignalKind::terminate()), listen(SignalKind::hangup()))
    else {
        // Without handlers the default holds: the signal ends the process.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Ended::Interrupted,
        _ = terminate.recv() => Ended::Told,
        _ = hangup.recv() => Ended::Told,
    }
}
