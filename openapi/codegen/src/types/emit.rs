//! Writes the module of types as Rust source.

use super::{Def, Field, Kind, Struct, TypeExpr, Types};
use crate::docs;
use std::fmt::Write;

/// How a field appears in the Rust type, for the directions in which its struct is used.
enum Presence {
    Left,
    Required,
    Optional,
    Default,
}

impl Types<'_> {
    /// Writes every definition that a request or a reply reaches, and the statics of the rules.
    pub fn emit(&self, out: &mut String) {
        for def in self.defs.iter().filter(|def| def.request || def.reply) {
            out.push('\n');
            let mut docs: Vec<&str> = def.docs.iter().map(String::as_str).collect();
            docs.extend(def.deprecated.then_some("**Deprecated.**"));
            let fallback = format!("`{}`", def.pointer);
            docs::write(
                out,
                "",
                if docs.is_empty() {
                    vec![fallback.as_str()]
                } else {
                    docs
                }
                .as_slice(),
            );
            match &def.kind {
                Kind::Pending => {}
                Kind::Alias(ty) => {
                    let _ = writeln!(out, "pub type {} = {};", def.name, self.rust(ty, ""));
                }
                Kind::Choice(choices) => {
                    out.push_str(
                        "#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]\n",
                    );
                    let _ = writeln!(out, "pub enum {} {{", def.name);
                    for choice in choices {
                        let text = format!("`{}`", choice.wire.replace('`', "'"));
                        let mut paragraphs = vec![text.as_str()];
                        paragraphs.extend(choice.docs.iter().map(String::as_str));
                        docs::write(out, "    ", &paragraphs);
                        let _ = writeln!(out, "    {},", choice.name);
                    }
                    out.push_str("}\n");
                    let _ = writeln!(out, "rt::string_enum!({} {{", def.name);
                    for choice in choices {
                        let _ = writeln!(out, "    {} = {:?},", choice.name, choice.wire);
                    }
                    out.push_str("});\n");
                }
                Kind::Newtype(ty @ TypeExpr::String(_)) => {
                    out.push_str("#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]\n");
                    let _ = writeln!(out, "pub struct {}(String);", def.name);
                    let _ = writeln!(
                        out,
                        "rt::constrained!({}, |node| {});",
                        def.name,
                        self.decoded(ty, "node", "")
                    );
                }
                Kind::Newtype(ty) => {
                    derive(out, def);
                    if def.reply {
                        out.push_str("#[serde(transparent)]\n");
                    }
                    let _ = writeln!(out, "pub struct {}(pub {});", def.name, self.rust(ty, ""));
                    if def.request {
                        let decoded = self.decoded(ty, "node", "");
                        decode(out, &def.name, &format!("        {decoded}.map(Self)\n"));
                    }
                }
                Kind::Struct(object) => self.emit_struct(out, def, object),
                Kind::Union(union) => self.emit_union(out, def, union),
                Kind::All(parts) => self.emit_all(out, def, parts),
            }
        }
        out.push_str("\npub(super) mod rules {\n    use ::dropshot_contract as rt;\n\n");
        self.rules.emit(&self.document.value, out);
        out.push_str("}\n");
    }

    fn emit_struct(&self, out: &mut String, def: &Def, object: &Struct) {
        derive(out, def);
        let _ = writeln!(out, "pub struct {} {{", def.name);
        for field in &object.fields {
            let ty = self.rust(&field.ty, "");
            let (ty, optional) = match presence(def, field) {
                Presence::Left => continue,
                Presence::Required | Presence::Default => (ty, false),
                Presence::Optional => (format!("Option<{ty}>"), true),
            };
            let mut paragraphs: Vec<&str> = field.docs.iter().map(String::as_str).collect();
            let wire = format!("`{}`", field.wire.replace('`', "'"));
            if paragraphs.is_empty() {
                paragraphs.push(&wire);
            }
            docs::write(out, "    ", &paragraphs);
            if def.reply {
                let mut serde = Vec::new();
                if field.name != field.wire {
                    serde.push(format!("rename = {:?}", field.wire));
                }
                if field.write_only && self.mirrored {
                    serde.push(
                        "skip_serializing_if = \"::dropshot_conformance::echo::unwritten\""
                            .to_owned(),
                    );
                } else if field.write_only {
                    serde.push("skip_serializing".to_owned());
                } else if optional {
                    serde.push("skip_serializing_if = \"Option::is_none\"".to_owned());
                }
                if !serde.is_empty() {
                    let _ = writeln!(out, "    #[serde({})]", serde.join(", "));
                }
            }
            let _ = writeln!(out, "    pub {}: {ty},", field.name);
        }
        if let Some(rest) = &object.rest {
            out.push_str("    /// Whatever else the object holds.\n");
            if def.reply {
                out.push_str("    #[serde(flatten)]\n");
            }
            let _ = writeln!(
                out,
                "    pub additional_properties: BTreeMap<String, {}>,",
                self.rust(rest, "")
            );
        }
        out.push_str("}\n");
        if def.request {
            decode(out, &def.name, &self.struct_decoder(def, object));
        }
    }

    fn struct_decoder(&self, def: &Def, object: &Struct) -> String {
        let rule = match object.rule {
            Some(id) => format!("&rules::{}", self.rules.name(id)),
            None => "&rt::Properties::ANY".to_owned(),
        };
        let fields: Vec<(&Field, Presence)> = object
            .fields
            .iter()
            .map(|field| (field, presence(def, field)))
            .filter(|(_, presence)| !matches!(presence, Presence::Left))
            .collect();
        // If the decoder reads no property, it only checks that the node is an object.
        let is_read = fields.iter().any(|(field, _)| !field.read_only)
            || self.mirrored
            || object.rest.is_some()
            || object.closed;
        let binding = if is_read { "let mut object = " } else { "" };
        let mut body = String::new();
        if let Some(schema) = object.schema {
            let _ = writeln!(
                body,
                "        rules::{}.check(&node)?;",
                self.rules.name(schema)
            );
        }
        let _ = writeln!(body, "        {binding}node.object({rule})?;");
        for (exactly_one, sets) in &object.presence {
            let verb = if *exactly_one {
                "require_one"
            } else {
                "require_any"
            };
            let sets: Vec<String> = sets.iter().map(|set| format!("&{set:?}")).collect();
            let _ = writeln!(body, "        object.{verb}(&[{}])?;", sets.join(", "));
        }
        // A property that the caller may not set counts neither as a rest property nor as unknown.
        let read_only = object.fields.iter().filter(|field| field.read_only);
        for field in read_only.filter(|_| object.closed || object.rest.is_some()) {
            let _ = if self.mirrored {
                writeln!(
                    body,
                    "        ::dropshot_conformance::echo::ignore(&mut object, {:?});",
                    field.wire
                )
            } else {
                writeln!(body, "        object.ignore({:?});", field.wire)
            };
        }
        body.push_str("        let decoded = Self {\n");
        for (field, presence) in fields {
            let decoder = self.decoder(&field.ty, "");
            let value = match presence {
                _ if (field.read_only || field.write_only) && self.mirrored => {
                    let way = if field.read_only {
                        "read_only"
                    } else {
                        "write_only"
                    };
                    format!(
                        "::dropshot_conformance::echo::{way}(&mut object, {:?}, {}, {decoder})?",
                        field.wire, field.required
                    )
                }
                // A caller may send back a read-only property that it received. The decoder skips
                // it.
                _ if field.read_only => "None".to_owned(),
                Presence::Optional if field.required => {
                    format!("Some(object.required({:?}, {decoder})?)", field.wire)
                }
                Presence::Required => format!("object.required({:?}, {decoder})?", field.wire),
                Presence::Default => {
                    format!(
                        "object.or_default({:?}, {:?}, {decoder})?",
                        field.wire,
                        field.default_text()
                    )
                }
                Presence::Optional | Presence::Left => {
                    format!("object.optional({:?}, {decoder})?", field.wire)
                }
            };
            let _ = writeln!(body, "            {}: {value},", field.name);
        }
        if let Some(rest) = &object.rest {
            let _ = writeln!(
                body,
                "            additional_properties: object.rest({})?,",
                self.decoder(rest, "")
            );
        }
        body.push_str("        };\n");
        if object.closed {
            body.push_str("        object.deny_unknown()?;\n");
        }
        body.push_str("        Ok(decoded)\n");
        body
    }

    fn emit_all(&self, out: &mut String, def: &Def, parts: &[(String, TypeExpr)]) {
        out.push_str("#[derive(Debug, Clone)]\n");
        let _ = writeln!(out, "pub struct {} {{", def.name);
        for (name, ty) in parts {
            let _ = writeln!(
                out,
                "    /// The part of it that is `{}`.",
                self.rust(ty, "")
            );
            let _ = writeln!(out, "    pub {name}: {},", self.rust(ty, ""));
        }
        out.push_str("}\n");
        if def.request {
            let mut body = "        Ok(Self {\n".to_owned();
            for (index, (name, ty)) in parts.iter().enumerate() {
                let node = if index + 1 == parts.len() {
                    "node"
                } else {
                    "node.clone()"
                };
                let _ = writeln!(body, "            {name}: {}?,", self.decoded(ty, node, ""));
            }
            body.push_str("        })\n");
            decode(out, &def.name, &body);
        }
        if def.reply {
            let _ = writeln!(out, "impl rt::serde::Serialize for {} {{", def.name);
            out.push_str("    fn serialize<S: rt::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {\n");
            let parts: Vec<String> = parts
                .iter()
                .map(|(name, _)| format!("rt::serde_json::to_value(&self.{name})"))
                .collect();
            let _ = writeln!(
                out,
                "        rt::serialize_merged(serializer, [{}])\n    }}\n}}",
                parts.join(", ")
            );
        }
    }
}

impl Field {
    fn default_text(&self) -> &str {
        self.default.as_deref().unwrap_or("null")
    }
}

/// How a field appears in a struct. A field of the other direction is left out. In a struct of both
/// directions the field is optional.
fn presence(def: &Def, field: &Field) -> Presence {
    let one_way = (field.read_only && def.request) || (field.write_only && def.reply);
    if one_way {
        return if def.request && def.reply {
            Presence::Optional
        } else {
            Presence::Left
        };
    }
    if field.required {
        Presence::Required
    } else if field.default.is_some() && def.request {
        Presence::Default
    } else {
        Presence::Optional
    }
}

pub(super) fn derive(out: &mut String, def: &Def) {
    if def.reply {
        out.push_str("#[derive(Debug, Clone, rt::serde::Serialize)]\n#[serde(crate = \"::dropshot_contract::serde\")]\n");
    } else {
        out.push_str("#[derive(Debug, Clone)]\n");
    }
}

pub(super) fn decode(out: &mut String, name: &str, body: &str) {
    let _ = write!(
        out,
        "impl Decode for {name} {{\n    fn decode(node: rt::Node) -> Result<Self, rt::Invalid> {{\n{body}    }}\n}}\n"
    );
}
