//! The program `d1-authz`: it runs the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    d1_authz::cli::run()
}
