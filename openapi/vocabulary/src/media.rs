//! How a media type is read and written.

/// How the bytes of a body become values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// RFC 8259.
    Json,
    /// `application/x-www-form-urlencoded`
    Form,
    /// `multipart/form-data`
    Multipart,
    /// UTF-8 text, handed over as it is.
    Text,
    /// XML, handed over as UTF-8 text.
    Xml,
    /// Handed over as it is.
    Bytes,
}

impl MediaKind {
    /// The kind of a media type, with or without parameters. A wildcard says nothing of the form,
    /// so its bytes are handed over.
    #[must_use]
    pub fn of(media_type: &str) -> Self {
        let essence = media_type.split(';').next().unwrap_or_default();
        let essence = essence.trim().to_ascii_lowercase();
        match essence.split_once('/').unwrap_or((&essence, "")) {
            ("application" | "text", "json") => Self::Json,
            ("application", "x-www-form-urlencoded") => Self::Form,
            // Of the multipart types, only this one and its range have parts with names.
            ("multipart", "form-data" | "*") => Self::Multipart,
            (_, sub) if sub.ends_with("+json") => Self::Json,
            ("application" | "text", "xml") => Self::Xml,
            ("application", sub) if sub.ends_with("+xml") => Self::Xml,
            ("text", sub) if sub != "*" => Self::Text,
            _ => Self::Bytes,
        }
    }
}
