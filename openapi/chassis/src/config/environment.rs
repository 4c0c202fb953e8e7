//! Tells the environment variables that are keys of the configuration from those that Kubernetes
//! makes.
//!
//! For every Service of a namespace, Kubernetes gives each container variables that begin with the
//! Service's name, such as `D1_AUTHZ_PORT=tcp://10.96.0.7:8443` for a Service called `d1-authz`.
//! Such a variable is not part of the program's configuration.

use std::net::{IpAddr, SocketAddr};

use figment::providers::Env;

use super::Program;

/// The variables that are keys, `PREFIX_SECTION__KEY`.
pub(super) fn keys(program: Program) -> Env {
    let links: Vec<String> = names(program)
        .filter(|(name, value)| is_service_link(name, value))
        .map(|(name, _)| name)
        .collect();
    let links: Vec<&str> = links.iter().map(String::as_str).collect();
    Env::prefixed(program.env_prefix)
        .ignore(program.env_not_keys)
        .ignore(&links)
        .split("__")
}

impl Program {
    /// Whether an environment variable sets any key.
    #[must_use]
    pub fn is_in_environment(self) -> bool {
        names(self).any(|(name, value)| {
            !self.env_not_keys.contains(&name.as_str()) && !is_service_link(&name, &value)
        })
    }
}

/// The variables with the prefix: their names without it, and their values.
fn names(program: Program) -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(move |(name, value)| {
        let name = name.to_str()?.strip_prefix(program.env_prefix)?.to_owned();
        Some((name, value.to_string_lossy().into_owned()))
    })
}

/// Whether Kubernetes makes such a variable, for a Service called `d1-authz` or `d1-authz-…`. Both
/// the name and the value must have Kubernetes' form, so that a mistyped key is still refused.
fn is_service_link(name: &str, value: &str) -> bool {
    let words: Vec<&str> = name.split('_').collect();
    // The words after the Service's own name. That name has letters, digits and `-`, and doesn't
    // end with `-`.
    (0..words.len()).any(|at| {
        let is_a_name = at == 0 || (!words[0].is_empty() && !words[at - 1].is_empty());
        is_a_name && is_link(&words[at..], value)
    })
}

/// The forms that the kubelet writes (`pkg/kubelet/envvars`): Kubernetes' own, and those of
/// Docker's links.
fn is_link(words: &[&str], value: &str) -> bool {
    let is_port = |text: &str| text.parse::<u16>().is_ok_and(|port| port != 0);
    let is_address = |text: &str| text.parse::<IpAddr>().is_ok();
    let is_url = |text: &str| {
        let (protocol, address) = text.split_once("://").unwrap_or_default();
        is_protocol(protocol) && address.parse::<SocketAddr>().is_ok()
    };
    match words {
        ["SERVICE", "HOST"] => is_address(value),
        // The port's name may follow.
        ["SERVICE", "PORT", ..] => is_port(value),
        ["PORT"] => is_url(value),
        ["PORT", port, protocol, rest @ ..] if is_port(port) && is_upper_protocol(protocol) => {
            match rest {
                [] => is_url(value),
                ["PROTO"] => is_protocol(value),
                ["PORT"] => is_port(value),
                ["ADDR"] => is_address(value),
                _ => false,
            }
        }
        _ => false,
    }
}

fn is_protocol(text: &str) -> bool {
    ["tcp", "udp", "sctp"].contains(&text)
}

fn is_upper_protocol(text: &str) -> bool {
    ["TCP", "UDP", "SCTP"].contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_makes_of_a_services_name_is_no_key() {
        for service in ["", "OPS_", "OPS_2_", "A__B_", "PORT_", "SERVICE_"] {
            for (form, value) in [
                ("SERVICE_HOST", "10.96.0.7"),
                ("SERVICE_HOST", "fd00::7"),
                ("SERVICE_PORT", "8443"),
                ("SERVICE_PORT_HTTPS", "8443"),
                ("SERVICE_PORT_HTTPS_ALT", "8443"),
                ("PORT", "tcp://10.96.0.7:8443"),
                ("PORT", "udp://[fd00::7]:8443"),
                ("PORT_8443_TCP", "tcp://10.96.0.7:8443"),
                ("PORT_53_UDP", "udp://10.96.0.7:53"),
                ("PORT_9_SCTP_PROTO", "sctp"),
                ("PORT_8443_TCP_PORT", "8443"),
                ("PORT_8443_TCP_ADDR", "10.96.0.7"),
            ] {
                let name = format!("{service}{form}");
                assert!(is_service_link(&name, value), "{name}={value}");
            }
        }
    }

    #[test]
    fn a_mistyped_key_is_still_one() {
        for (name, value) in [
            ("LISTEN__APY", "127.0.0.1:8443"),
            ("LISTEN__PORT", "tcp://10.96.0.7:8443"),
            ("LISTEN_PORT", "8443"),
            ("PORT", "8443"),
            ("SERVICE_HOST", "bank.example"),
            ("SERVICE_PORT", "0"),
            ("PORT_8443", "tcp://10.96.0.7:8443"),
            ("PORT_8443_TCP_HOST", "10.96.0.7"),
            ("PORT_X_TCP", "tcp://10.96.0.7:8443"),
            ("ISSUER", "https://bank.example"),
            ("_PORT", "tcp://10.96.0.7:8443"),
            ("", ""),
        ] {
            assert!(!is_service_link(name, value), "{name}={value}");
        }
    }
}
