#![allow(clippy::disallowed_methods, reason = "tests")]
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use x509_cert::Certificate;

use super::{Authority, Cluster, Controller, Key, Propagation, bootstrap_signer};
use crate::generate::{
    Extension, Key as PrivateKey, KeyKind, Object, Request, SUBJECT_KEY_IDENTIFIER, der, name,
};
use crate::server::admission::field::{list_at, octets, text};
use crate::server::admission::pki::{certificate, pem};
use crate::server::attributes::{Attributes, Objects};
use crate::server::resource::Resource;
use crate::server::status::Status;

const START: OffsetDateTime = datetime!(2026-01-15 09:30 UTC);
const CSRS: (&str, &str) = ("certificates.k8s.io", "certificatesigningrequests");

/// Objects in memory. What is deleted waits for its finalizers.
struct Memory {
    objects: Mutex<BTreeMap<Key, Arc<Value>>>,
    now: Mutex<OffsetDateTime>,
    /// The subresources that anybody may create.
    allowed: Vec<&'static str>,
}

impl Memory {
    fn new() -> Self {
        let (objects, now) = (Mutex::new(BTreeMap::new()), Mutex::new(START));
        Self { objects, now, allowed: vec!["nodeclient", "selfnodeclient"] }
    }

    fn put(&self, (group, resource): (&str, &str), object: Value) {
        let key = Key::of(group, resource, &object);
        self.objects.lock().unwrap().insert(key, Arc::new(object));
    }

    fn named(&self, (group, resource): (&str, &str), name: &str) -> Option<Arc<Value>> {
        let objects = self.objects.lock().unwrap();
        let is = |key: &Key| key.group == group && key.resource == resource && key.name == name;
        objects.iter().find(|(key, _)| is(key)).map(|(_, object)| Arc::clone(object))
    }

    fn advance(&self, by: Duration) {
        *self.now.lock().unwrap() += by;
    }

    /// All of it, until nothing changes any more.
    fn run(&self, kind: Controller, minor: u32) -> Option<OffsetDateTime> {
        let reconciler = kind.reconciler(&authority(), minor);
        for _ in 0..20 {
            let before = self.objects.lock().unwrap().clone();
            let next = reconciler.reconcile(self, None);
            if *self.objects.lock().unwrap() == before {
                return next;
            }
        }
        panic!("it comes to no end");
    }
}

impl Objects for Memory {
    fn get(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.objects.lock().unwrap().get(&Key::new(group, resource, namespace, name)).cloned()
    }

    fn list(&self, group: &str, resource: &str, namespace: &str) -> Vec<Arc<Value>> {
        let objects = self.objects.lock().unwrap();
        let of_kind = objects.iter().filter(|(key, _)| key.group == group && key.resource == resource);
        let here = of_kind.filter(|(key, _)| namespace.is_empty() || key.namespace == namespace);
        here.map(|(_, object)| Arc::clone(object)).collect()
    }
}

impl Cluster for Memory {
    fn now(&self) -> OffsetDateTime {
        *self.now.lock().unwrap()
    }

    fn resources(&self) -> Vec<Resource> {
        let of = |group: &str, plural: &str, kind: &str, namespaced| Resource {
            group: group.to_owned(),
            version: "v1".to_owned(),
            plural: plural.to_owned(),
            singular: String::new(),
            kind: kind.to_owned(),
            namespaced,
            short_names: Vec::new(),
            categories: Vec::new(),
            subresources: Vec::new(),
            is_review: false,
            is_custom: false,
        };
        vec![
            of("", "configmaps", "ConfigMap", true),
            of("", "secrets", "Secret", true),
            of("", "nodes", "Node", false),
            of("", "namespaces", "Namespace", false),
        ]
    }

    fn create(&self, _: &str, resource: (&str, &str), _: &str, object: Value) -> Result<Arc<Value>, Status> {
        self.put(resource, object.clone());
        Ok(Arc::new(object))
    }

