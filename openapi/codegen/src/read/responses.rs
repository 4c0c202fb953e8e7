//! Reads responses by status, with their headers and content.

use super::references::Kind;
use super::{At, Object, Reader};
use crate::codes;
use crate::model::{Response, Status};
use serde_json::Value;

impl<'d> Reader<'d> {
    /// An operation's `responses`.
    pub fn responses(&self, operation: &Object<'_, 'd>) -> Vec<Response> {
        if operation.get("responses").is_none() {
            if self.version == super::Version::V3_0 {
                operation.missing("responses", "an operation");
            }
            return Vec::new();
        }
        let at = operation.key("responses");
        if operation.entries("responses").next().is_none() {
            let help = "declare at least the response of a call that works";
            self.carried(
                codes::TOLERATED,
                &at,
                "the operation declares no response",
                help,
            );
        }
        let entries = operation
            .entries("responses")
            .filter(|(key, _)| !key.starts_with("x-"));
        let responses = entries.filter_map(|(key, value)| {
            let at = at.key(key);
            let response = self.response(value, &at);
            let Some(status) = Status::of_key(key) else {
                let message = format!("`{key}` is no status code");
                let help = "write 100 to 599, 1XX to 5XX or default";
                self.error(codes::STATUS, &at, message, help);
                return None;
            };
            Some(Response {
                status,
                ..response?
            })
        });
        responses.collect()
    }

    /// A response, after `$ref`. The caller sets its status. Until then it is `Default`.
    pub fn response(&self, value: &'d Value, at: &At<'_>) -> Option<Response> {
        let (value, pointer) = self.follow(value, at, Kind::Response)?;
        let at = pointer.as_deref().map_or(*at, At::Pointer);
        self.cached(&self.responses, &at, || {
            let object = Object::new(self, value, at, "a response")?;
            object.known("description headers content links summary", "a response");
            if object.get("description").is_none() {
                let message = "the response has no `description`";
                self.carried(
                    codes::TOLERATED,
                    &at,
                    message,
                    "add one: OpenAPI requires it",
                );
            }
            if object.entries("links").next().is_some() {
                let message = "links are kept; nothing follows them";
                self.carried(
                    codes::CALLBACKS,
                    &object.key("links"),
                    message,
                    "they are for readers of the document",
                );
            }
            let headers_at = object.key("headers");
            let headers = object.entries("headers").filter_map(|(name, value)| {
                let header = self.header(name, value, &headers_at.key(name));
                // OpenAPI 3.0.3, Response Object: `Content-Type` "shall be ignored", because
                // `content` gives it.
                header.filter(|_| !name.eq_ignore_ascii_case("content-type"))
            });
            Some(Response {
                pointer: at.to_string(),
                status: Status::Default,
                description: object.text("description").unwrap_or_default(),
                headers: headers.collect(),
                content: self.content(&object),
            })
        })
    }
}
