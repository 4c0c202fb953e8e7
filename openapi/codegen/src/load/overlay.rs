//! Applies an OpenAPI Overlay 1.0 to a document's value.
//!
//! roas-overlay matches and merges. This module makes sure that no part of an overlay is ignored in
//! silence. It refuses unknown fields and actions whose target matches nothing. A vendor's update
//! can leave an action without a match.

use super::source::Source;
use super::sources::Overlaid;
use super::text::Problem;
use crate::codes;
use crate::diagnostics::{Finding, Findings, Severity};
use dropshot_vocabulary::pointer::join;
use roas_overlay::apply::{Apply, ApplyErrorKind, ApplyOptions};
use roas_overlay::common::apply::{compile_path, locate};
use roas_overlay::v1_0::{Action, Overlay};
use roas_overlay::validation::Validate;
use serde_json::Value;

/// Applies an overlay, given as source and value, to `document`.
///
/// # Errors
/// A finding for a malformed overlay, or one for each action that can't be applied.
pub fn apply((source, value): (Source, Value), document: &mut Value) -> Result<Overlaid, Findings> {
    let overlay = parse(&source, &value)?;
    let mut updates = Vec::new();
    let mut findings = Vec::new();
    for (number, action) in overlay.actions.iter().enumerate() {
        let targets = compile_path(&action.target).map(|path| locate(document, &path));
        let targets = targets.unwrap_or_default().into_iter();
        let targets: Vec<String> = targets.map(|target| updated(document, target)).collect();
        let single = Overlay {
            actions: vec![action.clone()],
            ..overlay.clone()
        };
        let outcome = single.apply(
            document,
            ApplyOptions::ErrorOnZeroMatch | ApplyOptions::ErrorOnMixedKindMatch,
        );
        let pointer = format!("/actions/{number}");
        match outcome.map_err(|error| error.kind) {
            // An action can't remove the root of the document. roas-overlay counts no match for it.
            Ok(report) if report.actions.iter().all(|action| action.matched > 0) => {
                updates.extend(targets.into_iter().map(|target| (target, format!("{pointer}/update"))));
            }
            Ok(_) | Err(ApplyErrorKind::ZeroMatch) => findings.push(finding(
                &source,
                codes::OVERLAY_NO_MATCH,
                format!("{pointer}/target"),
                format!("{} matches nothing in the document", named(number, action)),
                "the vendor's document may have changed: correct the target, or drop the action if it is not needed",
            )),
            Err(kind) => findings.push(finding(
                &source,
                codes::OVERLAY_ACTION,
                format!("{pointer}/target"),
                format!("{} can't be applied: {kind}", named(number, action)),
                "correct the action; a target names objects or lists",
            )),
        }
    }
    if findings.is_empty() {
        Ok(Overlaid { source, updates })
    } else {
        Err(Findings { findings })
    }
}

/// The pointer at which an update will stand. An update of a list becomes one more item.
fn updated(document: &Value, target: String) -> String {
    match document.pointer(&target) {
        Some(Value::Array(items)) => format!("{target}/{}", items.len()),
        _ => target,
    }
}

fn named(number: usize, action: &Action) -> String {
    match &action.description {
        Some(description) => format!(
            "overlay action {number} ({description}), target `{}`,",
            action.target
        ),
        None => format!("overlay action {number}, target `{}`,", action.target),
    }
}

fn parse(source: &Source, value: &Value) -> Result<Overlay, Findings> {
    let mut findings = Vec::new();
    unknown_fields(
        source,
        value,
        "",
        &["overlay", "info", "extends", "actions"],
        &mut findings,
    );
    if let Some(info) = value.get("info") {
        unknown_fields(source, info, "/info", &["title", "version"], &mut findings);
    }
    for (number, action) in value
        .get("actions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .enumerate()
    {
        let known = ["target", "description", "update", "remove"];
        unknown_fields(
            source,
            action,
            &format!("/actions/{number}"),
            &known,
            &mut findings,
        );
    }
    let malformed = |message: String, pointer: String| {
        let help = "write the overlay as OpenAPI Overlay 1.0.0 says: https://spec.openapis.org/overlay/v1.0.0.html";
        finding(
            source,
            codes::OVERLAY,
            pointer,
            format!("the overlay is malformed: {message}"),
            help,
        )
    };
    if !findings.is_empty() {
        return Err(Findings { findings });
    }
    let overlay: Overlay = serde_json::from_value(value.clone())
        .map_err(|error| Box::new(malformed(error.to_string(), String::new())))?;
    overlay
        .validate(Default::default())
        .map_err(|error| Findings {
            findings: error
                .errors
                .iter()
                .map(|e| malformed(e.message.clone(), pointer_of(&e.path)))
                .collect(),
        })?;
    Ok(overlay)
}

/// Turns `#.actions[3].target` into a JSON pointer.
fn pointer_of(path: &str) -> String {
    path.trim_start_matches('#')
        .replace(['.', '['], "/")
        .replace(']', "")
}

fn unknown_fields(
    source: &Source,
    value: &Value,
    pointer: &str,
    known: &[&str],
    findings: &mut Vec<Finding>,
) {
    let fields = value.as_object().into_iter().flatten().map(|(key, _)| key);
    for key in fields.filter(|key| !known.contains(&key.as_str()) && !key.starts_with("x-")) {
        findings.push(finding(
            source,
            codes::OVERLAY,
            join(pointer, key),
            format!("the overlay has an unknown field `{key}`"),
            &format!("known here: {}", known.join(", ")),
        ));
    }
}

fn finding(
    source: &Source,
    code: &'static str,
    pointer: String,
    message: String,
    help: &str,
) -> Finding {
    let at = source.find(&pointer).at;
    source.finding_at(
        Problem {
            pointer,
            ..Problem::new(code, at, message, help)
        },
        Severity::Error,
    )
}
