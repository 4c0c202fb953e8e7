//! sslyze scans the service's TLS listener: the versions, suites and curves that it accepts, and
//! the known weaknesses of TLS. It also checks Mozilla's profile "intermediate", which lets in
//! clients of the last ten years and allows nothing that is known to be weak.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::harness::{Authority, Issued, SERVER, Service, Setup, free_address, plain, run};
use crate::tools::{self, Server};

/// Findings that the scan of the weak server must have.
const WEAK: [&str; 4] = [
    "tls_1_2_cipher_suites takes TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "tls_1_3_cipher_suites: /is_tls_version_supported is false",
    "session_renegotiation: /is_vulnerable_to_client_renegotiation_dos is true",
    "it is not as Mozilla's profile has it",
];

/// A scan of sslyze, a place in its result, and the value that must stand there.
const SOUND: [(&str, &str, &str); 16] = [
    (
        "ssl_2_0_cipher_suites",
        "/is_tls_version_supported",
        "false",
    ),
    (
        "ssl_3_0_cipher_suites",
        "/is_tls_version_supported",
        "false",
    ),
    (
        "tls_1_0_cipher_suites",
        "/is_tls_version_supported",
        "false",
    ),
    (
        "tls_1_1_cipher_suites",
        "/is_tls_version_supported",
        "false",
    ),
    ("tls_1_2_cipher_suites", "/is_tls_version_supported", "true"),
    ("tls_1_3_cipher_suites", "/is_tls_version_supported", "true"),
    ("tls_compression", "/supports_compression", "false"),
    ("tls_1_3_early_data", "/supports_early_data", "false"),
    (
        "openssl_ccs_injection",
        "/is_vulnerable_to_ccs_injection",
        "false",
    ),
    ("tls_fallback_scsv", "/supports_fallback_scsv", "true"),
    ("heartbleed", "/is_vulnerable_to_heartbleed", "false"),
    (
        "robot",
        "/robot_result",
        "\"NOT_VULNERABLE_RSA_NOT_SUPPORTED\"",
    ),
    (
        "session_renegotiation",
        "/supports_secure_renegotiation",
        "true",
    ),
    (
        "session_renegotiation",
        "/is_vulnerable_to_client_renegotiation_dos",
        "false",
    ),
    (
        "session_resumption",
        "/tls_ticket_resumption_result",
        "\"NOT_SUPPORTED\"",
    ),
    (
        "tls_extended_master_secret",
        "/supports_ems_extension",
        "true",
    ),
];

/// The suites that the service accepts, of all that sslyze tries.
const SUITES: [(&str, &[&str]); 2] = [
    (
        "tls_1_2_cipher_suites",
        &[
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        ],
    ),
    (
        "tls_1_3_cipher_suites",
        &[
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
        ],
    ),
];

#[test]
fn nothing_weak_is_found_at_the_front_door() {
    let setup = Setup::of(
        "tls = { certificate = \"own/server.pem\", key = \"own/server.key\", client_ca = \"own/ca.pem\" }\n",
    );
    let (own, client) = authority(setup.folder());
    let service: Service = setup.start();
    let found = scan(service.setup.folder(), service.api, &own, &client, &[]);
    assert_eq!(found, Vec::<String>::new());
    assert!(!service.log().contains("panicked"), "{}", service.log());
}

/// The scanner must find weaknesses in a weak server; else a clean result proves nothing.
#[tokio::test]
async fn what_is_weak_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (own, client) = authority(folder.path());
    let address = free_address();
    let mut openssl = Command::new("openssl");
    openssl
        .current_dir(folder.path().join("own"))
        .args(["s_server", "-quiet", "-accept", &address.to_string()])
        .args(["-cert", "server.pem", "-key", "server.key"])
        .args(["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"])
        .args(["-www", "-client_renegotiation"]);
    let mut server = Server::start(&mut openssl);
    while plain([127, 0, 0, 1].into(), address).await.is_err() {
        server.still_runs();
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // This server serves one connection at a time. It can keep one of the scanner's waiting for
    // longer than the scanner's timeout, so the test tries three times.
    let mut scans = Vec::new();
    while scans.len() < 3 {
        let slowly = ["--slow_connection"];
        let found = scan(folder.path(), address, &own, &client, &slowly);
        let is_found = |weak: &str| found.iter().any(|it| it.starts_with(weak));
        if WEAK.into_iter().all(is_found) {
            return;
        }
        scans.push(found);
    }
    panic!("not all of {WEAK:#?} is found: {scans:#?}");
}

