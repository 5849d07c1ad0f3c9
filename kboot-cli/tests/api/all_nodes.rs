//! `kboot node verify --all` against an API server of a few lines.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::common::succeed;
use crate::online::Server;

fn node(name: &str, ready: &str) -> Value {
    let info = [
        "architecture",
        "bootID",
        "containerRuntimeVersion",
        "kernelVersion",
        "kubeProxyVersion",
        "machineID",
        "operatingSystem",
        "osImage",
        "systemUUID",
    ];
    let mut info: Value = info.iter().map(|text| ((*text).to_owned(), json!(""))).collect();
    info["kubeletVersion"] = json!("v1.36.4");
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
        "status": {"nodeInfo": info, "conditions": [{
            "type": "Ready", "status": ready, "reason": "KubeletReady", "message": "",
            "lastHeartbeatTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z",
        }]},
    })
}

fn pod(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "kube-system", "uid": name},
        "status": {"phase": "Pending", "containerStatuses": [{
            "name": "cni", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"i\""}},
        }]},
    })
}

/// Of three nodes of the cluster file, w1 and w2 are there, and w3 has not joined.
fn server(secret: impl Fn() -> Option<Value> + Send + Sync + 'static) -> Server {
    Server::new(move |call, _| {
        let list = |items: Vec<Value>| (200, json!({"metadata": {"resourceVersion": "1"}, "items": items}));
        let missing =
            || (404, json!({"kind": "Status", "apiVersion": "v1", "code": 404, "message": "not found"}));
        let path = call.path.split('?').next().unwrap();
        match path {
            "/api/v1/nodes" => list(vec![node("w1", "True"), node("w2", "False")]),
            "/api/v1/nodes/w1" => (200, node("w1", "True")),
            "/api/v1/nodes/w2" => (200, node("w2", "False")),
            "/api/v1/pods" if call.path.contains("w3") => list(vec![]),
            "/api/v1/pods" => list(vec![pod(if call.path.contains("w1") { "cni-aa1" } else { "cni-bb2" })]),
            "/version" => {
                let texts = [
                    "buildDate",
                    "compiler",
                    "gitCommit",
                    "gitTreeState",
                    "goVersion",
                    "major",
                    "minor",
                    "platform",
                ];
                let mut info: Value = texts.iter().map(|text| ((*text).to_owned(), json!(""))).collect();
                info["gitVersion"] = json!("v1.36.4");
                (200, info)
            }
            "/apis/certificates.k8s.io/v1/certificatesigningrequests" => list(vec![]),
            "/api/v1/namespaces/kube-system/secrets" => list(secret().into_iter().collect()),
            path if path.ends_with("/healthz") && !path.contains("w3") => (200, json!("ok")),
            path if path.ends_with("/metrics") => (200, json!("")),
            _ => missing(),
        }
    })
}

const CLUSTER: &str = "apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {name: kubernetes}
spec:
  kubernetesVersion: v1.36.4
  controlPlaneEndpoint: 192.0.2.1:1
  nodes:
    - {name: cp1, addresses: [192.0.2.1], roles: [control-plane, etcd]}
    - {name: w1, addresses: [10.0.0.21], roles: [worker]}
    - {name: w2, addresses: [10.0.0.22], roles: [worker]}
    - {name: w3, addresses: [10.0.0.23], roles: [worker]}
";

fn data(text: &str) -> String {
    STANDARD.encode(text)
}

#[test]
fn all_nodes_are_a_table_and_what_is_wrong_stands_below() {
    let cluster = server(|| None);
    cluster.file("cluster.yaml", CLUSTER);
    succeed(&cluster.folder, "cluster build");
    let outcome = cluster.kboot("node verify --all --timeout 1s");
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!(lines[0].starts_with("NODE"), "{}", outcome.stdout);
    for (line, start) in
        lines[1..4].iter().zip(["w1     PROBLEM   v1.36.4", "w2     PROBLEM   v1.36.4", "w3     PROBLEM   -"])
    {
        assert!(line.starts_with(start), "{start}\n{}", outcome.stdout);
    }
    assert!(outcome.stdout.lines().all(|line| !line.starts_with("ok")), "{}", outcome.stdout);
    for said in [
        "PROBLEM  w2: ready",
        "PROBLEM  w3: node",
        "PROBLEM  w3: bootstrap token",
        "which the cluster does not have",
        "kboot cluster build --new-token",
        "unknown  kube-apiserver of cp1 not reached from here: 192.0.2.1:1: ",
        "unknown  etcd of cp1         not reached from here: 192.0.2.1:2379: ",
        "2 pods: kube-system/cni-aa1 on w1, kube-system/cni-bb2 on w2: container \"cni\" waits",
    ] {
        assert!(outcome.stdout.contains(said), "{said}\n{}", outcome.stdout);
    }
    assert_eq!(outcome.stdout.matches("ImagePullBackOff").count(), 1, "{}", outcome.stdout);
    let outcome = cluster.kboot("node verify --all --timeout 1s -o json");
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((outcome.code, report["nodes"].as_array().unwrap().len()), (Some(1), 3));
    assert_eq!(report["checks"][0]["check"], "kube-apiserver of cp1");
    let outcome = cluster.kboot("node verify w2 w3 --timeout 1s -o yaml");
    assert!(
        outcome.stdout.contains("node: w3") && !outcome.stdout.contains("node: w1"),
        "{}",
        outcome.stdout
    );
    // One name is the report of always.
    let outcome = cluster.kboot("node verify w2 -o json");
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(report["node"], "w2");
    for wrong in ["node verify", "node verify --all w1"] {
        assert_eq!(cluster.kboot(wrong).code, Some(2), "{wrong}");
    }
}

#[test]
fn the_state_of_a_missing_nodes_token_is_told() {
    let folder = server(|| None);
    folder.file("cluster.yaml", CLUSTER);
    succeed(&folder.folder, "cluster build");
    let manifest =
        std::fs::read_to_string(folder.folder.path().join("out/manifests/bootstrap-token.yaml")).unwrap();
    let field = |name: &str| {
        let line = manifest.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        line.split_once(": ").unwrap().1.trim_matches('"').to_owned()
    };
    let (id, secret) = (field("token-id"), field("token-secret"));
    for (expiration, usage, code, said) in [
        ("2099-01-01T00:00:00Z", "true", "ok", "which is good until 2099-01-01T00:00:00Z"),
        ("2020-01-01T00:00:00Z", "true", "problem", "which has ended: kboot cluster build --new-token"),
        ("2099-01-01T00:00:00Z", "false", "problem", "its usages lack authentication"),
    ] {
        let object = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "bootstrap.kubernetes.io/token",
            "metadata": {"name": format!("bootstrap-token-{id}"), "namespace": "kube-system"},
            "data": {
                "token-id": data(&id), "token-secret": data(&secret), "expiration": data(expiration),
                "usage-bootstrap-authentication": data(usage), "usage-bootstrap-signing": data("true"),
            },
        });
        let cluster = server(move || Some(object.clone()));
        cluster.file("cluster.yaml", CLUSTER);
        let out = folder.folder.path().join("out");
        let outcome = cluster.kboot(&format!("node verify w3 w1 --out {} -o json", out.display()));
        let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
        let checks = report["nodes"][1]["checks"].as_array().unwrap();
        let token = checks.iter().find(|check| check["check"] == "bootstrap token").unwrap();
        assert_eq!(token["outcome"], code, "{token}");
        assert!(token["reason"].as_str().unwrap().contains(said), "{token}");
        assert!(!outcome.stdout.contains(&secret), "{}", outcome.stdout);
    }
}
