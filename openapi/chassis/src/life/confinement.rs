//! Which files the service can open: those that it names, and nothing else that its user could
//! (Landlock).
//!
//! Whoever takes the process over has what it has in memory; but no file of the machine beyond
//! these, and no program to run.

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
    /// To the files of its configuration.
    Files,
    /// Not, for a reason of the service's own.
    Waived(&'static str),
    /// Not, as the kernel has no Landlock, or keeps the process from using it.
    Unsupported,
    /// Not, since this went wrong.
    Failed(RulesetError),
}

/// The rights that are known to the last of those kernels; an older one confines as far as it can.
const RIGHTS: ABI = ABI::V5;

/// What the process may read, and what it may write. Folders, since a file that is renewed is
/// another one.
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
    /// Those whose files may be read.
    pub read: Vec<PathBuf>,
    /// Those whose files may also be written, made and removed.
    pub written: Vec<PathBuf>,
}

impl Confinement {
    /// Confines this thread, and those that it starts from now on; so there must be no other yet.
    #[must_use]
    pub fn to(folders: &Folders) -> Self {
        match confine(folders) {
            Ok(RulesetStatus::NotEnforced) => Self::Unsupported,
            Ok(_) => Self::Files,
            Err(error) => Self::Failed(error),
        }
    }

    /// Tells the log.
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
    /// Where the C library finds out what a host's name stands for, and what it needs for that.
    pub const RESOLVER: [&str; 5] = ["/etc", "/lib", "/lib64", "/usr/lib", "/run"];

    /// A file that is read.
    pub fn reads(&mut self, file: &Path) {
        self.read.extend(folders(file));
    }

    /// The files of `[tls]` and `[gateway]`.
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

    /// What hosts' names are looked up with.
    pub fn reads_resolver(&mut self) {
        self.read.extend(Self::RESOLVER.map(PathBuf::from));
    }

    /// A path that is written: made, if it is not there yet.
    pub fn writes(&mut self, path: &Path) {
        self.written.push(existing(path));
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
