//! An API as the generator writes it: types, operations, trait, routes.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::future::Future;

use dropshot_contract as rt;
use dropshot_contract::reply::WithHeaders as _;
use rt::Decode as _;

#[derive(Debug, Clone, PartialEq, rt::serde::Serialize)]
#[serde(crate = "::dropshot_contract::serde")]
pub struct Toy {
    pub name: String,
}

impl rt::Decode for Toy {
    fn decode(node: rt::Node) -> Result<Self, rt::Invalid> {
        let mut object = node.object(&rt::Properties::ANY)?;
        let decoded = Self {
            name: object.required("name", String::decode)?,
        };
        object.deny_unknown()?;
        Ok(decoded)
    }
}

#[derive(Debug, Clone, PartialEq, rt::serde::Serialize)]
#[serde(crate = "::dropshot_contract::serde")]
pub struct Pet {
    pub id: i64,
    pub name: PetName,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Option<String>>,
    pub size: i64,
    pub color: Color,
    pub weights: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<Home>,
    #[serde(flatten)]
    pub extra: BTreeMap<String, Toy>,
}

static TAG: rt::Text = rt::Text::new().min(1).max(8).pattern("^[a-z]+$");
static NAME: rt::Text = rt::Text::new().min(1).max(64);
static SIZE: rt::Integer = rt::Integer::new().min(1).max(100).multiple_of(5);
static WEIGHT: rt::Float = rt::Float::new()
    .exclusive_min(0.0)
    .max(99.5)
    .multiple_of(0.5);
static WEIGHTS: rt::Items = rt::Items::new().min(1).max(3).unique();

impl rt::Decode for Pet {
    fn decode(node: rt::Node) -> Result<Self, rt::Invalid> {
        let mut object = node.object(&rt::Properties::ANY)?;
        let decoded = Self {
            id: object.required("id", i64::decode)?,
            name: object.required("name", PetName::decode)?,
            tag: object.optional("tag", |node| node.text(&TAG))?,
            note: object.optional("note", Option::<String>::decode)?,
            size: object.or_default("size", "10", |node| node.integer(&SIZE))?,
            color: object.or_default("color", "\"red\"", Color::decode)?,
            weights: object.or_default("weights", "[1.5]", |node| {
                node.list(&WEIGHTS, |node| node.float(&WEIGHT))
            })?,
            home: object.optional("home", Home::decode)?,
            extra: object.rest(Toy::decode)?,
        };
        object.deny_unknown()?;
        Ok(decoded)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, rt::serde::Serialize)]
#[serde(crate = "::dropshot_contract::serde")]
pub struct PetName(String);

impl rt::Decode for PetName {
    fn decode(node: rt::Node) -> Result<Self, rt::Invalid> {
        node.text(&NAME).map(Self)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, rt::serde::Serialize)]
#[serde(crate = "::dropshot_contract::serde", rename_all = "lowercase")]
pub enum Color {
    Red,
    Blue,
}

impl rt::Decode for Color {
    fn decode(node: rt::Node) -> Result<Self, rt::Invalid> {
        node.choice(&[("red", Self::Red), ("blue", Self::Blue)])
    }
}

#[derive(Debug, Clone, PartialEq, rt::serde::Serialize)]
#[serde(
    crate = "::dropshot_contract::serde",
    tag = "kind",
    rename_all = "lowercase"
)]
pub enum Home {
    House { rooms: i64 },
    Kennel { toys: Vec<Toy> },
}

