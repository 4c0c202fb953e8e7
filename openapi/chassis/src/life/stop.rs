//! The signals that tell a process to stop.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that tell the process to stop: SIGTERM and SIGINT.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// // This comes first, so that a signal during the start is not lost.
/// let stop = dropshot_chassis::StopSignal::listen()?;
/// # drop(stop);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignal {
    /// Takes over both signals from now on, and SIGHUP as well. SIGHUP asks the service to read the
    /// files of `[tls]` again, so it must not end a service without such files.
    ///
    /// # Errors
    /// The system's.
    pub fn listen() -> io::Result<Self> {
        drop(signal(SignalKind::hangup())?);
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Returns at the next signal.
    pub(super) async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
