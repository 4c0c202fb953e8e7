//! Starts a built crate, and checks that it serves its operations.

use super::document;
use super::workshop::Made;
use crate::bench::Outcome;
use crate::bench::program::{Program, listening};
use crate::bench::quickstart::serving;
use crate::bench::table::median;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// How often the crate is started.
const STARTS: usize = 5;

/// The time from the start of the process to the line that says that it listens: the median of five
/// starts, in milliseconds. Each time, the first and the last operation must answer 501.
pub fn start_ms(made: &Made, program: &Path) -> Outcome<f64> {
    let mut starts = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let running = Program::start(&mut serve(made, Command::new(program)), address)?;
        starts.push(running.started_s * 1e3);
        for index in [0, made.operations - 1] {
            let (status, body) = running.ask(&document::request(index))?;
            if status != 501 {
                return Err(format!(
                    "{}: do_thing_{index} answers {status}, not 501: {body}",
                    program.display()
                ));
            }
        }
    }
    Ok(median(starts).unwrap_or(f64::NAN))
}

/// Whether the program starts on a stack of 2 MiB, as threads of tests and of tokio have it.
pub fn starts_on_2_mib(made: &Made, program: &Path) -> bool {
    let mut shell = Command::new("sh");
    let script = "ulimit -c 0; ulimit -s 2048; exec \"$0\" \"$@\"";
    shell.args(["-c", script]).arg(program);
    Program::start(&mut serve(made, shell), address).is_ok()
}

/// The address in the line with which a generated crate says that it serves, or the baseline.
fn address(line: &str) -> Option<SocketAddr> {
    serving(line).or_else(|| listening(line))
}

/// The crate's command that serves, at ports that the system chooses.
fn serve(made: &Made, mut program: Command) -> Command {
    let prefix = made.name.replace('-', "_").to_uppercase();
    program.arg("serve");
    for listener in ["API", "OPS"] {
        program.env(format!("{prefix}_LISTEN__{listener}"), "127.0.0.1:0");
    }
    program
}