    fn update(
        &self,
        _: &str,
        resource: (&str, &str),
        subresource: &str,
        object: Value,
    ) -> Result<Arc<Value>, Status> {
        let none_left = |at| list_at(&object, at).is_empty();
        let at = if subresource == "finalize" { "/spec/finalizers" } else { "/metadata/finalizers" };
        if !text(&object, "/metadata/deletionTimestamp").is_empty() && none_left(at) {
            self.objects.lock().unwrap().remove(&Key::of(resource.0, resource.1, &object));
        } else {
            self.put(resource, object.clone());
        }
        Ok(Arc::new(object))
    }

    fn delete(&self, _: &str, of: &Key, uid: Option<&str>, propagation: Propagation) -> Result<(), Status> {
        let object = of.get(self).ok_or_else(|| Status::not_found(&of.group, &of.resource, &of.name))?;
        assert!(uid.is_none_or(|uid| uid == text(&object, "/metadata/uid")));
        let mut object = Value::clone(&object);
        let mut finalizers = list_at(&object, "/metadata/finalizers").to_vec();
        if propagation == Propagation::Foreground {
            finalizers.push(json!("foregroundDeletion"));
        }
        if finalizers.is_empty() {
            self.objects.lock().unwrap().remove(of);
            return Ok(());
        }
        object["metadata"]["finalizers"] = finalizers.into();
        object["metadata"]["deletionTimestamp"] = "2026-01-15T09:30:00Z".into();
        self.put((&of.group, &of.resource), object);
        Ok(())
    }

    fn allowed(&self, attributes: &Attributes) -> bool {
        assert_eq!((attributes.verb.as_str(), attributes.resource.as_str()), ("create", CSRS.1));
        self.allowed.contains(&attributes.subresource.as_str())
    }
}

/// A self-signed authority, good until 2027.
fn authority() -> Arc<Authority> {
    static AUTHORITY: LazyLock<Arc<Authority>> = LazyLock::new(new_authority);
    Arc::clone(&AUTHORITY)
}

fn new_authority() -> Arc<Authority> {
    let key = PrivateKey::shared(KeyKind::P256);
    let subject = name(&crate::generate::go_subject(&[], "kubernetes"));
    let info = der::sequence([
        der::tlv(0xa0, &der::tlv(0x02, &[2])),
        der::unsigned(&[1]),
        key.signature_algorithm(),
        subject.clone(),
        der::sequence([der::tlv(0x17, b"250101000000Z"), der::tlv(0x17, b"270101000000Z")]),
        subject,
        key.public_key_info(),
        der::tlv(
            0xa3,
            &der::sequence([
                Extension::basic_constraints(true).der(),
                Extension::raw(SUBJECT_KEY_IDENTIFIER, der::octet_string(b"authority")).der(),
            ]),
        ),
    ]);
    let signature = key.sign(&info);
    let certificate = der::sequence([info, key.signature_algorithm(), der::bit_string(&signature)]);
    Arc::new(Authority::new(&certificate, &key.pkcs8()).unwrap())
}

fn csr(object: &Object, name: &str) -> Value {
    let mut object = object.json();
    object["metadata"] = json!({"name": name, "uid": name, "creationTimestamp": "2026-01-15T09:30:00Z"});
    object
}

fn approved(mut csr: Value) -> Value {
    csr["status"] = json!({"conditions": [
        {"type": "Approved", "status": "True", "lastUpdateTime": "2026-01-15T09:30:00Z"}]});
    csr
}

fn kubelet_client() -> Object {
    let usages = ["digital signature", "key encipherment", "client auth"];
    Object::kubelet_bootstrap("abcdef", Request::kubelet_client("worker-1").pem()).with_usages(&usages)
}

fn condition(memory: &Memory, at: &str) -> String {
    text(&memory.named(CSRS, "csr-1").unwrap(), &format!("/status/conditions/0/{at}")).to_owned()
}

fn issued(memory: &Memory) -> Certificate {
    let pem = octets(&memory.named(CSRS, "csr-1").unwrap(), "/status/certificate");
    let (block, rest) = pem::decode(&pem).unwrap();
    assert!(rest.is_empty());
    certificate::read(&block.der).unwrap()
}

