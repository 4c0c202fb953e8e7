//! Reports about keys and names that clients register.
