//! The steps: what each runs, and what its outcome means.

use super::outcome::{Outcome, command, run};
use super::{dependencies, peers, requirements, validator};
use crate::openapi::{self, Contract, Verdict};
use crate::scaffold;
use crate::tidy;
use clap::ValueEnum;
use std::process::{ExitCode, Stdio};

/// A step. Steps run in this order: those that are quick and often fail come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// What the machine must have.
    Requirements,
    /// rustfmt.
    Format,
    /// `cargo xtask tidy`.
    Tidy,
    /// Licences, sources and Rust versions of what the project is built from.
    Dependencies,
    /// Whether each crate that a scaffolded one is built with can be packaged by itself.
    Packages,
    /// Clippy, with every warning as an error.
    Lints,
    /// `cargo xtask openapi check`.
    Openapi,
    /// The served document under a validator of another project, if Python can be had.
    Validator,
    /// Links in the documentation of items.
    Docs,
    /// Unit and integration tests.
    Tests,
    /// The examples in the documentation.
    Doctests,
    /// `cargo xtask fuzz`, for a few seconds a target.
    Fuzz,
    /// Programs of other projects: verifiers and gateways of docs/verify.md, OAuth client
    /// libraries, Schemathesis, sslyze.
    Peers,
    /// `cargo xtask conformance --subset`, on the project's own documents and the small ones of
    /// OPENAPI_CORPORA.
    Conformance,
}

impl Step {
    /// The step's name on the command line.
    pub fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// What the step does, in one line.
    pub fn what(self) -> String {
        let value = self.to_possible_value();
        let help = value.as_ref().and_then(|value| value.get_help());
        help.map_or_else(String::new, ToString::to_string)
    }

    /// Runs the step. Its output goes where this program's output goes.
    pub fn run(self) -> Outcome {
        match self {
            Self::Requirements => requirements::check(),
            Self::Format => cargo(&["fmt", "--all", "--check"]),
            Self::Tidy => tidied(),
            Self::Dependencies => dependencies::check(),
            Self::Packages => packages(),
            Self::Lints => lints(),
            Self::Openapi => openapi_check(),
            Self::Validator => validator::check(&Contract::of_workspace().served()),
            Self::Docs => run(command("cargo")
                .args([
                    "doc",
                    "--workspace",
                    "--no-deps",
                    "--document-private-items",
                    "--locked",
                    "--quiet",
                ])
                // The head of a module links to the modules inside it. With private items
                // documented, those links have a target.
                .env(
                    "RUSTDOCFLAGS",
                    "-D warnings -A rustdoc::private_intra_doc_links",
                )),
            Self::Tests => tests(),
            Self::Doctests => cargo(&["test", "--workspace", "--doc", "--locked", "--quiet"]),
            Self::Fuzz => cargo(&["xtask", "fuzz", "--seconds", "5"]),
            Self::Peers => peers::check(),
            Self::Conformance if has_corpora() => cargo(&["xtask", "conformance", "--subset"]),
            Self::Conformance => Outcome::NotRun(
                "OPENAPI_CORPORA is not set, and the repository's own documents are in the tests"
                    .to_owned(),
            ),
        }
    }
}

fn tidied() -> Outcome {
    if tidy::run(&tidy::Arguments::text()) == ExitCode::SUCCESS {
        Outcome::Passed
    } else {
        Outcome::Failed("see above".to_owned())
    }
}

/// Packages the crates without compiling the packages: their own tests do that.
fn packages() -> Outcome {
    let mut package = command("cargo");
    package.args([
        "package",
        "--no-verify",
        "--allow-dirty",
        "--offline",
        "--quiet",
    ]);
    run(package.args(scaffold::crates().flat_map(|name| ["--package", name])))
}

/// Checks all targets, and then `peers`: `cargo test` leaves it out, and so does `--all-targets`.
fn lints() -> Outcome {
    let clippy = |targets: &[&str]| {
        let mut clippy = command("cargo");
        clippy.args(["clippy", "--workspace", "--locked", "--quiet"]);
        run(clippy.args(targets).args(["--", "-D", "warnings"]))
    };
    match clippy(&["--all-targets"]) {
        Outcome::Passed => clippy(&["--test", "peers"]),
        failed => failed,
    }
}

fn openapi_check() -> Outcome {
    let report = openapi::check(&Contract::of_workspace());
    eprint!("{report}");
    match report.verdict {
        Verdict::Current => Outcome::Passed,
        Verdict::Stale => Outcome::Failed("stale".to_owned()),
        Verdict::Failed => Outcome::Failed("see above".to_owned()),
    }
}

fn has_corpora() -> bool {
    std::env::var_os("OPENAPI_CORPORA").is_some()
}

/// Uses nextest if it is installed, which runs tests of all binaries at once. If not, uses cargo's
/// own runner.
fn tests() -> Outcome {
    if !has_corpora() {
        eprintln!(
            "OPENAPI_CORPORA is not set: the generator is tested with this repository's own documents only"
        );
    }
    let nextest = command("cargo")
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if nextest.is_ok_and(|status| status.success()) {
        return cargo(&[
            "nextest",
            "run",
            "--workspace",
            "--locked",
            "--no-fail-fast",
        ]);
    }
    cargo(&[
        "test",
        "--workspace",
        "--lib",
        "--bins",
        "--tests",
        "--examples",
        "--locked",
        "--no-fail-fast",
    ])
}

fn cargo(arguments: &[&str]) -> Outcome {
    run(command("cargo").args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_says_what_it_does() {
        for step in Step::value_variants() {
            assert!(!step.name().is_empty() && step.what().len() > 5, "{step:?}");
        }
    }
}
