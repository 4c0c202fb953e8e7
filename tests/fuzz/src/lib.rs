//! What must hold of any bytes that reach the service or its generator: one module, one target.
//!
//! A target calls what runs in production, and panics where its promise is broken: that nothing
//! panics, and what its module says beyond. `cargo test` tries the kept inputs of `corpus/`, and
//! `cargo xtask fuzz` has libFuzzer look for others. What it finds is mended, and kept.

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

/// Something that reads what strangers, or operators, write.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder of inputs.
    pub name: &'static str,
    /// Whether an input takes less than a millisecond or so, unoptimised.
    pub quick: bool,
    /// Panics where what must hold doesn't.
    pub check: fn(&[u8]),
}

/// All of them.
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
