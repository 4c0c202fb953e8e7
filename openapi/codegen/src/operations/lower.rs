//! Decides the names and types of every operation.

use super::{Body, Credentials, Form, Operation, Operations, Parameter, Variant, security};
use crate::codes;
use crate::model::{self, Document, Location, MediaKind, Schema, Status};
use crate::names::{self, Scope};
use crate::types::{Formatted, TypeExpr, Types};

impl<'d> Operations<'d> {
    /// Lowers every operation. Adds the types that they need to `types`.
    pub fn new(document: &'d Document, types: &mut Types<'d>) -> Self {
        let mut methods = Scope::with(&["rejected"]);
        let mut constants = Scope::with(&[]);
        let mut credentials = Vec::new();
        // Components choose their names first. Operations get names that are still free.
        for (name, schema) in &document.schemas {
            let pointer = schema.pointer().to_owned();
            types.lower(
                &Schema::Ref {
                    pointer,
                    target: name.clone(),
                },
                name,
            );
        }
        let all = document
            .operations
            .iter()
            .map(|source| {
                let name = names::type_name(&source.id);
                let credentials = (!source.security.is_empty()).then(|| {
                    Credentials::index(&mut credentials, &source.security, document, types)
                });
                Operation {
                    source,
                    method: methods.take(&names::field_name(&source.id)),
                    constant: constants.take(&names::static_name(&source.id)),
                    request: types.names.take(&format!("{name}Request")),
                    reply: types.names.take(&format!("{name}Reply")),
                    parameters: parameters(source, &name, document, types),
                    body: source
                        .body
                        .as_ref()
                        .map(|body| request_body(body, &name, types)),
                    credentials,
                    variants: variants(source, &name, types),
                }
            })
            .collect();
        Self { all, credentials }
    }
}

impl Operations<'_> {
    /// Marks every type with its directions. With `both`, the types of requests and replies get
    /// both directions.
    pub fn mark(&self, types: &mut Types<'_>, both: bool) {
        types.mirrored = both;
        for operation in &self.all {
            let forms = operation.body.iter().flat_map(|body| &body.forms);
            let taken = forms.filter_map(|form| form.ty.as_ref());
            for ty in taken.chain(operation.parameters.iter().map(|parameter| &parameter.ty)) {
                types.mark(ty, true);
                if both {
                    types.mark(ty, false);
                }
            }
            for variant in &operation.variants {
                let headers = variant.headers.iter().filter_map(|(_, _, ty)| ty.as_ref());
                for ty in variant
                    .forms
                    .iter()
                    .filter_map(|form| form.ty.as_ref())
                    .chain(headers)
                {
                    types.mark(ty, false);
                    if both {
                        types.mark(ty, true);
                    }
                }
            }
        }
    }
}

fn parameters<'d>(
    source: &'d model::Operation,
    name: &str,
    document: &Document,
    types: &mut Types<'d>,
) -> Vec<Parameter<'d>> {
    let mut fields = Scope::with(&["body", "credentials"]);
    let security = &source.security;
    source
        .parameters
        .iter()
        .map(|source| {
            let plain = names::field_name(&source.name);
            let mut field = fields.take(&plain);
            if field != plain {
                let location = source.location;
                field = fields.take(&format!("{}_{location}", plain.trim_end_matches('_')));
            }
            let secret = source.location == Location::Header
                && source.name.eq_ignore_ascii_case("authorization");
            let ty = types.lower(
                &source.schema,
                &format!("{name}{}", names::type_name(&source.name)),
            );
            let default = types
                .resolve(&source.schema)
                .and_then(|schema| schema.default.as_ref());
            let default = default.map(ToString::to_string);
            Parameter {
                source,
                field,
                ty,
                default,
                // OpenAPI 3.0.3, Parameter Object: a header parameter of this name is ignored, and
                // `security` decides. If `security` can be met without the header, a request may
                // leave it out.
                required: source.required
                    && !(secret && security::has_way_beside_authorization(security, document)),
                secret,
            }
        })
        .collect()
}

fn request_body<'d>(source: &'d model::RequestBody, name: &str, types: &mut Types<'d>) -> Body<'d> {
    let choice = (source.content.len() > 1).then(|| types.names.take(&format!("{name}Body")));
    let mut scope = Scope::with(&[]);
    let forms = source
        .content
        .iter()
        .map(|media| {
            let form = form(media, &format!("{name}Body"), &mut scope, types);
            if form.kind == MediaKind::Xml {
                types.refusals.carried(
                    codes::XML_NOT_ENFORCED,
                    &media.pointer,
                    &format!(
                        "a body of {} is handed over as text: its schema is not enforced",
                        media.media_type
                    ),
                    "the handler parses it",
                );
            }
            form
        })
        .collect();
    Body {
        source,
        choice,
        forms,
    }
}

