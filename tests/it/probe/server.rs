//! A token endpoint of another maker. It answers as D1 wants, unless a test makes one thing wrong.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use d1_authz::token::BasicCredential;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Value, json};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::harness::parts;

/// A request to the endpoint.
pub struct Request {
    pub method: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// An answer of the endpoint.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Value,
}

/// A test's change to an answer.
pub type Deviation = Arc<dyn Fn(&Request, &mut Answer) + Send + Sync>;

/// Starts the endpoint. It runs as long as the test's process.
pub fn start(tls: Option<ServerConfig>, deviation: Deviation) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let tls = tls.map(Arc::new);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let connection = connection.unwrap();
            // In some tests the client goes away or shows no certificate.
            let _ = match &tls {
                None => serve(&connection, &deviation),
                Some(config) => serve_tls(connection, config, &deviation),
            };
        }
    });
    address
}

fn serve_tls(
    connection: TcpStream,
    config: &Arc<ServerConfig>,
    deviation: &Deviation,
) -> std::io::Result<()> {
    let session = ServerConnection::new(config.clone()).unwrap();
    let mut stream = StreamOwned::new(session, connection);
    let request = read(&mut stream)?;
    write(&mut stream, &request, deviation)?;
    stream.conn.send_close_notify();
    stream.flush()
}

fn serve(connection: &TcpStream, deviation: &Deviation) -> std::io::Result<()> {
    let request = read(connection)?;
    write(connection, &request, deviation)
}

fn read(stream: impl Read) -> std::io::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let method = line.split(' ').next().unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut request = Request {
        method,
        headers,
        body: String::new(),
    };
    let length = request.header("content-length").parse().unwrap_or(0);
    reader.take(length).read_to_string(&mut request.body)?;
    Ok(request)
}

fn write(mut stream: impl Write, request: &Request, deviation: &Deviation) -> std::io::Result<()> {
    let mut answer = Answer::to(request);
    deviation(request, &mut answer);
    let body = match &answer.body {
        Value::String(text) => text.clone(),
        object => object.to_string(),
    };
    let mut text = format!(
        "HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n",
        answer.status,
        body.len()
    );
    for (name, value) in &answer.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(&body);
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    fn is_authenticated(&self) -> bool {
        let credential = BasicCredential::from_basic(self.header("authorization").as_bytes());
        credential.is_ok_and(|credential| {
            credential.client_id() == Some("is_tbank01")
                && credential
                    .readings()
                    .any(|secret| secret.expose() == SECRET)
        })
    }
}

/// The secret of the only client, `is_tbank01`. Each way to encode the credential gives a different
/// text.
pub const SECRET: &str = "wrong+in~one>place?!";

impl Answer {
    fn to(request: &Request) -> Self {
        let grants = request.body.matches("grant_type=").count();
        let is_form = request.header("content-type") == "application/x-www-form-urlencoded";
        match () {
            () if request.method != "POST" => {
                let mut answer = Self::refusal(405, "invalid_request");
                answer.headers.push(("Allow", "POST".to_owned()));
                answer
            }
            () if !is_form => Self::refusal(415, "invalid_request"),
            () if !request.is_authenticated() => {
                let mut answer = Self::refusal(401, "invalid_client");
                let challenge = r#"Basic realm="tokens", charset="UTF-8""#.to_owned();
                answer.headers.push(("WWW-Authenticate", challenge));
                answer
            }
            () if grants != 1 => Self::refusal(400, "invalid_request"),
            () if !request.body.starts_with("grant_type=client_credentials") => {
                Self::refusal(400, "unsupported_grant_type")
            }
            () => Self::granted(),
        }
    }

    fn granted() -> Self {
        let now = Timestamp::now().as_second();
        let expires = Timestamp::from_second(now + 900).unwrap();
        let claims = json!({
            "iss": "https://as.example", "aud": "https://api.example", "sub": "is_tbank01", "client_id": "is_tbank01",
            "iat": now, "exp": now + 900, "jti": "1",
        });
        let body = json!({
            "access_token": jwt(&json!({ "typ": "at+jwt", "alg": "ES256", "kid": "k" }), &claims),
            "token_type": "Bearer",
            "expires_in": "900",
            "expires_at": format!("{expires:.3}"),
            "scope": "cards",
        });
        Self::of(200, body)
    }

    fn refusal(status: u16, error: &str) -> Self {
        Self::of(status, json!({ "error": error }))
    }

    fn of(status: u16, body: Value) -> Self {
        let date = DateTimePrinter::new();
        let date = date.timestamp_to_rfc9110_string(&Timestamp::now()).unwrap();
        let headers = vec![
            ("Content-Type", "application/json".to_owned()),
            ("Cache-Control", "no-store".to_owned()),
            ("Pragma", "no-cache".to_owned()),
            ("Date", date),
        ];
        Self {
            status,
            headers,
            body,
        }
    }

    pub fn without(&mut self, name: &str) {
        self.headers.retain(|(key, _)| *key != name);
    }

    /// Changes a part of the token: 0 is the header, 1 the claims.
    pub fn in_token(&mut self, part: usize, member: &str, value: Value) {
        let mut parts = parts(self.body["access_token"].as_str().unwrap());
        parts[part][member] = value;
        self.body["access_token"] = jwt(&parts[0], &parts[1]).into();
    }
}

fn jwt(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2lnbmF0dXJl", part(header), part(claims))
}
