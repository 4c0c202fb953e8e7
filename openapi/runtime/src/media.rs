//! Media types (RFC 9110, 8.3.1): finds the declared body that a `Content-Type` announces.

use crate::operation::{Media, MediaKind};

/// The index of the declared media type that fits `content_type`. An equal media type comes before
/// a range such as `text/*`.
pub(crate) fn select(content: &[Media], content_type: &str) -> Option<usize> {
    let best = |is: fn(&str, &str) -> bool| {
        content
            .iter()
            .position(|media| is(media.media_type, content_type))
    };
    best(str::eq_ignore_ascii_case)
        .or_else(|| best(|declared, sent| essence(declared).eq_ignore_ascii_case(essence(sent))))
        .or_else(|| best(|declared, sent| in_range(essence(declared), essence(sent))))
        .or_else(|| best(|declared, _| essence(declared) == "*/*"))
        .filter(|index| readable(content[*index].kind, content_type))
}

/// Whether this crate can read the body: it reads text as UTF-8 only.
fn readable(kind: MediaKind, content_type: &str) -> bool {
    matches!(kind, MediaKind::Bytes | MediaKind::Multipart)
        || parameter(content_type, "charset").is_none_or(|charset| {
            ["utf-8", "utf8", "us-ascii"]
                .iter()
                .any(|known| charset.eq_ignore_ascii_case(known))
        })
}

/// The `type/subtype` of a media type, without parameters.
pub(crate) fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Whether a media type is in a range, as `text/plain` is in `text/*`.
fn in_range(range: &str, sent: &str) -> bool {
    match (range.split_once('/'), sent.split_once('/')) {
        (Some((range, "*")), Some((sent, _))) => range.eq_ignore_ascii_case(sent),
        _ => false,
    }
}

/// The value of a parameter, without its quotes.
fn parameter<'a>(media_type: &'a str, name: &str) -> Option<&'a str> {
    let (_, parameters) = media_type.split_once(';')?;
    parameters.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().trim_matches('"'))
    })
}

/// Whether a media type is `application/json`, or written in JSON such as
/// `application/problem+json`.
pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = essence(media_type).to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// Whether `sent` is one of the media types or ranges in the list `declared`.
pub(crate) fn is_one_of(sent: &str, declared: &str) -> bool {
    let sent = essence(sent);
    declared.split(',').map(essence).any(|declared| {
        declared == "*/*" || declared.eq_ignore_ascii_case(sent) || in_range(declared, sent)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(declared: &[&'static str], sent: &str) -> Option<&'static str> {
        let media = |media_type: &&'static str| Media {
            media_type,
            kind: MediaKind::Json,
            fields: &[],
        };
        let content: Vec<Media> = declared.iter().map(media).collect();
        select(&content, sent).map(|index| declared[index])
    }

    #[test]
    fn the_same_type_comes_before_a_range_it_is_in() {
        let all = ["*/*", "text/*", "text/plain", "text/plain; version=2"];
        assert_eq!(selected(&all, "text/plain"), Some("text/plain"));
        assert_eq!(
            selected(&all, "Text/Plain; version=2"),
            Some("text/plain; version=2")
        );
        assert_eq!(selected(&all, "text/plain; version=3"), Some("text/plain"));
        assert_eq!(selected(&all, "text/csv"), Some("text/*"));
        assert_eq!(selected(&all, "image/png"), Some("*/*"));
        assert_eq!(
            selected(&["text/plain; version=2"], "text/plain"),
            Some("text/plain; version=2")
        );
        assert_eq!(selected(&["text/*"], "textual/plain"), None);
        assert_eq!(
            selected(&["application/json"], "application/problem+json"),
            None
        );
    }

    #[test]
    fn other_charsets_are_refused() {
        assert_eq!(
            selected(&["application/json"], "application/json; charset=\"utf-8\""),
            Some("application/json")
        );
        assert_eq!(
            selected(
                &["application/json"],
                "application/json; a=b; Charset=latin1"
            ),
            None
        );
    }

    #[test]
    fn parts() {
        assert!(
            is_one_of("image/png", "image/jpeg, image/png")
                && is_one_of("image/png; a=b", "image/*")
        );
        assert!(is_one_of("a/b", "*/*") && !is_one_of("image/gif", "image/png, text/*"));
        assert!(
            is_json("application/json; charset=utf-8")
                && is_json("a/b+JSON")
                && !is_json("text/json")
        );
    }
}
