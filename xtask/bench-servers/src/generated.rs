//! The operation, on the API that the generator makes.

#[allow(dead_code, missing_docs)] // the document is not served here
mod api {
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}

use api::{replies, requests, types};
use dropshot::ApiDescription;
use dropshot_contract::{Failure, Options, RequestContext};

/// The API.
pub fn api() -> Result<ApiDescription<()>, String> {
    api::api_description::<Service>(Options::default()).map_err(|error| error.to_string())
}

enum Service {}

impl api::Api for Service {
    type Context = ();

    async fn make_thing(
        _rqctx: RequestContext<()>,
        request: requests::MakeThingRequest,
    ) -> Result<replies::MakeThingReply, Failure> {
        let requests::MakeThingRequest {
            project,
            id,
            limit,
            body,
            ..
        } = request;
        Ok(replies::MakeThingReply::Ok(types::Thing {
            id: format!("{project}-{id}"),
            name: body.name,
            total: Some(i64::from(limit.unwrap_or(1)) + i64::from(body.count)),
            items: body.shared.map(|shared| vec![shared]),
        }))
    }
}
