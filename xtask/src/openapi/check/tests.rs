//! Tests the check on copies of this workspace's contract, with edits as a developer makes them.

use super::*;
use crate::openapi::contract::digest_line;

/// A copy of the contract that is current, whatever the state of the working tree.
fn contract() -> (tempfile::TempDir, Contract) {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (Contract::of_workspace(), Contract::at(folder.path()));
    let vendor = fs::read(from.vendor()).unwrap();
    fs::write(to.digest(), digest_line(&vendor)).unwrap();
    fs::write(to.vendor(), vendor).unwrap();
    fs::copy(from.overlay(), to.overlay()).unwrap();
    let (_, generated) = to.generate().unwrap();
    fs::write(to.served(), generated.document).unwrap();
    (folder, to)
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{} has no {from}", file.display());
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

/// Each problem's file, with the places that differ.
fn pointers(report: &Report) -> Vec<(&str, Vec<&str>)> {
    fn of(problem: &Problem) -> (&str, Vec<&str>) {
        let file = problem.file.file_name().and_then(|name| name.to_str());
        let places = problem.differences.iter().map(|d| d.pointer.as_str());
        (file.unwrap(), places.collect())
    }
    report.problems.iter().map(of).collect()
}

#[test]
fn an_untouched_contract_is_current() {
    let (_folder, contract) = contract();
    let report = check(&contract);
    assert_eq!(report.verdict, Verdict::Current, "{report}");
    assert!(report.operations >= 1 && report.problems.is_empty());
    assert!(report.to_string().starts_with("current: "));
}

#[test]
fn a_hand_edit_of_the_served_document_is_stale_and_named() {
    let (_folder, contract) = contract();
    edit(&contract.served(), "Default allowed response", "Fine");
    let report = check(&contract);
    assert_eq!(report.verdict, Verdict::Stale);
    let at = "/paths/~1oauth2~1token/post/responses/200/description";
    assert_eq!(pointers(&report), [("served.json", vec![at])]);
    let text = report.to_string();
    assert!(
        text.contains("- \"Default allowed response\"\n    + \"Fine\""),
        "{text}"
    );
    assert!(text.contains("export --out openapi/served.json"), "{text}");
}

#[test]
fn a_served_document_that_is_no_json_or_absent_or_laid_out_otherwise_is_stale() {
    let (_folder, contract) = contract();
    let whole = fs::read_to_string(contract.served()).unwrap();
    let compact: Value = serde_json::from_str(&whole).unwrap();
    for (served, says) in [
        ("{", "is not JSON: EOF"),
        (&*compact.to_string(), "from line 1 on"),
        (whole.trim_end(), "from line"),
    ] {
        fs::write(contract.served(), served).unwrap();
        let report = check(&contract);
        assert_eq!(report.verdict, Verdict::Stale);
        assert!(report.to_string().contains(says), "{}", report.to_string());
    }
    fs::remove_file(contract.served()).unwrap();
    let report = check(&contract);
    assert_eq!(report.verdict, Verdict::Stale);
    assert!(report.to_string().contains("served.json: can't be read"));
}

#[test]
fn a_hand_edit_of_the_vendors_document_is_stale_and_named_once() {
    let (_folder, contract) = contract();
    edit(&contract.vendor(), "Default allowed response", "Fine");
    let report = check(&contract);
    assert_eq!(report.verdict, Verdict::Stale);
    let at = "/paths/~1oauth2~1token/post/responses/200/description";
    assert_eq!(pointers(&report), [(Contract::VENDOR, vec![at])]);
    assert!(
        report
            .to_string()
            .contains("- \"Default allowed response\"\n    + \"Fine\""),
        "{}",
        report.to_string()
    );
}

#[test]
fn an_edit_that_only_moves_white_space_is_one_too() {
    let (_folder, contract) = contract();
    edit(&contract.vendor(), "{", "{ ");
    let report = check(&contract);
    assert_eq!(report.verdict, Verdict::Stale);
    assert_eq!(pointers(&report), [(Contract::VENDOR, vec![])]);
}

/// The served document still has what the edit removed, as if the overlay had added it.
#[test]
fn what_an_edit_removed_from_the_vendors_document_is_named() {
    let (_folder, contract) = contract();
    edit(
        &contract.vendor(),
        "\"title\":\"Authorization request body\",",
        "",
    );
    let report = check(&contract);
    assert_eq!(report.verdict, Verdict::Stale);
    let at = "/components/schemas/auth2Request/title";
    assert_eq!(
        pointers(&report),
        [(Contract::VENDOR, vec![]), ("served.json", vec![at])]
    );
}

#[test]
fn an_edit_that_the_generator_refuses_is_stale_still() {
    let (_folder, contract) = contract();
    edit(&contract.vendor(), "/oauth2/token", "/oauth2/tokens");
    let report = check(&contract);
    assert_eq!(report.verdict, Verdict::Stale);
    assert!(
        report.to_string().contains("matches nothing"),
        "{}",
        report.to_string()
    );
    assert!(
        pointers(&report)[0].1.contains(&"/paths/~1oauth2~1tokens"),
        "{:?}",
        pointers(&report)
    );

    fs::write(contract.vendor(), "{\"openapi\": ").unwrap();
    let report = check(&contract);
    assert_eq!(report.verdict, Verdict::Stale);
    assert!(
        report.to_string().contains("line 1"),
        "{}",
        report.to_string()
    );
}

#[test]
fn an_overlay_that_is_refused_or_changes_the_vendors_words_has_failed() {
    let (_folder, contract) = contract();
    let overlay = fs::read_to_string(contract.overlay()).unwrap();
    let with =
        |action: &str| fs::write(contract.overlay(), format!("{overlay}\n{action}")).unwrap();

    with("  - target: $.paths['/none']\n    update: {summary: x}\n");
    let report = check(&contract);
    assert_eq!(report.verdict, Verdict::Failed);
    assert!(report.to_string().contains("matches nothing"));

    with("  - target: $.info\n    update: {title: Mine}\n");
    let report = check(&contract);
    assert_eq!(report.verdict, Verdict::Failed);
    assert!(pointers(&report).contains(&("overlay.yaml", vec!["/info/title"])));
}

#[test]
fn a_digest_that_is_absent_or_of_another_file_has_failed() {
    let (_folder, contract) = contract();
    fs::write(contract.digest(), "00  another.json\n").unwrap();
    assert_eq!(check(&contract).verdict, Verdict::Failed);
    fs::remove_file(contract.digest()).unwrap();
    let report = check(&contract);
    assert_eq!(report.verdict, Verdict::Failed);
    assert!(report.to_string().contains("vendor.sha256: can't be read"));
}

#[test]
fn the_report_is_json_for_programs() {
    let (_folder, contract) = contract();
    edit(&contract.served(), "\"D1 OAuth API\"", "\"Mine\"");
    let report = serde_json::json!(check(&contract));
    assert_eq!(report["verdict"], "stale");
    assert_eq!(
        report["problems"][0]["differences"],
        serde_json::json!([{"pointer": "/info/title", "expected": "D1 OAuth API", "found": "Mine"}])
    );
}

/// Another reader of OpenAPI 3.0 documents takes the served document, and knows every part of it.
#[test]
fn an_independent_reader_understands_all_of_the_served_document() {
    let (_folder, contract) = contract();
    let text = fs::read_to_string(contract.served()).unwrap();
    let read: openapiv3::OpenAPI = serde_json::from_str(&text).unwrap();
    let (said, understood) = (
        serde_json::from_str(&text).unwrap(),
        serde_json::to_value(&read).unwrap(),
    );
    // That reader also writes defaults, such as the style of a header. So it may say more, never
    // less.
    assert_eq!(missing(&said, &understood), []);
}
