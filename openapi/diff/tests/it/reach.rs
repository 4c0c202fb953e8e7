//! Schemas that many operations share, and schemas that hold themselves.

use super::{Change, Effect, OK, Seen, changes, seen};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Operations `op0`, `op1`, … that take the schema of that number in `uses`, and the components.
fn sharing(uses: &[&str], schemas: &str) -> String {
    let mut text = "paths:\n".to_owned();
    for (index, name) in uses.iter().enumerate() {
        let _ = writeln!(
            text,
            "  /p{index}: {{post: {{operationId: op{index}, {OK}, requestBody: {{required: true, content: \
             {{application/json: {{schema: {{$ref: '#/components/schemas/{name}'}}}}}}}}}}}}"
        );
    }
    format!("{text}components:\n  schemas:\n{schemas}")
}

/// What is more than documentation.
fn meant(changes: &[Change]) -> Vec<Seen> {
    let mut seen = seen(changes);
    seen.retain(|(_, effect)| *effect != Effect::Documentation);
    seen
}

#[test]
fn a_shared_schema_is_told_once_with_all_its_operations() {
    let schemas = |more: &str| {
        format!(
            "    Outer: {{type: object, properties: {{inner: {{$ref: '#/components/schemas/Inner'}}}}}}\n    \
             Inner: {{type: string{more}}}\n    Apart: {{type: string}}\n"
        )
    };
    let uses = ["Outer", "Apart", "Inner"];
    let found = changes(
        &sharing(&uses, &schemas("")),
        &sharing(&uses, &schemas(", maxLength: 3")),
    );
    assert_eq!(seen(&found), [("bound-narrowed", Effect::Breaking)]);
    assert_eq!(found[0].operations, ["op0", "op2"]);
    assert_eq!(found[0].old.as_deref(), Some("/components/schemas/Inner"));
}

#[test]
fn a_schema_that_holds_itself_is_compared() {
    let tree = |value: &str| {
        format!(
            "    Tree: {{type: object, properties: {{value: {{type: {value}}}, children: {{type: array, items: \
             {{$ref: '#/components/schemas/Tree'}}}}}}}}\n"
        )
    };
    let found = changes(
        &sharing(&["Tree"], &tree("string")),
        &sharing(&["Tree"], &tree("integer")),
    );
    assert_eq!(seen(&found), [("type-changed", Effect::Breaking)]);
    // The same, unrolled once: nothing changed, whichever way round.
    let unrolled = "    Tree: {type: object, properties: {value: {type: string}, children: {type: array, items: {type: \
                    object, properties: {value: {type: string}, children: {type: array, items: {$ref: \
                    '#/components/schemas/Tree'}}}}}}}\n";
    for (old, new) in [
        (tree("string").as_str(), unrolled),
        (unrolled, tree("string").as_str()),
    ] {
        let found = changes(&sharing(&["Tree"], old), &sharing(&["Tree"], new));
        assert_eq!(meant(&found), []);
    }
}

/// A oneOf that holds itself inside of an allOf: no reference stands where it is met again.
#[test]
fn a_recursion_through_a_wrapped_reference_ends() {
    let volume = |ty: &str| {
        format!(
            "    Volume: {{oneOf: [{{type: object, properties: {{id: {{type: {ty}}}, parent: {{nullable: true, allOf: \
             [{{$ref: '#/components/schemas/Volume'}}]}}}}}}]}}\n"
        )
    };
    let found = changes(
        &sharing(&["Volume"], &volume("string")),
        &sharing(&["Volume"], &volume("integer")),
    );
    assert_eq!(meant(&found), [("type-changed", Effect::Breaking)]);
}

/// A property that two parts of an `allOf` describe is met again below itself, and is no one
/// reference.
#[test]
fn a_recursion_through_two_parts_ends() {
    let node = |ty: &str| {
        let part = |name: &str| {
            format!(
                "    {name}: {{type: object, properties: {{child: {{$ref: '#/components/schemas/Node'}}, v: {{type: {ty}}}}}}}\n"
            )
        };
        format!(
            "{}{}    Node: {{allOf: [{{$ref: '#/components/schemas/A'}}, {{$ref: '#/components/schemas/B'}}, {{type: \
             object, properties: {{child: {{$ref: '#/components/schemas/A'}}}}}}]}}\n",
            part("A"),
            part("B")
        )
    };
    let found = changes(
        &sharing(&["Node"], &node("string")),
        &sharing(&["Node"], &node("integer")),
    );
    assert_eq!(meant(&found), [("type-changed", Effect::Breaking)]);
    assert_eq!(
        seen(&changes(
            &sharing(&["Node"], &node("string")),
            &sharing(&["Node"], &node("string"))
        )),
        []
    );
}

/// Cycles of lengths that have no divisor in common: every old schema meets every new one.
#[test]
fn cycles_of_different_lengths_end() {
    let cycle = |length: usize| {
        let mut text = String::new();
        for index in 0..length {
            let next = (index + 1) % length;
            let _ = writeln!(
                text,
                "    N{index}: {{type: object, properties: {{next: {{$ref: '#/components/schemas/N{next}'}}}}}}"
            );
        }
        sharing(&["N0"], &text)
    };
    let found = changes(&cycle(89), &cycle(97));
    assert_eq!(meant(&found), []);
}

/// Ten times the operations take about ten times as long, not a hundred times.
#[test]
fn the_time_grows_as_the_document_does() {
    let document = |operations: usize, ty: &str| {
        let names: Vec<String> = (0..operations).map(|index| format!("S{index}")).collect();
        let mut schemas = String::new();
        for index in 0..operations {
            let _ = writeln!(
                schemas,
                "    S{index}: {{type: object, properties: {{a: {{type: {ty}}}, b: {{$ref: '#/components/schemas/S{}'}}, \
                 c: {{$ref: '#/components/schemas/S{}'}}}}}}",
                (index * 7 + 1) % operations,
                (index * 3 + 2) % operations,
            );
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        super::document(&sharing(&names, &schemas))
    };
    let took = |operations: usize| {
        let (old, new) = (
            document(operations, "string"),
            document(operations, "integer"),
        );
        let start = Instant::now();
        let found = dropshot_diff::compare(&old, &new);
        assert_eq!(found.len(), operations);
        start.elapsed()
    };
    took(10);
    let (small, large) = (took(100), took(1_000));
    // Every change reaches every operation here, which is a list of a million names: that part is a
    // square. A cube would be ten times as long, and so told from a machine that is busy.
    assert!(
        large < small * 100 + Duration::from_secs(10),
        "100 operations: {small:?}, 1,000: {large:?}"
    );
}
