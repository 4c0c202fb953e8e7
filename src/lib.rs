//! An OAuth2 token service for Thales D1.
//!
//! The layout, from the outside in. Each module uses only the modules below it:
//!
//! | Module | Owns |
//! |---|---|
//! | [`cli`] | the commands: their arguments, their output and their exit status |
//! | [`http`] | the API on the wire, and the operations listener |
//! | [`api`] | generated types and operations, and the trait that [`http`] implements |
//! | [`issuer`] | the pipeline from a request to a token or a refusal, and the service's upkeep |
//! | [`admin`] | the changes that operators make to clients and keys, and their records |
//! | `directory` | the keys and clients in memory, kept up to date with the store |
//! | `guard` | the limits that delay, cap or refuse requests |
//! | [`store`] | the database: clients, secrets, sealed signing keys, the change feed |
//! | [`audit`] | the audit trail: a durable, chained line for each decision and each change |
//! | [`keys`] | the master key, sealing, hashes, signing here and in HSMs, JWKS, verification |
//! | [`token`] | the RFCs' types: client, credential, scope, claims, errors; pure |
//! | [`config`], [`clock`] | the configuration, and the time |

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
