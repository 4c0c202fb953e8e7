use dropshot_codegen::{diagnostics::Colour, load};
fn main() {
    let render = std::env::args().any(|a| a == "-r");
    for path in std::env::args().skip(1).filter(|a| a != "-r") {
        let start = std::time::Instant::now();
        match load(std::path::Path::new(&path), None) {
            Ok(loaded) => {
                println!(
                    "OK   {path} {} ops {} schemas {} carried {:?}",
                    loaded.document.operations.len(),
                    loaded.document.schemas.len(),
                    loaded.carried.len(),
                    start.elapsed()
                );
                if render {
                    for f in loaded.carried.iter().take(20) {
                        println!("   {f}");
                    }
                }
            }
            Err(f) => {
                println!(
                    "FAIL {path} {} findings {:?}",
                    f.findings.len(),
                    start.elapsed()
                );
                if render {
                    println!("{}", f.render(Colour::Never));
                } else {
                    for f in f.findings.iter().take(12) {
                        println!("   {f}");
                    }
                }
            }
        }
    }
}
