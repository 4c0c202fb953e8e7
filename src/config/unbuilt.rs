//! `[tls]`: a section of which this release carries out nothing. Whoever writes one counts on it, so it is refused rather than
//! ignored.

use super::reader::Reader;

pub(super) fn refuse(reader: &mut Reader) {
    reader.refuse(
        "tls",
        "this release does not end TLS itself; let a gateway do it, and leave the section out",
    );
}
