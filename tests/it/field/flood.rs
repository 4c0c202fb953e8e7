//! Reports about floods of requests and about callers that hang up.

use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::faults::disk::{Disk, may_mount};
use crate::harness::{D1, GRANT, Service, Setup, basic, binary, eventually};

/// A POST request with a form.
fn post(endpoint: &str, authorization: &str, form: &str) -> String {
    format!(
        "POST /authz/d1/v1/oauth2/{endpoint} HTTP/1.1\r\nHost: bank.example\r\nAuthorization: {authorization}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
}

/// Sends a request, and hangs up after this time.
async fn hang_up(service: &Service, request: &str, after: Duration) {
    let mut connection = TcpStream::connect(service.api).await.unwrap();
    connection.set_nodelay(true).unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    tokio::time::sleep(after).await;
}

/// The sum of the series whose names begin with this text.
async fn counted(service: &Service, series: &str) -> u64 {
    let metrics = service.get_at(service.ops, "/metrics").await.text;
    let lines = metrics.lines().filter(|line| line.starts_with(series));
    let figures = lines.filter_map(|line| line.rsplit_once(' '));
    figures
        .map(|(_, figure)| figure.parse::<u64>().unwrap())
        .sum()
}

/// The number of decisions in the records of this event and reason.
fn told(records: &[Value], event: &str, reason: Option<&str>) -> u64 {
    let of = records.iter().filter(|record| {
        record["event"] == event && reason.is_none_or(|reason| record["reason"] == reason)
    });
    of.map(|record| record["count"].as_u64().unwrap_or(1)).sum()
}

/// "A wrong secret whose caller hangs up leaves nothing": at each endpoint, for each decision.
#[tokio::test]
async fn what_was_decided_is_recorded_and_counted_also_when_the_caller_has_hung_up() {
    const EACH: u64 = 33;
    for throttle in ["", "throttle = { enabled = false }\n"] {
        let setup = Setup::of(throttle);
        setup.add("is_tbank01", "123", &["--scope", "cards"]);
        setup.add(
            "other",
            "456",
            &["--scope", "cards", "--allow", "introspect"],
        );
        let service = setup.start();
        let token = service.token(D1, GRANT).await.access_token();
        let (own, wrong) = (basic("other", "456"), basic("is_tbank01", "guess"));
        let form = format!("token={token}");
        let cases = [
            (
                post("token", &wrong, GRANT),
                "refusals_total{endpoint=\"token\"",
            ),
            (
                post("introspect", &wrong, &form),
                "refusals_total{endpoint=\"introspection\"",
            ),
            (
                post("revoke", &wrong, &form),
                "refusals_total{endpoint=\"revocation\"",
            ),
            (post("token", &own, GRANT), "tokens_issued_total"),
            (post("introspect", &own, &form), "introspections_total"),
        ];
        let mut before = Vec::new();
        for (_, series) in &cases {
            before.push(counted(&service, &format!("d1_authz_{series}")).await);
        }
        // Long enough for the service to begin most requests, too short for it to decide them. It
        // first checks a credential or writes a record.
        for number in 0..EACH {
            for (request, _) in &cases {
                hang_up(&service, request, Duration::from_millis(2 + number % 10)).await;
            }
        }
        let mut counts = Vec::new();
        for ((request, series), before) in cases.iter().zip(before) {
            let count = async || counted(&service, &format!("d1_authz_{series}")).await - before;
            let most = |count: &u64| (EACH * 9 / 10..=EACH).contains(count);
            counts.push(eventually(request, count, most).await);
        }
        let records = service.stop().audit();
        for (event, count) in [
            ("token.refused", counts[0]),
            ("introspection.refused", counts[1]),
            ("revocation.refused", counts[2]),
            ("token.issued", counts[3] + 1),
        ] {
            let told = told(&records, event, None);
            assert!(
                (count..=EACH + 1).contains(&told),
                "{event}: {told} of {count}"
            );
        }
    }
}

/// A frame of HTTP/2 (RFC 9113 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// Literal fields without indexing (RFC 7541 6.2.2).
fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let fields = fields.iter();
    fields
        .flat_map(|(name, value)| [vec![0], text(name), text(value)].concat())
        .collect()
}

