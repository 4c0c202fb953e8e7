//! The document as the driver reads it: its operations, straight from the JSON.
//!
//! Only the list of operations comes from the generator. If the generator misreads the document,
//! the test shows a difference.

use dropshot_contract::{Location, Operation, Status, Value};
use serde_json::{Map, json};

/// A document that follows its own references.
#[derive(Debug)]
pub(crate) struct Document {
    root: Value,
    /// Whether keywords beside a `$ref` count, as in OpenAPI 3.1.
    pub(crate) beside_references: bool,
}

/// A parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter<'d> {
    pub(crate) name: &'d str,
    pub(crate) location: Location,
    pub(crate) required: bool,
    pub(crate) style: &'d str,
    pub(crate) explode: bool,
    /// Whether the parameter is declared by `content` in JSON.
    pub(crate) json: bool,
    pub(crate) schema: &'d Value,
}

/// A body in one media type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Media<'d> {
    pub(crate) media_type: &'d str,
    pub(crate) schema: Option<&'d Value>,
    pub(crate) encoding: Option<&'d Map<String, Value>>,
}

/// A response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Response<'d> {
    value: &'d Value,
}

/// A header of a response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header<'d> {
    pub(crate) name: &'d str,
    pub(crate) required: bool,
    pub(crate) explode: bool,
    pub(crate) json: bool,
    pub(crate) schema: &'d Value,
}

/// The schema that allows every value.
pub(crate) static ANYTHING: Value = Value::Bool(true);

impl Document {
    pub(crate) fn new(text: &str) -> serde_json::Result<Self> {
        let root: Value = serde_json::from_str(text)?;
        let version = root.get("openapi").and_then(Value::as_str);
        let beside_references = version.is_some_and(|version| version.starts_with("3.1"));
        Ok(Self {
            root,
            beside_references,
        })
    }

    pub(crate) fn root(&self) -> &Value {
        &self.root
    }

    /// Follows the `$ref`s of a value. Returns the value itself if it has none.
    pub(crate) fn follow<'d>(&'d self, mut value: &'d Value) -> &'d Value {
        for _ in 0..64 {
            let Some(target) = value.get("$ref").and_then(Value::as_str) else {
                return value;
            };
            match self.target(target) {
                Some(next) => value = next,
                None => return value,
            }
        }
        value
    }

    /// The value that a reference leads to.
    pub(crate) fn target(&self, reference: &str) -> Option<&Value> {
        let pointer = reference.strip_prefix('#')?;
        let pointer = percent_encoding::percent_decode_str(pointer).decode_utf8_lossy();
        self.root.pointer(&pointer)
    }

    /// The member `name` of `object`, with its references followed.
    fn member<'d>(&'d self, object: &'d Value, name: &str) -> Option<&'d Value> {
        object.get(name).map(|value| self.follow(value))
    }

