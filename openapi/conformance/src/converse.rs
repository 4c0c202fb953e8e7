//! Valid requests and the declared replies to them.

use std::collections::BTreeMap;

use dropshot_contract::http::HeaderMap;
use dropshot_contract::{Bytes, Operation, Status, Value};

use crate::attempt::{Attempt, Caller};
use crate::body::{self, Kind};
use crate::client::Answer;
use crate::compare::{difference, short};
use crate::credentials::together;
use crate::document::{Media, Response};
use crate::drive::{Outcome, Session};
use crate::echo::{Got, Sample, Wanted};
use crate::judge::Direction;
use crate::report::OperationReport;
use crate::sample::{Gap, Plan, sample};
use crate::scalar::{Charset, Richness};
use crate::wire::{self, Style};

/// A reply that the handler is asked for.
#[derive(Debug)]
pub(crate) struct Expected<'d> {
    pub(crate) wanted: Wanted,
    pub(crate) media: Option<(Media<'d>, Kind)>,
    pub(crate) about: String,
}

impl Expected<'_> {
    /// A reply that no operation has.
    pub(crate) fn none() -> Self {
        let wanted = Wanted {
            response: usize::MAX,
            ..Wanted::default()
        };
        Self {
            wanted,
            media: None,
            about: String::new(),
        }
    }
}

