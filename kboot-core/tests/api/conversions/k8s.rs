//! `k8s-openapi`'s types, each held against the same object read from JSON.

use k8s_openapi::ByteString;
use k8s_openapi::api::certificates::v1::CertificateSigningRequest as KubeRequest;
use k8s_openapi::api::core::v1::{Node, Secret};
use k8s_openapi::api::rbac::v1::ClusterRoleBinding as KubeBinding;
use k8s_openapi::jiff;
use kboot_core::csr::{CertificateSigningRequest, Condition, Signer, Stage};
use kboot_core::k8s::{NodeError, names_of_node};
use kboot_core::policy::{ContextDocument, Nodes};
use kboot_core::rbac;
use kboot_core::time::{Lifetime, Timestamp};
use kboot_core::token::{BootstrapToken, TokenSecret, TokenSettings};
use kboot_core::x509::RequestError;
use kboot_testkit::corpus;
use kboot_testkit::generate::Request;
use serde_json::{Value, json};

use crate::common::now;

fn of_kube(object: &Value) -> KubeRequest {
    serde_json::from_value(object.clone()).unwrap()
}

/// An object with every field that the API has.
fn full() -> Value {
    let object = CertificateSigningRequest::new(
        "csr-x",
        Signer::KubeApiserverClientKubelet,
        Request::kubelet_client("worker-1").pem().as_bytes(),
    );
    let mut value = json!(object.with_expiration(Lifetime::ONE_YEAR));
    value["metadata"] = json!({
        "name": "csr-x", "creationTimestamp": "2026-11-21T10:00:00Z", "labels": {"a": "b"},
        "annotations": {"c": "d"}, "uid": "1", "resourceVersion": "7", "generation": 2, "finalizers": ["f"],
        "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "2"}],
        "managedFields": [{"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:spec": {}}}],
    });
    for (field, content) in [
        ("username", json!("system:bootstrap:abcdef")),
        ("uid", json!("u")),
        ("groups", json!(["system:bootstrappers", "system:authenticated"])),
        ("extra", json!({"scopes": ["a", "b"]})),
    ] {
        value["spec"][field] = content;
    }
    value["status"] = json!({
        "conditions": [
            {"type": "Approved", "status": "True", "reason": "AutoApproved", "message": "m",
             "lastUpdateTime": "2026-11-21T10:00:01Z", "lastTransitionTime": "2026-11-21T10:00:02Z"},
            {"type": "Other", "status": "False"},
        ],
        "certificate": "LS0t",
    });
    value
}

#[test]
fn requests_are_the_same_as_from_json() {
    let value = full();
    let from_json = CertificateSigningRequest::from_json(&value.to_string()).unwrap();
    let from_type = CertificateSigningRequest::try_from(&of_kube(&value)).unwrap();
    assert_eq!(from_type, from_json);
    assert_eq!(from_type.to_json(), value.to_string());
    let back = KubeRequest::try_from(&from_type).unwrap();
    assert_eq!(back, of_kube(&value));
    assert_eq!(serde_json::to_value(&back).unwrap(), value);
}

#[test]
fn metadata_is_the_same_as_from_json() {
    let mut odd = full();
    odd["metadata"] = json!({"generateName": "csr-", "labels": {}, "annotations": {}});
    for value in [full(), odd] {
        let typed = of_kube(&value);
        let from_type = CertificateSigningRequest::try_from(&typed).unwrap();
        assert_eq!(from_type, CertificateSigningRequest::from_json(&value.to_string()).unwrap());
        assert_eq!(KubeRequest::try_from(&from_type), Ok(typed));
    }
    let object = CertificateSigningRequest::try_from(&of_kube(&full())).unwrap();
    let metadata = object.metadata();
    assert_eq!((metadata.uid(), metadata.resource_version()), ("1", "7"));
    assert_eq!((metadata.labels().len(), metadata.annotations().len()), (1, 1));
}

