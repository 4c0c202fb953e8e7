//! Reports about what tokens and clients outlive.
