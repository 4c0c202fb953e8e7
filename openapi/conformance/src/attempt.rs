//! One request: the values that it sends, and how they are written as HTTP.

use dropshot_contract::{Bytes, Location, Operation, Value, http};

use crate::body::{self, Kind};
use crate::credentials::Shown;
use crate::document::{Document, Media, Parameter};
use crate::echo;
use crate::judge::Judge;
use crate::scalar::Charset;
use crate::wire::{self, Style, Unwritable};

/// The data that every request to a service needs.
pub(crate) struct Caller<'d> {
    pub(crate) document: &'d Document,
    pub(crate) judge: Judge<'d>,
    pub(crate) base_path: &'d str,
    pub(crate) host: String,
}

/// A request to one operation.
#[derive(Debug, Clone)]
pub(crate) struct Attempt<'d> {
    pub(crate) parameters: Vec<(Parameter<'d>, Value)>,
    pub(crate) body: Option<Body<'d>>,
    pub(crate) shown: Vec<Shown>,
    /// A description of the request, for failures.
    pub(crate) about: String,
}

/// The body of a request.
#[derive(Debug, Clone)]
pub(crate) struct Body<'d> {
    /// The index of the media type among those that the operation takes.
    pub(crate) index: usize,
    pub(crate) media: Media<'d>,
    pub(crate) kind: Kind,
    pub(crate) value: Value,
    /// A content type and bytes that are sent instead of the value.
    pub(crate) raw: Option<(String, Bytes)>,
}

impl Attempt<'_> {
    /// Whether both attempts send the same values.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let values = |attempt: &Self| -> Vec<(Location, String, Value)> {
            let parameters = attempt.parameters.iter();
            parameters
                .map(|(parameter, value)| {
                    (parameter.location, parameter.name.to_owned(), value.clone())
                })
                .collect()
        };
        let body = |attempt: &Self| {
            attempt
                .body
                .as_ref()
                .map(|body| (body.index, body.value.clone()))
        };
        values(self) == values(other) && body(self) == body(other)
    }

    /// The credentials that take this parameter's place. A request with such credentials sends them
    /// and not the parameter's value.
    pub(crate) fn shown_in(&self, parameter: &Parameter<'_>) -> Option<&Shown> {
        self.shown.iter().find(|shown| {
            shown.location == parameter.location && shown.name.eq_ignore_ascii_case(parameter.name)
        })
    }

    /// Writes the request as HTTP.
    pub(crate) fn request(
        &self,
        caller: &Caller<'_>,
        operation: &Operation,
        case: u64,
    ) -> Result<http::Request<Bytes>, Unwritable> {
        let base = operation.base_path.unwrap_or(caller.base_path);
        let mut path = wire::template(&format!("{base}{}", operation.path));
        let mut query = Vec::new();
        let mut cookies = Vec::new();
        let mut request = http::Request::builder()
            .method(operation.method.clone())
            .header("host", &caller.host)
            .header(echo::CASE, case);
        for (parameter, value) in &self.parameters {
            if self.shown_in(parameter).is_some() {
                continue;
            }
            let parts = write(parameter, value)?;
            match parameter.location {
                Location::Path => {
                    path = path.replace(&place(parameter.name), &parts.concat());
                }
                Location::Query => query.extend(parts),
                Location::Cookie => cookies.extend(parts),
                _ => request = request.header(parameter.name, parts.concat()),
            }
        }
        let mut shown_once: Vec<&Shown> = Vec::new();
        for shown in &self.shown {
            if !shown_once.iter().any(|known| known.is_same(shown)) {
                shown_once.push(shown);
            }
        }
        for shown in shown_once {
            let pair = || {
                format!(
                    "{}={}",
                    wire::percent(&shown.name),
                    wire::percent(&shown.text)
                )
            };
            match shown.location {
                Location::Query => query.push(pair()),
                Location::Cookie => cookies.push(pair()),
                _ => request = request.header(&shown.name, &shown.text),
            }
        }
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        let bytes = match &self.body {
            None => Bytes::new(),
            Some(Body {
                raw: Some((media_type, bytes)),
                ..
            }) => {
                request = request.header("content-type", media_type);
                bytes.clone()
            }
            Some(body) => {
                request = request.header("content-type", body::content_type(body.media.media_type));
                body::write(caller.document, &body.media, body.kind, &body.value)?
            }
        };
        request
            .uri(path)
            .body(bytes)
            .map_err(|error| error.to_string())
    }
}

/// The text of a variable in a path template.
fn place(name: &str) -> String {
    wire::template(&format!("{{{name}}}"))
}

/// The text of a parameter. In a query or a cookie, these are its pairs.
pub(crate) fn write(parameter: &Parameter<'_>, value: &Value) -> Result<Vec<String>, Unwritable> {
    let style = Style::of(parameter);
    if parameter.json {
        let text = (style.escape)(&value.to_string());
        return Ok(match parameter.location {
            Location::Query | Location::Cookie => {
                vec![format!("{}={text}", wire::percent(parameter.name))]
            }
            _ => vec![text],
        });
    }
    match parameter.location {
        Location::Query | Location::Cookie => style.pairs(value),
        _ => match style.text(value)? {
            text if text.is_empty() && parameter.location == Location::Path => {
                Err("a segment of a path is not empty".to_owned())
            }
            text if wire::charset(parameter) == Charset::Plain && text.trim() != text => {
                Err("a header does not keep white space around it".to_owned())
            }
            text => Ok(vec![text]),
        },
    }
}
