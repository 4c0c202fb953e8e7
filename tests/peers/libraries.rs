//! OAuth client libraries of many languages get a token, used as their documentation shows. The
//! test checks the token.
//!
//! The service answers as it does to D1, with `expires_in` as a string. A library that needs a
//! number has a client that is set to get one.

use std::path::Path;
use std::process::Command;

use d1_authz::keys::{Expected, Jwks, verify};
use jiff::Timestamp;
use oauth2::basic::BasicClient;
use oauth2::{AuthType, ClientId, ClientSecret, Scope, TokenResponse, TokenUrl};

use crate::harness::{Service, Setup, run};
use crate::tools;

const SCOPE: &str = "cards pin";

/// The form in which a library reads `expires_in`.
#[derive(Clone, Copy)]
enum ExpiresIn {
    String,
    Number,
}

/// Starts a service with a client, and gives the client's secret.
fn service(expires_in: ExpiresIn) -> (Service, String) {
    let setup = Setup::empty();
    let expires_in = match expires_in {
        ExpiresIn::String => "string",
        ExpiresIn::Number => "number",
    };
    let mut add = vec![
        "client", "add", "--id", "library", "--scope", SCOPE, "--output", "json",
    ];
    add.extend(["--expires-in-as", expires_in]);
    let secret = setup.run(&add).ok().json()["client_secret"].clone();
    let service = tools::start_at_the_address_of_its_issuer(setup);
    (service, secret.as_str().unwrap().to_owned())
}

/// Checks that this service issued the token to the client `library` with the scope.
async fn is_good(service: &Service, token: &str) {
    let jwks: Jwks = serde_json::from_str(&service.get("/oauth2/jwks").await.text).unwrap();
    let issuer = service.url("");
    let expected = Expected {
        issuer: Some(&issuer),
        audience: Some(&issuer),
        now: Timestamp::now(),
    };
    let verified = verify(token, &jwks, &expected).unwrap();
    assert_eq!(verified.claims["client_id"], "library");
    assert_eq!(verified.claims["scope"], SCOPE);
}

/// Runs a program that gets a token and prints it, and checks the token.
async fn gets_a_token(mut command: Command, expires_in: ExpiresIn) {
    let (service, secret) = service(expires_in);
    command
        .env("ISSUER", service.url(""))
        .env("TOKEN_URL", service.url("/oauth2/token"))
        .env("CLIENT_ID", "library")
        .env("CLIENT_SECRET", secret)
        .env("SCOPE", SCOPE);
    let got = run(&mut command, "").ok();
    is_good(&service, got.stdout.trim()).await;
}

fn source(path: &str) -> std::path::PathBuf {
    tools::repository().join("tests/libraries").join(path)
}

fn interpreted(interpreter: &str, program: &Path) -> Command {
    let mut command = Command::new(interpreter);
    command.arg(program);
    command
}

fn python(name: &str) -> Command {
    let mut command = tools::python("python");
    command.arg(source("python").join(name));
    command
}

fn node(name: &str) -> Command {
    interpreted("node", &tools::folder().join("libraries").join(name))
}

#[tokio::test]
async fn python_authlib() {
    gets_a_token(python("with_authlib.py"), ExpiresIn::String).await;
}

#[tokio::test]
async fn python_requests_oauthlib() {
    gets_a_token(python("with_requests_oauthlib.py"), ExpiresIn::String).await;
}

#[tokio::test]
async fn node_openid_client() {
    gets_a_token(node("with_openid_client.mjs"), ExpiresIn::String).await;
}

#[tokio::test]
async fn node_oauth4webapi() {
    gets_a_token(node("with_oauth4webapi.mjs"), ExpiresIn::String).await;
}

#[tokio::test]
async fn node_simple_oauth2() {
    gets_a_token(node("with_simple_oauth2.mjs"), ExpiresIn::String).await;
}

#[tokio::test]
async fn ruby_oauth2() {
    let program = source("ruby/with_oauth2.rb");
    gets_a_token(interpreted("ruby", &program), ExpiresIn::String).await;
}

#[tokio::test]
async fn go_x_oauth2() {
    // Debian's compiler builds it with Debian's sources, which are not Go modules.
    let program = tools::folder().join("go-client");
    gets_a_token(Command::new(program), ExpiresIn::String).await;
}

#[tokio::test]
async fn curl() {
    let (service, secret) = service(ExpiresIn::String);
    let mut command = Command::new("curl");
    command
        .args(["-sS", "--user", &format!("library:{secret}")])
        .args(["-d", "grant_type=client_credentials"])
        .arg(service.url("/oauth2/token"));
    let reply = run(&mut command, "").ok().json();
    is_good(&service, reply["access_token"].as_str().unwrap()).await;
}

#[tokio::test]
async fn rust_oauth2() {
    let (service, secret) = service(ExpiresIn::Number);
    let client = BasicClient::new(ClientId::new("library".to_owned()))
        .set_client_secret(ClientSecret::new(secret))
        .set_auth_type(AuthType::BasicAuth)
        .set_token_uri(TokenUrl::new(service.url("/oauth2/token")).unwrap());
    let http = reqwest::Client::new();
    let send = |request: oauth2::HttpRequest| async {
        let request = reqwest::Request::try_from(request)?;
        let answer = http.execute(request).await?;
        let mut response = oauth2::HttpResponse::new(Vec::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        *response.body_mut() = answer.bytes().await?.to_vec();
        Ok::<_, reqwest::Error>(response)
    };
    let reply = client
        .exchange_client_credentials()
        .add_scopes(SCOPE.split(' ').map(|scope| Scope::new(scope.to_owned())))
        .request_async(&send)
        .await
        .unwrap();
    assert_eq!(reply.expires_in().unwrap().as_secs(), 900);
    is_good(&service, reply.access_token().secret()).await;
}
