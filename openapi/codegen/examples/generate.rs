//! Prints the Rust of a document: `cargo run -p dropshot-codegen --example generate -- SPEC
//! [OVERLAY]`.

use dropshot_codegen::diagnostics::Colour;
use dropshot_codegen::{Options, generate, load};
use std::path::Path;

fn main() {
    let mut files = std::env::args().skip(1);
    let Some(spec) = files.next() else {
        eprintln!("usage: generate SPEC [OVERLAY]");
        std::process::exit(2)
    };
    let overlay = files.next();
    let loaded = load(Path::new(&spec), overlay.as_deref().map(Path::new));
    match loaded.and_then(|loaded| generate(&loaded, Options::default())) {
        Ok(generated) => {
            print!("{}", generated.code);
            generated
                .carried
                .iter()
                .for_each(|finding| eprintln!("{finding}"));
        }
        Err(findings) => {
            eprint!("{}", findings.render(Colour::Never));
            std::process::exit(1)
        }
    }
}
