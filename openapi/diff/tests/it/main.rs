//! Documents compared by meaning: every kind of change by a small pair of its own, and pairs that
//! must stay silent.

mod corpora;
mod operations;
mod reach;
mod schemas;
mod structures;
mod values;

use dropshot_codegen::load::load_bytes;
use dropshot_codegen::model::Document;
use dropshot_diff::{Change, Effect, Side, compare};
use std::path::Path;

/// A document from its `paths` and `components`, and whatever else, in YAML.
fn document(rest: &str) -> Document {
    let text = format!("openapi: 3.0.3\ninfo: {{title: t, version: '1'}}\n{rest}");
    match load_bytes(Path::new("memory/document.yaml"), text.as_bytes(), None) {
        Ok(loaded) => loaded.document,
        Err(findings) => panic!("{findings}\n{text}"),
    }
}

fn changes(old: &str, new: &str) -> Vec<Change> {
    compare(&document(old), &document(new))
}

/// What a test expects of a change.
type Seen = (&'static str, Effect);

fn seen(changes: &[Change]) -> Vec<Seen> {
    changes
        .iter()
        .map(|change| (change.kind.code(), change.effect))
        .collect()
}

/// The operation `op`, with `body` inside of it.
fn operation(body: &str) -> String {
    format!("paths: {{/things: {{post: {{operationId: op, {body}}}}}}}")
}

const OK: &str = "responses: {'200': {description: d}}";

/// A schema that callers send, or receive.
fn schema(side: Side, schema: &str) -> String {
    operation(&match side {
        Side::CallerSends => {
            format!(
                "requestBody: {{required: true, content: {{application/json: {{schema: {schema}}}}}}}, {OK}"
            )
        }
        Side::CallerReceives => {
            format!(
                "responses: {{'200': {{description: d, content: {{application/json: {{schema: {schema}}}}}}}}}"
            )
        }
    })
}
