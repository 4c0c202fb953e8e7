//! Tests that handlers are added where a document needs more of them.

use super::*;

const SOURCE: &str = r#"//! Not this: impl Api for Nothing { fn gone() {} }

impl Other for Handlers {
    async fn gone(&self) {}
}

impl crate::api::Api for Handlers {
    type Context = Arc<Service>;

    /// Says "}".
    async fn kept(
        rqctx: RequestContext<Arc<Service>>,
    ) -> Result<(), Failure> {
        if true { "}}}" } else { "{" }
    }

    // Why it is as it is.
    #[allow(clippy::unused_async)]
    async fn gone(rqctx: RequestContext<Arc<Service>>) -> Result<(), Failure> {
        Ok(())
    }
}

fn after() {}
"#;

fn handlers() -> Handlers {
    let file = File {
        path: PathBuf::from("src/handlers.rs"),
        text: SOURCE.to_owned(),
        code: code::only(SOURCE),
    };
    Handlers { files: vec![file] }
}

fn skeleton(names: &[&str]) -> Skeleton {
    let method = |name: &&str| Method {
        name: (*name).to_owned(),
        operation: format!("{name}Operation"),
        request: format!("{name}Request"),
        reply: format!("{name}Reply"),
    };
    Skeleton {
        api: names.iter().map(method).collect(),
        groups: Vec::new(),
    }
}

#[test]
fn a_new_operation_gets_a_skeleton_at_the_end_of_the_implementation() {
    let mut adapted = Adapted::default();
    let (old, new) = (
        skeleton(&["kept", "gone"]),
        skeleton(&["kept", "gone", "come"]),
    );
    let texts = handlers().adapt(&old, &new, &[], &mut adapted);
    let text = &texts[Path::new("src/handlers.rs")];
    let expected = SOURCE.replace(
        "        Ok(())\n    }\n}\n",
        &format!(
            "        Ok(())\n    }}\n\n{}}}\n",
            new.api[2].code("Arc<Service>")
        ),
    );
    assert_eq!(*text, expected);
    assert_eq!(
        adapted.added[0].file.as_deref(),
        Some(Path::new("src/handlers.rs"))
    );
    assert!(adapted.dead.is_empty(), "{adapted:?}");
}

#[test]
fn a_handler_without_an_operation_is_shown_with_its_lines() {
    let mut adapted = Adapted::default();
    let texts = handlers().adapt(
        &skeleton(&["kept", "gone"]),
        &skeleton(&["kept"]),
        &[],
        &mut adapted,
    );
    assert!(texts.is_empty() && adapted.added.is_empty(), "{adapted:?}");
    let [dead] = adapted.dead.as_slice() else {
        panic!("{adapted:?}")
    };
    assert_eq!(
        (dead.method.as_str(), dead.first_line, dead.last_line),
        ("gone", 17, 21)
    );
    let lines: Vec<&str> = SOURCE.lines().skip(16).take(5).collect();
    assert_eq!(
        (lines[0].trim(), lines[4].trim()),
        ("// Why it is as it is.", "}")
    );
}

#[test]
fn a_trait_that_nothing_implements_is_said() {
    let mut adapted = Adapted::default();
    let none = Handlers { files: Vec::new() };
    let texts = none.adapt(&skeleton(&[]), &skeleton(&["come"]), &[], &mut adapted);
    assert!(texts.is_empty());
    assert!(
        adapted
            .to_string()
            .contains("`come`: nothing under src implements its trait yet"),
        "{adapted}"
    );
}
