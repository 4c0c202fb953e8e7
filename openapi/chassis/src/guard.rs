//! What keeps one source of requests from taking all that there is.

pub mod shares;
