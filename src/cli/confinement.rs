//! Which files the service can open: those of its configuration, and nothing else that its user
//! could (Landlock).
//!
//! Whoever takes the process over has what it has in memory; but no file of the machine beyond
//! these, and no program to run.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, BitFlags, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    RulesetStatus, path_beneath_rules,
};
use slog::{Logger, info, warn};

use crate::config::{Config, StoreUrl};

/// Whether it is confined.
pub(super) enum Confinement {
    /// To the files of its configuration.
    Files,
    /// Not, as a PKCS#11 module has files and programs of its own, which its vendor alone knows.
    Module,
    /// Not, as the kernel has no Landlock, or keeps the process from using it.
    Unsupported,
    /// Not, since this went wrong.
    Failed(RulesetError),
}

/// The rights that are known to the last of those kernels; an older one confines as far as it can.
const RIGHTS: ABI = ABI::V5;

impl Confinement {
    /// Confines this thread, and those that it starts from now on; so there must be no other yet.
    pub(super) fn of(config: &Config) -> Self {
        if config.keys.pkcs11.is_some() {
            return Self::Module;
        }
        match confine(&Folders::of(config)) {
            Ok(RulesetStatus::NotEnforced) => Self::Unsupported,
            Ok(_) => Self::Files,
            Err(error) => Self::Failed(error),
        }
    }

    /// Tells the log.
    pub(super) fn tell(&self, log: &Logger) {
        match self {
            Self::Files => info!(log, "confined to the files of the configuration"),
            Self::Module => info!(
                log,
                "not confined to the files of the configuration: a PKCS#11 module has others"
            ),
            Self::Unsupported => info!(
                log,
                "not confined to the files of the configuration: the kernel does not offer Landlock"
            ),
            Self::Failed(error) => warn!(log, "not confined to the files of the configuration";
                "error" => error.to_string()),
        }
    }
}

fn confine(folders: &Folders) -> Result<RulesetStatus, RulesetError> {
    let reading: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    let all = AccessFs::from_all(RIGHTS);
    let status = Ruleset::default()
        .handle_access(all)?
        .create()?
        .add_rules(path_beneath_rules(&folders.read, reading))?
        .add_rules(path_beneath_rules(
            &folders.written,
            all & !AccessFs::Execute,
        ))?
        .restrict_self()?;
    Ok(status.ruleset)
}

/// Where the C library finds out what a host's name stands for, and what it needs for that.
const RESOLVER: [&str; 5] = ["/etc", "/lib", "/lib64", "/usr/lib", "/run"];

/// What is read, and what is written. Folders, since a file that is renewed is another one.
struct Folders {
    read: Vec<PathBuf>,
    written: Vec<PathBuf>,
}

impl Folders {
    fn of(config: &Config) -> Self {
        let mut written = vec![existing(&config.audit.path)];
        let mut read = Vec::new();
        match &config.store.url {
            StoreUrl::Sqlite(file) => written.push(folder(file)),
            // Its files are read again for each connection.
            StoreUrl::Postgres(url) => {
                let files = url.files().chain(config.store.password_file.clone());
                read.extend(files.flat_map(|file| folders(&file)));
            }
        }
        let master_key = &config.keys.master_key_file;
        if master_key.exists() {
            read.extend(folders(master_key));
        } else {
            // It is made on first use.
            written.push(existing(master_key));
        }
        if let Some(tls) = &config.tls {
            let optional = [&tls.client_ca, &tls.crl];
            let files = [&tls.certificate, &tls.key].into_iter();
            let files = files.chain(optional.into_iter().flatten());
            read.extend(files.flat_map(|file| folders(file)));
        }
        let secret = config.gateway.as_ref().and_then(|it| it.secret.as_ref());
        read.extend(secret.into_iter().flat_map(|it| folders(&it.file)));
        // A client that publishes its keys may be added at any time. The system's authorities are
        // below /etc as well.
        let authorities = config.jwks_uri.ca_file.iter();
        read.extend(authorities.flat_map(|file| folders(file)));
        read.extend(RESOLVER.map(PathBuf::from));
        Self { read, written }
    }
}

/// Where a file stands, and where it leads to: renewal may leave the link, and change what it leads
/// to, or the link. A link that is swapped often leads from one folder into its sibling.
fn folders(file: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let behind = file.canonicalize().ok().map(|file| folder(&file));
    let mut folders = vec![folder(file)];
    // Where the links are that stand on the way to the file itself.
    let links = file.ancestors().skip(1).filter(|path| path.is_symlink());
    folders.extend(links.map(folder));
    if let Some(behind) = behind {
        let is_elsewhere = folder(file).canonicalize().ok().as_ref() != Some(&behind);
        let around = behind
            .parent()
            .filter(|around| is_elsewhere && around.parent().is_some());
        folders.extend(around.map(PathBuf::from));
        folders.push(behind);
    }
    folders.into_iter()
}

fn folder(file: &Path) -> PathBuf {
    file.parent().unwrap_or(file).into()
}

/// The path, or of what it lies in the first that is there already.
fn existing(path: &Path) -> PathBuf {
    let mut there = path.ancestors().filter(|path| path.exists());
    there.next().unwrap_or(path).into()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use dropshot_chassis::config::{ClientCertificates, TlsConfig};

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
        let folders = Folders::of(&config);
        assert_eq!(folders.written, [at(""), at("data"), at("keys")]);
        let around = at("");
        assert_eq!(
            folders.read[..4],
            [at("live"), around, at("archive"), at("live")]
        );
        assert_eq!(folders.read[4..], RESOLVER.map(PathBuf::from));
        symlink("archive", at("current")).unwrap();
        let through: Vec<_> = super::folders(&at("current/server1.pem")).collect();
        assert_eq!(through[..2], [at("current"), at("")]);
        fs::write(at("keys/master.key"), "").unwrap();
        fs::create_dir_all(&config.audit.path).unwrap();
        let folders = Folders::of(&config);
        assert_eq!(folders.written, [at("audit/of/today"), at("data")]);
        assert_eq!(folders.read[..2], [at("keys"), at("keys")]);
    }
}
