//! Confines the process by Landlock: it can open the files that its configuration names, and no
//! other file that its user could open.
//!
//! An attacker who takes the process over has the process's memory, but no other file of the
//! machine, and no program to run.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, BitFlags, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    RulesetStatus, path_beneath_rules,
};
use slog::{Logger, info, warn};

use crate::config::{GatewayConfig, TlsConfig};

/// Whether the process is confined.
#[derive(Debug)]
pub enum Confinement {
    /// The process is confined to the files of its configuration.
    Files,
    /// The process is not confined, for a reason that the service gives.
    Waived(&'static str),
    /// The process is not confined: the kernel has no Landlock, or doesn't let the process use it.
    Unsupported,
    /// The process is not confined because of this error.
    Failed(RulesetError),
}

/// The rights that Landlock's fifth version knows. An older kernel confines the process as far as
/// it can.
const RIGHTS: ABI = ABI::V5;

/// The folders that the process may read, and those that it may write. They are folders because a
/// renewed file is another file.
///
/// ```
/// use dropshot_chassis::life::confinement::Folders;
///
/// let mut folders = Folders::default();
/// folders.reads("/etc/pets/pets.toml".as_ref());
/// assert_eq!(folders.read[0].to_str(), Some("/etc/pets"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Folders {
    /// The folders whose files may be read.
    pub read: Vec<PathBuf>,
    /// The folders whose files may also be written, made and removed.
    pub written: Vec<PathBuf>,
}

impl Confinement {
    /// Confines this thread, and the threads that it starts from now on. So call it before any
    /// other thread exists.
    #[must_use]
    pub fn to(folders: &Folders) -> Self {
        match confine(folders) {
            Ok(RulesetStatus::NotEnforced) => Self::Unsupported,
            Ok(_) => Self::Files,
            Err(error) => Self::Failed(error),
        }
    }

    /// Tells the log whether the process is confined.
    pub fn tell(&self, log: &Logger) {
        match self {
            Self::Files => info!(log, "confined to the files of the configuration"),
            Self::Waived(why) => {
                info!(
                    log,
                    "not confined to the files of the configuration: {}", why
                );
            }
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

impl Folders {
    /// The folders in which the C library looks up the address of a host name.
    pub const RESOLVER: [&str; 5] = ["/etc", "/lib", "/lib64", "/usr/lib", "/run"];

    /// Allows a file to be read.
    pub fn reads(&mut self, file: &Path) {
        self.read.extend(folders(file));
    }

    /// Allows the files of `[tls]` and `[gateway]` to be read.
    pub fn reads_sections(&mut self, tls: Option<&TlsConfig>, gateway: Option<&GatewayConfig>) {
        if let Some(tls) = tls {
            let optional = [&tls.client_ca, &tls.crl];
            let files = [&tls.certificate, &tls.key].into_iter();
            let files = files.chain(optional.into_iter().flatten());
            files.for_each(|file| self.reads(file));
        }
        if let Some(secret) = gateway.and_then(|it| it.secret.as_ref()) {
            self.reads(&secret.file);
        }
    }

    /// Allows the files that resolve host names to be read.
    pub fn reads_resolver(&mut self) {
        self.read.extend(Self::RESOLVER.map(PathBuf::from));
    }

    /// Allows a path to be written, and to be made if it does not exist yet.
    pub fn writes(&mut self, path: &Path) {
        self.written.push(existing(path));
    }
}

/// The folders of a file: its own, and the one that it links to. Renewal may keep the link and
/// change its target, or change the link. A link that is swapped often leads from one folder into
/// its sibling.
fn folders(file: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let behind = file.canonicalize().ok().map(|file| folder(&file));
    let mut folders = vec![folder(file)];
    // The folders of the links on the way to the file.
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

/// The path, or its nearest ancestor that exists.
fn existing(path: &Path) -> PathBuf {
    let mut there = path.ancestors().filter(|path| path.exists());
    there.next().unwrap_or(path).into()
}
