//! The folder of `quickstart`: a configuration for the other commands, and a client.
//!
//! The folder holds the client's secret in the clear, in a file that only its owner may read. curl
//! reads that file itself, so neither the printed command nor the list of processes shows the
//! secret. This is for trying the service out: `client add` stores no secret in the clear.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::admin::ClientRegistry;
use crate::cli::error::Error;
use crate::cli::source::FILE_NAME;
use crate::config::Config;
use crate::token::{self, ClientId, ClientSecret, Scope};

const SCOPE: &str = "cards pin";

/// The folder.
pub(super) struct Folder(PathBuf);

/// The folder's client.
pub(super) struct Client {
    pub(super) id: ClientId,
    pub(super) is_new: bool,
}

impl Folder {
    /// Makes the folder if it doesn't exist. Only its owner may open it.
    pub(super) fn make(path: &Path) -> Result<Self, Error> {
        let failed = |error| Error::failed(format!("{}: {error}", path.display()));
        // An absolute path, so that the printed commands work from any folder.
        let absolute = std::path::absolute(path).map_err(failed)?;
        // The store's library and the printed commands need a path in UTF-8.
        if absolute.to_str().is_none() {
            return Err(Error::usage(format!(
                "--data {}: its path is not UTF-8; choose another folder",
                absolute.display()
            )));
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(failed)?;
        path.canonicalize().map(Self).map_err(failed)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn config_file(&self) -> PathBuf {
        self.0.join(FILE_NAME)
    }

    /// The client's id and secret, as a configuration file of curl.
    pub(super) fn client_file(&self) -> PathBuf {
        self.0.join("client.curl")
    }

    /// Writes the configuration for the other commands, at every start. Its paths are relative to
    /// the file, so that the folder may have any name and may be moved.
    pub(super) fn write_config(&self, config: &Config) -> Result<(), Error> {
        let text = format!(
            "# Written by `d1-authz quickstart` at each start. To keep changes, copy it within this folder, and run\n\
             # `d1-authz serve --config COPY`.\n\
             issuer = {issuer}\n\n[listen]\napi = {api}\nops = {ops}\n\n[store]\nurl = \"sqlite:{store}\"\n\n\
             [keys]\nmaster_key_file = \"{key}\"\n\n[audit]\npath = \"{audit}\"\n",
            issuer = quoted(config.issuer.as_str()),
            api = quoted(&config.listen.api.to_string()),
            ops = quoted(&config.listen.ops.to_string()),
            store = Config::QUICKSTART_STORE,
            key = Config::QUICKSTART_MASTER_KEY,
            audit = Config::QUICKSTART_AUDIT,
        );
        write_private(&self.config_file(), &text)
    }

    /// The client of an earlier start if the store still has it, else a new one.
    pub(super) async fn client(&self, clients: &ClientRegistry) -> Result<Client, Error> {
        if let Some(id) = self.known_client()? {
            let all = clients.list().await?;
            if all.iter().any(|record| record.client.id == id) {
                return Ok(Client { id, is_new: false });
            }
        }
        let scope = Scope::parse(SCOPE).map_err(Error::failed)?;
        let client = token::Client::new(ClientId::generate(), "quickstart", scope);
        let new = clients.add(client, None).await?;
        self.write_client(&new.client.id, &new.secret)?;
        Ok(Client {
            id: new.client.id,
            is_new: true,
        })
    }

    fn known_client(&self) -> Result<Option<ClientId>, Error> {
        let file = self.client_file();
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::failed(format!("{}: {error}", file.display()))),
        };
        let credential = text.lines().find_map(|line| line.strip_prefix("user = \""));
        let id = credential.and_then(|credential| credential.split_once(':'));
        Ok(id.and_then(|(id, _)| id.parse().ok()))
    }

    fn write_client(&self, id: &ClientId, secret: &ClientSecret) -> Result<(), Error> {
        // An id and a secret contain no character that curl needs escaped.
        let text = format!(
            "# The client of `d1-authz quickstart`, for `curl -K`.\nuser = \"{id}:{}\"\n",
            secret.expose()
        );
        write_private(&self.client_file(), &text)
    }
}

/// Writes a file that only its owner may read. It is replaced as a whole.
fn write_private(file: &Path, text: &str) -> Result<(), Error> {
    let draft = file.with_extension("tmp");
    let write = || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut opened = options.open(&draft)?;
        opened.write_all(text.as_bytes())?;
        opened.sync_all()?;
        fs::rename(&draft, file)
    };
    write().map_err(|error| Error::failed(format!("{}: {error}", file.display())))
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
