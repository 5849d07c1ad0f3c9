//! Commands that ask or change a cluster, against an API server of a few lines.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kboot_core::csr::{CertificateSigningRequest, Requestor, Signer};
use kboot_core::x509::CertificateRequest;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::requests::{NODES, SERVING, key, serving, with_condition};
use crate::common::{NO_END, Outcome, kboot_path, run, write};

/// A call as it came: `PUT /apis/… BODY`.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    body: String,
}

impl Call {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) type Calls = Arc<Mutex<Vec<Call>>>;

/// The answer to a call, by what it asks and all that was asked before.
type Answer = dyn Fn(&Call, &[Call]) -> (u16, Value);

/// A kubeconfig to a server that answers by what it was asked and all that it was asked before.
pub(crate) struct Server {
    pub(crate) folder: TempDir,
    pub(crate) calls: Calls,
}

impl Server {
    pub(crate) fn new(answer: impl Fn(&Call, &[Call]) -> (u16, Value) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": format!("http://{}", listener.local_addr().unwrap())}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": {}}],
        });
        write(&folder.path().join("config"), kubeconfig.to_string().as_bytes());
        write(&folder.path().join("policy.yaml"), SERVING.as_bytes());
        write(&folder.path().join("nodes.yaml"), NODES.as_bytes());
        let (calls, answer) = (Calls::default(), Arc::new(answer));
        let seen = calls.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, answer) = (seen.clone(), answer.clone());
                std::thread::spawn(move || reply(stream.unwrap(), &*answer, &seen));
            }
        });
        Self { folder, calls }
    }

    pub(crate) fn kboot(&self, arguments: &str) -> Outcome {
        let output = self.command(arguments).output().unwrap();
        output.into()
    }

    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(kboot_path());
        command.args(arguments.split_whitespace()).args(["--kubeconfig", "config"]);
        command.current_dir(self.folder.path()).env_remove("KUBECONFIG").env("HOME", self.folder.path());
        command.env("COLUMNS", NO_END);
        command
    }

    pub(crate) fn file(&self, name: &str, content: &str) {
        write(&self.folder.path().join(name), content.as_bytes());
    }

    /// The calls that change something, with what they ask for.
    fn changes(&self) -> Vec<Call> {
        self.calls.lock().unwrap().iter().filter(|call| call.method != "GET").cloned().collect()
    }
}

