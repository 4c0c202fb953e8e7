//! What a valid document means: the model, value by value.

use super::{fixture, load_text};
use dropshot_codegen::load;
use dropshot_codegen::model::{
    Additional, Document, Location, Operation, Schema, SchemaObject, SecurityKind, Status, Style,
    Type,
};
use serde_json::{Value, json};

fn everything() -> Document {
    let loaded = load(&fixture("valid/everything.yaml"), None)
        .unwrap_or_else(|findings| panic!("{findings}"));
    assert_eq!(loaded.carried, []);
    loaded.document
}

fn operation<'d>(document: &'d Document, id: &str) -> &'d Operation {
    document
        .operations
        .iter()
        .find(|operation| operation.id == id)
        .unwrap()
}

fn inline(schema: &Schema) -> &SchemaObject {
    match schema {
        Schema::Inline(object) => object,
        Schema::Ref { target, .. } => panic!("a reference to {target}"),
    }
}

fn target(schema: &Schema) -> &str {
    match schema {
        Schema::Ref { target, .. } => target,
        Schema::Inline(object) => panic!("a schema at {}", object.pointer),
    }
}

#[test]
fn the_document_itself() {
    let document = everything();
    assert_eq!(
        (document.title.as_str(), document.version.as_str()),
        ("Everything", "1.0.0")
    );
    assert_eq!(
        document.description.as_deref(),
        Some("What a document can say.")
    );
    assert_eq!(document.base_path, "/pets/v1");
    let tags = [
        ("pets".to_owned(), Some("All of them.".to_owned())),
        ("owners".to_owned(), None),
    ];
    assert_eq!(document.tags, tags);
    assert_eq!(
        document.value["x-extension"],
        json!({"kept": [1, 2.5, null]})
    );
    assert_eq!(document.value["paths"]["x-vendor"], "kept");
    let keys: Vec<_> = document.value.as_object().unwrap().keys().take(4).collect();
    assert_eq!(keys, ["openapi", "info", "servers", "tags"]);
}

