//! `cargo xtask openapi update` from outside: new documents for a small service, which is really compiled and tested.

#[path = "update/documents.rs"]
mod documents;
#[path = "update/interrupted.rs"]
mod interrupted;
#[path = "update/service.rs"]
mod service;
