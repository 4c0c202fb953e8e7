//! A server under measurement: starts it, holds it to a core, sends it requests, stops it.

use super::Outcome;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a server may take to start and to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server. It is killed when this value is dropped.
pub struct Program {
    child: Child,
    /// The address on which it listens.
    pub address: SocketAddr,
    /// The time from the start of the process to the line that says that it listens, in seconds.
    pub started_s: f64,
}

impl Program {
    /// Starts a server. Waits for the line on its standard error in which `listens` finds its
    /// address.
    pub fn start(command: &mut Command, listens: fn(&str) -> Option<SocketAddr>) -> Outcome<Self> {
        let shown = format!("{command:?}");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let start = Instant::now();
        let mut child = command
            .spawn()
            .map_err(|error| format!("{shown}: {error}"))?;
        let (sender, receiver) = mpsc::channel();
        let stderr = child.stderr.take();
        // The thread reads to the end, so that the server never waits for a reader.
        std::thread::spawn(move || {
            for line in stderr
                .into_iter()
                .flat_map(|stderr| BufReader::new(stderr).lines())
            {
                let Ok(line) = line else { break };
                let _ = sender.send((start.elapsed(), line));
            }
        });
        let mut said = String::new();
        while let Ok((elapsed, line)) =
            receiver.recv_timeout(PATIENCE.saturating_sub(start.elapsed()))
        {
            if let Some(address) = listens(&line) {
                return Ok(Self {
                    child,
                    address,
                    started_s: elapsed.as_secs_f64(),
                });
            }
            said.push_str(&line);
            said.push('\n');
        }
        let _ = child.kill();
        let _ = child.wait();
        Err(format!(
            "{shown} did not say that it listens; it said:\n{said}"
        ))
    }

    /// CPU time of the process so far, in seconds.
    pub fn cpu_s(&self) -> Outcome<f64> {
        let path = format!("/proc/{}/stat", self.child.id());
        let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        cpu_s(&text).ok_or_else(|| format!("{path}: not what Linux writes: {text:?}"))
    }

    /// Waits until the server is at rest: after it listens, it still works in the background.
    pub fn settle(&self) -> Outcome<()> {
        let (start, pause) = (Instant::now(), Duration::from_millis(500));
        let mut before = self.cpu_s()?;
        while start.elapsed() < PATIENCE {
            std::thread::sleep(pause);
            let now = self.cpu_s()?;
            // Linux counts hundredths of a second. At rest means at most one of them in this half
            // second.
            if now - before < pause.as_secs_f64() / 25.0 {
                return Ok(());
            }
            before = now;
        }
        Err(format!("{} does not come to rest", self.address))
    }

    /// The resident memory of the process, in MiB.
    pub fn resident_mib(&self) -> Outcome<f64> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kib.map(|kib| kib / 1024.0)
            .ok_or_else(|| format!("{path}: not what Linux writes"))
    }

    /// Sends a request and reads the answer's status and body.
    pub fn ask(&self, request: &[u8]) -> Outcome<(u16, String)> {
        let asked = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.write_all(request)?;
            let mut answer = [0; 16 * 1024];
            let mut length = 0;
            // The answers are short and arrive in one piece: with the first byte of the body, all
            // is there.
            while !answer[..length]
                .windows(5)
                .any(|window| window.starts_with(b"\r\n\r\n"))
            {
                match stream.read(&mut answer[length..])? {
                    0 => break,
                    read => length += read,
                }
            }
            Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
        };
        let answer = asked().map_err(|error| format!("http://{}: {error}", self.address))?;
        let status = answer
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        match status {
            Some(status) => Ok((status, body.to_owned())),
            None => Err(format!(
                "http://{}: no HTTP answer: {answer:?}",
                self.address
            )),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end, and returns what it wrote to standard output.
pub fn said(command: &mut Command) -> Outcome<Vec<u8>> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        let why = String::from_utf8_lossy(&output.stderr);
        Err(format!("{command:?}: {}", why.trim()))
    }
}

/// The address at the end of `listening on http://ADDR`.
pub fn listening(line: &str) -> Option<SocketAddr> {
    line.split_once("listening on http://")?
        .1
        .trim()
        .parse()
        .ok()
}

/// A command that is held to one core if `taskset` is installed.
pub fn on_core(core: usize, program: &Path) -> Command {
    if !can_pin() {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &core.to_string()]).arg(program);
    command
}

/// Whether this machine can hold processes to a core.
pub fn can_pin() -> bool {
    let asked = Command::new("taskset")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}

/// User and system time in `/proc/PID/stat` (proc_pid_stat(5): fields 14 and 15), in seconds. Linux
/// counts in hundredths for every reader of the file.
fn cpu_s(stat: &str) -> Option<f64> {
    // The second field is the program's name, which may contain any character.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields
        .split_whitespace()
        .skip(11)
        .map_while(|field| field.parse::<f64>().ok());
    Some((ticks.next()? + ticks.next()?) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_are_found_behind_any_name() {
        let stat = "12 (a) 1 b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20";
        assert_eq!(cpu_s(stat), Some(3.0));
        assert_eq!(cpu_s("12 (a) S 1"), None);
    }
}