/// An authority in the folder `own`, which has issued certificates for both ends.
fn authority(folder: &Path) -> (Authority, Issued) {
    let own = Authority::new(folder, "own");
    own.issue("server", "/CN=bank.example", SERVER);
    let client = own.issue("client", "/CN=d1", "DNS:d1.example");
    (own, client)
}

/// Scans a server, and gives everything that differs from what the service must show.
fn scan(
    folder: &Path,
    address: SocketAddr,
    own: &Authority,
    client: &Issued,
    more: &[&str],
) -> Vec<String> {
    let file = folder.join("scan.json");
    let mut sslyze = tools::python("sslyze");
    sslyze
        .args(["--sni", "bank.example", "--mozilla_config", "intermediate"])
        .args([
            "--robot",
            "--reneg",
            "--resum",
            "--heartbleed",
            "--openssl_ccs",
        ])
        .args(["--compression", "--early_data", "--fallback", "--ems"])
        .args([
            "--sslv2",
            "--sslv3",
            "--tlsv1",
            "--tlsv1_1",
            "--tlsv1_2",
            "--tlsv1_3",
        ])
        .args(more)
        .arg("--certinfo_ca_file")
        .arg(own.certificate())
        .arg("--cert")
        .arg(&client.certificate)
        .arg("--key")
        .arg(&client.key)
        .arg("--json_out")
        .arg(&file)
        .arg(address.to_string());
    let said = run(&mut sslyze, "");
    let report = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{error}: {}{}", said.stdout, said.stderr));
    let report: Value = serde_json::from_str(&report).unwrap();
    let mut found = findings(&report);
    if said.code != 0 || !said.stdout.contains("OK - Compliant") {
        found.push(format!(
            "it is not as Mozilla's profile has it: {}",
            said.stdout
        ));
    }
    found
}

fn findings(report: &Value) -> Vec<String> {
    let scans = &report["server_scan_results"][0]["scan_result"];
    let mut found = Vec::new();
    for (scan, place, expected) in SOUND {
        let done = &scans[scan];
        // A scan that failed or didn't run has found nothing.
        if done["status"] != "COMPLETED" {
            found.push(format!("{scan} is not done: {done}"));
        }
        let result = &done["result"];
        let seen = result.pointer(place).map(Value::to_string);
        if seen.as_deref() != Some(expected) {
            let seen = seen.unwrap_or_else(|| "absent".to_owned());
            found.push(format!("{scan}: {place} is {seen}"));
        }
        let tried = ["accepted_cipher_suites", "rejected_cipher_suites"]
            .map(|list| result[list].as_array().map_or(0, Vec::len));
        if scan.ends_with("_cipher_suites") && tried == [0, 0] {
            found.push(format!("{scan} has tried nothing"));
        }
    }
    for (scan, suites) in SUITES {
        let accepted = scans[scan]["result"]["accepted_cipher_suites"].as_array();
        let accepted: Vec<_> = accepted
            .into_iter()
            .flatten()
            .filter_map(|suite| suite["cipher_suite"]["name"].as_str())
            .collect();
        let weak = accepted.iter().filter(|name| !suites.contains(name));
        found.extend(weak.map(|name| format!("{scan} takes {name}")));
        let missing = suites.iter().filter(|name| !accepted.contains(name));
        found.extend(missing.map(|name| format!("{scan} does not take {name}")));
    }
    found
}
