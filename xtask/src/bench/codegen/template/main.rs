//! Serves the API.

use __CRATE__::{Context, Service, api};
use dropshot::{ConfigDropshot, ConfigLogging, ConfigLoggingLevel, ServerBuilder};

#[tokio::main]
async fn main() -> Result<(), String> {
    let address = std::env::args().nth(3).unwrap_or_default();
    let api = api::api_mod::api_description::<Service>().map_err(|error| error.to_string())?;
    let log = ConfigLogging::StderrTerminal { level: ConfigLoggingLevel::Warn };
    let log = log.to_logger("api").map_err(|error| error.to_string())?;
    let config = ConfigDropshot {
        bind_address: address.parse().map_err(|_| format!("usage: serve --listen ADDR, not {address:?}"))?,
        ..ConfigDropshot::default()
    };
    let server = ServerBuilder::new(api, Context::default(), log).config(config).start();
    let server = server.map_err(|error| error.to_string())?;
    eprintln!("listening on http://{}", server.local_addr());
    server.await
}
