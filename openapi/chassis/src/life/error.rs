//! Why a service didn't start, or didn't end as it should.

use dropshot_contract::MountError;

use crate::caller::GatewaySecretError;
use crate::door::{FrontDoorError, ListenError};
use crate::service::ServiceError;

/// Why a service didn't start, or didn't end as it should.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The service's operations, or the operators', can't be mounted.
    #[error("the operations can't be served: {0}")]
    Mount(#[from] MountError),
    /// An address can't be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The door can't be made: for example, a file of `[tls]` can't be used, or there are too few
    /// descriptors.
    #[error(transparent)]
    FrontDoor(#[from] FrontDoorError),
    /// The gateway's secret can't be used.
    #[error(transparent)]
    GatewaySecret(#[from] GatewaySecretError),
    /// The service's own start or end failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A listener ended by itself.
    #[error("a listener stopped by itself: {0}")]
    Stopped(String),
    /// Requests took longer than the grace period.
    #[error("requests were still running {seconds} s after the stop; they were cut off")]
    Unfinished {
        /// The grace period.
        seconds: u64,
    },
}
