//! Tests the model of a valid document, value by value.

use super::{fixture, load_text};
use dropshot_codegen::load;
use dropshot_codegen::model::{
    Document, Location, Operation, Schema, SchemaObject, SecurityKind, Status, Style,
};
use serde_json::json;

pub(super) fn everything() -> Document {
    let loaded = load(&fixture("valid/everything.yaml"), None)
        .unwrap_or_else(|findings| panic!("{findings}"));
    assert_eq!(loaded.carried, []);
    loaded.document
}

pub(super) fn operation<'d>(document: &'d Document, id: &str) -> &'d Operation {
    document
        .operations
        .iter()
        .find(|operation| operation.id == id)
        .unwrap()
}

pub(super) fn inline(schema: &Schema) -> &SchemaObject {
    match schema {
        Schema::Inline(object) => object,
        Schema::Ref { target, .. } => panic!("a reference to {target}"),
    }
}

pub(super) fn target(schema: &Schema) -> &str {
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
    // `content` gives the `Content-Type`.
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
