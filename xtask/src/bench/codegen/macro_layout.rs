//! The baseline: the same operations in a crate as a developer writes it by hand. It has a trait
//! under `#[api_description]`, Dropshot's extractors, and all derives that Dropshot's documentation
//! shows.

use super::document;
use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

/// Writes the crate.
pub fn write(folder: &Path, name: &str, operations: usize) -> io::Result<()> {
    let crate_name = name.replace('-', "_");
    let files = [
        (
            "Cargo.toml",
            include_str!("template/Cargo.toml.in").replace("__CRATE__", name),
        ),
        ("src/lib.rs", include_str!("template/lib.rs").to_owned()),
        (
            "src/main.rs",
            include_str!("template/main.rs").replace("__CRATE__", &crate_name),
        ),
        ("src/api.rs", api(operations)),
        ("src/handlers.rs", handlers(operations)),
    ];
    fs::create_dir_all(folder.join("src"))?;
    for (file, text) in files {
        fs::write(folder.join(file), text)?;
    }
    // The generated crate has the versions of the same lock file.
    fs::copy(
        crate::workspace::root().join("Cargo.lock"),
        folder.join("Cargo.lock"),
    )
    .map(drop)
}

const HEAD: &str = "\
//! The API.

use chrono::{DateTime, Utc};
use dropshot::{HttpError, HttpResponseOk, Path, Query, RequestContext, TypedBody};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Shared {
    pub id: Uuid,
    pub created: DateTime<Utc>,
    #[serde(default, skip_serializing_if = \"Option::is_none\")]
    pub labels: Option<Vec<String>>,
}
";

fn api(operations: usize) -> String {
    let mut code = HEAD.to_owned();
    for index in 0..operations {
        let _ = write!(code, "{}", types(index));
    }
    code.push_str("\n#[dropshot::api_description { module = \"api_mod\" }]\npub trait Api {\n    type Context;\n");
    for index in 0..operations {
        let path = document::path(index);
        let _ = write!(
            code,
            "
    /// Does thing {index}
    ///
    /// A longer description of what the operation does and why.
    #[endpoint {{ method = POST, path = \"{path}\", tags = [\"tag{}\"] }}]
    async fn do_thing_{index}(
        rqctx: RequestContext<Self::Context>,
        path: Path<Path{index}>,
        query: Query<Query{index}>,
        body: TypedBody<Body{index}>,
    ) -> Result<HttpResponseOk<Reply{index}>, HttpError>;
",
            index / 40
        );
    }
    code.push_str("}\n");
    code
}

fn types(index: usize) -> String {
    const DERIVE: &str =
        "\n#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]\n";
    const OPTIONAL: &str = "    #[serde(default, skip_serializing_if = \"Option::is_none\")]\n";
    format!(
        "{DERIVE}pub struct Path{index} {{
    pub project: String,
    pub id: i64,
}}
{DERIVE}pub struct Query{index} {{
    pub limit: Option<i32>,
    pub sort: Option<String>,
    pub verbose: Option<bool>,
}}
{DERIVE}pub struct Body{index} {{
    pub name: String,
    pub count: i32,
{OPTIONAL}    pub note: Option<String>,
{OPTIONAL}    pub flag: Option<bool>,
{OPTIONAL}    pub shared: Option<Shared>,
}}
{DERIVE}pub struct Reply{index} {{
    pub id: String,
    pub name: String,
{OPTIONAL}    pub total: Option<i64>,
{OPTIONAL}    pub items: Option<Vec<Shared>>,
}}
"
    )
}

fn handlers(operations: usize) -> String {
    let mut code = "\
//! What each operation does.

use crate::api::*;
use crate::{Context, Service};
use dropshot::{ErrorStatusCode, HttpError, HttpResponseOk, Path, Query, RequestContext, TypedBody};

fn not_implemented(operation: &str) -> HttpError {
    HttpError {
        status_code: ErrorStatusCode::NOT_IMPLEMENTED,
        error_code: None,
        external_message: operation.to_owned(),
        internal_message: operation.to_owned(),
        headers: None,
    }
}

impl Api for Service {
    type Context = Context;
"
    .to_owned();
    for index in 0..operations {
        let _ = write!(
            code,
            "
    async fn do_thing_{index}(
        _rqctx: RequestContext<Context>,
        _path: Path<Path{index}>,
        _query: Query<Query{index}>,
        _body: TypedBody<Body{index}>,
    ) -> Result<HttpResponseOk<Reply{index}>, HttpError> {{
        Err(not_implemented(\"do_thing_{index}\"))
    }}
"
        );
    }
    code.push_str("}\n");
    code
}
