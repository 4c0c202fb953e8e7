//! Finds a document's OpenAPI version, and checks the fields of its root.

use super::{At, Object, Reader};
use crate::codes;

/// The versions that the generator reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// OpenAPI 3.0
    V3_0,
    /// OpenAPI 3.1
    V3_1,
}

impl<'d> Reader<'d> {
    /// The document's version. `None`, with a remark, if the generator does not read it.
    pub fn openapi(&self) -> Option<Version> {
        let root = Object::new(self, self.root, At::Pointer(""), "an OpenAPI document")?;
        let Some(version) = root.text("openapi") else {
            if let Some(swagger) = root.text("swagger") {
                let message = format!("this is a Swagger {swagger} document; OpenAPI 3.0 is read");
                let help = "convert it first, for example with swagger2openapi";
                self.error(codes::VERSION, &root.key("swagger"), message, help);
            } else if root.get("openapi").is_none() {
                root.missing("openapi", "an OpenAPI document");
            }
            return None;
        };
        let series = |series: &str| {
            version == series
                || version
                    .strip_prefix(series)
                    .is_some_and(|r| r.starts_with('.'))
        };
        if series("3.0") {
            return Some(Version::V3_0);
        }
        if series("3.1") {
            return Some(Version::V3_1);
        }
        let message = format!("OpenAPI `{version}` is not read");
        self.error(
            codes::VERSION,
            &root.key("openapi"),
            message,
            "give a document of OpenAPI 3.0, or of 3.1",
        );
        None
    }

    /// Checks the fields of the root that are no part of the model.
    pub fn root_fields(&self, root: &Object<'_, 'd>) {
        const KNOWN: &str = "openapi info servers paths components security tags externalDocs webhooks \
            jsonSchemaDialect $self";
        root.known(KNOWN, "an OpenAPI document");
        let other = |dialect: &String| dialect != "https://spec.openapis.org/oas/3.1/dialect/base";
        if let Some(dialect) = root.text("jsonSchemaDialect").filter(other) {
            let message = format!("the document's schemas are of the dialect `{dialect}`");
            let help =
                "write schemas in the dialect of OpenAPI 3.1, and leave `jsonSchemaDialect` out";
            self.error(
                codes::BEYOND_3_0,
                &root.key("jsonSchemaDialect"),
                message,
                help,
            );
        }
        if root.entries("webhooks").next().is_some() {
            let at = root.key("webhooks");
            if root.get("paths").is_none() {
                let message = "the document has only `webhooks`, and a server has nothing to serve";
                self.error(codes::BEYOND_3_0, &at, message, "add `paths`");
            } else {
                self.carried(
                    codes::CALLBACKS,
                    &at,
                    "webhooks are kept; nothing is called",
                    "call them by hand",
                );
            }
        }
    }
}
