//! The API reference: the served document as one page of HTML, for people. It is made once, at the
//! start.
//!
//! All of the document's text is escaped, and the page may load and run nothing, since a document
//! can hold an attack.

mod html;
mod schema;
mod style;

use std::fmt::Write as _;

use serde_json::{Map, Value};

use html::{anchor, entries, escape, prose, text};

/// The methods that an OpenAPI path item can have.
const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// A page of HTML, and what a browser may do with it.
///
/// ```
/// use dropshot_chassis::Page;
///
/// // Of a generated service: serde_json::from_str(api::DOCUMENT)?
/// let document = serde_json::json!({
///     "info": { "title": "Pets" },
///     "paths": { "/pets": { "get": { "operationId": "listPets" } } },
/// });
/// let page = Page::of(&document);
/// assert!(page.html.contains("<h1>Pets</h1>") && page.html.contains("listPets"));
/// // The page is then at /docs/: chassis.docs(page)
/// ```
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The page.
    pub html: String,
    /// The value of `Content-Security-Policy`.
    pub content_security_policy: String,
}

impl Page {
    /// The reference of an OpenAPI document whose references have been checked.
    #[must_use]
    pub fn of(document: &Value) -> Self {
        Self {
            html: page(document),
            content_security_policy: style::content_security_policy(),
        }
    }
}

fn page(document: &Value) -> String {
    let title = escape(text(&document["info"]["title"]));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{}</style>\n</head>\n<body>\n<h1>{title}</h1>\n",
        style::STYLE
    );
    page += &prose(&document["info"]["description"]);
    for server in document["servers"].as_array().into_iter().flatten() {
        put(
            &mut page,
            format_args!("<p>At <code>{}</code></p>\n", escape(text(&server["url"]))),
        );
    }
    page += "<nav>\n<ul>\n";
    for (path, method, operation) in operations(document) {
        let id = name(operation, method, path);
        let (anchor, method) = (anchor("operation", &id), escape(&method.to_uppercase()));
        let path = escape(path);
        put(
            &mut page,
            format_args!("<li><a href=\"#{anchor}\">{method} {path}</a></li>\n"),
        );
    }
    page += "</ul>\n</nav>\n<h2>Operations</h2>\n";
    for (path, method, operation) in operations(document) {
        page += &self::operation(document, path, method, operation);
    }
    page += "<h2>Schemas</h2>\n";
    for (name, schema) in entries(&document["components"]["schemas"]) {
        let (anchor, title) = (anchor("schema", name), escape(name));
        put(
            &mut page,
            format_args!("<section id=\"{anchor}\">\n<h3>{title}</h3>\n"),
        );
        page += &schema::of(schema);
        page += "</section>\n";
    }
    page + "</body>\n</html>\n"
}

fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    entries(&document["paths"]).flat_map(|(path, item)| {
        let methods = entries(item).filter(|(key, _)| METHODS.contains(&key.as_str()));
        methods.map(move |(method, operation)| (path, method, operation))
    })
}

/// The name of an operation in its anchor.
fn name(operation: &Value, method: &str, path: &str) -> String {
    match operation["operationId"].as_str() {
        Some(id) => id.to_owned(),
        None => format!("{method}-{path}"),
    }
}

