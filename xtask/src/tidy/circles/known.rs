//! Circles that are known and still to be cut. The list may only get shorter.

/// A crate's folder and the modules that are on the circle.
pub const KNOWN: &[(&str, &[&str])] = &[
    ("openapi/codegen/src", &["load", "overlay", "read"]),
    ("openapi/codegen/src", &["types::lower", "types::merge"]),
    ("openapi/conformance/src", &["facts", "judge"]),
    ("openapi/runtime/src", &["decode", "types"]),
    ("openapi/runtime/src", &["deep_object", "style"]),
    ("openapi/runtime/src", &["failure", "reply"]),
    ("openapi/runtime/src", &["members", "node"]),
    ("openapi/runtime/src", &["mount", "service"]),
    ("openapi/runtime/src", &["parameters", "received"]),
    (
        "src",
        &[
            "audit::chain",
            "audit::changes",
            "audit::gap",
            "audit::journal",
            "audit::mark",
            "audit::opening",
            "audit::place",
            "audit::record",
        ],
    ),
    (
        "src",
        &[
            "cli::client::import::columns",
            "cli::client::import::formats",
        ],
    ),
    (
        "src",
        &[
            "http::dialect",
            "http::handlers",
            "http::metrics",
            "http::ops",
            "http::origin",
            "http::reply",
            "http::server",
            "http::service",
            "http::watch",
        ],
    ),
    ("src", &["http::front_door", "http::listen"]),
    ("src", &["issuer::believed", "issuer::installation"]),
    ("src", &["keys::schedule", "keys::set", "keys::vault"]),
    ("src", &["store::open", "store::sql"]),
    (
        "src",
        &[
            "store::sql::clients",
            "store::sql::feed",
            "store::sql::meta",
            "store::sql::vouching",
        ],
    ),
    (
        "src",
        &[
            "token::assertion",
            "token::basic",
            "token::binding",
            "token::certificate",
            "token::claims",
            "token::client",
            "token::credential",
            "token::distinguished_name",
            "token::jwt",
        ],
    ),
    ("tests/it", &["harness::service", "harness::setup"]),
    (
        "xtask/src",
        &[
            "ci::dependencies",
            "ci::peers",
            "ci::python",
            "ci::requirements",
            "ci::step",
            "ci::validator",
        ],
    ),
    ("xtask/src", &["openapi", "tidy"]),
];
