//! The handlers of a new service. There is one for each method of each trait, and it answers 501
//! until the developer writes it.

use crate::operations::{Group, Operations};
use std::fmt::Write;

/// What a service must implement.
#[derive(Debug, Clone)]
pub struct Skeleton {
    /// The methods of `Api` itself. Empty for a large document.
    pub api: Vec<Method>,
    /// The traits beside `Api`.
    pub groups: Vec<Trait>,
}

/// A trait of a large document.
#[derive(Debug, Clone)]
pub struct Trait {
    /// Its name.
    pub name: String,
    /// The module of its handlers.
    pub module: String,
    /// Its methods.
    pub methods: Vec<Method>,
}

/// A method to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// Its name.
    pub name: String,
    /// Its operation's `operationId`.
    pub operation: String,
    /// `GetPetRequest`
    pub request: String,
    /// `GetPetReply`
    pub reply: String,
}

impl Skeleton {
    pub(crate) fn new(operations: &Operations<'_>) -> Self {
        let method = |index: usize| {
            let operation = &operations.all[index];
            Method {
                name: operation.method.clone(),
                operation: operation.source.id.clone(),
                request: operation.request.clone(),
                reply: operation.reply.clone(),
            }
        };
        let groups = operations.groups();
        let api = if groups.is_empty() {
            (0..operations.all.len()).map(method).collect()
        } else {
            Vec::new()
        };
        let groups = groups
            .into_iter()
            .map(
                |Group {
                     name,
                     module,
                     operations,
                 }| Trait {
                    name,
                    module,
                    methods: operations.into_iter().map(method).collect(),
                },
            )
            .collect();
        Self { api, groups }
    }

    /// Every method of every trait.
    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.api
            .iter()
            .chain(self.groups.iter().flat_map(|group| &group.methods))
    }
}

impl Method {
    /// The method as Rust. It answers 501 and names its operation.
    #[must_use]
    pub fn code(&self, context: &str) -> String {
        let mut code = String::new();
        let _ = write!(
            code,
            "    async fn {}(\n        _rqctx: RequestContext<{context}>,\n        _request: requests::{},\n    ) \
             -> Result<replies::{}, Failure> {{\n        Err(Failure::not_implemented({:?}))\n    }}\n",
            self.name, self.request, self.reply, self.operation
        );
        code
    }
}
