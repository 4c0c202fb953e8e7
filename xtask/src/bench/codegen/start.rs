//! Starts a built crate, and checks that it serves its operations.

use super::document;
use super::workshop::Made;
use crate::bench::Outcome;
use crate::bench::program::{Program, listening};
use crate::bench::table::median;
use std::path::Path;
use std::process::Command;

/// How often the crate is started.
const STARTS: usize = 5;

/// The time from the start of the process to the line that says that it listens: the median of five
/// starts, in milliseconds. Each time, the first and the last operation must answer 501.
pub fn start_ms(made: &Made, program: &Path) -> Outcome<f64> {
    let mut starts = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let running = Program::start(
            Command::new(program).args(["serve", "--listen", "127.0.0.1:0"]),
            listening,
        )?;
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
pub fn starts_on_2_mib(program: &Path) -> bool {
    let mut shell = Command::new("sh");
    shell
        .args([
            "-c",
            "ulimit -c 0; ulimit -s 2048; exec \"$0\" serve --listen 127.0.0.1:0",
        ])
        .arg(program);
    Program::start(&mut shell, listening).is_ok()
}
