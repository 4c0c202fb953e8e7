//! What the machine must have for the steps after this one. The step installs what it may install,
//! and names the command for the rest.

use super::outcome::{Outcome, command, run};
use std::process::Stdio;

/// Something that the steps need.
struct Requirement {
    /// A command that succeeds if the requirement is there.
    probe: &'static [&'static str],
    /// The step or the tests that need it.
    needed_by: &'static str,
    from: Source,
}

enum Source {
    /// A component of the Rust toolchain.
    Rustup(&'static str),
    /// A package of the system.
    System(&'static str),
}

const REQUIREMENTS: [Requirement; 19] = [
    Requirement {
        probe: &["cargo", "fmt", "--version"],
        needed_by: "format",
        from: Source::Rustup("rustfmt"),
    },
    Requirement {
        probe: &["cargo", "clippy", "--version"],
        needed_by: "lints",
        from: Source::Rustup("clippy"),
    },
    Requirement {
        probe: &["cc", "--version"],
        needed_by: "the libraries for cryptography and SQLite",
        from: Source::System("gcc"),
    },
    Requirement {
        probe: &["c++", "--version"],
        needed_by: "fuzzing",
        from: Source::System("g++"),
    },
    Requirement {
        probe: &["softhsm2-util", "--version"],
        needed_by: "the tests of signing keys in an HSM",
        from: Source::System("softhsm2"),
    },
    Requirement {
        probe: &["openssl", "version"],
        needed_by: "the certificates of the tests",
        from: Source::System("openssl"),
    },
    Requirement {
        // Debian does not put the server's programs on the PATH.
        probe: &[
            "sh",
            "-c",
            "command -v initdb || ls /usr/lib/postgresql/*/bin/initdb",
        ],
        needed_by: "the tests of the store on PostgreSQL",
        from: Source::System("postgresql"),
    },
    Requirement {
        // As above: not every user has /usr/sbin on the PATH.
        probe: &["sh", "-c", "command -v pgbouncer || ls /usr/sbin/pgbouncer"],
        needed_by: "the tests of the store behind a pooler",
        from: Source::System("pgbouncer"),
    },
    Requirement {
        // Debian's python3 has the module venv. Without this package, it can't put pip into an
        // environment.
        probe: &["python3", "-c", "import ensurepip"],
        needed_by: PEERS,
        from: Source::System("python3-venv"),
    },
    Requirement {
        probe: &["npm", "--version"],
        needed_by: PEERS,
        from: Source::System("npm"),
    },
    Requirement {
        probe: &["java", "--version"],
        needed_by: PEERS,
        from: Source::System("openjdk-17-jdk-headless"),
    },
    Requirement {
        probe: &["test", "-e", "/usr/share/java/gson.jar"],
        needed_by: PEERS,
        from: Source::System("libgoogle-gson-java"),
    },
    Requirement {
        probe: &["nginx", "-v"],
        needed_by: PEERS,
        from: Source::System("nginx-light"),
    },
    Requirement {
        probe: &["test", "-e", "/usr/lib/nginx/modules/ngx_http_js_module.so"],
        needed_by: PEERS,
        from: Source::System("libnginx-mod-http-js"),
    },
    Requirement {
        probe: &["haproxy", "-v"],
        needed_by: PEERS,
        from: Source::System("haproxy"),
    },
    Requirement {
        probe: &["ruby", "-e", "require 'oauth2'"],
        needed_by: PEERS,
        from: Source::System("ruby-oauth2"),
    },
    Requirement {
        probe: &["go", "version"],
        needed_by: PEERS,
        from: Source::System("golang-go"),
    },
    Requirement {
        probe: &["test", "-e", "/usr/share/gocode/src/golang.org/x/oauth2"],
        needed_by: PEERS,
        from: Source::System("golang-golang-x-oauth2-dev"),
    },
    Requirement {
        probe: &["curl", "--version"],
        needed_by: PEERS,
        from: Source::System("curl"),
    },
];

/// Programs of other projects. They are in the languages in which callers and resource servers are
/// likely to be written.
const PEERS: &str = "the tests with programs of others";

/// Installs what is missing, or says how to install it.
pub fn check() -> Outcome {
    let missing: Vec<_> = REQUIREMENTS
        .iter()
        .filter(|requirement| !is_there(requirement.probe))
        .collect();
    let is_root = is_root();
    // A new machine has no list of packages yet.
    if is_root && missing.iter().any(|missing| missing.is_of_the_system()) {
        let _updated = run(command("apt-get").arg("update"));
    }
    let mut remedies = Vec::new();
    for requirement in missing {
        // The user that runs this owns the components of the toolchain. Only root may install
        // packages of the system.
        let may_install = is_root || !requirement.is_of_the_system();
        if !(may_install && install(requirement)) {
            remedies.push(requirement.remedy());
            eprintln!(
                "missing, for {}: {}",
                requirement.needed_by,
                requirement.remedy()
            );
        }
    }
    match remedies[..] {
        [] => Outcome::Passed,
        _ => Outcome::Failed(format!("run: {}", remedies.join(" && "))),
    }
}

impl Requirement {
    fn is_of_the_system(&self) -> bool {
        matches!(self.from, Source::System(_))
    }

    /// The command that installs the requirement.
    fn remedy(&self) -> String {
        self.install_command().join(" ")
    }

    fn install_command(&self) -> Vec<&'static str> {
        match self.from {
            Source::Rustup(component) => vec!["rustup", "component", "add", component],
            Source::System(package) => vec![
                "apt-get",
                "install",
                "--yes",
                "--no-install-recommends",
                package,
            ],
        }
    }
}

fn is_there(probe: &[&str]) -> bool {
    let mut probe = words(probe);
    let status = probe.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn install(requirement: &Requirement) -> bool {
    eprintln!(
        "installing, for {}: {}",
        requirement.needed_by,
        requirement.remedy()
    );
    let mut install = words(&requirement.install_command());
    let installed = run(install.env("DEBIAN_FRONTEND", "noninteractive"));
    installed == Outcome::Passed && is_there(requirement.probe)
}

fn is_root() -> bool {
    let id = command("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

fn words(words: &[&str]) -> std::process::Command {
    let (program, arguments) = words.split_first().unwrap_or((&"false", &[]));
    let mut command = command(program);
    command.args(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_seen_and_what_is_not_is_not() {
        assert!(is_there(&["cargo", "--version"]));
        assert!(!is_there(&["cargo", "no-such-command"]));
        assert!(!is_there(&["no-such-program-here"]));
    }

    #[test]
    fn each_remedy_is_one_command() {
        let remedies: Vec<_> = REQUIREMENTS.iter().map(Requirement::remedy).collect();
        assert_eq!(remedies[0], "rustup component add rustfmt");
        assert!(remedies[2].starts_with("apt-get install --yes"));
    }
}
