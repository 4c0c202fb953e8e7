//! Schemathesis makes up requests from the served document, valid and invalid ones, and checks each
//! answer against the document. All its checks are on. Its settings are in schemathesis.toml.

use crate::harness::{D1, Setup, run};
use crate::tools;

/// Every run makes the same requests.
const SEED: &str = "1";
/// The number of random requests for each operation. Schemathesis adds requests that cover each
/// keyword.
const EXAMPLES: &str = "100";

#[test]
fn every_answer_is_as_the_served_document_says() {
    // The many wrong credentials would slow the right ones down too. tests/it/throttle.rs tests
    // that.
    let setup = Setup::of("throttle = { enabled = false }");
    let add = ["--scope", "cards pin", "--allow", "introspect"];
    setup.add("is_tbank01", "123", &add);
    let service = tools::start_at_the_address_of_its_issuer(setup);
    let mut schemathesis = tools::python("schemathesis");
    schemathesis
        .current_dir(service.setup.folder())
        .env("CREDENTIAL", D1.trim_start_matches("Basic "))
        .env("CLIENT_ID", "is_tbank01")
        .env("CLIENT_SECRET", "123")
        .arg("--config-file")
        .arg(tools::repository().join("tests/peers/schemathesis.toml"))
        .arg("run")
        .arg(service.url("/openapi.json"))
        .args([
            "--checks",
            "all",
            "--seed",
            SEED,
            "--max-examples",
            EXAMPLES,
            "--no-color",
        ]);
    let found = run(&mut schemathesis, "");
    assert_eq!(found.code, 0, "{}", found.stdout);
    assert!(found.stdout.contains("No issues found"), "{}", found.stdout);
    assert!(!service.log().contains("panicked"), "{}", service.log());
}
