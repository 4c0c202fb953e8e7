//! How a step ends, and the commands that it runs.

use crate::workspace;
use std::fmt;
use std::process::{Command, Stdio};

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Passed,
    /// Something is wrong. The step has already printed what.
    Failed(String),
    /// The step can't run on this machine, for this reason. This is neither a failure nor a pass.
    NotRun(String),
}

/// A command in the workspace's folder. It has no input, so it can't wait for a user.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace::root()).stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Outcome {
    match command.status() {
        Ok(status) if status.success() => Outcome::Passed,
        Ok(status) => Outcome::Failed(status.to_string()),
        Err(error) => {
            let program = command.get_program().to_string_lossy();
            Outcome::Failed(format!("{program} can't be run: {error}"))
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Failed(why) => write!(f, "FAILED ({why})"),
            Self::NotRun(why) => write!(f, "not run: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_fails_or_is_absent_fails_the_step() {
        assert_eq!(run(&mut command("true")), Outcome::Passed);
        assert_eq!(
            run(&mut command("false")),
            Outcome::Failed("exit status: 1".to_owned())
        );
        let absent = run(&mut command("no-such-program-here"));
        assert!(
            matches!(absent, Outcome::Failed(why) if why.starts_with("no-such-program-here can't be run"))
        );
    }
}
