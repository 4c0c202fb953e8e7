//! Makes sure that there are enough descriptors for the limits on connections. Otherwise an
//! attacker could take all of them, and the service could not open its own files.

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors for everything else: listeners, the store, the audit trail, the operators'
/// connections.
const OTHERS: u64 = 256;

/// Why there aren't enough descriptors.
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
        /// The descriptors that the limits need.
        needed: u64,
        /// The descriptors that the process may have.
        granted: u64,
    },
    /// The system doesn't tell or set the limit.
    #[error("the limit on descriptors can't be asked for or set: {0}")]
    System(#[from] Errno),
}

/// Raises the process' limit on descriptors to `wanted`, or as far as the system allows, which must
/// be at least `needed`. Both get `OTHERS` on top.
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
