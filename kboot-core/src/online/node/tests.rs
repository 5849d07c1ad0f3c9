//! The report as a function of what was fetched.

use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::pods::Pods;
use super::report::{Seen, report};
use super::requests::NodeRequest;
use crate::Env;
use crate::finding::Severity;
use crate::name::{Group, NodeName};
use crate::online::OnlineError;
use crate::online::fetch::Answer;
use crate::pki::{CertificateAuthority, CertificateTemplate};
use crate::time::Timestamp;
use crate::x509::{KeyAlgorithm, PrivateKey};

const KUBELET_CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";

const CLIENT: &[u8] = include_bytes!("fixtures/client.csr");
const SERVING: &[u8] = include_bytes!("fixtures/serving.csr");

/// What a report is made of is borrowed.
fn kept<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

pub(super) fn worker() -> NodeName {
    "worker-1".parse().unwrap()
}

pub(super) fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn answer(code: u16, body: &str) -> Result<Answer, OnlineError> {
    Ok(Answer { method: http::Method::GET, path: "/test".to_owned(), code, body: body.as_bytes().to_vec() })
}

pub(super) fn status(code: u16, message: &str) -> Result<Answer, OnlineError> {
    answer(code, &json!({"kind": "Status", "apiVersion": "v1", "code": code, "message": message}).to_string())
}

fn version(version: &str) -> Value {
    let texts =
        ["buildDate", "compiler", "gitCommit", "gitTreeState", "goVersion", "major", "minor", "platform"];
    let mut info: Value = texts.iter().map(|text| ((*text).to_owned(), json!(""))).collect();
    info["gitVersion"] = json!(version);
    info
}

fn node(ready: &Value) -> Value {
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
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker-1"},
        "status": {"nodeInfo": info, "conditions": [{"type": "MemoryPressure", "status": "False"}, ready]},
    })
}

fn lease(renewed: &str) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "worker-1"},
        "spec": {"leaseDurationSeconds": 40, "renewTime": renewed},
    })
}

/// A node without fault.
pub(super) fn healthy() -> Seen<'static> {
    let metrics = "# TYPE kubelet_certificate_manager_client_ttl_seconds gauge\n\
                   kubelet_certificate_manager_client_ttl_seconds 8.64e+06\n\
                   kubelet_certificate_manager_server_ttl_seconds 86400\n";
    Seen {
        node: serde_json::from_value(node(&json!({"type": "Ready", "status": "True"}))).unwrap(),
        lease: Ok(serde_json::from_value(lease("2026-06-01T11:59:55.000000Z")).unwrap()),
        api_server: Ok(kept(serde_json::from_value(version("v1.36.4")).unwrap())),
        requests: Ok(&[]),
        metrics: Ok(metrics.to_owned()),
        kubelet: answer(200, "ok"),
        kube_proxy: answer(200, "{}"),
        pods: Ok(Pods::default()),
    }
}

/// A request as the API server shows it.
fn csr(signer: &str, user: &str, pem: &[u8]) -> Value {
    let purpose = if signer == KUBELET_SERVING { "server auth" } else { "client auth" };
    let pem = serde_json::to_value(k8s_openapi::ByteString(pem.to_vec())).unwrap();
    json!({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
        "metadata": {"name": "csr-abcde", "creationTimestamp": "2026-06-01T11:00:00Z"},
        "spec": {
            "request": pem, "signerName": signer, "username": user, "usages": ["digital signature", purpose],
            "groups": ["system:bootstrappers", "system:authenticated"],
        },
    })
}

fn from_pem(text: &[u8]) -> Vec<u8> {
    rustls_pki_types::pem::from_buf(&mut &*text).unwrap().unwrap().1
}

fn in_pem(der: &[u8]) -> String {
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
    format!("-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n")
}

fn of_node(object: &Value) -> Option<NodeRequest> {
    let object: CertificateSigningRequest = serde_json::from_value(object.clone()).unwrap();
    NodeRequest::of(&[worker()].into(), &object).unwrap().pop().map(|(_, request)| request)
}

