//! Headers and cookies as parameters.

use super::*;

#[tokio::test]
async fn header_styles() {
    let server = server();
    let echo = |headers: &[(&str, &str)]| {
        let request = server.request("GET", "/echo");
        send(headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        }))
    };
    let answer = echo(&[("x-one", "a,b %41"), ("X-MANY", "a , b,c"), ("x-many", "d")]).await;
    assert_eq!(
        answer.json(),
        json!({"X-One": "a,b %41", "X-Many": ["a", "b", "c", "d"]})
    );
    let answer = echo(&[
        ("x-object", "role,x, name,y"),
        ("x-exploded", "role=x, name=y"),
    ])
    .await;
    let object = json!({"role": "x", "name": "y"});
    assert_eq!(
        answer.json(),
        json!({"X-Object": object, "X-Exploded": object})
    );
    assert_eq!(
        echo(&[("x-one", "a"), ("x-one", "a")]).await.refusal(),
        "400 repeated_parameter header/X-One"
    );
}

#[tokio::test]
async fn a_header_that_is_not_asked_for_may_have_any_bytes() {
    let server = server();
    let raw = b"GET /echo HTTP/1.1\r\nhost: x\r\nx-other: \xE9\r\nx-one: \xC3\xA9\r\nconnection: close\r\n\r\n";
    let answer = server.raw(raw).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.contains("{\"X-One\":\"é\"}"),
        "{answer}"
    );
    let answer = server
        .raw(b"GET /echo HTTP/1.1\r\nhost: x\r\nx-one: \xE9\r\nconnection: close\r\n\r\n")
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains("malformed_encoding"),
        "{answer}"
    );
}

#[tokio::test]
async fn cookie_styles() {
    let server = server();
    let echo = |cookies: &[&str]| {
        let request = server.request("GET", "/echo");
        send(cookies.iter().fold(request, |request, cookies| {
            request.header("cookie", *cookies)
        }))
    };
    let answer = echo(&["a=1; crumb=x+y%20z=; crumbs=a,b"]).await;
    assert_eq!(
        answer.json(),
        json!({"crumb": "x+y z=", "crumbs": ["a", "b"]})
    );
    assert_eq!(
        echo(&["a=1", "crumb=x"]).await.json(),
        json!({"crumb": "x"})
    );
    assert_eq!(
        echo(&["crumb=x; crumb=y"]).await.refusal(),
        "400 repeated_parameter cookie/crumb"
    );
    assert_eq!(
        echo(&["crumb=x", "crumb=x"]).await.refusal(),
        "400 repeated_parameter cookie/crumb"
    );
    assert_eq!(
        echo(&["crumb=%"]).await.refusal(),
        "400 malformed_encoding cookie/crumb"
    );
}
