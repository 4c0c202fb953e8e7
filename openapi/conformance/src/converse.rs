//! Sends valid requests. Checks that each reaches its handler with its values, and that the replies
//! are those that the driver asked for.

use std::collections::BTreeMap;

use dropshot_contract::{Bytes, Operation, Value};

use crate::attempt::Attempt;
use crate::body::{self, Kind};
use crate::compare::{difference, short};
use crate::credentials::together;
use crate::drive::{Outcome, Session};
use crate::echo::Got;
use crate::facts::Facts;
use crate::replies::Expected;
use crate::report::OperationReport;

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
        // Even if there is no reply to ask for, the handler records its request.
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

    /// Checks that the handler got what was sent.
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

    /// Checks that the handler got the credentials of an alternative that the request meets. This
    /// need not be the intended alternative: the request may also meet one that asks for no more.
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
            let default = Facts::of(document, &[parameter.schema], 0).default;
            let schemas = [parameter.schema];
            let is_default = |arrived| {
                default.is_some_and(|default| {
                    difference(document, &schemas, default, arrived, true).is_none()
                })
            };
            match (sent, arrived) {
                (Some(sent), Some(arrived)) => {
                    if let Some(difference) =
                        difference(document, &schemas, sent, arrived, !parameter.json)
                    {
                        return Err(format!("{place}{difference}"));
                    }
                }
                (Some(sent), None) => {
                    return Err(format!("{place} did not arrive: {}", short(sent)));
                }
                (None, Some(arrived)) if !is_default(arrived) => {
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
