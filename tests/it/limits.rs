//! Limits on the head of a request and on HTTP/2, for callers and operators, with TLS and without.
//! docs/tls.md lists the limits. Most of them are hyper's defaults, and these tests notice a change
//! of them.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::front_door::{Bank, Open};
use crate::harness::{Caller, Service, Setup, is_closed, plain, read_answer, status};

trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

/// A service without `[tls]`, and one with it.
struct Both {
    plain: Service,
    open: Open,
}

impl Both {
    fn start(more: &str) -> Self {
        Self {
            plain: Setup::with_d1().start(),
            open: Bank::with(more).start(),
        }
    }

    /// A connection to each listener.
    async fn connections(&self, protocol: &[u8]) -> [(&'static str, Box<dyn Stream>); 4] {
        let caller: Caller = self.open.speaking(&[protocol]);
        let secure = caller.connect(self.open.service.api).await.unwrap();
        [
            ("callers", unsecured(self.plain.api).await),
            ("operators", unsecured(self.plain.ops).await),
            ("callers, TLS", Box::new(secure.into_stream())),
            ("operators, TLS", unsecured(self.open.service.ops).await),
        ]
    }

    /// The status with which each listener answers.
    async fn answers(&self, request: &str) -> Vec<(&'static str, u16)> {
        let mut answers = Vec::new();
        for (listener, mut stream) in self.connections(b"http/1.1").await {
            // The listener may answer before it has read everything.
            let _cut = stream.write_all(request.as_bytes()).await;
            let answer = read_answer(&mut stream).await;
            let answer = answer.unwrap_or_else(|error| panic!("{listener}: {error}"));
            answers.push((listener, status(&answer)));
        }
        answers
    }

    async fn is_well(&self) {
        assert!(self.open.d1.is_served(self.open.service.api).await);
        for service in [&self.plain, &self.open.service] {
            assert_eq!(service.get_at(service.ops, "/readyz").await.status, 200);
        }
    }
}

async fn unsecured(to: SocketAddr) -> Box<dyn Stream> {
    Box::new(plain([127, 0, 0, 1].into(), to).await.unwrap())
}

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n")
}

#[tokio::test]
async fn a_request_line_is_64_kib_at_most() {
    let both = Both::start("");
    let path = |length: usize| format!("/{}", "a".repeat(length - 1));
    for (listener, status) in both.answers(&get(&path(65_534), "")).await {
        assert_eq!(status, 404, "{listener}");
    }
    for (listener, status) in both.answers(&get(&path(65_535), "")).await {
        assert_eq!(status, 414, "{listener}");
    }
    both.is_well().await;
}

#[tokio::test]
async fn header_lines_are_100_at_most() {
    let both = Both::start("");
    // `Host` is one of the 100 lines.
    for (listener, status) in both.answers(&get("/none", &"X: y\r\n".repeat(99))).await {
        assert_eq!(status, 404, "{listener}");
    }
    for (listener, status) in both.answers(&get("/none", &"X: y\r\n".repeat(100))).await {
        assert_eq!(status, 431, "{listener}");
    }
    both.is_well().await;
}

#[tokio::test]
async fn header_lines_have_an_end() {
    let both = Both::start(", idle_time = \"2s\"");
    let endless = "a".repeat(1000);
    for (listener, mut stream) in both.connections(b"http/1.1").await {
        let begin = "GET / HTTP/1.1\r\nHost: x\r\nX: ";
        stream.write_all(begin.as_bytes()).await.unwrap();
        let (mut read, mut write) = tokio::io::split(stream);
        let send = async { while write.write_all(endless.as_bytes()).await.is_ok() {} };
        let answered = async {
            let mut answer = Vec::new();
            // The listener may reset the connection after its answer.
            let _reset = read.read_to_end(&mut answer).await;
            String::from_utf8(answer).unwrap()
        };
        let (answer, ()) = tokio::join!(answered, send);
        match listener {
            // The listener reads no more than a request may have. So there is no request to answer.
            "callers, TLS" => assert_eq!(answer, ""),
            _ => assert!(answer.starts_with("HTTP/1.1 431 "), "{listener}: {answer}"),
        }
    }
    for service in [&both.plain, &both.open.service] {
        let mib = service.kib("VmHWM") / 1024;
        assert!(mib < 400, "{mib} MiB");
    }
    both.is_well().await;
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// Types and flags of frames (RFC 9113 6).
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags];
    [&head, &stream.to_be_bytes()[..], payload].concat()
}