    /// The path item and the operation.
    fn places<'d>(&'d self, operation: &Operation) -> Option<(&'d Value, &'d Value)> {
        let item = self.member(self.root.get("paths")?, operation.path)?;
        let method = operation.method.as_str().to_ascii_lowercase();
        Some((item, item.get(&method)?))
    }

    /// The operation's parameters. A parameter of the operation replaces one of the path item with
    /// the same name and location.
    pub(crate) fn parameters<'d>(&'d self, operation: &Operation) -> Vec<Parameter<'d>> {
        let Some((item, own)) = self.places(operation) else {
            return Vec::new();
        };
        let list = |value: &'d Value| {
            value
                .get("parameters")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
        };
        let mut parameters: Vec<Parameter<'d>> = Vec::new();
        for value in list(own).chain(list(item)) {
            let Some(mut parameter) = self.parameter(self.follow(value)) else {
                continue;
            };
            // A caller may leave `Authorization` out: `security` decides, not the parameter.
            if parameter.location == Location::Header
                && parameter.name.eq_ignore_ascii_case("authorization")
                && self.has_way_beside_authorization(operation)
            {
                parameter.required = false;
            }
            let known = parameters
                .iter()
                .any(|known| known.name == parameter.name && known.location == parameter.location);
            // OpenAPI 3.0.3, Parameter Object: header parameters of these names are ignored.
            let ignored = parameter.location == Location::Header
                && ["accept", "content-type"]
                    .contains(&parameter.name.to_ascii_lowercase().as_str());
            if !known && !ignored {
                parameters.push(parameter);
            }
        }
        parameters
    }

    fn parameter<'d>(&'d self, value: &'d Value) -> Option<Parameter<'d>> {
        let location = Location::of_parameter(value.get("in")?.as_str()?)?;
        let content = value
            .get("content")
            .and_then(Value::as_object)
            .and_then(|content| content.iter().next());
        let schema = match content {
            Some((_, media)) => media.get("schema"),
            None => value.get("schema"),
        };
        let style = value
            .get("style")
            .and_then(Value::as_str)
            .unwrap_or(match location {
                Location::Query | Location::Cookie => "form",
                _ => "simple",
            });
        Some(Parameter {
            name: value.get("name")?.as_str()?,
            location,
            required: location == Location::Path || flag(value, "required"),
            style,
            explode: value
                .get("explode")
                .and_then(Value::as_bool)
                .unwrap_or(style == "form"),
            json: content.is_some_and(|(media_type, _)| is_json(media_type)),
            schema: schema.unwrap_or(&ANYTHING),
        })
    }

    /// Whether the body is required, and its media types.
    pub(crate) fn body<'d>(&'d self, operation: &Operation) -> Option<(bool, Vec<Media<'d>>)> {
        let (_, own) = self.places(operation)?;
        let body = self.member(own, "requestBody")?;
        Some((flag(body, "required"), self.content(body)))
    }

    fn content<'d>(&'d self, value: &'d Value) -> Vec<Media<'d>> {
        let content = value.get("content").and_then(Value::as_object);
        let media = |(media_type, media): (&'d String, &'d Value)| {
            let media = self.follow(media);
            Media {
                media_type,
                schema: media.get("schema"),
                encoding: media.get("encoding").and_then(Value::as_object),
            }
        };
        content.into_iter().flatten().map(media).collect()
    }

    /// A response of the operation.
    pub(crate) fn response<'d>(
        &'d self,
        operation: &Operation,
        status: Status,
    ) -> Option<Response<'d>> {
        let (_, own) = self.places(operation)?;
        let responses = own.get("responses")?.as_object()?;
        let named = |key: &str| match status {
            Status::Code(code) => key == code.to_string(),
            Status::Range(digit) => key.eq_ignore_ascii_case(&format!("{digit}XX")),
            Status::Default => key == "default",
        };
        let (_, value) = responses.iter().find(|(key, _)| named(key))?;
        Some(Response {
            value: self.follow(value),
        })
    }

    /// The number of responses that the operation declares.
    pub(crate) fn response_count(&self, operation: &Operation) -> usize {
        let responses = self
            .places(operation)
            .and_then(|(_, own)| own.get("responses")?.as_object());
        responses.map_or(0, |responses| {
            responses
                .keys()
                .filter(|key| !key.starts_with("x-"))
                .count()
        })
    }

    /// The media types of a response.
    pub(crate) fn response_content<'d>(&'d self, response: Response<'d>) -> Vec<Media<'d>> {
        self.content(response.value)
    }

    /// The headers of a response.
    pub(crate) fn response_headers<'d>(&'d self, response: Response<'d>) -> Vec<Header<'d>> {
        let headers = response.value.get("headers").and_then(Value::as_object);
        let header = |(name, value): (&'d String, &'d Value)| {
            let value = self.follow(value);
            let content = value
                .get("content")
                .and_then(Value::as_object)
                .and_then(|content| content.iter().next());
            let schema = match content {
                Some((_, media)) => media.get("schema"),
                None => value.get("schema"),
            };
            Header {
                name,
                required: flag(value, "required"),
                explode: flag(value, "explode"),
                json: content.is_some_and(|(media_type, _)| is_json(media_type)),
                schema: schema.unwrap_or(&ANYTHING),
            }
        };
        let headers = headers.into_iter().flatten().map(header);
        headers
            .filter(|header| !header.name.eq_ignore_ascii_case("content-type"))
            .collect()
    }

    /// Whether an alternative of `security` needs no `Authorization` header.
    fn has_way_beside_authorization(&self, operation: &Operation) -> bool {
        let takes_the_header = |(_, scheme): &(&str, &Value)| {
            let is = |name: &str, value: &str| {
                let text = scheme.get(name).and_then(Value::as_str);
                text.is_some_and(|text| text.eq_ignore_ascii_case(value))
            };
            !is("type", "apiKey") || (is("in", "header") && is("name", "authorization"))
        };
        let security = self.security(operation);
        security
            .iter()
            .any(|alternative| !alternative.iter().any(takes_the_header))
    }

    /// The alternatives of `security`. Each is a list of named schemes.
    pub(crate) fn security<'d>(&'d self, operation: &Operation) -> Vec<Vec<(&'d str, &'d Value)>> {
        let own = self
            .places(operation)
            .and_then(|(_, own)| own.get("security"));
        let security = own
            .or_else(|| self.root.get("security"))
            .and_then(Value::as_array);
        let schemes = self
            .root
            .pointer("/components/securitySchemes")
            .unwrap_or(&Value::Null);
        let alternative = |alternative: &'d Value| {
            let names = alternative.as_object().into_iter().flat_map(Map::keys);
            names
                .map(|name| {
                    (
                        name.as_str(),
                        self.member(schemes, name).unwrap_or(&Value::Null),
                    )
                })
                .collect()
        };
        security.into_iter().flatten().map(alternative).collect()
    }
}

