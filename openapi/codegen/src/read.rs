//! Reads a document's value into its model, and finds all errors of OpenAPI 3.0 in one run.
//!
//! Owns the order of reading and the state that all parts share: remarks, caches, and the limit on
//! the size of the model. Each part of a document has its own module. [`mod@crate::load`] owns
//! files, lines and other documents. Here everything is in one value.

mod at;
mod bodies;
mod composition;
mod names;
mod object;
mod operations;
mod parameters;
mod references;
mod responses;
mod schemas;
mod security;
mod servers;
mod version;

use crate::codes;
use crate::diagnostics::{Remark, Severity};
use crate::model::{Document, Header, Parameter, RequestBody, Response, Schema};
use at::At;
use indexmap::IndexMap;
use object::Object;
use references::Named;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use version::Version;

/// The most schemas, parameters and responses of a model, each counted at each use. One takes about
/// a kilobyte.
const MAX_PARTS: usize = 500_000;

/// Reads a document and adds what it finds to `remarks`. `None` if the document could not be read.
pub(crate) fn read(value: Value, remarks: &mut Vec<Remark>) -> Option<Document> {
    let refused = remarks
        .iter()
        .filter(|remark| remark.code == codes::EXTERNAL_REFERENCE);
    let refused = refused.map(|remark| remark.pointer.clone()).collect();
    let reader = Reader::new(&value, refused);
    // A document of an unknown version is not read further. The rules of another version would only
    // cause false findings.
    let version = reader.openapi();
    let reader = Reader {
        version: version.unwrap_or(reader.version),
        ..reader
    };
    let document = version.and_then(|_| reader.document());
    remarks.append(&mut reader.remarks.into_inner());
    document.map(|document| Document { value, ..document })
}

/// The state for reading the parts of a document.
pub(crate) struct Reader<'d> {
    root: &'d Value,
    version: Version,
    /// Places of references to other files that were reported before.
    refused: HashSet<String>,
    remarks: RefCell<Vec<Remark>>,
    seen: RefCell<HashSet<Remark>>,
    named: RefCell<Named>,
    parts: Cell<usize>,
    parameters: Cache<Parameter>,
    headers: Cache<Header>,
    bodies: Cache<RequestBody>,
    responses: Cache<Response>,
}

/// The parts that were read, by pointer, with the number of parts that each contains. Several
/// references may lead to one pointer.
type Cache<T> = RefCell<HashMap<String, (Option<T>, usize)>>;

impl<'d> Reader<'d> {
    fn new(root: &'d Value, refused: HashSet<String>) -> Self {
        Reader {
            root,
            version: Version::V3_0,
            refused,
            remarks: RefCell::default(),
            seen: RefCell::default(),
            named: RefCell::default(),
            parts: Cell::new(0),
            parameters: Cache::default(),
            headers: Cache::default(),
            bodies: Cache::default(),
            responses: Cache::default(),
        }
    }

    /// Reads the document except its value. The steps follow the order in which parts need each
    /// other.
    fn document(&self) -> Option<Document> {
        let root = Object::new(self, self.root, At::Pointer(""), "an OpenAPI document")?;
        // 1. Parts that need no other part.
        self.root_fields(&root);
        let (title, version, description) = self.info(&root);
        let base_path = self.base_path(&root).unwrap_or_default();
        // 2. Components, used or not. An error in an unused one is an error of the document.
        let at = root.key("components");
        let components = root
            .get("components")
            .and_then(|value| Object::new(self, value, at, "`components`"));
        let components = components.as_ref();
        let security_schemes = components
            .map(|components| self.security_schemes(components))
            .unwrap_or_default();
        let mut schemas = components
            .map(|components| self.components(components))
            .unwrap_or_default();
        // 3. Operations. The parts that they refer to are copied into them.
        let operations = self.operations(&root, &security_schemes);
        // 4. Schemas that only references name. A schema may name more of them.
        let mut next = 0;
        while let Some((pointer, name)) = self.named_schema(next) {
            if let Some(value) = self.root.pointer(&pointer) {
                schemas.insert(name, self.schema(value, &At::Pointer(&pointer)));
            }
            next += 1;
        }
        // 5. Checks that need all schemas.
        self.check_cycles(&schemas);
        Some(Document {
            value: Value::Null,
            title,
            version,
            description,
            base_path,
            operations,
            schemas,
            security_schemes,
            tags: self.tags(&root),
        })
    }

    fn named_schema(&self, n: usize) -> Option<(String, String)> {
        self.named.borrow().nth(n)
    }

