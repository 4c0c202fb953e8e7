//! `servers`, of the document, a path or an operation: the routes lie below the path of the first one's URL.

use super::{At, Object, Reader};
use crate::codes;

impl<'d> Reader<'d> {
    /// The path of the first server's URL, without a slash at its end; none where no server is declared.
    pub fn base_path(&self, object: &Object<'_, 'd>) -> Option<String> {
        let at = object.key("servers");
        let mut paths = object
            .list("servers")
            .iter()
            .enumerate()
            .map(|(item, value)| {
                let at = at.item(item);
                let server = Object::new(self, value, at, "a server")?;
                server.known(&["url", "description", "variables", "name"], "a server");
                let url = server.required_text("url", "a server")?;
                Some(url_path(&self.fill_in(&server, &url)))
            });
        let first = paths.next().flatten();
        paths.for_each(drop);
        first
    }

    /// The URL with its variables' defaults in their places.
    fn fill_in(&self, server: &Object<'_, 'd>, url: &str) -> String {
        let mut filled = String::new();
        let mut rest = url;
        while let Some((before, name, after)) = split_variable(rest) {
            filled.push_str(before);
            match self.variable(server, name) {
                Some(default) => filled.push_str(&default),
                None => {
                    let message =
                        format!("the server's URL has the variable `{name}`, which has no default");
                    let help = "declare it in `variables` with a `default`";
                    self.error(codes::SERVER, &server.at, message, help);
                }
            }
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    fn variable(&self, server: &Object<'_, 'd>, name: &str) -> Option<String> {
        let (_, value) = server.entries("variables").find(|(key, _)| *key == name)?;
        let at = server.key("variables");
        let at = At::Key(&at, name);
        let variable = Object::new(self, value, at, "a server variable")?;
        variable.known(&["enum", "default", "description"], "a server variable");
        variable.text("default")
    }
}

fn split_variable(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// The path of a URL, absolute or relative; empty or with a slash at its start only.
fn url_path(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let after_scheme = url
        .split_once("://")
        .map(|(_, rest)| rest)
        .or_else(|| url.strip_prefix("//"));
    let path = match after_scheme {
        Some(rest) => rest.split_once('/').map_or("", |(_, path)| path),
        None => url,
    };
    // `./v1` and `v1` are relative to where the document is served: its root.
    let segments = path
        .split('/')
        .filter(|segment| !matches!(*segment, "" | "." | ".."));
    segments.fold(String::new(), |path, segment| path + "/" + segment)
}
