//! The behaviour that every store has, as one suite to run against each.
