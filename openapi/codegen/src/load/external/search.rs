//! Finds the references in an object.

use crate::load::grammar::{Kind, Shape};
use dropshot_vocabulary::pointer::join;
use serde_json::Value;

/// A reference in the document.
#[derive(Debug)]
pub struct Site {
    /// The pointer of the object that holds the `$ref`, or of the text in a discriminator's
    /// mapping.
    pub pointer: String,
    /// The kind of its target.
    pub kind: Kind,
    /// The reference as written.
    pub reference: String,
}

/// The references below an object, in the document's order. In the main file it skips references to
/// the grammar's `components` and `paths`, because they need no change.
pub fn sites(value: &Value, pointer: &str, kind: Kind, main_file: bool) -> Vec<Site> {
    let mut search = Search {
        main_file,
        sites: Vec::new(),
    };
    search.object(value, &Trail::Start(pointer), kind);
    search.sites
}

struct Search {
    main_file: bool,
    sites: Vec<Site>,
}

/// The way to a place. It becomes a pointer only for a reference.
enum Trail<'t> {
    Start(&'t str),
    Key(&'t Trail<'t>, &'t str),
    Item(&'t Trail<'t>, usize),
}

impl Trail<'_> {
    fn pointer(&self) -> String {
        match self {
            Trail::Start(pointer) => (*pointer).to_owned(),
            Trail::Key(parent, key) => join(&parent.pointer(), key),
            Trail::Item(parent, item) => format!("{}/{item}", parent.pointer()),
        }
    }
}

impl Search {
    fn object(&mut self, value: &Value, trail: &Trail<'_>, kind: Kind) {
        if let (Kind::Mapping, Value::String(text)) = (kind, value) {
            // A text without a path or a file's extension is the name of a component.
            let ending = [".json", ".yaml", ".yml"]
                .iter()
                .any(|ending| text.ends_with(ending));
            if ending || text.contains(['#', '/']) {
                self.site(text, trail, kind);
            }
            return;
        }
        let Value::Object(map) = value else {
            return;
        };
        if let Some(Value::String(reference)) = map.get("$ref") {
            self.site(reference, trail, kind);
        }
        for (key, value) in map {
            let trail = Trail::Key(trail, key);
            match (kind.field(key), value) {
                (Some(Shape::One(kind)), value) => self.object(value, &trail, kind),
                (Some(Shape::List(kind)), Value::Array(items)) => {
                    for (item, value) in items.iter().enumerate() {
                        self.object(value, &Trail::Item(&trail, item), kind);
                    }
                }
                (Some(Shape::Names(kind)), Value::Object(names)) => {
                    for (name, value) in names {
                        self.object(value, &Trail::Key(&trail, name), kind);
                    }
                }
                _ => {}
            }
        }
    }

    fn site(&mut self, reference: &str, trail: &Trail<'_>, kind: Kind) {
        let local = reference.starts_with("#/components/") || reference.starts_with("#/paths/");
        if !(self.main_file && local) {
            self.sites.push(Site {
                pointer: trail.pointer(),
                kind,
                reference: reference.to_owned(),
            });
        }
    }
}