/// "A wrong secret whose caller hangs up leaves nothing": over HTTP/2, where the caller cancels
/// single requests of a connection.
#[tokio::test]
async fn what_was_decided_is_recorded_over_http_2_as_well() {
    const CANCEL: [u8; 4] = [0, 0, 0, 8];
    let service = Setup::with_d1().start();
    let wrong = basic("is_tbank01", "guess");
    let head = fields(&[
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/authz/d1/v1/oauth2/token"),
        (":authority", "bank.example"),
        ("authorization", &wrong),
        ("content-type", "application/x-www-form-urlencoded"),
    ]);
    let mut connection = TcpStream::connect(service.api).await.unwrap();
    connection.set_nodelay(true).unwrap();
    let preface = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        &frame(4, 0, 0, &[])[..],
    ]
    .concat();
    connection.write_all(&preface).await.unwrap();
    for number in 0..40 {
        let stream = 2 * number + 1;
        let request = [
            frame(1, 4, stream, &head),
            frame(0, 1, stream, GRANT.as_bytes()),
        ]
        .concat();
        connection.write_all(&request).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1 + u64::from(number) % 10)).await;
        let reset = frame(3, 0, stream, &CANCEL);
        connection.write_all(&reset).await.unwrap();
    }
    let series = "d1_authz_refusals_total{endpoint=\"token\"";
    let count = async || counted(&service, series).await;
    eventually("all are counted", count, |count| *count == 40).await;
    drop(connection);
    assert_eq!(told(&service.stop().audit(), "token.refused", None), 40);
}

/// "Nobody in particular can fill the disk": requests without a credential, and with a made-up one.
#[tokio::test]
async fn a_flood_without_a_credential_costs_the_disk_next_to_nothing() {
    const EACH: u64 = 600;
    let setup = Setup::of("throttle = { enabled = false }\n");
    setup.add("is_tbank01", "123", &["--scope", "cards"]);
    let service = setup.start();
    let folder = service.setup.folder().join("audit");
    let size = || -> u64 {
        let files = std::fs::read_dir(&folder).unwrap();
        files
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum()
    };
    let before = size();
    let mut connection = TcpStream::connect(service.api).await.unwrap();
    connection.set_nodelay(true).unwrap();
    for number in 0..EACH {
        let made_up = basic(&format!("nobody-{number}"), "guess");
        for request in [
            "GET /authz/d1/v1/oauth2/token HTTP/1.1\r\nHost: bank.example\r\n\r\n".to_owned(),
            post("token", "Bearer x", GRANT),
            post("token", &made_up, GRANT),
            post("introspect", &made_up, "token=x"),
            post("revoke", &made_up, "token=x"),
            post("token", &made_up, "grant_type=password"),
        ] {
            connection.write_all(request.as_bytes()).await.unwrap();
            crate::harness::read_answer(&mut connection).await.unwrap();
        }
        if number % 100 == 0 {
            service.token(D1, GRANT).await.granted();
        }
    }
    let more = size() - before;
    assert!(more < 100 * 1024, "{more} bytes for {} requests", 6 * EACH);
    assert!(service.metric("d1_authz_refusals_combined_total").await > 5 * EACH);
    // During the flood, the recorded number follows within seconds.
    let records = async || service.setup.audit();
    let all_told = |records: &Vec<Value>| told(records, "token.refused", None) == 4 * EACH;
    eventually("all are told of", records, all_told).await;
    let setup = service.stop();
    let records = setup.audit();
    for (event, reason, times) in [
        ("token.refused", "malformed_request", 1),
        ("token.refused", "unsupported_scheme", 1),
        ("introspection.refused", "unknown_client", 1),
        ("revocation.refused", "unknown_client", 1),
    ] {
        assert_eq!(
            told(&records, event, Some(reason)),
            times * EACH,
            "{event} {reason}"
        );
    }
    assert_eq!(told(&records, "token.issued", None), 6);
    assert!(records.iter().all(|record| record["count"] != 0));
    setup.run(&["audit", "verify"]).ok();
}

