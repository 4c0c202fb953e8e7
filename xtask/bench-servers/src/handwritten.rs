//! The same operation, written by hand for Dropshot with its own extractors and with the bounds of
//! the document.

use chrono::{DateTime, Utc};
use dropshot::{
    ApiDescription, HttpError, HttpResponseOk, Path, Query, RequestContext, TypedBody, endpoint,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The API.
pub fn api() -> Result<ApiDescription<()>, String> {
    let mut api = ApiDescription::new();
    api.register(make_thing)
        .map_err(|error| error.to_string())?;
    Ok(api)
}

#[derive(Deserialize, JsonSchema)]
struct ThingPath {
    project: String,
    id: i64,
}

#[derive(Deserialize, JsonSchema)]
struct ThingQuery {
    limit: Option<i32>,
    #[expect(
        dead_code,
        reason = "read from every request, as the generated operation does"
    )]
    sort: Option<String>,
    #[expect(
        dead_code,
        reason = "read from every request, as the generated operation does"
    )]
    verbose: Option<bool>,
}

#[derive(Deserialize, JsonSchema)]
struct NewThing {
    name: String,
    count: i32,
    #[expect(
        dead_code,
        reason = "read from every request, as the generated operation does"
    )]
    note: Option<String>,
    #[expect(
        dead_code,
        reason = "read from every request, as the generated operation does"
    )]
    flag: Option<bool>,
    shared: Option<Shared>,
}

#[derive(Serialize, JsonSchema)]
struct Thing {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Vec<Shared>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Shared {
    id: Uuid,
    created: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<String>>,
}

#[endpoint { method = POST, path = "/projects/{project}/things/{id}" }]
async fn make_thing(
    _rqctx: RequestContext<()>,
    path: Path<ThingPath>,
    query: Query<ThingQuery>,
    body: TypedBody<NewThing>,
) -> Result<HttpResponseOk<Thing>, HttpError> {
    let (path, query, body) = (path.into_inner(), query.into_inner(), body.into_inner());
    if query.limit.is_some_and(|limit| !(1..=100).contains(&limit)) {
        return Err(refused("limit must be from 1 to 100"));
    }
    if !(1..=64).contains(&body.name.chars().count()) {
        return Err(refused("name must have from 1 to 64 characters"));
    }
    if !(0..=1000).contains(&body.count) {
        return Err(refused("count must be from 0 to 1000"));
    }
    Ok(HttpResponseOk(Thing {
        id: format!("{}-{}", path.project, path.id),
        name: body.name,
        total: Some(i64::from(query.limit.unwrap_or(1)) + i64::from(body.count)),
        items: body.shared.map(|shared| vec![shared]),
    }))
}

fn refused(message: &str) -> HttpError {
    HttpError::for_bad_request(None, message.to_owned())
}
