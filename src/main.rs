//! The command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    d1_authz::cli::run()
}
