//! Any OpenAPI 3.0 document as a Dropshot API trait.

pub mod codes;
pub mod diagnostics;
pub mod load;
pub mod model;
mod overlay;
mod read;

pub use load::{Loaded, load};
