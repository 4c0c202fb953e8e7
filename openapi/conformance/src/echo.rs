//! The service's side of the test: the functions that the generated module `echo` calls.
//!
//! The driver puts a [`Case`] into the [`Context`] and sends its number with the request. The
//! handler records in the case what it got, and takes the samples for its answer from the case. It
//! records JSON, the one form that driver and handler share.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dropshot_contract::dropshot::Body;
use dropshot_contract::http::{HeaderMap, HeaderValue};
use dropshot_contract::{
    self as rt, Bytes, Failure, Invalid, Location, Node, Object, RequestContext, Response,
    StatusCode, Value,
};
use serde::Serialize;

/// The header with the number of the case.
pub const CASE: &str = "x-conformance-case";

/// The cases that driver and handlers share.
#[derive(Debug, Clone, Default)]
pub struct Context(Arc<Mutex<HashMap<u64, Case>>>);

/// A request: the answer that the driver wants, and what the handler got.
#[derive(Debug, Default)]
pub(crate) struct Case {
    pub(crate) wanted: Wanted,
    pub(crate) got: Option<Got>,
}

/// The answer that the driver wants.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// Index into the operation's responses.
    pub(crate) response: usize,
    /// Index into the response's media types. 0 for a response without a body.
    pub(crate) media: usize,
    pub(crate) status: u16,
    /// The `Content-Type`. For a range, this is a media type within the range.
    pub(crate) media_type: String,
    pub(crate) body: Sample,
    /// The headers, by name in lower case: the value, and its text.
    pub(crate) headers: HashMap<String, (Value, String)>,
}

/// The body of a reply.
#[derive(Debug, Clone, Default)]
pub(crate) enum Sample {
    #[default]
    None,
    Json(Value),
    Bytes(Bytes),
}

/// What a handler got.
#[derive(Debug, Clone, Default)]
pub(crate) struct Got {
    pub(crate) operation: String,
    pub(crate) parameters: BTreeMap<(Location, String), Value>,
    /// The index of the media type, and the value or the bytes.
    pub(crate) body: Option<(usize, Result<Value, Bytes>)>,
    /// The credentials, by the scheme's name.
    pub(crate) credentials: BTreeMap<String, String>,
    /// Why values could not be recorded.
    pub(crate) errors: Vec<String>,
}

impl Context {
    pub(crate) fn expect(&self, case: u64, wanted: Wanted) {
        self.cases().insert(case, Case { wanted, got: None });
    }

    pub(crate) fn take(&self, case: u64) -> Option<Got> {
        self.cases().remove(&case)?.got
    }

    fn cases(&self) -> MutexGuard<'_, HashMap<u64, Case>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request in a handler.
#[derive(Debug)]
pub struct Exchange {
    context: Context,
    case: u64,
    wanted: Wanted,
    got: Got,
}

impl Exchange {
    /// The case that the request belongs to.
    ///
    /// # Errors
    /// 500 for a request that the driver did not send.
    pub fn begin(
        rqctx: &RequestContext<Context>,
        operation: &'static str,
    ) -> Result<Self, Failure> {
        let context = rqctx.context().clone();
        let case = number(rqctx.request.headers())
            .ok_or_else(|| Failure::internal("the request has no case number"))?;
        let wanted = context.cases().get(&case).map(|case| case.wanted.clone());
        let wanted = wanted.ok_or_else(|| Failure::internal("no such case"))?;
        let got = Got {
            operation: operation.to_owned(),
            ..Got::default()
        };
        Ok(Self {
            context,
            case,
            wanted,
            got,
        })
    }

    /// Records credentials.
    pub fn credentials(&mut self, scheme: &str, shown: &str) {
        self.got
            .credentials
            .insert(scheme.to_owned(), shown.to_owned());
    }

    /// Records a parameter.
    pub fn parameter<T: Serialize + ?Sized>(&mut self, location: Location, name: &str, value: &T) {
        let value = self.recorded(value);
        self.got
            .parameters
            .insert((location, name.to_owned()), value);
    }

    /// Records the body, in the media type with this index.
    pub fn body<T: Serialize + ?Sized>(&mut self, media: usize, body: &T) {
        let body = self.recorded(body);
        self.got.body = Some((media, Ok(body)));
    }

    /// Records a body of bytes.
    pub fn bytes(&mut self, media: usize, body: &Bytes) {
        self.got.body = Some((media, Err(body.clone())));
    }

    fn recorded<T: Serialize + ?Sized>(&mut self, value: &T) -> Value {
        let recorded = mirrored(Mirror::Recording, || serde_json::to_value(value));
        recorded.unwrap_or_else(|error| {
            self.got.errors.push(error.to_string());
            Value::Null
        })
    }

    /// Ends the recording. Returns the indices of the response and of its media type to answer
    /// with.
    pub fn wanted(&mut self) -> (usize, usize) {
        if let Some(case) = self.context.cases().get_mut(&self.case) {
            case.got = Some(std::mem::take(&mut self.got));
        }
        (self.wanted.response, self.wanted.media)
    }

    /// The status to answer with, if the response does not fix it.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.wanted.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The body to answer with.
    ///
    /// # Errors
    /// 500 with the reason if the type refuses the sample.
    pub fn reply<T>(&self, decode: fn(Node) -> Result<T, Invalid>) -> Result<T, Failure> {
        let node = match &self.wanted.body {
            Sample::Json(value) => node(value),
            Sample::Bytes(bytes) => Ok(Node::Bytes(bytes.clone())),
            Sample::None => Err(Invalid::new(rt::Reason::MissingBody, "has no sample")),
        };
        mirrored(Mirror::Replying, || node.and_then(decode))
            .map_err(|invalid| unfit("the sample of the body", &invalid))
    }

