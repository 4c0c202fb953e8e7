#!/bin/sh
# rustc for `cargo xtask fuzz`: what is fuzzed reports its coverage to libFuzzer, and is optimised, since inputs are tried by the
# million. Cargo calls this for the workspace's own packages alone (RUSTC_WORKSPACE_WRAPPER), so that libraries of others are
# those that the tests were built with. All flags are a stable compiler's.
case " $* " in
# The generator has the feature where it is fuzzed, and not where a build script uses it, which has no libFuzzer to report to.
*" --crate-name dropshot_codegen "*'feature="fuzzing"'*) ;;
*" --crate-name dropshot_contract "*) ;;
*" --crate-name d1_authz "*) ;;
*" --crate-name d1_authz_fuzz "*) ;;
*) exec "$@" ;;
esac
exec "$@" \
    -Copt-level=1 \
    -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares
