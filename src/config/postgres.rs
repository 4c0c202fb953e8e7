//! The URL of a PostgreSQL database.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// Parameters that a URL may have, by libpq's names.
const PARAMETERS: [&str; 6] = [
    "application_name",
    "host",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
];
/// The parameters whose values are paths.
const FILES: [&str; 3] = ["sslcert", "sslkey", "sslrootcert"];

/// `postgres://USER@HOST[:PORT]/DATABASE[?PARAMETERS]`. It may hold a password, which `Display` and
/// `Debug` never show.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(Url);

impl PostgresUrl {
    /// The URL to connect with, which holds the password. If the URL says nothing about TLS and
    /// leads to another machine, the database must prove itself by a certificate for its name
    /// (`sslmode=verify-full`). With anything less, an attacker could pose as the database.
    #[must_use]
    pub fn with_password(&self, password: Option<&str>) -> String {
        let mut url = self.0.clone();
        if let Some(password) = password {
            // This fails only for URLs without a host, which `from_str` refuses.
            let _taken = url.set_password(Some(&encoded(password)));
        }
        if !self.has("sslmode") && !self.is_local() {
            url.query_pairs_mut().append_pair("sslmode", "verify-full");
        }
        url.into()
    }

    /// The files that the URL names: certificates and a key for TLS.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        let pairs = self.0.query_pairs();
        let files = pairs.filter(|(name, _)| FILES.contains(&&**name));
        files.map(|(_, file)| PathBuf::from(&*file))
    }

    fn has(&self, parameter: &str) -> bool {
        self.0.query_pairs().any(|(name, _)| name == parameter)
    }

    /// Whether it leads to a process on this machine.
    fn is_local(&self) -> bool {
        let is_local = |host: &str| {
            let host = host.trim_matches(['[', ']']);
            let address = host.parse::<IpAddr>();
            // A path is that of a socket. In place of a host's name it is escaped, as
            // `%2Frun%2Fpostgresql`.
            host == "localhost"
                || host.starts_with(['/', '%'])
                || address.is_ok_and(|it| it.is_loopback())
        };
        let named = self.0.query_pairs().find(|(name, _)| name == "host");
        match named {
            Some((_, host)) => is_local(&host),
            None => self.0.host_str().is_some_and(is_local),
        }
    }
}

impl FromStr for PostgresUrl {
    type Err = &'static str;

    /// The messages don't repeat the URL, which may hold a password.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "must be \"postgres://USER@HOST/DATABASE\"";
        let url: Url = text.parse().map_err(|_| form)?;
        let has_database = !url.path().trim_start_matches('/').is_empty();
        if !url.has_host() || url.username().is_empty() || !has_database || url.fragment().is_some()
        {
            return Err(form);
        }
        for (name, value) in url.query_pairs() {
            if !PARAMETERS.contains(&&*name) {
                return Err(
                    "may have no parameters but application_name, host, sslcert, sslkey, sslmode and sslrootcert",
                );
            }
            if FILES.contains(&&*name) && !Path::new(&*value).is_absolute() {
                return Err("names a file by a relative path: write its absolute path");
            }
        }
        Ok(Self(url))
    }
}

/// Shows `***` in place of the password.
impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        if shown.password().is_some() {
            let _taken = shown.set_password(Some("***"));
        }
        f.write_str(shown.as_str())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({self})")
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> PostgresUrl {
        text.parse().unwrap()
    }

    #[test]
    fn another_machine_must_prove_itself() {
        let remote = url("postgres://authz@db.bank.example/d1").with_password(None);
        assert_eq!(
            remote,
            "postgres://authz@db.bank.example/d1?sslmode=verify-full"
        );
        for local in [
            "postgres://authz@localhost/d1",
            "postgres://authz@127.0.0.1:5433/d1",
            "postgres://authz@[::1]/d1",
            "postgres://authz@%2Frun%2Fpostgresql/d1",
            "postgres://authz@db/d1?host=/run/postgresql",
            "postgres://authz@db.bank.example/d1?sslmode=require",
        ] {
            assert_eq!(url(local).with_password(None), local);
        }
    }

    #[test]
    fn a_password_is_used_and_not_shown() {
        let kept = url("postgres://authz:hunter2@localhost/d1");
        assert_eq!(kept.to_string(), "postgres://authz:***@localhost/d1");
        assert_eq!(
            format!("{kept:?}"),
            "PostgresUrl(postgres://authz:***@localhost/d1)"
        );
        let with = kept.with_password(Some("a/b@c:%"));
        assert_eq!(with, "postgres://authz:a%2Fb%40c%3A%25@localhost/d1");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for wrong in [
            "postgres:d1",
            "postgres://db/d1",
            "postgres://authz@db",
            "postgres://authz@db/",
            "postgres://authz@db/d1#x",
            "postgres://authz@db/d1?sslMode=disable",
            "postgres://authz@db/d1?sslrootcert=ca.pem",
        ] {
            assert!(wrong.parse::<PostgresUrl>().is_err(), "{wrong}");
        }
    }
}
