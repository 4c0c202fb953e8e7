//! The page's style, and a policy that allows the page nothing else.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The style: light or dark, as the reader's browser asks.
pub(super) const STYLE: &str = include_str!("style.css");

/// Allows this style only: no script, no image, no form, no frame around the page.
pub(super) fn content_security_policy() -> String {
    let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
