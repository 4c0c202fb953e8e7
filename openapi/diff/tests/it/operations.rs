//! Operations, parameters, bodies, replies, security: what a document says around its schemas.

use super::{Effect, OK, Seen, changes, operation, seen};
use Effect::{Breaking, Compatible, Documentation, Unclear};

#[track_caller]
fn check(old: &str, new: &str, expected: &[Seen]) {
    let found = changes(old, new);
    assert_eq!(seen(&found), expected, "{old}\n->\n{new}\n{found:#?}");
}

/// Both ways: what came, and what went.
#[track_caller]
fn both(small: &str, large: &str, came: Seen, went: Seen) {
    check(small, large, &[came]);
    check(large, small, &[went]);
}

fn with(part: &str) -> String {
    operation(&format!("{part}, {OK}"))
}

#[test]
fn operations_come_and_go() {
    let one = format!("paths: {{/a: {{get: {{operationId: a, {OK}}}}}}}");
    let two = format!(
        "paths: {{/a: {{get: {{operationId: a, {OK}}}}}, /b: {{get: {{operationId: b, {OK}}}}}}}"
    );
    both(
        &one,
        &two,
        ("operation-added", Compatible),
        ("operation-removed", Breaking),
    );
    assert_eq!(changes(&two, &one)[0].operations, ["b"]);
}

#[test]
fn an_operation_moves_or_is_renamed() {
    let at =
        |path: &str, id: &str| format!("paths: {{{path}: {{get: {{operationId: {id}, {OK}}}}}}}");
    check(
        &at("/a", "x"),
        &at("/b", "x"),
        &[("operation-moved", Breaking)],
    );
    check(
        &at("/a", "x"),
        &at("/a", "y"),
        &[("operation-renamed", Compatible)],
    );
    let method = at("/a", "x").replace("get", "put");
    check(&at("/a", "x"), &method, &[("operation-moved", Breaking)]);
    let parameter = |name: &str| {
        format!(
            "paths: {{'/a/{{{name}}}': {{get: {{operationId: x, {OK}, parameters: [{{name: {name}, in: path, required: \
             true, schema: {{type: string}}}}]}}}}}}"
        )
    };
    check(
        &parameter("id"),
        &parameter("thing_id"),
        &[("parameter-renamed", Compatible)],
    );
}

#[test]
fn two_operations_that_change_places_are_told_by_address() {
    let two = |a: &str, b: &str| {
        format!(
            "paths: {{/a: {{get: {{operationId: {a}, {OK}}}}}, /b: {{get: {{operationId: {b}, {OK}}}}}}}"
        )
    };
    let renamed = ("operation-renamed", Compatible);
    check(&two("x", "y"), &two("y", "x"), &[renamed, renamed]);
}

#[test]
fn the_base_path() {
    let at = |path: &str| format!("servers: [{{url: 'https://h{path}'}}]\n{}", operation(OK));
    check(
        &at("/v1"),
        &at("/v2"),
        &[
            ("base-path-changed", Breaking),
            ("documentation-changed", Documentation),
        ],
    );
    let other_host = at("/v1").replace("https://h", "https://other");
    check(
        &at("/v1"),
        &other_host,
        &[("documentation-changed", Documentation)],
    );
}

#[test]
fn parameters() {
    let none = operation(OK);
    let query = |more: &str| {
        with(&format!(
            "parameters: [{{name: q, in: query, schema: {{type: string}}{more}}}]"
        ))
    };
    both(
        &none,
        &query(""),
        ("parameter-added", Compatible),
        ("parameter-removed", Unclear),
    );
    check(
        &none,
        &query(", required: true"),
        &[("parameter-added", Breaking)],
    );
    both(
        &query(""),
        &query(", required: true"),
        ("became-required", Breaking),
        ("became-optional", Compatible),
    );
    both(
        &query(""),
        &query(", deprecated: true"),
        ("deprecated", Compatible),
        ("no-longer-deprecated", Compatible),
    );
    let array = |style: &str| {
        with(&format!(
            "parameters: [{{name: q, in: query, style: {style}, schema: {{type: array, items: {{type: string}}}}}}]"
        ))
    };
    check(
        &array("form"),
        &array("pipeDelimited"),
        &[("parameter-writing-changed", Breaking)],
    );
    let header = |name: &str| {
        with(&format!(
            "parameters: [{{name: {name}, in: header, schema: {{type: string}}}}]"
        ))
    };
    check(&header("X-Id"), &header("x-id"), &[]);
    let moved = query("").replace("query", "cookie");
    check(
        &query(""),
        &moved,
        &[
            ("parameter-removed", Unclear),
            ("parameter-added", Compatible),
        ],
    );
    let empty = query(", allowEmptyValue: true");
    let way = "parameter-writing-changed";
    both(&query(""), &empty, (way, Compatible), (way, Breaking));
}

#[test]
fn bodies() {
    let none = operation(OK);
    let body =
        |more: &str, media: &str| with(&format!("requestBody: {{{more} content: {{{media}}}}}"));
    let json = "application/json: {schema: {type: string}}";
    both(
        &none,
        &body("", json),
        ("body-added", Compatible),
        ("body-removed", Breaking),
    );
    check(
        &none,
        &body("required: true,", json),
        &[("body-added", Breaking)],
    );
    both(
        &body("", json),
        &body("required: true,", json),
        ("became-required", Breaking),
        ("became-optional", Compatible),
    );
    let two = format!("{json}, text/plain: {{schema: {{type: string}}}}");
    both(
        &body("", json),
        &body("", &two),
        ("media-type-added", Compatible),
        ("media-type-removed", Breaking),
    );
    // A range takes in what it covers.
    let range = body("", "'application/*': {schema: {type: string}}");
    check(&body("", json), &range, &[("media-type-added", Compatible)]);
    let charset = body(
        "",
        "'Application/JSON; charset=utf-8': {schema: {type: string}}",
    );
    check(&body("", json), &charset, &[]);
    let form = |encoding: &str| {
        body(
            "",
            &format!(
                "multipart/form-data: {{schema: {{type: object, properties: {{f: {{type: string}}}}}}{encoding}}}"
            ),
        )
    };
    check(
        &form(""),
        &form(", encoding: {f: {contentType: image/png}}"),
        &[("encoding-changed", Unclear)],
    );
}

