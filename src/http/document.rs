//! The document as served: the document that the code was generated from, with the issuer's own
//! addresses.

use bytes::Bytes;
use dropshot_contract::Operation;
use serde_json::{Map, Value, json};

use crate::api::{self, operations, types};
use crate::config::{IssuerUrl, PolicyConfig};
use crate::token::{AssertionAlgorithm, AuthMethod, GrantType};

/// The prefix of paths that tell where a service is.
const WELL_KNOWN: &str = "/.well-known/";

/// An OpenAPI document.
#[derive(Debug, Clone)]
pub struct Document {
    json: Bytes,
}

impl Document {
    /// The document with the vendor's placeholder for the address, as in the source tree.
    #[must_use]
    pub fn generic() -> Self {
        Self {
            json: Bytes::from_static(api::DOCUMENT.as_bytes()),
        }
    }

    /// The document with the addresses of `issuer`.
    #[must_use]
    pub fn served(issuer: &IssuerUrl) -> Self {
        let mut document = Self::generic().value();
        document["servers"] = json!([{ "url": issuer.as_str() }]);
        if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
            *paths = std::mem::take(paths)
                .into_iter()
                .filter_map(|(path, item)| at_its_path(&path, item, issuer))
                .collect::<Map<_, _>>();
        }
        Self {
            json: format!("{document:#}\n").into(),
        }
    }

    /// The document as indented JSON. It ends with a line break.
    #[must_use]
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// The document as YAML.
    #[must_use]
    pub fn yaml(&self) -> String {
        serde_saphyr::to_string(&self.value())
            .expect("JSON has texts as keys, which is all that the writer asks of a value")
    }

    /// The document as a value.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.json).expect("it was written as JSON, here or by the build")
    }
}

fn at_its_path(path: &str, mut item: Value, issuer: &IssuerUrl) -> Option<(String, Value)> {
    let is_at_origin = item.get("servers").is_some();
    if is_at_origin {
        item["servers"][0]["url"] = issuer.origin().into();
    }
    let full = full_path(path, is_at_origin, issuer)?;
    // The document's paths are below its server, which is the issuer.
    let path = if is_at_origin { full } else { path.to_owned() };
    Some((path, item))
}

/// The path at which an operation is served. `None` if the service doesn't serve it.
pub(super) fn path(operation: &Operation, issuer: &IssuerUrl) -> Option<String> {
    full_path(operation.path, operation.base_path.is_some(), issuer)
}

/// If a path has a server of its own, it is at the origin and ends in the issuer's path (RFC 8414
/// 3.1). Any other path is below the issuer. If the issuer has no path, the metadata's two places
/// are the same, and one of the two operations is not served.
fn full_path(path: &str, is_at_origin: bool, issuer: &IssuerUrl) -> Option<String> {
    let base = issuer.base_path();
    if is_at_origin {
        let prefix = path.strip_suffix(api::BASE_PATH).unwrap_or(path);
        return Some(format!("{prefix}{base}"));
    }
    let is_there_already = base.is_empty() && path.starts_with(WELL_KNOWN);
    (!is_there_already).then(|| format!("{base}{path}"))
}

