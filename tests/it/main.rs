//! Tests of the real binary over HTTP and by its command line. Each module has a subject. A test of
//! a standard is named after its section.

// The harness is test code: an unwrap that fails shows where the test failed.
#![allow(clippy::unwrap_used)]

mod audit;
mod cli;
mod client;
mod clients;
mod confinement;
mod d1;
mod deploying;
mod document;
mod edited;
mod faults;
mod field;
mod front_door;
mod gateway;
mod harness;
mod hostile;
#[cfg(feature = "pkcs11")]
mod hsm;
mod import;
mod keys;
mod lifecycle;
mod limits;
mod ops;
mod outage;
mod overload;
mod postgres;
mod probe;
mod quickstart;
mod readme;
mod rfc6749;
mod rfc7009;
mod rfc7517;
mod rfc7523;
mod rfc7617;
mod rfc7662;
mod rfc8414;
mod rfc8705;
mod rfc8707;
mod rfc9068;
mod rfc9110;
mod rfc9700;
mod secrets;
mod store;
mod throttle;
