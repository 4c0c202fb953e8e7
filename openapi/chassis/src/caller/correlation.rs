//! The id by which a caller finds its request in its own logs and in the service's.

use dropshot::RequestInfo;

const CORRELATION_ID: &str = "x-correlation-id";

/// The request's `X-Correlation-Id`: one line of 1 to 64 letters, digits, `_` and `-`. `None` for
/// any other value. The service still answers such a request, but keeps the value out of its logs
/// and replies.
///
/// ```
/// use dropshot::RequestInfo;
/// use dropshot_chassis::caller::correlation_id;
///
/// let request = http::Request::builder().header("x-correlation-id", "a-1").body(())?;
/// let request = RequestInfo::new(&request, ([192, 0, 2, 1], 4711).into());
/// assert_eq!(correlation_id(&request), Some("a-1"));
/// # Ok::<(), http::Error>(())
/// ```
#[must_use]
pub fn correlation_id(request: &RequestInfo) -> Option<&str> {
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