/// The metadata of this service, RFC 8414 2.
///
/// `knows_certificates` says whether requests come with their senders' certificates.
pub(super) fn metadata(
    issuer: &IssuerUrl,
    knows_certificates: bool,
    policy: &PolicyConfig,
) -> types::AuthorizationServerMetadata {
    let endpoint = |operation: &Operation| format!("{issuer}{}", operation.path);
    let is_possible = |method: &&AuthMethod| match method {
        AuthMethod::ClientSecretBasic => policy.client_secret_basic,
        AuthMethod::PrivateKeyJwt => true,
        AuthMethod::TlsClientAuth => knows_certificates,
    };
    let methods = || {
        let methods = AuthMethod::ALL.iter().filter(is_possible);
        methods.map(ToString::to_string).collect()
    };
    let algorithms = || {
        let all = AssertionAlgorithm::ALL.iter();
        all.map(ToString::to_string).collect()
    };
    types::AuthorizationServerMetadata {
        issuer: issuer.as_str().to_owned(),
        token_endpoint: endpoint(&operations::GET_ACCESS_TOKEN),
        jwks_uri: endpoint(&operations::GET_JSON_WEB_KEY_SET),
        response_types_supported: Vec::new(),
        grant_types_supported: GrantType::ALL.iter().map(ToString::to_string).collect(),
        token_endpoint_auth_methods_supported: methods(),
        token_endpoint_auth_signing_alg_values_supported: algorithms(),
        introspection_endpoint: endpoint(&operations::INTROSPECT_TOKEN),
        introspection_endpoint_auth_methods_supported: methods(),
        introspection_endpoint_auth_signing_alg_values_supported: algorithms(),
        revocation_endpoint: endpoint(&operations::REVOKE_TOKEN),
        revocation_endpoint_auth_methods_supported: methods(),
        revocation_endpoint_auth_signing_alg_values_supported: algorithms(),
        tls_client_certificate_bound_access_tokens: knows_certificates.then_some(true),
        mtls_endpoint_aliases: knows_certificates.then(|| types::MtlsEndpointAliases {
            token_endpoint: endpoint(&operations::GET_ACCESS_TOKEN),
            introspection_endpoint: endpoint(&operations::INTROSPECT_TOKEN),
            revocation_endpoint: endpoint(&operations::REVOKE_TOKEN),
        }),
        service_documentation: Some(endpoint(&operations::GET_OPEN_API_DOCUMENT)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_are_the_issuers() {
        let issuer = IssuerUrl::parse("https://bank.example:8443/oauth/v2").unwrap();
        let document = Document::served(&issuer).value();
        assert_eq!(
            document["servers"],
            json!([{ "url": "https://bank.example:8443/oauth/v2" }])
        );
        let item = &document["paths"]["/.well-known/oauth-authorization-server/oauth/v2"];
        assert_eq!(item["servers"][0]["url"], "https://bank.example:8443");
        assert_eq!(operations::GET_ACCESS_TOKEN.path, crate::issuer::TOKEN_PATH);
        let served = |operation| path(operation, &issuer).unwrap();
        for (operation, at) in [
            (&operations::GET_ACCESS_TOKEN, "/oauth/v2/oauth2/token"),
            (
                &operations::GET_AUTHORIZATION_SERVER_METADATA,
                "/.well-known/oauth-authorization-server/oauth/v2",
            ),
            (
                &operations::GET_OPEN_ID_CONFIGURATION_BELOW_ISSUER,
                "/oauth/v2/.well-known/openid-configuration",
            ),
        ] {
            assert_eq!(served(operation), at);
        }
    }

    #[test]
    fn an_issuer_without_a_path_has_each_metadata_once() {
        let issuer = IssuerUrl::parse("https://bank.example").unwrap();
        let served = operations::ALL.iter().filter_map(|it| path(it, &issuer));
        let mut served: Vec<_> = served.filter(|it| it.starts_with(WELL_KNOWN)).collect();
        served.sort();
        let names = ["oauth-authorization-server", "openid-configuration"];
        assert_eq!(served, names.map(|name| format!("{WELL_KNOWN}{name}")));
        let document = Document::served(&issuer).value();
        let mut paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
        paths.retain(|it| it.starts_with(WELL_KNOWN));
        paths.sort();
        assert_eq!(paths, served.iter().collect::<Vec<_>>());
    }

    #[test]
    fn nothing_else_differs_from_the_generic_one() {
        let issuer = IssuerUrl::parse("https://YOUR_DOMAIN/authz/d1/v1").unwrap();
        assert_eq!(Document::served(&issuer).json(), Document::generic().json());
    }
}
