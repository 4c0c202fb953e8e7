//! Parameters in every place and every style, over HTTP.

mod headers;

use dropshot_contract as rt;
use rt::{Decode as _, Location, Shape, Style};
use serde_json::{Map, Value, json};

use crate::harness::{Server, send};

const fn parameter(
    name: &'static str,
    location: Location,
    style: Style,
    explode: bool,
    shape: Shape,
) -> rt::Parameter {
    rt::Parameter {
        name,
        location,
        required: false,
        style,
        explode,
        shape,
        json: false,
        description: None,
        pointer: "",
        deprecated: false,
    }
}

const SCALAR: Shape = Shape::Scalar;
const ARRAY: Shape = Shape::Array(&Shape::Scalar);
const OBJECT: Shape = Shape::Object(&[("role", Shape::Scalar), ("name", Shape::Scalar)]);
const FILTER: Shape = Shape::Object(&[
    ("state", Shape::Scalar),
    ("tags", Shape::Array(&Shape::Scalar)),
    ("owner", Shape::Object(&[("id", Shape::Scalar)])),
    (
        "points",
        Shape::Array(&Shape::Object(&[
            ("x", Shape::Scalar),
            ("y", Shape::Scalar),
        ])),
    ),
]);

const fn operation(path: &'static str, parameters: &'static [rt::Parameter]) -> rt::Operation {
    let mut operation = rt::Operation::get("echo", path);
    operation.pointer = path;
    operation.parameters = parameters;
    operation
}

static ECHO: rt::Operation = operation(
    "/echo",
    &[
        parameter("one", Location::Query, Style::Form, true, SCALAR),
        parameter("many", Location::Query, Style::Form, true, ARRAY),
        parameter("comma", Location::Query, Style::Form, false, ARRAY),
        parameter(
            "space",
            Location::Query,
            Style::SpaceDelimited,
            false,
            ARRAY,
        ),
        parameter("pipe", Location::Query, Style::PipeDelimited, false, ARRAY),
        parameter("own", Location::Query, Style::Form, true, OBJECT),
        parameter("listed", Location::Query, Style::Form, false, OBJECT),
        parameter("filter", Location::Query, Style::DeepObject, true, FILTER),
        rt::Parameter {
            json: true,
            ..parameter("json", Location::Query, Style::Form, true, SCALAR)
        },
        parameter("X-One", Location::Header, Style::Simple, false, SCALAR),
        parameter("X-Many", Location::Header, Style::Simple, false, ARRAY),
        parameter("X-Object", Location::Header, Style::Simple, false, OBJECT),
        parameter("X-Exploded", Location::Header, Style::Simple, true, OBJECT),
        parameter("crumb", Location::Cookie, Style::Form, true, SCALAR),
        parameter("crumbs", Location::Cookie, Style::Form, false, ARRAY),
    ],
);

static FREE: rt::Operation = operation(
    "/free",
    &[
        parameter("limit", Location::Query, Style::Form, true, SCALAR),
        parameter("tags", Location::Query, Style::Form, true, ARRAY),
        parameter("filter", Location::Query, Style::DeepObject, true, FILTER),
        parameter(
            "rest",
            Location::Query,
            Style::Form,
            true,
            Shape::Object(&[]),
        ),
    ],
);

static SIMPLE: rt::Operation = operation(
    "/simple/{p}/{a}/{o}/{e}",
    &[
        parameter("p", Location::Path, Style::Simple, false, SCALAR),
        parameter("a", Location::Path, Style::Simple, false, ARRAY),
        parameter("o", Location::Path, Style::Simple, false, OBJECT),
        parameter("e", Location::Path, Style::Simple, true, OBJECT),
    ],
);

static LABEL: rt::Operation = operation(
    "/label/{p}/{a}/{o}/{e}",
    &[
        parameter("p", Location::Path, Style::Label, false, SCALAR),
        parameter("a", Location::Path, Style::Label, true, ARRAY),
        parameter("o", Location::Path, Style::Label, false, OBJECT),
        parameter("e", Location::Path, Style::Label, true, OBJECT),
    ],
);