fn reply(mut stream: TcpStream, answer: &Answer, seen: &Calls) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut words = first.split(' ').map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return };
    let call = Call { method, path, body: String::from_utf8(body).unwrap() };
    let mut seen = seen.lock().unwrap();
    let (code, body) = answer(&call, &seen);
    seen.push(call);
    drop(seen);
    let body = body.to_string() + "\n";
    let head = format!("HTTP/1.1 {code} -\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

pub(crate) const REQUESTS: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

pub(crate) fn status(code: u16, message: &str) -> (u16, Value) {
    (code, json!({"kind": "Status", "apiVersion": "v1", "code": code, "message": message}))
}

pub(crate) fn list(kind: &str, version: &str, items: &[Value]) -> (u16, Value) {
    let metadata = json!({"resourceVersion": "7"});
    (200, json!({"kind": format!("{kind}List"), "apiVersion": version, "metadata": metadata, "items": items}))
}

pub(crate) fn requests(items: &[Value]) -> (u16, Value) {
    list("CertificateSigningRequest", "certificates.k8s.io/v1", items)
}

/// What a cluster with the node worker-1 says of itself.
pub(crate) fn facts(path: &str) -> (u16, Value) {
    let node = json!({
        "metadata": {"name": "worker-1"},
        "status": {"addresses": [{"type": "InternalIP", "address": "192.168.5.21"}]},
    });
    match path.split('?').next().unwrap() {
        "/api/v1/nodes" => list("Node", "v1", &[node]),
        "/api/v1/namespaces" => list("Namespace", "v1", &[json!({"metadata": {"name": "edge"}})]),
        "/api/v1/namespaces/default/endpoints/kubernetes" => (
            200,
            json!({"kind": "Endpoints", "apiVersion": "v1", "metadata": {},
                         "subsets": [{"addresses": [{"ip": "192.168.5.11"}]}]}),
        ),
        _ => status(404, "not found"),
    }
}

pub(crate) fn numbered(mut object: Value, version: &str) -> Value {
    object["metadata"]["resourceVersion"] = json!(version);
    object["metadata"]["uid"] = json!(format!("uid-{}", object["metadata"]["name"]));
    object
}

fn puts(calls: &[Call]) -> usize {
    calls.iter().filter(|call| call.method == "PUT").count()
}

#[test]
fn a_policy_approves_and_a_conflict_is_judged_anew() {
    let pending = numbered(serving("good", "worker-1", &["192.168.5.21"]), "1");
    let other = numbered(serving("other", "worker-1", &["192.168.5.99"]), "1");
    let server = Server::new(move |call, before| match (call.method.as_str(), call.path.as_str()) {
        ("GET", path) if path.starts_with(&format!("{REQUESTS}?")) => {
            requests(&[pending.clone(), other.clone()])
        }
        ("GET", path) if path == format!("{REQUESTS}/good") => (200, numbered(pending.clone(), "2")),
        ("PUT", _) if puts(before) == 0 => status(409, "the object has been modified"),
        ("PUT", _) => (200, call.json()),
        (_, path) => facts(path),
    });
    let outcome = server.kboot("csr approve --policy policy.yaml -o json");
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    let rows: Vec<Value> = outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |row: &Value| format!("{} {} {}", row["name"], row["outcome"], row["code"]).replace('"', "");
    assert_eq!(
        rows.iter().map(said).collect::<Vec<_>>(),
        ["good approved rule-approves", "other left no-rule"]
    );
    let changes = server.changes();
    assert_eq!(changes.len(), 2, "one conflict, one approval, nothing for the other");
    let last = changes[1].json();
    assert_eq!(changes[1].path, format!("{REQUESTS}/good/approval?fieldManager=kboot"));
    assert_eq!(last["metadata"]["resourceVersion"], "2", "the fresh object is what is approved");
    assert_eq!(last["status"]["conditions"][0]["type"], "Approved");
    assert_eq!(last["status"]["conditions"][0]["reason"], "RuleApproves");
}

#[test]
fn nothing_is_decided_after_somebody_else() {
    let pending = numbered(serving("good", "worker-1", &["192.168.5.21"]), "1");
    let denied = with_condition(numbered(pending.clone(), "2"), "Denied", "no");
    let server = Server::new(move |call, _| match (call.method.as_str(), call.path.as_str()) {
        ("GET", path) if path.starts_with(&format!("{REQUESTS}?")) => {
            requests(std::slice::from_ref(&pending))
        }
        ("GET", path) if path.starts_with(REQUESTS) => (200, denied.clone()),
        ("PUT", _) => status(409, "the object has been modified"),
        (_, path) => facts(path),
    });
    for arguments in ["--policy policy.yaml", "good"] {
        let outcome = server.kboot(&format!("csr approve {arguments}"));
        assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
        assert!(outcome.stdout.contains("decided-before") && outcome.stdout.contains("denied before"));
    }
    assert_eq!(puts(&server.changes()), 2, "each tried once, before it knew");
    let outcome = server.kboot("csr deny good");
    assert_eq!((outcome.code, puts(&server.changes())), (Some(0), 2), "it is denied already");
}

#[test]
fn a_person_approves_what_the_floor_lets_through_and_is_named() {
    let good = numbered(serving("good", "worker-1", &["192.168.5.21"]), "1");
    let masters =
        CertificateRequest::for_user("jane".parse().unwrap(), ["dev".parse().unwrap()], &key()).unwrap();
    let masters = CertificateSigningRequest::new("api", Signer::KubeletServing, masters.to_pem().as_bytes())
        .with_requestor(Requestor::user("jane"));
    let bad = numbered(json!(masters), "1");
    let mut foreign = numbered(serving("foreign", "worker-1", &["192.168.5.21"]), "1");
    foreign["spec"]["signerName"] = json!("example.com/signer");
    let server = Server::new(move |call, _| match (call.method.as_str(), call.path.as_str()) {
        ("GET", path) if path.starts_with(&format!("{REQUESTS}?")) => {
            requests(&[good.clone(), bad.clone(), foreign.clone()])
        }
        ("PUT", _) => (200, call.json()),
        (_, path) => facts(path),
    });
    let outcome = server.kboot("csr approve good --dry-run");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stdout.starts_with("would be approved good "), "{}", outcome.stdout);
    assert_eq!(server.changes()[0].path, format!("{REQUESTS}/good/approval?fieldManager=kboot&dryRun=All"));
    let outcome = server.kboot("csr approve good api");
    assert_eq!(outcome.code, Some(1), "{}{}", outcome.stdout, outcome.stderr);
    assert_eq!(server.changes().len(), 2, "the floor's refusal stands: {}", outcome.stdout);
    let condition = server.changes()[1].json()["status"]["conditions"][0].clone();
    assert_eq!(
        (&condition["reason"], &condition["message"]),
        (&json!("PersonApproves"), &json!("Approved by hand with kboot."))
    );
    for (arguments, said) in [
        ("csr approve missing", "there is no request \"missing\""),
        ("csr approve foreign", "is not a signer that kboot decides for"),
        ("csr approve", "required"),
        ("csr approve good --preset upstream", "cannot be used with"),
    ] {
        let outcome = server.kboot(arguments);
        assert_eq!(outcome.code, Some(2), "{arguments}");
        assert!(outcome.stderr.contains(said), "{arguments}: {}", outcome.stderr);
    }
    assert_eq!(server.changes().len(), 2);
}

