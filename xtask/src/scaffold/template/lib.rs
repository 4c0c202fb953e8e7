//! __TITLE__
//!
//! `api` is generated from the document at build time; `handlers` is where its operations are answered.

/// The generated API: types, requests, replies and the trait to implement.
#[allow(missing_docs)]
pub mod api {
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}
mod handlers;

/// The service: handlers are associated functions, what they work with is the [`Context`].
pub enum Service {}

/// What handlers work with; a request's is `rqctx.context()`.
#[derive(Debug, Default)]
pub struct Context {}
