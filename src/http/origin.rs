//! The origin of a request, in the issuer's type.

use dropshot::RequestInfo;
use dropshot_chassis::Caller;
use dropshot_chassis::caller::correlation_id;

use crate::issuer::Origin;

/// The origin of a caller's request.
pub(super) fn origin<'a>(caller: &'a Caller, request: &'a RequestInfo) -> Origin<'a> {
    Origin {
        source: caller.address,
        correlation_id: correlation_id(request),
        certificate: caller.certificate.as_deref(),
    }
}