fn with_requests(objects: &[Value]) -> Seen<'static> {
    let requests: Vec<NodeRequest> =
        objects.iter().map(|object| of_node(object).expect("it concerns the node")).collect();
    Seen { requests: Ok(kept(requests)), ..healthy() }
}

/// The only check that is not ok.
pub(super) fn only(seen: &Seen<'_>) -> (String, Severity, String) {
    let report = report(&worker(), seen, now());
    let mut checks = report.findings.into_iter().filter(|check| check.severity != Severity::Note);
    let check = checks.next().expect("something is not ok");
    assert_eq!(checks.next(), None);
    (check.path, check.severity, check.detail.to_string())
}

#[track_caller]
pub(super) fn assert_only(seen: &Seen<'_>, check: &str, outcome: Severity, said: &[&str]) {
    let found = only(seen);
    assert_eq!((found.0.as_str(), found.1), (check, outcome), "{}", found.2);
    for said in said {
        assert!(found.2.contains(said), "{said:?} is not in {:?}", found.2);
    }
}

#[test]
fn a_healthy_node() {
    let report = report(&worker(), &healthy(), now());
    let checks: Vec<_> = report.findings.iter().map(|check| (check.path.as_str(), check.severity)).collect();
    let names = [
        "ready",
        "heartbeat",
        "kubelet version",
        "client certificate",
        "serving certificate",
        "kubelet",
        "kube-proxy",
        "pods",
    ];
    assert_eq!(checks, names.map(|name| (name, Severity::Note)));
    assert!(report.is_ok());
    assert!(
        report.findings[3].detail.to_string().starts_with("valid until 2026-09-09T12:00:00Z, 100 d more"),
        "{report:?}"
    );
    let yaml = report.to_yaml().unwrap();
    assert_eq!(serde_yaml::from_str::<Value>(&yaml).unwrap(), serde_json::to_value(&report).unwrap());
}

