//! Writes the static description of each operation, with which the run time routes, reads and
//! describes it.

use super::shape::Shape;
use super::{Operation, Operations, literal, optional};
use crate::docs;
use crate::model::{self, MediaKind, Style};
use crate::types::Types;
use std::fmt::Write;

impl Operations<'_> {
    /// Writes the module of statics.
    pub fn emit_statics(&self, out: &mut String, types: &Types<'_>) {
        for operation in &self.all {
            emit(out, operation, types);
        }
        out.push_str("\n/// Every operation, in the document's order.\npub static ALL: &[&rt::Operation] = &[\n");
        for operation in &self.all {
            let _ = writeln!(out, "    &{},", operation.constant);
        }
        out.push_str("];\n");
    }
}

fn emit(out: &mut String, operation: &Operation<'_>, types: &Types<'_>) {
    let source = operation.source;
    out.push('\n');
    docs::write(out, "", &[&format!("`{} {}`", source.method, source.path)]);
    let _ = writeln!(
        out,
        "pub static {}: rt::Operation = rt::Operation {{",
        operation.constant
    );
    let _ = writeln!(out, "    id: {},", literal(&source.id));
    let _ = writeln!(out, "    method: rt::http::Method::{},", source.method);
    let _ = writeln!(out, "    path: {},", literal(&source.path));
    let _ = writeln!(
        out,
        "    base_path: {},",
        optional(source.base_path.as_deref())
    );
    let _ = writeln!(out, "    pointer: {},", literal(&source.pointer));
    let _ = writeln!(out, "    tags: &{:?},", source.tags);
    let _ = writeln!(out, "    summary: {},", optional(source.summary.as_deref()));
    let _ = writeln!(
        out,
        "    description: {},",
        optional(source.description.as_deref())
    );
    let _ = writeln!(out, "    deprecated: {},", source.deprecated);
    out.push_str("    parameters: &[\n");
    for parameter in &source.parameters {
        emit_parameter(out, parameter, types);
    }
    out.push_str("    ],\n");
    match &operation.body {
        None => out.push_str("    body: None,\n"),
        Some(body) => {
            let _ = writeln!(
                out,
                "    body: Some(rt::RequestBody {{ required: {}, content: &[",
                body.source.required
            );
            for form in &body.forms {
                let fields = form_fields(form.kind, form.source, types);
                let _ = writeln!(
                    out,
                    "        rt::Media {{ media_type: {}, kind: rt::MediaKind::{:?}, fields: &[{fields}] }},",
                    literal(&form.source.media_type),
                    form.kind
                );
            }
            out.push_str("    ] }),\n");
        }
    }
    out.push_str("    responses: &[\n");
    for response in &source.responses {
        let media: Vec<&str> = response
            .content
            .iter()
            .map(|media| media.media_type.as_str())
            .collect();
        let headers: Vec<String> = response
            .headers
            .iter()
            .map(|header| {
                format!(
                    "rt::DeclaredHeader {{ name: {:?}, required: {} }}",
                    header.name, header.required
                )
            })
            .collect();
        let _ = writeln!(
            out,
            "        rt::Declared {{ status: rt::Status::{:?}, description: {}, media_types: &{media:?}, headers: &[{}] }},",
            response.status,
            literal(&response.description),
            headers.join(", ")
        );
    }
    out.push_str("    ],\n");
    let security: Vec<String> = source
        .security
        .iter()
        .map(|all| {
            format!(
                "&{:?}",
                all.iter()
                    .map(|requirement| requirement.scheme.as_str())
                    .collect::<Vec<_>>()
            )
        })
        .collect();
    let _ = writeln!(out, "    security: &[{}],\n}};", security.join(", "));
}

fn emit_parameter(out: &mut String, parameter: &model::Parameter, types: &Types<'_>) {
    let json = parameter
        .media_type
        .as_deref()
        .is_some_and(|media| MediaKind::of(media) == MediaKind::Json);
    let _ = writeln!(
        out,
        "        rt::Parameter {{ name: {}, location: rt::Location::{:?}, required: {}, style: rt::Style::{:?}, \
         explode: {}, shape: {}, json: {json}, description: {}, pointer: {}, deprecated: {} }},",
        literal(&parameter.name),
        parameter.location,
        parameter.required,
        parameter.style,
        parameter.explode,
        if json {
            Shape::Any
        } else {
            types.shape(&parameter.schema)
        },
        optional(parameter.description.as_deref()),
        literal(&parameter.pointer),
        parameter.deprecated,
    );
}

/// The fields of a form or multipart body. Without an object schema no fields are declared, and any
/// may come.
fn form_fields(kind: MediaKind, media: &model::Media, types: &Types<'_>) -> String {
    if !matches!(kind, MediaKind::Form | MediaKind::Multipart) {
        return String::new();
    }
    let Some(schema) = media
        .schema
        .as_ref()
        .and_then(|schema| types.resolve(schema))
    else {
        return String::new();
    };
    let Some(object) = types.merged(schema, 16) else {
        return String::new();
    };
    let fields: Vec<String> = object
        .properties
        .iter()
        .map(|(name, property)| {
            let encoding = media.encoding.get(name);
            let style = encoding.and_then(|encoding| encoding.style).unwrap_or(Style::Form);
            let explode = encoding.and_then(|encoding| encoding.explode).unwrap_or(style == Style::Form);
            let shape = types.shape(property);
            // OpenAPI 3.0.3, Encoding Object: a part is JSON by default if it is an object or an
            // array of objects.
            let implied = (kind == MediaKind::Multipart && shape.holds_objects()).then_some("application/json");
            let content_type = encoding.and_then(|encoding| encoding.content_type.as_deref()).or(implied);
            format!(
                "rt::Field {{ name: {name:?}, shape: {shape}, style: rt::Style::{style:?}, explode: {explode}, content_type: {} }}",
                optional(content_type)
            )
        })
        .collect();
    fields.join(", ")
}