#[test]
fn replies() {
    let answers = |responses: &str| operation(&format!("responses: {{{responses}}}"));
    let ok = "'200': {description: d}";
    let created = answers(&format!("{ok}, '201': {{description: d}}"));
    both(
        &answers(ok),
        &created,
        ("response-added", Compatible),
        ("response-removed", Breaking),
    );
    let missing = answers(&format!("{ok}, '404': {{description: d}}"));
    both(
        &answers(ok),
        &missing,
        ("response-added", Compatible),
        ("response-removed", Unclear),
    );
    // What the default says, it says of every status that has no entry.
    let json = |schema: &str| {
        format!("{{description: d, content: {{application/json: {{schema: {{type: {schema}}}}}}}}}")
    };
    let default = answers(&format!("{ok}, default: {}", json("string")));
    let own = answers(&format!(
        "{ok}, default: {}, '409': {}",
        json("string"),
        json("integer")
    ));
    check(
        &default,
        &own,
        &[("type-changed", Breaking), ("response-added", Compatible)],
    );
    check(&own, &default, &[("type-changed", Breaking)]);
    let header = |more: &str| {
        answers(&format!(
            "'200': {{description: d, headers: {{X-A: {{schema: {{type: string}}{more}}}}}}}"
        ))
    };
    both(
        &answers(ok),
        &header(""),
        ("header-added", Compatible),
        ("header-removed", Breaking),
    );
    both(
        &header(", required: true"),
        &header(""),
        ("became-optional", Breaking),
        ("became-required", Compatible),
    );
    let body = answers(&format!("'200': {}", json("string")));
    both(
        &answers(ok),
        &body,
        ("media-type-added", Compatible),
        ("media-type-removed", Breaking),
    );
    let other = answers("'200': {description: other}");
    check(
        &answers(ok),
        &other,
        &[("documentation-changed", Documentation)],
    );
    let linked = answers("'200': {description: d, links: {l: {operationId: op}}}");
    check(
        &answers(ok),
        &linked,
        &[("documentation-changed", Documentation)],
    );
}

#[test]
fn security() {
    let schemes = "components: {securitySchemes: {basic: {type: http, scheme: basic}, \
                   key: {type: apiKey, in: header, name: X-Key}, \
                   oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://t', scopes: {r: '', w: ''}}}}}}";
    let asks = |security: &str| format!("{}\n{schemes}", with(&format!("security: {security}")));
    let (stricter, looser) = (
        ("security-stricter", Breaking),
        ("security-looser", Compatible),
    );
    both(&asks("[]"), &asks("[{basic: []}]"), stricter, looser);
    both(
        &asks("[{basic: []}, {}]"),
        &asks("[{basic: []}]"),
        stricter,
        looser,
    );
    both(
        &asks("[{basic: []}]"),
        &asks("[{basic: [], key: []}]"),
        stricter,
        looser,
    );
    both(
        &asks("[{oauth: [r]}]"),
        &asks("[{oauth: [r, w]}]"),
        stricter,
        looser,
    );
    check(
        &asks("[{basic: []}]"),
        &asks("[{key: []}]"),
        &[stricter, looser],
    );
    // A scheme's name is not on the wire.
    let renamed = asks("[{basic: []}]")
        .replace("basic: {", "other: {")
        .replace("{basic:", "{other:");
    let names = [
        ("component-removed", Documentation),
        ("component-added", Documentation),
    ];
    check(&asks("[{basic: []}]"), &renamed, &names);
    let elsewhere = asks("[{oauth: [r]}]").replace("https://t", "https://u");
    check(
        &asks("[{oauth: [r]}]"),
        &elsewhere,
        &[("security-scheme-changed", Unclear)],
    );
}

#[test]
fn what_is_said_for_people() {
    let said = ("documentation-changed", Documentation);
    for part in [
        "summary: s",
        "description: s",
        "tags: [t]",
        "externalDocs: {url: 'https://d'}",
        "x-a: 1",
    ] {
        both(&operation(OK), &with(part), said, said);
    }
    let top = |more: &str| format!("{}\n{more}", operation(OK));
    both(&top(""), &top("tags: [{name: t}]"), said, said);
    both(&top(""), &top("x-more: {a: 1}"), said, said);
    both(
        &operation(OK),
        &with("deprecated: true"),
        ("deprecated", Compatible),
        ("no-longer-deprecated", Compatible),
    );
    let called = with(
        "callbacks: {c: {'{$request.body#/u}': {post: {responses: {'200': {description: d}}}}}}",
    );
    let callbacks = ("callbacks-changed", Unclear);
    both(&operation(OK), &called, callbacks, callbacks);
}

#[test]
fn components_that_nothing_uses() {
    let top = |schemas: &str| format!("{}\ncomponents: {{schemas: {{{schemas}}}}}", operation(OK));
    both(
        &operation(OK),
        &top("A: {type: string}"),
        ("component-added", Documentation),
        ("component-removed", Documentation),
    );
    check(
        &top("A: {type: string}"),
        &top("A: {type: integer}"),
        &[("component-changed", Documentation)],
    );
}
