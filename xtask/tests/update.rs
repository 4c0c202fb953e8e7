//! `cargo xtask openapi update` from outside: new documents for a small service, which is really
//! compiled and tested.

#![allow(clippy::unwrap_used)]

#[path = "update/documents.rs"]
mod documents;
#[path = "update/interrupted.rs"]
mod interrupted;
#[path = "update/service.rs"]
mod service;
