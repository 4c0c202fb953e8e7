//! A document as the comparison reads it: references are followed, and of responses and bodies only
//! those count that Dropshot could express.

use serde_json::{Map, Value};

use crate::operation::Status;

/// The methods, as path items write them.
pub(crate) const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// A document.
#[derive(Clone, Copy)]
pub(crate) struct Source<'d>(pub(crate) &'d Value);

impl<'d> Source<'d> {
    /// The value, with `$ref`s into the same document followed.
    pub(crate) fn resolve(self, mut value: &'d Value) -> &'d Value {
        // In a circle of references, this ends at one of them.
        for _ in 0..32 {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
                break;
            };
            let target = reference
                .strip_prefix('#')
                .and_then(|pointer| self.at(pointer));
            let Some(target) = target else { break };
            value = target;
        }
        value
    }

    /// The value at a pointer. The pointer may be percent-encoded, as in a fragment.
    pub(crate) fn at(self, pointer: &str) -> Option<&'d Value> {
        self.0.pointer(pointer).or_else(|| {
            let decoded = percent_encoding::percent_decode_str(pointer)
                .decode_utf8()
                .ok()?;
            self.0.pointer(&decoded)
        })
    }

    pub(crate) fn schemas(self) -> Map<String, Value> {
        self.0
            .pointer("/components/schemas")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default()
    }

    /// An operation's member, with references followed.
    pub(crate) fn member(self, of: &'d Value, name: &str) -> Option<&'d Value> {
        of.get(name).map(|value| self.resolve(value))
    }
}

/// The response that Dropshot can express: the first 2xx, else the first 3xx, else `default`, else
/// the first with a code.
pub(crate) fn said_response(statuses: &[Status]) -> Option<usize> {
    let first = |is: fn(&Status) -> bool| statuses.iter().position(is);
    first(|status| matches!(status, Status::Code(200..=299)))
        .or_else(|| first(|status| matches!(status, Status::Code(300..=399))))
        .or_else(|| first(|status| matches!(status, Status::Default)))
        .or_else(|| first(|status| matches!(status, Status::Code(_))))
}

/// The body that Dropshot can express: the index of the first media type that it knows, and
/// Dropshot's name for it.
pub(crate) fn said_body<'m>(
    media_types: impl Iterator<Item = &'m str>,
) -> Option<(usize, &'static str)> {
    media_types.enumerate().find_map(|(index, media_type)| {
        let essence = crate::media::essence(media_type).to_ascii_lowercase();
        let known = [
            "application/octet-stream",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
        ];
        let said = known.into_iter().find(|known| *known == essence);
        said.or(crate::media::is_json(&essence).then_some("application/json"))
            .map(|said| (index, said))
    })
}
