//! `[tls]`, `[gateway]` and the operators' listener: which connections are allowed.

use dropshot_chassis::config::{AddressHeader, ClientCertificates};

use super::*;

const TLS: &str = "[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n";

fn with(more: &str) -> String {
    format!("{WHOLE}\n{more}")
}

#[test]
fn tls_has_safe_defaults() {
    let (folder, config) = load(&with(&format!("{TLS}client_ca = \"ca.pem\"\n")), &[]);
    let tls = config.unwrap().tls.unwrap();
    assert_eq!(tls.certificate, folder.join("etc/server.pem"));
    assert_eq!(tls.key, folder.join("etc/server.key"));
    assert_eq!(tls.client_ca, Some(folder.join("etc/ca.pem")));
    assert_eq!(tls.client_certificates, ClientCertificates::Required);
    assert_eq!((tls.crl, tls.allow), (None, Vec::new()));

    let tls = load(&with(TLS), &[]).1.unwrap().tls.unwrap();
    assert_eq!(tls.client_certificates, ClientCertificates::Off);
    assert!(load(WHOLE, &[]).1.unwrap().tls.is_none());
}

#[test]
fn all_of_tls_is_read() {
    let text = with(&format!(
        "{TLS}client_ca = \"ca.pem\"\nclient_certificates = \"optional\"\ncrl = \"/crl.pem\"\n\
         allow = [\"subject:CN=d1,O=Thales,C=FR\", \"dns:d1.example\"]\n"
    ));
    let config = load(&text, &[]).1.unwrap();
    let allow = config.settings.iter().find(|it| it.key == "tls.allow");
    assert_eq!(
        allow.unwrap().value,
        "subject:CN=d1,O=Thales,C=FR, dns:d1.example"
    );
    let tls = config.tls.unwrap();
    assert_eq!(tls.client_certificates, ClientCertificates::Optional);
    assert_eq!(tls.crl, Some("/crl.pem".into()));
    assert_eq!(tls.allow[1].to_string(), "dns:d1.example");
    let variable = [("D1_AUTHZ_TLS__ALLOW", "[\"dns:a.example\"]")];
    let tls = load(&text, &variable).1.unwrap().tls.unwrap();
    assert_eq!(tls.allow, ["dns:a.example".parse().unwrap()]);
}

#[test]
fn limits_hold_with_tls_and_without_and_may_be_keys_of_tls_as_before() {
    let config = load(WHOLE, &[]).1.unwrap();
    assert_eq!(config.limits, LimitsConfig::default());
    // The default limits fit into the descriptors that every system grants, with those of the rest
    // of the service.
    assert!(config.limits.connections.descriptors() < 3_840);
    let lines = "handshakes = 10\nconnections = 20\nconnections_per_source = 5\nhandshake_time = \"2s\"\n\
                 first_byte_time = \"3s\"\nidle_time = \"4s\"\nconnection_life = \"5m\"\n";
    for section in ["[limits]\n", TLS] {
        let config = load(&with(&format!("{section}{lines}")), &[]).1.unwrap();
        let limits = config.limits.connections;
        assert_eq!((limits.handshakes, limits.connections_per_source), (10, 5));
        assert_eq!(limits.connection_life, Duration::from_secs(300));
        assert_eq!(limits.descriptors(), 70);
    }
    let text = with("[limits]\nproxy_protocol = [\"10.0.0.0/8\", \"2001:db8::1\"]\n");
    let config = load(&text, &[]).1.unwrap();
    assert_eq!(config.limits.proxy_protocol.len(), 2);
    for (lines, why) in [
        ("[limits]\nconnections = 0\n", "between 1 and 1000000"),
        ("[limits]\nidle_time = 5\n", "a period between 1s and 1d"),
        (
            "[limits]\nproxy_protocol = [\"0.0.0.0/0\"]\n",
            "covers every address",
        ),
        (
            "[limits]\nproxy_protocol = true\n",
            "a network is written as",
        ),
        (
            &format!("{TLS}connections = 9\n[limits]\nconnections = 8\n"),
            "tls.connections: is set in [limits] as well",
        ),
    ] {
        let message = errors(&with(lines), &[]);
        assert!(message.contains(why), "{why}\nnot in\n{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn what_makes_no_sense_together_is_told() {
    for (lines, why) in [
        ("[tls]\nkey = \"k\"\n", "tls.certificate: is missing"),
        ("[tls]\ncertificate = \"c\"\n", "tls.key: is missing"),
        (
            &format!("{TLS}client_certificates = \"required\"\n"),
            "needs tls.client_ca",
        ),
        (
            &format!("{TLS}crl = \"crl.pem\"\n"),
            "tls.crl: has no meaning",
        ),
        (
            &format!("{TLS}allow = [\"dns:a\"]\n"),
            "tls.allow: has no meaning",
        ),
        (
            &format!("{TLS}client_ca = \"ca\"\nclient_certificates = \"off\"\n"),
            "tls.client_ca: has no meaning",
        ),
        (
            &format!("{TLS}client_ca = \"ca\"\nallow = [\"d1\"]\n"),
            "must say what kind",
        ),
        (
            &format!("{TLS}client_ca = \"ca\"\nallow = [1]\n"),
            "an array of strings",
        ),
        (
            &format!("{TLS}enabled = true\n"),
            "tls.enabled: unknown key",
        ),
    ] {
        let message = errors(&with(lines), &[]);
        assert!(message.contains(why), "{why}\nnot in\n{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn a_gateway_is_known_by_its_addresses() {
    let text = with("[gateway]\naddresses = [\"192.0.2.10\", \"10.1.0.0/24\"]\n");
    let gateway = load(&text, &[]).1.unwrap().gateway.unwrap();
    assert!(gateway.is_at("10.1.0.7".parse().unwrap()));
    assert!(!gateway.is_at("192.0.2.11".parse().unwrap()));
    assert_eq!(gateway.address_header, AddressHeader::XForwardedFor);
    assert_eq!(gateway.certificate_header, CertificateHeader::Off);
    for (lines, why) in [
        ("address_header = \"off\"", "must list the addresses"),
        ("addresses = []", "must list the addresses"),
        ("addresses = [\"0.0.0.0/0\"]", "covers every address"),
        ("addresses = [\"::/0\"]", "covers every address"),
        ("addresses = [\"proxy\"]", "a network is written as"),
        (
            "addresses = [\"::1\"]\ncertificate_header = \"on\"",
            "must be \"client-cert\"",
        ),
    ] {
        let message = errors(&with(&format!("[gateway]\n{lines}\n")), &[]);
        assert!(message.contains(why), "{why}\nnot in\n{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn operators_are_not_in_public_by_accident() {
    let ops = |address: &str, more: &str| {
        load(
            &WHOLE.replace(
                "ops = \"127.0.0.1:9191\"",
                &format!("ops = \"{address}\"\n{more}"),
            ),
            &[],
        )
        .1
    };
    for address in [
        "10.0.0.1:9090",
        "[::1]:9090",
        "[fd00::1]:9090",
        "127.0.0.2:9090",
    ] {
        assert!(ops(address, "").is_ok(), "{address}");
    }
    for address in [
        "0.0.0.0:9090",
        "[::]:9090",
        "192.0.2.1:9090",
        "[2001:db8::1]:9090",
    ] {
        let message = ops(address, "").unwrap_err().to_string();
        assert!(message.contains("listen.ops_public = true"), "{message}");
        assert!(ops(address, "ops_public = true").is_ok(), "{address}");
    }
}
