//! The source address of a request in `X-Forwarded-For` and `Forwarded`.

use super::{ask, counted, is_told};
use crate::harness::{D1, GATEWAY, GRANT, Service, Setup, header, status};

/// A service behind a gateway that writes this header. D1's client may only ask from one network,
/// and no caller is throttled.
fn service(address_header: &str) -> Service {
    let gateway = GATEWAY.replace(
        "certificate_header = \"client-cert\"",
        &format!("address_header = \"{address_header}\""),
    );
    let setup = Setup::of(&format!("{gateway}throttle = {{ enabled = false }}\n"));
    let network = ["--scope", "cards", "--network", "198.51.100.0/24"];
    setup.add("is_tbank01", "123", &network);
    setup.start()
}

/// Ways in which a gateway writes an address, and the address that the service reads.
const OWN: [(&str, Option<&str>); 14] = [
    ("198.51.100.7", Some("198.51.100.7")),
    ("198.51.100.7:4711", Some("198.51.100.7")),
    ("198.51.100.7:_port", Some("198.51.100.7")),
    ("::ffff:198.51.100.7", Some("198.51.100.7")),
    ("[::ffff:198.51.100.7]:4711", Some("198.51.100.7")),
    ("2001:db8::1", Some("2001:db8::1")),
    ("[2001:db8::1]", Some("2001:db8::1")),
    ("[2001:db8::1]:4711", Some("2001:db8::1")),
    ("fe80::1%eth0", Some("fe80::1")),
    ("[fe80::1%25eth0]:4711", Some("fe80::1")),
    ("unknown", None),
    ("_gw", None),
    ("unknown:4711", None),
    ("", None),
];

/// Texts that a caller may write left of the gateway's entry.
const LEFT: [&str; 7] = [
    "198.51.100.7, ",
    "unknown, ",
    "somebody, ",
    "for=198.51.100.7, ",
    "for=\"198.51.100.7, ",
    "\u{fc}, ",
    "",
];

/// "What a caller writes left of the gateway's entry matters": only the gateway's entry counts, in
/// one line or in several.
#[tokio::test]
async fn what_a_caller_writes_left_of_the_gateways_entry_does_not_matter() {
    for (name, before, after) in [
        ("x-forwarded-for", "", ""),
        (
            "forwarded",
            "proto=https;for=\"",
            "\";host=\"x,for=198.51.100.7\"",
        ),
    ] {
        let service = service(name);
        let mut expected = Vec::new();
        for (own, address) in OWN {
            let own = format!("{before}{own}{after}");
            for left in LEFT {
                let in_one_line = format!("{left}{own}");
                let caller = left.trim_end_matches(", ");
                for lines in [
                    &[(name, &*in_one_line)][..],
                    &[(name, caller), (name, &own)],
                ] {
                    let answer = ask(&service, lines).await;
                    let is_at_home = address == Some("198.51.100.7");
                    let status = if is_at_home { 200 } else { 401 };
                    assert_eq!(answer.status, status, "{lines:?}: {answer:?}");
                    expected.push(address.unwrap_or("127.0.0.1"));
                }
            }
        }
        // The network check and the audit trail use the same address.
        let audit = service.stop().audit();
        let decided = |event: &&serde_json::Value| {
            event["event"]
                .as_str()
                .is_some_and(|name| name.starts_with("token."))
        };
        let sources = audit
            .iter()
            .filter(decided)
            .map(|record| record["source"].as_str());
        let sources: Vec<_> = sources.map(Option::unwrap).collect();
        assert_eq!(sources, expected, "{name}");
    }
}

/// "What a caller writes left of the gateway's entry matters": if the gateway's element has no
/// address, the service doesn't take the caller's element left of it.
#[tokio::test]
async fn an_element_without_an_address_is_the_gateways_own() {
    let service = service("forwarded");
    for line in [
        "for=198.51.100.7, for=_gw",
        "for=198.51.100.7, for=unknown;proto=https",
        "for=198.51.100.7, proto=https",
        "for=198.51.100.7, ",
        "for=198.51.100.7, for=\"unknown:4711\"",
    ] {
        let answer = ask(&service, &[("forwarded", line)]).await;
        answer.refused(401, "invalid_client");
    }
    for record in service.stop().audit() {
        if record["event"] == "token.refused" {
            assert_eq!(record["source"], "127.0.0.1");
        }
    }
}

/// "What a caller writes left of the gateway's entry matters": the service refuses an unreadable
/// entry, counts it and logs it.
#[tokio::test]
async fn what_the_gateway_itself_writes_wrong_is_refused_and_told() {
    let service = service("x-forwarded-for");
    ask(&service, &[("x-forwarded-for", "198.51.100.7")])
        .await
        .granted();
    assert_eq!(counted(&service, "bad_address").await, 0);
    for line in [
        "198.51.100.7, somebody",
        "198.51.100.7 198.51.100.7",
        "[::1",
        "300.1.1.1",
    ] {
        let answer = ask(&service, &[("x-forwarded-for", line)]).await;
        assert_eq!(answer.status, 400, "{line}");
    }
    assert_eq!(counted(&service, "bad_address").await, 4);
    is_told(&service, "bad_address").await;
}

/// "What a caller writes left of the gateway's entry matters": the service doesn't read the
/// caller's bytes, even if they aren't text.
#[tokio::test]
async fn bytes_that_are_no_text_are_not_read() {
    let service = service("x-forwarded-for");
    let request = [
        format!("POST /authz/d1/v1/oauth2/token HTTP/1.1\r\nHost: bank.example\r\nAuthorization: {D1}\r\n").as_bytes(),
        b"X-Forwarded-For: \xff\xfe\x80, \"\\, 198.51.100.7\r\n",
        format!(
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{GRANT}",
            GRANT.len()
        )
        .as_bytes(),
    ]
    .concat();
    let answer = crate::harness::Connection::exchange(service.api, request).await;
    assert_eq!(status(&answer), 200, "{answer}");
    assert!(header(&answer, "content-type").is_some());
}
