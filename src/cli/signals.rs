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

/// Resolves at the first SIGINT, SIGTERM or SIGHUP from this call on, whether it is polled by then or not: what is started
/// after it never ends without its grace. Needs a tokio runtime around it.
pub fn ended() -> impl Future<Output = Ended> {
    let listen = |kind| signal(kind);
    let told =
        (listen(SignalKind::interrupt()), listen(SignalKind::terminate()), listen(SignalKind::hangup()));
    async {
        let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = told else {
            // Without handlers the default holds: the signal ends the process.
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => Ended::Interrupted,
            _ = terminate.recv() => Ended::Told,
            _ = hangup.recv() => Ended::Told,
        }
    }
}