/// "Nobody in particular can fill the disk": the last part of the disk is for decisions about
/// clients.
#[tokio::test]
async fn a_reserve_of_the_disk_is_kept_for_decisions() {
    if !may_mount() {
        return;
    }
    let setup = Setup::empty().with_durable_audit();
    setup.add("is_tbank01", "123", &["--scope", "cards"]);
    let folder = setup.folder().join("disk");
    let _disk = Disk::at(&folder, "4m");
    setup.configure(
        "path = \"audit\"",
        "path = \"disk/audit\", reserve = \"64MiB\"",
    );
    let service = setup.start();
    let problems = async || {
        let said = service.get_at(service.ops, "/readyz").await;
        (
            said.status.as_u16(),
            said.json()["problems"].as_array().unwrap().len(),
        )
    };
    assert_eq!(problems().await, (200, 0));
    // The service reserves a quarter of the disk.
    let filler = folder.join("filler");
    std::fs::write(&filler, vec![0; (3 << 20) + (256 << 10)]).unwrap();
    eventually("it is told", problems, |it| *it == (200, 1)).await;
    let recorded = || {
        let text = std::fs::read_to_string(folder.join("audit/decisions-000000000001.jsonl"));
        let text = text.unwrap();
        let records = text.lines().map(|line| serde_json::from_str(line).unwrap());
        records.collect::<Vec<Value>>()
    };
    for number in 0..100 {
        let made_up = basic(&format!("nobody-{number}"), "guess");
        service.token(&made_up, GRANT).await;
        service.token(D1, GRANT).await.granted();
    }
    assert_eq!(told(&recorded(), "token.issued", None), 100);
    assert_eq!(told(&recorded(), "token.refused", None), 0);
    std::fs::remove_file(&filler).unwrap();
    let all = |records: &Vec<Value>| told(records, "token.refused", None) == 100;
    eventually("there is room", async || recorded(), all).await;
    eventually("all is well", problems, |it| *it == (200, 0)).await;
}

/// "Records go to a file, and also to stdout or syslog": stdout and syslog get the lines of the
/// file, syslog in the format of RFC 5424.
#[tokio::test]
async fn records_go_to_standard_output_and_syslog_as_well() {
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let setup = Setup::empty();
    let server = udp.local_addr().unwrap();
    let copies = format!("durability = \"buffered\", stdout = true, syslog = \"udp:{server}\"");
    setup.configure("durability = \"buffered\"", &copies);
    setup.add("is_tbank01", "123", &["--scope", "cards"]);
    let mut shell = std::process::Command::new("sh");
    let script = "exec \"$0\" serve --config d1-authz.toml > out";
    shell
        .current_dir(setup.folder())
        .args(["-c", script])
        .arg(binary(setup.folder()).get_program());
    let service = Service::spawn(setup, shell);
    service.token(D1, GRANT).await.granted();
    service
        .token(&basic("nobody", "x"), GRANT)
        .await
        .refused(401, "invalid_client");
    let setup = service.stop();
    let file = std::fs::read_to_string(setup.folder().join("audit/decisions-000000000001.jsonl"));
    let (file, out) = (
        file.unwrap(),
        std::fs::read_to_string(setup.folder().join("out")),
    );
    assert_eq!(out.unwrap(), file);
    for line in file.lines() {
        let mut message = [0; 4096];
        let length = udp.recv(&mut message).unwrap();
        let message = std::str::from_utf8(&message[..length]).unwrap();
        let record: Value = serde_json::from_str(line).unwrap();
        let event = record["event"].as_str().unwrap();
        assert!(message.starts_with("<86>1 20"), "{message}");
        assert!(
            message.ends_with(&format!(" {event} - {line}")),
            "{message}"
        );
        assert!(message.contains(" d1-authz "), "{message}");
    }
}
