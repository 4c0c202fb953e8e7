//! Enough descriptors for the limits. Were there fewer, an attacker would have them, and the
//! service none for its own files.

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// For everything else: listeners, the store, the audit trail, the operators' connections.
const OTHERS: u64 = 256;

/// Too few descriptors.
#[derive(Debug, thiserror::Error)]
pub enum DescriptorError {
    /// The system grants fewer than the limits need.
    #[error(
        "the limits of [{section}] take {needed} descriptors, and this process may have {granted}; raise its limit (LimitNOFILE in \
         the unit, ulimit -n in a shell), or lower limits.connections"
    )]
    TooFew {
        /// The section that connections are configured in.
        section: &'static str,
        /// What the limits need.
        needed: u64,
        /// What there is.
        granted: u64,
    },
    /// The limit can't be asked for or set.
    #[error("the limit on descriptors can't be asked for or set: {0}")]
    System(#[from] Errno),
}

/// Raises the process' limit to what connections may take, or as far as it goes, which must be what
/// they need.
pub(crate) fn provide(
    section: &'static str,
    needed: u64,
    wanted: u64,
) -> Result<(), DescriptorError> {
    let (needed, wanted) = (needed + OTHERS, wanted + OTHERS);
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if hard < needed {
        return Err(DescriptorError::TooFew {
            section,
            needed,
            granted: hard,
        });
    }
    if soft < wanted {
        setrlimit(Resource::RLIMIT_NOFILE, wanted.min(hard), hard)?;
    }
    Ok(())
}
