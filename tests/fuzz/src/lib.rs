//! Properties of every parser of untrusted bytes in the service and its generator: one module for
//! each fuzz target.
//!
//! A target calls the production code and panics if a property of its module doesn't hold. `cargo
//! test` runs the kept inputs of `corpus/`, and `cargo xtask fuzz` has libFuzzer search for others.
//! An input that broke a target stays in `corpus/` after the fix.

mod access_token;
mod basic;
mod client_assertion;
mod configuration;
mod document;
mod form;
mod gateway;
mod overlay;
mod proxy;
mod signer;

/// A parser of what strangers or operators write.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of the target, and of its folder of inputs.
    pub name: &'static str,
    /// Whether an input takes about a millisecond at most in an unoptimised build.
    pub quick: bool,
    /// Panics if a property doesn't hold.
    pub check: fn(&[u8]),
}

/// All targets.
pub const TARGETS: &[Target] = &[
    target("access-token", access_token::check),
    target("basic", basic::check),
    target("client-assertion", client_assertion::check),
    target("configuration", configuration::check),
    slow("document", document::check),
    target("form", form::check),
    target("gateway", gateway::check),
    slow("overlay", overlay::check),
    target("proxy", proxy::check),
];

const fn target(name: &'static str, check: fn(&[u8])) -> Target {
    Target {
        name,
        quick: true,
        check,
    }
}

const fn slow(name: &'static str, check: fn(&[u8])) -> Target {
    Target {
        name,
        quick: false,
        check,
    }
}
