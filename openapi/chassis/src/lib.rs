//! What a Dropshot service needs whatever its document says.
//!
//! | Module | Owns |
//! |---|---|
//! | [`guard`] | what keeps one source from taking all that there is |
//! | [`config`] | the reader of configurations, and the sections that every service has |
//! | [`identity`] | what a caller is known by: its source, its certificate, their names |
//! | [`private_file`] | files that hold a secret |

pub mod config;
pub mod guard;
pub mod identity;
pub mod private_file;
