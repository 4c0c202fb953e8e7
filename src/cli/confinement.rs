//! The files that the service opens: those of its configuration.

use dropshot_chassis::life::confinement::{Confinement, Folders};

use crate::config::{Config, StoreUrl};

/// Confines the process to the files of its configuration.
pub(super) fn confine(config: &Config) -> Confinement {
    // Its vendor alone knows which files and programs a PKCS#11 module has.
    match config.keys.pkcs11 {
        Some(_) => Confinement::Waived("a PKCS#11 module may need other files"),
        None => Confinement::to(&folders(config)),
    }
}

fn folders(config: &Config) -> Folders {
    let mut folders = Folders::default();
    folders.writes(&config.audit.path);
    match &config.store.url {
        StoreUrl::Sqlite(file) => folders.written.push(file.parent().unwrap_or(file).into()),
        // Its files are read again for each connection.
        StoreUrl::Postgres(url) => {
            let files = url.files().chain(config.store.password_file.clone());
            files.for_each(|file| folders.reads(&file));
        }
    }
    let master_key = &config.keys.master_key_file;
    if master_key.exists() {
        folders.reads(master_key);
    } else {
        // It is made on first use.
        folders.writes(master_key);
    }
    folders.reads_sections(config.tls.as_ref(), config.gateway.as_ref());
    // A client that publishes its keys may be added at any time. The system's authorities are
    // below /etc as well.
    if let Some(authorities) = &config.jwks_uri.ca_file {
        folders.reads(authorities);
    }
    folders.reads_resolver();
    folders
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use dropshot_chassis::config::{ClientCertificates, TlsConfig};

    use super::*;

    #[test]
    fn what_is_read_is_not_written_and_links_are_followed() {
        let all = tempfile::tempdir().unwrap();
        let at = |path: &str| all.path().canonicalize().unwrap().join(path);
        for folder in ["data", "live", "archive", "keys"] {
            fs::create_dir(at(folder)).unwrap();
        }
        fs::write(at("archive/server1.pem"), "").unwrap();
        symlink("../archive/server1.pem", at("live/server.pem")).unwrap();
        let listen = ([127, 0, 0, 1], 8443).into();
        let mut config = Config::quickstart(&at("data"), listen, "/authz/d1/v1").unwrap();
        config.audit.path = at("audit/of/today");
        config.keys.master_key_file = at("keys/master.key");
        config.tls = Some(TlsConfig {
            certificate: at("live/server.pem"),
            key: at("live/server.key"),
            client_ca: None,
            client_certificates: ClientCertificates::Off,
            crl: None,
            allow: Vec::new(),
        });
        // On first use the master key is made, and so is the folder of the trail.
        let folders = super::folders(&config);
        assert_eq!(folders.written, [at(""), at("data"), at("keys")]);
        let around = at("");
        assert_eq!(
            folders.read[..4],
            [at("live"), around, at("archive"), at("live")]
        );
        assert_eq!(folders.read[4..], Folders::RESOLVER.map(PathBuf::from));
        symlink("archive", at("current")).unwrap();
        let mut through = Folders::default();
        through.reads(&at("current/server1.pem"));
        assert_eq!(through.read[..2], [at("current"), at("")]);
        fs::write(at("keys/master.key"), "").unwrap();
        fs::create_dir_all(&config.audit.path).unwrap();
        let folders = super::folders(&config);
        assert_eq!(folders.written, [at("audit/of/today"), at("data")]);
        assert_eq!(folders.read[..2], [at("keys"), at("keys")]);
    }
}