#[test]
fn a_denial_goes_where_it_belongs() {
    let pending = numbered(serving("good", "worker-1", &["192.168.5.21"]), "1");
    let server = Server::new(move |call, _| match call.method.as_str() {
        "PUT" => (200, call.json()),
        _ if call.path == format!("{REQUESTS}/good") => (200, pending.clone()),
        _ => status(404, "not found"),
    });
    let outcome = server.kboot("csr deny good --reason UnknownMachine --message none-of-ours");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let condition = server.changes()[0].json()["status"]["conditions"][0].clone();
    let expected = ["Denied", "UnknownMachine", "none-of-ours"].map(Value::from);
    assert_eq!([&condition["type"], &condition["reason"], &condition["message"]], expected.each_ref());
    assert_eq!(server.kboot("csr deny missing").code, Some(2));
    assert_eq!(server.kboot("csr deny ../good").code, Some(2));
    let outcome = server.kboot("csr deny good --reason no-word");
    assert!(outcome.code == Some(2) && outcome.stderr.contains("CamelCase"), "{}", outcome.stderr);
    assert_eq!(server.changes().len(), 1);
    assert!(server.calls.lock().unwrap().iter().any(|call| call.path == format!("{REQUESTS}/..%2Fgood")));
}

#[test]
fn a_missing_kubeconfig_points_at_the_folders() {
    let folder = tempfile::tempdir().unwrap();
    let list = || {
        let mut command = Command::new(kboot_path());
        command.args(["csr", "list"]).current_dir(folder.path()).env_remove("KUBECONFIG");
        Outcome::from(command.env("HOME", folder.path()).output().unwrap())
    };
    let outcome = list();
    assert!(outcome.code == Some(2) && !outcome.stderr.contains("out/admin.conf"), "{}", outcome.stderr);
    std::fs::create_dir(folder.path().join("out")).unwrap();
    write(&folder.path().join("out/admin.conf"), b"");
    let outcome = list();
    assert!(
        outcome.stderr.contains("here is out/admin.conf: --kubeconfig out/admin.conf"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_watch_goes_on_through_all_that_ends_one() {
    let pending = numbered(serving("good", "worker-1", &["192.168.5.21"]), "1");
    let server = Server::new(move |call, before| {
        let watches = before.iter().filter(|call| call.path.contains("watch=true")).count();
        match (call.method.as_str(), call.path.as_str()) {
            ("GET", path) if path.contains("watch=true") => match watches {
                // A bookmark, and its end.
                0 => (200, json!({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}})),
                1 => status(410, "too old resource version"),
                2 => status(500, "the database is away"),
                _ => (200, json!({"type": "ADDED", "object": pending.clone()})),
            },
            ("GET", path) if path.starts_with(&format!("{REQUESTS}?")) => {
                requests(if watches >= 4 && puts(before) == 0 { std::slice::from_ref(&pending) } else { &[] })
            }
            ("PUT", _) => (200, call.json()),
            (_, path) => facts(path),
        }
    });
    let mut child = server
        .command("csr approve --policy policy.yaml --watch")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    child.wait().unwrap();
    assert!(line.starts_with("approved       good       kubelet-serving of system:node:worker-1"), "{line}");
    assert!(stderr.contains("the database is away"), "{stderr}");
    assert_eq!(puts(&server.changes()), 1);
    let calls = server.calls.lock().unwrap();
    let versions: Vec<bool> = calls
        .iter()
        .filter(|call| call.path.contains("watch=true"))
        .map(|call| call.path.contains("resourceVersion=9"))
        .collect();
    assert_eq!(versions[..3], [false, true, false], "the bookmark counts, until a list does");
}

#[test]
fn a_missing_permission_is_named() {
    let server = Server::new(|_, _| {
        status(
            403,
            "secrets is forbidden: User \"nobody\" cannot list resource \"secrets\" in API group \"\"",
        )
    });
    let rule = "what lacks is a Role in kube-system with apiGroups: [\"\"], resources: [secrets], verbs: ";
    for (arguments, said) in [
        ("token list", format!("{rule}[list]")),
        ("token delete abcdef", format!("{rule}[delete]")),
        ("token create --apply", format!("{rule}[create]")),
        (
            "csr approve --preset upstream",
            "ClusterRole with apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [list]"
                .to_owned(),
        ),
    ] {
        let outcome = server.kboot(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{arguments}");
        assert!(outcome.stderr.contains(&said), "{arguments}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("nobody"), "{arguments}: {}", outcome.stderr);
    }
}

#[test]
fn a_plug_in_that_hangs_ends_in_time() {
    let server = Server::new(|_, _| status(500, ""));
    let text = std::fs::read_to_string(server.folder.path().join("config")).unwrap();
    let exec = r#"{"exec":{"apiVersion":"client.authentication.k8s.io/v1","interactiveMode":"Never","command":"sleep","args":["20"]}}"#;
    server
        .file("config", &text.replace("\"user\":{}", &format!("\"user\":{exec}")).replace("http:", "https:"));
    let start = Instant::now();
    let outcome = server.kboot("csr list --timeout 1s");
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("the credential plug-in has not answered within 1 s"),
        "{}",
        outcome.stderr
    );
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

pub(crate) fn secret(fields: &[(&str, &str)], kind: &str) -> Value {
    let data: serde_json::Map<_, _> =
        fields.iter().map(|(key, value)| ((*key).to_owned(), STANDARD.encode(value).into())).collect();
    json!({
        "kind": "Secret", "apiVersion": "v1", "type": kind, "data": data,
        "metadata": {"name": "bootstrap-token-abcdef", "namespace": "kube-system"},
    })
}

pub(crate) const TOKEN: &str = "abcdef.0123456789abcdef";

#[test]
fn what_is_wrong_with_a_token_has_a_code() {
    let whole = [
        ("token-id", "abcdef"),
        ("token-secret", "0123456789abcdef"),
        ("usage-bootstrap-authentication", "true"),
        ("auth-extra-groups", "system:bootstrappers:workers"),
    ];
    let check = |fields: &[(&str, &str)], token: &str, expected: &str| {
        let object = secret(fields, "bootstrap.kubernetes.io/token");
        let server = Server::new(move |_, _| (200, object.clone()));
        server.file("token", token);
        let outcome = server.kboot("token check token");
        assert_eq!(outcome.code, Some(i32::from(expected != "ok")), "{}", outcome.stderr);
        assert!(outcome.stdout.starts_with(&format!("{expected} ")), "{expected}: {}", outcome.stdout);
        for text in [&outcome.stdout, &outcome.stderr] {
            assert!(!text.contains("0123456789"), "{text}");
        }
    };
    check(&whole, TOKEN, "ok");
    check(&whole, &format!("{TOKEN}\n"), "ok");
    check(&whole, "abcdef.0123456789abcde", "malformed");
    check(&whole, "abcdef.0123456789abcdee", "wrong-secret");
    check(&[&whole[..], &[("expiration", "2020-01-01T00:00:00Z")]].concat(), TOKEN, "expired");
    check(&whole[..2], TOKEN, "usage-missing");
    check(&[&whole[..3], &[("auth-extra-groups", "system:masters")]].concat(), TOKEN, "bad-group");
    let server = Server::new(|_, _| status(404, "not found"));
    server.file("token", TOKEN);
    let outcome = server.kboot("token check token -o json");
    let value: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((&value["code"], &value["id"], outcome.code), (&json!("unknown"), &json!("abcdef"), Some(1)));
    assert_eq!(server.kboot("token delete abcdef").code, Some(1));
    assert_eq!(server.kboot("token check missing").code, Some(2));
}

#[test]
fn tokens_are_listed_without_secrets_and_made_once() {
    let good = secret(
        &[("token-id", "abcdef"), ("token-secret", "0123456789abcdef"), ("usage-bootstrap-signing", "true")],
        "bootstrap.kubernetes.io/token",
    );
    let server = Server::new(move |call, _| match call.method.as_str() {
        "GET" => list("Secret", "v1", &[good.clone(), secret(&[], "bootstrap.kubernetes.io/token")]),
        "POST" if call.body.contains(&STANDARD.encode("0123456789abcdef")) => status(409, "exists"),
        _ => (201, json!({})),
    });
    let outcome = server.kboot("token list");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("abcdef  never     signing"), "{}", outcome.stdout);
    assert!(
        outcome.stdout.contains("unusable  the token's Secret is wrong at data.token-id"),
        "{}",
        outcome.stdout
    );
    assert!(!outcome.stdout.contains("0123456789"), "{}", outcome.stdout);
    let outcome = server.kboot("token create --apply --lifetime 1h");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let token = outcome.stdout.trim_end();
    assert_eq!((token.len(), token.find('.')), (23, Some(6)), "{token}");
    let data = server.changes()[0].json()["data"]["token-secret"].clone();
    assert_eq!(data, STANDARD.encode(&token[7..]));
    server.file("token", TOKEN);
    let outcome = server.kboot("token create --apply --token-file token");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""));
    assert!(outcome.stderr.contains("has a token abcdef already"), "{}", outcome.stderr);
    for flag in ["--timeout 5s", "--kubeconfig kubeconfig", "--context c"] {
        let outcome = run(&server.folder, &format!("token create {flag}"));
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{flag}");
        assert!(outcome.stderr.contains("--apply"), "{}", outcome.stderr);
    }
}

pub(crate) fn manifests(server: &Server, out: &str) {
    let folder = server.folder.path().join(out).join("manifests");
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: &str| write(&Path::new(&folder).join(name), text.as_bytes());
    file(
        "a.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: kube-system}\nstringData: {k: hidden}\n",
    );
    file(
        "b.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: one}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: two}\n",
    );
}

pub(crate) fn resources(path: &str) -> (u16, Value) {
    match path {
        "/api/v1" => (
            200,
            json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": [
                {"name": "secrets", "singularName": "", "namespaced": true, "kind": "Secret", "verbs": []},
                {"name": "namespaces/finalize", "singularName": "", "namespaced": false, "kind": "Namespace", "verbs": []},
                {"name": "namespaces", "singularName": "", "namespaced": false, "kind": "Namespace", "verbs": []},
            ]}),
        ),
        "/api/v1/namespaces/two" => {
            (200, json!({"kind": "Namespace", "metadata": {"name": "two", "resourceVersion": "1"}}))
        }
        _ => status(404, "not found"),
    }
}

