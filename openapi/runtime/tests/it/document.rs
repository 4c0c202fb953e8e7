//! Operations of a document, as the generator would write them down. Only what the export reads.

use dropshot_contract as rt;
use serde_json::Value;

fn keep<T: ?Sized>(value: Box<T>) -> &'static T {
    Box::leak(value)
}

fn text(text: &str) -> &'static str {
    keep(text.into())
}

fn list<T>(values: impl Iterator<Item = T>) -> &'static [T] {
    keep(values.collect::<Vec<_>>().into_boxed_slice())
}

fn optional(of: &Value, name: &str) -> Option<&'static str> {
    of.get(name).and_then(Value::as_str).map(text)
}

/// A pointer with its `$ref` followed.
fn follow(document: &Value, mut pointer: String) -> String {
    while let Some(reference) = document
        .pointer(&pointer)
        .and_then(|value| value.get("$ref")?.as_str())
    {
        pointer = reference.trim_start_matches('#').to_owned();
    }
    pointer
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

pub fn operations(document: &Value) -> Vec<&'static rt::Operation> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in [
            "get", "put", "post", "delete", "options", "head", "patch", "trace",
        ] {
            if item.get(method).is_some() {
                let pointer = format!("/paths/{}", escaped(path));
                operations.push(operation(document, path, &pointer, method));
            }
        }
    }
    operations
}

fn operation(document: &Value, path: &str, item: &str, method: &str) -> &'static rt::Operation {
    let pointer = format!("{item}/{method}");
    let written = document.pointer(&pointer).unwrap();
    let made_up = format!("{method}_{path}");
    let mut parameters: Vec<rt::Parameter> = Vec::new();
    for of in [item, &pointer] {
        let count = document.pointer(of).unwrap()["parameters"]
            .as_array()
            .map_or(0, Vec::len);
        for index in 0..count {
            let parameter = parameter(
                document,
                &follow(document, format!("{of}/parameters/{index}")),
            );
            parameters.retain(|other| {
                (other.name, other.location) != (parameter.name, parameter.location)
            });
            parameters.push(parameter);
        }
    }
    keep(Box::new(rt::Operation {
        id: text(written["operationId"].as_str().unwrap_or(&made_up)),
        method: method.to_uppercase().parse().unwrap(),
        path: text(path),
        base_path: None,
        pointer: text(&pointer),
        tags: list(
            written["tags"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|tag| text(tag.as_str().unwrap())),
        ),
        summary: optional(written, "summary"),
        description: optional(written, "description"),
        deprecated: written["deprecated"] == true,
        parameters: list(parameters.into_iter()),
        body: body(document, &pointer),
        responses: responses(document, &pointer),
        security: &[],
    }))
}

fn parameter(document: &Value, pointer: &str) -> rt::Parameter {
    let written = document.pointer(pointer).unwrap();
    rt::Parameter {
        name: text(written["name"].as_str().unwrap()),
        location: rt::Location::of_parameter(written["in"].as_str().unwrap()).unwrap(),
        required: written["required"] == true,
        style: rt::Style::Simple,
        explode: false,
        shape: rt::Shape::Any,
        json: written.get("content").is_some(),
        description: optional(written, "description"),
        pointer: text(pointer),
        deprecated: false,
    }
}

fn body(document: &Value, operation: &str) -> Option<rt::RequestBody> {
    document.pointer(&format!("{operation}/requestBody"))?;
    let written = document
        .pointer(&follow(document, format!("{operation}/requestBody")))
        .unwrap();
    let content = written["content"].as_object().into_iter().flatten();
    let media = |(name, _): (&String, _)| rt::Media {
        media_type: text(name),
        kind: rt::MediaKind::Json,
        fields: &[],
    };
    Some(rt::RequestBody {
        required: written["required"] == true,
        content: list(content.map(media)),
    })
}

fn responses(document: &Value, operation: &str) -> &'static [rt::Declared] {
    let all = document.pointer(operation).unwrap()["responses"]
        .as_object()
        .into_iter()
        .flatten();
    list(
        all.filter(|(key, _)| !key.starts_with("x-"))
            .map(|(key, _)| {
                let pointer = follow(document, format!("{operation}/responses/{key}"));
                let written = document.pointer(&pointer).unwrap();
                rt::Declared {
                    status: match key.parse() {
                        Ok(code) => rt::Status::Code(code),
                        Err(_) if key == "default" => rt::Status::Default,
                        Err(_) => rt::Status::Range(key[..1].parse().unwrap()),
                    },
                    description: optional(written, "description").unwrap_or_default(),
                    media_types: list(
                        written["content"]
                            .as_object()
                            .into_iter()
                            .flatten()
                            .map(|(name, _)| text(name)),
                    ),
                    headers: list(written["headers"].as_object().into_iter().flatten().map(
                        |(name, _)| {
                            let header = document
                                .pointer(&follow(
                                    document,
                                    format!("{pointer}/headers/{}", escaped(name)),
                                ))
                                .unwrap();
                            rt::DeclaredHeader {
                                name: text(name),
                                required: header["required"] == true,
                            }
                        },
                    )),
                }
            }),
    )
}
