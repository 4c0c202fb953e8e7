//! Tests the meaning of schemas, keyword by keyword, in OpenAPI 3.0, in 3.1, and in sloppy
//! documents.

use super::model::{everything, inline, operation, target};
use super::{fixture, load_text};
use dropshot_codegen::load;
use dropshot_codegen::model::{Additional, Document, Status, Type};
use serde_json::{Number, Value, json};

#[test]
fn schemas_keyword_by_keyword() {
    let document = everything();
    let pet = inline(&document.schemas["Pet"]);
    assert_eq!(
        (pet.title.as_deref(), pet.ty, pet.min_properties),
        (Some("A pet"), Some(Type::Object), Some(1))
    );
    assert_eq!(pet.required, ["id"]);
    assert!(matches!(pet.additional, Additional::Forbidden));
    let property = |name: &str| inline(&pet.properties[name]);
    assert!(
        property("id").read_only && property("secret").write_only && property("secret").deprecated
    );
    assert_eq!(
        (property("id").format.as_deref(), &property("id").example),
        (Some("uuid"), &Some(json!("0a")))
    );
    let name = property("name");
    assert_eq!(
        (name.min_length, name.max_length, name.pattern.as_deref()),
        (Some(1), Some(20), Some("^[a-z]+$"))
    );
    assert_eq!((name.nullable, &name.default), (true, &Some(Value::Null)));
    let age = property("age");
    let bounds = (
        age.minimum.as_ref().and_then(Number::as_i64),
        age.maximum.as_ref().and_then(Number::as_f64),
    );
    assert_eq!(
        (bounds, age.exclusive_minimum, age.exclusive_maximum),
        ((Some(0), Some(99.5)), true, false)
    );
    assert_eq!(
        property("kind").enumeration,
        Some(vec![json!("cat"), json!("dog")])
    );
    let tags = property("tags");
    assert_eq!(
        (tags.min_items, tags.max_items, tags.unique_items),
        (Some(1), Some(5), true)
    );
    assert_eq!(
        inline(tags.items.as_ref().unwrap()).pointer,
        "/components/schemas/Pet/properties/tags/items"
    );
    assert_eq!(target(&pet.properties["parent"]), "Pet");
    assert!(matches!(property("any").additional, Additional::Any));
    assert!(
        matches!(&property("map").additional, Additional::Schema(values) if inline(values).ty == Some(Type::Number))
    );
    assert!(property("not").not.is_some());
}

#[test]
fn references_keep_names_and_other_pointers_get_some() {
    let document = everything();
    let names: Vec<_> = document.schemas.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "Pet",
            "Either",
            "Alias",
            "Both",
            "pets_get_200_application_json",
            "Pet_id"
        ]
    );
    assert_eq!(target(&document.schemas["Alias"]), "Both");
    let either = inline(&document.schemas["Either"]);
    let discriminator = either.discriminator.as_ref().unwrap();
    assert_eq!(
        (
            &*discriminator.mapping["cat"],
            &*discriminator.mapping["dog"]
        ),
        ("Pet", "Alias")
    );
    let created = &operation(&document, "postPets").responses[0].content[0];
    assert_eq!(
        target(created.schema.as_ref().unwrap()),
        "pets_get_200_application_json"
    );
    let list = inline(&document.schemas["pets_get_200_application_json"]);
    assert_eq!(
        list.pointer,
        "/paths/~1pets/get/responses/200/content/application~1json/schema"
    );
    assert_eq!(
        inline(&document.schemas["Pet_id"]).format.as_deref(),
        Some("uuid")
    );
}

fn schemas_3_1(schemas: &str) -> Document {
    let text = format!(
        "openapi: 3.1.0\ninfo: {{title: a, version: '1'}}\npaths: {{}}\ncomponents:\n  schemas:\n{schemas}"
    );
    let loaded = load_text(text).unwrap_or_else(|findings| panic!("{findings}"));
    assert_eq!(loaded.carried, []);
    loaded.document
}

