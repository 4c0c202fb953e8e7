//! Requests a second and CPU a request: one operation as the generator writes it against the same endpoint written by hand
//! for Dropshot. `cargo run --release -p dropshot-contract --example speed [ROUNDS]`
//!
//! `speed mount` prints how long a thousand routes take to mount.
//!
//! Each server is a process of its own, so that its CPU time is its own (from `/proc`, Linux only).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dropshot_contract::{self as rt, dropshot};

/// Connections that send one request after the other.
const CONNECTIONS: usize = 8;
/// One turn.
const ROUND: Duration = Duration::from_millis(500);
const BODY: &str = r#"{"name":"a small body","count":3,"tags":["one","two"]}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = std::env::args().nth(1).unwrap_or_else(|| "20".to_owned());
    match argument.as_str() {
        "generated" => return serve(generated::api()?),
        "handwritten" => return serve(handwritten::api()?),
        "mount" => return mount(),
        _ => (),
    }
    let rounds: usize = argument.parse()?;
    // `speed 20 handwritten` compares the same with the same: how far the machine can be believed.
    let second = std::env::args()
        .nth(2)
        .unwrap_or_else(|| "generated".to_owned());
    let (mut handwritten, mut generated) = (Server::start("handwritten")?, Server::start(&second)?);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    // In short turns, so that what else the machine does falls on both.
    for _ in 0..rounds {
        before.push(handwritten.measure()?);
        after.push(generated.measure()?);
    }
    handwritten.process.kill()?;
    generated.process.kill()?;
    let ratio = |of: fn(&Measured) -> f64| {
        median(
            before
                .iter()
                .zip(&after)
                .map(|(one, other)| of(other) / of(one)),
        )
    };
    let column = |all: &[Measured], of: fn(&Measured) -> f64| median(all.iter().map(of));
    println!("                requests/s   CPU us/request   (medians of {rounds} rounds)");
    for (name, all) in [("handwritten", &before), ("generated  ", &after)] {
        println!(
            "{name}     {:10.0}   {:14.1}",
            column(all, |it| it.rate),
            column(all, |it| it.cost)
        );
    }
    println!(
        "ratio           {:10.2}   {:14.2}",
        ratio(|it| it.rate),
        ratio(|it| it.cost)
    );
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn serve(api: dropshot::ApiDescription<()>) -> Result<(), Box<dyn std::error::Error>> {
    let options = rt::ServeOptions {
        task_mode: dropshot::HandlerTaskMode::CancelOnDisconnect,
        ..Default::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    Ok(runtime.block_on(rt::serve(api, (), "127.0.0.1:0".parse()?, options))?)
}

fn mount() -> Result<(), Box<dyn std::error::Error>> {
    for dispatched in [false, true] {
        let routes = generated::thousand(dispatched);
        let start = Instant::now();
        generated::mounted(routes)?;
        let how = if dispatched {
            "below wildcards"
        } else {
            "at paths of their own"
        };
        println!("1,000 routes {how}: {:?}", start.elapsed());
    }
    Ok(())
}

/// A server in a process of its own.
struct Server {
    process: Child,
    address: String,
}

/// Requests a second, and microseconds of the server's CPU a request.
struct Measured {
    rate: f64,
    cost: f64,
}

impl Server {
    fn start(which: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(which)
            .stderr(Stdio::piped())
            .spawn()?;
        let stderr = process.stderr.take().ok_or("no standard error")?;
        let mut line = String::new();
        BufReader::new(stderr).read_line(&mut line)?;
        let address = line
            .trim()
            .strip_prefix("listening on http://")
            .ok_or("no address")?
            .to_owned();
        Ok(Self { process, address })
    }

    fn measure(&mut self) -> Result<Measured, Box<dyn std::error::Error>> {
        let (cpu, start) = (cpu_time(&self.process)?, Instant::now());
        let client = |_| {
            let address = self.address.clone();
            std::thread::spawn(move || client(&address, ROUND).unwrap_or(0))
        };
        let clients: Vec<_> = (0..CONNECTIONS).map(client).collect();
        let requests = clients
            .into_iter()
            .map(|client| client.join().unwrap_or(0))
            .sum::<usize>();
        let (cpu, took) = (cpu_time(&self.process)? - cpu, start.elapsed());
        #[allow(clippy::cast_precision_loss)] // thousands
        let requests = requests as f64;
        Ok(Measured {
            rate: requests / took.as_secs_f64(),
            cost: cpu.as_secs_f64() * 1e6 / requests,
        })
    }
}

/// Of a hundredth of a second.
fn cpu_time(process: &Child) -> Result<Duration, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id()))?;
    let after_name = stat.rsplit_once(')').ok_or("no process name")?.1;
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Ok(Duration::from_millis(ticks * 10))
}

