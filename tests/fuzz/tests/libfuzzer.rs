//! libFuzzer and one target, which the variable `FUZZ_TARGET` names: built and run by `cargo xtask
//! fuzz`.
#![no_main]

use std::sync::OnceLock;

use d1_authz_fuzz::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

static CHOSEN: OnceLock<&Target> = OnceLock::new();

fn chosen() -> &'static Target {
    CHOSEN.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        TARGETS
            .iter()
            .find(|target| target.name == name)
            .unwrap_or_else(|| panic!("FUZZ_TARGET must name a target; {name:?} is none"))
    })
}

fuzz_target!(|bytes: &[u8]| (chosen().check)(bytes));
