//! Reports about a store that somebody else writes.
