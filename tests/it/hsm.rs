//! Signing keys in a PKCS#11 token. SoftHSM2 plays the token.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::harness::{D1, GRANT, Run, Service, Setup, basic, binary, run};
use crate::keys::{check, key_set, kid, token};

const ALGORITHMS: [&str; 5] = ["ES256", "ES384", "EdDSA", "RS256", "PS256"];

/// A folder with a token and a configuration that names it.
struct Hsm {
    setup: Setup,
    local: String,
}

impl Hsm {
    fn new() -> Self {
        let setup = Setup::with_d1();
        let folder = setup.folder();
        std::fs::create_dir(folder.join("tokens")).unwrap();
        let tokens = folder.join("tokens").display().to_string();
        let conf = format!("directories.tokendir = {tokens}\nobjectstore.backend = file\n");
        std::fs::write(folder.join("softhsm2.conf"), conf).unwrap();
        let made = run(
            Command::new("softhsm2-util")
                .args(["--init-token", "--free", "--label", "d1"])
                .args(["--so-pin", "12345678", "--pin", "4711"])
                .env("SOFTHSM2_CONF", folder.join("softhsm2.conf")),
            "",
        );
        made.ok();
        let local = std::fs::read_to_string(setup.config()).unwrap();
        let hsm = Self { setup, local };
        hsm.write_pin("4711\n", 0o600);
        hsm.configure("pkcs11", "d1");
        hsm
    }

    fn write_pin(&self, pin: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        let file = self.setup.folder().join("pin");
        std::fs::write(&file, pin).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Writes a configuration in which `provider` makes new keys and `label` names the token.
    fn configure(&self, provider: &str, label: &str) {
        let module = module();
        let keys = format!(
            "\"master.key\", provider = \"{provider}\", \
             pkcs11 = {{ module = {module:?}, token = \"{label}\", pin_file = \"pin\" }} }}"
        );
        let config = self.local.replace("\"master.key\" }", &keys);
        assert_ne!(config, self.local);
        std::fs::write(self.setup.config(), config).unwrap();
    }

    fn command(folder: &Path, arguments: &[&str]) -> Command {
        let mut command = binary(folder);
        command
            .env("SOFTHSM2_CONF", folder.join("softhsm2.conf"))
            .args(arguments)
            .args(["--config", "d1-authz.toml"]);
        command
    }

    fn run(setup: &Setup, arguments: &[&str]) -> Run {
        run(&mut Self::command(setup.folder(), arguments), "")
    }

    fn start(self) -> Service {
        Self::serve(self.setup)
    }

    fn serve(setup: Setup) -> Service {
        let command = Self::command(setup.folder(), &["serve"]);
        Service::spawn(setup, command)
    }
}

fn module() -> PathBuf {
    let places = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib64/softhsm/libsofthsm.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so",
    ];
    let found = places.iter().map(PathBuf::from).find(|path| path.exists());
    found.expect("SoftHSM2; `cargo xtask ci requirements` installs it")
}

/// The objects in the token, in SoftHSM's text form.
fn objects(setup: &Setup) -> Vec<String> {
    let tokens = setup.folder().join("tokens");
    let token = std::fs::read_dir(tokens).unwrap().next().unwrap().unwrap();
    let files = std::fs::read_dir(token.path()).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    paths
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "object")
                && path.file_name().is_some_and(|name| name != "token.object")
        })
        .map(|path| {
            let dump = Command::new("softhsm2-dump-file").arg(path).output();
            String::from_utf8_lossy(&dump.unwrap().stdout).into_owned()
        })
        .collect()
}

/// Whether an attribute of an object has this value. A dump names the attribute on one line and has
/// the value within the next three.
fn has(object: &str, attribute: &str, value: &str) -> bool {
    let (_, after) = object.split_once(attribute).unwrap_or_default();
    after.lines().take(4).any(|line| line.contains(value))
}

#[tokio::test]
async fn keys_of_every_algorithm_are_made_in_the_token_and_never_leave_it() {
    let hsm = Hsm::new();
    for name in ALGORITHMS {
        let add = [
            "client",
            "add",
            "--id",
            name,
            "--algorithm",
            name,
            "--secret-stdin",
        ];
        run(
            &mut Hsm::command(hsm.setup.folder(), &add),
            "a long enough secret",
        )
        .ok();
    }
    let service = hsm.start();
    // The service isn't confined, because it can't know which files the vendor's module opens.
    assert!(
        service
            .log()
            .contains("a PKCS#11 module may need other files")
    );
    let set = key_set(&service).await;
    for name in ALGORITHMS {
        let token = token(&service, &basic(name, "a long enough secret")).await;
        assert_eq!(check(&token, &set).unwrap()["client_id"], name);
    }
    let many = (0..64).map(|_| token(&service, D1));
    for token in join_all(many).await {
        check(&token, &set).unwrap();
    }
    let listed = Hsm::run(&service.setup, &["key", "list", "--output", "json"]);
    let listed = listed.ok().json();
    assert_eq!(listed.as_array().unwrap().len(), ALGORITHMS.len());
    for key in listed.as_array().unwrap() {
        assert_eq!(
            (&key["kept_in"], &key["state"]),
            (&"token".into(), &"signing".into())
        );
    }
    let objects = objects(&service.setup);
    let private: Vec<_> = objects
        .iter()
        .filter(|object| has(object, "CKA_CLASS", "CKO_PRIVATE_KEY"))
        .collect();
    assert_eq!((objects.len(), private.len()), (10, 5));
    for object in private {
        assert!(has(object, "CKA_EXTRACTABLE", "FALSE"), "{object}");
        assert!(has(object, "CKA_SENSITIVE", "TRUE"), "{object}");
    }
}

