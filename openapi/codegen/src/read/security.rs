//! Reads security schemes and requirements.

use super::references::Kind;
use super::{At, Object, Reader};
use crate::codes;
use crate::model::{Location, Requirement, SecurityKind, SecurityScheme};
use indexmap::IndexMap;
use serde_json::Value;

impl<'d> Reader<'d> {
    /// `components.securitySchemes`
    pub fn security_schemes(
        &self,
        components: &Object<'_, 'd>,
    ) -> IndexMap<String, SecurityScheme> {
        let at = components.key("securitySchemes");
        let schemes = components
            .entries("securitySchemes")
            .filter_map(|(name, value)| {
                let (value, pointer) = self.follow(value, &at.key(name), Kind::SecurityScheme)?;
                let at = pointer.as_deref().map_or(at.key(name), At::Pointer);
                let object = Object::new(self, value, at, "a security scheme")?;
                let kind = self.security_kind(&object);
                let description = object.text("description");
                // A wrong kind refuses the document. The name stays, so that requirements find it.
                let kind = kind.unwrap_or(SecurityKind::Bearer);
                Some((
                    name.clone(),
                    SecurityScheme {
                        pointer: object.at.to_string(),
                        description,
                        kind,
                    },
                ))
            });
        schemes.collect()
    }

    fn security_kind(&self, object: &Object<'_, 'd>) -> Option<SecurityKind> {
        const KNOWN: &str = "type description name in scheme bearerFormat flows openIdConnectUrl";
        object.known(KNOWN, "a security scheme");
        match object.required_text("type", "a security scheme")?.as_str() {
            "http" => {
                let scheme = object
                    .required_text("scheme", "an http security scheme")?
                    .to_lowercase();
                Some(match scheme.as_str() {
                    "basic" => SecurityKind::Basic,
                    "bearer" => SecurityKind::Bearer,
                    _ => SecurityKind::Http(scheme),
                })
            }
            "apiKey" => {
                let name = object.required_text("name", "an apiKey security scheme");
                let word = object.required_text("in", "an apiKey security scheme")?;
                let location = match Location::of_parameter(&word) {
                    Some(location) if location != Location::Path => location,
                    _ => {
                        let message = format!("an API key can't be `in: {word}`");
                        self.error(
                            codes::SECURITY_SCHEME,
                            &object.key("in"),
                            message,
                            "write query, header or cookie",
                        );
                        return None;
                    }
                };
                Some(SecurityKind::ApiKey {
                    location,
                    name: name?,
                })
            }
            "oauth2" => {
                if object.get("flows").is_none() {
                    let message = "the oauth2 scheme has no `flows`: it is a bearer token, whoever gives it out";
                    self.carried(codes::TOLERATED, &object.at, message, "add `flows`");
                }
                Some(SecurityKind::OAuth2)
            }
            "openIdConnect" => Some(SecurityKind::OpenIdConnect),
            "mutualTLS" => {
                let message = "`mutualTLS` is a scheme that OpenAPI 3.0 does not have";
                let help = "leave the scheme out: TLS is met before the service, not in it";
                self.error(codes::BEYOND_3_0, &object.key("type"), message, help);
                None
            }
            other => {
                let message = format!("`{other}` is no type of security scheme");
                let help = match other {
                    "basic" => "write `type: http` and `scheme: basic`",
                    _ => "write http, apiKey, oauth2 or openIdConnect",
                };
                self.error(codes::SECURITY_SCHEME, &object.key("type"), message, help);
                None
            }
        }
    }

    /// `security` of the document or an operation. `None` if the field is absent.
    pub fn requirements(
        &self,
        object: &Object<'_, 'd>,
        schemes: &IndexMap<String, SecurityScheme>,
    ) -> Option<Vec<Vec<Requirement>>> {
        object.get("security")?;
        let at = object.key("security");
        let alternatives =
            object
                .list("security")
                .iter()
                .enumerate()
                .filter_map(|(item, value)| {
                    let alternative =
                        Object::new(self, value, at.item(item), "a security requirement")?;
                    Some(self.alternative(&alternative, schemes))
                });
        Some(alternatives.collect())
    }

    fn alternative(
        &self,
        object: &Object<'_, 'd>,
        schemes: &IndexMap<String, SecurityScheme>,
    ) -> Vec<Requirement> {
        let requirements = object.map.iter().filter_map(|(scheme, scopes)| {
            if !schemes.contains_key(scheme) {
                let message = format!("the security scheme `{scheme}` is not declared");
                let help = "declare it in `components.securitySchemes`, or correct the name";
                self.error(
                    codes::SECURITY_REQUIREMENT,
                    &object.key(scheme),
                    message,
                    help,
                );
                return None;
            }
            let scopes = match scopes {
                Value::Null => Vec::new(),
                _ => object.texts(scheme),
            };
            Some(Requirement {
                scheme: scheme.clone(),
                scopes,
            })
        });
        requirements.collect()
    }
}
