//! The paths that Rust code names, made absolute. They show what a file depends on, in all of its
//! code and not only in its `use` lines.
//!
//! Two rules use them: layers point one way, and files form no circle.

/// A path in this crate that code names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<'c> {
    /// The line, counted from 1.
    pub line: usize,
    /// The path from the crate's root.
    pub path: Vec<&'c str>,
    /// The name that a `use` gives to the path in this file. `*` if it brings in everything below.
    pub bound: Option<&'c str>,
}

/// The paths that the code of a module names. `roots` are the names with which it refers to the
/// crate's root. `is_child` tells whether a module of that name lies directly below this one.
pub fn named<'c>(
    code: &'c str,
    module: &[&'c str],
    roots: &[&str],
    is_child: impl Fn(&str) -> bool,
) -> Vec<Named<'c>> {
    let mut reader = Reader {
        tokens: tokens(code),
        at: 0,
        module: module.to_vec(),
        found: Vec::new(),
    };
    // The open braces. True for the brace of an inline module.
    let mut braces: Vec<bool> = Vec::new();
    while reader.at < reader.tokens.len() {
        match reader.word(0) {
            "mod" if reader.word(2) == "{" => {
                let name = reader.word(1);
                reader.module.push(name);
                braces.push(true);
                reader.at += 2;
            }
            "{" => braces.push(false),
            "}" if braces.pop() == Some(true) => {
                reader.module.pop();
            }
            "use" => {
                reader.at += 1;
                let relative = is_child(reader.word(0)) && reader.module.len() == module.len();
                if let Some(start) = reader.start(roots, relative) {
                    reader.tree(start);
                }
                continue;
            }
            _ => {
                let line = reader.line();
                if let Some(start) = reader.start(roots, false) {
                    match reader.word(0) {
                        "{" => reader.tree(start),
                        _ => reader.rest(line, start),
                    }
                    continue;
                }
            }
        }
        reader.at += 1;
    }
    reader.found
}