    /// The body to answer with, as text.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.wanted.body {
            Sample::Json(Value::String(text)) => text.clone(),
            Sample::Json(value) => value.to_string(),
            Sample::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Sample::None => String::new(),
        }
    }

    /// The body to answer with, as bytes, and its media type if the document declares a range.
    #[must_use]
    pub fn payload(&self) -> rt::Payload {
        let payload: rt::Payload = match &self.wanted.body {
            Sample::Bytes(bytes) => bytes.clone().into(),
            _ => self.text().into(),
        };
        match HeaderValue::from_str(&self.wanted.media_type) {
            Ok(media_type) => payload.of_type(media_type),
            Err(_) => payload,
        }
    }

    /// A header that the response must have.
    ///
    /// # Errors
    /// 500 if there is no sample, or if the type refuses it.
    pub fn required_header<T>(
        &self,
        name: &str,
        decode: fn(Node) -> Result<T, Invalid>,
    ) -> Result<T, Failure> {
        self.header(name, decode)?.ok_or_else(|| missing(name))
    }

    /// A header that the response may have.
    ///
    /// # Errors
    /// 500 if the type refuses the sample.
    pub fn header<T>(
        &self,
        name: &str,
        decode: fn(Node) -> Result<T, Invalid>,
    ) -> Result<Option<T>, Failure> {
        let sample = self.wanted.headers.get(&name.to_ascii_lowercase());
        sample
            .map(|(value, _)| node(value).and_then(decode))
            .transpose()
            .map_err(|invalid| unfit(name, &invalid))
    }

    /// A header that the response must have, as text.
    ///
    /// # Errors
    /// 500 if there is no sample.
    pub fn required_header_text(&self, name: &str) -> Result<String, Failure> {
        self.header_text(name)?.ok_or_else(|| missing(name))
    }

    /// A header that the response may have, as text.
    ///
    /// # Errors
    /// This method never fails. It has the same signature as the other header methods.
    pub fn header_text(&self, name: &str) -> Result<Option<String>, Failure> {
        let sample = self.wanted.headers.get(&name.to_ascii_lowercase());
        Ok(sample.map(|(_, text)| text.clone()))
    }

    /// The answer of an operation that declares no response.
    #[must_use]
    pub fn undeclared(&self) -> Response {
        let mut response = Response::new(Body::from(self.text()));
        *response.status_mut() = self.status();
        response
    }

    /// 500: the driver wants a response that the generated code does not have.
    #[must_use]
    pub fn unknown(&self) -> Failure {
        let Wanted {
            response, media, ..
        } = self.wanted;
        Failure::internal(format!(
            "there is no response {response} with a media type {media}"
        ))
    }
}

fn number(headers: &HeaderMap) -> Option<u64> {
    headers.get(CASE)?.to_str().ok()?.parse().ok()
}

fn node(value: &Value) -> Result<Node, Invalid> {
    Node::from_json(value.to_string().as_bytes())
}

/// The failure holds a response, because the message of an internal error stays in the log.
fn unfit(what: &str, invalid: &Invalid) -> Failure {
    let mut response = Response::new(Body::from(format!(
        "{what} does not fit its type: {invalid}"
    )));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.into()
}

fn missing(name: &str) -> Failure {
    let invalid = Invalid::new(rt::Reason::MissingProperty, "has no sample");
    unfit(name, &invalid)
}

/// Why a type is used in a direction in which its service never uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mirror {
    None,
    /// A request is serialized, with its `writeOnly` properties.
    Recording,
    /// A reply is decoded, with its `readOnly` properties.
    Replying,
}

thread_local! {
    static MIRROR: Cell<Mirror> = const { Cell::new(Mirror::None) };
}

fn mirrored<T>(mirror: Mirror, work: impl FnOnce() -> T) -> T {
    MIRROR.set(mirror);
    let done = work();
    MIRROR.set(Mirror::None);
    done
}

/// Removes a `readOnly` property from a request, for a type that keeps or refuses unknown
/// properties.
pub fn ignore(object: &mut Object, name: &str) {
    if MIRROR.get() != Mirror::Replying {
        object.ignore(name);
    }
}

/// Reads a `readOnly` property if a reply is made from a sample. Leaves it alone in a request.
///
/// # Errors
/// The errors of `decode`, and a missing property that a reply must have.
pub fn read_only<T>(
    object: &mut Object,
    name: &str,
    required: bool,
    decode: fn(Node) -> Result<T, Invalid>,
) -> Result<Option<T>, Invalid> {
    match (MIRROR.get() == Mirror::Replying, required) {
        (false, _) => Ok(None),
        (true, false) => object.optional(name, decode),
        (true, true) => object.required(name, decode).map(Some),
    }
}

/// Reads a `writeOnly` property from a request. The sample of a reply does not have it.
///
/// # Errors
/// The errors of `decode`, and a missing property that a request must have.
pub fn write_only<T>(
    object: &mut Object,
    name: &str,
    required: bool,
    decode: fn(Node) -> Result<T, Invalid>,
) -> Result<Option<T>, Invalid> {
    match (MIRROR.get() == Mirror::Replying, required) {
        (true, _) => Ok(None),
        (false, false) => object.optional(name, decode),
        (false, true) => object.required(name, decode).map(Some),
    }
}

/// Whether serialization leaves out a `writeOnly` property. In a reply, it always does.
pub fn unwritten<T>(value: &Option<T>) -> bool {
    value.is_none() || MIRROR.get() != Mirror::Recording
}
