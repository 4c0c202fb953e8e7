//! Tests `cargo xtask openapi update` from outside, with new documents for a small service. The
//! service is really compiled and tested.

#![allow(clippy::unwrap_used)]

#[path = "update/documents.rs"]
mod documents;
#[path = "update/interrupted.rs"]
mod interrupted;
#[path = "update/service.rs"]
mod service;
