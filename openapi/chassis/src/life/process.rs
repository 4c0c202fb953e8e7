//! What the process asks of the system for itself.

use std::io;
use std::thread::available_parallelism;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use tokio::runtime::Builder;

/// No core dump, be it to a file or to a collector: it would have every key and secret in it. Nor
/// may another process of the same user look into this one's memory.
///
/// # Errors
/// The system's.
///
/// ```
/// dropshot_chassis::life::process::leave_no_core_dump()?;
/// # Ok::<(), nix::errno::Errno>(())
/// ```
pub fn leave_no_core_dump() -> Result<(), Errno> {
    // A collector gets the dump whatever the limit says, a file in spite of the attribute where
    // `fs.suid_dumpable` is set.
    prctl::set_dumpable(false)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)
}

/// The system starts no thread.
#[derive(Debug, thiserror::Error)]
#[error("can't start threads: {0}")]
pub struct ThreadsError(io::Error);

/// The threads that a command runs on, not started yet.
#[derive(Debug)]
pub struct Threads(Builder);

/// One for each processor. They are counted here, since a container's share of them is in files
/// that the process can't open once it is confined to its own.
#[must_use]
pub fn threads() -> Threads {
    let mut builder = Builder::new_multi_thread();
    builder.enable_all();
    if let Ok(processors) = available_parallelism() {
        builder.worker_threads(processors.get());
    }
    Threads(builder)
}

impl Threads {
    /// Starts them, and carries this out.
    ///
    /// # Errors
    /// Those of the command, and [`ThreadsError`].
    pub fn run<T, E: From<ThreadsError>>(
        mut self,
        command: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.0.build().map_err(ThreadsError)?.block_on(command)
    }
}
