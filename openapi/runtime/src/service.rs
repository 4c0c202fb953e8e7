//! The handler behind every endpoint. It chooses the operation, checks the head, reads the request,
//! calls the operation's function, and completes the response.

use std::any::Any;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Instant;

use dropshot::{ApiEndpoint, ApiEndpointVersions, HttpError, RawRequest, ServerContext};
use futures_util::FutureExt as _;
use http::header::CONNECTION;
use http::{HeaderValue, Method, Version};

use crate::endpoint::PATH;
use crate::failure::finish;
use crate::operation::Operation;
use crate::options::{Admit, Observe, Rejected, Route};
use crate::receive::{Limits, receive};
use crate::received::{Path, Received};
use crate::route::{Found, Table};
use crate::unbroken::Unbroken;
use crate::{Answered, Rejection, RequestContext, Response, head};

/// The data that all endpoints share.
pub(crate) struct Service<C: ServerContext> {
    pub(crate) routes: Vec<Route<C>>,
    pub(crate) table: Table,
    pub(crate) limits: Limits,
    pub(crate) header_bytes: usize,
    pub(crate) admit: Option<Admit>,
    pub(crate) observe: Option<Observe>,
    pub(crate) draining: Arc<AtomicBool>,
    pub(crate) rejected: Rejected<C>,
}

/// What is known so far of a request that is being answered.
#[derive(Default)]
struct Progress {
    operation: Option<&'static Operation>,
    is_one_too_many: bool,
}

/// Makes the endpoint of a method, for every path.
pub(crate) fn endpoint<C: ServerContext>(
    service: &Arc<Service<C>>,
    method: &Method,
) -> ApiEndpoint<C> {
    let service = Arc::clone(service);
    let handler = move |rqctx: dropshot::RequestContext<C>, request: RawRequest| {
        let rqctx = RequestContext::new(rqctx);
        Unbroken::new(serve(Arc::clone(&service), rqctx, request))
    };
    ApiEndpoint::new(
        format!("{method} {PATH}"),
        handler,
        method.clone(),
        "application/json",
        PATH,
        ApiEndpointVersions::All,
    )
}

/// It is not a method of `Service`, so that the request is moved once less.
async fn serve<C: ServerContext>(
    service: Arc<Service<C>>,
    rqctx: RequestContext<C>,
    request: RawRequest,
) -> Result<Response, HttpError> {
    let request = request.into_inner();
    let is_head = *request.method() == Method::HEAD;
    let closes = service.draining.load(Ordering::Relaxed) && request.version() <= Version::HTTP_11;
    let observed = service.observe.as_ref().map(|_| Instant::now());
    let request_id = rqctx.request_id.clone();
    let mut progress = Progress::default();
    let answered = {
        let mut answering = pin!(answer(&service, rqctx, request, &request_id, &mut progress));
        match poll_fn(|context| Poll::Ready(answering.as_mut().poll(context))).await {
            Poll::Pending => answering.await,
            Poll::Ready(answered) => {
                // Requests that came together are answered together. Each answer by itself would
                // wake a caller on this machine, such as a gateway, and a wake-up costs more than
                // the rest of an answer. A request that had to wait was woken with others anyway.
                tokio::task::yield_now().await;
                answered
            }
        }
    };
    if let (Some(observe), Some(began)) = (&service.observe, observed) {
        let (status, cause) = match &answered {
            Ok(response) => (response.status(), None),
            Err(error) => (
                error.status_code.as_status(),
                Some(&*error.internal_message),
            ),
        };
        observe(&Answered {
            operation: progress.operation,
            status,
            cause,
            is_one_too_many: progress.is_one_too_many,
            elapsed: began.elapsed(),
            request_id: &request_id,
        });
    }
    if !is_head && !closes {
        return answered;
    }
    let mut response = answered.unwrap_or_else(|error| error.into_response(&request_id));
    if is_head {
        response = head::without_content(response);
    }
    if closes {
        close(&mut response);
    }
    Ok(response)
}

async fn answer<C: ServerContext>(
    service: &Service<C>,
    mut rqctx: RequestContext<C>,
    request: http::Request<dropshot::Body>,
    request_id: &str,
    progress: &mut Progress,
) -> Result<Response, HttpError> {
    let (parts, mut body) = request.into_parts();
    let (index, path, allow) = match service.table.find(&parts.method, parts.uri.path()) {
        Found::Route { index, captures } => {
            let template = Arc::clone(&service.table.templates[index]);
            (index, Path { template, captures }, None)
        }
        Found::MethodNotAllowed { index, allow } => {
            let template = Arc::clone(&service.table.templates[index]);
            let captures = Vec::new();
            (index, Path { template, captures }, Some(allow))
        }
        Found::NotFound => {
            let message = "no operation has this path".to_owned();
            return Err(HttpError::for_not_found(None, message));
        }
    };
    let Route { operation, call } = &service.routes[index];
    progress.operation = Some(operation);
    operation.id.clone_into(&mut rqctx.endpoint.operation_id);
    if let Some(admit) = &service.admit {
        match admit(&rqctx.request) {
            Ok(admitted) => rqctx.admit(admitted),
            Err(admitted) => {
                rqctx.admit(admitted);
                progress.is_one_too_many = true;
                let rejection = Rejection::overloaded(operation);
                return finish((service.rejected)(rqctx, rejection).await, request_id);
            }
        }
    }
    let checked = match allow {
        Some(allow) => Err(Rejection::method_not_allowed(operation, allow)),
        None => head::check(&parts, service.header_bytes, operation),
    };
    let content = match checked {
        Ok(()) => receive(operation, &parts.headers, &mut body, service.limits).await,
        Err(rejection) => Err(rejection),
    };
    match content {
        Ok(content) => {
            let empty_is_absent = service.limits.empty_is_absent;
            let received = Received::new(operation, path, parts, content, empty_is_absent);
            // A panic of a handler ends its request, and not the connection with others on it.
            let called = AssertUnwindSafe(async { call(rqctx, Box::new(received)).await });
            match called.catch_unwind().await {
                Ok(response) => finish(response, request_id),
                Err(panic) => Err(HttpError::for_internal_error(words(&*panic))),
            }
        }
        Err(rejection) => {
            let closes = rejection.leaves_body_unread() && parts.version <= Version::HTTP_11;
            let mut response = (service.rejected)(rqctx, rejection).await;
            if closes {
                close(&mut response);
            }
            finish(response, request_id)
        }
    }
}

/// The message of a handler's panic, for the log.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the handler panicked: {}", text.unwrap_or("without words"))
}

fn close(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
}
