//! Tests every construct of the project's own documents through a server. Requests arrive, the
//! service refuses violations, and replies and Dropshot's export are as the document says.

// In a test, a failed unwrap says where it failed.
#![allow(clippy::unwrap_used)]

use conformance_subset::SUBJECTS;
use dropshot_conformance::{Count, Subject, drive};
use dropshot_contract::Value;
use dropshot_contract::serde_json;

/// What the driver makes of each document at least: requests, violations, replies. If it makes
/// less, it no longer sees a part of the document.
const LEAST: &[(&str, [usize; 3])] = &[
    ("all_of", [6, 60, 6]),
    ("bodies", [26, 100, 11]),
    ("collections", [6, 160, 6]),
    ("names", [7, 50, 7]),
    ("nullable_and_defaults", [4, 60, 3]),
    ("odd_paths", [4, 6, 4]),
    ("parameter_constraints", [3, 40, 2]),
    ("parameter_styles", [10, 100, 5]),
    ("read_and_write_only", [5, 30, 6]),
    ("recursion", [5, 45, 5]),
    ("replies", [8, 0, 34]),
    ("scalars", [3, 145, 3]),
    ("security", [13, 5, 7]),
    ("texts", [1, 1, 1]),
    ("unions", [14, 75, 14]),
];

#[test]
fn services_do_what_their_documents_say() {
    let mut problems = Vec::new();
    for subject in SUBJECTS {
        let report = drive(subject);
        problems.extend(
            report
                .failures()
                .map(|failure| format!("{}: {failure}", subject.name)),
        );
        problems.extend(
            report
                .not_generated()
                .map(|gap| format!("{}: not generated: {gap}", subject.name)),
        );
        let totals = report.totals();
        assert_eq!(
            totals.operations,
            Count {
                good: subject.operations.len(),
                all: subject.operations.len()
            },
            "{}",
            subject.name
        );
        let least = LEAST
            .iter()
            .find(|(name, _)| *name == subject.name)
            .unwrap_or_else(|| panic!("{} is not listed", subject.name))
            .1;
        let made = [
            totals.requests.all,
            totals.constraints.all,
            totals.replies.all,
        ];
        assert!(
            made.iter().zip(least).all(|(made, least)| *made >= least),
            "{}: {made:?} of at least {least:?}",
            subject.name
        );
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert_eq!(SUBJECTS.len(), LEAST.len());
}

/// An edit of a document that its service does not follow: the place, the key there, the edit, and
/// what the driver must report. The edit is a new value (`Ok`) or a new name of the key (`Err`).
type Estranged = (
    &'static str,
    &'static str,
    &'static str,
    Result<&'static str, &'static str>,
    &'static str,
);

const SCALARS: &str = "/components/schemas/Scalars/properties";

const ESTRANGED: &[Estranged] = &[
    // Constraints that only the document has, or that only the service has.
    (
        "scalars",
        "/components/schemas/Name",
        "maxLength",
        Ok("11"),
        "maxLength of body : a handler was reached",
    ),
    (
        "scalars",
        "/components/schemas/Scalars/properties/even",
        "maximum",
        Ok("11"),
        "must be at most 9",
    ),
    (
        "scalars",
        "/components/schemas/Scalars/properties/number",
        "maximum",
        Ok("5"),
        "maximum of body /number: a handler was reached",
    ),
    (
        "scalars",
        "/components/schemas/Scalars/properties/unanchored",
        "pattern",
        Ok(r#""^x[0-9]$""#),
        "pattern of body /unanchored: a handler was reached",
    ),
    (
        "scalars",
        "/components/schemas/Scalars/properties/password",
        "format",
        Ok(r#""email""#),
        "format of body /password: a handler was reached",
    ),
    (
        "scalars",
        "/components/schemas/Scalars",
        "required",
        Ok(r#"["name", "color", "int32", "uuid"]"#),
        "required of body /uuid: a handler was reached",
    ),
    (
        "collections",
        "/components/schemas/Collections/properties/numbers",
        "minItems",
        Ok("2"),
        "minItems of body /numbers: a handler was reached",
    ),
    (
        "collections",
        "/components/schemas/Collections/properties/untyped",
        "uniqueItems",
        Ok("true"),
        "uniqueItems of body /untyped/1: a handler was reached",
    ),
    (
        "collections",
        "/components/schemas/Open",
        "additionalProperties",
        Ok("false"),
        "is required and forbidden",
    ),
    (
        "all_of",
        "/components/schemas/Person",
        "additionalProperties",
        Ok("false"),
        "salary is required and forbidden",
    ),
    (
        "unions",
        "/components/schemas/Pet/discriminator/mapping",
        "canine",
        Err("wolf"),
        "which is none of",
    ),
    (
        "parameter_constraints",
        "/paths/~1things~1{id}~1{color}/get/parameters/1/schema",
        "minimum",
        Ok("2"),
        "minimum of query limit: a handler was reached",
    ),
    // Names and places.
    (
        "scalars",
        SCALARS,
        "email",
        Err("mail"),
        "/mail did not arrive",
    ),
    (
        "parameter_constraints",
        "/paths/~1things~1{id}~1{color}/get/parameters/3",
        "name",
        Ok(r#""stride""#),
        "query parameter stride did not arrive",
    ),
    (
        "parameter_constraints",
        "/paths/~1things~1{id}~1{color}/get/parameters/3",
        "in",
        Ok(r#""header""#),
        "header parameter step did not arrive",
    ),
    (
        "security",
        "/components/securitySchemes/headerKey",
        "name",
        Ok(r#""X-Other""#),
        "getBoth: request",
    ),
    (
        "security",
        "/paths/~1open/get",
        "security",
        Ok(r#"[{ "basic": [] }]"#),
        "security of credentials : a handler was reached",
    ),
    // Writing.
    (
        "parameter_styles",
        "/paths/~1query/get/parameters/4",
        "style",
        Ok(r#""form""#),
        "query: request (Full 0): no handler was reached",
    ),
    (
        "parameter_styles",
        "/paths/~1matrix~1{scalar}~1{list}~1{exploded}/get/parameters/0",
        "style",
        Ok(r#""label""#),
        "matrix: request",
    ),
    (
        "bodies",
        "/paths/~1form/post/requestBody/content/application~1x-www-form-urlencoded/encoding",
        "json",
        Ok("{}"),
        "postForm: request",
    ),
    (
        "bodies",
        "/paths/~1several/post/requestBody/content",
        "text/plain",
        Err("text/tab-separated-values"),
        "415",
    ),
    // Replies.
    (
        "replies",
        "/paths/~1jobs/post/responses/202/headers",
        "Retry-After",
        Err("Retry-Before"),
        "header retry-before came 0 times",
    ),
    (
        "replies",
        "/components/schemas/Job/properties/progress",
        "type",
        Ok(r#""string""#),
        "does not fit its type",
    ),
    (
        "replies",
        "/paths/~1reports~1{id}/get/responses/200/content",
        "text/csv",
        Err("text/html"),
        r#"Content-Type "text/csv""#,
    ),
    (
        "replies",
        "/paths/~1jobs/post/responses",
        "500",
        Err("501"),
        "the document has no response Code(500)",
    ),
    (
        "read_and_write_only",
        "/components/schemas/Account/properties/password",
        "writeOnly",
        Ok("false"),
        "/password is a property that the schema does not allow",
    ),
    (
        "read_and_write_only",
        "/components/schemas/Account/properties/id",
        "readOnly",
        Ok("false"),
        "/id did not arrive",
    ),
];

fn estranged(document: &str, (_, pointer, key, edit, _): &Estranged) -> String {
    let mut document: Value = serde_json::from_str(document).unwrap();
    let place = document.pointer_mut(pointer).and_then(Value::as_object_mut);
    let place = place.unwrap_or_else(|| panic!("nothing is at {pointer}"));
    match edit {
        Ok(value) => {
            place.insert((*key).to_owned(), serde_json::from_str(value).unwrap());
        }
        Err(name) => {
            assert!(place.contains_key(*key), "nothing is at {pointer}/{key}");
            let renamed = std::mem::take(place).into_iter().map(|(old, value)| {
                let name = if old == *key { (*name).to_owned() } else { old };
                (name, value)
            });
            *place = renamed.collect();
        }
    }
    document.to_string()
}

#[test]
fn a_service_of_another_document_is_found_out() {
    let mut unnoticed = Vec::new();
    for edit in ESTRANGED {
        let (name, pointer, key, _, failure) = edit;
        let subject = SUBJECTS
            .iter()
            .find(|subject| subject.name == *name)
            .unwrap();
        let document = estranged(subject.document, edit).leak();
        let report = drive(&Subject {
            document,
            ..*subject
        });
        let said: Vec<String> = report.failures().chain(report.not_generated()).collect();
        if !said.iter().any(|said| said.contains(failure)) {
            unnoticed.push(format!(
                "{name} {pointer}/{key}, {failure}: {:#?}",
                said.iter().take(5).collect::<Vec<_>>()
            ));
        }
    }
    assert!(unnoticed.is_empty(), "{}", unnoticed.join("\n"));
}
