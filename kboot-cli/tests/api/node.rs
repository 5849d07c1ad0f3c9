//! `kboot node verify` against an API server of a few lines.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::common::{NO_END, Outcome, kboot_path, write};
use kboot_core::Env;
use serde_json::{Value, json};

/// What is answered to a path: a status and a body; `None` is silence.
type Answers = fn(&str) -> Option<(u16, String)>;

/// The requests' heads, as they came.
type Heads = Arc<Mutex<Vec<String>>>;

fn serve(answers: Answers) -> (String, Heads) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let heads = Heads::default();
    let seen = heads.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let seen = seen.clone();
            std::thread::spawn(move || reply(stream.unwrap(), answers, &seen));
        }
    });
    (address, heads)
}

fn reply(mut stream: TcpStream, answers: Answers, seen: &Heads) {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let Some(path) = head.first().and_then(|line| line.split(' ').nth(1)) else { return };
    let answer = answers(path);
    seen.lock().unwrap().push(head.join("\n"));
    match answer {
        Some((code, body)) => {
            let head =
                format!("HTTP/1.1 {code} -\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
        }
        None => std::thread::sleep(Duration::from_secs(60)),
    }
}

fn kubeconfig(server: &str) -> String {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "the-secret-token"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    })
    .to_string()
}

/// Runs the program with no kubeconfig but what the test names.
fn kboot(folder: &Path, arguments: &[&str]) -> Outcome {
    let output = std::process::Command::new(kboot_path())
        .args(arguments)
        .current_dir(folder)
        .env_remove("KUBECONFIG")
        .env("HOME", folder)
        .env("COLUMNS", NO_END)
        .output()
        .unwrap();
    output.into()
}

fn verify(answers: Answers, arguments: &[&str]) -> (Outcome, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let (server, heads) = serve(answers);
    write(&folder.path().join("config"), kubeconfig(&server).as_bytes());
    let all = [&["node", "verify", "worker-1", "--kubeconfig", "config"], arguments].concat();
    let outcome = kboot(folder.path(), &all);
    let heads = heads.lock().unwrap().clone();
    (outcome, heads)
}

const PODS: &str = "/api/v1/pods?fieldSelector=spec.nodeName%3Dworker-1%2Cstatus.phase!%3DSucceeded%2C\
                    status.phase!%3DFailed&limit=250";
const EVENTS: &str = "/api/v1/namespaces/kube-system/events?fieldSelector=involvedObject.kind%3DPod%2C\
                      involvedObject.name%3Dcoredns-1&limit=250";
const REQUESTS: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests?limit=250";

fn running_pod() -> Value {
    json!({
        "metadata": {"namespace": "kube-system", "name": "kube-proxy-1"},
        "status": {"phase": "Running", "containerStatuses": [{
            "name": "c", "image": "", "imageID": "", "ready": true, "restartCount": 0, "state": {"running": {}},
        }]},
    })
}

