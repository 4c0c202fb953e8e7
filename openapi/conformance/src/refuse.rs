//! Sends requests that each break one rule of the document, and checks how the service refuses
//! them.

use dropshot_contract::http::Method;
use dropshot_contract::{Bytes, Location, Operation, StatusCode, Value};

use crate::attempt::{Attempt, Body, write};
use crate::body::Kind;
use crate::drive::{Outcome, Session};
use crate::echo::Wanted;
use crate::judge::Direction;
use crate::report::OperationReport;
use crate::violate::{Violation, violations};
use crate::wire;

/// The place that a refusal must name.
struct Place<'p> {
    location: Option<Location>,
    name: &'p str,
    violation: Option<&'p Violation>,
}

impl<'d> Session<'d> {
    /// Breaks the rules of a valid request, one at a time.
    pub(crate) async fn violate(
        &mut self,
        operation: &'static Operation,
        attempts: &[Attempt<'d>],
        wanted: &Wanted,
        report: &mut OperationReport,
    ) {
        let Some(base) = attempts.first() else { return };
        self.absent(operation, base, wanted, report).await;
        for index in 0..base.parameters.len() {
            let (parameter, value) = base.parameters[index].clone();
            if base.shown_in(&parameter).is_some() {
                continue;
            }
            let found = violations(
                self.caller.document,
                parameter.schema,
                &value,
                0,
                wire::charset(&parameter),
            );
            for violation in found {
                let broken = violation.value.clone();
                if self.is_carried(&violation, report)
                    || self
                        .caller
                        .judge
                        .is_valid(parameter.schema, Direction::Request, &broken)
                    || write(&parameter, &broken).is_err()
                {
                    continue;
                }
                let mut attempt = base.clone();
                attempt.parameters[index].1 = broken;
                let place = Place {
                    location: Some(parameter.location),
                    name: parameter.name,
                    violation: Some(&violation),
                };
                self.refused(
                    operation,
                    &attempt,
                    wanted,
                    &place,
                    violation.keyword,
                    report,
                )
                .await;
            }
        }
        let mut seen = Vec::new();
        for attempt in attempts {
            // Each media type is tested once. The first attempt with it has all properties.
            if let Some(body) = &attempt.body
                && !seen.contains(&body.index)
            {
                seen.push(body.index);
                self.bodies(operation, attempt, body, wanted, report).await;
            }
        }
    }

    /// Leaves out required parts, one at a time.
    async fn absent(
        &mut self,
        operation: &'static Operation,
        base: &Attempt<'d>,
        wanted: &Wanted,
        report: &mut OperationReport,
    ) {
        for index in 0..base.parameters.len() {
            let parameter = base.parameters[index].0;
            if parameter.required
                && parameter.location != Location::Path
                && base.shown_in(&parameter).is_none()
            {
                let mut attempt = base.clone();
                attempt.parameters.remove(index);
                let place = Place {
                    location: Some(parameter.location),
                    name: parameter.name,
                    violation: None,
                };
                self.refused(operation, &attempt, wanted, &place, "required", report)
                    .await;
            }
        }
        let security = self.caller.document.security(operation);
        if !security.is_empty() && security.iter().all(|alternative| !alternative.is_empty()) {
            let attempt = Attempt {
                shown: Vec::new(),
                ..base.clone()
            };
            let place = Place {
                location: None,
                name: "",
                violation: None,
            };
            self.refused(operation, &attempt, wanted, &place, "security", report)
                .await;
        }
        let required = self
            .caller
            .document
            .body(operation)
            .is_some_and(|(required, _)| required);
        // In other kinds, an empty body is valid: an empty text, an empty file or an empty form.
        let nothing = base
            .body
            .as_ref()
            .is_some_and(|body| matches!(body.kind, Kind::Json | Kind::Multipart | Kind::Xml));
        if required && nothing {
            let attempt = Attempt {
                body: None,
                ..base.clone()
            };
            let place = Place {
                location: Some(Location::Body),
                name: "",
                violation: None,
            };
            self.refused(operation, &attempt, wanted, &place, "required", report)
                .await;
        }
    }

    async fn bodies(
        &mut self,
        operation: &'static Operation,
        base: &Attempt<'d>,
        body: &Body<'d>,
        wanted: &Wanted,
        report: &mut OperationReport,
    ) {
        let place = Place {
            location: Some(Location::Body),
            name: "",
            violation: None,
        };
        let content = self.caller.document.body(operation).unwrap_or_default().1;
        let raw = |media_type: &str, bytes: &'static str| {
            let raw = Some((media_type.to_owned(), Bytes::from_static(bytes.as_bytes())));
            Attempt {
                body: Some(Body {
                    raw,
                    ..body.clone()
                }),
                ..base.clone()
            }
        };
        if body.index == 0
            && content
                .iter()
                .all(|media| !media.media_type.starts_with("*/"))
        {
            self.refused(
                operation,
                &raw("x-unknown/x-type", "x"),
                wanted,
                &place,
                "media type",
                report,
            )
            .await;
        }
        if body.kind == Kind::Json {
            self.refused(
                operation,
                &raw(body.media.media_type, "{\"a\":"),
                wanted,
                &place,
                "JSON",
                report,
            )
            .await;
        }
        let Some(schema) = body.media.schema.filter(|_| body.kind.has_schema()) else {
            return;
        };
        for violation in violations(
            self.caller.document,
            schema,
            &body.value,
            0,
            body.kind.charset(),
        ) {
            if self.is_carried(&violation, report)
                || self
                    .caller
                    .judge
                    .is_valid(schema, Direction::Request, &violation.value)
            {
                continue;
            }
            let broken = Body {
                value: violation.value.clone(),
                ..body.clone()
            };
            let attempt = Attempt {
                body: Some(broken),
                ..base.clone()
            };
            if attempt.request(&self.caller, operation, 0).is_err() {
                continue;
            }
            let place = Place {
                location: Some(Location::Body),
                name: "",
                violation: Some(&violation),
            };
            self.refused(
                operation,
                &attempt,
                wanted,
                &place,
                violation.keyword,
                report,
            )
            .await;
        }
    }

