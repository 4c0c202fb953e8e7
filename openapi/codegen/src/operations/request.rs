//! Writes each operation's request: the struct that its handler gets, and its decoder.

use super::{Body, Form, Operation, Operations, Parameter};
use crate::docs;
use crate::model::Location;
use crate::types::Types;
use std::fmt::Write;

impl Operations<'_> {
    /// Writes the module of requests.
    pub fn emit_requests(&self, out: &mut String, types: &Types<'_>) {
        for operation in &self.all {
            if let Some(body) = &operation.body {
                emit_choice(out, operation, body, types);
            }
            self.emit_request(out, operation, types);
        }
    }

    fn emit_request(&self, out: &mut String, operation: &Operation<'_>, types: &Types<'_>) {
        let source = operation.source;
        let line = format!(
            "What `{}` takes: `{} {}`.",
            source.id, source.method, source.path
        );
        out.push('\n');
        docs::write(out, "", &[&line]);
        let _ = writeln!(
            out,
            "#[derive(Debug, Clone)]\npub struct {} {{",
            operation.request
        );
        if let Some(index) = operation.credentials {
            out.push_str("    /// What the caller shows to be let in, not checked yet.\n");
            let _ = writeln!(
                out,
                "    pub credentials: credentials::{},",
                self.credentials[index].name
            );
        }
        for parameter in &operation.parameters {
            let place = format!(
                "{} `{}`",
                place(parameter.source.location),
                parameter.source.name
            );
            let mut paragraphs = vec![place.as_str()];
            paragraphs.extend(parameter.source.description.as_deref());
            docs::write(out, "    ", &paragraphs);
            let _ = writeln!(
                out,
                "    pub {}: {},",
                parameter.field,
                parameter.rust(types)
            );
        }
        if let Some(body) = &operation.body {
            docs::write(
                out,
                "    ",
                &[body.source.description.as_deref().unwrap_or("The body.")],
            );
            let ty = match &body.choice {
                Some(choice) => choice.clone(),
                None => body
                    .forms
                    .first()
                    .map_or_else(|| "rt::Bytes".to_owned(), |form| form.rust(types)),
            };
            let ty = if body.source.required {
                ty
            } else {
                format!("Option<{ty}>")
            };
            let _ = writeln!(out, "    pub body: {ty},");
        }
        out.push_str("}\n");
        let empty = operation.credentials.is_none()
            && operation.parameters.is_empty()
            && operation.body.is_none();
        let input = if empty { "_input" } else { "input" };
        let _ = writeln!(out, "impl {} {{", operation.request);
        let _ = writeln!(
            out,
            "    pub(super) fn decode({input}: &mut rt::Received) -> Result<Self, rt::Rejection> {{\n        Ok(Self {{"
        );
        if let Some(index) = operation.credentials {
            let name = &self.credentials[index].name;
            let _ = writeln!(
                out,
                "            credentials: credentials::{name}::decode(input)?,"
            );
        }
        for parameter in &operation.parameters {
            let _ = writeln!(
                out,
                "            {}: {},",
                parameter.field,
                parameter.decoded(types)
            );
        }
        if let Some(body) = &operation.body {
            let _ = writeln!(out, "            body: {},", decoded_body(body, types));
        }
        out.push_str("        })\n    }\n}\n");
    }
}

fn emit_choice(out: &mut String, operation: &Operation<'_>, body: &Body<'_>, types: &Types<'_>) {
    let Some(choice) = &body.choice else { return };
    out.push('\n');
    docs::write(
        out,
        "",
        &[&format!(
            "The body of `{}`, in one of its media types.",
            operation.source.id
        )],
    );
    let _ = writeln!(out, "#[derive(Debug, Clone)]\npub enum {choice} {{");
    for form in &body.forms {
        docs::write(out, "    ", &[&format!("`{}`", form.source.media_type)]);
        let _ = writeln!(out, "    {}({}),", form.variant, form.rust(types));
    }
    out.push_str("}\n");
}

fn decoded_body(body: &Body<'_>, types: &Types<'_>) -> String {
    let Some(choice) = &body.choice else {
        let decoder = body.forms.first().map_or_else(
            || "rt::Bytes::decode".to_owned(),
            |form| form.decoder(types),
        );
        let verb = if body.source.required {
            "body"
        } else {
            "optional_body"
        };
        return format!("input.{verb}({decoder})?");
    };
    let mut text = "match input.media() {\n".to_owned();
    for (index, form) in body.forms.iter().enumerate() {
        let value = format!(
            "{choice}::{}(input.body({})?)",
            form.variant,
            form.decoder(types)
        );
        let value = if body.source.required {
            value
        } else {
            format!("Some({value})")
        };
        let _ = writeln!(text, "                Some({index}) => {value},");
    }
    let none = if body.source.required {
        "return Err(input.missing_body())"
    } else {
        "None"
    };
    let _ = write!(text, "                _ => {none},\n            }}");
    text
}

impl Parameter<'_> {
    fn rust(&self, types: &Types<'_>) -> String {
        let ty = if self.secret {
            "rt::Authorization".to_owned()
        } else {
            types.rust(&self.ty, "types::")
        };
        if self.required || self.default.is_some() {
            ty
        } else {
            format!("Option<{ty}>")
        }
    }

    fn decoded(&self, types: &Types<'_>) -> String {
        let decoder = if self.secret {
            "rt::Authorization::decode".to_owned()
        } else {
            types.decoder(&self.ty, "types::")
        };
        let location = self.source.location;
        let name = &self.source.name;
        match (&self.default, self.required) {
            (_, true) => {
                format!("input.required(rt::Location::{location:?}, {name:?}, {decoder})?")
            }
            (Some(default), false) => {
                format!(
                    "input.or_default(rt::Location::{location:?}, {name:?}, {default:?}, {decoder})?"
                )
            }
            (None, false) => {
                format!("input.optional(rt::Location::{location:?}, {name:?}, {decoder})?")
            }
        }
    }
}

impl Form<'_> {
    fn rust(&self, types: &Types<'_>) -> String {
        self.ty
            .as_ref()
            .map_or_else(|| "rt::Bytes".to_owned(), |ty| types.rust(ty, "types::"))
    }

    fn decoder(&self, types: &Types<'_>) -> String {
        self.ty.as_ref().map_or_else(
            || "rt::Bytes::decode".to_owned(),
            |ty| types.decoder(ty, "types::"),
        )
    }
}

fn place(location: Location) -> &'static str {
    match location {
        Location::Path => "Path parameter",
        Location::Query => "Query parameter",
        Location::Header => "Header",
        Location::Cookie => "Cookie",
        Location::Body => "Body",
    }
}