#[test]
fn a_kubelet_is_approved_by_who_may_ask() {
    let approve = |object: &Object, allowed: &[&'static str]| {
        let mut memory = Memory::new();
        memory.allowed = allowed.to_vec();
        memory.put(CSRS, csr(object, "csr-1"));
        memory.run(Controller::CsrApproving, 36);
        condition(&memory, "message")
    };
    let client = "Auto approving kubelet client certificate after SubjectAccessReview.";
    let own = "Auto approving self kubelet client certificate after SubjectAccessReview.";
    let renewal = Object::kubelet_client("worker-1", Request::kubelet_client("worker-1").pem());
    assert_eq!(approve(&kubelet_client(), &["nodeclient", "selfnodeclient"]), client);
    assert_eq!(approve(&kubelet_client(), &["selfnodeclient"]), "");
    assert_eq!(approve(&renewal, &["nodeclient", "selfnodeclient"]), own);
    assert_eq!(approve(&renewal, &["nodeclient"]), client);
    assert_eq!(approve(&renewal, &[]), "");
    let serving = Request::kubelet_serving("worker-1", &[crate::generate::GeneralName::dns("worker-1")]);
    assert_eq!(
        approve(&Object::kubelet_serving("worker-1", serving.pem()), &["nodeclient", "selfnodeclient"]),
        ""
    );
}

#[test]
fn usages_without_key_encipherment_are_approved_from_1_27_on() {
    for (minor, expected) in [(26, ""), (27, "AutoApproved")] {
        let memory = Memory::new();
        let object = kubelet_client().with_usages(&["client auth", "digital signature"]);
        memory.put(CSRS, csr(&object, "csr-1"));
        memory.run(Controller::CsrApproving, minor);
        assert_eq!(condition(&memory, "reason"), expected, "1.{minor}");
    }
}

