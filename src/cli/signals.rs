//! SIGINT and SIGTERM: the first finishes the pages in progress, the second stops
//! immediately.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::exit::ExitStatus;

/// Becomes true at the first signal.
pub fn stop() -> anyhow::Result<watch::Receiver<bool>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        next().await;
        tracing::warn!("finishing the pages in progress; a second signal stops immediately");
        let _ = sender.send(true);
        next().await;
        // Nothing is lost: the next run continues with these pages.
        std::process::exit(ExitStatus::INTERRUPTED.into());
    });
    Ok(receiver)
}

/// Done at the first SIGINT or SIGTERM; at once where none can be waited for.
pub async fn first() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