fn client(address: &str, length: Duration) -> std::io::Result<usize> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_nodelay(true)?;
    let request = format!(
        "PUT /v1/projects/main/items/42?limit=20&order=name HTTP/1.1\r\nhost: localhost\r\nuser-agent: speed\r\n\
         accept: */*\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let mut answer = [0; 4096];
    let (start, mut requests) = (Instant::now(), 0);
    while start.elapsed() < length {
        connection.write_all(request.as_bytes())?;
        let read = connection.read(&mut answer)?;
        if !answer[..read].starts_with(b"HTTP/1.1 200") || !answer[..read].ends_with(b"}") {
            return Err(std::io::Error::other(
                String::from_utf8_lossy(&answer[..read]).into_owned(),
            ));
        }
        requests += 1;
    }
    Ok(requests)
}

mod handwritten {
    use dropshot::{
        ApiDescription, HttpError, HttpResponseOk, Path, Query, RequestContext, TypedBody, endpoint,
    };
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    #[derive(Deserialize, JsonSchema)]
    struct ItemPath {
        project: String,
        item_id: i64,
    }

    #[derive(Deserialize, JsonSchema)]
    struct ItemQuery {
        limit: Option<i64>,
        order: Option<String>,
    }

    #[derive(Deserialize, Serialize, JsonSchema)]
    struct Item {
        name: String,
        count: i64,
        tags: Vec<String>,
    }

    #[derive(Serialize, JsonSchema)]
    struct Stored {
        project: String,
        item_id: i64,
        limit: Option<i64>,
        order: Option<String>,
        item: Item,
    }

    #[endpoint { method = PUT, path = "/v1/projects/{project}/items/{item_id}" }]
    async fn put_item(
        _rqctx: RequestContext<()>,
        path: Path<ItemPath>,
        query: Query<ItemQuery>,
        body: TypedBody<Item>,
    ) -> Result<HttpResponseOk<Stored>, HttpError> {
        let (path, query) = (path.into_inner(), query.into_inner());
        Ok(HttpResponseOk(Stored {
            project: path.project,
            item_id: path.item_id,
            limit: query.limit,
            order: query.order,
            item: body.into_inner(),
        }))
    }

    pub fn api() -> Result<ApiDescription<()>, Box<dyn std::error::Error>> {
        let mut api = ApiDescription::new();
        api.register(put_item)?;
        Ok(api)
    }
}

mod generated {
    use super::rt;
    use rt::Decode as _;

    #[derive(Debug, Clone, PartialEq, rt::serde::Serialize)]
    #[serde(crate = "::dropshot_contract::serde")]
    pub struct Item {
        pub name: String,
        pub count: i64,
        pub tags: Vec<String>,
    }

    impl rt::Decode for Item {
        fn decode(node: rt::Node) -> Result<Self, rt::Invalid> {
            let mut object = node.object(&rt::Properties::ANY)?;
            Ok(Self {
                name: object.required("name", String::decode)?,
                count: object.required("count", i64::decode)?,
                tags: object.required("tags", Vec::<String>::decode)?,
            })
        }
    }

    #[derive(Debug, Clone, PartialEq, rt::serde::Serialize)]
    #[serde(crate = "::dropshot_contract::serde")]
    pub struct Stored {
        pub project: String,
        pub item_id: i64,
        pub limit: Option<i64>,
        pub order: Option<String>,
        pub item: Item,
    }

    struct PutItemRequest {
        project: String,
        item_id: i64,
        limit: Option<i64>,
        order: Option<String>,
        body: Item,
    }