#[tokio::test]
async fn keys_move_to_the_token_and_back_by_rotation() {
    let hsm = Hsm::new();
    hsm.configure("local", "d1");
    let service = hsm.start();
    let local = token(&service, D1).await;
    let setup = service.stop();
    let hsm = Hsm {
        local: std::fs::read_to_string(setup.config()).unwrap(),
        setup,
    };
    let config = hsm.local.replace("\"local\"", "\"pkcs11\"");
    std::fs::write(hsm.setup.config(), config).unwrap();
    let Hsm {
        setup,
        local: before,
    } = hsm;
    let service = Hsm::serve(setup);
    assert_eq!(
        kid(&token(&service, D1).await),
        kid(&local),
        "until it is its turn"
    );
    Hsm::run(&service.setup, &["key", "rotate", "--now"]).ok();
    let in_token = loop {
        let token = token(&service, D1).await;
        if kid(&token) != kid(&local) {
            break token;
        }
    };
    let set = key_set(&service).await;
    check(&local, &set).unwrap();
    check(&in_token, &set).unwrap();

    let setup = service.stop();
    std::fs::write(setup.config(), before).unwrap();
    let service = Hsm::serve(setup);
    assert_eq!(
        kid(&token(&service, D1).await),
        kid(&in_token),
        "it is still there"
    );
    let changed = Hsm::run(&service.setup, &["key", "rotate", "--output", "json"]);
    assert_eq!(changed.ok().json()[1]["kept_in"], "store");
    let setup = service.stop();
    let config = std::fs::read_to_string(setup.config()).unwrap();
    let (head, tail) = config.split_once(", provider").unwrap();
    let (_, tail) = tail.split_once("} }").unwrap();
    std::fs::write(setup.config(), format!("{head} }}{tail}")).unwrap();
    Hsm::run(&setup, &["serve"]).fails(1, "leave [keys.pkcs11] in the configuration");
}

#[tokio::test]
async fn a_revoked_key_is_destroyed_in_the_token() {
    let service = Hsm::new().start();
    let leaked = kid(&token(&service, D1).await);
    assert_eq!(objects(&service.setup).len(), 2);
    let revoke = Hsm::command(service.setup.folder(), &["key", "revoke", &leaked]);
    let revoking = std::thread::spawn(move || run(&mut { revoke }, "").ok());
    while !revoking.is_finished() {
        token(&service, D1).await;
    }
    assert_eq!(objects(&service.setup).len(), 2, "those of its successor");
    let another = token(&service, D1).await;
    assert_ne!(kid(&another), leaked);
    check(&another, &key_set(&service).await).unwrap();
    let listed = Hsm::run(&service.setup, &["key", "list", "--output", "json"]);
    let listed = listed.ok().json();
    assert_eq!(
        (&listed[0]["state"], &listed[0]["kept_in"]),
        (&"revoked".into(), &serde_json::Value::Null)
    );
}

#[test]
fn a_token_that_can_not_be_used_is_told_at_the_start() {
    let hsm = Hsm::new();
    let serve = || Hsm::run(&hsm.setup, &["serve"]);
    hsm.configure("pkcs11", "another");
    serve().fails(1, "\"another\": no slot has a token of this label");
    hsm.configure("pkcs11", "d1");
    hsm.write_pin("0815", 0o600);
    let refused = serve().fails(1, "PinIncorrect");
    assert!(!refused.stderr.contains("0815"), "{refused:?}");
    hsm.write_pin("4711", 0o644);
    serve().fails(1, "pin may be read by other users");
    std::fs::remove_file(hsm.setup.folder().join("pin")).unwrap();
    serve().fails(1, "pin does not exist");
    let module = module().display().to_string();
    hsm.setup.configure(&module, "/nonexistent.so");
    hsm.write_pin("4711", 0o600);
    serve().fails(1, "/nonexistent.so");
}

#[tokio::test]
async fn a_token_that_was_away_is_used_again() {
    let service = Hsm::new().start();
    token(&service, D1).await;
    let folder = service.setup.folder().to_owned();
    std::fs::rename(folder.join("tokens"), folder.join("away")).unwrap();
    let answer = service.token(D1, GRANT).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.json()["error"], "temporarily_unavailable");
    assert!(answer.header("retry-after").is_some());
    let ready = service.get_at(service.ops, "/readyz").await;
    assert_eq!(ready.status, 503);
    let problem = &ready.json()["problems"][0];
    assert_eq!(problem["part"], "keys");
    assert!(
        problem["message"]
            .as_str()
            .unwrap()
            .contains("PKCS#11 token \"d1\""),
        "{problem}"
    );

    std::fs::rename(folder.join("away"), folder.join("tokens")).unwrap();
    let patience = Instant::now() + Duration::from_secs(20);
    while service.get_at(service.ops, "/readyz").await.status != 200 {
        assert!(Instant::now() < patience, "{}", service.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    check(&token(&service, D1).await, &key_set(&service).await).unwrap();
}
