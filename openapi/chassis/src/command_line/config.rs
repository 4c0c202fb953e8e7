//! `config check` and `config show`.

use clap::ArgMatches;

use super::Failure;
use crate::caller::check_gateway_secret;
use crate::config::{GatewayConfig, StandardConfig};
use crate::door::check_tls_files;
use crate::private_file::check_private;

pub(super) fn run(config: &StandardConfig, arguments: &ArgMatches) -> Result<(), Failure> {
    if arguments.subcommand_name() == Some("show") {
        for setting in &config.settings {
            println!("{} = {}  # {}", setting.key, setting.value, setting.origin);
        }
        return Ok(());
    }
    check_files(config)?;
    for warning in warnings(config) {
        eprintln!("warning: {warning}");
    }
    println!("The configuration is valid.");
    Ok(())
}

/// Checks that the files that the configuration names exist, and can be used.
fn check_files(config: &StandardConfig) -> Result<(), Failure> {
    if let Some(tls) = &config.tls {
        check_tls_files(tls).map_err(|error| Failure::Usage(error.to_string()))?;
    }
    let secret = config.gateway.as_ref().and_then(|it| it.secret.as_ref());
    if let Some(secret) = secret {
        check_gateway_secret(secret).map_err(|error| Failure::Usage(error.to_string()))?;
    }
    Ok(())
}

/// The settings and files that are accepted but unsafe.
pub(super) fn warnings(config: &StandardConfig) -> Vec<String> {
    let gateway = config.gateway.as_ref();
    let mut warnings: Vec<String> = gateway
        .and_then(GatewayConfig::warning)
        .map(str::to_owned)
        .into_iter()
        .collect();
    let secret = gateway.and_then(|gateway| gateway.secret.as_ref());
    let key = config.tls.as_ref().map(|tls| &tls.key);
    for file in key.into_iter().chain(secret.map(|secret| &secret.file)) {
        if let Ok(Some(exposed)) = check_private(file) {
            warnings.push(exposed.to_string());
        }
    }
    warnings
}
