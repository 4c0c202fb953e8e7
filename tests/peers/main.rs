//! Programs of others against the service: what verifies its tokens as the manual shows it,
//! libraries that ask for one, what makes requests up from the document, and what looks for
//! weaknesses of TLS.
//!
//! They need Python, Node, Java and more, so they are no part of `cargo test`: `cargo xtask ci
//! peers` installs what they need below `target/peers` and runs them.

// As in the service's own tests: what they unwrap says where it failed.
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
