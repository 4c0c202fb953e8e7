//! The server of a scaffolded crate: how it ends.

use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::time::{Duration, Instant};

use dropshot_contract as rt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::read_all;

static WAIT: rt::Operation = rt::Operation::get("wait", "/wait/{milliseconds}");

fn api() -> rt::dropshot::ApiDescription<()> {
    let route = rt::Route::<()> {
        operation: &WAIT,
        call: |rqctx, mut input| {
            let milliseconds = input.required(
                rt::Location::Path,
                "milliseconds",
                <u64 as rt::Decode>::decode,
            );
            Box::pin(async move {
                match milliseconds {
                    Ok(milliseconds) => {
                        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                    }
                    Err(rejection) => return rejection.into_response(&rqctx.request_id),
                }
                rt::reply::text(200, "text/plain", "waited".to_owned())
            })
        },
    };
    let rejected =
        |rqctx: rt::RequestContext<()>, rejection: rt::Rejection| -> rt::BoxFuture<rt::Response> {
            Box::pin(async move { rejection.into_response(&rqctx.request_id) })
        };
    rt::mount(vec![route], "", rt::Options::default(), rejected).unwrap()
}

/// An address that nobody listens at.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// A connection, as soon as somebody listens.
async fn connect(address: SocketAddr) -> TcpStream {
    for _ in 0..200 {
        if let Ok(connection) = TcpStream::connect(address).await {
            return connection;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody listens at {address}");
}

/// Both ends in one test, since signals are a process's.
#[tokio::test]
async fn a_signal_ends_it_when_requests_are_done_or_the_grace_is_over() {
    for (wait, grace, finishes) in [(400, 10_000, true), (20_000, 300, false)] {
        let address = free_address();
        let options = rt::ServeOptions {
            grace: Duration::from_millis(grace),
            ..rt::ServeOptions::default()
        };
        let server = tokio::spawn(rt::serve(api(), (), address, options));
        let mut connection = connect(address).await;
        let request = format!("GET /wait/{wait} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let start = Instant::now();
        let own = std::process::id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &own])
                .status()
                .unwrap()
                .success()
        );
        match server.await.unwrap() {
            Ok(()) => assert!(finishes),
            Err(rt::ServeError::Unfinished(_)) => assert!(!finishes),
            Err(error) => panic!("{error}"),
        }
        assert!(
            start.elapsed() < Duration::from_secs(8),
            "{:?}",
            start.elapsed()
        );
        if finishes {
            assert!(read_all(&mut connection).await.ends_with("waited"));
        }
    }
}