/// The same, with a pod on the second page that does not get its network.
pub(crate) fn stuck(path: &str) -> Option<(u16, String)> {
    let mut pod = running_pod();
    pod["metadata"]["name"] = json!("coredns-1");
    pod["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
    pod["status"] = json!({"phase": "Pending"});
    let body = match path {
        EVENTS => json!({"apiVersion": "v1", "kind": "EventList", "metadata": {}, "items": [{
            "metadata": {}, "type": "Warning", "reason": "FailedCreatePodSandBox",
            "message": "failed to find plugin \"loopback\" in path [/opt/cni/bin]\u{1b}[2J",
            "involvedObject": {"kind": "Pod"}, "lastTimestamp": "2026-01-01T00:05:00Z",
        }]}),
        page if page == format!("{PODS}&continue=pods") => {
            json!({"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": [pod]})
        }
        _ => return healthy(path),
    };
    Some((200, body.to_string()))
}

/// A node in order, with its requests on two pages.
fn healthy(path: &str) -> Option<(u16, String)> {
    let texts =
        |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), json!("v1.36.4"))).collect::<Value>();
    let body = match path {
        "/version" => texts(&[
            "buildDate",
            "compiler",
            "gitCommit",
            "gitTreeState",
            "gitVersion",
            "goVersion",
            "major",
            "minor",
            "platform",
        ]),
        "/api/v1/nodes/worker-1" => json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker-1"},
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "nodeInfo": texts(&[
                    "architecture", "bootID", "containerRuntimeVersion", "kernelVersion", "kubeProxyVersion",
                    "kubeletVersion", "machineID", "operatingSystem", "osImage", "systemUUID",
                ]),
            },
        }),
        "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/worker-1" => {
            let renewed = Env::system().now().to_string().replace('Z', ".000000Z");
            json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {}, "spec": {"renewTime": renewed}})
        }
        REQUESTS => json!({
            "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequestList",
            "metadata": {"continue": "abc"}, "items": [],
        }),
        // On two pages as well.
        PODS => json!({
            "apiVersion": "v1", "kind": "PodList", "metadata": {"continue": "pods"}, "items": [running_pod()],
        }),
        page if page == format!("{PODS}&continue=pods") => json!({
            "apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": [running_pod()],
        }),
        "/api/v1/nodes/worker-1/proxy/metrics" => {
            let metrics = ["client", "server"]
                .map(|which| format!("kubelet_certificate_manager_{which}_ttl_seconds 86400\n"));
            return Some((200, metrics.concat()));
        }
        "/api/v1/nodes/worker-1/proxy/healthz" | "/api/v1/nodes/worker-1:10256/proxy/healthz" => {
            return Some((200, "ok".to_owned()));
        }
        page if page == format!("{REQUESTS}&continue=abc") => json!({
            "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequestList", "metadata": {}, "items": [],
        }),
        _ => return Some((404, json!({"kind": "Status", "message": "not found"}).to_string())),
    };
    Some((200, body.to_string()))
}

/// The same, with a pending request on the second page.
fn pending(path: &str) -> Option<(u16, String)> {
    let (code, body) = healthy(path)?;
    if !path.contains("continue=abc") {
        return Some((code, body));
    }
    let mut list: Value = serde_json::from_str(&body).unwrap();
    list["items"] = json!([{
        "metadata": {"name": "csr-abcde"},
        "spec": {"request": "", "signerName": "kubernetes.io/kubelet-serving", "username": "system:node:worker-1", "usages": []},
    }]);
    Some((code, list.to_string()))
}