#[test]
fn what_is_approved_is_signed() {
    let memory = Memory::new();
    let waiting = kubelet_client();
    memory.put(CSRS, csr(&waiting, "waiting"));
    memory.put(CSRS, approved(csr(&waiting, "csr-1")));
    memory.run(Controller::CsrSigning, 36);
    assert_eq!(text(&memory.named(CSRS, "waiting").unwrap(), "/status/certificate"), "");
    let certificate = issued(&memory);
    let fields = certificate.tbs_certificate();
    assert_eq!(fields.subject().to_string(), "CN=system:node:worker-1,O=system:nodes");
    assert_eq!(fields.validity().not_before.to_string(), "2026-01-15T09:25:00Z");
    // A year is longer than the authority lasts.
    assert_eq!(fields.validity().not_after.to_string(), "2027-01-01T00:00:00Z");
    let Some(openssl) = crate::Oracle::find("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let pem = octets(&memory.named(CSRS, "csr-1").unwrap(), "/status/certificate");
    std::fs::write(folder.path().join("issued.pem"), pem).unwrap();
    std::fs::write(folder.path().join("ca.pem"), authority().pem()).unwrap();
    let text = openssl.run(folder.path(), &["x509", "-noout", "-text", "-in", "issued.pem"]).stdout;
    for expected in [
        "X509v3 Key Usage: critical\n                Digital Signature, Key Encipherment",
        "X509v3 Extended Key Usage: \n                TLS Web Client Authentication",
        "X509v3 Basic Constraints: critical\n                CA:FALSE",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
    let verify = ["verify", "-attime", "1768469400", "-partial_chain", "-CAfile", "ca.pem", "issued.pem"];
    let verdict = openssl.run(folder.path(), &verify);
    assert!(verdict.accepted, "{verdict}");
}

#[test]
fn certificates_last_as_long_as_the_version_gives() {
    // (minor, seconds asked for, end)
    let cases = [
        (20, Some(3600), "2027-01-01T00:00:00Z"),
        (22, Some(3600), "2026-01-15T10:30:00Z"),
        (36, Some(60), "2026-01-15T09:40:00Z"),
        (36, Some(86400), "2026-01-16T09:25:00Z"),
        (36, Some(8 * 3600), "2026-01-15T17:25:00Z"),
    ];
    for (minor, seconds, end) in cases {
        let memory = Memory::new();
        let mut object = kubelet_client();
        if let Some(seconds) = seconds {
            object = object.with_expiration(seconds);
        }
        memory.put(CSRS, approved(csr(&object, "csr-1")));
        memory.run(Controller::CsrSigning, minor);
        assert_eq!(
            issued(&memory).tbs_certificate().validity().not_after.to_string(),
            end,
            "1.{minor} {seconds:?}"
        );
    }
}

#[test]
fn what_a_signer_does_not_take_fails() {
    let memory = Memory::new();
    let object = kubelet_client().with_usages(&["client auth"]);
    let mut csr = approved(csr(&object, "csr-1"));
    memory.put(CSRS, csr.clone());
    memory.run(Controller::CsrSigning, 36);
    let failed = memory.named(CSRS, "csr-1").unwrap();
    assert_eq!(
        failed.pointer("/status/conditions/1"),
        Some(&json!({
            "type": "Failed", "status": "True", "reason": "SignerValidationFailure",
            "message": "usages did not match [client auth digital signature key encipherment]",
        }))
    );
    // An authority that has ended, a request that is denied too: nothing happens.
    csr["spec"]["usages"] = json!(["client auth", "digital signature"]);
    memory.put(CSRS, csr.clone());
    memory.advance(Duration::days(400));
    memory.run(Controller::CsrSigning, 36);
    assert_eq!(*memory.named(CSRS, "csr-1").unwrap(), csr);
}

#[test]
fn requests_go_when_their_time_has_come() {
    let left = |csr: Value, after: Duration| {
        let memory = Memory::new();
        memory.put(CSRS, csr);
        memory.advance(after);
        let next = memory.run(Controller::CsrCleaner, 36);
        (memory.named(CSRS, "csr-1").is_some(), next)
    };
    let pending = csr(&kubelet_client(), "csr-1");
    let second = Duration::seconds(1);
    let day = Duration::hours(24);
    assert_eq!(left(pending.clone(), day), (true, Some(START + day + second)));
    assert_eq!(left(pending.clone(), day + second), (false, None));
    // Approved and never issued: it stays.
    let approved = approved(pending.clone());
    assert_eq!(left(approved.clone(), day * 9), (true, None));
    let mut issued = approved;
    issued["status"]["certificate"] = STANDARD.encode(authority().pem()).into();
    assert!(left(issued.clone(), Duration::hours(1)).0);
    assert!(!left(issued, Duration::hours(1) + second).0);
    for kind in ["Denied", "Failed"] {
        let mut ended = pending.clone();
        ended["status"] = json!({"conditions": [
            {"type": kind, "status": "True", "lastUpdateTime": "2026-01-15T09:30:00Z"}]});
        assert!(left(ended.clone(), Duration::hours(1)).0);
        assert!(!left(ended, Duration::hours(1) + second).0);
    }
}

fn token(id: &str, data: &[(&str, &str)]) -> Value {
    let mut encoded = json!({
        "token-id": STANDARD.encode(id),
        "token-secret": STANDARD.encode("0123456789abcdef"),
        "usage-bootstrap-signing": STANDARD.encode("true"),
    });
    for (key, value) in data {
        encoded[*key] = STANDARD.encode(value).into();
    }
    json!({
        "metadata": {"name": format!("bootstrap-token-{id}"), "namespace": "kube-system", "uid": id},
        "type": "bootstrap.kubernetes.io/token",
        "data": encoded,
    })
}

const SECRETS: (&str, &str) = ("", "secrets");
const CONFIG_MAPS: (&str, &str) = ("", "configmaps");

#[test]
fn tokens_go_when_they_expire() {
    let memory = Memory::new();
    memory.put(SECRETS, token("forever", &[]));
    memory.put(SECRETS, token("unread", &[("expiration", "tomorrow")]));
    memory.put(SECRETS, token("lower", &[("expiration", "2027-01-01t00:00:00z")]));
    memory.put(SECRETS, token("later", &[("expiration", "2026-01-15T12:30:00+01:00")]));
    let mut elsewhere = token("other", &[("expiration", "tomorrow")]);
    elsewhere["metadata"]["namespace"] = "default".into();
    memory.put(SECRETS, elsewhere);
    let names = |memory: &Memory| -> Vec<String> {
        memory.list("", "secrets", "").iter().map(|secret| text(secret, "/metadata/uid").to_owned()).collect()
    };
    let end = START + Duration::hours(2);
    assert_eq!(memory.run(Controller::TokenCleaner, 36), Some(end));
    assert_eq!(names(&memory), ["other", "forever", "later"]);
    memory.advance(Duration::hours(2) - Duration::seconds(1));
    assert_eq!(memory.run(Controller::TokenCleaner, 36), Some(end));
    memory.advance(Duration::seconds(1));
    assert_eq!(memory.run(Controller::TokenCleaner, 36), None);
    assert_eq!(names(&memory), ["other", "forever"]);
}

/// The vectors of upstream's `jws_test.go`.
#[test]
fn signatures_are_upstreams() {
    let sign =
        |secret: &str, content: &str| bootstrap_signer::signature("joshua", secret.as_bytes(), content);
    let header = "eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9";
    let secret = "my voice is my passcode";
    let content = "Hello from the other side. I must have called a thousand times.";
    assert_eq!(sign(secret, content), format!("{header}..VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8"));
    assert_eq!(sign(secret, ""), format!("{header}..7Ui1ALizW4jXphVUB7xUqC9vLYLL9RZeOFfVLoB7Tgk"));
    assert_eq!(sign("", content), format!("{header}..UfkqvDGiIFxrMnFseDj9LYJOLNrvjW8aHhF71mvvAs8"));
}

#[test]
fn cluster_info_is_signed_by_each_token_that_may() {
    let memory = Memory::new();
    let info =
        |data: Value| json!({"metadata": {"name": "cluster-info", "namespace": "kube-public"}, "data": data});
    memory.put(SECRETS, token("abcdef", &[("expiration", "2026-01-15T10:30:00Z")]));
    memory.put(SECRETS, token("ghijkl", &[("usage-bootstrap-signing", "True")]));
    memory.put(SECRETS, token("mnopqr", &[("token-id", "other1")]));
    memory.put(SECRETS, token("stuvwx", &[("expiration", "2026-01-15T09:30:00Z")]));
    memory.put(CONFIG_MAPS, info(json!({"jws-kubeconfig-stuvwx": "old"})));
    memory.run(Controller::BootstrapSigner, 36);
    let keys = |memory: &Memory| -> Vec<String> {
        let info = memory.named(CONFIG_MAPS, "cluster-info").unwrap();
        info["data"].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(&memory), ["jws-kubeconfig-stuvwx"], "without a kubeconfig nothing happens");
    memory.put(CONFIG_MAPS, info(json!({"kubeconfig": "x", "jws-kubeconfig-stuvwx": "old", "other": "y"})));
    assert_eq!(memory.run(Controller::BootstrapSigner, 36), Some(START + Duration::hours(1)));
    assert_eq!(keys(&memory), ["jws-kubeconfig-abcdef", "kubeconfig", "other"]);
    memory.advance(Duration::hours(1));
    memory.run(Controller::BootstrapSigner, 36);
    assert_eq!(keys(&memory), ["kubeconfig", "other"]);
}

fn owned(name: &str, owners: &[(&str, &str, bool)]) -> Value {
    let owners: Vec<_> = owners
        .iter()
        .map(|(kind, name, blocks)| {
            json!({"apiVersion": "v1", "kind": kind, "name": name, "uid": name, "blockOwnerDeletion": blocks})
        })
        .collect();
    json!({"metadata": {"name": name, "namespace": "default", "uid": name, "ownerReferences": owners}})
}

fn names(memory: &Memory) -> Vec<String> {
    let objects = memory.objects.lock().unwrap();
    objects.keys().map(|key| key.name.clone()).collect()
}

#[test]
fn what_belongs_to_what_is_gone_goes() {
    let memory = Memory::new();
    memory.put(("", "nodes"), json!({"metadata": {"name": "node", "uid": "node"}}));
    memory.put(CONFIG_MAPS, owned("of-node", &[("Node", "node", false)]));
    memory.put(CONFIG_MAPS, owned("of-gone", &[("Node", "gone", false)]));
    memory.put(SECRETS, owned("of-that", &[("ConfigMap", "of-gone", false)]));
    memory.put(CONFIG_MAPS, owned("of-both", &[("Node", "gone", false), ("Node", "node", false)]));
    memory.put(CONFIG_MAPS, owned("of-unknown", &[("Widget", "gone", false)]));
    memory.run(Controller::GarbageCollector, 36);
    assert_eq!(names(&memory), ["of-both", "of-node", "of-unknown", "node"]);
    let both = memory.named(CONFIG_MAPS, "of-both").unwrap();
    assert_eq!(list_at(&both, "/metadata/ownerReferences").len(), 1);
}

#[test]
fn owners_wait_for_what_belongs_to_them_or_let_it_go() {
    for (finalizer, left) in [("foregroundDeletion", vec![]), ("orphan", vec!["dependent"])] {
        let memory = Memory::new();
        let mut owner = json!({"metadata": {"name": "node", "uid": "node"}});
        owner["metadata"]["finalizers"] = json!([finalizer]);
        owner["metadata"]["deletionTimestamp"] = "2026-01-15T09:30:00Z".into();
        memory.put(("", "nodes"), owner);
        memory.put(CONFIG_MAPS, owned("dependent", &[("Node", "node", true)]));
        memory.run(Controller::GarbageCollector, 36);
        assert_eq!(names(&memory), left, "{finalizer}");
    }
    // What is held back by a finalizer holds its owner back.
    let memory = Memory::new();
    let mut dependent = owned("dependent", &[("Node", "node", true)]);
    dependent["metadata"]["finalizers"] = json!(["a.example/b"]);
    memory.put(CONFIG_MAPS, dependent);
    memory.put(
        ("", "nodes"),
        json!({"metadata": {"name": "node", "uid": "node", "finalizers": ["foregroundDeletion"],
            "deletionTimestamp": "2026-01-15T09:30:00Z"}}),
    );
    memory.run(Controller::GarbageCollector, 36);
    assert_eq!(names(&memory), ["dependent", "node"]);
}

#[test]
fn a_namespace_is_emptied_and_let_go() {
    let memory = Memory::new();
    let namespace = |name: &str, deleted: bool| {
        let mut object = json!({"metadata": {"name": name}, "spec": {"finalizers": ["kubernetes"]}});
        if deleted {
            object["metadata"]["deletionTimestamp"] = "2026-01-15T09:30:00Z".into();
        }
        object
    };
    memory.put(("", "namespaces"), namespace("default", true));
    memory.put(("", "namespaces"), namespace("kube-system", false));
    memory.put(SECRETS, token("abcdef", &[]));
    memory.put(CONFIG_MAPS, owned("plain", &[]));
    let mut held = owned("held", &[]);
    held["metadata"]["finalizers"] = json!(["a.example/b"]);
    memory.put(CONFIG_MAPS, held);
    memory.run(Controller::NamespaceLifecycle, 36);
    assert_eq!(names(&memory), ["held", "default", "kube-system", "bootstrap-token-abcdef"]);
    memory.objects.lock().unwrap().remove(&Key::new("", "configmaps", "default", "held"));
    memory.run(Controller::NamespaceLifecycle, 36);
    assert_eq!(names(&memory), ["kube-system", "bootstrap-token-abcdef"]);
}

#[test]
fn namespaces_get_their_service_account_and_the_authority() {
    let memory = Memory::new();
    memory.put(("", "namespaces"), json!({"metadata": {"name": "default"}, "status": {"phase": "Active"}}));
    memory.put(("", "namespaces"), json!({"metadata": {"name": "old"}, "status": {"phase": "Terminating"}}));
    memory.run(Controller::ServiceAccount, 36);
    memory.run(Controller::RootCaPublisher, 36);
    assert_eq!(names(&memory), ["kube-root-ca.crt", "default", "old", "default"]);
    let map = memory.named(CONFIG_MAPS, "kube-root-ca.crt").unwrap();
    assert_eq!(map["data"]["ca.crt"], authority().pem());
}
