//! What schemas allow, each pair both ways: as callers send it and as they receive it.

use super::{Effect, Side, changes, schema, seen};

/// Old schema, new schema, the kind of the one change, what it means when sent, when received.
pub type Case = (&'static str, &'static str, &'static str, Effect, Effect);

pub fn check(cases: &[Case]) {
    for (old, new, kind, sent, received) in cases {
        for (side, effect) in [(Side::CallerSends, sent), (Side::CallerReceives, received)] {
            let found = changes(&schema(side, old), &schema(side, new));
            assert_eq!(
                seen(&found),
                [(*kind, *effect)],
                "{side:?}: {old} -> {new}: {found:#?}"
            );
            let [change] = found.as_slice() else {
                unreachable!("one change, as was just asserted")
            };
            assert_eq!(change.operations, ["op"], "{old} -> {new}");
            for text in [&change.message, &change.affects, &change.advice] {
                assert!(!text.is_empty(), "{change:?}");
            }
        }
    }
}

/// Written another way, meant the same.
#[test]
fn what_means_the_same_is_no_change() {
    let same = [
        ("{type: string}", "{allOf: [{type: string}]}"),
        (
            "{type: string, maxLength: 3}",
            "{allOf: [{type: string}, {maxLength: 3}]}",
        ),
        ("{type: string, minLength: 0}", "{type: string}"),
        (
            "{type: object}",
            "{type: object, additionalProperties: true}",
        ),
        (
            "{type: object, required: [a, b], properties: {a: {}, b: {}}}",
            "{type: object, required: [b, a], properties: {b: {}, a: {}}}",
        ),
        (
            "{type: string, enum: [a, b]}",
            "{type: string, enum: [b, a]}",
        ),
        (
            "{type: integer, minimum: 1}",
            "{type: integer, minimum: 1.0}",
        ),
        (
            "{oneOf: [{type: string}, {type: integer}]}",
            "{oneOf: [{type: integer}, {type: string}]}",
        ),
        (
            "{type: string, nullable: true}",
            "{allOf: [{type: string}], nullable: true}",
        ),
        (
            "{type: object, required: [a], properties: {a: {type: string}, b: {type: integer}}}",
            "{allOf: [{type: object, properties: {b: {type: integer}}}, {type: object, required: [a], properties: {a: {type: string}}}]}",
        ),
    ];
    for (old, new) in same {
        for side in [Side::CallerSends, Side::CallerReceives] {
            for (old, new) in [(old, new), (new, old)] {
                let found = changes(&schema(side, old), &schema(side, new));
                assert_eq!(seen(&found), [], "{old} -> {new}: {found:#?}");
            }
        }
    }
}

/// `readOnly` properties are not sent, `writeOnly` ones not received: changes of them are none
/// there.
#[test]
fn what_does_not_travel_this_way_does_not_count() {
    let with = |flags: &str| {
        format!(
            "{{type: object, required: [a], properties: {{a: {{type: string{flags}}}, b: {{}}}}}}"
        )
    };
    let without = "{type: object, properties: {b: {}}}";
    let sent = changes(
        &schema(Side::CallerSends, without),
        &schema(Side::CallerSends, &with(", readOnly: true")),
    );
    assert_eq!(seen(&sent), []);
    let received = changes(
        &schema(Side::CallerReceives, &with(", writeOnly: true")),
        &schema(Side::CallerReceives, without),
    );
    assert_eq!(seen(&received), []);
    let hidden = changes(
        &schema(Side::CallerSends, &with("")),
        &schema(Side::CallerSends, &with(", readOnly: true")),
    );
    assert_eq!(seen(&hidden), [("property-removed", Effect::Breaking)]);
    assert!(hidden[0].message.contains("readOnly"), "{hidden:?}");
}

#[test]
fn a_change_names_both_places_and_both_values() {
    let (old, new) = (
        "{type: object, properties: {a: {type: string, enum: [x, y]}}}",
        "{type: object, properties: {a: {type: string, enum: [x]}}}",
    );
    let found = changes(
        &schema(Side::CallerSends, old),
        &schema(Side::CallerSends, new),
    );
    let at = "/paths/~1things/post/requestBody/content/application~1json/schema/properties/a";
    assert_eq!(found[0].old.as_deref(), Some(at));
    assert_eq!(found[0].new.as_deref(), Some(at));
    assert_eq!(found[0].side, Some(Side::CallerSends));
    assert_eq!(
        found[0].message,
        "the property `a` of the request's body (application/json) may not be `\"y\"` any more"
    );
    assert_eq!(
        found[0].affects,
        "Callers that send what only the old document allows: they are refused."
    );
}
