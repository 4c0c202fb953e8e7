//! What keeps one source of requests from taking all that there is.
//!
//! [`shares`] has the one rule, for handshakes, connections and requests. `under_way` counts the
//! requests; the door counts the connections.

pub(crate) mod shares;
mod under_way;

pub(crate) use under_way::{RequestSlot, Requests};
