//! Follows `$ref`s. References to parameters, headers, bodies, responses and path items are
//! resolved at once. A reference to a schema becomes the schema's name.

use super::object::among;
use super::{At, Reader};
use crate::codes;
use crate::percent::percent_decode;
use dropshot_vocabulary::pointer::tokens;
use indexmap::IndexMap;
use serde_json::Value;
use std::collections::HashSet;

/// The kinds of objects that a `$ref` may lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Schema,
    Parameter,
    Header,
    RequestBody,
    Response,
    PathItem,
    SecurityScheme,
}

impl Kind {
    /// The section of `components` for this kind.
    fn section(self) -> &'static str {
        match self {
            Kind::Schema => "schemas",
            Kind::Parameter => "parameters",
            Kind::Header => "headers",
            Kind::RequestBody => "requestBodies",
            Kind::Response => "responses",
            Kind::PathItem => "pathItems",
            Kind::SecurityScheme => "securitySchemes",
        }
    }
}

/// Schemas outside `components.schemas` to which a `$ref` leads, by pointer, with their generated
/// names.
#[derive(Debug, Default)]
pub struct Named {
    by_pointer: IndexMap<String, String>,
    taken: HashSet<String>,
}

impl Named {
    /// Reserves the names of the document's components.
    pub fn reserve(&mut self, names: impl Iterator<Item = String>) {
        self.taken.extend(names);
    }

    /// The `n`th pointer with its name, in the order in which the reader met them.
    pub fn nth(&self, n: usize) -> Option<(String, String)> {
        self.by_pointer
            .get_index(n)
            .map(|(pointer, name)| (pointer.clone(), name.clone()))
    }

    /// The name of the schema at a pointer: the words of the pointer, made unique.
    fn name(&mut self, pointer: &str) -> String {
        if let Some(name) = self.by_pointer.get(pointer) {
            return name.clone();
        }
        const STRUCTURE: &str =
            "components schemas paths properties responses content schema parameters";
        let words = tokens(pointer)
            .filter(|token| !among(STRUCTURE, token))
            .map(|token| {
                let word = token
                    .split(|c: char| !c.is_ascii_alphanumeric())
                    .filter(|word| !word.is_empty());
                word.collect::<Vec<_>>().join("_")
            });
        let base = words
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join("_");
        let base = if base.is_empty() {
            "schema".to_owned()
        } else {
            base
        };
        let numbered = (2..).map(|n| format!("{base}_{n}"));
        let name = std::iter::once(base.clone())
            .chain(numbered)
            .find(|name| !self.taken.contains(name));
        let name = name.unwrap_or(base);
        self.taken.insert(name.clone());
        self.by_pointer.insert(pointer.to_owned(), name.clone());
        name
    }
}

impl<'d> Reader<'d> {
    /// The value itself, or the final target of its `$ref` with its pointer.
    pub fn follow(
        &self,
        value: &'d Value,
        at: &At<'_>,
        kind: Kind,
    ) -> Option<(&'d Value, Option<String>)> {
        let mut value = value;
        let mut pointer: Option<String> = None;
        let mut seen = HashSet::new();
        while let Some(Value::String(reference)) = value.get("$ref") {
            let next = match &pointer {
                None => self.target(reference, at, kind)?,
                Some(pointer) => self.target(reference, &At::Pointer(pointer), kind)?,
            };
            if !seen.insert(next.clone()) {
                let message = format!("the reference `{reference}` leads in a cycle of references");
                self.error(
                    codes::REFERENCE_CYCLE,
                    at,
                    message,
                    "let one of them be the object itself",
                );
                return None;
            }
            value = self.root.pointer(&next)?;
            pointer = Some(next);
        }
        Some((value, pointer))
    }

    /// The name of the schema to which a `$ref` leads.
    pub fn schema_name(&self, reference: &str, at: &At<'_>) -> Option<String> {
        let pointer = self.target(reference, at, Kind::Schema)?;
        match pointer.strip_prefix("/components/schemas/") {
            Some(name) if !name.contains('/') => tokens(&pointer).last(),
            _ => Some(self.named.borrow_mut().name(&pointer)),
        }
    }

    /// The pointer that a `$ref` names. `None` if nothing of this kind can be at that place.
    fn target(&self, reference: &str, at: &At<'_>, kind: Kind) -> Option<String> {
        let Some(fragment) = reference.strip_prefix('#') else {
            // The loader brought references to other files in, or has reported them.
            if !self.refused.contains(&at.to_string()) {
                let message = format!("the reference `{reference}` names no place in the document");
                self.error(
                    codes::EXTERNAL_REFERENCE,
                    at,
                    message,
                    "refer by JSON pointer, as in `#/components/schemas/Name`",
                );
            }
            return None;
        };
        if !fragment.is_empty() && !fragment.starts_with('/') {
            let message = format!("the reference `{reference}` names an anchor");
            self.error(
                codes::BEYOND_3_0,
                at,
                message,
                "refer by JSON pointer, as in `#/components/schemas/Name`",
            );
            return None;
        }
        let decoded = percent_decode(fragment);
        let pointer = [decoded.as_str(), fragment]
            .into_iter()
            .find(|pointer| self.root.pointer(pointer).is_some());
        let Some(pointer) = pointer else {
            let message = format!("the reference `{reference}` leads nowhere");
            self.error(
                codes::DANGLING_REFERENCE,
                at,
                message,
                "declare what it names, or correct the reference",
            );
            return None;
        };
        let component = pointer
            .strip_prefix("/components/")
            .and_then(|rest| rest.split_once('/'));
        let other =
            component.filter(|(section, name)| *section != kind.section() && !name.contains('/'));
        if let Some((section, _)) = other {
            let message = format!(
                "the reference `{reference}` leads into `{section}`; {} is needed here",
                kind.section()
            );
            self.error(
                codes::REFERENCE_KIND,
                at,
                message,
                "refer to an object of the right kind",
            );
            return None;
        }
        Some(pointer.to_owned())
    }
}
