//! `[tls]` and `[throttle]`: sections of which this release carries out nothing. Whoever writes one counts on it, so it is
//! refused rather than ignored.

use super::reader::Reader;

pub(super) fn refuse(reader: &mut Reader) {
    reader.refuse(
        "tls",
        "this release does not end TLS itself; let a gateway do it, and leave the section out",
    );
    reader.refuse(
        "throttle",
        "this release does not throttle wrong credentials; let a gateway do it, and leave the section out",
    );
}