#[test]
fn operations_have_names_and_places() {
    let document = everything();
    let names: Vec<_> = document
        .operations
        .iter()
        .map(|operation| {
            (
                operation.method.as_str(),
                operation.id.as_str(),
                operation.base_path.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            ("GET", "listPets", None),
            ("POST", "postPets", None),
            ("GET", "getPetsByPetIdOwnersByOwnerIdJson2", Some("/o")),
            (
                "DELETE",
                "get_pets_by_pet_id_owners_by_owner_id_json",
                Some("/o")
            ),
        ]
    );
    let list = operation(&document, "listPets");
    assert_eq!(list.pointer, "/paths/~1pets/get");
    assert_eq!((list.path.as_str(), list.deprecated), ("/pets", true));
    assert_eq!(list.tags, ["pets"]);
    assert_eq!(list.summary.as_deref(), Some("All pets"));
    assert_eq!(list.description.as_deref(), Some("Page by page."));
}

#[test]
fn an_operations_parameters_win_over_those_of_its_path() {
    let document = everything();
    let parameters = &operation(&document, "listPets").parameters;
    let described: Vec<_> = parameters
        .iter()
        .map(|p| {
            (
                p.name.as_str(),
                p.location,
                p.style,
                p.explode,
                p.pointer.as_str(),
            )
        })
        .collect();
    let own = "/paths/~1pets/get/parameters";
    assert_eq!(
        described,
        [
            (
                "X-Trace",
                Location::Header,
                Style::Simple,
                false,
                "/paths/~1pets/parameters/1"
            ),
            (
                "limit",
                Location::Query,
                Style::Form,
                true,
                &*format!("{own}/0")
            ),
            (
                "ids",
                Location::Query,
                Style::PipeDelimited,
                false,
                &*format!("{own}/1")
            ),
            (
                "filter",
                Location::Query,
                Style::DeepObject,
                true,
                &*format!("{own}/2")
            ),
            (
                "where",
                Location::Query,
                Style::Form,
                true,
                &*format!("{own}/3")
            ),
            (
                "session",
                Location::Cookie,
                Style::Form,
                true,
                &*format!("{own}/4")
            ),
        ]
    );
    assert!(
        parameters[0].deprecated && parameters[3].allow_reserved && parameters[4].allow_empty_value
    );
    assert_eq!(
        parameters[4].media_type.as_deref(),
        Some("application/json")
    );
    assert_eq!(target(&parameters[4].schema), "Pet");
    let shared = &operation(&document, "postPets").parameters[0];
    assert_eq!(shared.pointer, "/components/parameters/limit");
    assert_eq!(inline(&shared.schema).default, Some(json!(10)));
    let path = &operation(&document, "getPetsByPetIdOwnersByOwnerIdJson2").parameters;
    assert_eq!((path[0].style, path[0].required), (Style::Matrix, true));
}

#[test]
fn responses_by_status_with_headers() {
    let document = everything();
    let responses = &operation(&document, "listPets").responses;
    let statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    assert_eq!(
        statuses,
        [Status::Code(200), Status::Range(4), Status::Default]
    );
    // `Content-Type` is what `content` says.
    let headers: Vec<_> = responses[0]
        .headers
        .iter()
        .map(|h| (h.name.as_str(), h.required, h.pointer.as_str()))
        .collect();
    assert_eq!(
        headers,
        [
            (
                "X-Total",
                true,
                "/paths/~1pets/get/responses/200/headers/X-Total"
            ),
            ("X-Shared", false, "/components/headers/Shared"),
        ]
    );
    let media: Vec<_> = responses[0]
        .content
        .iter()
        .map(|m| (m.media_type.as_str(), m.schema.is_some()))
        .collect();
    assert_eq!(media, [("application/json", true), ("text/csv", false)]);
    assert_eq!(responses[1].pointer, "/components/responses/Problem");
    assert_eq!(responses[2].pointer, "/components/responses/Problem");
    assert_eq!(responses[2].description, "Something is wrong");
}

#[test]
fn bodies_by_media_type_with_encodings() {
    let document = everything();
    let body = operation(&document, "postPets").body.as_ref().unwrap();
    assert_eq!(
        (body.pointer.as_str(), body.required),
        ("/components/requestBodies/Pet", true)
    );
    let form = &body.content[0];
    assert_eq!(
        (form.encoding["tags"].style, form.encoding["tags"].explode),
        (Some(Style::SpaceDelimited), Some(false))
    );
    let multipart = &body.content[1];
    assert_eq!(
        multipart.encoding["file"].content_type.as_deref(),
        Some("image/png")
    );
    let schema = inline(multipart.schema.as_ref().unwrap());
    assert_eq!(
        schema.pointer,
        "/components/requestBodies/Pet/content/multipart~1form-data/schema"
    );
}

#[test]
fn security_of_the_document_and_of_operations() {
    let document = everything();
    let kinds: Vec<_> = document
        .security_schemes
        .values()
        .map(|scheme| scheme.kind.clone())
        .collect();
    assert_eq!(
        kinds,
        [
            SecurityKind::Basic,
            SecurityKind::Bearer,
            SecurityKind::Http("digest".to_owned()),
            SecurityKind::ApiKey {
                location: Location::Cookie,
                name: "sid".to_owned()
            },
            SecurityKind::OAuth2,
            SecurityKind::OpenIdConnect,
        ]
    );
    let asked = |id: &str| -> Vec<Vec<(String, Vec<String>)>> {
        let alternatives = operation(&document, id).security.iter();
        alternatives
            .map(|all| {
                all.iter()
                    .map(|r| (r.scheme.clone(), r.scopes.clone()))
                    .collect()
            })
            .collect()
    };
    let scopes = vec!["read".to_owned(), "write".to_owned()];
    let bearer = ("bearer".to_owned(), Vec::new());
    let key_and_scopes = vec![
        ("key".to_owned(), Vec::new()),
        ("scopes".to_owned(), scopes),
    ];
    assert_eq!(asked("listPets"), [vec![bearer.clone()], key_and_scopes]);
    assert_eq!(asked("postPets"), Vec::<Vec<_>>::new());
    assert_eq!(
        asked("getPetsByPetIdOwnersByOwnerIdJson2"),
        [Vec::new(), vec![bearer]]
    );
}

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
        age.minimum.as_ref().and_then(|n| n.as_i64()),
        age.maximum.as_ref().and_then(|n| n.as_f64()),
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
    assert_eq!(
        (&schema("Null").enumeration, schema("Null").nullable),
        (&Some(vec![Value::Null]), true)
    );
    assert_eq!(schema("Const").enumeration, Some(vec![json!(5)]));
    assert_eq!(schema("Examples").example, Some(json!("a")));
    let exclusive = schema("Exclusive");
    let bound =
        |number: &Option<serde_json::Number>| number.as_ref().and_then(|number| number.as_i64());
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
    // The paths that no request can have are not served.
    assert_eq!(document.operations.len(), 3);
    assert!(document.operations[1].body.is_none());
    assert_eq!(document.operations[0].responses[1].status, Status::Range(4));
}

#[test]
fn servers_have_paths() {
    for (url, path) in [
        ("https://api.example", ""),
        ("https://api.example/", ""),
        ("https://api.example/v1/", "/v1"),
        ("//api.example/a/b", "/a/b"),
        ("/v1", "/v1"),
        ("v1", "/v1"),
        ("./v1/", "/v1"),
        ("/", ""),
        ("https://{tenant}.example/v1", "/v1"),
    ] {
        let text = format!(
            "openapi: 3.0.3\ninfo: {{title: a, version: b}}\npaths: {{}}\nservers: [{{url: '{url}'}}]\n"
        );
        assert_eq!(load_text(text).unwrap().document.base_path, path, "{url}");
    }
}
