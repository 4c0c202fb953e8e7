//! The settings that the process asks of the system for itself.

use std::io;
use std::thread::available_parallelism;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use tokio::runtime::Builder;

/// Prevents core dumps, to a file or to a collector, since a dump has every key and secret in it.
/// Also keeps other processes of the same user from reading this one's memory.
///
/// # Errors
/// The system's error.
///
/// ```
/// dropshot_chassis::life::process::leave_no_core_dump()?;
/// # Ok::<(), nix::errno::Errno>(())
/// ```
pub fn leave_no_core_dump() -> Result<(), Errno> {
    // Both calls are needed. A collector gets the dump in spite of the limit. A file gets it in
    // spite of the attribute, where `fs.suid_dumpable` is set.
    prctl::set_dumpable(false)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)
}

/// The system can't start a thread.
#[derive(Debug, thiserror::Error)]
#[error("can't start threads: {0}")]
pub struct ThreadsError(io::Error);

/// The threads that a command will run on. They are not started yet.
#[derive(Debug)]
pub struct Threads(Builder);

/// One thread for each processor. The processors are counted here: the files that tell a
/// container's share of them can't be opened once the process is confined.
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
    /// Starts the threads, and runs a command on them.
    ///
    /// # Errors
    /// The command's errors, and [`ThreadsError`].
    pub fn run<T, E: From<ThreadsError>>(
        mut self,
        command: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.0.build().map_err(ThreadsError)?.block_on(command)
    }
}
