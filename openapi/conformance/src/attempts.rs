//! Makes the valid requests to an operation: the smallest and the fullest, with each branch of a
//! union, each body, and each way of showing credentials.

use dropshot_contract::{Bytes, Location, Operation, Value};

use crate::attempt::{Attempt, Body, Caller, write};
use crate::body::{self, Kind};
use crate::credentials::{self, Shown};
use crate::document::{Media, Parameter};
use crate::judge::Direction;
use crate::sample::{Gap, Plan, sample, stripped};
use crate::scalar::{Charset, Richness};
use crate::wire;

impl<'d> Caller<'d> {
    /// Makes the requests that the service must accept: the fullest, the smallest, one with nulls,
    /// one for each branch of the unions, each of them with each body, and one for each way of
    /// showing credentials. `gaps` gets a reason for each part that could not be made.
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
        let returned = attempts.first().and_then(|attempt| self.returned(attempt));
        attempts.extend(returned);
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

    /// The ways of showing credentials. If the operation asks for none, there is a single way,
    /// which shows nothing.
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
            returned: false,
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

    /// The attempt with a body that also has the `readOnly` properties. The handler must not get
    /// them.
    fn returned(&self, attempt: &Attempt<'d>) -> Option<Attempt<'d>> {
        let body = attempt
            .body
            .as_ref()
            .filter(|body| body.kind == Kind::Json)?;
        let plan = Plan {
            direction: Direction::Request,
            richness: Richness::Full,
            charset: Charset::Json,
            branch: 0,
            returned: true,
        };
        let whole = sample(self.document, &self.judge, body.media.schema?, "body", plan)
            .ok()?
            .value;
        let value = stripped(self.document, &[body.media.schema?], &whole, plan);
        let raw = Some((
            body.media.media_type.to_owned(),
            Bytes::from(whole.to_string()),
        ));
        (whole != value).then(|| Attempt {
            body: Some(Body {
                value,
                raw,
                ..body.clone()
            }),
            about: format!("{} with what is read only", attempt.about),
            ..attempt.clone()
        })
    }
}

/// The plan for a sample of a parameter.
fn parameter_plan(parameter: &Parameter<'_>, richness: Richness, branch: usize) -> Plan {
    // The wire has no text for null.
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
        returned: false,
    }
}
