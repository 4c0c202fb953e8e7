//! Writes the credentials that operations require of the caller, as one type for each distinct
//! `security`.

use super::{Operations, literal};
use crate::docs;
use crate::model::{Document, Location, Requirement, SecurityKind};
use crate::names::{self, Scope};
use crate::types::Types;
use std::fmt::Write;

/// A distinct set of alternatives.
pub struct Credentials {
    /// The Rust type.
    pub name: String,
    /// The caller must meet one of them.
    pub alternatives: Vec<Alternative>,
}

/// Schemes that must all be met. Empty for anonymous access.
pub struct Alternative {
    variant: String,
    schemes: Vec<Scheme>,
}

struct Scheme {
    name: String,
    field: String,
    kind: SecurityKind,
}

/// Whether the caller can meet one of the alternatives without the `Authorization` header.
pub fn has_way_beside_authorization(security: &[Vec<Requirement>], document: &Document) -> bool {
    let takes_the_header = |requirement: &Requirement| {
        let scheme = document.security_schemes.get(&requirement.scheme);
        scheme.is_none_or(|scheme| match &scheme.kind {
            SecurityKind::ApiKey { location, name } => {
                *location == Location::Header && name.eq_ignore_ascii_case("authorization")
            }
            SecurityKind::Basic
            | SecurityKind::Bearer
            | SecurityKind::Http(_)
            | SecurityKind::OAuth2
            | SecurityKind::OpenIdConnect => true,
        })
    };
    security
        .iter()
        .any(|alternative| !alternative.iter().any(takes_the_header))
}

impl Credentials {
    /// The index of the credentials for `security`. Adds them if they are new.
    pub fn index(
        all: &mut Vec<Self>,
        security: &[Vec<Requirement>],
        document: &Document,
        types: &mut Types<'_>,
    ) -> usize {
        let mut scope = Scope::with(&[]);
        let mut alternatives: Vec<Alternative> = Vec::new();
        for requirements in security {
            let mut fields = Scope::with(&[]);
            let schemes: Vec<Scheme> = requirements
                .iter()
                .filter_map(|requirement| {
                    let kind = document
                        .security_schemes
                        .get(&requirement.scheme)?
                        .kind
                        .clone();
                    let field = fields.take(&names::field_name(&requirement.scheme));
                    Some(Scheme {
                        name: requirement.scheme.clone(),
                        field,
                        kind,
                    })
                })
                .collect();
            let joined: Vec<String> = schemes
                .iter()
                .map(|scheme| names::type_name(&scheme.name))
                .collect();
            let wanted = if joined.is_empty() {
                "Anonymous".to_owned()
            } else {
                joined.join("And")
            };
            // Alternatives that differ only in scopes take the same credentials.
            if alternatives.iter().all(|known| known.variant != wanted) {
                alternatives.push(Alternative {
                    variant: scope.take(&wanted),
                    schemes,
                });
            }
        }
        // Every caller meets an empty alternative, so it is tried last.
        alternatives.sort_by_key(|alternative| alternative.schemes.is_empty());
        let variants = |alternatives: &[Alternative]| -> Vec<String> {
            alternatives
                .iter()
                .map(|alternative| alternative.variant.clone())
                .collect()
        };
        let wanted = variants(&alternatives);
        if let Some(index) = all
            .iter()
            .position(|known| variants(&known.alternatives) == wanted)
        {
            return index;
        }
        let name = types
            .names
            .take(&format!("{}Credentials", wanted.join("Or")));
        all.push(Self { name, alternatives });
        all.len() - 1
    }
}

impl Credentials {
    /// A match arm without its path for each alternative. It tells an echo service's `exchange`
    /// which credentials the caller showed.
    pub fn shown(&self) -> Vec<String> {
        let arm = |alternative: &Alternative| {
            let variant = &alternative.variant;
            if alternative.schemes.is_empty() {
                return format!("{variant} => {{}}");
            }
            let schemes = &alternative.schemes;
            let fields: Vec<&str> = schemes.iter().map(|scheme| scheme.field.as_str()).collect();
            let records: Vec<String> = schemes
                .iter()
                .map(|scheme| {
                    let (name, field) = (literal(&scheme.name), &scheme.field);
                    match scheme.kind {
                        SecurityKind::Basic => format!(
                            "exchange.credentials({name}, &format!(\"{{}}:{{}}\", {field}.username(), {field}.password()));"
                        ),
                        _ => format!("exchange.credentials({name}, {field}.as_str());"),
                    }
                })
                .collect();
            format!(
                "{variant} {{ {} }} => {{ {} }}",
                fields.join(", "),
                records.join(" ")
            )
        };
        self.alternatives.iter().map(arm).collect()
    }
}