/// `GET / HTTP/2` in HPACK (RFC 7541), with a header of this many bytes.
fn request(header: usize) -> Vec<u8> {
    let mut block = vec![0x82, 0x86, 0x84, 0x41, 1, b'x'];
    if header > 0 {
        // A literal without indexing: a name of one byte, and a length above 127 in groups of seven
        // bits.
        block.extend([0, 1, b'x', 127]);
        let mut rest = header - 127;
        while rest >= 128 {
            block.push(u8::try_from(rest % 128 + 128).unwrap());
            rest /= 128;
        }
        block.push(u8::try_from(rest).unwrap());
        block.resize(block.len() + header, b'a');
    }
    block
}

/// Reads frames until one has this type. Gives its payload.
async fn frame_of(stream: &mut Box<dyn Stream>, kind: u8) -> Vec<u8> {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut payload).await.unwrap();
        if head[3] == kind {
            return payload;
        }
    }
}

#[tokio::test]
async fn http_2_has_200_streams_and_16_kib_of_headers() {
    let both = Both::start("");
    for (listener, mut stream) in both.connections(b"h2").await {
        stream.write_all(PREFACE).await.unwrap();
        let settings = frame_of(&mut stream, SETTINGS).await;
        let setting = |id: u8| {
            let mut pairs = settings.chunks(6);
            let pair = pairs.find(|pair| pair[..2] == [0, id])?;
            Some(u32::from_be_bytes(pair[2..].try_into().unwrap()))
        };
        // RFC 9113 6.5.2: SETTINGS_MAX_CONCURRENT_STREAMS and SETTINGS_MAX_HEADER_LIST_SIZE.
        assert_eq!(
            (setting(3), setting(6)),
            (Some(200), Some(16_384)),
            "{listener}"
        );
        let whole = END_STREAM | END_HEADERS;
        stream
            .write_all(&frame(HEADERS, whole, 1, &request(0)))
            .await
            .unwrap();
        let answer = frame_of(&mut stream, HEADERS).await;
        assert_eq!(answer[0], 0x8d, "{listener}: a 404");
        let large = request(20_000);
        let (begin, rest) = large.split_at(10_000);
        let frames = [
            frame(HEADERS, END_STREAM, 3, begin),
            frame(CONTINUATION, END_HEADERS, 3, rest),
        ];
        stream.write_all(&frames.concat()).await.unwrap();
        let answer = frame_of(&mut stream, HEADERS).await;
        // The value follows the index of its name (8, `:status`), with or without Huffman coding.
        let is_431 = |answer: &[u8]| {
            let value = answer.get(1..5);
            value == Some(&[0x83, 0x69, 0x90, 0xff]) || value == Some(b"\x03431")
        };
        assert!(is_431(&answer), "{listener}: {answer:x?}");
    }
    both.is_well().await;
}

/// CVE-2023-44487: a request that its sender cancels at once costs the sender nothing.
#[tokio::test]
async fn http_2_connections_that_take_their_requests_back_are_ended() {
    let both = Both::start("");
    for (listener, mut stream) in both.connections(b"h2").await {
        let cancel = 8_u32.to_be_bytes();
        let whole = END_STREAM | END_HEADERS;
        let requests = (0..10_000).map(|number| {
            let id = 2 * number + 1;
            let reset = frame(RST_STREAM, 0, id, &cancel);
            [frame(HEADERS, whole, id, &request(0)), reset].concat()
        });
        let flood: Vec<u8> = PREFACE.iter().copied().chain(requests.flatten()).collect();
        let _cut = stream.write_all(&flood).await;
        // RFC 9113 7: ENHANCE_YOUR_CALM
        let goaway = frame_of(&mut stream, GOAWAY).await;
        assert_eq!(goaway[4..8], 11_u32.to_be_bytes(), "{listener}");
        assert!(is_closed(&mut stream).await, "{listener}");
    }
    both.is_well().await;
}
