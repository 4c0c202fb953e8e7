//! Reports about the clients of another server.