#[test]
fn conditions() {
    let not_ready = json!({"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "cni\u{1b}[2J\nplugin"});
    let seen = Seen { node: serde_json::from_value(node(&not_ready)).unwrap(), ..healthy() };
    let said = [r#"is "False""#, r#""KubeletNotReady""#, r#""cni\u{1b}[2J\nplugin""#];
    assert_only(&seen, "ready", Severity::Error, &said);

    let mut full = node(&json!({"type": "Ready", "status": "True"}));
    full["status"]["conditions"][0] =
        json!({"type": "DiskPressure", "status": "True", "reason": "x".repeat(100_000)});
    let seen = Seen { node: serde_json::from_value(full).unwrap(), ..healthy() };
    assert_only(&seen, "DiskPressure", Severity::Error, &["is True"]);
    assert!(only(&seen).2.len() < 500);

    let seen = Seen { node: serde_json::from_value(json!({"metadata": {}})).unwrap(), ..healthy() };
    let checks = report(&worker(), &seen, now()).findings;
    assert!(
        checks[0].detail.to_string().contains("no condition Ready") && checks[0].severity == Severity::Error,
        "{checks:?}"
    );
}

#[test]
fn a_node_that_is_not_there_still_has_requests() {
    let pending = csr(KUBELET_CLIENT, "system:bootstrap:abcdef", CLIENT);
    let seen = Seen { node: None, ..with_requests(&[pending]) };
    let checks = report(&worker(), &seen, now()).findings;
    assert_eq!(checks.len(), 2);
    assert!(
        checks[0].path == "node" && checks[0].detail.to_string().contains("there is no Node object"),
        "{checks:?}"
    );
    assert_eq!(checks[1].path, "certificate request csr-abcde");
}

#[test]
fn heartbeats() {
    for (renewed, outcome, said) in [
        ("2026-06-01T11:59:21.999999Z", Severity::Note, "39 s old"),
        ("2026-06-01T12:00:39.000000Z", Severity::Note, "0 s old"),
        ("2026-06-01T11:59:19.000000Z", Severity::Error, "41 s old"),
        ("2026-05-01T11:59:19.000000Z", Severity::Error, "31 d old"),
        ("2026-06-01T13:00:00.000000Z", Severity::Warning, "lies 60 min ahead"),
    ] {
        let lease = Ok(serde_json::from_value(lease(renewed)).unwrap());
        let checks = report(&worker(), &Seen { lease, ..healthy() }, now()).findings;
        assert!(
            checks[1].severity == outcome && checks[1].detail.to_string().contains(said),
            "{renewed}: {:?}",
            checks[1]
        );
    }
    let gone = status(404, "leases \"worker-1\" not found").unwrap().success().unwrap_err();
    assert_only(&Seen { lease: Err(gone), ..healthy() }, "heartbeat", Severity::Error, &["no Lease"]);
    // Without a Lease the node's status counts, which kubelets send every five minutes.
    for (reported, outcome, said) in [
        ("2026-06-01T11:55:00Z", Severity::Note, "by its status (there is no Lease), is 5 min old"),
        ("2026-06-01T11:54:59Z", Severity::Error, "good for 300 s"),
    ] {
        let gone = status(404, "leases \"worker-1\" not found").unwrap().success().unwrap_err();
        let ready = json!({"type": "Ready", "status": "True", "lastHeartbeatTime": reported});
        let node = Some(serde_json::from_value(node(&ready)).unwrap());
        let checks = report(&worker(), &Seen { node, lease: Err(gone), ..healthy() }, now()).findings;
        assert!(
            checks[1].severity == outcome && checks[1].detail.to_string().contains(said),
            "{reported}: {:?}",
            checks[1]
        );
    }
    let refused = status(403, "leases is forbidden").unwrap().success().unwrap_err();
    assert_only(
        &Seen { lease: Err(refused), ..healthy() },
        "heartbeat",
        Severity::Warning,
        &["403", "is forbidden"],
    );
}

#[test]
fn version_skew() {
    // https://kubernetes.io/releases/version-skew-policy/#kubelet
    for (kubelet, server, outcome) in [
        ("v1.36.4", "v1.36.0", Severity::Note),
        ("v1.33.1-gke.100", "v1.36.4+k3s1", Severity::Note),
        ("v1.25.0", "v1.28.0", Severity::Note),
        ("v1.25.0", "v1.27.0", Severity::Note),
        ("v1.24.0", "v1.27.0", Severity::Error),
        ("v1.20.2", "v1.22.0", Severity::Note),
        ("v1.32.9", "v1.36.0", Severity::Error),
        ("v1.37.0", "v1.36.9", Severity::Error),
        ("v1.20.2", "v0.0.0-master+faecb19", Severity::Warning),
        ("", "v1.36.0", Severity::Warning),
        ("v1.99999999.0", "v1.36.0", Severity::Warning),
        ("v1.\u{1b}.0", "v1.36.0", Severity::Warning),
    ] {
        let mut node = node(&json!({"type": "Ready", "status": "True"}));
        node["status"]["nodeInfo"]["kubeletVersion"] = json!(kubelet);
        let api_server = Ok(kept(serde_json::from_value(version(server)).unwrap()));
        let seen = Seen { node: serde_json::from_value(node).unwrap(), api_server, ..healthy() };
        let check = &report(&worker(), &seen, now()).findings[2];
        assert_eq!(check.severity, outcome, "{kubelet} {server}: {}", check.detail);
    }
}

#[test]
fn certificates_by_metrics() {
    let metrics = |text: &str| Seen { metrics: Ok(text.to_owned()), ..healthy() };
    let serving = "kubelet_certificate_manager_server_ttl_seconds 86400\n";
    let client = |value: &str| format!("{serving}kubelet_certificate_manager_client_ttl_seconds {value}\n");
    let said = ["expired 60 min ago, at 2026-06-01T11:00:00Z"];
    assert_only(&metrics(&client("-3600")), "client certificate", Severity::Error, &said);
    for nothing in ["+Inf", "NaN", "1e300", "-1e300", "", "x"] {
        let said = ["the kubelet's metrics do not say"];
        assert_only(&metrics(&client(nothing)), "client certificate", Severity::Warning, &said);
    }
    assert_only(&metrics(serving), "client certificate", Severity::Warning, &[]);
}

/// The request, approved and with a certificate of this lifetime that began at `from`.
fn issued(mut object: Value, from: &str, lifetime: &str) -> Value {
    let mut env = Env::at(from.parse().unwrap());
    let authority =
        CertificateAuthority::create("ca", KeyAlgorithm::EcdsaP256, "10y".parse().unwrap(), &mut env)
            .unwrap();
    let template =
        CertificateTemplate::client(worker().username()).with_group(Group::from_static("system:nodes"));
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let certificate = authority.issue(&template, &key, lifetime.parse().unwrap(), &mut env).unwrap();
    let pem = serde_json::to_value(k8s_openapi::ByteString(certificate.to_pem().into_bytes())).unwrap();
    object["status"] = json!({"conditions": [{"type": "Approved", "status": "True"}], "certificate": pem});
    object
}

#[test]
fn certificates_by_request() {
    let unreachable = || {
        Err(OnlineError::TimedOut {
            method: http::Method::GET,
            path: "/metrics".to_owned(),
            limit: std::time::Duration::from_secs(1),
        })
    };
    let client = csr(KUBELET_CLIENT, "system:bootstrap:abcdef", CLIENT);
    let serving = csr(KUBELET_SERVING, "system:node:worker-1", SERVING);

    let good =
        [issued(client.clone(), "2026-06-01T11:00:00Z", "1d"), issued(serving, "2026-06-01T11:00:00Z", "2h")];
    let seen = Seen { metrics: unreachable(), ..with_requests(&good) };
    let checks = report(&worker(), &seen, now()).findings;
    assert_eq!(checks.len(), 8, "issued requests need no explanation: {checks:?}");
    assert_eq!(
        checks[3].detail.to_string(),
        "valid until 2026-06-02T11:00:00Z, 23 h more, by the request csr-abcde"
    );
    assert_eq!(
        checks[4].detail.to_string(),
        "valid until 2026-06-01T13:00:00Z, 60 min more, by the request csr-abcde"
    );

    let expired = [issued(client, "2026-05-01T00:00:00Z", "1d"), good[1].clone()];
    let seen = Seen { metrics: unreachable(), ..with_requests(&expired) };
    assert_only(
        &seen,
        "client certificate",
        Severity::Error,
        &["expired 30 d ago", "by the request csr-abcde"],
    );

    // What another name got says nothing about this node.
    let mut other = issued(csr(KUBELET_CLIENT, "system:node:worker-1", CLIENT), "2026-06-01T11:00:00Z", "1d");
    other["spec"]["request"] =
        csr(KUBELET_CLIENT, "", include_bytes!("fixtures/other-node.csr"))["spec"]["request"].clone();
    let seen = Seen { metrics: unreachable(), ..with_requests(&[other, good[1].clone()]) };
    assert_only(
        &seen,
        "client certificate",
        Severity::Warning,
        &["cannot be read", "none that was issued is left"],
    );

    let mut damaged = good[0].clone();
    damaged["status"]["certificate"] = json!("bm90IFBFTQ==");
    let seen = Seen { metrics: unreachable(), ..with_requests(&[damaged, good[1].clone()]) };
    let checks = report(&worker(), &seen, now()).findings;
    assert_eq!(checks[3].severity, Severity::Warning);
}

#[test]
fn pending_requests() {
    let title = "certificate request csr-abcde";
    let serving = csr(KUBELET_SERVING, "system:node:worker-1", SERVING);
    let said = ["pending", "\"worker-1\", 192.0.2.11, 2001:db8::b", "kboot csr approve csr-abcde"];
    assert_only(&with_requests(std::slice::from_ref(&serving)), title, Severity::Error, &said);
    // A kubelet that starts again asks again, and what it asked for before is of no use to it.
    let mut older = serving.clone();
    older["metadata"] = json!({"name": "csr-older", "creationTimestamp": "2020-01-01T00:00:00Z"});
    let both = with_requests(&[older, serving]);
    assert_only(&both, title, Severity::Error, &said);
    let checks = report(&worker(), &both, now()).findings;
    let older = checks.iter().find(|check| check.path.ends_with("csr-older")).unwrap();
    assert!(older.detail.to_string().ends_with("done with: the kubelet sent csr-abcde later"), "{older}");

    let first = csr(KUBELET_CLIENT, "system:bootstrap:abcdef", CLIENT);
    let said = [
        "requestor, \"system:bootstrap:abcdef\"",
        "requests:nodeclient to one of its groups (\"system:bootstrappers\")",
    ];
    assert_only(&with_requests(std::slice::from_ref(&first)), title, Severity::Error, &said);
    // Others than joining nodes have the rest of a requestor's groups.
    let mut stranger = csr(KUBELET_CLIENT, "system:serviceaccount:a:b", CLIENT);
    let said = ["the requestor, \"system:serviceaccount:a:b\", is neither", "kboot csr approve csr-abcde"];
    stranger["spec"]["groups"] = json!(["system:serviceaccounts", "system:authenticated"]);
    assert_only(&with_requests(&[stranger]), title, Severity::Error, &said);
    let renewal = csr(KUBELET_CLIENT, "system:node:worker-1", CLIENT);
    let said = ["requests:selfnodeclient to one of its groups (\"system:nodes\")", "csrapproving"];
    assert_only(&with_requests(&[renewal]), title, Severity::Error, &said);

    let mut approved = first.clone();
    approved["status"] = json!({"conditions": [{"type": "Approved", "status": "True"}]});
    let said = ["approved but not signed", "--cluster-signing-cert-file"];
    assert_only(&with_requests(&[approved]), title, Severity::Error, &said);

    let mut denied = first.clone();
    let condition = json!({"type": "Denied", "status": "True", "reason": "Mine", "message": "not\u{7}you"});
    denied["status"] = json!({"conditions": [condition]});
    let said = ["denied: reason \"Mine\", message \"not\\u{7}you\"", "final"];
    assert_only(&with_requests(&[denied]), title, Severity::Error, &said);

    let mut failed = first.clone();
    let condition = json!({"type": "Failed", "status": "True", "reason": "SignerValidationFailure", "message": "subject organization is not system:nodes"});
    failed["status"] = json!({"conditions": [{"type": "Approved", "status": "True"}, condition]});
    assert_only(
        &with_requests(&[failed]),
        title,
        Severity::Error,
        &["failed: reason \"SignerValidationFailure\""],
    );

    // What came before a certificate is done with; what came after is not.
    let mut later = issued(first.clone(), "2026-06-01T11:00:00Z", "1d");
    later["metadata"] = json!({"name": "csr-later", "creationTimestamp": "2026-06-01T11:30:00Z"});
    assert!(report(&worker(), &with_requests(&[first.clone(), later.clone()]), now()).is_ok());
    later["metadata"]["creationTimestamp"] = json!("2026-06-01T10:30:00Z");
    assert_only(&with_requests(&[first, later]), title, Severity::Error, &["pending"]);
}

#[test]
fn requests_that_do_not_fit() {
    let text = |object: &Value| only(&with_requests(std::slice::from_ref(object))).2;
    let client = |pem: &[u8]| csr(KUBELET_CLIENT, "system:node:worker-1", pem);
    let serving = |pem: &[u8]| csr(KUBELET_SERVING, "system:node:worker-1", pem);
    for (object, said) in [
        (
            client(include_bytes!("fixtures/hidden-masters.csr")),
            "The organization is not system:nodes alone (node: system:masters, system:nodes)",
        ),
        (
            client(include_bytes!("fixtures/no-group.csr")),
            "The organization is not system:nodes alone (node: none)",
        ),
        (
            client(include_bytes!("fixtures/bare-name.csr")),
            r#"its common name is "worker-1", not "system:node:worker-1""#,
        ),
        (client(include_bytes!("fixtures/other-node.csr")), r#"its common name is "system:node:worker-2""#),
        (
            client(include_bytes!("fixtures/two-names.csr")),
            r#""system:node:worker-2", "system:node:worker-1", not"#,
        ),
        (
            client(include_bytes!("fixtures/client-with-names.csr")),
            "A kubelet's client certificate has no alternative names (alternative names: ",
        ),
        (client(include_bytes!("fixtures/control-characters.csr")), r"(node: system:nodes\u{1b}[2J\r)"),
        (
            serving(include_bytes!("fixtures/serving-with-uri.csr")),
            "An alternative name is of a kind that this signer's certificates do not have",
        ),
        (serving(CLIENT), "(alternative names: neither a DNS name nor an address)"),
        (csr(KUBELET_SERVING, "admin", SERVING), r#"it was sent by "admin", not by"#),
        (csr(KUBELET_CLIENT, "system:node:worker-2", CLIENT), r#"it was sent by "system:node:worker-2""#),
        (
            csr("example.com/\u{1b}[2J", "system:node:worker-1", CLIENT),
            "for another signer, its own approver must act",
        ),
    ] {
        let text = text(&object);
        assert!(text.contains(said), "{said}: {text}");
        assert!(!text.contains(char::is_control), "{text:?}");
    }
    for usages in [
        json!([]),
        json!(["client auth"]),
        json!(["digital signature", "client auth", "server auth"]),
        json!(null),
    ] {
        let mut object = client(CLIENT);
        object["spec"]["usages"] = usages;
        assert!(text(&object).contains("The usages are not a set"), "{object}");
    }
    let mut rsa = client(CLIENT);
    rsa["spec"]["usages"] = json!(["key encipherment", "digital signature", "client auth"]);
    assert!(!text(&rsa).contains("The usages are not a set"));
    assert!(
        of_node(&csr(KUBELET_CLIENT, "system:node:worker-2", include_bytes!("fixtures/other-node.csr")))
            .is_none()
    );
}

#[test]
fn hostile_requests() {
    let user = "system:node:worker-1";
    let long = [b"-----BEGIN CERTIFICATE REQUEST-----\n".as_slice(), &vec![b'A'; 2_000_000]].concat();
    let trailing = in_pem(&[from_pem(CLIENT), vec![0, 0]].concat());
    for (pem, said) in [
        (b"".as_slice(), "is not PEM"),
        (b"\xff\xfe\0", "is not PEM"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nMIH3", "its end is missing"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n", "not valid DER"),
        (
            b"-----BEGIN CERTIFICATE-----\nMIH3\n-----END CERTIFICATE-----\n",
            "the PEM block is a \"CERTIFICATE\"; expected CERTIFICATE REQUEST",
        ),
        (&long, "at most 65536 are read"),
        (trailing.as_bytes(), "bytes after the request"),
    ] {
        let text = only(&with_requests(&[csr(KUBELET_CLIENT, user, pem)])).2;
        assert!(text.contains("its spec.request cannot be read") && text.contains(said), "{said}: {text}");
    }
    // A name that a terminal or a shell would take for more than a name.
    for name in ["a\u{1b}[2J", "$(reboot)", "a b", &"x".repeat(5000)] {
        let mut object = csr(KUBELET_SERVING, user, SERVING);
        object["metadata"]["name"] = json!(name);
        let (check, _, text) = only(&with_requests(&[object]));
        assert!(!check.contains(char::is_control) && check.len() < 200, "{check:?}");
        assert!(!text.contains(name) && text.contains("not an ordinary one"), "{text}");
    }
    let flood: Vec<_> = (0..1000).map(|_| csr(KUBELET_SERVING, user, SERVING)).collect();
    let checks = report(&worker(), &with_requests(&flood), now()).findings;
    assert_eq!(checks.len(), 8 + 20 + 1);
    assert!(checks[28].detail.to_string().starts_with("980 older ones"), "{:?}", checks[28]);
}

#[test]
fn an_old_api_server() {
    let none =
        status(404, "the server could not find the requested resource").unwrap().success().unwrap_err();
    let seen = Seen { requests: Err(kept(none)), ..healthy() };
    assert_only(&seen, "certificate requests", Severity::Warning, &["needs Kubernetes 1.19"]);
}

#[test]
fn health() {
    let kubelet = |kubelet| Seen { kubelet, ..healthy() };
    let unfinished = status(500, "error trying to reach service: remote error: tls: internal error");
    assert_only(
        &kubelet(unfinished),
        "kubelet",
        Severity::Error,
        &["does not reach the kubelet (500", "no serving certificate yet"],
    );
    let said = ["does not reach", "no route to host"];
    assert_only(&kubelet(status(503, "dial tcp: no route to host")), "kubelet", Severity::Error, &said);
    assert_only(&kubelet(status(403, "nodes is forbidden")), "kubelet", Severity::Warning, &["nodes/proxy"]);
    let said = ["refuses the API server", "system:kubelet-api-admin"];
    assert_only(&kubelet(answer(403, "Forbidden (user=kube-apiserver)")), "kubelet", Severity::Error, &said);
    let said = ["answers 500", r#""[-]syncloop failed\u{1b}""#];
    assert_only(&kubelet(answer(500, "[-]syncloop failed\u{1b}")), "kubelet", Severity::Error, &said);
    let late = Err(OnlineError::TimedOut {
        method: http::Method::GET,
        path: String::new(),
        limit: std::time::Duration::from_secs(30),
    });
    assert_only(&kubelet(late), "kubelet", Severity::Error, &["within 30 s"]);

    let kube_proxy = |kube_proxy| Seen { kube_proxy, ..healthy() };
    let refused =
        status(503, "error trying to reach service: dial tcp 192.0.2.11:10256: connect: connection refused");
    assert_only(
        &kube_proxy(refused),
        "kube-proxy",
        Severity::Error,
        &["nothing listens", "healthzBindAddress"],
    );
    assert_only(
        &kube_proxy(answer(503, r#"{"lastUpdated": "x"}"#)),
        "kube-proxy",
        Severity::Error,
        &["503", "lastUpdated"],
    );
    assert_only(&kube_proxy(status(503, "i/o timeout")), "kube-proxy", Severity::Warning, &["i/o timeout"]);
    assert_only(&kube_proxy(status(403, "forbidden")), "kube-proxy", Severity::Warning, &["nodes/proxy"]);
}

#[test]
fn embedders_may_spawn_it() {
    fn is_send<T: Send>(_: T) {}
    fn check(client: &kube::Client, name: &NodeName) {
        is_send(super::verify(client, name, Timestamp::EPOCH, std::time::Duration::from_secs(1)));
    }
    let _ = check;
}

proptest! {
    /// Damaged requests are refused or read; they never take the report down.
    #[test]
    fn damaged_requests(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
        let mut der = from_pem(SERVING);
        for (place, byte) in edits {
            let place = place.index(der.len());
            der[place] = byte;
        }
        if cut.index(4) == 0 {
            der.truncate(cut.index(der.len()));
        }
        let object = csr(KUBELET_SERVING, "system:node:worker-1", in_pem(&der).as_bytes());
        let report = report(&worker(), &with_requests(&[object]), now());
        prop_assert!(report.findings.iter().all(|check| !check.detail.to_string().contains(char::is_control)));
    }
}
