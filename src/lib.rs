//! An OAuth2 token service for Thales D1.
//!
//! The layout, from the outside in; each module uses only what stands below it:
//!
//! | Module | Owns |
//! |---|---|
//! | [`cli`] | the commands: what people and scripts say and see |
//! | [`http`] | the API on the wire, and the operators' listener |
//! | [`api`] | generated from the document: types, operations, the trait that [`http`] implements |
//! | [`issuer`] | the pipeline from a request to a token or a refusal, and what the service does besides |
//! | [`admin`] | what operators change: clients, keys, the master key, and the record of it |
//! | `directory` | what the pipeline knows of the store, and how that is kept fresh |
//! | `guard` | what slows, caps or refuses |
//! | [`store`] | what lasts: clients, secrets, sealed signing keys, the change feed |
//! | [`audit`] | the trail: a durable, chained line a decision and a change, and whether it is still as it was written |
//! | [`keys`] | the master key, sealing, hashing of secrets, signing here and in HSMs, the keys' schedule, JWKS, verification |
//! | [`token`] | the RFCs' types: client, credential, scope, claims, errors; pure |
//! | [`config`], [`clock`] | what the service is told, and what time it is |

pub mod admin;
pub mod api;
pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
mod directory;
mod guard;
pub mod http;
pub mod issuer;
pub mod keys;
pub mod store;
pub mod token;