impl<'d> Session<'d> {
    /// Sends every request and asks for every reply.
    pub(crate) async fn converse(
        &mut self,
        operation: &'static Operation,
        attempts: &[Attempt<'d>],
        replies: &[Expected<'d>],
        report: &mut OperationReport,
    ) {
        if attempts.is_empty() {
            report
                .not_generated
                .push("no request could be made".to_owned());
            return;
        }
        // Without a reply to ask for, the handler records its request all the same.
        let none = [Expected::none()];
        let wanted = if replies.is_empty() { &none } else { replies };
        for turn in 0..attempts.len().max(replies.len()) {
            let (attempt, expected) = (
                &attempts[turn % attempts.len()],
                &wanted[turn % wanted.len()],
            );
            let outcome = self
                .exchange(&expected.wanted, |caller, case| {
                    attempt.request(caller, operation, case)
                })
                .await;
            let request = match &outcome {
                Ok(outcome) => self.reached(operation, attempt, outcome),
                Err(error) => Err(error.clone()),
            };
            if turn < attempts.len() {
                report.requests.add(request.is_ok());
                report.failures.extend(
                    request
                        .err()
                        .map(|failure| format!("request ({}): {failure}", attempt.about)),
                );
            }
            if turn < replies.len() {
                let reply = match &outcome {
                    Ok(Outcome {
                        answer,
                        got: Some(_),
                    }) => self.caller.answered(operation, expected, answer),
                    Ok(_) => Err("no handler was reached".to_owned()),
                    Err(error) => Err(error.clone()),
                };
                report.replies.add(reply.is_ok());
                report.failures.extend(
                    reply
                        .err()
                        .map(|failure| format!("reply ({}): {failure}", expected.about)),
                );
            }
        }
    }

    /// Whether the handler got what was sent.
    fn reached(
        &self,
        operation: &Operation,
        attempt: &Attempt<'d>,
        outcome: &Outcome,
    ) -> Result<(), String> {
        let Some(got) = &outcome.got else {
            let text = String::from_utf8_lossy(&outcome.answer.body);
            return Err(format!(
                "no handler was reached: {} {}",
                outcome.answer.status,
                text.chars().take(400).collect::<String>()
            ));
        };
        if got.operation != operation.id {
            return Err(format!("{} was reached", got.operation));
        }
        if let Some(error) = got.errors.first() {
            return Err(format!("a value could not be recorded: {error}"));
        }
        self.credentials(operation, attempt, got)?;
        self.parameters(operation, attempt, got)?;
        self.body(attempt, got)
    }

    /// Whether the handler got the credentials of an alternative that is met by what was shown; it may be another one
    /// than was meant, which asks for no more.
    fn credentials(
        &self,
        operation: &Operation,
        attempt: &Attempt<'d>,
        got: &Got,
    ) -> Result<(), String> {
        let security = self.caller.document.security(operation);
        let alternatives = security
            .iter()
            .filter_map(|alternative| together(alternative).ok());
        let mut met = alternatives
            .filter(|alternative| {
                alternative
                    .iter()
                    .all(|shown| attempt.shown.iter().any(|sent| sent.is_same(shown)))
            })
            .map(|alternative| -> BTreeMap<String, String> {
                alternative
                    .into_iter()
                    .map(|shown| (shown.scheme, shown.secret))
                    .collect()
            });
        if security.is_empty() && got.credentials.is_empty()
            || met.any(|alternative| alternative == got.credentials)
        {
            return Ok(());
        }
        Err(format!(
            "credentials {:?} arrived as {:?}",
            attempt.shown, got.credentials
        ))
    }

    fn parameters(
        &self,
        operation: &Operation,
        attempt: &Attempt<'d>,
        got: &Got,
    ) -> Result<(), String> {
        let document = self.caller.document;
        for parameter in document.parameters(operation) {
            let place = format!(
                "{} parameter {}",
                parameter.location.as_str(),
                parameter.name
            );
            let sent = attempt.parameters.iter().find(|(sent, _)| {
                sent.name == parameter.name && sent.location == parameter.location
            });
            let arrived = got
                .parameters
                .get(&(parameter.location, parameter.name.to_owned()));
            let shown = attempt
                .shown_in(&parameter)
                .map(|shown| Value::from(shown.text.clone()));
            let sent = shown.as_ref().or(sent.map(|(_, value)| value));
            let default = crate::facts::Facts::of(document, &[parameter.schema], 0).default;
            match (sent, arrived) {
                (Some(sent), Some(arrived)) => {
                    if let Some(difference) = difference(
                        document,
                        &[parameter.schema],
                        sent,
                        arrived,
                        !parameter.json,
                    ) {
                        return Err(format!("{place}{difference}"));
                    }
                }
                (Some(sent), None) => {
                    return Err(format!("{place} did not arrive: {}", short(sent)));
                }
                (None, Some(arrived)) if default != Some(arrived) => {
                    return Err(format!("{place} arrived unsent: {}", short(arrived)));
                }
                (None, _) => {}
            }
        }
        Ok(())
    }

    fn body(&self, attempt: &Attempt<'d>, got: &Got) -> Result<(), String> {
        let (body, index, arrived) = match (&attempt.body, &got.body) {
            (None, None) => return Ok(()),
            (Some(body), Some((index, arrived))) => (body, *index, arrived),
            (Some(_), None) => return Err("the body did not arrive".to_owned()),
            (None, Some(_)) => return Err("a body arrived that was not sent".to_owned()),
        };
        if index != body.index {
            return Err(format!(
                "the body arrived as media type {index}, not {}",
                body.index
            ));
        }
        let document = self.caller.document;
        let sent = body::write(document, &body.media, body.kind, &body.value)?;
        let text = |bytes: &Bytes| Value::from(String::from_utf8_lossy(bytes));
        match arrived {
            Err(bytes) if *bytes == sent => Ok(()),
            Err(bytes) if body.kind == Kind::Json && body.value == text(bytes) => Ok(()),
            Err(bytes) => Err(format!(
                "the body arrived as other bytes: sent {sent:?}, got {bytes:?}"
            )),
            Ok(arrived) => {
                let schemas: Vec<&Value> = body.media.schema.into_iter().collect();
                let difference = match body.kind {
                    Kind::Bytes | Kind::Xml => {
                        difference(document, &[], &text(&sent), arrived, false)
                    }
                    kind => {
                        difference(document, &schemas, &body.value, arrived, kind != Kind::Json)
                    }
                };
                difference.map_or(Ok(()), |difference| Err(format!("body{difference}")))
            }
        }
    }
}

impl<'d> Caller<'d> {
    /// Every declared status in every media type, and in each with every branch of a union.
    pub(crate) fn replies(
        &self,
        operation: &'static Operation,
        report: &mut OperationReport,
    ) -> Vec<Expected<'d>> {
        if operation.responses.len() != self.document.response_count(operation) {
            report
                .failures
                .push("the generated code does not have every response".to_owned());
        }
        let mut replies = Vec::new();
        for (index, declared) in operation.responses.iter().enumerate() {
            let Some(response) = self.document.response(operation, declared.status) else {
                report.failures.push(format!(
                    "the document has no response {:?}",
                    declared.status
                ));
                continue;
            };
            let Some(status) = status(operation, declared.status) else {
                report.not_generated.push(format!(
                    "reply {:?}: no status is left for it",
                    declared.status
                ));
                continue;
            };
            let content = self.document.response_content(response);
            let forms: Vec<(usize, Option<Media<'d>>)> = match content.as_slice() {
                [] => vec![(0, None)],
                content => content
                    .iter()
                    .map(|media| Some(*media))
                    .enumerate()
                    .collect(),
            };
            for (media_index, media) in forms {
                let wanted = Wanted {
                    response: index,
                    media: media_index,
                    status,
                    ..Wanted::default()
                };
                self.variants(
                    response,
                    media,
                    &wanted,
                    &mut replies,
                    &mut report.not_generated,
                );
            }
        }
        if operation.responses.is_empty() {
            let wanted = Wanted {
                status: 200,
                ..Wanted::default()
            };
            replies.push(Expected {
                wanted,
                media: None,
                about: "undeclared".to_owned(),
            });
        }
        replies
    }

    fn variants(
        &self,
        response: Response<'d>,
        media: Option<Media<'d>>,
        wanted: &Wanted,
        replies: &mut Vec<Expected<'d>>,
        gaps: &mut Vec<Gap>,
    ) {
        let mut plans = vec![
            (Richness::Full, 0),
            (Richness::Minimal, 0),
            (Richness::Nulls, 0),
        ];
        let mut next = 0;
        let mut known: Vec<String> = Vec::new();
        while let Some(&(richness, branch)) = plans.get(next) {
            next += 1;
            let about = match media {
                Some(media) => format!(
                    "{} {} {richness:?} {branch}",
                    wanted.status, media.media_type
                ),
                None => format!("{} {richness:?}", wanted.status),
            };
            match self.reply(response, media, richness, branch, wanted.clone()) {
                Ok((wanted, kind, branches)) => {
                    for branch in plans.iter().filter(|plan| plan.0 == Richness::Full).count()
                        ..branches.min(16)
                    {
                        plans.push((Richness::Full, branch));
                    }
                    let identity = format!("{:?} {:?}", wanted.body, wanted.headers);
                    if !known.contains(&identity) {
                        known.push(identity);
                        replies.push(Expected {
                            wanted,
                            media: media.zip(kind),
                            about,
                        });
                    }
                }
                Err(gap) => gaps.push(format!("reply {about}: {gap}")),
            }
        }
    }

    fn reply(
        &self,
        response: Response<'d>,
        media: Option<Media<'d>>,
        richness: Richness,
        branch: usize,
        mut wanted: Wanted,
    ) -> Result<(Wanted, Option<Kind>, usize), Gap> {
        let plan = Plan {
            direction: Direction::Reply,
            richness,
            charset: Charset::Json,
            branch,
        };
        for header in self.document.response_headers(response) {
            if richness == Richness::Minimal && !header.required {
                continue;
            }
            let richness = if richness == Richness::Nulls {
                Richness::Full
            } else {
                richness
            };
            let made = sample(
                self.document,
                &self.judge,
                header.schema,
                header.name,
                Plan {
                    charset: Charset::Plain,
                    richness,
                    ..plan
                },
            )?;
            let style = Style {
                name: header.name,
                style: "simple",
                explode: header.explode,
                escape: wire::plain,
            };
            let text = if header.json {
                made.value.to_string()
            } else {
                style.text(&made.value)?
            };
            wanted
                .headers
                .insert(header.name.to_ascii_lowercase(), (made.value, text));
        }
        let Some(media) = media else {
            return Ok((wanted, None, 1));
        };
        let kind = Kind::of(self.document, &media, Direction::Reply);
        wanted.media_type = body::content_type(media.media_type);
        let mut branches = 1;
        wanted.body = match (kind, media.schema) {
            (Kind::Bytes, _) => Sample::Bytes(Bytes::from_static(body::BINARY)),
            (Kind::Form | Kind::Multipart | Kind::Xml, _) => {
                Sample::Bytes(body::write(self.document, &media, Kind::Xml, &Value::Null)?)
            }
            (_, Some(schema)) => {
                let charset = if kind == Kind::Json {
                    Charset::Json
                } else {
                    Charset::Escaped
                };
                let made = sample(
                    self.document,
                    &self.judge,
                    schema,
                    "reply",
                    Plan { charset, ..plan },
                )?;
                branches = made.branches;
                Sample::Json(made.value)
            }
            (_, None) => Sample::Json(Value::from("anything")),
        };
        Ok((wanted, Some(kind), branches))
    }

    /// Whether an answer is what the handler was asked for, and what the document says.
    fn answered(
        &self,
        operation: &Operation,
        expected: &Expected<'d>,
        answer: &Answer,
    ) -> Result<(), String> {
        let wanted = &expected.wanted;
        if answer.status.as_u16() != wanted.status {
            let text = String::from_utf8_lossy(&answer.body);
            return Err(format!(
                "status {} instead of {}: {}",
                answer.status,
                wanted.status,
                text.chars().take(400).collect::<String>()
            ));
        }
        headers(wanted, &answer.headers)?;
        let no_body = operation.method == dropshot_contract::http::Method::HEAD
            || matches!(wanted.status, 204 | 205 | 304);
        let Some((media, kind)) = &expected.media else {
            let unexpected = !answer.body.is_empty() && !operation.responses.is_empty();
            return if unexpected {
                Err("a body came that the document does not declare".to_owned())
            } else {
                Ok(())
            };
        };
        if no_body {
            return Ok(());
        }
        let content_type = answer
            .headers
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if content_type != wanted.media_type {
            return Err(format!(
                "Content-Type {content_type:?} instead of {:?}",
                wanted.media_type
            ));
        }
        match (&wanted.body, kind) {
            (Sample::Json(sample), Kind::Json) => {
                let value: Value = serde_json::from_slice(&answer.body)
                    .map_err(|error| format!("the body is not JSON: {error}"))?;
                if let Some(schema) = media.schema {
                    let errors = self.judge.errors(schema, Direction::Reply, &value)?;
                    if !errors.is_empty() {
                        return Err(format!(
                            "the body is not valid: {}; got {}",
                            errors.join("; "),
                            short(&value)
                        ));
                    }
                }
                let schemas: Vec<&Value> = media.schema.into_iter().collect();
                difference(self.document, &schemas, sample, &value, false)
                    .map_or(Ok(()), |difference| Err(format!("body{difference}")))
            }
            (Sample::Json(sample), _) => same(answer, wire::scalar(sample)?.as_bytes()),
            (Sample::Bytes(bytes), _) => same(answer, bytes),
            (Sample::None, _) => same(answer, b""),
        }
    }
}

fn same(answer: &Answer, bytes: &[u8]) -> Result<(), String> {
    if answer.body == bytes {
        return Ok(());
    }
    Err(format!(
        "the body is {:?} instead of {:?}",
        answer.body,
        Bytes::copy_from_slice(bytes)
    ))
}

fn headers(wanted: &Wanted, headers: &HeaderMap) -> Result<(), String> {
    for (name, (value, text)) in &wanted.headers {
        let lines: Vec<&str> = headers
            .get_all(name)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .collect();
        let [line] = lines.as_slice() else {
            return Err(format!("header {name} came {} times", lines.len()));
        };
        let number = value
            .as_f64()
            .is_some_and(|value| line.parse() == Ok(value));
        if line != text && !number {
            return Err(format!("header {name} is {line:?} instead of {text:?}"));
        }
    }
    Ok(())
}

/// A status that stands for the declared one, and for no other that is declared.
fn status(operation: &Operation, declared: Status) -> Option<u16> {
    let explicit = |status: u16| {
        operation
            .responses
            .iter()
            .any(|response| response.status == Status::Code(status))
    };
    let ranged = |status: u16| {
        operation
            .responses
            .iter()
            .any(|response| response.status == Status::Range((status / 100) as u8))
    };
    match declared {
        // A 1xx is no final answer.
        Status::Code(code) => (code >= 200).then_some(code),
        Status::Range(1) => None,
        Status::Range(digit) => {
            let bodiless = [204, 205, 304];
            (u16::from(digit) * 100..)
                .take(100)
                .find(|status| !explicit(*status) && !bodiless.contains(status))
        }
        Status::Default => [500, 418, 503, 404, 400, 200, 201]
            .into_iter()
            .find(|status| !explicit(*status) && !ranged(*status)),
    }
}
