//! Finds the character at which the value of a JSON pointer is written.
//!
//! An [`Index`] lists a document's values in the order of the text, with twelve bytes for each. It
//! follows a pointer by stepping over subtrees. The YAML reader fills an index while it reads. For
//! a JSON text, the first finding calls [`scan`].

use dropshot_vocabulary::pointer::tokens;
use indexmap::IndexSet;

/// The places of a document's values.
#[derive(Debug, Default)]
pub struct Index {
    nodes: Vec<Node>,
    /// Keys such as `type` and `description` repeat, so each text is stored once.
    keys: IndexSet<Box<str>>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    /// The character at which the key starts, or the value itself in a list or at the root.
    at: u32,
    /// The number of nodes in its subtree, itself included.
    size: u32,
    /// Its key in its object, or [`NO_KEY`] in a list.
    key: u32,
}

const NO_KEY: u32 = u32::MAX;

/// The result of following a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The character.
    pub at: u32,
    /// The number of the pointer's tokens that exist.
    pub depth: usize,
    /// Whether all tokens exist.
    pub whole: bool,
    /// Whether the value contains no other values.
    pub leaf: bool,
}

/// A node that is not closed yet.
#[derive(Debug, Clone, Copy)]
pub struct Open(usize);

impl Index {
    /// Starts a value. Inside an object the value has a key.
    pub fn open(&mut self, key: Option<&str>, at: u32) -> Open {
        let key = key.map_or(NO_KEY, |key| match self.keys.get_index_of(key) {
            Some(known) => known as u32,
            None => self.keys.insert_full(key.into()).0 as u32,
        });
        self.nodes.push(Node { at, size: 1, key });
        Open(self.nodes.len() - 1)
    }

    /// Ends a value. The values opened since then lie inside it.
    pub fn close(&mut self, open: Open) {
        self.nodes[open.0].size = (self.nodes.len() - open.0) as u32;
    }

    /// Repeats the inside of a closed value for a YAML alias. The caller opens the alias's own
    /// node.
    pub fn repeat(&mut self, of: Open) {
        let inside = of.0 + 1..of.0 + self.nodes[of.0].size as usize;
        self.nodes.extend_from_within(inside);
    }

    /// Follows a pointer as far as possible.
    pub fn find(&self, pointer: &str) -> Found {
        let root = self.nodes.first().copied().unwrap_or(Node {
            at: 0,
            size: 1,
            key: NO_KEY,
        });
        let mut found = Found {
            at: root.at,
            depth: 0,
            whole: true,
            leaf: root.size == 1,
        };
        let mut node = 0;
        for token in tokens(pointer) {
            let Some(child) = self.child(node, &token) else {
                return Found {
                    whole: false,
                    ..found
                };
            };
            node = child;
            let Node { at, size, .. } = self.nodes[child];
            found = Found {
                at,
                depth: found.depth + 1,
                whole: true,
                leaf: size == 1,
            };
        }
        found
    }

    fn child(&self, node: usize, token: &str) -> Option<usize> {
        let key = self.keys.get_index_of(token).map(|key| key as u32);
        let number = token.parse::<usize>().ok();
        self.children(node)
            .enumerate()
            .find(|(position, child)| match self.nodes[*child].key {
                NO_KEY => Some(*position) == number,
                own => Some(own) == key,
            })
            .map(|(_, child)| child)
            .or_else(|| self.merged(node, token))
    }

    /// The child that a YAML merge key (`<<`) adds.
    fn merged(&self, node: usize, token: &str) -> Option<usize> {
        let merge = self.keys.get_index_of("<<")? as u32;
        let sources = self
            .children(node)
            .filter(|child| self.nodes[*child].key == merge);
        sources
            .flat_map(|source| std::iter::once(source).chain(self.children(source)))
            .find_map(|source| {
                let key = self.keys.get_index_of(token)? as u32;
                self.children(source)
                    .find(|child| self.nodes[*child].key == key)
            })
    }

    fn children(&self, node: usize) -> impl Iterator<Item = usize> {
        let end = self
            .nodes
            .get(node)
            .map_or(0, |parent| node + parent.size as usize);
        let mut next = node + 1;
        std::iter::from_fn(move || {
            let child = next;
            next += self.nodes.get(child)?.size as usize;
            (child < end).then_some(child)
        })
    }
}

/// The index of a JSON text. For any other text the index is arbitrary, but the scan does not
/// panic.
pub fn scan(text: &str) -> Index {
    let mut scanner = Scanner {
        bytes: text.as_bytes(),
        text,
        byte: 0,
        character: 0,
        index: Index::default(),
    };
    scanner.run();
    scanner.index
}

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    byte: usize,
    character: u32,
    index: Index,
}

impl Scanner<'_> {
    fn run(&mut self) {
        // The containers around the current place. The flag says whether it is an object.
        let mut open: Vec<(Open, bool)> = Vec::new();
        let mut key: Option<(String, u32)> = None;
        while let Some(&byte) = self.bytes.get(self.byte) {
            let at = self.character;
            match byte {
                b'{' | b'[' => {
                    let node = self.start(&mut key, at);
                    open.push((node, byte == b'{'));
                    self.advance(1);
                }
                b'}' | b']' => {
                    if let Some((node, _)) = open.pop() {
                        self.index.close(node);
                    }
                    self.advance(1);
                }
                b'"' => {
                    let string = self.string();
                    match open.last() {
                        Some((_, true)) if key.is_none() => key = Some((string, at)),
                        _ => drop(self.start(&mut key, at)),
                    }
                }
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => self.advance(1),
                _ => {
                    self.start(&mut key, at);
                    let rest = &self.bytes[self.byte..];
                    let end = rest
                        .iter()
                        .position(|b| b",]} \t\r\n".contains(b))
                        .unwrap_or(rest.len());
                    self.advance(end.max(1));
                }
            }
        }
    }

    fn start(&mut self, key: &mut Option<(String, u32)>, at: u32) -> Open {
        match key.take() {
            Some((key, at)) => self.index.open(Some(&key), at),
            None => self.index.open(None, at),
        }
    }

    fn string(&mut self) -> String {
        let mut end = self.byte + 1;
        while end < self.bytes.len() && self.bytes[end] != b'"' {
            end += if self.bytes[end] == b'\\' { 2 } else { 1 };
        }
        let end = (end + 1).min(self.bytes.len());
        let written = self.text.get(self.byte..end).unwrap_or_default();
        let string = serde_json::from_str(written).unwrap_or_default();
        self.advance(end - self.byte);
        string
    }

    fn advance(&mut self, bytes: usize) {
        let end = (self.byte + bytes).min(self.bytes.len());
        self.character += super::text::count_characters(&self.bytes[self.byte..end]);
        self.byte = end;
    }
}
