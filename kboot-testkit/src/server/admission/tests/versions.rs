//! What the server makes of objects, and what newer versions than 1.20 do otherwise (read in the sources of 1.36).

use serde_json::{Value, json};

use super::{NOW, admin, csrs, namespaces, of_kind, resource, write};
use crate::generate::{Extension, Key, KeyKind, Object, Request, der, name};
use crate::server::admission::{prepare_create, prepare_update, validate};
use crate::server::attributes::User;
use crate::server::resource::Resource;

fn csr(object: &Object) -> Value {
    let mut object = object.json();
    object["metadata"] = json!({"name": "csr-1"});
    object
}

fn kubelet_client(request: &Request) -> Object {
    Object::kubelet_client("worker-1", request.pem())
}

fn created(resource: &Resource, object: &Value, minor: u32) -> Value {
    let mut object = object.clone();
    prepare_create(resource, &mut object, &admin(), minor);
    object
}

fn refused(resource: &Resource, object: &Value, minor: u32) -> String {
    let written = write(resource, "", &admin(), None, object, &namespaces(), minor);
    written.err().map(|status| status.message).unwrap_or_default()
}

fn errors(resource: &Resource, subresource: &str, old: Option<&Value>, new: &Value) -> Vec<String> {
    validate(resource, subresource, old, new, 36).iter().map(ToString::to_string).collect()
}

#[test]
fn requests_are_stamped_with_who_asks() {
    let mut object = csr(&kubelet_client(&Request::kubelet_client("worker-1")));
    object["spec"]["uid"] = "forged".into();
    object["spec"]["extra"] = json!({"forged": ["x"]});
    object["status"] = json!({"conditions": [{"type": "Approved", "status": "True"}]});
    let user = User {
        name: "jane".to_owned(),
        groups: vec!["system:authenticated".to_owned()],
        extra: [("a".to_owned(), vec!["b".to_owned()])].into(),
        ..User::default()
    };
    prepare_create(&csrs(), &mut object, &user, 36);
    assert_eq!(object["status"], json!({}));
    let spec = &object["spec"];
    assert_eq!((&spec["username"], &spec["groups"]), (&json!("jane"), &json!(["system:authenticated"])));
    assert_eq!((spec.get("uid"), &spec["extra"]), (None, &json!({"a": ["b"]})));
}

#[test]
fn times_of_conditions_are_filled_in() {
    let condition = |status: &str, time: &str| {
        let (updated, since) = (time, time);
        json!({"type": "Other", "status": status, "lastUpdateTime": updated, "lastTransitionTime": since})
    };
    let before = "2020-01-01T00:00:00Z";
    let old = json!({"metadata": {}, "status": {"conditions": [condition("True", before)]}});
    let after = |status: &str| {
        let mut new =
            json!({"metadata": {}, "status": {"conditions": [{"type": "Other", "status": status}]}});
        prepare_update(&csrs(), "approval", &old, &mut new, NOW, 36);
        new["status"]["conditions"][0].clone()
    };
    assert_eq!(after("False"), condition("False", NOW));
    let mut unchanged = condition("True", NOW);
    unchanged["lastTransitionTime"] = before.into();
    assert_eq!(after("True"), unchanged);
}

#[test]
fn a_subresource_changes_its_half() {
    let widgets = resource("a.example", "widgets", "Widget", true, &["status"]);
    let of = |spec: i32, status: i32| json!({"metadata": {"name": "a"}, "spec": {"n": spec}, "status": {"n": status}});
    let old = created(&widgets, &of(1, 1), 36);
    assert_eq!(old, json!({"metadata": {"name": "a", "generation": 1}, "spec": {"n": 1}}));
    let update = |subresource: &str, new: Value| {
        let mut new = new;
        prepare_update(&widgets, subresource, &old, &mut new, NOW, 36);
        new
    };
    let changed = json!({"metadata": {"name": "a", "generation": 2}, "spec": {"n": 2}});
    assert_eq!(update("", of(2, 2)), changed);
    assert_eq!(update("", of(1, 2)), old);
    let mut labelled = of(2, 2);
    labelled["metadata"]["labels"] = json!({"a": "b"});
    let mut status = old.clone();
    status["status"] = json!({"n": 2});
    assert_eq!(update("status", labelled), status);
    let nodes = of_kind("node");
    let mut node = of(2, 2);
    prepare_update(&nodes, "status", &of(1, 1), &mut node, NOW, 36);
    assert_eq!(node, of(1, 2));
    let mut node = of(2, 2);
    prepare_update(&nodes, "", &of(1, 1), &mut node, NOW, 36);
    assert_eq!(node, of(2, 1));
}

