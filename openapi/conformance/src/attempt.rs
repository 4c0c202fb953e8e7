//! A request in the making: its values, and how they become HTTP.

use dropshot_contract::{Bytes, Location, Operation, Value, http};

use crate::body::{self, Kind};
use crate::credentials::{self, Shown};
use crate::document::{Document, Media, Parameter};
use crate::echo;
use crate::judge::{Direction, Judge};
use crate::sample::{Gap, Plan, sample};
use crate::scalar::{Charset, Richness};
use crate::wire::{self, Style, Unwritable};

/// What operations are asked with.
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
    /// What the request is about, for failures.
    pub(crate) about: String,
}

/// A body.
#[derive(Debug, Clone)]
pub(crate) struct Body<'d> {
    /// The media type's index.
    pub(crate) index: usize,
    pub(crate) media: Media<'d>,
    pub(crate) kind: Kind,
    pub(crate) value: Value,
    /// Sent in place of the value.
    pub(crate) raw: Option<(String, Bytes)>,
}

/// What a sample of a parameter is made with.
pub(crate) fn parameter_plan(parameter: &Parameter<'_>, richness: Richness, branch: usize) -> Plan {
    // Nothing stands for null on the wire.
    let richness = if richness == Richness::Nulls && !parameter.json {
        Richness::Full
    } else {
        richness
    };
    Plan {
        direction: Direction::Request,
        richness,
        charset: wire::charset(parameter),
        branch,
    }
}

