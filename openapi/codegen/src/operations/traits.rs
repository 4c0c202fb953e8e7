//! Writes the traits that handlers implement, and the registration of their routes.
//!
//! A small document has one trait, `Api`. A large document has a trait for each tag, so that each
//! implementation is a file of readable size. Its `Api` holds what all traits share. No trait has
//! more than [`LARGEST`] operations.

use super::{Operation, Operations};
use crate::docs;
use crate::names::{self, Scope};
use std::fmt::Write;

/// The most operations in one trait, and the most routes in one registration function. A function
/// that registers hundreds of routes needs more stack than a thread of 2 MiB has.
pub const LARGEST: usize = 50;

/// A trait and its operations, by index.
pub struct Group {
    /// The trait's name.
    pub name: String,
    /// The module of its handlers.
    pub module: String,
    /// Indices into [`Operations::all`].
    pub operations: Vec<usize>,
}

impl Operations<'_> {
    /// The traits beside `Api`. Empty for a small document.
    pub fn groups(&self) -> Vec<Group> {
        if self.all.len() <= LARGEST {
            return Vec::new();
        }
        let mut by_key: indexmap::IndexMap<String, Vec<usize>> = indexmap::IndexMap::new();
        for (index, operation) in self.all.iter().enumerate() {
            by_key.entry(key(operation)).or_default().push(index);
        }
        let mut traits = Scope::with(&["Api"]);
        let mut modules = Scope::with(&["api", "main", "lib", "handlers", "mod"]);
        let mut groups = Vec::new();
        for (key, operations) in by_key {
            for chunk in operations.chunks(LARGEST) {
                groups.push(Group {
                    name: traits.take(&format!("{}Api", names::type_name(&key))),
                    module: modules.take(&names::field_name(&key)),
                    operations: chunk.to_vec(),
                });
            }
        }
        groups
    }

    /// Writes the traits and `routes`.
    pub fn emit_traits(&self, out: &mut String) {
        let groups = self.groups();
        out.push_str(
            "\n/// What every operation shares: the context that handlers work with, and the answer to a request that is\n\
             /// not what the document says.\n\
             pub trait Api: Sized + Send + Sync + 'static {\n    \
             /// What handlers work with: a store, a client, a configuration.\n    \
             type Context: rt::dropshot::ServerContext;\n",
        );
        if groups.is_empty() {
            self.all
                .iter()
                .for_each(|operation| emit_method(out, operation, "Self::Context"));
        }
        out.push_str(
            "\n    /// What a caller gets for a request that is not what the document says.\n    \
             fn rejected(rqctx: rt::RequestContext<Self::Context>, rejection: rt::Rejection) -> impl Future<Output = rt::Response> + Send {\n        \
             async move { rejection.into_response(&rqctx.request_id) }\n    }\n}\n",
        );
        for group in &groups {
            let _ = writeln!(
                out,
                "\n/// Operations of `{}`.\npub trait {}: Api {{",
                group.module, group.name
            );
            let context = "<Self as Api>::Context";
            group
                .operations
                .iter()
                .for_each(|&index| emit_method(out, &self.all[index], context));
            out.push_str("}\n");
        }
        self.emit_routes(out, &groups);
    }

    fn emit_routes(&self, out: &mut String, groups: &[Group]) {
        let bound = match groups {
            [] => "Api".to_owned(),
            groups => groups
                .iter()
                .map(|group| group.name.as_str())
                .collect::<Vec<_>>()
                .join(" + "),
        };
        let everything: Vec<usize> = (0..self.all.len()).collect();
        let chunks: Vec<(&str, &[usize])> = match groups {
            [] => everything
                .chunks(LARGEST)
                .map(|chunk| ("Api", chunk))
                .collect(),
            groups => groups
                .iter()
                .map(|group| (group.name.as_str(), group.operations.as_slice()))
                .collect(),
        };
        let _ = writeln!(
            out,
            "\n/// A route for each operation, to the handlers of `A`.\n\
             pub fn routes<A: {bound}>() -> Vec<rt::Route<<A as Api>::Context>> {{\n    \
             let mut routes = Vec::with_capacity({});",
            self.all.len()
        );
        for index in 0..chunks.len() {
            let _ = writeln!(out, "    routes_{index}::<A>(&mut routes);");
        }
        out.push_str("    routes\n}\n");
        for (index, (name, operations)) in chunks.iter().enumerate() {
            let _ = writeln!(
                out,
                "\nfn routes_{index}<A: {name}>(routes: &mut Vec<rt::Route<<A as Api>::Context>>) {{"
            );
            for &index in *operations {
                let operation = &self.all[index];
                let _ = writeln!(
                    out,
                    "    routes.push(rt::Route {{ operation: &operations::{}, call: |rqctx, mut input| match requests::{}::decode(&mut input) {{\n        \
                     Ok(request) => Box::pin(async move {{ rt::respond(A::{}(rqctx, request).await) }}),\n        \
                     Err(rejection) => Box::pin(A::rejected(rqctx, rejection)),\n    }} }});",
                    operation.constant, operation.request, operation.method
                );
            }
            out.push_str("}\n");
        }
        let _ = write!(
            out,
            "\n/// The service as Dropshot knows it: every operation of the document, answered by `A`.\n///\n\
             /// # Errors\n/// A path that Dropshot can't register.\n\
             pub fn api_description<A: {bound}>(options: rt::Options) -> Result<rt::dropshot::ApiDescription<<A as Api>::Context>, rt::MountError> {{\n    \
             rt::mount(routes::<A>(), BASE_PATH, options, |rqctx, rejection| Box::pin(A::rejected(rqctx, rejection)))\n}}\n"
        );
    }
}

fn emit_method(out: &mut String, operation: &Operation<'_>, context: &str) {
    let source = operation.source;
    let line = format!("`{} {}`", source.method, source.path);
    let mut paragraphs: Vec<&str> = Vec::new();
    paragraphs.extend(source.summary.as_deref());
    paragraphs.push(&line);
    paragraphs.extend(source.description.as_deref());
    out.push('\n');
    docs::write(out, "    ", &paragraphs);
    let _ = writeln!(
        out,
        "    fn {}(rqctx: rt::RequestContext<{context}>, request: requests::{}) -> impl Future<Output = Result<replies::{}, rt::Failure>> + Send;",
        operation.method, operation.request, operation.reply
    );
}

/// The tag, or the first literal segment of the path.
fn key(operation: &Operation<'_>) -> String {
    let source = operation.source;
    match source.tags.first() {
        Some(tag) => tag.clone(),
        None => source
            .path
            .split('/')
            .find(|segment| !segment.is_empty() && !segment.contains('{'))
            .unwrap_or("root")
            .to_owned(),
    }
}
