//! The command line of a service that uses the chassis as it is: `serve`, `config`, `openapi`.
//!
//! A service with other commands makes its own command line, and calls [`Chassis`] itself.

mod config;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};
use dropshot::ServerContext;
use slog::{Logger, info, warn};

use crate::config::{ConfigErrors, Program, Reader, StandardConfig};
use crate::life::process::{self, ThreadsError};
use crate::life::{Chassis, Server, StopSignal, log};
use crate::ops::Page;
use crate::service::{Service, ServiceError};

/// The command line of a service.
///
/// ```no_run
/// use std::process::ExitCode;
/// use std::sync::Arc;
///
/// use dropshot_chassis::{CommandLine, Service};
/// use dropshot_contract::Options;
///
/// /// What handlers share, and what operators see of it.
/// #[derive(Debug)]
/// struct Pets;
///
/// impl Service for Pets {
///     const METRICS_PREFIX: &'static str = "pets";
///     const VERSION: &'static str = env!("CARGO_PKG_VERSION");
/// }
///
/// fn main() -> ExitCode {
///     let command_line = CommandLine {
///         name: "pets",
///         version: env!("CARGO_PKG_VERSION"),
///         about: "Pets and their owners",
///         env_prefix: "PETS_",
///         // Generated code gives this: `api::DOCUMENT`.
///         document: r#"{"info": {"title": "Pets"}}"#,
///     };
///     let own_sections = |_: &mut _| Some(());
///     command_line.run(own_sections, async |chassis, ()| {
///         let pets = Arc::new(Pets);
///         // Generated code gives this: `api::api_description::<Handlers>(options)?`.
///         let options = chassis.options(Options::default());
///         let api = dropshot_contract::mount(Vec::new(), "", options, |rqctx, rejection| {
///             Box::pin(async move { rejection.into_response(&rqctx.request_id) })
///         })?;
///         Ok(chassis.start(api, pets.clone(), pets).await?)
///     })
/// }
/// ```
///
/// `pets serve --config pets.toml` runs the service, with all sections of [`StandardConfig`].
/// Without `--config`, the file is the one that `PETS_CONFIG` names, or `pets.toml` in the working
/// folder if it exists. `pets config check` and `pets config show` are for operators, `pets
/// openapi` is for developers. The exit status is 0 if the command succeeded, 1 if it failed, and 2
/// if the command line or the configuration is wrong.
#[derive(Debug, Clone, Copy)]
pub struct CommandLine {
    /// The program's name. Its configuration file has the same name, with `.toml`.
    pub name: &'static str,
    /// The program's version.
    pub version: &'static str,
    /// What the service is, in a line.
    pub about: &'static str,
    /// The prefix of the environment variables that are keys, such as `PETS_`.
    pub env_prefix: &'static str,
    /// The served document, in JSON.
    pub document: &'static str,
}

/// Why a command failed.
enum Failure {
    /// The command line or the configuration is wrong.
    Usage(String),
    /// Anything else.
    Failed(ServiceError),
}

impl CommandLine {
    /// Runs the command that the arguments name. `own` reads the service's own sections. `start`
    /// makes the service's state, mounts its API and starts it.
    pub fn run<T, C: ServerContext, S: Service>(
        self,
        own: impl FnOnce(&mut Reader) -> Option<T>,
        start: impl AsyncFnOnce(Chassis, T) -> Result<Server<C, S>, ServiceError>,
    ) -> ExitCode {
        // If the arguments are wrong, clap prints the usage on standard error and exits with 2.
        let arguments = self.commands().get_matches();
        let file = self.file(&arguments);
        let done = match arguments.subcommand() {
            Some(("serve", _)) => self.serve(file.as_deref(), own, start),
            Some(("config", arguments)) => self
                .load(file.as_deref(), own)
                .and_then(|(config, _)| config::run(&config, arguments)),
            _ => {
                print!("{}", self.document);
                Ok(())
            }
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(Failure::Usage(message)) => {
                eprintln!("error: {message}");
                ExitCode::from(2)
            }
            Err(Failure::Failed(error)) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        }
    }

    fn commands(self) -> Command {
        let file = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .global(true)
            .value_parser(value_parser!(PathBuf))
            .help(format!(
                "The configuration file; by default that of {}CONFIG, or ./{}.toml if it exists",
                self.env_prefix, self.name
            ));
        let config = Command::new("config")
            .about("Check or show the configuration")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommand(Command::new("check").about("Check the configuration and its files"))
            .subcommand(Command::new("show").about("Print each key, its value and its place"));
        Command::new(self.name)
            .version(self.version)
            .about(self.about)
            .subcommand_required(true)
            .arg_required_else_help(true)
            .arg(file)
            .subcommand(Command::new("serve").about("Run the service"))
            .subcommand(config)
            .subcommand(Command::new("openapi").about("Print the document that is served"))
    }

    fn file(self, arguments: &ArgMatches) -> Option<PathBuf> {
        let named = arguments.get_one::<PathBuf>("config").cloned();
        let of_environment = || std::env::var_os(format!("{}CONFIG", self.env_prefix));
        let here = || Some(PathBuf::from(format!("{}.toml", self.name))).filter(|it| it.exists());
        named
            .or_else(|| of_environment().map(PathBuf::from))
            .or_else(here)
    }

    fn load<T>(
        self,
        file: Option<&Path>,
        own: impl FnOnce(&mut Reader) -> Option<T>,
    ) -> Result<(StandardConfig, T), Failure> {
        let program = Program {
            env_prefix: self.env_prefix,
            env_not_keys: &["CONFIG"],
            all_keys: "the sample configuration lists all keys",
        };
        Ok(StandardConfig::load(program, file, own)?)
    }

    fn serve<T, C: ServerContext, S: Service>(
        self,
        file: Option<&Path>,
        own: impl FnOnce(&mut Reader) -> Option<T>,
        start: impl AsyncFnOnce(Chassis, T) -> Result<Server<C, S>, ServiceError>,
    ) -> Result<(), Failure> {
        let (config, own) = self.load(file, own)?;
        process::threads().run(async {
            // This comes first, so that a signal during the start is not lost.
            let stop = StopSignal::listen().map_err(|error| Failure::Failed(error.into()))?;
            let (log, guard) = log::to_stderr(config.log);
            let served = async {
                warn_of(&config, &log);
                let chassis = Chassis::of(&config, log.clone())?.docs(self.page());
                let server = start(chassis, own).await?;
                let addresses = server.addresses();
                info!(log, "serving";
                    "version" => self.version,
                    "api" => addresses.api.to_string(),
                    "ops" => addresses.ops.to_string(),
                );
                Ok::<_, ServiceError>(server.run(stop).await?)
            };
            let served = served.await.map_err(Failure::Failed);
            drop((log, guard));
            served
        })
    }

    fn page(self) -> Page {
        Page::of(&serde_json::from_str(self.document).unwrap_or_default())
    }
}

/// Logs a warning for each setting that is valid but unsafe.
fn warn_of(config: &StandardConfig, log: &Logger) {
    for warning in config::warnings(config) {
        warn!(log, "the configuration is valid but unsafe"; "warning" => warning);
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self::Usage(errors.to_string())
    }
}

impl From<ThreadsError> for Failure {
    fn from(error: ThreadsError) -> Self {
        Self::Failed(error.into())
    }
}
