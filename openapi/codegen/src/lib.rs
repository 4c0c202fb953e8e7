//! Any OpenAPI 3.0 document as a Dropshot API trait.
//!
//! The way of a document, in order: [`mod@load`] reads text into a checked [`model::Document`];
//! `types` and `operations` decide what becomes of its schemas and operations; `emit` writes the
//! Rust. What is wrong with a document is a [`diagnostics::Finding`]; a run reports all of them at
//! once.
//!
//! The generated code is served by the crate `dropshot-contract`, the only one that it names.

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
