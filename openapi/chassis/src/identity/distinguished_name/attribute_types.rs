//! The names of attribute types: those of RFC 4514, of openssl (short and long), and of Java and
//! Windows.

/// Object identifiers, each with its names. The first name is printed. Case makes no difference.
const TYPES: &[(&str, &[&str])] = &[
    ("2.5.4.3", &["CN", "commonName"]),
    ("2.5.4.4", &["SN", "surname"]),
    ("2.5.4.5", &["SERIALNUMBER"]),
    ("2.5.4.6", &["C", "countryName"]),
    ("2.5.4.7", &["L", "localityName"]),
    ("2.5.4.8", &["ST", "S", "stateOrProvinceName"]),
    ("2.5.4.9", &["STREET", "streetAddress"]),
    ("2.5.4.10", &["O", "organizationName"]),
    ("2.5.4.11", &["OU", "organizationalUnitName"]),
    ("2.5.4.12", &["TITLE", "T"]),
    ("2.5.4.13", &["DESCRIPTION"]),
    ("2.5.4.14", &["SEARCHGUIDE"]),
    ("2.5.4.15", &["BUSINESSCATEGORY"]),
    ("2.5.4.16", &["POSTALADDRESS"]),
    ("2.5.4.17", &["POSTALCODE"]),
    ("2.5.4.18", &["POSTOFFICEBOX"]),
    ("2.5.4.19", &["PHYSICALDELIVERYOFFICENAME"]),
    ("2.5.4.20", &["TELEPHONENUMBER"]),
    ("2.5.4.21", &["TELEXNUMBER"]),
    ("2.5.4.22", &["TELETEXTERMINALIDENTIFIER"]),
    ("2.5.4.23", &["FACSIMILETELEPHONENUMBER"]),
    ("2.5.4.24", &["X121ADDRESS"]),
    (
        "2.5.4.25",
        &["INTERNATIONALISDNNUMBER", "internationaliSDNNumber"],
    ),
    ("2.5.4.26", &["REGISTEREDADDRESS"]),
    ("2.5.4.27", &["DESTINATIONINDICATOR"]),
    ("2.5.4.28", &["PREFERREDDELIVERYMETHOD"]),
    ("2.5.4.29", &["PRESENTATIONADDRESS"]),
    ("2.5.4.30", &["SUPPORTEDAPPLICATIONCONTEXT"]),
    ("2.5.4.31", &["MEMBER"]),
    ("2.5.4.32", &["OWNER"]),
    ("2.5.4.33", &["ROLEOCCUPANT"]),
    ("2.5.4.34", &["SEEALSO"]),
    ("2.5.4.35", &["USERPASSWORD"]),
    ("2.5.4.41", &["NAME"]),
    ("2.5.4.42", &["GN", "G", "givenName"]),
    ("2.5.4.43", &["INITIALS", "I"]),
    ("2.5.4.44", &["GENERATIONQUALIFIER", "GENERATION"]),
    ("2.5.4.45", &["X500UNIQUEIDENTIFIER", "uniqueIdentifier"]),
    ("2.5.4.46", &["DNQUALIFIER", "dnQ"]),
    ("2.5.4.47", &["ENHANCEDSEARCHGUIDE"]),
    ("2.5.4.48", &["PROTOCOLINFORMATION"]),
    ("2.5.4.49", &["DISTINGUISHEDNAME", "dn"]),
    ("2.5.4.50", &["UNIQUEMEMBER"]),
    ("2.5.4.51", &["HOUSEIDENTIFIER"]),
    ("2.5.4.54", &["DMDNAME"]),
    ("2.5.4.65", &["PSEUDONYM"]),
    ("2.5.4.72", &["ROLE"]),
    ("2.5.4.97", &["ORGANIZATIONIDENTIFIER"]),
    ("2.5.4.98", &["C3", "countryCode3c"]),
    ("2.5.4.99", &["N3", "countryCode3n"]),
    ("2.5.4.100", &["DNSNAME"]),
    ("0.9.2342.19200300.100.1.1", &["UID", "userId"]),
    ("0.9.2342.19200300.100.1.3", &["MAIL", "rfc822Mailbox"]),
    ("0.9.2342.19200300.100.1.25", &["DC", "domainComponent"]),
    ("1.2.840.113549.1.9.1", &["EMAILADDRESS", "E"]),
    ("1.2.840.113549.1.9.2", &["UNSTRUCTUREDNAME"]),
    ("1.2.840.113549.1.9.8", &["UNSTRUCTUREDADDRESS"]),
    // Types of extended validation certificates, which PSD2 and Open Finance use.
    (
        "1.3.6.1.4.1.311.60.2.1.1",
        &["JURISDICTIONL", "jurisdictionLocalityName"],
    ),
    (
        "1.3.6.1.4.1.311.60.2.1.2",
        &["JURISDICTIONST", "jurisdictionStateOrProvinceName"],
    ),
    (
        "1.3.6.1.4.1.311.60.2.1.3",
        &["JURISDICTIONC", "jurisdictionCountryName"],
    ),
    ("1.2.643.3.131.1.1", &["INN"]),
    ("1.2.643.100.1", &["OGRN"]),
    ("1.2.643.100.3", &["SNILS"]),
    ("1.2.643.100.5", &["OGRNIP"]),
];

/// The object identifier of a type, by one of its names, or by its number such as `2.5.4.15` or
/// `OID.2.5.4.15`.
pub(super) fn identifier(name: &str) -> Option<String> {
    let upper = name.to_ascii_uppercase();
    let dotted = upper.strip_prefix("OID.").unwrap_or(&upper);
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    if dotted.contains('.') && dotted.split('.').all(is_number) {
        return Some(dotted.to_owned());
    }
    let is_called =
        |(_, names): &&(&str, &[&str])| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let known = TYPES.iter().find(is_called);
    known.map(|(identifier, _)| (*identifier).to_owned())
}

/// The name of a type, or its number if the type has no name here.
pub(super) fn name(identifier: &str) -> &str {
    let known = TYPES.iter().find(|(known, _)| *known == identifier);
    known
        .and_then(|(_, names)| names.first())
        .unwrap_or(&identifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_one_type_and_back() {
        for (known, names) in TYPES {
            for name in *names {
                assert_eq!(identifier(name).as_deref(), Some(*known), "{name}");
            }
            assert_eq!(identifier(name(known)).as_deref(), Some(*known));
        }
    }

    #[test]
    fn a_type_has_a_number_too() {
        for (text, number) in [
            ("2.5.4.15", "2.5.4.15"),
            ("OID.1.2", "1.2"),
            ("oid.1.2", "1.2"),
            ("businessCategory", "2.5.4.15"),
        ] {
            assert_eq!(identifier(text).as_deref(), Some(number));
        }
        for text in ["", "XX", "1.", ".1", "1..2", "12", "OID.", "OID.CN"] {
            assert_eq!(identifier(text), None, "{text}");
        }
    }
}
