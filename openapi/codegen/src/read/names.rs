//! Names operations that have no `operationId`, from the method and the words of the path. `GET
//! /pets/{petId}` becomes `getPetsByPetId`.

use std::collections::HashSet;

/// The operationIds of a document.
#[derive(Debug, Default)]
pub struct OperationIds {
    /// Names in a reduced form, because `getPets` and `get_pets` become the same name in Rust.
    taken: HashSet<String>,
}

impl OperationIds {
    /// Reserves a name that the document gives.
    pub fn reserve(&mut self, id: &str) {
        self.taken.insert(reduce(id));
    }

    /// The name of an operation without one. The same document gives the same names.
    pub fn make(&mut self, method: &str, path: &str) -> String {
        let words = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .flat_map(segment_words);
        let name = words.fold(method.to_ascii_lowercase(), |name, word| {
            name + &capitalize(&word)
        });
        let numbered = (2..).map(|n| format!("{name}{n}"));
        let free = std::iter::once(name.clone())
            .chain(numbered)
            .find(|name| !self.taken.contains(&reduce(name)));
        let name = free.unwrap_or(name);
        self.reserve(&name);
        name
    }
}

fn segment_words(segment: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (position, part) in segment.split(['{', '}']).enumerate() {
        let own = part
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned);
        // Odd parts are between braces.
        words.extend((position % 2 == 1).then(|| "by".to_owned()));
        words.extend(own);
    }
    words
}

fn capitalize(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_ascii_uppercase().to_string() + letters.as_str()
    })
}

fn reduce(id: &str) -> String {
    id.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}
