//! Generates the service's types, operations and trait from Thales' document and the overlay, into
//! `src/api.rs`.

fn main() {
    dropshot_codegen::build::build(
        "openapi/D1-Public-OUT-v1-Auth2.json",
        Some("openapi/overlay.yaml"),
    );
    // `sqlx::migrate!` embeds a folder that the compiler doesn't watch.
    println!("cargo:rerun-if-changed=src/store/migrations");
}
