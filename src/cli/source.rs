//! The configuration that a command uses.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::Error;
use crate::config::Config;

/// The configuration file that `quickstart` writes into its folder.
pub(super) const FILE_NAME: &str = "d1-authz.toml";
/// The default folder of `quickstart`.
pub(super) const QUICKSTART_FOLDER: &str = "d1-authz-data";

/// Where the configuration comes from.
#[derive(Debug, Clone, Args)]
pub(super) struct Source {
    /// The configuration file. By default, the D1_AUTHZ_ variables alone. Without these, the file
    /// that quickstart wrote to ./d1-authz-data
    #[arg(long, value_name = "FILE", global = true, env = "D1_AUTHZ_CONFIG")]
    config: Option<PathBuf>,
}

impl Source {
    /// The configuration, checked.
    pub(super) fn load(&self) -> Result<Config, Error> {
        let file = self.file();
        if file.is_none() && !Config::PROGRAM.is_in_environment() {
            return Err(Error::usage(
                "there is no configuration: name a file with --config or D1_AUTHZ_CONFIG, or set D1_AUTHZ_ variables; \
                 to try the service out, run `d1-authz quickstart`",
            ));
        }
        Ok(Config::load(file.as_deref())?)
    }

    /// The configuration. `None` if there is neither a file nor a variable.
    pub(super) fn load_if_any(&self) -> Result<Option<Config>, Error> {
        if self.file().is_none() && !Config::PROGRAM.is_in_environment() {
            return Ok(None);
        }
        self.load().map(Some)
    }

    fn file(&self) -> Option<PathBuf> {
        let quickstart = Path::new(QUICKSTART_FOLDER).join(FILE_NAME);
        match &self.config {
            Some(file) => Some(file.clone()),
            None if Config::PROGRAM.is_in_environment() => None,
            None => quickstart.exists().then_some(quickstart),
        }
    }
}
