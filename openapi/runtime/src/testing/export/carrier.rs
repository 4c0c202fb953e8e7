//! Puts schemas that are known only at run time into Dropshot's metadata.
//!
//! Dropshot keeps the type of its schemas private and makes them from Rust types. [`Carrier`] is
//! such a type. Its schema is the one that was stored here before.

use std::cell::RefCell;

use dropshot::{
    ApiEndpointBodyContentType, ApiEndpointParameter, ApiEndpointResponse, HttpResponse,
    HttpResponseHeaders, HttpResponseUpdatedNoContent, SharedExtractor,
};
use schemars::r#gen::SchemaGenerator;
use schemars::schema::{InstanceType, Schema, SchemaObject};
use schemars::{JsonSchema, Map};

/// Named schemas.
pub(crate) type Definitions = Map<String, Schema>;

thread_local! {
    static NEXT: RefCell<(Schema, Definitions)> = const { RefCell::new((Schema::Bool(true), Map::new())) };
}

/// A type whose schema is the stored one.
#[derive(serde::Deserialize, serde::Serialize)]
struct Carrier {}

impl JsonSchema for Carrier {
    fn schema_name() -> String {
        "Carrier".to_owned()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (schema, definitions) = NEXT.replace((Schema::Bool(true), Map::new()));
        generator.definitions_mut().extend(definitions);
        schema
    }
}

/// A header of a response: its name, its description, whether it is required, and its schema.
pub(crate) type Header = (String, Option<String>, bool, Schema);

/// A parameter with this `schema`. The caller replaces the rest of it. `None` only if Dropshot
/// changes its metadata.
pub(crate) fn parameter(schema: Schema, definitions: Definitions) -> Option<ApiEndpointParameter> {
    NEXT.set((
        structure(vec![("value".to_owned(), None, true, schema)]),
        definitions,
    ));
    let metadata =
        <dropshot::Path<Carrier> as SharedExtractor>::metadata(ApiEndpointBodyContentType::Json);
    metadata.parameters.into_iter().next()
}

/// A response with these headers. The caller replaces the rest of it.
pub(crate) fn response(headers: Vec<Header>) -> ApiEndpointResponse {
    NEXT.set((structure(headers), Map::new()));
    <HttpResponseHeaders<HttpResponseUpdatedNoContent, Carrier> as HttpResponse>::response_metadata(
    )
}

/// An object with these properties. Each is wrapped, since Dropshot removes the annotations of the
/// schema that it finds.
fn structure(properties: Vec<Header>) -> Schema {
    let mut object = SchemaObject {
        instance_type: Some(InstanceType::Object.into()),
        ..SchemaObject::default()
    };
    for (name, description, required, schema) in properties {
        let mut wrapped = SchemaObject::default();
        wrapped.subschemas().all_of = Some(vec![schema]);
        if description.is_some() {
            wrapped.metadata().description = description;
        }
        if required {
            object.object().required.insert(name.clone());
        }
        object.object().properties.insert(name, wrapped.into());
    }
    object.into()
}
