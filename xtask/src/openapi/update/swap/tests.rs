//! Tests that a swap is whole or undone, wherever it is cut off.

use super::*;
use crate::openapi::update::outcome::Outcome;

/// A tree of three files, the third of which is new, and their new contents.
struct Case {
    root: tempfile::TempDir,
    files: BTreeMap<PathBuf, Vec<u8>>,
    before: BTreeMap<PathBuf, Option<String>>,
}

impl Case {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/b")).unwrap();
        fs::create_dir_all(root.path().join(FOLDER)).unwrap();
        let names = ["a/one", "a/b/two", "three"];
        for name in &names[..2] {
            fs::write(root.path().join(name), format!("old {name}")).unwrap();
        }
        let new = |name: &&str| (PathBuf::from(name), format!("new {name}").into_bytes());
        let files: BTreeMap<PathBuf, Vec<u8>> = names.iter().map(new).collect();
        let before = digests(root.path(), files.keys()).unwrap();
        Self {
            root,
            files,
            before,
        }
    }

    fn prepare(&self) -> io::Result<Journal> {
        prepare(self.root.path(), &self.files, &self.before)
    }

    fn texts(&self) -> Vec<Option<String>> {
        self.files
            .keys()
            .map(|path| fs::read_to_string(self.root.path().join(path)).ok())
            .collect()
    }

    fn is_old(&self) -> bool {
        self.texts()
            == [
                Some("old a/b/two".to_owned()),
                Some("old a/one".to_owned()),
                None,
            ]
    }

    fn is_new(&self) -> bool {
        self.texts() == ["a/b/two", "a/one", "three"].map(|name| Some(format!("new {name}")))
    }
}

#[test]
fn all_files_are_replaced() {
    let case = Case::new();
    let swapped = swap(case.root.path(), &case.files, &case.before).unwrap();
    assert!(case.is_new(), "{:?}", case.texts());
    assert_eq!(swapped, case.files.keys().cloned().collect::<Vec<_>>());
    assert!(!case.root.path().join(JOURNAL).exists());
    assert!(
        !recover(case.root.path()).unwrap(),
        "nothing is left to finish"
    );
}

#[test]
fn who_stops_before_the_journal_has_changed_nothing() {
    let case = Case::new();
    case.prepare().unwrap();
    fs::write(case.root.path().join(FOLDER).join("journal.new"), "{\"fi").unwrap();
    assert!(!recover(case.root.path()).unwrap());
    assert!(case.is_old(), "{:?}", case.texts());
}

/// The swap stops after the journal and any number of renames, and again while it is finished.
#[test]
fn who_stops_after_the_journal_is_finished_by_the_next() {
    for renamed in 0..=3 {
        let case = Case::new();
        let journal = case.prepare().unwrap();
        record(case.root.path(), &journal).unwrap();
        for entry in journal.files.iter().take(renamed) {
            fs::rename(
                case.root.path().join(&entry.waiting),
                case.root.path().join(&entry.path),
            )
            .unwrap();
        }
        assert!(recover(case.root.path()).unwrap(), "after {renamed}");
        assert!(case.is_new(), "after {renamed}: {:?}", case.texts());
        assert!(!recover(case.root.path()).unwrap(), "after {renamed}");
    }
}

#[test]
fn a_file_that_was_edited_meanwhile_is_not_overwritten() {
    let case = Case::new();
    fs::write(case.root.path().join("a/one"), "mine").unwrap();
    let error = swap(case.root.path(), &case.files, &case.before).unwrap_err();
    assert!(
        error.to_string().starts_with("a/one was changed"),
        "{error}"
    );
    assert_eq!(case.texts()[1].as_deref(), Some("mine"));
    assert_eq!(
        case.texts()[0].as_deref(),
        Some("old a/b/two"),
        "nor is any other"
    );
    assert!(matches!(
        Outcome::of_swap(case.root.path(), "the new files", &error),
        Outcome::Failed { .. }
    ));
}

#[test]
fn an_update_that_stops_half_way_does_not_say_that_nothing_was_changed() {
    let case = Case::new();
    record(case.root.path(), &case.prepare().unwrap()).unwrap();
    let error = io::Error::other("the disk is gone");
    assert!(matches!(
        Outcome::of_swap(case.root.path(), "the new files", &error),
        Outcome::Unfinished { message } if message == "the new files: the disk is gone"
    ));
}

#[test]
fn a_file_that_was_edited_after_an_interruption_is_not_overwritten() {
    let case = Case::new();
    record(case.root.path(), &case.prepare().unwrap()).unwrap();
    fs::write(case.root.path().join("a/one"), "mine").unwrap();
    let error = recover(case.root.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("remove target/update/journal.json"),
        "{error}"
    );
    assert_eq!(case.texts()[1].as_deref(), Some("mine"));
    assert_eq!(
        case.texts()[0].as_deref(),
        Some("old a/b/two"),
        "nor is any other"
    );
}

#[test]
fn two_updates_do_not_run_at_once() {
    let root = tempfile::tempdir().unwrap();
    let first = lock(root.path()).unwrap();
    assert_eq!(
        lock(root.path()).unwrap_err().to_string(),
        "another update is running"
    );
    drop(first);
    lock(root.path()).unwrap();
}