    impl PutItemRequest {
        fn decode(input: &mut rt::Received) -> Result<Self, rt::Rejection> {
            Ok(Self {
                project: input.required(rt::Location::Path, "project", String::decode)?,
                item_id: input.required(rt::Location::Path, "item_id", i64::decode)?,
                limit: input.optional(rt::Location::Query, "limit", i64::decode)?,
                order: input.optional(rt::Location::Query, "order", String::decode)?,
                body: input.body(Item::decode)?,
            })
        }
    }

    const fn parameter(name: &'static str, location: rt::Location) -> rt::Parameter {
        rt::Parameter {
            name,
            location,
            required: matches!(location, rt::Location::Path),
            style: if matches!(location, rt::Location::Path) {
                rt::Style::Simple
            } else {
                rt::Style::Form
            },
            explode: matches!(location, rt::Location::Query),
            shape: rt::Shape::Scalar,
            json: false,
            description: None,
            pointer: "",
            deprecated: false,
        }
    }

    static PUT_ITEM: rt::Operation = rt::Operation {
        id: "putItem",
        method: rt::http::Method::PUT,
        path: "/projects/{project}/items/{item_id}",
        base_path: None,
        pointer: "",
        tags: &[],
        summary: None,
        description: None,
        deprecated: false,
        parameters: &[
            parameter("project", rt::Location::Path),
            parameter("item_id", rt::Location::Path),
            parameter("limit", rt::Location::Query),
            parameter("order", rt::Location::Query),
        ],
        body: Some(rt::RequestBody {
            required: true,
            content: &[rt::Media {
                media_type: "application/json",
                kind: rt::MediaKind::Json,
                fields: &[],
            }],
        }),
        responses: &[],
        security: &[],
    };

    enum PutItemReply {
        Ok(Stored),
    }

    impl rt::Reply for PutItemReply {
        fn into_response(self) -> rt::Response {
            match self {
                Self::Ok(body) => rt::reply::json(200, "application/json", &body),
            }
        }
    }

    async fn put_item(
        _: rt::RequestContext<()>,
        request: PutItemRequest,
    ) -> Result<PutItemReply, rt::Failure> {
        let PutItemRequest {
            project,
            item_id,
            limit,
            order,
            body,
        } = request;
        Ok(PutItemReply::Ok(Stored {
            project,
            item_id,
            limit,
            order,
            item: body,
        }))
    }

    fn route(operation: &'static rt::Operation) -> rt::Route<()> {
        rt::Route {
            operation,
            call: |rqctx, mut input| match PutItemRequest::decode(&mut input) {
                Ok(request) => Box::pin(async move { rt::respond(put_item(rqctx, request).await) }),
                Err(rejection) => {
                    Box::pin(async move { rejection.into_response(&rqctx.request_id) })
                }
            },
        }
    }

    pub fn mounted(
        routes: Vec<rt::Route<()>>,
    ) -> Result<rt::dropshot::ApiDescription<()>, rt::MountError> {
        rt::mount(routes, "/v1", rt::Options::default(), |rqctx, rejection| {
            Box::pin(async move { rejection.into_response(&rqctx.request_id) })
        })
    }

    pub fn api() -> Result<rt::dropshot::ApiDescription<()>, rt::MountError> {
        mounted(vec![route(&PUT_ITEM)])
    }

    /// A thousand operations in forty areas; dispatched, each area has a literal beside a variable.
    pub fn thousand(dispatched: bool) -> Vec<rt::Route<()>> {
        let operation = |n: usize| {
            let (area, other) = (
                n % 40,
                if dispatched && n < 40 {
                    "main"
                } else {
                    "{project}"
                },
            );
            let path = format!("/area{area}/{other}/part{n}/{{item_id}}");
            &*Box::leak(Box::new(rt::Operation {
                path: Box::leak(path.into_boxed_str()),
                method: rt::http::Method::PUT,
                parameters: PUT_ITEM.parameters,
                body: None,
                ..copied()
            }))
        };
        (0..1000).map(|n| route(operation(n))).collect()
    }

    const fn copied() -> rt::Operation {
        rt::Operation {
            id: "putItem",
            method: rt::http::Method::PUT,
            path: "",
            base_path: None,
            pointer: "",
            tags: &[],
            summary: None,
            description: None,
            deprecated: false,
            parameters: &[],
            body: None,
            responses: &[],
            security: &[],
        }
    }
}
