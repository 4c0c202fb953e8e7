//! The served document.

use serde_json::Value;

use crate::harness::{Setup, d1_authz};

const VENDOR: &str = include_str!("../../openapi/D1-Public-OUT-v1-Auth2.json");

#[tokio::test]
async fn the_command_prints_what_is_served() {
    let service = Setup::empty().start();
    let served = service.get("/openapi.json").await;
    assert_eq!(served.status, 200);
    assert_eq!(served.header("content-type"), Some("application/json"));
    assert_eq!(service.setup.run(&["openapi"]).ok().stdout, served.text);
    assert_eq!(
        served.json()["servers"][0]["url"],
        "https://bank.example/authz/d1/v1"
    );
}

/// The overlay only adds: the served document has the vendor's text word for word.
#[test]
fn the_vendors_part_is_the_vendors_document() {
    let folder = tempfile::tempdir().unwrap();
    let served = d1_authz(folder.path(), ["openapi"], "").ok().json();
    let vendor: Value = serde_json::from_str(VENDOR).unwrap();
    holds(&served, &vendor, "");
}

#[track_caller]
fn holds(served: &Value, vendor: &Value, pointer: &str) {
    match (served, vendor) {
        (Value::Object(served), Value::Object(vendor)) => {
            for (key, value) in vendor {
                let pointer = format!("{pointer}/{key}");
                let served = served
                    .get(key)
                    .unwrap_or_else(|| panic!("{pointer} is gone"));
                holds(served, value, &pointer);
            }
        }
        (served, vendor) => assert_eq!(served, vendor, "{pointer}"),
    }
}

/// The generator's loader accepts the document in both forms, and reads the same value.
#[test]
fn json_and_yaml_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut values = Vec::new();
    for format in ["json", "yaml"] {
        let text = d1_authz(folder.path(), ["openapi", "--format", format], "")
            .ok()
            .stdout;
        let file = folder.path().join(format!("document.{format}"));
        std::fs::write(&file, text).unwrap();
        match dropshot_codegen::load(&file, None) {
            Ok(loaded) => values.push(loaded.document.value.clone()),
            Err(findings) => panic!(
                "{}",
                findings.render(dropshot_codegen::diagnostics::Colour::Never)
            ),
        }
    }
    assert_eq!(values[0], values[1]);
}

#[tokio::test]
async fn every_path_of_the_document_answers() {
    let service = Setup::empty().start();
    let document = service.get("/openapi.json").await.json();
    let vendor: Value = serde_json::from_str(VENDOR).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        let server = item["servers"][0]["url"].as_str();
        let server = server.unwrap_or_else(|| document["servers"][0]["url"].as_str().unwrap());
        let base = server.strip_prefix("https://bank.example").unwrap();
        let answer = service.get_at(service.api, &format!("{base}{path}")).await;
        let ours = vendor["paths"].get(path).is_none();
        match (item.get("get"), ours) {
            (None, _) => assert_eq!(answer.status, 405, "{path}"),
            (Some(_), true) => assert_eq!(answer.status, 200, "{path}"),
            // The test knows neither the parameters of a new operation of the vendor nor whether
            // its handler exists.
            (Some(_), false) => assert!(![404, 405].contains(&answer.status.as_u16()), "{path}"),
        }
    }
}
