//! Compares what callers receive: statuses, headers and bodies.

use crate::flat::At;
use crate::media::content;
use crate::requests::required;
use crate::walk::{Pair, Walk};
use crate::way::{Shift, Way};
use crate::{Kind, documentation};
use dropshot_codegen::model::{Header, Operation, Response, Status};

/// Compares the responses of two operations.
pub fn compare<'d>(walk: &mut Walk<'d>, old: &'d Operation, new: &'d Operation) {
    for before in &old.responses {
        if let Some(after) = covering(&new.responses, before.status) {
            response(walk, before, after);
            continue;
        }
        // An error that no longer happens harms no caller, unless the caller's next step depends on
        // it.
        let error = match before.status {
            Status::Code(code) => code >= 400,
            Status::Range(digit) => digit >= 4,
            Status::Default => true,
        };
        let shift = if error { Shift::Unknown } else { Shift::Moved };
        let places = (Some(before.pointer.as_str()), None);
        let message = format!(
            "`{}` does not answer {} any more",
            new.id,
            named(before.status)
        );
        walk.note(Way::RECEIVES, Kind::ResponseRemoved, shift, places, message);
    }
    for after in &new.responses {
        if old
            .responses
            .iter()
            .any(|before| before.status == after.status)
        {
            continue;
        }
        let places = (None, Some(after.pointer.as_str()));
        let message = format!("`{}` may answer {}", new.id, named(after.status));
        walk.note(
            Way::RECEIVES,
            Kind::ResponseAdded,
            Shift::Tolerated,
            places,
            message,
        );
        // In the old document, the response for all other statuses covered this one.
        if let Some(before) = covering(&old.responses, after.status) {
            response(walk, before, after);
        }
    }
}

/// The response for a status: its own, its range's, or the default.
fn covering(responses: &[Response], status: Status) -> Option<&Response> {
    let by = |status: Status| responses.iter().find(|response| response.status == status);
    let range = match status {
        Status::Code(code) => u8::try_from(code / 100).ok().map(Status::Range),
        Status::Range(_) | Status::Default => None,
    };
    by(status)
        .or_else(|| range.and_then(by))
        .or_else(|| by(Status::Default))
}

fn response<'d>(walk: &mut Walk<'d>, old: &'d Response, new: &'d Response) {
    let places = (Some(old.pointer.as_str()), Some(new.pointer.as_str()));
    let label = format!("the reply {}", named(new.status));
    let (before, after) = (Some(old.description.clone()), Some(new.description.clone()));
    documentation::texts(walk, places, &label, &[("description", &before, &after)]);
    documentation::unmodelled(walk, places, &label, documentation::RESPONSE);
    content(
        walk,
        Way::RECEIVES,
        (&old.content, &new.content),
        places,
        &format!("the body of {label}"),
    );
    let same = |a: &Header, b: &Header| a.name.eq_ignore_ascii_case(&b.name);
    for before in &old.headers {
        let name = format!("the header `{}` of {label}", before.name);
        match new.headers.iter().find(|after| same(before, after)) {
            Some(after) => header(walk, before, after, name),
            None => {
                let places = (Some(before.pointer.as_str()), places.1);
                let message = format!("{name} is gone");
                walk.note(
                    Way::RECEIVES,
                    Kind::HeaderRemoved,
                    Shift::Moved,
                    places,
                    message,
                );
            }
        }
    }
    for after in &new.headers {
        if !old.headers.iter().any(|before| same(before, after)) {
            let places = (places.0, Some(after.pointer.as_str()));
            let message = format!("{label} has another header, `{}`", after.name);
            walk.note(
                Way::RECEIVES,
                Kind::HeaderAdded,
                Shift::Tolerated,
                places,
                message,
            );
        }
    }
}

fn header<'d>(walk: &mut Walk<'d>, old: &'d Header, new: &'d Header, label: String) {
    let places = (Some(old.pointer.as_str()), Some(new.pointer.as_str()));
    required(
        walk,
        Way::RECEIVES,
        (old.required, new.required),
        places,
        &label,
    );
    documentation::texts(
        walk,
        places,
        &label,
        &[("description", &old.description, &new.description)],
    );
    documentation::unmodelled(walk, places, &label, documentation::HEADER);
    walk.schemas(Pair {
        way: Way::RECEIVES,
        old: At::one(&old.schema),
        new: At::one(&new.schema),
        label,
    });
}

fn named(status: Status) -> String {
    match status {
        Status::Code(code) => code.to_string(),
        Status::Range(digit) => format!("{digit}XX"),
        Status::Default => "with any other status".to_owned(),
    }
}
