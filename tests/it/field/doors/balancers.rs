//! Layer-4 balancers, which name their callers in a header of the PROXY protocol.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::sources;
use crate::front_door::Bank;
use crate::harness::{
    D1, Service, Setup, eventually, is_closed, plain, read_answer, status, token_request,
};

const BALANCER: &str =
    "limits.proxy_protocol = [\"127.0.0.9\"]\nlimits.connections_per_source = 4\n";
/// A header of version 1 for 198.51.100.7.
const FIRST: &[u8] = b"PROXY TCP4 198.51.100.7 192.0.2.1 51000 443\r\n";

/// A header of version 2 for 2001:db8::7, followed by a TLV.
fn second() -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x29".to_vec();
    header.extend(
        "2001:db8::7"
            .parse::<std::net::Ipv6Addr>()
            .unwrap()
            .octets(),
    );
    header.extend([0; 16]);
    header.extend([0xc7, 0x38, 1, 0xbb]);
    header.extend([1, 0, 2, b'h', b'2']);
    header
}

/// The header of a balancer's own health check.
fn local() -> Vec<u8> {
    b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0".to_vec()
}

async fn relayed(to: SocketAddr, header: &[u8]) -> io::Result<TcpStream> {
    let mut stream = plain([127, 0, 0, 9].into(), to).await?;
    stream.set_nodelay(true)?;
    // Sends the header in pieces, as a network may deliver it.
    for piece in header.chunks(9) {
        stream.write_all(piece).await?;
    }
    Ok(stream)
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<u16> {
    stream.write_all(token_request(D1).as_bytes()).await?;
    Ok(status(&read_answer(&mut stream).await?))
}

async fn away(service: &Service, reason: &str) -> u64 {
    let series = format!("d1_authz_connections_turned_away_total{{reason=\"{reason}\"}}");
    service.metric(&series).await
}

/// "No PROXY protocol, and no word on layer-4 balancers", without TLS.
#[tokio::test]
async fn callers_behind_a_balancer_have_their_own_addresses() {
    let setup = Setup::of(BALANCER);
    setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
    let service = setup.start();
    let mut held = Vec::new();
    for header in [
        FIRST.to_vec(),
        second(),
        local(),
        b"PROXY UNKNOWN\r\n".to_vec(),
    ] {
        let stream = relayed(service.api, &header).await.unwrap();
        assert_eq!(ask(stream).await.unwrap(), 200, "{header:?}");
        held.push(relayed(service.api, &header).await.unwrap());
    }
    // The limit of a source applies to the caller, not to the balancer.
    for last in 10..30 {
        let header = format!("PROXY TCP4 198.51.100.{last} 192.0.2.1 1 2\r\n");
        let mut stream = relayed(service.api, header.as_bytes()).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        assert_eq!(status(&read_answer(&mut stream).await.unwrap()), 404);
        held.push(stream);
    }
    // The service neither expects nor believes a header from other addresses.
    let direct = plain([127, 0, 0, 1].into(), service.api).await.unwrap();
    assert_eq!(ask(direct).await.unwrap(), 200);
    let mut forged = plain([127, 0, 0, 1].into(), service.api).await.unwrap();
    forged.write_all(FIRST).await.unwrap();
    let answer = ask(forged).await;
    assert!(
        answer.as_ref().is_err() || answer.as_ref().is_ok_and(|it| *it == 400),
        "{answer:?}"
    );
    drop(held);
    let seen = sources(service);
    let expected = [
        "198.51.100.7",
        "2001:db8::7",
        "127.0.0.9",
        "127.0.0.9",
        "127.0.0.1",
    ];
    assert_eq!(
        seen,
        expected.map(|it| it.parse::<std::net::IpAddr>().unwrap())
    );
}

/// The same with TLS, where the header comes before the handshake.
#[tokio::test]
async fn behind_a_balancer_tls_ends_here_and_networks_are_the_callers_own() {
    let bank = Bank::configured("", BALANCER);
    let network = [
        "client",
        "set",
        "is_tbank01",
        "--network",
        "198.51.100.0/24",
    ];
    bank.run(&network).ok();
    let open = bank.start();
    let to = open.service.api;
    let other = b"PROXY TCP4 203.0.113.7 192.0.2.1 1 2\r\n";
    for (header, expected) in [
        (FIRST.to_vec(), 200),
        (other.to_vec(), 401),
        (second(), 401),
    ] {
        let stream = relayed(to, &header).await.unwrap();
        let mut connection = open.d1.over(stream).await.unwrap();
        let answer = connection.ask(&token_request(D1)).await.unwrap();
        assert_eq!(status(&answer), expected, "{header:?}: {answer}");
    }
    // From other addresses, a header before the handshake breaks it.
    let mut forged = plain([127, 0, 0, 1].into(), to).await.unwrap();
    forged.write_all(FIRST).await.unwrap();
    assert!(open.d1.over(forged).await.is_err());
}

/// The service closes and counts a connection with a wrong header. It doesn't count one that sends
/// nothing.
#[tokio::test]
async fn a_balancer_that_says_nothing_right_is_turned_away_and_counted() {
    let limits = format!("{BALANCER}limits.handshake_time = \"1s\"\n");
    let service = Setup::of(&limits).start();
    for wrong in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"PROXY TCP4 198.51.100.7 192.0.2.1 1\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c............",
        &[0x16, 3, 1, 0, 5],
    ] {
        let mut stream = relayed(service.api, wrong).await.unwrap();
        assert!(is_closed(&mut stream).await, "{wrong:?}");
    }
    let wrong = async || away(&service, "proxy_header").await;
    eventually("each is counted", wrong, |count| *count == 4).await;
    // A balancer's check may only connect and close.
    drop(relayed(service.api, b"").await.unwrap());
    let mut slow = relayed(service.api, &FIRST[..20]).await.unwrap();
    assert!(is_closed(&mut slow).await);
    let late = async || away(&service, "proxy_time").await;
    eventually("and one that takes too long", late, |count| *count == 1).await;
    assert_eq!(away(&service, "proxy_header").await, 4);
}
