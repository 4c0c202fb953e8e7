//! The run time over real HTTP, with code written by hand as the generator writes it.

#![allow(clippy::unwrap_used)] // a test fails by it

mod answered;
mod bodies;
mod document;
mod harness;
mod parameters;
mod replies;
mod round_trip;
mod routing;
mod sample;
mod schemas;
mod security;
mod table;
mod uploads;
