//! Writes unions as Rust source.

use super::emit::{decode, derive};
use super::{Def, How, Kind, TypeExpr, Types, Union};
use crate::docs;
use std::fmt::Write;

impl Types<'_> {
    /// Writes the enum of a `oneOf` or `anyOf`, its decoder and its serializer.
    pub(super) fn emit_union(&self, out: &mut String, def: &Def, union: &Union) {
        let untold = union.variants.iter().any(|variant| variant.untold);
        if untold {
            out.push_str("#[derive(Debug, Clone)]\n");
        } else {
            derive(out, def);
        }
        if def.reply && !untold {
            out.push_str("#[serde(untagged)]\n");
        }
        let _ = writeln!(out, "pub enum {} {{", def.name);
        for variant in &union.variants {
            let wire = match variant.tags.as_slice() {
                [] => format!("One that is {}.", article(&variant.name)),
                tags => format!("`{}`", tags.join("`, `")),
            };
            let mut paragraphs: Vec<&str> = variant.docs.iter().map(String::as_str).collect();
            if paragraphs.is_empty() {
                paragraphs.push(&wire);
            }
            docs::write(out, "    ", &paragraphs);
            let _ = writeln!(out, "    {}({}),", variant.name, self.rust(&variant.ty, ""));
        }
        out.push_str("}\n");
        if def.reply && untold {
            serialize(out, &def.name, union);
        }
        if !def.request {
            return;
        }
        let mut body = String::new();
        match &union.how {
            How::Tagged(property) => {
                let _ = writeln!(
                    body,
                    "        let tag = node.tag({property:?})?;\n        match tag.as_str() {{"
                );
                let mut tags = Vec::new();
                for variant in &union.variants {
                    let patterns: Vec<String> =
                        variant.tags.iter().map(|tag| format!("{tag:?}")).collect();
                    tags.extend(patterns.clone());
                    let decoded = self.decoded(&variant.ty, "node", "");
                    let _ = writeln!(
                        body,
                        "            {} => {decoded}.map(Self::{}),",
                        patterns.join(" | "),
                        variant.name
                    );
                }
                let _ = writeln!(
                    body,
                    "            other => Err(rt::Invalid::tag({property:?}, other, &[{}])),\n        }}",
                    tags.join(", ")
                );
            }
            How::One | How::Any => {
                let names: Option<Vec<Vec<&str>>> = (union.how == How::Any)
                    .then(|| {
                        union
                            .variants
                            .iter()
                            .map(|variant| self.names_of(&variant.ty))
                            .collect()
                    })
                    .flatten();
                let how = match (&union.how, &names) {
                    (How::One, _) => "one_of",
                    (_, None) => "any_of",
                    (_, Some(_)) => "any_of_objects",
                };
                let _ = writeln!(body, "        rt::{how}(node, &[");
                for (index, variant) in union.variants.iter().enumerate() {
                    let decoded = self.decoded(&variant.ty, "node", "");
                    let decoder = format!("|node| {decoded}.map(Self::{})", variant.name);
                    let _ = match &names {
                        Some(names) => {
                            writeln!(body, "            (&{:?}, {decoder}),", names[index])
                        }
                        None => writeln!(body, "            {decoder},"),
                    };
                }
                body.push_str("        ])\n");
            }
        }
        decode(out, &def.name, &body);
    }
}

impl Types<'_> {
    /// The property names of a struct without additional properties.
    fn names_of(&self, ty: &TypeExpr) -> Option<Vec<&str>> {
        match ty {
            TypeExpr::Boxed(inner) => self.names_of(inner),
            TypeExpr::Named(id) => match &self.defs[*id].kind {
                Kind::Struct(object) if object.rest.is_none() => Some(
                    object
                        .fields
                        .iter()
                        .map(|field| field.wire.as_str())
                        .collect(),
                ),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Writes the serializer. It adds the tag to a variant whose type lacks the tag's property. Without
/// the tag a reader can't choose the variant.
fn serialize(out: &mut String, name: &str, union: &Union) {
    let How::Tagged(property) = &union.how else {
        return;
    };
    let _ = writeln!(
        out,
        "impl rt::serde::Serialize for {name} {{\n    \
         fn serialize<S: rt::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {{\n        match self {{"
    );
    for variant in &union.variants {
        let tag = variant.tags.first().filter(|_| variant.untold);
        let written = match tag {
            Some(tag) => format!(
                "rt::serialize_merged(serializer, [Ok(rt::serde_json::json!({{{property:?}: {tag:?}}})), rt::serde_json::to_value(value)])"
            ),
            None => "rt::serde::Serialize::serialize(value, serializer)".to_owned(),
        };
        let _ = writeln!(
            out,
            "            Self::{}(value) => {written},",
            variant.name
        );
    }
    out.push_str("        }\n    }\n}\n");
}

fn article(name: &str) -> String {
    let an = name.starts_with(['A', 'E', 'I', 'O', 'U']);
    format!("{} `{name}`", if an { "an" } else { "a" })
}