static MATRIX: rt::Operation = operation(
    "/matrix/{p}/{a}/{b}/{o}/{e}",
    &[
        parameter("p", Location::Path, Style::Matrix, false, SCALAR),
        parameter("a", Location::Path, Style::Matrix, false, ARRAY),
        parameter("b", Location::Path, Style::Matrix, true, ARRAY),
        parameter("o", Location::Path, Style::Matrix, false, OBJECT),
        parameter("e", Location::Path, Style::Matrix, true, OBJECT),
    ],
);

fn server() -> Server<()> {
    let routes = [&ECHO, &FREE, &SIMPLE, &LABEL, &MATRIX]
        .into_iter()
        .map(|operation| rt::Route {
            operation,
            call: |rqctx, mut input| {
                Box::pin(async move {
                    let operation = [&ECHO, &FREE, &SIMPLE, &LABEL, &MATRIX]
                        .into_iter()
                        .find(|operation| {
                            input
                                .uri()
                                .path()
                                .starts_with(operation.path.split("/{").next().unwrap())
                        })
                        .unwrap();
                    let mut values = Map::new();
                    for parameter in operation.parameters {
                        match input.optional(parameter.location, parameter.name, Value::decode) {
                            Ok(None) => (),
                            Ok(Some(value)) => {
                                drop(values.insert(parameter.name.to_owned(), value));
                            }
                            Err(rejection) => return rejection.into_response(&rqctx.request_id),
                        }
                    }
                    rt::reply::json(200, "application/json", &values)
                })
            },
        });
    let rejected =
        |rqctx: rt::RequestContext<()>, rejection: rt::Rejection| -> rt::BoxFuture<rt::Response> {
            Box::pin(async move { rejection.into_response(&rqctx.request_id) })
        };
    Server::start(
        rt::mount(routes.collect(), "", rt::Options::default(), rejected).unwrap(),
        (),
    )
}

#[tokio::test]
async fn query_styles() {
    let server = server();
    for (query, expected) in [
        ("", json!({})),
        ("one=a%20b+c%2Bd", json!({"one": "a b c+d"})),
        ("one=", json!({"one": ""})),
        ("one", json!({"one": ""})),
        ("other=1&one=a=b&&", json!({"one": "a=b"})),
        (
            "many=a&other=1&many=b%2Cc&many=d,e",
            json!({"many": ["a", "b,c", "d,e"]}),
        ),
        ("comma=a,b%2Cc", json!({"comma": ["a", "b,c"]})),
        ("comma=", json!({"comma": []})),
        ("space=a%20b+c", json!({"space": ["a", "b", "c"]})),
        ("pipe=a|b%7cc%7Cd", json!({"pipe": ["a", "b", "c", "d"]})),
        (
            "role=admin&name=A%26B",
            json!({"own": {"role": "admin", "name": "A&B"}}),
        ),
        ("name=x", json!({"own": {"name": "x"}})),
        (
            "listed=role,admin,name,a%2Cb",
            json!({"listed": {"role": "admin", "name": "a,b"}}),
        ),
        (
            "filter[state]=open&filter%5Btags%5D=a&filter[tags]=b&filter[owner][id]=7",
            json!({"filter": {"state": "open", "tags": ["a", "b"], "owner": {"id": "7"}}}),
        ),
        (
            "filter[tags][]=a&filter[points][1][x]=3&filter[points][0][x]=1&filter[points][0][y]=2&filter[new]=n",
            json!({"filter": {"tags": ["a"], "points": [{"x": "1", "y": "2"}, {"x": "3"}], "new": "n"}}),
        ),
        (
            "json=%7B%22a%22:[1,null]%7D",
            json!({"json": {"a": [1, null]}}),
        ),
        ("%6Fne=1", json!({"one": "1"})),
    ] {
        let answer = server.get(&format!("/echo?{query}")).await;
        assert_eq!((answer.status, answer.json()), (200, expected), "{query}");
    }
}