impl Operations<'_> {
    /// Writes the module of credentials.
    pub fn emit_credentials(&self, out: &mut String) {
        for credentials in &self.credentials {
            out.push_str(
                "\n/// What a caller shows; whether it is true is the handler's to find out.\n",
            );
            let _ = writeln!(
                out,
                "#[derive(Debug, Clone)]\npub enum {} {{",
                credentials.name
            );
            for alternative in &credentials.alternatives {
                let names: Vec<String> = alternative
                    .schemes
                    .iter()
                    .map(|s| format!("`{}`", s.name))
                    .collect();
                let about = if names.is_empty() {
                    "Nothing.".to_owned()
                } else {
                    names.join(" and ")
                };
                docs::write(out, "    ", &[&about]);
                if alternative.schemes.is_empty() {
                    let _ = writeln!(out, "    {},", alternative.variant);
                    continue;
                }
                let _ = writeln!(out, "    {} {{", alternative.variant);
                for scheme in &alternative.schemes {
                    docs::write(out, "        ", &[&format!("`{}`", scheme.name)]);
                    let _ = writeln!(out, "        {}: {},", scheme.field, scheme.rust());
                }
                out.push_str("    },\n");
            }
            out.push_str("}\n");
            let _ = writeln!(out, "impl {} {{", credentials.name);
            let shows = credentials
                .alternatives
                .iter()
                .any(|alternative| !alternative.schemes.is_empty());
            let input = if shows { "input" } else { "_input" };
            let _ = writeln!(
                out,
                "    pub(super) fn decode({input}: &mut rt::Received) -> Result<Self, rt::Rejection> {{"
            );
            let mut anonymous = false;
            for alternative in &credentials.alternatives {
                emit_alternative(out, alternative, &mut anonymous);
            }
            if !anonymous {
                out.push_str("        Err(input.unauthenticated())\n");
            }
            out.push_str("    }\n}\n");
        }
    }
}

fn emit_alternative(out: &mut String, alternative: &Alternative, anonymous: &mut bool) {
    let variant = &alternative.variant;
    if alternative.schemes.is_empty() {
        *anonymous = true;
        let _ = writeln!(out, "        Ok(Self::{variant})");
        return;
    }
    let fields: Vec<&str> = alternative
        .schemes
        .iter()
        .map(|scheme| scheme.field.as_str())
        .collect();
    let gets: Vec<String> = alternative.schemes.iter().map(Scheme::get).collect();
    let _ = match (fields.as_slice(), gets.as_slice()) {
        ([field], [get]) => {
            writeln!(
                out,
                "        if let Some({field}) = {get} {{\n            return Ok(Self::{variant} {{ {field} }});\n        }}"
            )
        }
        (fields, gets) => {
            let somes: Vec<String> = fields
                .iter()
                .map(|field| format!("Some({field})"))
                .collect();
            let (somes, gets, fields) = (somes.join(", "), gets.join(", "), fields.join(", "));
            writeln!(
                out,
                "        if let ({somes}) = ({gets}) {{\n            return Ok(Self::{variant} {{ {fields} }});\n        }}"
            )
        }
    };
}

impl Scheme {
    fn rust(&self) -> &'static str {
        match &self.kind {
            SecurityKind::Basic => "rt::Basic",
            SecurityKind::Bearer | SecurityKind::OAuth2 | SecurityKind::OpenIdConnect => {
                "rt::Bearer"
            }
            SecurityKind::Http(_) => "rt::HttpCredentials",
            SecurityKind::ApiKey { .. } => "rt::ApiKey",
        }
    }

    fn get(&self) -> String {
        let name = literal(&self.name);
        match &self.kind {
            SecurityKind::Basic => format!("input.basic({name})?"),
            SecurityKind::Bearer | SecurityKind::OAuth2 | SecurityKind::OpenIdConnect => {
                format!("input.bearer({name})?")
            }
            SecurityKind::Http(scheme) => format!("input.http({}, {name})?", literal(scheme)),
            SecurityKind::ApiKey {
                location,
                name: key,
            } => {
                format!(
                    "input.api_key(rt::Location::{location:?}, {}, {name})?",
                    literal(key)
                )
            }
        }
    }
}
