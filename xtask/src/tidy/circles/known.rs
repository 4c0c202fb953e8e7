//! Circles that are known and still to be cut. The list may only get shorter.

/// A crate's folder and the modules that are on the circle.
pub const KNOWN: &[(&str, &[&str])] = &[
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
            "token::claims",
            "token::client",
            "token::credential",
            "token::jwt",
        ],
    ),
    ("tests/it", &["harness::service", "harness::setup"]),
];
