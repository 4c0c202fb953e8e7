//! Schemathesis over the document as it is served: requests that the document allows and ones that
//! it rules out, made up from it, and each answer held against it. All its checks are on; what it
//! must be told stands in schemathesis.toml.

use crate::harness::{D1, Setup, run};
use crate::tools;

/// The same requests on each run.
const SEED: &str = "1";
/// Made up for each operation, beside those that cover each keyword.
const EXAMPLES: &str = "100";

#[test]
fn every_answer_is_as_the_served_document_says() {
    // Its many wrong credentials would make the right ones wait as well: tests/it/throttle.rs is
    // about that.
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
