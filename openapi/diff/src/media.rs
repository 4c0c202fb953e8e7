//! Compares the bodies of requests and replies by their media types.

use crate::flat::At;
use crate::walk::{Pair, Walk};
use crate::way::{Places, Shift, Way};
use crate::{Kind, documentation};
use dropshot_codegen::model::{Encoding, Media};

/// Compares bodies by their media types.
pub fn content<'d>(
    walk: &mut Walk<'d>,
    way: Way,
    (old, new): (&'d [Media], &'d [Media]),
    around: Places<'_>,
    label: &str,
) {
    for before in old {
        match covering(new, &before.media_type) {
            Some(after) => media(walk, way, before, after, label),
            None => {
                let places = (Some(before.pointer.as_str()), around.1);
                let message = format!("{label} does not come as {} any more", before.media_type);
                walk.note(way, Kind::MediaTypeRemoved, Shift::Moved, places, message);
            }
        }
    }
    for after in new {
        if covering(old, &after.media_type).is_none() {
            let places = (around.0, Some(after.pointer.as_str()));
            let message = format!("{label} may also be {}", after.media_type);
            walk.note(way, Kind::MediaTypeAdded, Shift::Tolerated, places, message);
        }
    }
}

/// The entry for a media type: the same media type, the same with other parameters, or a range that
/// has it.
fn covering<'d>(content: &'d [Media], media_type: &str) -> Option<&'d Media> {
    let plain = |text: &str| text.replace(' ', "").to_ascii_lowercase();
    let essence = |text: &str| plain(text.split(';').next().unwrap_or_default());
    let wanted = essence(media_type);
    let main = wanted.split('/').next().unwrap_or_default();
    let by = |key: &dyn Fn(&str) -> String, wanted: &str| {
        content
            .iter()
            .find(|media| key(&media.media_type) == wanted)
    };
    by(&plain, &plain(media_type))
        .or_else(|| by(&essence, &wanted))
        .or_else(|| by(&essence, &format!("{main}/*")))
        .or_else(|| by(&essence, "*/*"))
}

fn media<'d>(walk: &mut Walk<'d>, way: Way, old: &'d Media, new: &'d Media, label: &str) {
    let places = (Some(old.pointer.as_str()), Some(new.pointer.as_str()));
    let label = format!("{label} ({})", new.media_type);
    let names = old.encoding.keys().chain(
        new.encoding
            .keys()
            .filter(|name| !old.encoding.contains_key(*name)),
    );
    for name in names {
        let [before, after] = [old, new].map(|media| written(media.encoding.get(name)));
        if before != after {
            let message =
                format!("`{name}` in {label} is written another way: {after}, no longer {before}");
            walk.note(way, Kind::EncodingChanged, Shift::Unknown, places, message);
        }
    }
    documentation::unmodelled(walk, places, &label, documentation::MEDIA);
    walk.schemas(Pair {
        way,
        old: At::optional(old.schema.as_ref(), &old.pointer),
        new: At::optional(new.schema.as_ref(), &new.pointer),
        label,
    });
}

fn written(encoding: Option<&Encoding>) -> String {
    let Some(encoding) = encoding else {
        return "the default".to_owned();
    };
    let mut parts: Vec<String> = encoding.content_type.iter().cloned().collect();
    parts.extend(encoding.style.map(|style| format!("{style:?}")));
    parts.extend(
        encoding
            .explode
            .map(|explode| format!("explode: {explode}")),
    );
    if parts.is_empty() {
        "the default".to_owned()
    } else {
        parts.join(", ")
    }
}