#[test]
fn manifests_are_planned_and_applied() {
    let server = Server::new(|call, _| match call.method.as_str() {
        "PATCH" => {
            let mut object = call.json();
            object.as_object_mut().unwrap().remove("apiVersion");
            (200, object)
        }
        _ => resources(&call.path),
    });
    manifests(&server, "out");
    let outcome = server.kboot("cluster apply --dry-run");
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert_eq!(
        outcome.stdout,
        "ACTION  OBJECT                FIELDS\ncreate  Secret kube-system/s\ncreate  Namespace one\nkeep    Namespace two\n"
    );
    assert!(outcome.stderr.contains("2 objects to create, 0 to update, 1 kept"), "{}", outcome.stderr);
    assert!(
        server.changes().iter().all(|call| call.path.ends_with("?fieldManager=kboot&force=false&dryRun=All"))
    );
    let outcome = server.kboot("cluster apply");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let real: Vec<Call> = server.changes().into_iter().filter(|call| !call.path.contains("dryRun")).collect();
    assert_eq!(real.len(), 3);
    assert_eq!(real[0].path, "/api/v1/namespaces/kube-system/secrets/s?fieldManager=kboot&force=false");
    assert_eq!(real[0].json()["data"], json!({"k": STANDARD.encode("hidden")}));
    assert!(!format!("{}{}", outcome.stdout, outcome.stderr).contains("hidden"));
}

#[test]
fn a_conflict_applies_nothing_and_is_named() {
    let server = Server::new(|call, _| match call.method.as_str() {
        "PATCH" if call.path.contains("/secrets/s") && call.path.contains("force=false") => (
            409,
            json!({
                "kind": "Status", "apiVersion": "v1", "code": 409, "reason": "Conflict", "message": "Apply failed",
                "details": {"causes": [{"reason": "FieldManagerConflict", "message": "conflict with \"edit\" using v1", "field": ".data.k"}]},
            }),
        ),
        "PATCH" => (200, call.json()),
        _ => resources(&call.path),
    });
    manifests(&server, "out");
    let outcome = server.kboot("cluster apply");
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(
        outcome.stdout.contains("conflict  Secret kube-system/s  data.k is of \"edit\" using v1"),
        "{}",
        outcome.stdout
    );
    assert!(server.changes().iter().all(|call| call.path.contains("dryRun=All")));
    let outcome = server.kboot("cluster apply --force-conflicts");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let outcome = server.kboot("cluster apply --out nowhere");
    assert!(outcome.code == Some(2) && outcome.stderr.contains("nowhere/manifests"), "{}", outcome.stderr);
}