    fn is_carried(&self, violation: &Violation, report: &mut OperationReport) -> bool {
        let carried = violation.keyword == "pattern" && self.unenforced.contains(&violation.schema);
        if carried {
            report.not_generated.push(format!(
                "{}: the pattern is carried, not enforced",
                violation.pointer
            ));
        }
        carried
    }

    async fn refused(
        &mut self,
        operation: &'static Operation,
        attempt: &Attempt<'d>,
        wanted: &Wanted,
        place: &Place<'_>,
        keyword: &str,
        report: &mut OperationReport,
    ) {
        let outcome = self
            .exchange(wanted, |caller, case| {
                attempt.request(caller, operation, case)
            })
            .await;
        let refusal = outcome.and_then(|outcome| judged(&operation.method, &outcome, place));
        report.constraints.add(refusal.is_ok());
        if let Err(failure) = refusal {
            let location = place.location.map_or("credentials", Location::as_str);
            let pointer = place.violation.map_or("", |violation| &violation.pointer);
            report.failures.push(format!(
                "{keyword} of {location} {}{pointer}: {failure}",
                place.name
            ));
        }
    }
}

fn judged(method: &Method, outcome: &Outcome, place: &Place<'_>) -> Result<(), String> {
    let Outcome { answer, got } = outcome;
    let text: String = String::from_utf8_lossy(&answer.body)
        .chars()
        .take(400)
        .collect();
    if got.is_some() {
        return Err("a handler was reached".to_owned());
    }
    if !answer.status.is_client_error() {
        return Err(format!("{} {text}", answer.status));
    }
    if place.location.is_none() {
        let challenged = answer.headers.contains_key("www-authenticate");
        let good = answer.status == StatusCode::UNAUTHORIZED && challenged;
        return if good {
            Ok(())
        } else {
            Err(format!("{} without a challenge: {text}", answer.status))
        };
    }
    // The answer to a HEAD request has no body, so it can't name a place.
    if *method == Method::HEAD {
        return Ok(());
    }
    let refusal: Value =
        serde_json::from_slice(&answer.body).map_err(|_| format!("{} {text}", answer.status))?;
    let said = |member: &str| {
        refusal
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let located = said("location") == place.location.map_or("", Location::as_str)
        && said("name").eq_ignore_ascii_case(place.name);
    let pointed = place
        .violation
        .is_none_or(|violation| points(violation, said("pointer")));
    if located && pointed {
        Ok(())
    } else {
        Err(format!("refused elsewhere: {text}"))
    }
}

/// Whether a pointer names the place of the violation, or an equally good place.
fn points(violation: &Violation, pointer: &str) -> bool {
    // The service may choose the repeated item, or the property too many, that it names.
    let inexact =
        ["uniqueItems", "minProperties", "maxProperties", "not"].contains(&violation.keyword);
    let around = violation
        .pointer
        .rsplit_once('/')
        .map_or("", |(around, _)| around);
    pointer == violation.pointer
        || inexact && (pointer.starts_with(&violation.pointer) || pointer.starts_with(around))
        || violation
            .or
            .as_deref()
            .is_some_and(|or| pointer.starts_with(or))
}
