//! The services of the documents in `../fixtures`: one small document for each construct of OpenAPI
//! 3.0.

use dropshot_conformance::Subject;

include!(concat!(env!("OUT_DIR"), "/subjects.rs"));
