//! What a gateway says about a caller's certificate, in each form that gateways write.
//!
//! [`super::Entrance`] has checked that the gateway sent the request. The gateway has checked that
//! a trusted authority issued the certificate.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use percent_encoding::percent_decode;

use super::Stranger;
use super::written::{FromTheEnd, elements, parameters, says_nothing, unquoted};
use crate::config::CertificateHeader;
use crate::identity::ClientCertificate;

/// RFC 8941 4.2.7: padding may be missing, and its bits may be anything.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The keys of Envoy's element that describe a certificate. `Cert` has the certificate itself.
const OF_A_CERTIFICATE: [&[u8]; 5] = [b"hash", b"subject", b"uri", b"dns", b"chain"];

/// The caller's certificate. `None` if the gateway says that the caller has none.
pub(super) fn shown(
    header: CertificateHeader,
    headers: &HeaderMap,
) -> Result<Option<ClientCertificate>, Stranger> {
    match header.name() {
        None => Ok(None),
        Some(name) if header == CertificateHeader::XForwardedClientCert => {
            of_the_last_hop(headers, name)
        }
        Some(name) => of_the_only_line(headers, name),
    }
}

/// The certificate of a header that must have one line. If the gateway adds its line to the
/// caller's, nothing tells the two apart.
fn of_the_only_line(
    headers: &HeaderMap,
    name: &'static str,
) -> Result<Option<ClientCertificate>, Stranger> {
    let lines = headers.get_all(name).iter();
    let mut lines = lines.map(|line| certificate(line.as_bytes()));
    let Some(first) = lines.next() else {
        return Ok(None);
    };
    let Some(second) = lines.next() else {
        return first;
    };
    let mut all = [first, second].into_iter().chain(lines);
    match all.all(|line| line == Ok(None)) {
        true => Ok(None),
        false => Err(Stranger::SeveralCertificates),
    }
}

/// Envoy's list has an element for each hop. The last element is what the gateway itself saw.
fn of_the_last_hop(
    headers: &HeaderMap,
    name: &'static str,
) -> Result<Option<ClientCertificate>, Stranger> {
    let Some(element) = elements(headers, name).next() else {
        return Ok(None);
    };
    let element = element.map_err(|_| Stranger::BadCertificate)?;
    let mut certificate_text = None;
    let mut is_told_of = false;
    for parameter in parameters(element) {
        let (name, value) = parameter.map_err(|_| Stranger::BadCertificate)?;
        let value = std::str::from_utf8(value.unwrap_or_default());
        let value = unquoted(value.map_err(|_| Stranger::BadCertificate)?);
        if says_nothing(&value) {
            continue;
        }
        if name.eq_ignore_ascii_case(b"cert") {
            if certificate_text.replace(value).is_some() {
                return Err(Stranger::SeveralCertificates);
            }
        } else {
            is_told_of |= OF_A_CERTIFICATE
                .iter()
                .any(|one| name.eq_ignore_ascii_case(one));
        }
    }
    match certificate_text {
        Some(text) => certificate(text.as_bytes()),
        None if is_told_of => Err(Stranger::CertificateLeftOut),
        None => Ok(None),
    }
}

/// A certificate as a byte sequence (RFC 8941 3.3.5), as PEM with percent escapes or with blanks
/// for line ends, or as bare base64. `None` if the text says that there is none.
fn certificate(text: &[u8]) -> Result<Option<ClientCertificate>, Stranger> {
    let decoded: Cow<'_, [u8]> = match text.contains(&b'%') {
        true => percent_decode(text).into(),
        false => text.into(),
    };
    let text = std::str::from_utf8(&decoded).map_err(|_| Stranger::BadCertificate)?;
    let text = unquoted(text.trim_ascii());
    if says_nothing(&text) {
        return Ok(None);
    }
    let base64 = encoded(&text).ok_or(Stranger::BadCertificate)?;
    if says_nothing(base64) {
        return Ok(None);
    }
    let base64: Cow<'_, str> = match base64.contains(|c: char| c.is_ascii_whitespace()) {
        true => base64.split_ascii_whitespace().collect(),
        false => base64.into(),
    };
    let der = BASE64.decode(&*base64);
    let der = der.map_err(|_| Stranger::BadCertificate)?;
    let certificate = ClientCertificate::from_der(&der);
    certificate.map(Some).map_err(|_| Stranger::BadCertificate)
}

