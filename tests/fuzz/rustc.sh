#!/bin/sh
# rustc for `cargo xtask fuzz`. The fuzzed code reports its coverage to libFuzzer. It is optimised,
# because libFuzzer tries millions of inputs. Cargo calls this script only for the workspace's own
# packages (RUSTC_WORKSPACE_WRAPPER). So other libraries are those that the tests were built with. A
# stable compiler accepts all flags.
case " $* " in
# The generator has the feature only if it is fuzzed. A build script that uses the generator has no
# libFuzzer to report to.
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
