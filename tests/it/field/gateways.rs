//! Reports about what a gateway says of its callers.