#[test]
fn a_healthy_node() {
    let (outcome, heads) = verify(healthy, &[]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{}", outcome.stdout);
    assert_eq!(outcome.stdout.lines().count(), 8, "{}", outcome.stdout);
    assert!(
        outcome.stdout.contains("ok       pods                2 pods, none of which waits"),
        "{}",
        outcome.stdout
    );
    assert!(outcome.stdout.lines().all(|line| line.starts_with("ok       ")), "{}", outcome.stdout);
    assert!(heads.iter().all(|head| head.starts_with("GET ")), "it changes nothing");
    assert!(!heads.concat().contains("secret"), "no token without TLS");

    let json: Value = serde_json::from_str(&verify(healthy, &["-o", "json"]).0.stdout).unwrap();
    assert_eq!((&json["node"], &json["checks"][0]["check"]), (&json!("worker-1"), &json!("ready")));
    assert!(json["checks"].as_array().unwrap().iter().all(|check| check["outcome"] == "ok"), "{json}");
    let yaml = verify(healthy, &["-o", "yaml"]).0.stdout;
    assert!(yaml.starts_with("node: worker-1\nchecks:\n- check: ready\n  outcome: ok\n"), "{yaml}");
}

#[test]
fn a_problem_is_exit_1() {
    let (outcome, _) = verify(pending, &[]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), ""));
    assert!(
        outcome
            .stdout
            .contains("PROBLEM  certificate request csr-abcde kubernetes.io/kubelet-serving, pending:"),
        "{}",
        outcome.stdout
    );

    let (outcome, _) = verify(|path| healthy(&path.replace("worker-1", "gone")), &[]);
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.stdout.starts_with("PROBLEM  node                there is no Node object"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_pod_that_cannot_start_is_exit_1() {
    let (outcome, heads) = verify(stuck, &[]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), ""));
    let line = outcome.stdout.lines().find(|line| line.starts_with("PROBLEM")).unwrap();
    assert!(line.starts_with("PROBLEM  pod kube-system/coredns-1 it has been starting for "), "{line}");
    for said in ["reason \"FailedCreatePodSandBox\"", r"path [/opt/cni/bin]\u{1b}[2J", "folders.cniPlugins"] {
        assert!(line.contains(said), "{said}: {line}");
    }
    assert_eq!(heads.iter().filter(|head| head.contains("/events?")).count(), 1, "no other pod's events");

    // Who may read pods and no events learns that something is wrong.
    let refuse = |path: &str| match path {
        EVENTS => Some((403, json!({"kind": "Status", "message": "events is forbidden"}).to_string())),
        _ => stuck(path),
    };
    let (outcome, _) = verify(refuse, &[]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stdout.contains("its events cannot be read"), "{}", outcome.stdout);

    // A list without end.
    let endless = |path: &str| match path {
        path if path.starts_with("/api/v1/pods?") => healthy(PODS),
        _ => healthy(path),
    };
    let (outcome, heads) = verify(endless, &[]);
    assert_eq!(outcome.code, Some(0));
    assert!(outcome.stdout.contains("unknown  pods                the answer to GET"), "{}", outcome.stdout);
    assert!(heads.len() < 20, "{}", heads.len());
}

#[test]
fn what_is_not_known_is_no_problem() {
    let refuse = |path: &str| match path {
        "/api/v1/nodes/worker-1" => healthy(path),
        _ => Some((403, json!({"kind": "Status", "message": "forbidden\u{1b}[2J"}).to_string())),
    };
    let (outcome, _) = verify(refuse, &[]);
    assert_eq!(
        (outcome.code, outcome.stdout.matches("unknown ").count()),
        (Some(0), 8),
        "{}",
        outcome.stdout
    );
    assert!(!outcome.stdout.contains('\u{1b}'));

    let flood = |path: &str| {
        let large = path.ends_with("/healthz").then(|| (200, "x".repeat(1 << 20)));
        large.or_else(|| healthy(path))
    };
    let (outcome, _) = verify(flood, &[]);
    assert_eq!(outcome.stdout.matches("is larger than 65536 bytes").count(), 2, "{}", outcome.stdout);
}

