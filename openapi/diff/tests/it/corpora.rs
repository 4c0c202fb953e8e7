//! Real documents, from the folder that `OPENAPI_CORPORA` names: with themselves, and with a part
//! taken out.

use dropshot_codegen::load;
use dropshot_diff::{Effect, compare};
use std::path::{Path, PathBuf};

fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(documents(&path));
        } else if path
            .extension()
            .is_some_and(|e| e == "json" || e == "yaml" || e == "yml")
        {
            all.push(path);
        }
    }
    all
}

#[test]
fn a_document_is_itself_and_misses_what_is_taken_out() {
    let Some(folder) = std::env::var_os("OPENAPI_CORPORA") else {
        eprintln!("OPENAPI_CORPORA is not set: no documents of the corpora are compared");
        return;
    };
    let mut compared = 0;
    for path in documents(Path::new(&folder)) {
        let Ok(loaded) = load(&path, None) else {
            continue;
        };
        let same = compare(&loaded.document, &loaded.document);
        assert!(same.is_empty(), "{}: {same:#?}", path.display());
        let mut fewer = loaded.document.clone();
        let Some(gone) = fewer.operations.pop() else {
            continue;
        };
        let changes = compare(&loaded.document, &fewer);
        assert!(
            changes.iter().any(|c| c.kind.code() == "operation-removed" && c.operations == [gone.id.as_str()]),
            "{}: {changes:#?}",
            path.display()
        );
        assert_eq!(
            changes
                .iter()
                .filter(|c| c.effect != Effect::Documentation)
                .count(),
            1,
            "{}",
            path.display()
        );
        compared += 1;
    }
    assert!(
        compared > 0,
        "no document of {} can be read",
        folder.display()
    );
    eprintln!("{compared} documents compared");
}
