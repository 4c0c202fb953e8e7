//! Asks the handlers for the declared replies, and checks the answers.

use dropshot_contract::http::{HeaderMap, Method};
use dropshot_contract::{Bytes, Operation, Status, Value};

use crate::attempt::Caller;
use crate::body::{self, Kind};
use crate::client::Answer;
use crate::compare::{difference, short};
use crate::document::{Media, Response};
use crate::echo::{Sample, Wanted};
use crate::judge::Direction;
use crate::report::OperationReport;
use crate::sample::{Gap, Plan, sample};
use crate::scalar::{Charset, Richness};
use crate::wire::{self, Style};

/// A reply that the driver asks the handler for.
#[derive(Debug)]
pub(crate) struct Expected<'d> {
    pub(crate) wanted: Wanted,
    pub(crate) media: Option<(Media<'d>, Kind)>,
    pub(crate) about: String,
}

impl Expected<'_> {
    /// A reply that no operation declares.
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

impl<'d> Caller<'d> {
    /// A reply for each declared status and media type, and for each branch of their unions.
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
        report.not_generated.sort();
        report.not_generated.dedup();
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
            match self.reply(response, media, (richness, branch), wanted.clone(), gaps) {
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
        (richness, branch): (Richness, usize),
        mut wanted: Wanted,
        gaps: &mut Vec<Gap>,
    ) -> Result<(Wanted, Option<Kind>, usize), Gap> {
        let plan = Plan {
            direction: Direction::Reply,
            richness,
            charset: Charset::Json,
            branch,
            returned: false,
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
                gaps.extend(
                    made.left_out
                        .into_iter()
                        .map(|gap| format!("reply {}: {gap}", wanted.status)),
                );
                Sample::Json(made.value)
            }
            (_, None) => Sample::Json(Value::from("anything")),
        };
        Ok((wanted, Some(kind), branches))
    }

    /// Checks that an answer is what the driver asked for, and what the document says.
    pub(crate) fn answered(
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
        let no_body = operation.method == Method::HEAD || matches!(wanted.status, 204 | 205 | 304);
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

/// A status that the declared response covers, and no other declared response.
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
        // A 1xx status is not a final answer.
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
