//! Where a request came from.

use dropshot::RequestInfo;

use crate::issuer::Origin;

const CORRELATION_ID: &str = "x-correlation-id";

/// The address at the other end of the connection, and the caller's name for its request.
pub(super) fn origin(request: &RequestInfo) -> Origin<'_> {
    Origin {
        source: request.remote_addr().ip().to_canonical(),
        correlation_id: correlation_id(request),
    }
}

/// The request's `X-Correlation-Id`, if there is one of the form that D1's other outgoing APIs give it. Any other is left alone:
/// it is no reason to refuse a token, and would be a way into the log and the reply.
fn correlation_id(request: &RequestInfo) -> Option<&str> {
    let mut lines = request.headers().get_all(CORRELATION_ID).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return None;
    };
    let text = line.to_str().ok()?;
    let valid = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    valid.then_some(text)
}
