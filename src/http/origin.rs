//! Where a request came from, as the issuer takes it.

use dropshot::RequestInfo;
use dropshot_chassis::Caller;
use dropshot_chassis::caller::correlation_id;

use crate::issuer::Origin;

/// Where a caller's request came from.
pub(super) fn origin<'a>(caller: &'a Caller, request: &'a RequestInfo) -> Origin<'a> {
    Origin {
        source: caller.address,
        correlation_id: correlation_id(request),
        certificate: caller.certificate.as_deref(),
    }
}