/// The base64 in a text. `None` if the text has anything else around it.
fn encoded(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix(':') {
        let (base64, rest) = rest.split_once(':')?;
        let rest = rest.trim_ascii_start();
        // RFC 8941 3.1.2: parameters may follow, and mean nothing here. A comma would begin another
        // element.
        let is_one = FromTheEnd::new(rest.as_bytes(), b',').count() == 1;
        return (is_one && (rest.is_empty() || rest.starts_with(';'))).then_some(base64);
    }
    match text.strip_prefix(BEGIN) {
        Some(rest) => rest.strip_suffix(END),
        None => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    /// A certificate for tests, DER in base64.
    const CERTIFICATE: &str = include_str!("certificate.txt");

    const ALL: [CertificateHeader; 4] = [
        CertificateHeader::ClientCert,
        CertificateHeader::XSslClientCert,
        CertificateHeader::XForwardedClientCert,
        CertificateHeader::XAmznMtlsClientcertLeaf,
    ];

    fn read(
        header: CertificateHeader,
        lines: &[&str],
    ) -> Result<Option<ClientCertificate>, Stranger> {
        let name = HeaderName::from_static(header.name().unwrap());
        let lines = lines.iter().map(|line| {
            (
                name.clone(),
                HeaderValue::from_bytes(line.as_bytes()).unwrap(),
            )
        });
        shown(header, &lines.collect())
    }

    fn der() -> Vec<u8> {
        BASE64.decode(CERTIFICATE.trim()).unwrap()
    }

    fn whole() -> ClientCertificate {
        ClientCertificate::from_der(&der()).unwrap()
    }

    /// PEM with `line_end` at the end of each line.
    fn pem(line_end: &str) -> String {
        let base64 = CERTIFICATE.trim().as_bytes().chunks(64);
        let lines = base64.map(|line| std::str::from_utf8(line).unwrap());
        let lines: Vec<_> = [BEGIN].into_iter().chain(lines).chain([END]).collect();
        lines.join(line_end)
    }

    /// As nginx, Envoy and ALB escape it.
    fn escaped() -> String {
        utf8_percent_encode(&(pem("\n") + "\n"), NON_ALPHANUMERIC).to_string()
    }

    #[test]
    fn a_certificate_is_read_in_each_way_that_gateways_write_it() {
        let base64 = CERTIFICATE.trim();
        let unpadded = base64.trim_end_matches('=');
        let mostly_plain = (pem("\n") + "\n").replace(' ', "%20").replace('\n', "%0A");
        for value in [
            format!(":{base64}:"),
            format!(":{unpadded}:"),
            format!(":{base64}:;a;b=1;c=\"x\""),
            format!("  :{base64}: ; a"),
            base64.to_owned(),
            pem(" "),
            pem("\t"),
            escaped(),
            mostly_plain,
        ] {
            for header in ALL {
                let envoy = format!("By=spiffe://a;Hash=00;Cert=\"{value}\"");
                let line = match header {
                    CertificateHeader::XForwardedClientCert if value.contains("\"x\"") => continue,
                    CertificateHeader::XForwardedClientCert => &envoy,
                    _ => &value,
                };
                assert_eq!(
                    read(header, &[line]),
                    Ok(Some(whole())),
                    "{header:?}: {line}"
                );
            }
        }
    }

    #[test]
    fn no_certificate_is_said_in_many_ways() {
        for value in [
            "",
            " ",
            "::",
            ": :",
            "::;a=1",
            "\"\"",
            "-",
            "(null)",
            "null",
            "None",
            "nil",
            "undefined",
            "%28null%29",
            "-----BEGIN CERTIFICATE----- -----END CERTIFICATE-----",
        ] {
            for header in ALL {
                let envoy = format!("By=spiffe://a;Cert=\"{}\"", value.trim_matches('"'));
                for line in [value, &envoy] {
                    let is_envoys = header == CertificateHeader::XForwardedClientCert;
                    if is_envoys || line == value {
                        assert_eq!(read(header, &[line]), Ok(None), "{header:?}: {line:?}");
                    }
                }
            }
        }
        for header in ALL {
            assert_eq!(read(header, &[]), Ok(None));
            assert_eq!(read(header, &["", "::"]), Ok(None));
        }
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let good = format!(":{}:", CERTIFICATE.trim());
        for value in [
            "MIIB", ":MIIB:", "MAA=", ":MAA=:", ":?:", ":MAA=", "\u{fc}", "::x", "a, ::",
        ] {
            let read = read(CertificateHeader::ClientCert, &[value]);
            assert_eq!(read, Err(Stranger::BadCertificate), "{value}");
        }
        for value in [
            format!("{good}, {good}"),
            format!("{good}, ::"),
            format!("{good};a, {good}"),
        ] {
            let read = read(CertificateHeader::ClientCert, &[&value]);
            assert_eq!(read, Err(Stranger::BadCertificate), "{value}");
        }
        // If there are two lines, the caller may have written one of them.
        for lines in [[&*good, ""], ["", &good], [&good, &good], [":?:", "::"]] {
            let read = read(CertificateHeader::ClientCert, &lines);
            assert_eq!(read, Err(Stranger::SeveralCertificates), "{lines:?}");
        }
    }

    #[test]
    fn of_envoys_elements_the_last_counts() {
        let read = |lines: &[&str]| read(CertificateHeader::XForwardedClientCert, lines);
        let own = format!(
            "By=spiffe://a;Hash=00;Subject=\"CN=d1,O=\\\"B;B\\\"\";cert=\"{}\"",
            escaped()
        );
        let junk = "Cert=\"MIIB\"";
        for lines in [
            &[&*own][..],
            &[&format!("{junk},{own}")],
            &[&format!("x=\"torn, {own}")],
            &[junk, &own],
        ] {
            assert_eq!(read(lines), Ok(Some(whole())), "{lines:?}");
        }
        let left_out = Err(Stranger::CertificateLeftOut);
        assert_eq!(read(&[&own, "By=spiffe://a;Hash=00"]), left_out);
        assert_eq!(read(&["Subject=\"CN=d1\";Cert="]), left_out);
        assert_eq!(read(&[&own, "By=spiffe://a;Hash=;Subject=\"\""]), Ok(None));
        assert_eq!(read(&[&format!("{own},")]), Ok(None));
        assert_eq!(read(&["Cert=\"MIIB"]), Err(Stranger::BadCertificate));
        let twice = format!("{own};Cert=\"{}\"", escaped());
        assert_eq!(read(&[&twice]), Err(Stranger::SeveralCertificates));
    }

    proptest! {
        #[test]
        fn noise_is_no_certificate(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            for header in ALL {
                if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                    let name = HeaderName::from_static(header.name().unwrap());
                    let read = shown(header, &[(name, value)].into_iter().collect());
                    prop_assert!(!matches!(read, Ok(Some(_))));
                }
            }
        }

        /// Every bit of a certificate counts: a changed one is no certificate, or another one.
        #[test]
        fn a_certificate_is_the_one_in_the_header(at in 0_usize..4096, bit in 0_u8..8) {
            let mut changed = der();
            let at = at % changed.len();
            changed[at] ^= 1 << bit;
            let value = format!(":{}:", BASE64.encode(changed));
            if let Ok(Some(other)) = read(CertificateHeader::ClientCert, &[&value]) {
                prop_assert_ne!(other.thumbprint(), whole().thumbprint());
            }
        }
    }
}
