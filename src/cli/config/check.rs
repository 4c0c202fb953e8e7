//! Checks the files and folders that a configuration names, as `serve` does. Makes none of them,
//! and changes none.
//!
//! It doesn't connect to PostgreSQL: `config check` also runs where there is no database.

use std::fmt::Display;
use std::fs::File;
use std::path::Path;

use dropshot_chassis::caller::check_gateway_secret;
use dropshot_chassis::door::check_tls_files;
use dropshot_chassis::private_file::{PrivateFileError, check_private};
use nix::unistd::{AccessFlags, access};

use crate::audit::Chain;
use crate::cli::error::Error;
use crate::config::{Config, StoreUrl};
use crate::directory::check_jwks_uri;
use crate::keys::{MasterKey, MasterKeyError, Vault};
use crate::store::{Migrate, SchemaStatus, SqlStore, Store, StoreError};

/// Private files with a check of their own, which reports more than who may read them.
const TOLD_ELSEWHERE: [&str; 3] = ["keys.master_key_file", "tls.key", "gateway.secret_file"];

/// The mistakes and warnings, each with its key.
#[derive(Default)]
struct Findings {
    mistakes: Vec<String>,
    warnings: Vec<String>,
}

/// Checks all files and folders. Returns warnings of what is unsafe and still accepted.
///
/// # Errors
/// All mistakes.
pub(super) async fn files(config: &Config) -> Result<Vec<String>, Error> {
    let mut findings = Findings::default();
    if let Some(Err(error)) = config.tls.as_ref().map(check_tls_files) {
        findings.mistakes.push(error.to_string());
    }
    let secret = config.gateway.as_ref().and_then(|it| it.secret.as_ref());
    if let Some(Err(error)) = secret.map(check_gateway_secret) {
        findings.mistakes.push(error.to_string());
    }
    findings.private_files(config);
    findings.other_files(config);
    findings.audit(&config.audit.path);
    let key = findings.master_key(config);
    findings.store(config, key).await;
    if findings.mistakes.is_empty() {
        Ok(findings.warnings)
    } else {
        Err(Error::usage(findings.mistakes.join("\n")))
    }
}

impl Findings {
    fn wrong(&mut self, key: &str, why: impl Display) {
        self.mistakes.push(format!("{key}: {why}"));
    }

    fn private_files(&mut self, config: &Config) {
        for (key, file) in config.private_files() {
            match check_private(file) {
                Ok(exposed) => {
                    let told = exposed.map(|exposed| format!("{key}: {exposed}"));
                    self.warnings.extend(told);
                }
                // The file's own check reports this. It knows whether the file may be missing, and
                // whether it fits its certificate.
                Err(_) if TOLD_ELSEWHERE.contains(&key) => {}
                Err(error) => self.wrong(key, error),
            }
        }
    }

    /// Checks the other files, but not who may read them. They hold no secret, or the database's
    /// driver judges them.
    fn other_files(&mut self, config: &Config) {
        if let Some(token) = &config.keys.pkcs11 {
            self.readable("keys.pkcs11.module", &token.module);
        }
        if let Err(error) = check_jwks_uri(&config.jwks_uri) {
            self.wrong("jwks_uri.ca_file", error);
        }
        if let StoreUrl::Postgres(url) = &config.store.url {
            for file in url.files() {
                self.readable("store.url", &file);
            }
        }
    }

    fn readable(&mut self, key: &str, file: &Path) {
        let opened = File::open(file).and_then(|it| it.metadata());
        match opened {
            Ok(it) if it.is_file() => {}
            Ok(_) => self.wrong(key, format_args!("{} is not a file", file.display())),
            Err(error) => self.wrong(key, format_args!("{}: {error}", file.display())),
        }
    }

    /// The master key. `None` if its file doesn't exist or can't be used.
    fn master_key(&mut self, config: &Config) -> Option<MasterKey> {
        const KEY: &str = "keys.master_key_file";
        let file = &config.keys.master_key_file;
        match MasterKey::load(file) {
            Ok(key) => return Some(key),
            Err(MasterKeyError::Missing(_)) if config.store.read_only => {
                self.wrong(KEY, PrivateFileError::Missing(file.clone()));
            }
            // The first use makes the file. Only the store knows whether this is the first use.
            Err(MasterKeyError::Missing(_)) => self.can_be_made(KEY, file),
            Err(error) => self.wrong(KEY, error),
        }
        None
    }

