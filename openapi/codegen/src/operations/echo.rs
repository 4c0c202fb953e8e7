//! Writes a service with the handlers of a conformance test. It tells the driver what each handler
//! received, and answers what the driver asks for.
//!
//! It is written only with [`crate::Options::both_directions`]. It uses the driver of the crate
//! `dropshot-conformance`.

use super::{Body, Form, Operation, Operations, Variant};
use crate::model::{MediaKind, Status};
use crate::types::{TypeExpr, Types};
use std::fmt::Write;

impl Operations<'_> {
    /// Writes the module of the echo service.
    pub fn emit_echo(&self, out: &mut String, types: &Types<'_>) {
        out.push_str(
            "\n/// Answers every operation with what the driver of the conformance test asks for.\npub enum Echo {}\n",
        );
        let groups = self.groups();
        out.push_str("impl service::Api for Echo {\n    type Context = Context;\n");
        if groups.is_empty() {
            self.all
                .iter()
                .for_each(|operation| self.emit_handler(out, operation, types));
        }
        out.push_str("}\n");
        for group in &groups {
            let _ = writeln!(out, "impl service::{} for Echo {{", group.name);
            for &index in &group.operations {
                self.emit_handler(out, &self.all[index], types);
            }
            out.push_str("}\n");
        }
    }

    fn emit_handler(&self, out: &mut String, operation: &Operation<'_>, types: &Types<'_>) {
        let empty = operation.credentials.is_none()
            && operation.parameters.is_empty()
            && operation.body.is_none();
        let request = if empty { "_request" } else { "request" };
        let _ = writeln!(
            out,
            "    async fn {}(rqctx: rt::RequestContext<Context>, {request}: requests::{}) -> Result<replies::{}, rt::Failure> {{",
            operation.method, operation.request, operation.reply
        );
        let _ = writeln!(
            out,
            "        let mut exchange = Exchange::begin(&rqctx, {:?})?;",
            operation.source.id
        );
        if let Some(index) = operation.credentials {
            let credentials = &self.credentials[index];
            out.push_str("        match &request.credentials {\n");
            for shown in credentials.shown() {
                let _ = writeln!(
                    out,
                    "            credentials::{}::{shown}",
                    credentials.name
                );
            }
            out.push_str("        }\n");
        }
        for parameter in &operation.parameters {
            let location = parameter.source.location;
            let (name, field) = (&parameter.source.name, &parameter.field);
            let value = if parameter.secret {
                "value.as_str()"
            } else {
                "value"
            };
            let record =
                format!("exchange.parameter(rt::Location::{location:?}, {name:?}, {value});");
            let _ = if parameter.required || parameter.default.is_some() {
                writeln!(out, "        {{ let value = &request.{field}; {record} }}")
            } else {
                writeln!(
                    out,
                    "        if let Some(value) = &request.{field} {{ {record} }}"
                )
            };
        }
        if let Some(body) = &operation.body {
            let record = recorded(body);
            let _ = if body.source.required {
                writeln!(out, "        {{ let body = &request.body; {record} }}")
            } else {
                writeln!(
                    out,
                    "        if let Some(body) = &request.body {{ {record} }}"
                )
            };
        }
        out.push_str("        match exchange.wanted() {\n");
        for (index, variant) in operation.variants.iter().enumerate() {
            let media = variant.forms.len().max(1);
            for form in 0..media {
                let _ = writeln!(
                    out,
                    "            ({index}, {form}) => Ok(replies::{}::{}),",
                    operation.reply,
                    variant.sample(form, types)
                );
            }
        }
        if operation.variants.is_empty() {
            let _ = writeln!(
                out,
                "            (0, 0) => Ok(replies::{}::Undeclared(exchange.undeclared())),",
                operation.reply
            );
        }
        out.push_str("            _ => Err(exchange.unknown()),\n        }\n    }\n");
    }
}

/// The statement that records `body`.
fn recorded(body: &Body<'_>) -> String {
    let record = |index: usize, form: &Form<'_>| match form.ty {
        Some(_) => format!("exchange.body({index}, body)"),
        None => format!("exchange.bytes({index}, body)"),
    };
    match (&body.choice, body.forms.as_slice()) {
        (Some(choice), forms) => {
            let arms: Vec<String> = forms
                .iter()
                .enumerate()
                .map(|(index, form)| {
                    format!(
                        "requests::{choice}::{}(body) => {}",
                        form.variant,
                        record(index, form)
                    )
                })
                .collect();
            format!("match body {{ {} }}", arms.join(", "))
        }
        (None, [form, ..]) => record(0, form),
        (None, []) => "exchange.bytes(0, body)".to_owned(),
    }
}

impl Variant<'_> {
    /// An expression of the variant, made from the driver's samples for it.
    fn sample(&self, form: usize, types: &Types<'_>) -> String {
        let body = self.forms.get(form).map(|form| {
            let sample = form.sample(types);
            match &self.choice {
                Some(choice) => format!("replies::{choice}::{}({sample})", form.variant),
                None => sample,
            }
        });
        let mut fields = Vec::new();
        if !matches!(self.source.status, Status::Code(_)) {
            fields.push("status: exchange.status()".to_owned());
        }
        for (header, field, ty) in &self.headers {
            let name = &header.name;
            let ty = ty.as_ref().filter(|ty| types.displays(ty));
            let value = match ty {
                Some(ty) => format!("header({name:?}, {})", types.decoder(ty, "types::")),
                None => format!("header_text({name:?})"),
            };
            fields.push(if header.required {
                format!("{field}: exchange.required_{value}?")
            } else {
                format!("{field}: exchange.{value}?")
            });
        }
        match body {
            Some(body) if fields.is_empty() => format!("{}({body})", self.name),
            None if fields.is_empty() => self.name.clone(),
            body => {
                fields.extend(body.map(|body| format!("body: {body}")));
                format!("{} {{ {} }}", self.name, fields.join(", "))
            }
        }
    }
}

impl Form<'_> {
    fn sample(&self, types: &Types<'_>) -> String {
        match (&self.ty, self.kind) {
            (None, _) => "exchange.payload()".to_owned(),
            (Some(TypeExpr::String(None)), MediaKind::Text | MediaKind::Xml) => {
                "exchange.text()".to_owned()
            }
            (Some(ty), _) => format!("exchange.reply({})?", types.decoder(ty, "types::")),
        }
    }
}
