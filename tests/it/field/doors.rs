//! Reports about silent, busy and relayed connections.
