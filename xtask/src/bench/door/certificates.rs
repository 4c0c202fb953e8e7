//! Makes the certificates of the measurement with openssl.

use crate::bench::Outcome;
use crate::bench::program::said;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A certificate authority, and the two certificates that it has issued.
pub struct Authority {
    folder: PathBuf,
    pub server: Issued,
    pub client: Issued,
}

/// A certificate and its key, in files.
pub struct Issued {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

const CONFIG: &str = "[req]\ndistinguished_name = name\n[name]\n\
     [authority]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign\n\
     [own]\nbasicConstraints = critical,CA:FALSE\nsubjectAltName = DNS:localhost\n";

impl Authority {
    /// Makes an authority in a folder.
    pub fn new(folder: &Path) -> Outcome<Self> {
        let config = folder.join("openssl.cnf");
        fs::write(&config, CONFIG).map_err(|error| format!("{}: {error}", config.display()))?;
        certificate(folder, "authority", &["-extensions", "authority"])?;
        let issued = [
            "-CA",
            "authority.pem",
            "-CAkey",
            "authority.key",
            "-extensions",
            "own",
        ];
        let issue = |name: &str| -> Outcome<Issued> {
            certificate(folder, name, &issued)?;
            Ok(Issued {
                certificate: folder.join(format!("{name}.pem")),
                key: folder.join(format!("{name}.key")),
            })
        };
        Ok(Self {
            server: issue("server")?,
            client: issue("client")?,
            folder: folder.to_owned(),
        })
    }

    /// The authority's own certificate.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }
}

fn certificate(folder: &Path, name: &str, more: &[&str]) -> Outcome<()> {
    let (key, file) = (format!("{name}.key"), format!("{name}.pem"));
    let subject = format!("/CN={name}");
    let mut openssl = Command::new("openssl");
    openssl
        .current_dir(folder)
        .args(["req", "-x509", "-config", "openssl.cnf", "-days", "30"]);
    openssl.args([
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ]);
    openssl
        .args(["-subj", &subject, "-keyout", &key, "-out", &file])
        .args(more);
    said(&mut openssl).map(drop)
}
