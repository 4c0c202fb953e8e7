//! The client certificate of a request, in the formats that gateways write.

use reqwest::StatusCode;

use super::{ask, ask_by_certificate, counted, is_told};
use crate::harness::{Authority, GATEWAY, Issued, Service, Setup};

/// The formats by their names in the configuration. Each is also the name of its header.
const FORMATS: [&str; 4] = [
    "client-cert",
    "x-ssl-client-cert",
    "x-forwarded-client-cert",
    "x-amzn-mtls-clientcert-leaf",
];

/// A service behind a gateway that writes this header, with D1's client and the client `batch`.
/// Gives the certificate of `batch` too.
fn service(certificate_header: &str) -> (Service, Issued) {
    let setup = Setup::of(&GATEWAY.replace("client-cert", certificate_header));
    setup.add("is_tbank01", "123", &["--scope", "cards"]);
    setup.add_by_certificate("batch");
    let bank = Authority::new(setup.folder(), "bank");
    let issued = bank.issue("batch", "/CN=batch", "DNS:batch.example");
    (setup.start(), issued)
}

fn pem(issued: &Issued) -> String {
    std::fs::read_to_string(&issued.certificate).unwrap()
}

/// Percent-encodes these characters.
fn escaped(text: &str, characters: &str) -> String {
    let escape = |character: char| match characters.contains(character) {
        true => format!("%{:02X}", u32::from(character)),
        false => character.to_string(),
    };
    text.chars().map(escape).collect()
}

/// The encoding of nginx's `$ssl_client_escaped_cert` and of Envoy.
fn fully_escaped(issued: &Issued) -> String {
    escaped(&pem(issued), " \n+/=")
}

/// The ways to write a certificate in this format.
fn written(format: &str, issued: &Issued) -> Vec<String> {
    let byte_sequence = issued.client_cert();
    let base64 = byte_sequence.trim_matches(':').to_owned();
    let in_one_line = pem(issued).trim().replace('\n', " ");
    let escaped_but_base64 = escaped(&pem(issued), " \n");
    let envoy = format!("Cert=\"{}\"", fully_escaped(issued));
    match format {
        "client-cert" => vec![
            byte_sequence.clone(),
            format!(":{}:", base64.trim_end_matches('=')),
            format!("{byte_sequence};verified=?1;by=\"a,b\""),
        ],
        "x-ssl-client-cert" => vec![fully_escaped(issued), in_one_line, base64],
        "x-forwarded-client-cert" => vec![
            format!("Hash=00;{envoy}"),
            format!(
                "By=spiffe://bank/a;Hash=00;Subject=\"CN=\\\"a;b\\\",O=B\";URI=;{envoy};DNS=batch.example"
            ),
            format!("Hash=00;Cert=\"MIIB\",Hash=00;{envoy}"),
            format!("junk=\"torn,{envoy}"),
        ],
        _ => vec![escaped_but_base64, fully_escaped(issued)],
    }
}

/// "No certificate", as gateways write it, is refused with 400: the service reads each format with
/// a certificate.
#[tokio::test]
async fn a_certificate_is_read_as_usual_gateways_write_it() {
    for format in FORMATS {
        let (service, issued) = service(format);
        for value in written(format, &issued) {
            let answer = ask_by_certificate(&service, "batch", &[(format, &value)]).await;
            assert_eq!(
                answer.status,
                StatusCode::OK,
                "{format}: {value}: {answer:?}"
            );
        }
        // The service ignores the headers of the other formats: a caller could have written them.
        for other in FORMATS.iter().filter(|other| **other != format) {
            let value = &written(other, &issued)[0];
            let answer = ask_by_certificate(&service, "batch", &[(other, value)]).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{format}: {other}");
        }
        let thumbprint = issued.thumbprint();
        let audit = service.stop().audit();
        for record in audit
            .iter()
            .filter(|record| record["event"] == "token.issued")
        {
            assert_eq!(record["certificate"], thumbprint);
        }
    }
}

/// "No certificate", as gateways write it, is refused with 400: an empty value, blanks and words
/// for null mean that the caller has no certificate.
#[tokio::test]
async fn no_certificate_as_usual_gateways_write_it_is_none() {
    for format in FORMATS {
        let (service, _) = service(format);
        for value in [
            "", " ", "::", ": :", "::;a=1", "-", "(null)", "null", "None", "<nil>", "\"\"",
        ] {
            let value = match format {
                "x-forwarded-client-cert" => &format!(
                    "By=spiffe://bank/a;Hash=;Cert=\"{}\"",
                    value.trim_matches('"')
                ),
                _ => value,
            };
            let answer = ask(&service, &[(format, value)]).await;
            assert_eq!(
                answer.status,
                StatusCode::OK,
                "{format}: {value:?}: {answer:?}"
            );
            let answer = ask_by_certificate(&service, "batch", &[(format, value)]).await;
            assert_eq!(
                answer.status,
                StatusCode::UNAUTHORIZED,
                "{format}: {value:?}"
            );
        }
        let keys = service.get("/oauth2/jwks").await;
        assert_eq!(keys.status, StatusCode::OK);
        let audit = service.stop().audit();
        assert!(audit.iter().all(|record| record["certificate"].is_null()));
    }
}

/// "No certificate", as gateways write it, is refused with 400: the service counts and logs wrong
/// values.
#[tokio::test]
async fn what_a_gateway_says_wrong_of_a_certificate_is_counted_and_logged() {
    for format in FORMATS {
        let (service, issued) = service(format);
        let good = written(format, &issued).remove(0);
        let mut wrong = vec![
            ("bad_certificate", vec!["MIIB"]),
            ("bad_certificate", vec![":MAA=:"]),
            ("bad_certificate", vec!["%00%ff"]),
            ("several_certificates", vec![&good, &good]),
            ("several_certificates", vec![&good, ""]),
            ("several_certificates", vec!["", &good]),
        ];
        if format == "x-forwarded-client-cert" {
            // This header is a list, and its last element counts.
            wrong = vec![
                ("bad_certificate", vec!["Cert=\"MIIB\""]),
                ("bad_certificate", vec!["Cert=\"torn"]),
                ("several_certificates", vec!["Cert=\"MIIB\";Cert=\"MIIB\""]),
                ("certificate_left_out", vec!["By=spiffe://bank/a;Hash=00"]),
                (
                    "certificate_left_out",
                    vec![&good, "Subject=\"CN=batch\";Cert="],
                ),
            ];
        }
        let mut reasons = Vec::new();
        for (reason, lines) in wrong {
            let before = counted(&service, reason).await;
            let headers: Vec<_> = lines.iter().map(|line| (format, *line)).collect();
            let answer = ask(&service, &headers).await;
            assert_eq!(
                answer.status,
                StatusCode::BAD_REQUEST,
                "{format}: {lines:?}"
            );
            assert_eq!(
                counted(&service, reason).await,
                before + 1,
                "{format}: {lines:?}"
            );
            reasons.push(reason);
        }
        for reason in reasons {
            is_told(&service, reason).await;
        }
    }
}