impl rt::Decode for Home {
    fn decode(node: rt::Node) -> Result<Self, rt::Invalid> {
        match node.tag("kind")?.as_str() {
            "house" => {
                let mut object = node.object(&rt::Properties::ANY)?;
                Ok(Self::House {
                    rooms: object.required("rooms", i64::decode)?,
                })
            }
            "kennel" => {
                let mut object = node.object(&rt::Properties::ANY)?;
                Ok(Self::Kennel {
                    toys: object.required("toys", Vec::<Toy>::decode)?,
                })
            }
            other => Err(rt::Invalid::tag("kind", other, &["house", "kennel"])),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Credentials {
    Basic(rt::Basic),
    Key { key: rt::ApiKey, token: rt::Bearer },
}

impl Credentials {
    fn decode(input: &mut rt::Received) -> Result<Self, rt::Rejection> {
        let basic = input.basic("basicAuth")?;
        let key = input.api_key(rt::Location::Header, "X-Api-Key", "apiKey")?;
        let token = input.bearer("token")?;
        match (basic, key, token) {
            (Some(basic), _, _) => Ok(Self::Basic(basic)),
            (_, Some(key), Some(token)) => Ok(Self::Key { key, token }),
            _ => Err(input.unauthenticated()),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct PutPetRequest {
    pub credentials: Credentials,
    pub pet_id: i64,
    pub limit: i64,
    pub trace: Option<String>,
    pub body: Pet,
}

impl PutPetRequest {
    fn decode(input: &mut rt::Received) -> Result<Self, rt::Rejection> {
        Ok(Self {
            credentials: Credentials::decode(input)?,
            pet_id: input.required(rt::Location::Path, "pet_id", i64::decode)?,
            limit: input.or_default(rt::Location::Query, "limit", "20", |node| {
                node.integer(&SIZE)
            })?,
            trace: input.optional(rt::Location::Header, "X-Trace", String::decode)?,
            body: input.body(Pet::decode)?,
        })
    }
}

const fn parameter(name: &'static str, location: rt::Location, required: bool) -> rt::Parameter {
    rt::Parameter {
        name,
        location,
        required,
        style: match location {
            rt::Location::Path | rt::Location::Header => rt::Style::Simple,
            _ => rt::Style::Form,
        },
        explode: matches!(location, rt::Location::Query | rt::Location::Cookie),
        shape: rt::Shape::Scalar,
        json: false,
        description: None,
        pointer: "",
        deprecated: false,
    }
}

pub static PUT_PET: rt::Operation = rt::Operation {
    id: "putPet",
    method: rt::http::Method::PUT,
    path: "/pets/{pet_id}",
    base_path: None,
    pointer: "/paths/~1pets~1{pet_id}/put",
    tags: &["pets"],
    summary: Some("Replaces a pet."),
    description: None,
    deprecated: false,
    parameters: &[
        parameter("pet_id", rt::Location::Path, true),
        parameter("limit", rt::Location::Query, false),
        parameter("X-Trace", rt::Location::Header, false),
    ],
    body: Some(rt::RequestBody {
        required: true,
        content: &[rt::Media {
            media_type: "application/json",
            kind: rt::MediaKind::Json,
            fields: &[],
        }],
    }),
    responses: &[
        rt::Declared {
            status: rt::Status::Code(200),
            description: "the pet",
            media_types: &["application/json"],
            headers: &[],
        },
        rt::Declared {
            status: rt::Status::Code(404),
            description: "no such pet",
            media_types: &["text/plain"],
            headers: &[rt::DeclaredHeader {
                name: "Retry-After",
                required: true,
            }],
        },
        rt::Declared {
            status: rt::Status::Range(4),
            description: "refused",
            media_types: &[],
            headers: &[],
        },
    ],
    security: &[&["basicAuth"], &["apiKey", "token"]],
};

pub enum PutPetReply {
    /// 200: the pet
    Ok(Pet),
    NotFound {
        body: String,
        retry_after: i64,
        hint: Option<String>,
    },
    ClientError {
        status: rt::StatusCode,
    },
}

impl rt::Reply for PutPetReply {
    fn into_response(self) -> rt::Response {
        match self {
            Self::Ok(body) => rt::reply::json(200, "application/json", &body),
            Self::NotFound {
                body,
                retry_after,
                hint,
            } => rt::reply::text(404, "text/plain", body)
                .header("retry-after", &retry_after)
                .optional_header("x-hint", hint.as_ref()),
            Self::ClientError { status } => rt::reply::empty(rt::reply::within(status, 4)),
        }
    }
}

pub trait Api: Sized + Send + Sync + 'static {
    type Context: rt::dropshot::ServerContext;

    fn put_pet(
        rqctx: rt::RequestContext<Self::Context>,
        request: PutPetRequest,
    ) -> impl Future<Output = Result<PutPetReply, rt::Failure>> + Send;

    fn rejected(
        rqctx: rt::RequestContext<Self::Context>,
        rejection: rt::Rejection,
    ) -> impl Future<Output = rt::Response> + Send {
        async move { rejection.into_response(&rqctx.request_id) }
    }
}

pub fn routes<A: Api>() -> Vec<rt::Route<A::Context>> {
    let mut routes = Vec::with_capacity(1);
    routes_0::<A>(&mut routes);
    routes
}

fn routes_0<A: Api>(routes: &mut Vec<rt::Route<A::Context>>) {
    routes.push(rt::Route {
        operation: &PUT_PET,
        call: |rqctx, mut input| match PutPetRequest::decode(&mut input) {
            Ok(request) => Box::pin(async move { rt::respond(A::put_pet(rqctx, request).await) }),
            Err(rejection) => Box::pin(A::rejected(rqctx, rejection)),
        },
    });
}

pub fn api_description<A: Api>(
    options: rt::Options,
) -> Result<rt::dropshot::ApiDescription<A::Context>, rt::MountError> {
    rt::mount(routes::<A>(), BASE_PATH, options, |rqctx, rejection| {
        Box::pin(A::rejected(rqctx, rejection))
    })
}

pub const BASE_PATH: &str = "/v1";
