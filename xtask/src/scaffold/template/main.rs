//! Serves the API (`serve`), or prints its document (`openapi`).

use __CRATE__::{Context, Service, api};
use dropshot_contract as rt;
use std::net::SocketAddr;
use std::process::ExitCode;

const USAGE: &str = "usage: __CRATE__ serve [--listen ADDR] | openapi";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["openapi"] => {
            print!("{}", api::DOCUMENT);
            ExitCode::SUCCESS
        }
        ["serve"] => serve("127.0.0.1:8080").await,
        ["serve", "--listen", address] => serve(address).await,
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

async fn serve(address: &str) -> ExitCode {
    let Ok(address) = address.parse::<SocketAddr>() else {
        eprintln!("{address:?} is no address: give one like 127.0.0.1:8080\n{USAGE}");
        return ExitCode::from(2);
    };
    let api = match api::api_description::<Service>(rt::Options::default()) {
        Ok(api) => api,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    match rt::serve(api, Context::default(), address, rt::ServeOptions::default()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
