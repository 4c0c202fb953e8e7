//! Programs of other makers run against the service: verifiers of the manual, client libraries, a
//! generator of requests from the document, and a scanner for weaknesses of TLS.
//!
//! They need Python, Node, Java and more, so `cargo test` doesn't run them. `cargo xtask ci peers`
//! installs them below `target/peers` and runs the tests.

// As in tests/it: an unwrap that fails shows where the test failed.
#![allow(clippy::unwrap_used)]

#[path = "../it/harness/mod.rs"]
#[allow(dead_code, unused_imports)]
mod harness;

mod forgery;
mod gateways;
mod in_front;
mod libraries;
mod scanner;
mod schemathesis;
mod tools;
mod verifiers;
