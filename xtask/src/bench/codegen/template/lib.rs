//! The document's operations as a developer writes them by hand for Dropshot.

pub mod api;
mod handlers;

/// The service.
pub enum Service {}

/// What handlers work with.
#[derive(Debug, Default)]
pub struct Context {}
