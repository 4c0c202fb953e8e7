//! Where the reader is: a JSON pointer as a chain on the stack, written out only where one is kept.

use dropshot_vocabulary::pointer::escape;
use std::fmt;

/// A place in the document.
#[derive(Debug, Clone, Copy)]
pub enum At<'a> {
    /// A pointer that is written out already; empty for the root.
    Pointer(&'a str),
    /// A key of the object there.
    Key(&'a At<'a>, &'a str),
    /// An item of the list there.
    Item(&'a At<'a>, usize),
}

impl<'a> At<'a> {
    /// The place of a key.
    pub fn key<'b>(&'b self, key: &'b str) -> At<'b>
    where
        'a: 'b,
    {
        At::Key(self, key)
    }

    /// The place of an item.
    pub fn item<'b>(&'b self, item: usize) -> At<'b>
    where
        'a: 'b,
    {
        At::Item(self, item)
    }
}

/// As an RFC 6901 pointer.
impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Pointer(pointer) => f.write_str(pointer),
            At::Key(parent, key) => write!(f, "{parent}/{}", escape(key)),
            At::Item(parent, item) => write!(f, "{parent}/{item}"),
        }
    }
}
