//! Writes each operation's reply: an enum with a variant for each status, and its conversion to an
//! HTTP response.

use super::{Form, Operation, Operations, Variant};
use crate::docs;
use crate::model::{MediaKind, Status};
use crate::types::Types;
use std::fmt::Write;

impl Operations<'_> {
    /// Writes the module of replies.
    pub fn emit_replies(&self, out: &mut String, types: &Types<'_>) {
        for operation in &self.all {
            for variant in &operation.variants {
                emit_choice(out, variant, types);
            }
            emit_reply(out, operation, types);
        }
    }
}

fn emit_reply(out: &mut String, operation: &Operation<'_>, types: &Types<'_>) {
    out.push('\n');
    docs::write(
        out,
        "",
        &[&format!("What `{}` may answer.", operation.source.id)],
    );
    let _ = writeln!(out, "#[derive(Debug)]\npub enum {} {{", operation.reply);
    for variant in &operation.variants {
        let status = match variant.source.status {
            Status::Code(code) => code.to_string(),
            Status::Range(digit) => format!("{digit}XX"),
            Status::Default => "Any other status".to_owned(),
        };
        docs::write(
            out,
            "    ",
            &[&format!("{status}: {}", variant.source.description.trim())],
        );
        let fields = variant.fields(types);
        match variant.plain_body() {
            _ if fields.is_empty() => {
                let _ = writeln!(out, "    {},", variant.name);
            }
            true => {
                let _ = writeln!(out, "    {}({}),", variant.name, fields[0].1);
            }
            false => {
                let _ = writeln!(out, "    {} {{", variant.name);
                for (name, ty, about) in &fields {
                    docs::write(out, "        ", &[about]);
                    let _ = writeln!(out, "        {name}: {ty},");
                }
                out.push_str("    },\n");
            }
        }
    }
    if operation.variants.is_empty() {
        out.push_str("    /// The document declares no response: whatever the handler makes.\n");
        out.push_str("    Undeclared(rt::Response),\n");
    }
    out.push_str("}\n");
    let _ = writeln!(out, "impl rt::Reply for {} {{", operation.reply);
    out.push_str("    fn into_response(self) -> rt::Response {\n        match self {\n");
    for variant in &operation.variants {
        let _ = writeln!(out, "            {}", variant.arm(types));
    }
    if operation.variants.is_empty() {
        out.push_str("            Self::Undeclared(response) => response,\n");
    }
    out.push_str("        }\n    }\n}\n");
}

impl Variant<'_> {
    /// Whether it has a body and nothing else. Then the variant is a tuple.
    fn plain_body(&self) -> bool {
        matches!(self.source.status, Status::Code(_))
            && self.headers.is_empty()
            && !self.forms.is_empty()
    }

    /// Name, type and documentation of each field.
    fn fields(&self, types: &Types<'_>) -> Vec<(String, String, String)> {
        let mut fields = Vec::new();
        if !matches!(self.source.status, Status::Code(_)) {
            fields.push((
                "status".to_owned(),
                "rt::StatusCode".to_owned(),
                "The status itself.".to_owned(),
            ));
        }
        if let Some(form) = self.forms.first() {
            let ty = self.choice.clone().unwrap_or_else(|| form.written(types));
            fields.push(("body".to_owned(), ty, "The body.".to_owned()));
        }
        for (header, field, ty) in &self.headers {
            let ty = match ty {
                Some(ty) if types.displays(ty) => types.rust(ty, "types::"),
                _ => "String".to_owned(),
            };
            let ty = if header.required {
                ty
            } else {
                format!("Option<{ty}>")
            };
            let about = header.description.clone().unwrap_or_default();
            fields.push((
                field.clone(),
                ty,
                format!("Header `{}`. {about}", header.name),
            ));
        }
        fields
    }

    fn arm(&self, types: &Types<'_>) -> String {
        let names: Vec<String> = self
            .fields(types)
            .into_iter()
            .map(|(name, ..)| name)
            .collect();
        let pattern = match self.plain_body() {
            _ if names.is_empty() => format!("Self::{}", self.name),
            true => format!("Self::{}(body)", self.name),
            false => format!("Self::{} {{ {} }}", self.name, names.join(", ")),
        };
        let status = match self.source.status {
            Status::Code(code) => code.to_string(),
            Status::Range(digit) => format!("rt::reply::within(status, {digit})"),
            Status::Default => "status".to_owned(),
        };
        let mut response = match (&self.choice, self.forms.as_slice()) {
            (_, []) => format!("rt::reply::empty({status})"),
            (Some(choice), forms) => {
                let arms: Vec<String> = forms
                    .iter()
                    .map(|form| {
                        format!(
                            "{choice}::{}(body) => {}",
                            form.variant,
                            form.response(&status)
                        )
                    })
                    .collect();
                format!("match body {{ {} }}", arms.join(", "))
            }
            (None, [form, ..]) => form.response(&status),
        };
        for (header, field, _) in &self.headers {
            let verb = if header.required {
                "header"
            } else {
                "optional_header"
            };
            let value = if header.required {
                format!("&{field}")
            } else {
                format!("{field}.as_ref()")
            };
            let _ = write!(
                response,
                ".{verb}({:?}, {value})",
                header.name.to_ascii_lowercase()
            );
        }
        format!("{pattern} => {response},")
    }
}

impl Form<'_> {
    fn written(&self, types: &Types<'_>) -> String {
        match &self.ty {
            Some(ty) => types.rust(ty, "types::"),
            None => "rt::Payload".to_owned(),
        }
    }

    fn response(&self, status: &str) -> String {
        let media = &self.source.media_type;
        match self.kind {
            MediaKind::Json if self.ty.is_some() => {
                format!("rt::reply::json({status}, {media:?}, &body)")
            }
            MediaKind::Text | MediaKind::Xml => {
                format!("rt::reply::text({status}, {media:?}, body)")
            }
            _ => format!("rt::reply::bytes({status}, {media:?}, body)"),
        }
    }
}

fn emit_choice(out: &mut String, variant: &Variant<'_>, types: &Types<'_>) {
    let Some(choice) = &variant.choice else {
        return;
    };
    out.push_str("\n/// A body in one of its media types.\n");
    let _ = writeln!(out, "#[derive(Debug)]\npub enum {choice} {{");
    for form in &variant.forms {
        docs::write(out, "    ", &[&format!("`{}`", form.source.media_type)]);
        let _ = writeln!(out, "    {}({}),", form.variant, form.written(types));
    }
    out.push_str("}\n");
}
