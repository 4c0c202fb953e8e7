//! Keeps one source of requests from taking all places.
//!
//! [`shares`] has the rule for handshakes, connections and requests alike. `under_way` counts the
//! requests; the door counts the connections.

pub(crate) mod shares;
mod under_way;

pub(crate) use under_way::{RequestSlot, Requests};
