//! Names of certificates, as openssl prints them.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::harness::{Answer, GATEWAY, Setup, run};

/// A self-signed certificate that openssl makes with this subject. The mask gives the string types
/// that openssl may use.
fn self_signed(folder: &Path, name: &str, subject: &str, mask: &str) -> String {
    let config = format!("[req]\ndistinguished_name = name\nstring_mask = {mask}\n[name]\n");
    std::fs::write(folder.join("req.cnf"), config).unwrap();
    let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
    openssl(
        folder,
        &[
            "req",
            "-x509",
            "-config",
            "req.cnf",
            "-utf8",
            "-subj",
            subject,
            "-days",
            "2",
            "-nodes",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-keyout",
            &key,
            "-out",
            &certificate,
        ],
    );
    certificate
}

fn openssl(folder: &Path, words: &[&str]) -> String {
    let mut openssl = Command::new("openssl");
    run(openssl.args(words).current_dir(folder), "").ok().stdout
}

/// "Names as openssl prints them are refused"
#[tokio::test]
async fn a_subject_is_registered_as_openssl_prints_it() {
    let subjects = [
        (
            "open-finance",
            "/jurisdictionC=BR/jurisdictionST=SP/jurisdictionL=Sao Paulo/businessCategory=Private Organization\
             /serialNumber=43142666000197/C=BR/ST=SP/L=Sao Paulo/O=Banco/OU=74e929d9/UID=67c57882/CN=web.example",
            "utf8only",
        ),
        (
            "person",
            "/C=FR/title=Dr/SN=Müller/GN=Ada/initials=A/pseudonym=x/name=Ada M/dnQualifier=1/postalCode=75001\
             /street=1, rue + 2/description=a \"b\"/generationQualifier=III/organizationIdentifier=PSDFR-1/CN= d1 ",
            "utf8only",
        ),
        ("t61", "/C=DE/O=Zürich/CN=t61", "nombstr"),
        ("bmp", "/C=PL/O=Łódź/CN=bmp", "pkix"),
        (
            "unknown",
            "/C=DE/1.3.6.1.4.1.52266.1=5493001KJTIIGC8Y1R12/CN=lei",
            "utf8only",
        ),
    ];
    let setup = Setup::of(GATEWAY);
    let folder = setup.folder().to_owned();
    let mut certificates = Vec::new();
    for (id, subject, mask) in subjects {
        let file = self_signed(&folder, id, subject, mask);
        let named = |options: &str| {
            let words = [
                "x509", "-noout", "-subject", "-in", &file, "-nameopt", options,
            ];
            let said = openssl(&folder, &words);
            let said = said
                .trim_end_matches('\n')
                .strip_prefix("subject=")
                .unwrap();
            format!("subject:{said}")
        };
        // Short names, all values as #hex, long names, and dotted OIDs.
        for (number, options) in [
            "RFC2253",
            "RFC2253,dump_all",
            "RFC2253,lname",
            "RFC2253,oid",
        ]
        .into_iter()
        .enumerate()
        {
            let (id, name) = (format!("{id}-{number}"), named(options));
            let add = ["client", "add", "--id", &id, "--certificate-name", &name];
            setup.run(&add).ok();
            // The service reads the name that it shows as the same name.
            let show = ["client", "show", &id, "--output", "json"];
            let shown = setup.run(&show).ok().json();
            let shown = shown["certificate_name"].as_str().unwrap();
            let set = ["client", "set", &id, "--certificate-name", shown];
            let said = setup.run(&set).ok().stdout;
            assert!(
                said.contains("has these settings already"),
                "{name}: {shown}: {said}"
            );
        }
        certificates.push((id, file));
    }
    for (name, part) in [
        ("subject:CN=d1,DIS,C=FR", "\"DIS\""),
        ("subject:CN=d1,favouriteDrink=tea", "favouriteDrink=tea"),
        ("subject:CN=#zz", "CN=#zz"),
    ] {
        let add = ["client", "add", "--certificate-name", name];
        setup.run(&add).fails(2, part);
    }
    let service = setup.start();
    for (id, file) in certificates {
        let pem = std::fs::read_to_string(folder.join(file)).unwrap();
        let encoded: String = pem.lines().filter(|it| !it.starts_with('-')).collect();
        STANDARD.decode(&encoded).unwrap();
        for number in 0..4 {
            let id = format!("{id}-{number}");
            let form = [("grant_type", "client_credentials"), ("client_id", &id)];
            let request = service.post().header("client-cert", format!(":{encoded}:"));
            let answer = Answer::of(request.form(&form)).await;
            assert_eq!(answer.status, 200, "{id}: {answer:?}");
        }
    }
}
