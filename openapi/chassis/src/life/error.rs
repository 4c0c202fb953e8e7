//! Why a service didn't start, or didn't end as it should.

use dropshot_contract::MountError;

use crate::caller::GatewaySecretError;
use crate::door::{FrontDoorError, ListenError};
use crate::service::ServiceError;

/// Why a service didn't start, or didn't end as it should.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its operations, or the operators'.
    #[error("the operations can't be served: {0}")]
    Mount(#[from] MountError),
    /// An address.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// TLS at the service's own address, or the limits of connections.
    #[error(transparent)]
    FrontDoor(#[from] FrontDoorError),
    /// What the gateway proves itself by.
    #[error(transparent)]
    GatewaySecret(#[from] GatewaySecretError),
    /// What the service itself does when it starts and when it ends.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A listener ended by itself.
    #[error("a listener stopped by itself: {0}")]
    Stopped(String),
    /// Requests outlived the grace period.
    #[error("requests were still running {seconds} s after the stop; they were cut off")]
    Unfinished {
        /// The grace period.
        seconds: u64,
    },
}
