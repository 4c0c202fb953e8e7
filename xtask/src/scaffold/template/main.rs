//! The program: `serve` runs the service, `config` and `openapi` show what it does.

use std::process::ExitCode;
use std::sync::Arc;

use dropshot_chassis::{Chassis, CommandLine, Server, ServiceError};
use dropshot_contract::Options;

use __CRATE__::{Context, Handlers, Settings, State, api};

fn main() -> ExitCode {
    let command_line = CommandLine {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        about: env!("CARGO_PKG_DESCRIPTION"),
        env_prefix: "__PREFIX__",
        document: api::DOCUMENT,
    };
    command_line.run(Settings::read, start)
}

/// Makes the state that handlers share, and starts the service.
async fn start(
    chassis: Chassis,
    settings: Settings,
) -> Result<Server<Context, State>, ServiceError> {
    let state = Arc::new(State::open(settings).await?);
    let api = api::api_description::<Handlers>(chassis.options(Options::default()))?;
    Ok(chassis.start(api, state.clone(), state).await?)
}
