//! `gateway.secret_file` and `gateway.secret_header`: the secret that the gateway shows with each
//! request, and the header that has it. [`crate::caller`] reads the file, and reads it again when
//! it changes.

use std::convert::Infallible;
use std::path::PathBuf;

use http::HeaderName;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST};

use super::super::reader::Reader;

/// The secret that a gateway and the service share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewaySecret {
    /// The file with the secret, or with several, one a line.
    pub file: PathBuf,
    /// The header in which the gateway shows the secret.
    pub header: HeaderName,
}

const FILE: &str = "gateway.secret_file";
const HEADER: &str = "gateway.secret_header";
const DEFAULT_HEADER: HeaderName = HeaderName::from_static("x-gateway-secret");

impl GatewaySecret {
    /// Reads both keys. The outer option is `None` if a key is wrong; the inner option is `None` if
    /// no file is named.
    pub(super) fn read(reader: &mut Reader) -> Option<Option<Self>> {
        let file = reader.optional(FILE, |text: &str| Ok::<_, Infallible>(PathBuf::from(text)));
        let header = reader.optional(HEADER, header);
        match (file?, header?) {
            (Some(file), header) => Some(Some(Self {
                file: reader.absolute(FILE, &file),
                header: header.unwrap_or(DEFAULT_HEADER),
            })),
            (None, Some(_)) => {
                reader.mistake(HEADER, "has no meaning without gateway.secret_file");
                None
            }
            (None, None) => Some(None),
        }
    }
}

/// Reads a header name. A header with another meaning is refused.
fn header(text: &str) -> Result<HeaderName, String> {
    let name: HeaderName = text
        .parse()
        .map_err(|_| "must be the name of a header, such as \"x-gateway-secret\"".to_owned())?;
    let taken = [
        AUTHORIZATION,
        CONNECTION,
        CONTENT_LENGTH,
        CONTENT_TYPE,
        COOKIE,
        HOST,
    ];
    if taken.contains(&name) {
        return Err(format!(
            "must be another header: {name} already has another meaning"
        ));
    }
    Ok(name)
}
