//! What the process asks of the system for itself.

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};

/// No core dump, be it to a file or to a collector: it would have every key and secret in it. Nor may another process of the
/// same user look into this one's memory.
pub(super) fn leave_no_core_dump() -> Result<(), Errno> {
    // A collector gets the dump whatever the limit says, a file in spite of the attribute where `fs.suid_dumpable` is set.
    prctl::set_dumpable(false)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)
}
