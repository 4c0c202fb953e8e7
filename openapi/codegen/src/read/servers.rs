//! Reads `servers` of the document, a path or an operation. The routes lie below the path of the
//! first server's URL.

use super::{At, Object, Reader};
use crate::codes;

/// Marks a variable without a value in a URL.
const UNKNOWN: char = '\0';

impl<'d> Reader<'d> {
    /// The path of the first server's URL, without a trailing slash. `None` if no server is
    /// declared.
    pub fn base_path(&self, object: &Object<'_, 'd>) -> Option<String> {
        let at = object.key("servers");
        let servers = object
            .list("servers")
            .iter()
            .enumerate()
            .filter_map(|(item, value)| {
                let server = Object::new(self, value, at.item(item), "a server")?;
                server.known("url description variables name", "a server");
                let url = server.required_text("url", "a server")?;
                Some((item, url_path(&self.fill_in(&server, &url))))
            });
        // All servers are checked, but only the first counts.
        let servers: Vec<_> = servers.collect();
        let (item, path) = servers.into_iter().next()?;
        let Some((known, _)) = path.split_once(UNKNOWN) else {
            return Some(path);
        };
        let known = known
            .rsplit_once('/')
            .map_or("", |(known, _)| known)
            .to_owned();
        let message = format!(
            "the path of the server's URL has a variable without a default; routes begin below `{known}/`"
        );
        let help = "declare the variable in `variables` with a `default`";
        self.carried(codes::TOLERATED, &at.item(item).key("url"), message, help);
        Some(known)
    }

    /// The URL with the defaults of its variables.
    fn fill_in(&self, server: &Object<'_, 'd>, url: &str) -> String {
        let mut filled = String::new();
        let mut rest = url;
        while let Some((before, name, after)) = split_variable(rest) {
            filled.push_str(before);
            match self.variable(server, name) {
                Some(default) => filled.push_str(&default),
                None => filled.push(UNKNOWN),
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
        variable.known("enum default description", "a server variable");
        variable.text("default")
    }
}

fn split_variable(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// The path of an absolute or relative URL. It is empty, or has a slash at its start and none at
/// its end.
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
    // `./v1` and `v1` are relative to the root, from which the document is served.
    let segments = path
        .split('/')
        .filter(|segment| !matches!(*segment, "" | "." | ".."));
    segments.fold(String::new(), |path, segment| path + "/" + segment)
}