#[test]
fn openapi_3_1_is_read_as_far_as_3_0_goes() {
    let document = schemas_3_1(
        "    Nullable: {type: [string, 'null']}
    Several: {type: [string, integer, 'null'], maxLength: 3}
    Both: {type: [string, integer], anyOf: [{minLength: 1}]}
    Null: {type: 'null'}
    Const: {const: 5}
    Examples: {type: string, examples: [a, b]}
    Exclusive: {type: number, minimum: 1, exclusiveMinimum: 1, maximum: 5, exclusiveMaximum: 9}
    OneOfNull: {oneOf: [{type: string}, {type: 'null'}]}
    True: true
    False: false
    Bytes: {type: string, contentEncoding: base64}
    File: {type: string, contentMediaType: application/octet-stream}
    Array: {type: array}
    BesideRef: {$ref: '#/components/schemas/Const', description: only words}
    Narrowed: {$ref: '#/components/schemas/Several', minLength: 1}
    Defs: {$defs: {Inner: {type: boolean}}, properties: {a: {$ref: '#/components/schemas/Defs/$defs/Inner'}}}
",
    );
    let schema = |name: &str| inline(&document.schemas[name]);
    assert_eq!(
        (schema("Nullable").ty, schema("Nullable").nullable),
        (Some(Type::String), true)
    );
    let several: Vec<_> = schema("Several")
        .any_of
        .iter()
        .map(|part| inline(part).ty.unwrap())
        .collect();
    assert_eq!(
        (several.as_slice(), schema("Several").nullable),
        ([Type::String, Type::Integer].as_slice(), true)
    );
    let both = schema("Both");
    assert_eq!(
        (both.any_of.len(), inline(&both.all_of[0]).any_of.len()),
        (1, 2)
    );
    assert_eq!(
        (&schema("Null").enumeration, schema("Null").nullable),
        (&Some(vec![Value::Null]), true)
    );
    assert_eq!(schema("Const").enumeration, Some(vec![json!(5)]));
    assert_eq!(schema("Examples").example, Some(json!("a")));
    let exclusive = schema("Exclusive");
    let bound = |number: &Option<Number>| number.as_ref().and_then(Number::as_i64);
    assert_eq!(
        (bound(&exclusive.minimum), exclusive.exclusive_minimum),
        (Some(1), true)
    );
    assert_eq!(
        (bound(&exclusive.maximum), exclusive.exclusive_maximum),
        (Some(5), false)
    );
    assert_eq!(
        (
            schema("OneOfNull").one_of.len(),
            schema("OneOfNull").nullable
        ),
        (1, true)
    );
    assert!(schema("True").not.is_none() && schema("False").not.is_some());
    assert_eq!(schema("Bytes").format.as_deref(), Some("byte"));
    assert_eq!(schema("File").format.as_deref(), Some("binary"));
    assert!(schema("Array").items.is_none());
    assert_eq!(target(&document.schemas["BesideRef"]), "Const");
    assert_eq!(
        (
            target(&schema("Narrowed").all_of[0]),
            schema("Narrowed").min_length
        ),
        ("Several", Some(1))
    );
    assert_eq!(target(&schema("Defs").properties["a"]), "Defs_defs_Inner");
    assert_eq!(
        inline(&document.schemas["Defs_defs_Inner"]).ty,
        Some(Type::Boolean)
    );
}

#[test]
fn sloppy_values_are_taken_for_what_they_say() {
    let document = load(&fixture("carried/sloppy.yaml"), None)
        .unwrap()
        .document;
    let schema = |name: &str| inline(&document.schemas[name]);
    assert_eq!(document.base_path, "/v1/accounts");
    assert_eq!(schema("DefaultText").default, Some(json!(20)));
    assert_eq!(schema("DefaultUnlisted").default, None);
    assert_eq!(
        schema("EnumOfNumbers").enumeration,
        Some(vec![json!("a"), json!("1")])
    );
    assert_eq!(schema("EnumOfOther").enumeration, Some(vec![json!(1)]));
    assert_eq!(
        (schema("NullType").one_of.len(), schema("NullType").nullable),
        (1, true)
    );
    assert!(schema("Bound").exclusive_minimum && schema("Bound").minimum.is_some());
    // Paths that no request can have are not served.
    assert_eq!(document.operations.len(), 4);
    assert!(document.operations[1].body.is_none());
    assert_eq!(document.operations[0].responses[1].status, Status::Range(4));
}