#[test]
fn silence_has_an_end() {
    let start = Instant::now();
    let (outcome, _) = verify(
        |path| if path.ends_with("worker-1/proxy/healthz") { None } else { healthy(path) },
        &["--timeout", "1s"],
    );
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.stdout.contains(
            "PROBLEM  kubelet             the API server got no answer from the kubelet within 1 s"
        ),
        "{}",
        outcome.stdout
    );
    let (outcome, _) = verify(|_| None, &["--timeout", "1s"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""));
    assert_eq!(outcome.stderr, "kboot: error: no answer to GET /api/v1/nodes/worker-1 within 1 s\n");
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn errors_are_exit_2_and_one_line() {
    let said = |answers, said: &str| {
        let (outcome, _) = verify(answers, &[]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""));
        assert!(outcome.stderr.contains(said) && outcome.stderr.lines().count() == 1, "{}", outcome.stderr);
        assert!(!outcome.stderr.trim_end().contains(char::is_control), "{:?}", outcome.stderr);
    };
    let forbidden: Answers =
        |_| Some((403, json!({"kind": "Status", "message": "nodes is forbidden\n\u{7}"}).to_string()));
    said(forbidden, r#"GET /api/v1/nodes/worker-1 with 403: "nodes is forbidden\n\u{7}""#);
    said(|_| Some((401, "Unauthorized".to_owned())), "with 401");
    said(|_| Some((200, "{\"kind\": ".to_owned())), "is not the JSON of a Kubernetes object");
    said(|_| Some((200, "x".repeat(5 << 20))), "is larger than 4194304 bytes");

    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| write(&folder.path().join(name), content.as_bytes());
    file("unreachable", &kubeconfig("https://127.0.0.1:1"));
    file("no-scheme", &kubeconfig("127.0.0.1:1"));
    file("no-context", &kubeconfig("https://127.0.0.1:1").replace("\"current-context\":\"c\",", ""));
    file(
        "mistyped",
        &kubeconfig("https://127.0.0.1:1")
            .replace("{\"token\":\"the-secret-token\"}", "[\"the-secret-token\"]"),
    );
    file("plug-in", &kubeconfig("https://127.0.0.1:1").replace(
        "{\"token\":\"the-secret-token\"}",
        r#"{"exec":{"apiVersion":"client.authentication.k8s.io/v1","interactiveMode":"Never","command":"sh","args":["-c","echo the-secret-token; exit 3"]}}"#,
    ));
    let proxied = kubeconfig("https://127.0.0.1:1");
    let server = "\"server\":\"https://127.0.0.1:1\"";
    assert!(proxied.contains(server), "{proxied}");
    file(
        "proxied",
        &proxied.replace(server, &format!("{server},\"proxy-url\":\"http://u:the-secret-token@p:1\"")),
    );
    file("endless-token", &proxied.replace("\"token\":\"the-secret-token\"", "\"tokenFile\":\"/dev/zero\""));
    let authority = format!("{server},\"certificate-authority\":\"/dev/zero\"");
    file("endless-authority", &proxied.replace(server, &authority));
    file("two-lines", &proxied.replace("the-secret-token", "the-secret-token\\n"));
    for (arguments, said) in [
        ("node verify worker-1 --kubeconfig proxied", "cannot be reached"),
        ("node verify worker-1 --kubeconfig /dev/zero", "/dev/zero is no file of at most"),
        ("node verify worker-1 --kubeconfig endless-token", "a tokenFile is no file of at most"),
        ("node verify worker-1 --kubeconfig endless-authority", "/dev/zero is no file of at most"),
        ("node verify worker-1 --kubeconfig two-lines", "a token has characters that no header can hold"),
        (
            "node verify worker-1",
            ".kube/config: No such file or directory (os error 2); name another file or set KUBECONFIG",
        ),
        ("node verify worker-1 --kubeconfig missing", "cannot read missing"),
        ("node verify worker-1 --kubeconfig unreachable", "cannot be reached"),
        ("node verify worker-1 --kubeconfig unreachable --context other", "it has no context \"other\""),
        ("node verify worker-1 --kubeconfig no-scheme", "write https://HOST:PORT"),
        ("node verify worker-1 --kubeconfig no-context", "it has no current-context"),
        ("node verify worker-1 --kubeconfig mistyped", "it is not a kubeconfig in YAML or JSON (line 1"),
        ("node verify worker-1 --kubeconfig plug-in", "the credential plug-in failed: exit status: 3"),
        ("node verify worker-1 --timeout 0", "--timeout must be at least 1s"),
        ("node verify ../worker-1", "is not a node name"),
        ("node verify worker-1 --timeout soon", "is not a lifetime"),
    ] {
        let outcome = kboot(folder.path(), &arguments.split(' ').collect::<Vec<_>>());
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{arguments}");
        assert!(outcome.stderr.contains(said), "{arguments}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains("the-secret-token"), "{arguments}: {}", outcome.stderr);
    }
}