#[test]
fn requests_of_attackers_are_the_same_as_from_json() {
    let mut compared = 0;
    for entry in corpus::all() {
        let Ok(typed) = serde_json::from_value::<KubeRequest>(entry.object.clone()) else { continue };
        let from_json = CertificateSigningRequest::from_json(&entry.object.to_string());
        compared += 1;
        let from_type = CertificateSigningRequest::try_from(&typed);
        assert_eq!(from_type, from_json, "{}", entry.name);
        let object = from_type.unwrap();
        assert_eq!(KubeRequest::try_from(&object), Ok(of_kube(&json!(object))), "{}", entry.name);
    }
    assert!(compared > 100, "only {compared} entries are objects of the API");
}

#[test]
fn what_is_no_request_is_named() {
    let typed = of_kube(&full());
    let mut without = typed.clone();
    without.spec.request = ByteString::default();
    let object = CertificateSigningRequest::try_from(&without).unwrap();
    assert!(matches!(object.request(), Err(RequestError::NotPem { .. })), "{object:?}");
    let mut old = typed;
    old.metadata.creation_timestamp = Some(jiff::Timestamp::from_second(-1).unwrap().into());
    let error = CertificateSigningRequest::try_from(&old).unwrap_err();
    assert_eq!(error.to_string(), "metadata.creationTimestamp: is not a time (RFC 3339)");

    for (pointer, content, wanted) in [
        ("/metadata/labels", json!([]), "metadata: is not an object's: invalid type"),
        ("/spec/expirationSeconds", json!(2_147_483_648_u32), "spec.expirationSeconds: must be at most"),
        ("/status/conditions/0/lastUpdateTime", json!("now"), "status.conditions.lastUpdateTime: is not a"),
    ] {
        let mut value = full();
        *value.pointer_mut(pointer).unwrap() = content;
        let object = CertificateSigningRequest::from_json(&value.to_string()).unwrap();
        let error = KubeRequest::try_from(&object).unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{error}");
    }
}

#[test]
fn conditions_are_what_is_sent_to_approval() {
    for (condition, stage) in [
        (Condition::approved("AutoApproved", "m", now()).unwrap(), Stage::Approved),
        (Condition::denied("UnknownNode", "m", now()).unwrap(), Stage::Denied),
        (Condition::failed("SigningFailed", "m", now()).unwrap(), Stage::Failed),
    ] {
        let mut value = full();
        value["status"] = Value::Null;
        let object = CertificateSigningRequest::try_from(&of_kube(&value)).unwrap();
        let object = object.with_condition(Condition::approved("Before", "m", Timestamp::EPOCH).unwrap());
        let object = object.with_condition(condition.clone());
        assert_eq!(object.stage(), stage);
        let status = KubeRequest::try_from(&object).unwrap().status.unwrap();
        let conditions = status.conditions.unwrap();
        let last = conditions.last().unwrap();
        assert_eq!(Condition::from(last), condition);
        let times = json!({"lastUpdateTime": now().to_string(), "lastTransitionTime": now().to_string()});
        let json = serde_json::to_value(last).unwrap();
        assert_eq!((&json["lastUpdateTime"], &json["status"]), (&times["lastUpdateTime"], &json!("True")));
        assert_eq!(conditions.iter().filter(|one| one.type_ == condition.kind).count(), 1);
    }
}

fn token_secret() -> (BootstrapToken, TokenSecret) {
    let token: BootstrapToken = "abcdef.0123456789abcdef".parse().unwrap();
    let settings = TokenSettings::new().with_description("for worker-1").with_expiration(Some(now()));
    let secret = token.secret(&settings).unwrap();
    (token, secret)
}

#[test]
fn secrets_of_tokens_are_the_same_as_from_json() {
    let (token, secret) = token_secret();
    let typed = Secret::from(&secret);
    let json = serde_json::to_string(&typed).unwrap();
    let (from_json, settings_of_json) = TokenSecret::read(&json).unwrap();
    let (from_type, settings) = TokenSecret::read_object(&typed).unwrap();
    assert!(from_json.equals(&token) && from_type.equals(&token));
    assert_eq!(settings, settings_of_json);

    let written: Secret = serde_json::from_str(secret.to_json().unwrap().expose_secret()).unwrap();
    assert!(TokenSecret::read_object(&written).unwrap().0.equals(&token));
    let strings = written.string_data.unwrap().into_iter();
    let data = strings.map(|(key, value)| (key, ByteString(value.into_bytes())));
    assert_eq!(typed, Secret { string_data: None, data: Some(data.collect()), ..written });
}

