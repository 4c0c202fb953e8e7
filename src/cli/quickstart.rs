//! `quickstart`: runs the service on one folder. The first start makes the files in it, later
//! starts use them again.

mod folder;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use dropshot_chassis::config::ListenConfig;
use dropshot_chassis::life::log;

use super::error::Error;
use super::source::QUICKSTART_FOLDER;
use super::{output, serve, shell};
use crate::admin::Installation;
use crate::api::{BASE_PATH, operations};
use crate::clock::SystemClock;
use crate::config::Config;
use folder::Folder;

/// Try the service out: make a folder with keys and one client, and serve
///
/// A second start on the same folder serves the same client with the same keys.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz quickstart\n  d1-authz quickstart --data /tmp/d1 --listen 127.0.0.1:8181"
)]
pub(super) struct Arguments {
    /// The folder for the configuration, the store and the keys
    #[arg(long, value_name = "DIR", default_value = QUICKSTART_FOLDER)]
    data: PathBuf,
    /// The address to serve on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Error> {
    let folder = Folder::make(&arguments.data)?;
    // The issuer contains the port, so the port must be known before the service starts.
    let listen = free(arguments.listen)?;
    let mut config = Config::quickstart(folder.path(), listen, BASE_PATH).map_err(Error::usage)?;
    config.listen.ops = free_or_any(ListenConfig::DEFAULT_OPS)?;
    let installation = Installation::open(&config, Arc::new(SystemClock)).await?;
    let client = folder.client(&installation.clients()).await?;

    let (log, guard) = log::to_stderr(config.log);
    let result = serve::serve(&config, &installation, &log, |_| {
        // Write the configuration only now that the service listens. If another quickstart runs on
        // this folder, the file must keep that one's configuration.
        folder.write_config(&config)?;
        output::print(&instructions(&config, &folder, &client))
    })
    .await;
    drop((log, guard));
    result
}

fn instructions(config: &Config, folder: &Folder, client: &folder::Client) -> String {
    let curl = format!(
        "curl -sS -K {} -d grant_type=client_credentials {}{}",
        shell::path(&folder.client_file()),
        config.issuer,
        operations::GET_ACCESS_TOKEN.path
    );
    let program = shell::program();
    let file = shell::path(&folder.config_file());
    let state = if client.is_new {
        "new"
    } else {
        "the same as before"
    };
    format!(
        "\nServing {issuer}\n\
         \n  folder   {folder}\n  client   {client} ({state}); its secret is in {secret}\n\
         \nGet a token:\n\n  {curl}\n\
         \nCheck it:\n\n  {curl} | {program} token verify - --config {file}\n\
         \nGive the client another secret (and write it into {secret}):\n\n  {program} client rotate-secret {client} --config {file}\n\n",
        issuer = config.issuer,
        folder = folder.path().display(),
        client = client.id,
        secret = folder.client_file().display(),
    )
}

/// The address, with a free port if its port is 0. If another process takes the port before the
/// service does, the service reports that and ends.
fn free(address: SocketAddr) -> Result<SocketAddr, Error> {
    if address.port() != 0 {
        return Ok(address);
    }
    let listener = TcpListener::bind(address)
        .and_then(|listener| listener.local_addr())
        .map_err(|error| Error::failed(format!("--listen {address}: {error}")))?;
    Ok(listener)
}

/// The address, or the same address with another port if a process listens there already. A busy
/// operations port must not make the first try of the service fail.
fn free_or_any(address: SocketAddr) -> Result<SocketAddr, Error> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(address),
        Err(_) => free(SocketAddr::new(address.ip(), 0)),
    }
}
