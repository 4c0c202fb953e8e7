//! Where a scaffolded crate finds the generator, the run time and the chassis: in its own folder,
//! in this checkout, or in a git repository.

use super::vendor;
use super::workspace;
use std::io;
use std::path::Path;
use std::str::FromStr;

/// Where the crates are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Crates {
    /// Copied into `vendor/`, so that the new crate builds without this checkout.
    Vendored,
    /// In this checkout, for those who work on the crates themselves.
    Path,
    /// In a git repository.
    Git {
        /// Its address.
        url: String,
        /// A commit, a tag or a branch; that of the repository's default branch if there is none.
        rev: Option<String>,
    },
}

impl Crates {
    /// The keys of a dependency on a crate of this workspace.
    pub fn dependency(&self, name: &str) -> String {
        match self {
            Self::Vendored => format!("path = \"{}/{name}\"", vendor::FOLDER),
            Self::Path => {
                let folder = workspace().join("openapi").join(vendor::folder(name));
                format!("path = {}", quoted(&folder.display().to_string()))
            }
            Self::Git { url, rev: None } => format!("git = {}", quoted(url)),
            Self::Git {
                url,
                rev: Some(rev),
            } => format!("git = {}, rev = {}", quoted(url), quoted(rev)),
        }
    }

    /// The last section of the manifest. What is vendored is no part of the new crate's workspace:
    /// its code is neither formatted, nor linted, nor tested with the crate's own.
    pub fn workspace(&self) -> String {
        match self {
            Self::Vendored => format!("[workspace]\nexclude = [\"{}\"]\n", vendor::FOLDER),
            _ => "[workspace]\n".to_owned(),
        }
    }

    /// Copies what is to be copied into the folder of the new crate.
    pub fn write(&self, root: &Path) -> io::Result<()> {
        match self {
            Self::Vendored => vendor::write(workspace(), root),
            _ => Ok(()),
        }
    }
}

impl FromStr for Crates {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (url, rev) = match text.strip_prefix("git=") {
            Some(git) => match git.rsplit_once('@') {
                // An `@` before the host's name is that of a user: `ssh://git@host/…`.
                Some((url, rev)) if !rev.contains(['/', ':']) => (url, Some(rev.to_owned())),
                _ => (git, None),
            },
            None if text == "vendored" => return Ok(Self::Vendored),
            None if text == "path" => return Ok(Self::Path),
            None => return Err("must be vendored, path or git=URL[@REV]"),
        };
        if url.is_empty() {
            return Err("git= needs the address of a repository");
        }
        let url = url.to_owned();
        Ok(Self::Git { url, rev })
    }
}

/// A string of TOML.
pub fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_may_have_a_revision_and_a_user() {
        let git = |url: &str, rev: Option<&str>| Crates::Git {
            url: url.to_owned(),
            rev: rev.map(str::to_owned),
        };
        for (text, expected) in [
            ("git=https://host/a.git", git("https://host/a.git", None)),
            (
                "git=https://host/a.git@v1",
                git("https://host/a.git", Some("v1")),
            ),
            (
                "git=ssh://git@host/a.git",
                git("ssh://git@host/a.git", None),
            ),
            (
                "git=ssh://git@host/a.git@0a1b",
                git("ssh://git@host/a.git", Some("0a1b")),
            ),
            ("vendored", Crates::Vendored),
            ("path", Crates::Path),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in ["", "git", "git=", "registry"] {
            assert!(text.parse::<Crates>().is_err(), "{text}");
        }
        let dependency = git("https://host/a", Some("v1")).dependency("dropshot-chassis");
        assert_eq!(dependency, "git = \"https://host/a\", rev = \"v1\"");
    }
}
