//! Serves the API.

use __CRATE__::{Context, Service, api};
use dropshot::{ConfigDropshot, ConfigLogging, ConfigLoggingLevel, ServerBuilder};

#[tokio::main]
async fn main() -> Result<(), String> {
    let api = api::api_mod::api_description::<Service>().map_err(|error| error.to_string())?;
    let log = ConfigLogging::StderrTerminal { level: ConfigLoggingLevel::Warn };
    let log = log.to_logger("api").map_err(|error| error.to_string())?;
    let config = ConfigDropshot {
        bind_address: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
        ..ConfigDropshot::default()
    };
    let server = ServerBuilder::new(api, Context::default(), log).config(config).start();
    let server = server.map_err(|error| error.to_string())?;
    eprintln!("listening on http://{}", server.local_addr());
    server.await
}
