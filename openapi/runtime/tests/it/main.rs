//! The run time over real HTTP, with code written by hand as the generator writes it.

mod bodies;
mod harness;
mod parameters;
mod replies;
mod routing;
mod sample;
mod security;