#[test]
fn other_secrets_are_refused_without_their_content() {
    let typed = Secret::from(&token_secret().1);
    let with = |change: fn(&mut Secret)| {
        let mut secret = typed.clone();
        change(&mut secret);
        let error = TokenSecret::read_object(&secret).unwrap_err().to_string();
        assert!(!error.contains("0123456789abcdef"), "{error}");
        error.replace("the token's Secret is wrong at ", "")
    };
    assert_eq!(with(|secret| secret.type_ = None), "type: must be bootstrap.kubernetes.io/token");
    assert_eq!(
        with(|secret| secret.type_ = Some("Opaque".to_owned())),
        "type: must be bootstrap.kubernetes.io/token"
    );
    assert_eq!(with(|secret| secret.metadata.namespace = None), "metadata.namespace: must be kube-system");
    assert_eq!(
        with(|secret| secret.metadata.name = Some("x".to_owned())),
        "metadata.name: must be bootstrap-token-abcdef"
    );
    assert_eq!(with(|secret| secret.data = None), "data.token-id: is missing");
    let binary = |secret: &mut Secret| {
        let data = secret.data.get_or_insert_default();
        data.insert("token-secret".to_owned(), ByteString(vec![0xff]));
    };
    assert_eq!(with(binary), "data.token-secret: must be UTF-8 text");
}

#[test]
fn bindings_are_the_same_as_in_yaml() {
    let mut all = rbac::tls_bootstrapping();
    all.extend([rbac::administrators(), rbac::api_server_to_kubelets()]);
    assert!(all.iter().any(|binding| binding.subject().kind() == "User"));
    for binding in all {
        let from_yaml: Value = serde_yaml::from_str(&binding.to_yaml().unwrap()).unwrap();
        assert_eq!(serde_json::to_value(KubeBinding::from(&binding)).unwrap(), from_yaml);
    }
}

#[test]
fn nodes_are_the_same_as_from_json() {
    let node = json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker-1"},
        "status": {"addresses": [
            {"type": "InternalIP", "address": "192.168.5.21"}, {"type": "Hostname", "address": "Worker-1"},
            {"type": "ExternalDNS", "address": "worker-1.example.com."}, {"type": "Other", "address": "1.2.3.4"},
            {"type": "InternalDNS", "address": "10.0.0.9"}, {"type": "InternalIP", "address": "hostile\u{1b}"},
            {"type": "ExternalIP", "address": "::ffff:10.0.0.7"}, {"type": "InternalIP", "address": "name"},
        ]},
    });
    let mut document = ContextDocument::default();
    document.add(&json!({"kind": "List", "items": [node]}).to_string()).unwrap();
    let from_json = document.context(now()).nodes.unwrap();
    let typed: Node = serde_json::from_value(node).unwrap();
    let from_type: Nodes = [names_of_node(&typed).unwrap()].into_iter().collect();
    assert_eq!(from_type, from_json);
    assert_eq!(from_type.get(&"worker-1".parse().unwrap()).unwrap().ips().len(), 2);

    let named = |name: Option<&str>| {
        let mut node = typed.clone();
        node.metadata.name = name.map(str::to_owned);
        names_of_node(&node)
    };
    assert_eq!(named(None), Err(NodeError::Nameless));
    assert_eq!(named(Some("")), Err(NodeError::Nameless));
    let error = named(Some("../../etc")).unwrap_err();
    assert!(error.to_string().starts_with("metadata.name: \"../../etc\""), "{error}");
    let mut silent = typed;
    silent.status = None;
    assert!(names_of_node(&silent).unwrap().1.is_empty());
}
