//! The service's own API behind Dropshot's own TLS. The front door is measured against it.
//!
//! Only the door differs. The operations, their data and the certificates are the same, callers
//! must have a certificate, and no session is resumed. Dropshot asks for client certificates only
//! with a rustls configuration that is made for it. Its handlers can't learn whose certificate it
//! was.

use crate::tls;
use d1_authz::admin::Installation;
use d1_authz::clock::SystemClock;
use d1_authz::config::Config;
use d1_authz::http;
use d1_authz::issuer::Issuer;
use dropshot::{ConfigDropshot, ConfigTls, HandlerTaskMode, ServerBuilder};
use dropshot_chassis::config::TlsConfig;
use rustls::ServerConfig;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use slog::{Discard, Logger, o};
use std::path::Path;
use std::sync::Arc;

/// Serves the API of a configuration file until it is killed.
#[tokio::main]
pub async fn run(config: &str) -> Result<(), String> {
    let config = Config::load(Some(Path::new(config))).map_err(text)?;
    let tls = config
        .tls
        .as_ref()
        .ok_or("the configuration has no [tls]")?;
    let tls = ConfigTls::Dynamic(server(tls)?);
    let installation = Installation::open(&config, Arc::new(SystemClock)).await;
    let installation = installation.map_err(text)?;
    let issuer = Arc::new(Issuer::open(&installation, &config).await.map_err(text)?);
    let (api, service) = http::api(&config, issuer.clone()).map_err(text)?;
    issuer.started().await.map_err(text)?;
    let dropshot = ConfigDropshot {
        bind_address: config.listen.api,
        default_handler_task_mode: HandlerTaskMode::CancelOnDisconnect,
        ..ConfigDropshot::default()
    };
    let server = ServerBuilder::new(api, service, Logger::root(Discard, o!()))
        .config(dropshot)
        .tls(Some(tls))
        .start()
        .map_err(text)?;
    eprintln!("listening on http://{}", server.local_addr());
    server.await
}

fn server(config: &TlsConfig) -> Result<ServerConfig, String> {
    let provider = tls::provider();
    let authority = config.client_ca.as_ref().ok_or("no tls.client_ca")?;
    let roots = Arc::new(tls::roots(authority)?);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider.clone());
    let (chain, key) = tls::identity(&config.certificate, &config.key)?;
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(text)?
        .with_client_cert_verifier(verifier.build().map_err(text)?)
        .with_single_cert(chain, key)
        .map_err(text)?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    server.session_storage = Arc::new(NoServerSessionStorage {});
    // Dropshot doesn't set TCP_NODELAY. With tickets, each new connection would wait another 40 ms.
    server.send_tls13_tickets = 0;
    Ok(server)
}

#[allow(clippy::needless_pass_by_value)] // for `map_err`
fn text(error: impl ToString) -> String {
    error.to_string()
}