#[test]
fn defaults_that_clients_see() {
    let secret = json!({"metadata": {"name": "a"}, "data": {"a": "eA=="}, "stringData": {"b": "y"}});
    let stored = created(&of_kind("secret"), &secret, 36);
    assert_eq!(
        stored,
        json!({"metadata": {"name": "a"}, "type": "Opaque", "data": {"a": "eA==", "b": "eQ=="}})
    );
    let namespace = json!({"metadata": {"name": "a"}, "status": {"phase": "Odd"}});
    let mut stored = json!({"metadata": {"name": "a"}, "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"}});
    assert_eq!(created(&of_kind("ns"), &namespace, 20), stored);
    stored["metadata"]["labels"] = json!({"kubernetes.io/metadata.name": "a"});
    assert_eq!(created(&of_kind("ns"), &namespace, 21), stored);
    let binding = json!({"roleRef": {"kind": "Role", "name": "r"}, "subjects": [
        {"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "s"}]});
    let stored = created(&of_kind("rb"), &binding, 36);
    assert_eq!(stored["roleRef"]["apiGroup"], "rbac.authorization.k8s.io");
    assert_eq!(stored["subjects"][0]["apiGroup"], "rbac.authorization.k8s.io");
    assert_eq!(stored["subjects"][1].get("apiGroup"), None);
    let node = json!({"spec": {"podCIDR": "10.0.0.0/24"}, "status": {"capacity": {"cpu": "1"}}});
    let stored = created(&of_kind("node"), &node, 36);
    assert_eq!(stored["spec"]["podCIDRs"], json!(["10.0.0.0/24"]));
    assert_eq!(stored["status"]["allocatable"], json!({"cpu": "1"}));
}

#[test]
fn expiration_counts_from_1_22_on() {
    let object = csr(&kubelet_client(&Request::kubelet_client("worker-1")).with_expiration(599));
    assert_eq!(refused(&csrs(), &object, 21), "");
    assert_eq!(
        refused(&csrs(), &object, 22),
        "CertificateSigningRequest.certificates.k8s.io \"csr-1\" is invalid: spec.expirationSeconds: Invalid value: \
         599: may not specify a duration less than 600 seconds (10 minutes)"
    );
}

#[test]
fn an_extension_twice_is_refused_from_1_25_on() {
    let usage = || Extension::key_usage(&[0]);
    let request = Request::kubelet_client("worker-1").with_extension(usage()).with_extension(usage());
    let object = csr(&kubelet_client(&request));
    assert_eq!(refused(&csrs(), &object, 24), "");
    let message = refused(&csrs(), &object, 25);
    assert!(
        message.ends_with("x509: certificate request contains duplicate requested extensions"),
        "{message}"
    );
}

#[test]
fn octets_are_printed_as_base64_from_1_33_on() {
    let mut object = csr(&kubelet_client(&Request::kubelet_client("worker-1")));
    object["spec"]["request"] = "aGk=".into();
    let message = |minor| refused(&csrs(), &object, minor);
    let expected = "spec.request: Invalid value: \"aGk=\": PEM block type must be CERTIFICATE REQUEST";
    assert!(message(33).ends_with(expected), "{}", message(33));
    assert!(message(20).contains("Invalid value: []byte{0x68, 0x69}: PEM"), "{}", message(20));
}

#[test]
fn sizes_are_limited() {
    let with = |field: &str, value: Value| {
        let mut object = json!({"metadata": {"name": "a", "namespace": "default"}});
        object[field] = value;
        object
    };
    let zeros = |octets: usize| json!({"a": "A".repeat(octets.div_ceil(3) * 4)});
    assert_eq!(errors(&of_kind("secret"), "", None, &with("data", zeros(1_048_575))), [""; 0]);
    let too_long = "data: Too long: may not be more than 1048576 bytes";
    assert_eq!(errors(&of_kind("secret"), "", None, &with("data", zeros(1_048_578))), [too_long]);
    assert_eq!(
        refused(&of_kind("secret"), &with("data", zeros(1_048_578)), 20),
        "Secret \"a\" is invalid: data: Too long: must have at most 1048576 bytes"
    );
    let mut annotated = with("data", json!({}));
    annotated["metadata"]["annotations"] = json!({"a": "x".repeat(262_144)});
    let too_long = "metadata.annotations: Too long: may not be more than 262144 bytes";
    assert_eq!(errors(&of_kind("cm"), "", None, &annotated), [too_long]);
}

/// A self-signed certificate with these basic constraints.
fn certificate(authority: bool) -> String {
    let key = Key::shared(KeyKind::P256);
    let subject = name(&crate::generate::go_subject(&[], "ca"));
    let info = der::sequence([
        der::tlv(0xa0, &der::tlv(0x02, &[2])),
        der::unsigned(&[1]),
        key.signature_algorithm(),
        subject.clone(),
        der::sequence([der::tlv(0x17, b"250101000000Z"), der::tlv(0x17, b"270101000000Z")]),
        subject,
        key.public_key_info(),
        der::tlv(0xa3, &der::sequence([Extension::basic_constraints(authority).der()])),
    ]);
    let whole = der::sequence([info.clone(), key.signature_algorithm(), der::bit_string(&key.sign(&info))]);
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, whole);
    format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
}

#[test]
fn trust_bundles_hold_authorities() {
    let bundles = resource("certificates.k8s.io", "clustertrustbundles", "ClusterTrustBundle", false, &[]);
    let bundle = |name: &str, signer: &str, pem: &str| {
        let spec = json!({"signerName": signer, "trustBundle": pem});
        json!({"metadata": {"name": name}, "spec": spec})
    };
    let of = |name: &str, signer: &str, pem: &str| errors(&bundles, "", None, &bundle(name, signer, pem));
    let authority = certificate(true);
    assert_eq!(of("a", "", &authority), [""; 0]);
    assert_eq!(of("a.example:b:c", "a.example/b", &authority), [""; 0]);
    assert_eq!(
        of("c", "a.example/b", &authority),
        [
            "metadata.name: Invalid value: \"c\": ClusterTrustBundle for signerName a.example/b must be named with \
             prefix a.example:b:"
        ]
    );
    assert_eq!(
        of("a:b", "", &authority),
        ["metadata.name: Invalid value: \"a:b\": ClusterTrustBundle without signer name must not have \
              \":\" in its name"]
    );
    let field = "spec.trustBundle: Invalid value: \"<value omitted>\":";
    for (pem, detail) in [
        (String::new(), "at least one trust anchor must be provided"),
        (certificate(false), "entry 0 does not have the CA bit set"),
        (authority.clone() + &authority, "duplicate trust anchor (indices [0 1])"),
        (authority.replace("CERTIFICATE", "X"), "entry 0 has bad block type: X"),
    ] {
        assert_eq!(of("a", "", &pem), [format!("{field} {detail}")]);
    }
    let old = json!({"metadata": {"name": "a", "resourceVersion": "1"}, "spec": {"trustBundle": authority}});
    let mut new = old.clone();
    new["spec"]["signerName"] = "a.example/b".into();
    let changed = errors(&bundles, "", Some(&old), &new);
    assert!(
        changed.iter().any(|error| error.ends_with("\"a.example/b\": field is immutable")),
        "{changed:?}"
    );
}

#[test]
fn pod_certificate_requests_prove_their_key() {
    let requests =
        resource("certificates.k8s.io", "podcertificaterequests", "PodCertificateRequest", true, &["status"]);
    let base64 = |octets: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, octets);
    let key = Key::shared(KeyKind::P256);
    let valid = json!({
        "metadata": {"name": "a", "namespace": "default", "resourceVersion": "1"},
        "spec": {
            "signerName": "a.example/b", "podName": "p", "podUID": "u", "serviceAccountName": "s",
            "serviceAccountUID": "u", "nodeName": "n", "nodeUID": "u", "maxExpirationSeconds": 86400,
            "pkixPublicKey": base64(&key.public_key_info()), "proofOfPossession": base64(&key.sign(b"u")),
        },
    });
    let with = |field: &str, value: Value| {
        let mut object = valid.clone();
        object["spec"][field] = value;
        errors(&requests, "", None, &object)
    };
    assert_eq!(errors(&requests, "", None, &valid), [""; 0]);
    let proof = "spec.proofOfPossession: Invalid value: could not verify proof-of-possession signature";
    assert_eq!(with("podUID", "other".into()), [proof]);
    let range = "spec.maxExpirationSeconds: Invalid value: 3599: must be in the range [3600, 7862400]";
    assert_eq!(with("maxExpirationSeconds", 3599.into()), [range]);
    assert_eq!(with("nodeUID", "".into()), ["spec.nodeUID: Invalid value: \"\": must not be empty"]);
    let one = "spec: Invalid value: exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must \
               be set";
    assert_eq!(with("pkixPublicKey", Value::Null), [one]);
    let mut stub = valid.clone();
    stub["spec"]["pkixPublicKey"] = Value::Null;
    stub["spec"]["proofOfPossession"] = Value::Null;
    stub["spec"]["stubPKCS10Request"] = base64(&Request::new(Vec::new(), key).der()).into();
    assert_eq!(errors(&requests, "", None, &stub), [""; 0]);

    let ended = |kind: &str| {
        let mut object = valid.clone();
        object["status"] = json!({"conditions": [
            {"type": kind, "status": "True", "reason": "R", "lastTransitionTime": NOW}]});
        object
    };
    assert_eq!(errors(&requests, "status", Some(&valid), &ended("Denied")), [""; 0]);
    let again = "status: Invalid value: immutable after PodCertificateRequest is issued, denied, or failed";
    assert_eq!(errors(&requests, "status", Some(&ended("Denied")), &ended("Failed")), [again]);
    let unknown = "status.conditions.[0].type: Unsupported value: \"Odd\": supported values: \"Issued\", \"Denied\", \
                   \"Failed\"";
    assert_eq!(errors(&requests, "status", Some(&valid), &ended("Odd")), [unknown]);
}
