//! Rust for any document of OpenAPI 3.0 or 3.1: a Dropshot API trait, its types and its routes.
//!
//! A build script calls [`build::build`]. The code that it generates includes everything but the
//! handlers, and names one crate, `dropshot-contract`, which serves it.
//!
//! # Features
//!
//! - JSON and YAML, several files, and an overlay (OpenAPI Overlay 1.0.0) that adds what the
//!   document's author left out.
//! - One method for each operation. Its request is a struct of decoded parameters, body and
//!   credentials. Its reply is an enum of the declared responses, so a handler can't answer
//!   anything else.
//! - Every constraint of a schema is checked before a handler runs. What no Rust type says, such as
//!   `if`, `contains` or `unevaluatedProperties`, an evaluator of JSON Schema 2020-12 checks.
//! - Findings have a stable code ([`codes`]), file, line, JSON pointer and a remedy. One run
//!   reports all of them.
//! - The generated code depends on the document alone: the same document gives the same text.
//!
//! # Non-features
//!
//! - Swagger 2.0, and of OpenAPI 3.1 the references `$dynamicRef` and `$anchor`, other dialects of
//!   JSON Schema, and `mutualTLS`. Each is refused with a remedy.
//! - Callbacks, links and headers of multipart parts. The served document keeps them, the code does
//!   not enforce them, and [`Loaded::carried`] names each.
//! - Clients, and comparing documents (`dropshot-diff` does that).
//!
//! # How a document becomes Rust
//!
//! | Step | Module |
//! |---|---|
//! | read the text, apply the overlay, bring in other files | [`mod@load`] |
//! | check it, and resolve references | `read`, which gives a [`model::Document`] |
//! | decide the types and the operations' names | `types`, `operations` |
//! | write the Rust | `emit` |
//!
//! # Example
//!
//! ```
//! use dropshot_codegen::load::load_bytes;
//! use dropshot_codegen::{Options, generate};
//! use std::path::Path;
//!
//! let text = "
//! openapi: 3.0.3
//! info: {title: Pets, version: '1'}
//! paths:
//!   /pets/{id}:
//!     get:
//!       operationId: getPet
//!       parameters:
//!         - {name: id, in: path, required: true, schema: {type: integer, minimum: 1}}
//!       responses:
//!         '200':
//!           description: The pet
//!           content: {application/json: {schema: {type: string}}}
//! ";
//! let loaded = load_bytes(Path::new("pets.yaml"), text.as_bytes(), None)?;
//! let generated = generate(&loaded, Options::default())?;
//! assert!(generated.code.contains("fn get_pet("));
//! assert_eq!(generated.skeleton.api[0].operation, "getPet");
//!
//! // A mistake is found with its place and a remedy.
//! let wrong = text.replace("in: path", "in: body");
//! let Err(findings) = load_bytes(Path::new("pets.yaml"), wrong.as_bytes(), None) else {
//!     panic!("a parameter can't be in the body");
//! };
//! assert_eq!(findings.findings[0].line, 9);
//! assert!(findings.findings[0].help.contains("requestBody"));
//! # Ok::<(), dropshot_codegen::diagnostics::Findings>(())
//! ```

pub mod build;
pub mod codes;
pub mod diagnostics;
mod docs;
mod emit;
pub mod load;
pub mod model;
mod names;
mod operations;
mod pattern;
mod percent;
mod read;
mod refusals;
mod routes;
mod rules;
mod schemas;
pub mod skeleton;
mod types;

pub use load::{Loaded, load};
pub(crate) use refusals::Refusals;

use diagnostics::{Finding, Findings};
use operations::Operations;
use types::Types;

/// What to generate.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Every type both decoded and serialized, whichever way its operations use it, and a module
    /// `echo` with a service that the driver of the crate `dropshot-conformance` plays the caller
    /// of.
    pub both_directions: bool,
}

/// A generated service.
#[derive(Debug)]
pub struct Generated {
    /// The Rust file.
    pub code: String,
    /// The document that it serves, which the file includes as `openapi.json` beside it.
    pub document: String,
    /// What is kept in the document and not enforced.
    pub carried: Vec<Finding>,
    /// The traits to implement.
    pub skeleton: skeleton::Skeleton,
}

/// Generates the Rust of a document.
///
/// # Errors
/// Everything in it that can't be generated.
pub fn generate(loaded: &Loaded, options: Options) -> Result<Generated, Findings> {
    // Schemas nest as deep as the document does, two hundred levels at most; a build script's
    // thread has 2 MiB.
    std::thread::scope(|scope| {
        let work = || generate_here(loaded, options);
        match std::thread::Builder::new()
            .stack_size(64 << 20)
            .spawn_scoped(scope, work)
        {
            Ok(thread) => thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => work(),
        }
    })
}

fn generate_here(loaded: &Loaded, options: Options) -> Result<Generated, Findings> {
    let document = &loaded.document;
    let mut types = Types::new(document, Refusals::new(loaded));
    routes::check(&document.operations, &mut types.refusals);
    let operations = Operations::new(document, &mut types);
    types.finish();
    operations.mark(&mut types, options.both_directions);
    types.untie();
    let mut carried = loaded.carried.clone();
    carried.extend(types.refusals.finish()?);
    Ok(Generated {
        code: emit::file(document, &types, &operations),
        document: format!("{:#}\n", document.value),
        carried,
        skeleton: skeleton::Skeleton::new(&operations),
    })
}
