//! The one handler behind every endpoint: choose the operation, read the request, call, finish the response.

use std::sync::Arc;

use dropshot::{
    ApiEndpoint, ApiEndpointVersions, HttpError, RawRequest, RequestContext, ServerContext,
};
use http::header::{ALLOW, CONNECTION};
use http::request::Parts;
use http::{HeaderValue, Method, Version};

use crate::failure::finish;
use crate::mount::{Admit, Rejected, Route};
use crate::parameters::Path;
use crate::receive::{Limits, receive};
use crate::received::Received;
use crate::route::{Found, Table};
use crate::{Rejection, Response};

/// What all handlers share.
pub(crate) struct Service<C: ServerContext> {
    pub(crate) routes: Vec<Route<C>>,
    pub(crate) table: Arc<Table>,
    pub(crate) limits: Limits,
    pub(crate) admit: Option<Admit>,
    pub(crate) rejected: Rejected<C>,
}

/// The one kind of endpoint. Without a route, the table chooses.
pub(crate) fn endpoint<C: ServerContext>(
    service: &Arc<Service<C>>,
    route: Option<usize>,
    id: &str,
    method: &Method,
    path: &str,
) -> ApiEndpoint<C> {
    let service = Arc::clone(service);
    let handler = move |rqctx: RequestContext<C>, request: RawRequest| {
        serve(Arc::clone(&service), route, rqctx, request)
    };
    ApiEndpoint::new(
        id.to_owned(),
        handler,
        method.clone(),
        "application/json",
        path,
        ApiEndpointVersions::All,
    )
}

/// Not a method, so that the request is moved once less.
async fn serve<C: ServerContext>(
    service: Arc<Service<C>>,
    route: Option<usize>,
    mut rqctx: RequestContext<C>,
    request: RawRequest,
) -> Result<Response, HttpError> {
    let (parts, mut body) = request.into_inner().into_parts();
    let (index, path) = choose(&service.table, route, &parts)?;
    let Route { operation, call } = &service.routes[index];
    if route.is_none() {
        rqctx.endpoint.operation_id = operation.id.to_owned();
    }
    let request_id = rqctx.request_id.clone();
    let _under_way = match &service.admit {
        None => None,
        Some(admit) => match admit(&rqctx.request) {
            Some(admitted) => Some(admitted),
            None => {
                let rejection = Rejection::overloaded(operation);
                return finish((service.rejected)(rqctx, rejection).await, &request_id);
            }
        },
    };
    match receive(operation, &parts.headers, &mut body, service.limits).await {
        Ok(content) => {
            let empty_is_absent = service.limits.empty_is_absent;
            let received = Received::new(operation, path, parts, content, empty_is_absent);
            finish(call(rqctx, received).await, &request_id)
        }
        Err(rejection) => {
            let close = rejection.leaves_body_unread() && parts.version <= Version::HTTP_11;
            let mut response = (service.rejected)(rqctx, rejection).await;
            if close {
                response
                    .headers_mut()
                    .insert(CONNECTION, HeaderValue::from_static("close"));
            }
            finish(response, &request_id)
        }
    }
}

/// The route and what its variables stand for.
fn choose(table: &Table, route: Option<usize>, parts: &Parts) -> Result<(usize, Path), HttpError> {
    let raw_path = parts.uri.path();
    let (index, captures) = match route {
        Some(index) => (index, table.templates[index].locate(raw_path)),
        None => match table.find(&parts.method, raw_path) {
            Found::Route { index, captures } => (index, captures),
            Found::MethodNotAllowed(allow) => return Err(method_not_allowed(&allow)),
            Found::NotFound => {
                let message = "no operation has this path".to_owned();
                return Err(HttpError::for_not_found(None, message));
            }
        },
    };
    let template = Arc::clone(&table.templates[index]);
    Ok((index, Path { template, captures }))
}

fn method_not_allowed(allow: &str) -> HttpError {
    let status = dropshot::ClientErrorStatusCode::METHOD_NOT_ALLOWED;
    let mut error = HttpError::for_client_error_with_status(None, status);
    if let Ok(allow) = HeaderValue::from_str(allow) {
        error.headers_mut().insert(ALLOW, allow);
    }
    error
}
