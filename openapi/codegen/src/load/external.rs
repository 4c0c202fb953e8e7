//! Brings parts of other files in the document's folder into the document.
//!
//! The target of a reference becomes a component under a name made from the reference. It is
//! brought in once, even if many references lead to it. A reference that is itself a component is
//! replaced by its target. So is a path item, because OpenAPI 3.0 has no components for path items.
//! [`folder`] decides which files may be read, and [`search`] finds the references.

mod folder;
mod search;

use super::Sources;
use super::grammar::Kind;
use super::json::MAX_VALUES;
use crate::codes;
use crate::diagnostics::{Finding, Remark, Severity};
use crate::percent::percent_decode;
use dropshot_vocabulary::pointer::{join, tokens};
use folder::Folder;
use search::Site;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// The result of bringing in: remarks about places of the document, and findings about the other
/// files.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub remarks: Vec<Remark>,
    pub findings: Vec<Finding>,
}

/// Brings in the targets of the document's references to other files, and rewrites the references.
pub(crate) fn bring_in(document: &mut Value, sources: &mut Sources) -> Outcome {
    let folder = Folder::new(sources.file(0).path());
    let mut importer = Importer {
        document,
        sources,
        folder,
        imported: HashMap::new(),
        searched: HashSet::new(),
        refused: HashSet::new(),
        values: 0,
        outcome: Outcome::default(),
    };
    // Components come first, so that a component that is a reference gives its target its name.
    for place in ["/components", ""] {
        let kind = if place.is_empty() {
            Kind::Document
        } else {
            Kind::Components
        };
        importer.bring_in_below(Place {
            pointer: place.to_owned(),
            kind,
            file: 0,
        });
    }
    importer.outcome
}

/// An object of the document, with the file to which its relative references are relative.
struct Place {
    pointer: String,
    kind: Kind,
    file: usize,
}

struct Importer<'d> {
    document: &'d mut Value,
    sources: &'d mut Sources,
    folder: Folder,
    /// File, pointer and kind of each imported part, with the local reference to it.
    imported: HashMap<(usize, String, Kind), String>,
    /// Local places outside the grammar that a reference leads to and that were searched.
    searched: HashSet<String>,
    /// Places whose references were refused.
    refused: HashSet<String>,
    values: usize,
    outcome: Outcome,
}

