//! __TITLE__
//!
//! `api` is generated from the document at build time. `handlers` answers its operations with the
//! `state` that they share.

/// The generated API: types, requests, replies and the trait to implement.
#[allow(missing_docs)]
pub mod api {
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}
mod handlers;
mod state;

pub use state::{Context, Settings, State};

/// Answers the operations. Its methods are associated functions, which get the [`Context`].
pub enum Handlers {}