    fn info(&self, root: &Object<'_, 'd>) -> (String, String, Option<String>) {
        let Some(value) = root.get("info") else {
            root.missing("info", "an OpenAPI document");
            return Default::default();
        };
        let at = root.key("info");
        let Some(info) = Object::new(self, value, at, "`info`") else {
            return Default::default();
        };
        info.known(
            "title description termsOfService contact license version summary",
            "`info`",
        );
        if let Some(Value::Number(number)) = info.get("version") {
            let message = format!("the version is a number, taken as `{number}`");
            self.carried(
                codes::TOLERATED,
                &info.key("version"),
                message,
                "put it in quotes: `1.10` is not `1.1`",
            );
        }
        let title = info.required_text("title", "`info`").unwrap_or_default();
        let version = info.required_text("version", "`info`").unwrap_or_default();
        (title, version, info.text("description"))
    }

    fn tags(&self, root: &Object<'_, 'd>) -> Vec<(String, Option<String>)> {
        let at = root.key("tags");
        let tags = root
            .list("tags")
            .iter()
            .enumerate()
            .filter_map(|(item, value)| {
                let at = at.item(item);
                let tag = Object::new(self, value, at, "a tag")?;
                tag.known("name description externalDocs", "a tag");
                Some((tag.required_text("name", "a tag")?, tag.text("description")))
            });
        tags.collect()
    }

    /// Reads all components except security schemes. Returns the schemas. The caches keep the parts
    /// to which operations refer.
    fn components(&self, components: &Object<'_, 'd>) -> IndexMap<String, Schema> {
        const KNOWN: &str = "schemas responses parameters examples requestBodies headers securitySchemes \
            links callbacks pathItems";
        components.known(KNOWN, "`components`");
        self.named
            .borrow_mut()
            .reserve(components.entries("schemas").map(|(name, _)| name.clone()));
        let at = components.key("schemas");
        let schemas = components
            .entries("schemas")
            .map(|(name, value)| (name.clone(), self.schema(value, &at.key(name))));
        let schemas = schemas.collect();
        let at = components.key("parameters");
        components
            .entries("parameters")
            .for_each(|(name, value)| drop(self.parameter(value, &at.key(name))));
        let at = components.key("headers");
        components
            .entries("headers")
            .for_each(|(name, value)| drop(self.header(name, value, &at.key(name))));
        let at = components.key("requestBodies");
        components
            .entries("requestBodies")
            .for_each(|(name, value)| drop(self.request_body(value, &at.key(name))));
        let at = components.key("responses");
        components
            .entries("responses")
            .for_each(|(name, value)| drop(self.response(value, &at.key(name))));
        schemas
    }

    /// Reads the part at a pointer once, even if many references lead to it.
    fn cached<T: Clone>(
        &self,
        cache: &Cache<T>,
        at: &At<'_>,
        read: impl FnOnce() -> Option<T>,
    ) -> Option<T> {
        let pointer = at.to_string();
        if let Some((known, parts)) = cache.borrow().get(&pointer) {
            return if self.count(*parts, at) {
                known.clone()
            } else {
                None
            };
        }
        let before = self.parts.get();
        let made = if self.count(1, at) { read() } else { None };
        let parts = self.parts.get() - before;
        // Parts outside components seldom have a second reference, so they are not cached.
        if pointer.starts_with("/components/") {
            cache.borrow_mut().insert(pointer, (made.clone(), parts));
        }
        made
    }

    /// Counts parts of the model. Returns false if the model exceeds its limit.
    fn count(&self, parts: usize, at: &At<'_>) -> bool {
        let before = self.parts.get();
        self.parts.set(before.saturating_add(parts));
        if before <= MAX_PARTS && self.parts.get() > MAX_PARTS {
            let message = format!(
                "the document has more than {MAX_PARTS} schemas, parameters and responses up to here"
            );
            self.error(
                codes::TOO_LARGE,
                at,
                message,
                "split the document, or refer to shared schemas by `$ref`",
            );
        }
        self.parts.get() <= MAX_PARTS
    }

    fn error(
        &self,
        code: &'static str,
        at: &At<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.remark(code, Severity::Error, at, message.into(), help.into());
    }

    fn carried(
        &self,
        code: &'static str,
        at: &At<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.remark(code, Severity::Carried, at, message.into(), help.into());
    }

    /// Adds a remark. A response that ten operations share gives one finding, not ten.
    fn remark(
        &self,
        code: &'static str,
        severity: Severity,
        at: &At<'_>,
        message: String,
        help: String,
    ) {
        let remark = Remark {
            code,
            severity,
            pointer: at.to_string(),
            message,
            help,
        };
        if self.seen.borrow_mut().insert(remark.clone()) {
            self.remarks.borrow_mut().push(remark);
        }
    }
}