impl Importer<'_> {
    fn bring_in_below(&mut self, place: Place) {
        let mut places = vec![place];
        while let Some(place) = places.pop() {
            let Some(value) = self.document.pointer(&place.pointer) else {
                continue;
            };
            let sites = search::sites(value, &place.pointer, place.kind, place.file == 0);
            // The stack reverses the order, so this works through references in the document's
            // order.
            let next: Vec<Place> = sites
                .into_iter()
                .filter_map(|site| self.resolve(&site, place.file))
                .collect();
            places.extend(next.into_iter().rev());
        }
    }

    /// Makes a reference local. Returns the place that must be searched next.
    fn resolve(&mut self, site: &Site, base: usize) -> Option<Place> {
        if self.refused.contains(&site.pointer) {
            return None;
        }
        let (file, fragment) = site
            .reference
            .split_once('#')
            .unwrap_or((&site.reference, ""));
        let pointer = percent_decode(fragment);
        if file.is_empty() && base == 0 {
            return self.search_outside(pointer, site.kind);
        }
        let target = if file.is_empty() {
            Ok(base)
        } else {
            self.folder.file(file, base, self.sources)
        };
        let file = match target {
            Ok(file) => file,
            Err(refusal) => {
                let message = format!("the reference `{}` {}", site.reference, refusal.reason);
                self.refuse(site, message, refusal.help);
                self.outcome
                    .findings
                    .extend(refusal.finding.map(|finding| *finding));
                return None;
            }
        };
        if file == 0 {
            self.rewrite(site, &format!("#{fragment}"));
            return None;
        }
        let key = (file, pointer, site.kind);
        if let Some(local) = self.imported.get(&key) {
            let local = local.clone();
            self.rewrite(site, &local);
            return None;
        }
        let (_, pointer, _) = &key;
        let Some(content) = self.folder.value(file).pointer(pointer).cloned() else {
            let message = format!(
                "the reference `{}` leads nowhere: its file has no `{pointer}`",
                site.reference
            );
            self.refuse(site, message, "correct the part after `#`");
            return None;
        };
        self.values += count(&content);
        if self.values > MAX_VALUES {
            let message = format!(
                "what was brought in from other files up to here holds more than {MAX_VALUES} values"
            );
            self.refuse(site, message, "split the document");
            return None;
        }
        self.place(site, content, key)
    }

    /// Puts the content in place of the reference, or among the components.
    fn place(&mut self, site: &Site, content: Value, key: (usize, String, Kind)) -> Option<Place> {
        let (file, from, kind) = key.clone();
        let section = kind.section();
        let own_slot = section.is_some_and(|section| is_component(&site.pointer, section));
        let into = match section {
            Some(section) if !own_slot => {
                let components = object_entry(self.document.as_object_mut()?, "components")?;
                let map = object_entry(components, section)?;
                let name = free_name(map, &from, &self.folder.stem(file));
                map.insert(name.clone(), content);
                let into = join(&format!("/components/{section}"), &name);
                self.rewrite(site, &format!("#{into}"));
                into
            }
            _ => {
                *self.document.pointer_mut(&site.pointer)? = content;
                site.pointer.clone()
            }
        };
        if section.is_some() {
            self.imported.insert(key, format!("#{into}"));
        }
        self.sources.note_import(into.clone(), file, from);
        let kind = if kind == Kind::Mapping {
            Kind::Schema
        } else {
            kind
        };
        Some(Place {
            pointer: into,
            kind,
            file,
        })
    }

    /// A local reference may lead outside the grammar, as `#/definitions/Pet` does. That place must
    /// be searched as well.
    fn search_outside(&mut self, pointer: String, kind: Kind) -> Option<Place> {
        let inside = pointer.starts_with("/components/") || pointer.starts_with("/paths/");
        let new = !inside && self.searched.insert(pointer.clone());
        let kind = if kind == Kind::Mapping {
            Kind::Schema
        } else {
            kind
        };
        new.then_some(Place {
            pointer,
            kind,
            file: 0,
        })
    }

    fn rewrite(&mut self, site: &Site, reference: &str) {
        let reference = Value::String(reference.to_owned());
        match self.document.pointer_mut(&site.pointer) {
            Some(Value::Object(object)) => drop(object.insert("$ref".to_owned(), reference)),
            Some(text) => *text = reference,
            None => {}
        }
    }

    fn refuse(&mut self, site: &Site, message: String, help: &str) {
        self.refused.insert(site.pointer.clone());
        self.outcome.remarks.push(Remark {
            code: codes::EXTERNAL_REFERENCE,
            severity: Severity::Error,
            pointer: site.pointer.clone(),
            message,
            help: help.to_owned(),
        });
    }
}

fn is_component(pointer: &str, section: &str) -> bool {
    let name = pointer
        .strip_prefix("/components/")
        .and_then(|rest| rest.strip_prefix(section));
    name.is_some_and(|name| name.starts_with('/') && !name[1..].contains('/'))
}

fn object_entry<'m>(
    map: &'m mut Map<String, Value>,
    key: &str,
) -> Option<&'m mut Map<String, Value>> {
    map.entry(key)
        .or_insert_with(|| Value::Object(Map::new()))
        .as_object_mut()
}

/// A free name: the last word of the reference, or the file's name if there is none. If it is
/// taken, the file's name precedes it, and then a number follows it.
fn free_name(taken: &Map<String, Value>, pointer: &str, stem: &str) -> String {
    let clean = |text: &str| -> String {
        text.chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || "._-".contains(c) {
                    c
                } else {
                    '_'
                }
            })
            .collect()
    };
    let stem = clean(stem);
    let last = tokens(pointer).last().filter(|token| !token.is_empty());
    let name = last.map_or_else(|| stem.clone(), |token| clean(&token));
    let long = format!("{stem}_{name}");
    let numbered = (2..).map(|n| format!("{long}_{n}"));
    let free = [name.clone(), long.clone()]
        .into_iter()
        .chain(numbered)
        .find(|name| !taken.contains_key(name));
    free.unwrap_or(name)
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(values) => values.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum(),
        _ => 0,
    }
}
