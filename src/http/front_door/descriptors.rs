//! Enough descriptors for the limits. Were there fewer, an attacker would have them, and the service none for its own files.

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// For everything that is no connection: listeners, the store, the audit trail.
const OTHERS: u64 = 256;

/// Too few descriptors.
#[derive(Debug, thiserror::Error)]
pub enum DescriptorError {
    /// The system grants fewer than the limits need.
    #[error(
        "the limits on connections take {needed} descriptors, and this process may have {granted}; raise its limit (LimitNOFILE \
         in the unit, ulimit -n in a shell), or lower limits.connections"
    )]
    TooFew {
        /// What the limits need.
        needed: u64,
        /// What there is.
        granted: u64,
    },
    /// The limit can't be asked for or set.
    #[error("the limit on descriptors can't be asked for or set: {0}")]
    System(#[from] Errno),
}

/// Raises the process' limit as far as this many connections need it.
pub(in crate::http) fn provide(connections: u64) -> Result<(), DescriptorError> {
    let needed = connections + OTHERS;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if hard < needed {
        return Err(DescriptorError::TooFew {
            needed,
            granted: hard,
        });
    }
    if soft < needed {
        setrlimit(Resource::RLIMIT_NOFILE, needed, hard)?;
    }
    Ok(())
}