#[tokio::test]
async fn a_free_form_object_is_what_is_declared_nowhere_else() {
    let server = server();
    let answer = server
        .get("/free?limit=1&tags=a&tags=b&filter[state]=open&x=1&y=%C3%A9")
        .await;
    assert_eq!(
        answer.json(),
        json!({"limit": "1", "tags": ["a", "b"], "filter": {"state": "open"}, "rest": {"x": "1", "y": "é"}})
    );
    assert_eq!(
        server.get("/free?limit=1").await.json(),
        json!({"limit": "1"})
    );
    assert_eq!(
        server.get("/free?x=1&x=1").await.refusal(),
        "400 repeated_parameter query/rest/x"
    );
    assert_eq!(
        server.get("/free?x=%").await.refusal(),
        "400 malformed_encoding query/rest/x"
    );
}

#[tokio::test]
async fn what_a_query_can_not_be() {
    let server = server();
    for (query, refusal) in [
        ("one=1&one=1", "400 repeated_parameter query/one"),
        ("comma=a&comma=b", "400 repeated_parameter query/comma"),
        ("one=%zz", "400 malformed_encoding query/one"),
        ("one=%e", "400 malformed_encoding query/one"),
        ("one=%ff", "400 malformed_encoding query/one"),
        ("many=a&many=%C3", "400 malformed_encoding query/many"),
        ("listed=role,admin,name", "400 wrong_type query/listed"),
        (
            "listed=role,a,role,b",
            "400 repeated_parameter query/listed/role",
        ),
        ("role=a&role=b", "400 repeated_parameter query/own/role"),
        ("filter=x", "400 wrong_type query/filter"),
        (
            "filter[state]=a&filter[state]=b",
            "400 repeated_parameter query/filter/state",
        ),
        ("filter[state][x]=a", "400 wrong_type query/filter/state"),
        ("filter[state=a", "400 wrong_type query/filter"),
        ("filter[tags][x]=a", "400 wrong_type query/filter/tags"),
        ("json=%7B", "400 malformed_body query/json"),
        (
            "json=%7B%22a%22:1,%22a%22:2%7D",
            "400 malformed_body query/json",
        ),
    ] {
        assert_eq!(
            server.get(&format!("/echo?{query}")).await.refusal(),
            refusal,
            "{query}"
        );
    }
    let answer = server
        .get(&format!("/echo?filter{}=1", "[a]".repeat(40)))
        .await;
    assert_eq!(answer.refusal(), "400 wrong_type query/filter");
}

#[tokio::test]
async fn path_styles() {
    let server = server();
    for (path, expected) in [
        (
            "/simple/a%2Cb/a,b%2Cc/role,x,name,y/role=x,name=%3D",
            json!({"p": "a,b", "a": ["a", "b,c"], "o": {"role": "x", "name": "y"}, "e": {"role": "x", "name": "="}}),
        ),
        (
            "/label/.a/.a.b/.role,x,name,y/.role=x.name=y",
            json!({"p": "a", "a": ["a", "b"], "o": {"role": "x", "name": "y"}, "e": {"role": "x", "name": "y"}}),
        ),
        (
            "/label/.a/.a.b/.role.x.name.y/.role=x.name=y",
            json!({"p": "a", "a": ["a", "b"], "o": {"role": "x", "name": "y"}, "e": {"role": "x", "name": "y"}}),
        ),
        (
            "/matrix/;p=a/;a=a,b/;b=a;b=b/;o=role,x,name,y/;role=x;name=y",
            json!({"p": "a", "a": ["a", "b"], "b": ["a", "b"], "o": {"role": "x", "name": "y"},
                   "e": {"role": "x", "name": "y"}}),
        ),
    ] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.json()), (200, expected), "{path}");
    }
    for (path, refusal) in [
        ("/label/a/.a/.a,b/.a=b", "400 wrong_type path/p"),
        (
            "/matrix/;q=a/;a=a/;b=a/;o=a,b/;a=b",
            "400 wrong_type path/p",
        ),
        ("/simple/a/a/a/a=b", "400 wrong_type path/o"),
        ("/simple/a/a/a,b/a", "400 wrong_type path/e"),
        ("/simple/%F0%9F/a/a,b/a=b", "400"),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(
            answer.text.contains("invalid path encoding") || answer.refusal() == refusal,
            "{path} {}",
            answer.text
        );
    }
}