impl<'d> Caller<'d> {
    /// The requests that an operation is to take, and what could not be made: the least, the fullest, one for each branch
    /// of the unions in it, each body in its turn, each way of showing credentials.
    pub(crate) fn attempts(&self, operation: &Operation, gaps: &mut Vec<Gap>) -> Vec<Attempt<'d>> {
        let alternatives = self.alternatives(operation, gaps);
        let Some(first) = alternatives.first() else {
            return Vec::new();
        };
        let (required, content) = self.document.body(operation).unwrap_or_default();
        let bodies: Vec<Option<usize>> = (0..content.len())
            .map(Some)
            .chain((!required).then_some(None))
            .collect();
        let mut attempts: Vec<Attempt<'d>> = Vec::new();
        let mut plans = vec![
            (Richness::Full, 0),
            (Richness::Minimal, 0),
            (Richness::Nulls, 0),
        ];
        let mut next = 0;
        while let Some(&(richness, branch)) = plans.get(next) {
            next += 1;
            for body in &bodies {
                let made = self.attempt(
                    operation,
                    richness,
                    branch,
                    body.map(|index| (index, content[index])),
                    gaps,
                );
                let Some((mut attempt, branches)) = made else {
                    continue;
                };
                for branch in
                    plans.iter().filter(|plan| plan.0 == Richness::Full).count()..branches.min(16)
                {
                    plans.push((Richness::Full, branch));
                }
                attempt.shown.clone_from(first);
                if !attempts.iter().any(|known| known.is_same(&attempt)) {
                    attempts.push(attempt);
                }
            }
        }
        for alternative in &alternatives[1..] {
            attempts.extend(attempts.first().cloned().map(|attempt| Attempt {
                shown: alternative.clone(),
                ..attempt
            }));
        }
        gaps.sort();
        gaps.dedup();
        attempts
    }

    /// The ways of showing credentials; one that shows nothing where nothing is asked.
    fn alternatives(&self, operation: &Operation, gaps: &mut Vec<Gap>) -> Vec<Vec<Shown>> {
        let security = self.document.security(operation);
        if security.is_empty() {
            return vec![Vec::new()];
        }
        let mut shown: Vec<Vec<Shown>> = Vec::new();
        for alternative in &security {
            match credentials::together(alternative) {
                Ok(alternative) => shown.push(alternative),
                Err(gap) => gaps.push(gap),
            }
        }
        shown
    }

    fn attempt(
        &self,
        operation: &Operation,
        richness: Richness,
        branch: usize,
        media: Option<(usize, Media<'d>)>,
        gaps: &mut Vec<Gap>,
    ) -> Option<(Attempt<'d>, usize)> {
        let mut branches = 1;
        let mut parameters = Vec::new();
        for parameter in self.document.parameters(operation) {
            if !parameter.required && richness == Richness::Minimal {
                continue;
            }
            let plan = parameter_plan(&parameter, richness, branch);
            let made = sample(
                self.document,
                &self.judge,
                parameter.schema,
                parameter.name,
                plan,
            );
            let made = made.and_then(|made| write(&parameter, &made.value).map(|_| made));
            let variable = format!("{{{}}}", parameter.name);
            let adjacent = operation.path.contains(&format!("}}{variable}"))
                || operation.path.contains(&format!("{variable}{{"));
            let made = match made {
                Ok(_) if adjacent && parameter.location == Location::Path => {
                    Err("nothing tells it from the variable beside it".to_owned())
                }
                made => made,
            };
            match made {
                Ok(made) => {
                    branches = branches.max(made.branches);
                    gaps.extend(made.left_out);
                    parameters.push((parameter, made.value));
                }
                Err(gap) => {
                    gaps.push(format!(
                        "{} parameter {}: {gap}",
                        parameter.location.as_str(),
                        parameter.name
                    ));
                    if parameter.required {
                        return None;
                    }
                }
            }
        }
        let body = match media {
            None => None,
            Some((index, media)) => match self.body(index, media, richness, branch, gaps) {
                Ok((body, more)) => {
                    branches = branches.max(more);
                    Some(body)
                }
                Err(gap) => {
                    gaps.push(format!("body {}: {gap}", media.media_type));
                    return None;
                }
            },
        };
        let written = body
            .as_ref()
            .map_or(String::new(), |body| format!(", {}", body.media.media_type));
        let about = format!("{richness:?} {branch}{written}");
        Some((
            Attempt {
                parameters,
                body,
                shown: Vec::new(),
                about,
            },
            branches,
        ))
    }

    fn body(
        &self,
        index: usize,
        media: Media<'d>,
        richness: Richness,
        branch: usize,
        gaps: &mut Vec<Gap>,
    ) -> Result<(Body<'d>, usize), Gap> {
        let kind = Kind::of(self.document, &media, Direction::Request);
        let richness = if kind == Kind::Json || richness != Richness::Nulls {
            richness
        } else {
            Richness::Full
        };
        let plan = Plan {
            direction: Direction::Request,
            richness,
            charset: kind.charset(),
            branch,
        };
        let (value, branches) = match media.schema {
            Some(schema) if kind.has_schema() => {
                let made = sample(self.document, &self.judge, schema, "body", plan)?;
                gaps.extend(made.left_out);
                (made.value, made.branches)
            }
            _ if matches!(kind, Kind::Form | Kind::Multipart) => {
                (serde_json::json!({ "field": "a value" }), 1)
            }
            _ if kind == Kind::Json => (serde_json::json!({ "anything": [1, null] }), 1),
            _ => (Value::from("some text, é\n"), 1),
        };
        body::write(self.document, &media, kind, &value)?;
        Ok((
            Body {
                index,
                media,
                kind,
                value,
                raw: None,
            },
            branches,
        ))
    }
}

impl Attempt<'_> {
    fn is_same(&self, other: &Self) -> bool {
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

    /// The value of the parameter that a header stands for, and of the credentials in the same header: they are one.
    pub(crate) fn shown_in(&self, parameter: &Parameter<'_>) -> Option<&Shown> {
        self.shown.iter().find(|shown| {
            shown.location == parameter.location && shown.name.eq_ignore_ascii_case(parameter.name)
        })
    }

    /// The request.
    pub(crate) fn request(
        &self,
        caller: &Caller<'_>,
        operation: &Operation,
        case: u64,
    ) -> Result<http::Request<Bytes>, Unwritable> {
        let mut path = format!(
            "{}{}",
            operation.base_path.unwrap_or(caller.base_path),
            operation.path
        );
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
                    path = path.replace(&format!("{{{}}}", parameter.name), &parts.concat());
                }
                Location::Query => query.extend(parts),
                Location::Cookie => cookies.extend(parts),
                _ => request = request.header(parameter.name, parts.concat()),
            }
        }
        for shown in &self.shown {
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

/// A parameter's text: in a query or a cookie, its pairs.
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