fn operation(document: &Value, path: &str, method: &str, operation: &Value) -> String {
    let id = name(operation, method, path);
    let mut part = format!(
        "<section id=\"{}\">\n<h3><span class=\"method\">{}</span> <code>{}</code></h3>\n\
         <p><strong>{}</strong> <code>{}</code></p>\n",
        anchor("operation", &id),
        escape(&method.to_uppercase()),
        escape(path),
        escape(text(&operation["summary"])),
        escape(&id),
    );
    part += &prose(&operation["description"]);
    let shared = document["paths"][path]["parameters"].as_array();
    let own = operation["parameters"].as_array();
    let parameters: Vec<&Value> = shared.into_iter().chain(own).flatten().collect();
    if !parameters.is_empty() {
        part += "<h4>Parameters</h4>\n<dl>\n";
        for parameter in parameters {
            let parameter = resolved(document, parameter);
            let place = format!("in {}", text(&parameter["in"]));
            let term = text(&parameter["name"]);
            let required = parameter["required"] == true;
            part += &schema::entry(term, &place, required, parameter);
        }
        part += "</dl>\n";
    }
    if let Some(body) = operation.get("requestBody") {
        let body = resolved(document, body);
        part += "<h4>Body</h4>\n";
        part += &prose(&body["description"]);
        part += &content(body);
    }
    part += "<h4>Replies</h4>\n";
    for (status, reply) in entries(&operation["responses"]) {
        let reply = resolved(document, reply);
        let (status, why) = (escape(status), prose(&reply["description"]));
        put(
            &mut part,
            format_args!("<details open><summary>{status}</summary>\n{why}"),
        );
        let headers = reply["headers"].as_object();
        if let Some(headers) = headers.filter(|headers| !headers.is_empty()) {
            part += &self::headers(document, headers);
        }
        part += &content(reply);
        part += "</details>\n";
    }
    part + "</section>\n"
}

fn headers(document: &Value, headers: &Map<String, Value>) -> String {
    let entry = |(name, header): (&String, &Value)| {
        let header = resolved(document, header);
        schema::entry(name, "header", header["required"] == true, header)
    };
    let list: String = headers.iter().map(entry).collect();
    format!("<dl>\n{list}</dl>\n")
}

/// The bodies of a request or a reply, by media type.
fn content(of: &Value) -> String {
    let body = |(media_type, body): (&String, &Value)| {
        let (media_type, schema) = (escape(media_type), schema::of(&body["schema"]));
        format!("<p class=\"media\"><code>{media_type}</code></p>\n{schema}")
    };
    entries(&of["content"]).map(body).collect()
}

/// The parameter, body, reply or header that a reference stands for.
fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let pointer = value["$ref"]
        .as_str()
        .and_then(|path| path.strip_prefix('#'));
    pointer
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or(value)
}

fn put(page: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing to a `String` never fails.
    let _never_fails = page.write_fmt(part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_operation_and_schema_is_on_the_page() {
        let document = include_str!("../../../served.json");
        let document: Value = serde_json::from_str(document).unwrap();
        let page = Page::of(&document).html;
        assert!(operations(&document).count() > 5);
        for (path, _, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap();
            assert!(
                page.contains(&format!("<section id=\"operation-{id}\">")),
                "{id}"
            );
            assert!(page.contains(&escape(path)), "{path}");
        }
        for (name, _) in entries(&document["components"]["schemas"]) {
            assert!(
                page.contains(&format!("<section id=\"schema-{name}\">")),
                "{name}"
            );
        }
        for link in page.split("href=\"").skip(1) {
            let target = link.split('"').next().unwrap().strip_prefix('#').unwrap();
            assert!(page.contains(&format!(" id=\"{target}\"")), "{target}");
        }
        assert!(!page.contains("<script") && !page.contains("src="));
    }

    #[test]
    fn hostile_text_is_only_text() {
        let evil = "\"'><script>alert(1)</script>&amp;";
        let schema = json!({
            "type": evil, "description": evil, "title": evil, "enum": [evil], "pattern": evil, "required": [evil],
            "properties": { evil: { "$ref": format!("#/components/schemas/{evil}") } },
            "items": { "description": evil }, "allOf": [{ "default": evil }],
        });
        let document = json!({
            "info": { "title": evil, "description": evil }, "servers": [{ "url": evil }],
            "paths": { evil: { "post": {
                "operationId": evil, "summary": evil, "description": evil,
                "parameters": [{ "name": evil, "in": evil, "description": evil, "schema": schema }],
                "requestBody": { "description": evil, "content": { evil: { "schema": schema } } },
                "responses": { evil: {
                    "description": evil, "headers": { evil: { "schema": schema } }, "content": { evil: { "schema": schema } },
                } },
            } } },
            "components": { "schemas": { evil: schema } },
        });
        let page = page(&document);
        assert!(
            !page.contains("<script") && !page.contains("\"'>"),
            "{page}"
        );
        assert!(page.contains("&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;"));
    }
}