/// Code without the parts for tests alone, and the modules in other files that are for tests alone.
pub fn without_tests(code: &str) -> (String, Vec<String>) {
    const ATTRIBUTE: &str = "#[cfg(test)]";
    let (mut out, mut modules) = (String::with_capacity(code.len()), Vec::new());
    let mut rest = code;
    while let Some(start) = rest.find(ATTRIBUTE) {
        let (before, item) = rest.split_at(start);
        out.push_str(before);
        let end = match item.find(['{', ';']) {
            Some(open) if item[open..].starts_with('{') => super::code::closing(item, open),
            end => end,
        };
        let (item, after) = item.split_at(end.map_or(item.len(), |end| end + 1));
        let declared = item[ATTRIBUTE.len()..].trim().strip_suffix(';');
        let words = declared.map(|text| text.split_whitespace().skip_while(|word| *word != "mod"));
        modules.extend(words.and_then(|mut words| words.nth(1)).map(str::to_owned));
        out.extend(item.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    out.push_str(rest);
    (out, modules)
}

struct Reader<'c> {
    tokens: Vec<(usize, &'c str)>,
    at: usize,
    module: Vec<&'c str>,
    found: Vec<Named<'c>>,
}

impl<'c> Reader<'c> {
    fn word(&self, ahead: usize) -> &'c str {
        let token = self.tokens.get(self.at + ahead);
        token.map_or("", |(_, token)| token)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |(line, _)| *line)
    }

    fn colons(&self, ahead: usize) -> bool {
        self.word(ahead) == ":" && self.word(ahead + 1) == ":"
    }

    /// The module in which a path starts. Moves past the words that say so. `None` if the path does
    /// not belong to the crate.
    fn start(&mut self, roots: &[&str], relative: bool) -> Option<Vec<&'c str>> {
        if relative {
            return Some(self.module.clone());
        }
        let first = self.word(0);
        if !self.colons(1) {
            return None;
        }
        let mut start = self.module.clone();
        match first {
            "self" => {}
            "super" => {
                while self.word(0) == "super" && self.colons(1) {
                    start.pop()?;
                    self.at += 3;
                }
                return Some(start);
            }
            _ if roots.contains(&first) => start.clear(),
            _ => return None,
        }
        self.at += 3;
        Some(start)
    }

    /// Reads the rest of a path in an expression or a type.
    fn rest(&mut self, line: usize, mut path: Vec<&'c str>) {
        while is_name(self.word(0)) {
            path.push(self.word(0));
            self.at += 1;
            if !(self.colons(0) && is_name(self.word(2))) {
                break;
            }
            self.at += 2;
        }
        self.found.push(Named {
            line,
            path,
            bound: None,
        });
    }

    /// Reads a tree of `use` to its end.
    fn tree(&mut self, mut path: Vec<&'c str>) {
        let mut line = self.line();
        loop {
            let word = self.word(0);
            line = if is_name(word) { self.line() } else { line };
            match word {
                "{" => {
                    self.at += 1;
                    while !matches!(self.word(0), "}" | "") {
                        match self.word(0) {
                            "," => self.at += 1,
                            word if is_name(word) || word == "*" || word == "{" => {
                                self.tree(path.clone());
                            }
                            _ => self.at += 1,
                        }
                    }
                    self.at += 1;
                    return;
                }
                "*" => {
                    self.at += 1;
                    return self.bind(line, path, "*");
                }
                _ if is_name(word) => {
                    self.at += 1;
                    if word != "self" {
                        path.push(word);
                    }
                    if self.colons(0) {
                        self.at += 2;
                        continue;
                    }
                    let mut bound = path.last().copied().unwrap_or_default();
                    if self.word(0) == "as" {
                        bound = self.word(1);
                        self.at += 2;
                    }
                    return self.bind(line, path, bound);
                }
                _ => return,
            }
        }
    }

    fn bind(&mut self, line: usize, path: Vec<&'c str>, bound: &'c str) {
        let bound = Some(bound);
        self.found.push(Named { line, path, bound });
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Words and single signs, each with its line, counted from 1.
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let end = match is_word(first) {
                true => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                false => first.len_utf8(),
            };
            tokens.push((number + 1, &rest[..end]));
            rest = rest[end..].trim_start();
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(code: &str) -> Vec<(String, Option<&str>)> {
        let named = named(code, &["a", "b"], &["crate"], |name| name == "child");
        let shown = named.into_iter();
        shown.map(|n| (n.path.join("::"), n.bound)).collect()
    }

    #[test]
    fn a_tree_of_use_names_each_of_its_leaves() {
        let found = paths(
            "use crate::{x::{self, Y as Z}, w::*};\nuse super::c::D;\nuse child::E;\nuse std::fmt;",
        );
        let expected = [
            ("x", "x"),
            ("x::Y", "Z"),
            ("w", "*"),
            ("a::c::D", "D"),
            ("a::b::child::E", "E"),
        ];
        let expected = expected.map(|(path, bound)| (path.to_owned(), Some(bound)));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_path_in_an_expression_counts_and_an_inline_module_is_a_level() {
        let found = paths("fn f() { crate::x::y(super::z()) } mod m { fn g() { super::h::i() } }");
        assert_eq!(
            found,
            ["x::y", "a::z", "a::b::h::i"].map(|path| (path.to_owned(), None))
        );
    }

    #[test]
    fn what_only_tests_see_is_left_out_and_lines_stay() {
        let code = "a\n#[cfg(test)]\nmod tests {\n x {}\n}\n#[cfg(test)]\nmod other;\nb\n";
        let (left, modules) = without_tests(code);
        assert_eq!(left.lines().nth(7), Some("b"), "{left}");
        assert!(!left.contains('x'));
        assert_eq!(modules, ["other"]);
    }
}
