//! What schemas allow, each pair both ways: as callers send it and as they receive it.

use super::{Effect, Side, changes, schema, seen};
use Effect::{Breaking, Compatible, Documentation, Unclear};

/// Old schema, new schema, the kind of the one change, what it means when sent, when received.
type Case = (&'static str, &'static str, &'static str, Effect, Effect);

const VALUES: &[Case] = &[
    (
        "{type: number}",
        "{type: integer}",
        "type-narrowed",
        Breaking,
        Compatible,
    ),
    (
        "{type: integer}",
        "{type: number}",
        "type-widened",
        Compatible,
        Breaking,
    ),
    (
        "{type: string}",
        "{type: integer}",
        "type-changed",
        Breaking,
        Breaking,
    ),
    (
        "{}",
        "{type: string, maxLength: 3}",
        "type-narrowed",
        Breaking,
        Compatible,
    ),
    (
        "{type: string, pattern: a}",
        "{}",
        "type-widened",
        Compatible,
        Breaking,
    ),
    (
        "{type: string, nullable: true}",
        "{type: string}",
        "null-forbidden",
        Breaking,
        Compatible,
    ),
    (
        "{type: string}",
        "{type: string, nullable: true}",
        "null-allowed",
        Compatible,
        Breaking,
    ),
    (
        "{type: string, enum: [a, b]}",
        "{type: string, enum: [a]}",
        "enum-narrowed",
        Breaking,
        Compatible,
    ),
    (
        "{type: string, enum: [a]}",
        "{type: string, enum: [b, a]}",
        "enum-widened",
        Compatible,
        Breaking,
    ),
    (
        "{type: string}",
        "{type: string, enum: [a]}",
        "enum-narrowed",
        Breaking,
        Compatible,
    ),
    (
        "{type: string, enum: [a]}",
        "{type: string}",
        "enum-widened",
        Compatible,
        Breaking,
    ),
    (
        "{type: string}",
        "{type: string, format: uuid}",
        "format-narrowed",
        Breaking,
        Compatible,
    ),
    (
        "{type: string, format: date}",
        "{type: string}",
        "format-widened",
        Compatible,
        Breaking,
    ),
    (
        "{type: integer, format: int64}",
        "{type: integer, format: int32}",
        "format-narrowed",
        Breaking,
        Compatible,
    ),
    (
        "{type: integer, format: int32}",
        "{type: integer, format: int64}",
        "format-widened",
        Compatible,
        Breaking,
    ),
    (
        "{type: string, format: date}",
        "{type: string, format: date-time}",
        "format-changed",
        Unclear,
        Unclear,
    ),
    (
        "{type: string}",
        "{type: string, pattern: '^a'}",
        "pattern-narrowed",
        Breaking,
        Compatible,
    ),
    (
        "{type: string, pattern: '^a'}",
        "{type: string}",
        "pattern-widened",
        Compatible,
        Breaking,
    ),
    (
        "{type: string, pattern: '^a'}",
        "{type: string, pattern: '^[ab]'}",
        "pattern-changed",
        Unclear,
        Unclear,
    ),
    (
        "{type: integer, minimum: 1}",
        "{type: integer, minimum: 2}",
        "bound-narrowed",
        Breaking,
        Compatible,
    ),
    (
        "{type: integer, maximum: 1}",
        "{type: integer, maximum: 2}",
        "bound-widened",
        Compatible,
        Breaking,
    ),
    (
        "{type: integer, minimum: 1}",
        "{type: integer, minimum: 1, exclusiveMinimum: true}",
        "bound-narrowed",
        Breaking,
        Compatible,
    ),
    (
        "{type: number, maximum: 1, exclusiveMaximum: true}",
        "{type: number, maximum: 1}",
        "bound-widened",
        Compatible,
        Breaking,
    ),
    // Beyond 2^53, where doubles take neighbours for the same.
    (
        "{type: integer, maximum: 9007199254740993}",
        "{type: integer, maximum: 9007199254740992}",
        "bound-narrowed",
        Breaking,
        Compatible,
    ),
    (
        "{type: string}",
        "{type: string, minLength: 1}",
        "bound-narrowed",
        Breaking,
        Compatible,
    ),
    (
        "{type: string, maxLength: 5}",
        "{type: string, maxLength: 6}",
        "bound-widened",
        Compatible,
        Breaking,
    ),
    (
        "{type: integer}",
        "{type: integer, multipleOf: 2}",
        "multiple-changed",
        Breaking,
        Compatible,
    ),
    (
        "{type: integer, multipleOf: 6}",
        "{type: integer, multipleOf: 3}",
        "multiple-changed",
        Compatible,
        Breaking,
    ),
    (
        "{type: integer, multipleOf: 2}",
        "{type: integer, multipleOf: 3}",
        "multiple-changed",
        Breaking,
        Breaking,
    ),
    (
        "{type: string}",
        "{type: string, default: a}",
        "default-changed",
        Compatible,
        Compatible,
    ),
    (
        "{type: string, default: a}",
        "{type: string, default: b}",
        "default-changed",
        Unclear,
        Compatible,
    ),
];

const STRUCTURES: &[Case] = &[
    (
        "{type: array, items: {type: string}}",
        "{type: array, items: {type: integer}}",
        "type-changed",
        Breaking,
        Breaking,
    ),
    (
        "{type: array, items: {type: string}, maxItems: 3}",
        "{type: array, items: {type: string}, maxItems: 2}",
        "bound-narrowed",
        Breaking,
        Compatible,
    ),
    (
        "{type: array, items: {type: string}, uniqueItems: true}",
        "{type: array, items: {type: string}}",
        "bound-widened",
        Compatible,
        Breaking,
    ),
    (
        "{type: object}",
        "{type: object, minProperties: 1}",
        "bound-narrowed",
        Breaking,
        Compatible,
    ),
    (
        "{type: object}",
        "{type: object, properties: {a: {type: string}}}",
        "property-added",
        Compatible,
        Compatible,
    ),
    (
        "{type: object}",
        "{type: object, required: [a], properties: {a: {type: string}}}",
        "property-added",
        Breaking,
        Compatible,
    ),
    (
        "{type: object, properties: {a: {type: string}}}",
        "{type: object}",
        "property-removed",
        Unclear,
        Breaking,
    ),
    (
        "{type: object, properties: {a: {}, b: {}}, additionalProperties: false}",
        "{type: object, properties: {b: {}}, additionalProperties: false}",
        "property-removed",
        Breaking,
        Breaking,
    ),
    (
        "{type: object, properties: {b: {}}, additionalProperties: false}",
        "{type: object, properties: {a: {}, b: {}}, additionalProperties: false}",
        "property-added",
        Compatible,
        Unclear,
    ),
    (
        "{type: object, properties: {a: {type: string}}}",
        "{type: object, required: [a], properties: {a: {type: string}}}",
        "became-required",
        Breaking,
        Compatible,
    ),
    (
        "{type: object, required: [a], properties: {a: {type: string}}}",
        "{type: object, properties: {a: {type: string}}}",
        "became-optional",
        Compatible,
        Breaking,
    ),
    (
        "{type: object}",
        "{type: object, required: [a]}",
        "became-required",
        Breaking,
        Compatible,
    ),
    (
        "{type: object}",
        "{type: object, additionalProperties: false}",
        "other-properties-forbidden",
        Breaking,
        Compatible,
    ),
    (
        "{type: object, additionalProperties: false}",
        "{type: object}",
        "other-properties-allowed",
        Compatible,
        Unclear,
    ),
    (
        "{type: object, additionalProperties: {type: integer}}",
        "{type: object, additionalProperties: {type: number}}",
        "type-widened",
        Compatible,
        Breaking,
    ),
    (
        "{oneOf: [{type: string}, {type: integer}]}",
        "{oneOf: [{type: string}, {type: integer}, {type: boolean}]}",
        "alternative-added",
        Compatible,
        Breaking,
    ),
    (
        "{anyOf: [{type: string}, {type: integer}]}",
        "{anyOf: [{type: integer}]}",
        "alternative-removed",
        Breaking,
        Compatible,
    ),
    (
        "{oneOf: [{type: string}, {type: integer}]}",
        "{oneOf: [{type: integer}, {type: string, maxLength: 3}]}",
        "bound-narrowed",
        Breaking,
        Compatible,
    ),
    (
        "{type: string}",
        "{oneOf: [{type: integer}, {type: string}]}",
        "alternative-added",
        Compatible,
        Breaking,
    ),
    (
        "{oneOf: [{type: integer}, {type: string}]}",
        "{type: string}",
        "alternative-removed",
        Breaking,
        Compatible,
    ),
    (
        "{type: string}",
        "{oneOf: [{type: integer}, {type: boolean}]}",
        "alternatives-changed",
        Unclear,
        Unclear,
    ),
    (
        "{oneOf: [{type: string}]}",
        "{anyOf: [{type: string}]}",
        "alternatives-changed",
        Unclear,
        Unclear,
    ),
    (
        "{oneOf: [{title: A, type: object, properties: {k: {type: string}}}], discriminator: {propertyName: k}}",
        "{oneOf: [{title: A, type: object, properties: {k: {type: string}}}]}",
        "discriminator-changed",
        Unclear,
        Unclear,
    ),
    (
        "{type: integer}",
        "{type: integer, not: {enum: [3]}}",
        "not-changed",
        Breaking,
        Compatible,
    ),
    (
        "{type: integer, not: {enum: [3]}}",
        "{type: integer, not: {enum: [3, 4]}}",
        "enum-widened",
        Unclear,
        Unclear,
    ),
    (
        "{type: string, xml: {name: a}}",
        "{type: string, xml: {name: b}}",
        "xml-changed",
        Unclear,
        Unclear,
    ),
    (
        "{type: string}",
        "{type: string, deprecated: true}",
        "deprecated",
        Compatible,
        Compatible,
    ),
    (
        "{type: string, deprecated: true}",
        "{type: string}",
        "no-longer-deprecated",
        Compatible,
        Compatible,
    ),
    (
        "{type: string, description: a}",
        "{type: string, description: b}",
        "documentation-changed",
        Documentation,
        Documentation,
    ),
    (
        "{type: string}",
        "{type: string, x-a: 1}",
        "documentation-changed",
        Documentation,
        Documentation,
    ),
    (
        "{type: string}",
        "{type: string, format: password}",
        "documentation-changed",
        Documentation,
        Documentation,
    ),
];

fn check(cases: &[Case]) {
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

#[test]
fn values() {
    check(VALUES);
}

#[test]
fn structures() {
    check(STRUCTURES);
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

/// `readOnly` properties are not sent, `writeOnly` ones not received: changes of them are none there.
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
