//! The reading half: text to a checked document, and every way a document can be wrong.

#[path = "front/corpora.rs"]
mod corpora;
