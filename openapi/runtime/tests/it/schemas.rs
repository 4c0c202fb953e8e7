//! The export of any schema at all.

use dropshot_contract::testing::export::export;
use dropshot_contract::testing::round_trip::compare;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::document::operations;
use crate::round_trip::with;

fn keyword() -> impl Strategy<Value = (String, Value)> {
    let keys = prop::sample::select(vec![
        "type",
        "format",
        "enum",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "pattern",
        "maxItems",
        "uniqueItems",
        "required",
        "nullable",
        "default",
        "example",
        "title",
        "x-a",
        "const",
        "readOnly",
        "minProperties",
        "additionalProperties",
        "properties",
        "items",
        "allOf",
        "oneOf",
        "anyOf",
        "not",
        "$ref",
    ]);
    let values = prop::sample::select(vec![
        json!("string"),
        json!("integer"),
        json!("number"),
        json!("object"),
        json!("array"),
        json!("boolean"),
        json!("null"),
        json!(1),
        json!(-1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(true),
        json!(false),
        json!(null),
        json!([]),
        json!(["a", null]),
        json!([1, 2]),
        json!([{}]),
        json!({}),
        json!("#/components/schemas/A"),
        json!("#/paths"),
        json!("int32"),
    ]);
    (keys, values).prop_map(|(key, value)| (key.to_owned(), value))
}

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop::collection::vec(keyword(), 0..5)
        .prop_map(|pairs| Value::Object(pairs.into_iter().collect()));
    leaf.prop_recursive(3, 12, 3, |inner| {
        (
            prop::collection::vec(keyword(), 0..4),
            prop::collection::vec(inner, 1..3),
            0..6_usize,
        )
            .prop_map(|(pairs, inner, place)| {
                let mut schema: serde_json::Map<String, Value> = pairs.into_iter().collect();
                let (key, value) = match place {
                    0 => (
                        "properties",
                        json!({"a": inner[0], "b": inner[inner.len() - 1]}),
                    ),
                    1 => ("items", inner[0].clone()),
                    2 => ("allOf", json!(inner)),
                    3 => ("oneOf", json!(inner)),
                    4 => ("not", inner[0].clone()),
                    _ => ("additionalProperties", inner[0].clone()),
                };
                schema.insert(key.to_owned(), value);
                Value::Object(schema)
            })
    })
}

#[test]
fn whatever_a_schema_is_the_export_neither_panics_nor_differs() {
    let mut runner = TestRunner::new(Config {
        cases: 1_500,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&(schema(), schema()), |(one, other)| {
            let operation = json!({
                "parameters": [{"name": "q", "in": "query", "schema": one}, {"name": "h", "in": "header", "schema": other}],
                "requestBody": {"required": true, "content": {"application/json": {"schema": other}}},
                "responses": {"200": {"description": "", "content": {"application/json": {"schema": one}}}},
            });
            let document = with(operation, json!({"A": one, "B": other}));
            let exported = export(&operations(&document), &document).unwrap();
            prop_assert_eq!(compare(&document, &exported).differences, vec![], "{}", document);
            Ok(())
        })
        .unwrap();
}
