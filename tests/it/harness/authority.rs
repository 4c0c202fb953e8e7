//! Certificates, made by openssl as a bank's authority makes them.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;

/// A certificate authority, with its own folder.
pub struct Authority {
    folder: PathBuf,
}

/// A certificate and its key, in files.
#[derive(Clone)]
pub struct Issued {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// The time when a certificate is valid.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Term {
    Now,
    Past,
    /// From now until a time.
    Until(Timestamp),
}

impl Issued {
    /// The `x5t#S256` of the certificate, as openssl computes it.
    pub fn thumbprint(&self) -> String {
        let mut openssl = Command::new("openssl");
        openssl.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]);
        let said = openssl.arg(&self.certificate).output().unwrap().stdout;
        let said = String::from_utf8(said).unwrap();
        let (_, hex) = said.trim().split_once('=').unwrap();
        let bytes = hex
            .split(':')
            .map(|byte| u8::from_str_radix(byte, 16).unwrap());
        URL_SAFE_NO_PAD.encode(bytes.collect::<Vec<_>>())
    }

    /// The value of `Client-Cert` (RFC 9440), as a gateway writes it.
    pub fn client_cert(&self) -> String {
        let pem = std::fs::read_to_string(&self.certificate).unwrap();
        let encoded: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        STANDARD.decode(&encoded).unwrap();
        format!(":{encoded}:")
    }
}

impl Authority {
    /// Makes an authority in a new folder `name` below `folder`.
    pub fn new(folder: &Path, name: &str) -> Self {
        let folder = folder.join(name);
        std::fs::create_dir(&folder).unwrap();
        let authority = Self { folder };
        let dir = authority.folder.display();
        let config = format!(
            "[ca]\ndefault_ca = own\n\
             [own]\ndatabase = {dir}/index.txt\nrand_serial = yes\nnew_certs_dir = {dir}\ncertificate = {dir}/ca.pem\n\
             private_key = {dir}/ca.key\ndefault_md = sha256\npolicy = any\ncopy_extensions = copy\nunique_subject = no\n\
             default_crl_days = 30\ncrlnumber = {dir}/crlnumber\ncrl_extensions = list\n\
             [any]\ncountryName = optional\norganizationName = optional\ncommonName = optional\n\
             [list]\nauthorityKeyIdentifier = keyid\n\
             [req]\ndistinguished_name = name\nx509_extensions = authority\n[name]\n\
             [authority]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\n\
             subjectKeyIdentifier = hash\n"
        );
        std::fs::write(authority.file("ca.cnf"), config).unwrap();
        std::fs::write(authority.file("index.txt"), "").unwrap();
        std::fs::write(authority.file("crlnumber"), "01\n").unwrap();
        let subject = format!("/CN={name}");
        let mut words = vec!["req", "-x509", "-config", "ca.cnf", "-days", "30", "-subj"];
        words.push(&subject);
        words.extend(["-keyout", "ca.key", "-out", "ca.pem"]);
        words.extend(NEW_KEY);
        authority.openssl(&words);
        authority
    }

    pub fn certificate(&self) -> PathBuf {
        self.file("ca.pem")
    }

    /// Issues a certificate for a subject (`/C=FR/CN=d1`) with these alternative names
    /// (`DNS:d1.example`).
    pub fn issue(&self, name: &str, subject: &str, alternatives: &str) -> Issued {
        self.issue_for(name, subject, alternatives, Term::Now)
    }

    pub fn issue_for(&self, name: &str, subject: &str, alternatives: &str, term: Term) -> Issued {
        let (key, request, certificate) = (
            format!("{name}.key"),
            format!("{name}.csr"),
            format!("{name}.pem"),
        );
        let extension = format!("subjectAltName={alternatives}");
        let mut words = vec!["req", "-new", "-config", "ca.cnf", "-subj", subject];
        words.extend(["-keyout", &key, "-out", &request, "-addext", &extension]);
        words.extend(NEW_KEY);
        self.openssl(&words);
        let mut words = vec!["ca", "-batch", "-notext", "-config", "ca.cnf"];
        words.extend(["-in", &request, "-out", &certificate]);
        let end = match term {
            Term::Until(time) => time.strftime("%Y%m%d%H%M%SZ").to_string(),
            Term::Now | Term::Past => "20210101000000Z".to_owned(),
        };
        words.extend(match term {
            // Scanners such as sslyze object to much longer terms.
            Term::Now => vec!["-days", "90"],
            Term::Until(_) => vec!["-enddate", &end],
            Term::Past => vec!["-startdate", "20200101000000Z", "-enddate", &end],
        });
        self.openssl(&words);
        Issued {
            certificate: self.file(&certificate),
            key: self.file(&key),
        }
    }

    /// Writes the authority's CRL, and gives its path.
    pub fn revocations(&self) -> PathBuf {
        self.openssl(&["ca", "-gencrl", "-config", "ca.cnf", "-out", "crl.pem"]);
        self.file("crl.pem")
    }

    pub fn revoke(&self, issued: &Issued) {
        let certificate = issued.certificate.to_str().unwrap();
        self.openssl(&["ca", "-revoke", certificate, "-config", "ca.cnf"]);
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    #[track_caller]
    fn openssl(&self, words: &[&str]) {
        let output = Command::new("openssl")
            .args(words)
            .current_dir(&self.folder)
            .output()
            .expect("openssl is there: cargo xtask ci requirements");
        assert!(
            output.status.success(),
            "openssl {words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

const NEW_KEY: [&str; 5] = [
    "-nodes",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
];
