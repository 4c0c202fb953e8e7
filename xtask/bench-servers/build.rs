//! Generates the API that `src/generated.rs` implements.

fn main() {
    dropshot_codegen::build::build("things.yaml", None);
}
