//! Reports about configuration, start and stop.
