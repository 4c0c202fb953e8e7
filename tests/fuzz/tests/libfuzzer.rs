//! Runs libFuzzer on the target that the variable `FUZZ_TARGET` names. `cargo xtask fuzz` builds
//! and starts it.
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
