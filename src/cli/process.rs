//! What the process asks of the system for itself.

use std::thread::available_parallelism;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use tokio::runtime::Builder;

use super::error::Error;

/// No core dump, be it to a file or to a collector: it would have every key and secret in it. Nor
/// may another process of the same user look into this one's memory.
pub(super) fn leave_no_core_dump() -> Result<(), Errno> {
    // A collector gets the dump whatever the limit says, a file in spite of the attribute where
    // `fs.suid_dumpable` is set.
    prctl::set_dumpable(false)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)
}

/// The threads that a command runs on, not started yet.
pub(super) struct Threads(Builder);

/// One for each processor. They are counted here, since a container's share of them is in files
/// that the process can't open once it is confined to its own.
pub(super) fn threads() -> Threads {
    let mut builder = Builder::new_multi_thread();
    builder.enable_all();
    if let Ok(processors) = available_parallelism() {
        builder.worker_threads(processors.get());
    }
    Threads(builder)
}

impl Threads {
    /// Starts them, and carries this out.
    pub(super) fn run(
        mut self,
        command: impl Future<Output = Result<(), Error>>,
    ) -> Result<(), Error> {
        let runtime = self.0.build();
        let runtime =
            runtime.map_err(|error| Error::failed(format!("can't start threads: {error}")))?;
        runtime.block_on(command)
    }
}