fn form<'d>(
    source: &'d model::Media,
    hint: &str,
    scope: &mut Scope,
    types: &mut Types<'d>,
) -> Form<'d> {
    let kind = MediaKind::of(&source.media_type);
    let ty = match (kind, &source.schema) {
        (MediaKind::Bytes, _) => None,
        (MediaKind::Xml, _) => Some(TypeExpr::String(None)),
        (MediaKind::Text, None) => Some(TypeExpr::String(None)),
        (_, None) => Some(TypeExpr::Value),
        (kind, Some(schema)) => {
            let ty = types.lower(
                schema,
                &format!(
                    "{hint}{}",
                    if scope.is_empty() {
                        String::new()
                    } else {
                        format!("{kind:?}")
                    }
                ),
            );
            match ty {
                TypeExpr::Formatted(Formatted::Binary) => None,
                TypeExpr::Value if kind == MediaKind::Text => Some(TypeExpr::String(None)),
                ty => Some(ty),
            }
        }
    };
    Form {
        source,
        kind,
        variant: scope.take(&format!("{kind:?}")),
        ty,
    }
}

fn variants<'d>(
    source: &'d model::Operation,
    name: &str,
    types: &mut Types<'d>,
) -> Vec<Variant<'d>> {
    let mut scope = Scope::with(&[]);
    source
        .responses
        .iter()
        .map(|source| {
            let variant = scope.take(&status_name(source.status));
            let hint = format!("{name}{variant}");
            let choice =
                (source.content.len() > 1).then(|| types.names.take(&format!("{hint}Body")));
            let mut media = Scope::with(&[]);
            let forms = source
                .content
                .iter()
                .map(|content| {
                    let form = form(content, &hint, &mut media, types);
                    // Only JSON is written from a typed value. In other forms the handler writes
                    // text or bytes.
                    let ty = form.ty.filter(|_| matches!(form.kind, MediaKind::Json));
                    let text = matches!(form.kind, MediaKind::Text | MediaKind::Xml);
                    let ty = if text {
                        Some(TypeExpr::String(None))
                    } else {
                        ty
                    };
                    Form { ty, ..form }
                })
                .collect();
            let mut fields = Scope::with(&["body", "status"]);
            let headers = source
                .headers
                .iter()
                .map(|header| {
                    let ty = types.lower(
                        &header.schema,
                        &format!("{hint}{}", names::type_name(&header.name)),
                    );
                    (
                        header,
                        fields.take(&names::field_name(&header.name)),
                        Some(ty),
                    )
                })
                .collect();
            Variant {
                source,
                name: variant,
                choice,
                forms,
                headers,
            }
        })
        .collect()
}

/// The variant for a status is its reason phrase, as in RFC 9110.
fn status_name(status: Status) -> String {
    match status {
        Status::Default => "Default".to_owned(),
        Status::Range(1) => "Informational".to_owned(),
        Status::Range(2) => "Success".to_owned(),
        Status::Range(3) => "Redirection".to_owned(),
        Status::Range(4) => "ClientError".to_owned(),
        Status::Range(5) => "ServerError".to_owned(),
        Status::Range(other) => format!("Range{other}"),
        Status::Code(code) => match reason(code) {
            Some(reason) => reason.to_owned(),
            None => format!("Status{code}"),
        },
    }
}

fn reason(code: u16) -> Option<&'static str> {
    Some(match code {
        200 => "Ok",
        201 => "Created",
        202 => "Accepted",
        203 => "NonAuthoritative",
        204 => "NoContent",
        205 => "ResetContent",
        206 => "PartialContent",
        207 => "MultiStatus",
        300 => "MultipleChoices",
        301 => "MovedPermanently",
        302 => "Found",
        303 => "SeeOther",
        304 => "NotModified",
        307 => "TemporaryRedirect",
        308 => "PermanentRedirect",
        400 => "BadRequest",
        401 => "Unauthorized",
        402 => "PaymentRequired",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        406 => "NotAcceptable",
        408 => "RequestTimeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "LengthRequired",
        412 => "PreconditionFailed",
        413 => "ContentTooLarge",
        414 => "UriTooLong",
        415 => "UnsupportedMediaType",
        416 => "RangeNotSatisfiable",
        417 => "ExpectationFailed",
        418 => "ImATeapot",
        421 => "MisdirectedRequest",
        422 => "UnprocessableContent",
        423 => "Locked",
        424 => "FailedDependency",
        426 => "UpgradeRequired",
        428 => "PreconditionRequired",
        429 => "TooManyRequests",
        431 => "HeaderFieldsTooLarge",
        451 => "UnavailableForLegalReasons",
        500 => "InternalServerError",
        501 => "NotImplemented",
        502 => "BadGateway",
        503 => "ServiceUnavailable",
        504 => "GatewayTimeout",
        507 => "InsufficientStorage",
        _ => return None,
    })
}