/// Whether the member `name` is true.
pub(crate) fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// `type/subtype` in lower case, without parameters.
pub(crate) fn essence(media_type: &str) -> String {
    media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// Whether a media type is written as JSON.
pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

/// The property of the discriminator, and its values that choose `branch`.
pub(crate) fn tags<'d>(
    schema: &'d Map<String, Value>,
    branch: &'d Value,
) -> Option<(&'d str, Vec<&'d str>)> {
    let discriminator = schema.get("discriminator")?;
    let property = discriminator.get("propertyName")?.as_str()?;
    let reference = branch.get("$ref")?.as_str()?;
    let name = reference.rsplit('/').next()?;
    let mapping = discriminator.get("mapping").and_then(Value::as_object);
    let mapped = mapping.into_iter().flatten().filter(|(_, target)| {
        let target = target.as_str().unwrap_or_default();
        target == reference || target == name
    });
    let mapped: Vec<&str> = mapped.map(|(value, _)| value.as_str()).collect();
    Some((
        property,
        if mapped.is_empty() {
            vec![name]
        } else {
            mapped
        },
    ))
}

/// The range of an integer format.
pub(crate) fn range(schema: &Map<String, Value>) -> Option<(Value, Value)> {
    let numeric = |ty: &Value| {
        ty == "integer"
            || ty
                .as_array()
                .is_some_and(|types| types.contains(&json!("integer")))
    };
    if !schema.get("type").is_some_and(numeric) {
        return None;
    }
    Some(match schema.get("format").and_then(Value::as_str)? {
        "int8" => (json!(i8::MIN), json!(i8::MAX)),
        "int16" => (json!(i16::MIN), json!(i16::MAX)),
        "int32" => (json!(i32::MIN), json!(i32::MAX)),
        "int64" => (json!(i64::MIN), json!(i64::MAX)),
        "uint8" => (json!(0), json!(u8::MAX)),
        "uint16" => (json!(0), json!(u16::MAX)),
        "uint32" => (json!(0), json!(u32::MAX)),
        "uint64" | "uint" => (json!(0), json!(u64::MAX)),
        _ => return None,
    })
}
