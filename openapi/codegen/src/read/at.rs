//! The reader's place: a JSON pointer as a chain on the stack. It becomes text only when it is
//! kept.

use dropshot_vocabulary::pointer::escape;
use std::fmt;

/// A place in the document.
#[derive(Debug, Clone, Copy)]
pub enum At<'a> {
    /// A pointer as text. Empty for the root.
    Pointer(&'a str),
    /// A key of the object at that place.
    Key(&'a At<'a>, &'a str),
    /// An item of the list at that place.
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

/// Displays as an RFC 6901 pointer.
impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Pointer(pointer) => f.write_str(pointer),
            At::Key(parent, key) => write!(f, "{parent}/{}", escape(key)),
            At::Item(parent, item) => write!(f, "{parent}/{item}"),
        }
    }
}
