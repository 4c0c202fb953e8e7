//! The trait that the HTTP layer implements, with its types. `build.rs` generates them from the
//! served document.

include!(concat!(env!("OUT_DIR"), "/api.rs"));