    /// Checks that a missing file can be made. Its folder must exist.
    fn can_be_made(&mut self, key: &str, file: &Path) {
        let folder = file.parent().unwrap_or(file);
        if let Err(error) = access(folder, AccessFlags::W_OK | AccessFlags::X_OK) {
            let (file, folder) = (file.display(), folder.display());
            let why =
                format!("{file} does not exist, and this user can't make it in {folder}: {error}");
            self.wrong(key, why);
        }
    }

    /// Checks the trail's folder. The service makes it with its parents, and goes on with the last
    /// file of each chain.
    fn audit(&mut self, folder: &Path) {
        const KEY: &str = "audit.path";
        let there = folder.ancestors().find(|path| path.exists());
        let there = there.unwrap_or(folder);
        if !there.is_dir() {
            return self.wrong(KEY, format_args!("{} is not a folder", there.display()));
        }
        self.writable(KEY, there, AccessFlags::W_OK | AccessFlags::X_OK);
        if there != folder {
            return;
        }
        for chain in Chain::ALL {
            match chain.files(folder) {
                Ok(files) => {
                    if let Some((_, last)) = files.last() {
                        self.writable(KEY, last, AccessFlags::W_OK);
                    }
                }
                Err(error) => self.wrong(KEY, error),
            }
        }
    }

    fn writable(&mut self, key: &str, path: &Path, how: AccessFlags) {
        if let Err(error) = access(path, AccessFlags::R_OK | how) {
            self.wrong(key, format_args!("{}: {error}", path.display()));
        }
    }

    /// Checks that a store in a file can be opened, and that the master key fits it.
    async fn store(&mut self, config: &Config, key: Option<MasterKey>) {
        const KEY: &str = "store.url";
        let StoreUrl::Sqlite(file) = &config.store.url else {
            return;
        };
        let settings = &config.store;
        if !file.exists() {
            if settings.read_only || !settings.migrate {
                let why = "does not exist; the service makes it only with store.migrate = true and store.read_only = false";
                return self.wrong(KEY, format_args!("{} {why}", file.display()));
            }
            return self.can_be_made(KEY, file);
        }
        if !settings.read_only {
            // SQLite makes more files in the folder.
            self.writable(KEY, file, AccessFlags::W_OK);
            let folder = file.parent().unwrap_or(file);
            self.writable(KEY, folder, AccessFlags::W_OK | AccessFlags::X_OK);
        }
        match opened_by(config, key).await {
            Ok(()) => {}
            Err(Unopened::Store(error)) => self.wrong(KEY, error),
            Err(Unopened::MasterKey(why)) => self.wrong("keys.master_key_file", why),
        }
    }
}

/// Why a store can't be used.
enum Unopened {
    Store(StoreError),
    MasterKey(String),
}

impl From<StoreError> for Unopened {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Checks that the master key opens the store's keys. A store that must be migrated first is not
/// checked.
async fn opened_by(config: &Config, key: Option<MasterKey>) -> Result<(), Unopened> {
    let mut settings = config.store.clone();
    settings.read_only = true;
    let store = SqlStore::connect(&settings, Migrate::No).await?;
    let SchemaStatus { version, latest } = store.schema().await?;
    store.close().await;
    let may_migrate = config.store.migrate && !config.store.read_only;
    if version < latest && may_migrate {
        return Ok(());
    }
    let store = SqlStore::open(&settings, Migrate::No).await?;
    let material = store.key_material().await;
    store.close().await;
    let Some(sealed) = material?.sealed_secret_key else {
        return Ok(());
    };
    let Some(key) = key else {
        let file = &config.keys.master_key_file;
        // If the file exists, its mistake is reported already.
        return match file.exists() {
            true => Ok(()),
            false => Err(Unopened::MasterKey(
                MasterKeyError::Missing(file.clone()).to_string(),
            )),
        };
    };
    match Vault::open(&key, &sealed) {
        Ok(_) => Ok(()),
        Err(error) => Err(Unopened::MasterKey(error.to_string())),
    }
}
