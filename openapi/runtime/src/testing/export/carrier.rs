//! Schemas for Dropshot's metadata that are known at run time only.
//!
//! Dropshot keeps the type of its schemas to itself and fills them from Rust types. [`Carrier`] is
//! such a type, whose schema is whatever was put into it before.

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

/// A type with the schema put into it.
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

/// A header of a response: name, description, whether it is required, and its schema.
pub(crate) type Header = (String, Option<String>, bool, Schema);

/// A parameter whose `schema` is the one given; the rest of it is to be replaced. None only if
/// Dropshot's ways change.
pub(crate) fn parameter(schema: Schema, definitions: Definitions) -> Option<ApiEndpointParameter> {
    NEXT.set((
        structure(vec![("value".to_owned(), None, true, schema)]),
        definitions,
    ));
    let metadata =
        <dropshot::Path<Carrier> as SharedExtractor>::metadata(ApiEndpointBodyContentType::Json);
    metadata.parameters.into_iter().next()
}

/// A response with these headers; the rest of it is to be replaced.
pub(crate) fn response(headers: Vec<Header>) -> ApiEndpointResponse {
    NEXT.set((structure(headers), Map::new()));
    <HttpResponseHeaders<HttpResponseUpdatedNoContent, Carrier> as HttpResponse>::response_metadata(
    )
}

/// An object with these properties. Each is wrapped, since Dropshot takes annotations off what it
/// finds.
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
