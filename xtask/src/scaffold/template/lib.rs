//! __TITLE__
//!
//! `api` is generated from the document at build time. `handlers` answers its operations.

/// The generated API: types, requests, replies and the trait to implement.
#[allow(missing_docs)]
pub mod api {
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}
mod handlers;

/// The service. Its handlers are associated functions that work with the [`Context`].
pub enum Service {}

/// The state that handlers share. A handler gets it from `rqctx.context()`.
#[derive(Debug, Default)]
pub struct Context {}
