//! How the page looks, and that it may do nothing else.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Light or dark as the reader has it.
pub(super) const STYLE: &str = include_str!("style.css");

/// This style and nothing else: no script, no image, no form, no frame around it.
pub(super) fn content_security_policy() -> String {
    let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
