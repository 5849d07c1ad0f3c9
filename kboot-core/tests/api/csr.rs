//! Requests read without loss, by what stands in them and by what others read there.
use kboot_core::csr::{CertificateSigningRequest, Requestor, Signer};
use kboot_core::x509::{
    self, CertificateRequest, EncodingAnomaly, ExtensionContent, KeyKind, RequestError, SignatureCheck,
};
use kboot_core::x509::{KeyAlgorithm, PrivateKey};
use kboot_testkit::Oracle;
use kboot_testkit::generate::{
    self as make, AttributeTypeAndValue, Extension, GeneralName, Key, Pem, Request, StringTag, der,
};
use serde_json::json;

fn read(request: &Request) -> CertificateRequest {
    CertificateRequest::from_der(&request.der()).unwrap()
}

#[test]
fn every_attribute_of_the_subject_is_kept_in_order() {
    let subject = vec![
        vec![AttributeTypeAndValue::o("system:nodes")],
        vec![AttributeTypeAndValue::o("system:masters"), AttributeTypeAndValue::o("a")],
        vec![AttributeTypeAndValue::cn("one")],
        vec![AttributeTypeAndValue::text("2.5.4.3", StringTag::Bmp, "two!")],
        vec![AttributeTypeAndValue::cn("three")],
        vec![AttributeTypeAndValue::go("1.3.6.1.4.1.57683.2", "uid")],
    ];
    let request = read(&Request::new(subject.clone(), Key::shared(make::KeyKind::P256)));
    let found: Vec<Vec<(String, &[u8])>> = request
        .subject()
        .relative_names()
        .iter()
        .map(|rdn| {
            rdn.iter().map(|attribute| (attribute.oid.to_string(), attribute.value.as_slice())).collect()
        })
        .collect();
    let mut expected: Vec<Vec<(String, &[u8])>> = subject
        .iter()
        .map(|rdn| rdn.iter().map(|attribute| (attribute.oid.clone(), attribute.value.as_slice())).collect())
        .collect();
    // DER sorts a SET OF: "a" is shorter.
    expected[1].reverse();
    assert_eq!(found, expected);
    assert_eq!(request.organizations().collect::<Vec<_>>(), ["system:nodes", "a", "system:masters"]);
    assert_eq!(request.common_names().collect::<Vec<_>>(), ["one", "three"], "the second is no text");
    assert_eq!(request.subject().der(), make::name(&subject));
}

#[test]
fn alternative_names_of_every_kind() {
    let names = [
        GeneralName::dns("*.Example.COM"),
        GeneralName::ip("10.0.0.1"),
        GeneralName::ip("fd00::1"),
        GeneralName::IpOctets(vec![10, 0, 0]),
        GeneralName::Email("a@b".to_owned()),
        GeneralName::Uri("spiffe://a/b".to_owned()),
        GeneralName::OtherName("1.3.6.1.4.1.311.20.2.3".to_owned(), der::tlv(0x0c, b"admin")),
        GeneralName::DirectoryName(vec![vec![AttributeTypeAndValue::cn("x")]]),
        GeneralName::RegisteredId("1.2.3".to_owned()),
        GeneralName::Raw(vec![0xa3, 0]),
        GeneralName::Raw(vec![0xa5, 0]),
    ];
    let request = read(&Request::kubelet_serving("worker-1", &names));
    let found: Vec<x509::GeneralName> = request.alternative_names().cloned().collect();
    let [dns, v4, v6, short, email, uri, other, directory, id, x400, edi] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(dns, &x509::GeneralName::Dns("*.Example.COM".to_owned()));
    assert_eq!(v4, &x509::GeneralName::Ip("10.0.0.1".parse().unwrap()));
    assert_eq!(v6, &x509::GeneralName::Ip("fd00::1".parse().unwrap()));
    assert_eq!(short, &x509::GeneralName::InvalidIp(vec![10, 0, 0]));
    assert_eq!(email, &x509::GeneralName::Email("a@b".to_owned()));
    assert_eq!(uri, &x509::GeneralName::Uri("spiffe://a/b".to_owned()));
    assert!(
        matches!(other, x509::GeneralName::OtherName { oid, value } if oid.to_string() == "1.3.6.1.4.1.311.20.2.3" && value.ends_with(b"admin"))
    );
    assert!(matches!(directory, x509::GeneralName::DirectoryName(_)));
    assert_eq!(id, &x509::GeneralName::RegisteredId("1.2.3".parse().unwrap()));
    assert_eq!(
        (x400, edi),
        (&x509::GeneralName::X400Address(vec![]), &x509::GeneralName::EdiPartyName(vec![]))
    );
}

#[test]
fn attributes_and_extensions_understood_or_not_twice_or_broken() {
    let alt_names = || Extension::alt_names(&[GeneralName::dns("a")]);
    let request = Request {
        extensions: vec![
            vec![alt_names(), Extension::raw("1.2.3.4", vec![5, 0]).critical(), alt_names()],
            vec![Extension::raw("2.5.29.17", vec![1, 2, 3]), Extension::basic_constraints(true)],
        ],
        ..Request::kubelet_client("worker-1")
    }
    .with_attribute(make::CHALLENGE_PASSWORD, vec![der::tlv(0x0c, b"secret")]);
    let request = read(&request);
    let attributes: Vec<String> =
        request.attributes().iter().map(|attribute| attribute.oid.to_string()).collect();
    assert_eq!(attributes.len(), 3);
    assert!(attributes.contains(&"1.2.840.113549.1.9.7".to_owned()));
    let mut found: Vec<(String, bool, String)> = request
        .extensions()
        .iter()
        .map(|extension| {
            let content = format!("{:?}", extension.content);
            let kind = content.split(['(', ' ']).next().unwrap().to_owned();
            (extension.oid.to_string(), extension.critical, kind)
        })
        .collect();
    found.sort();
    let kind = |oid: &str, critical, kind: &str| (oid.to_owned(), critical, kind.to_owned());
    assert_eq!(
        found,
        [
            kind("1.2.3.4", true, "Unknown"),
            kind("2.5.29.17", false, "AlternativeNames"),
            kind("2.5.29.17", false, "AlternativeNames"),
            kind("2.5.29.17", false, "Malformed"),
            kind("2.5.29.19", true, "BasicConstraints"),
        ]
    );
    let authority = request.extensions().iter().any(|extension| {
        matches!(extension.content, ExtensionContent::BasicConstraints { is_authority: true })
    });
    assert!(authority);
}

#[test]
fn keys_and_signatures() {
    for (kind, expected) in [
        (make::KeyKind::P256, KeyKind::EcdsaP256),
        (make::KeyKind::P384, KeyKind::EcdsaP384),
        (make::KeyKind::P521, KeyKind::EcdsaP521),
        (make::KeyKind::Ed25519, KeyKind::Ed25519),
        (make::KeyKind::Rsa2048, KeyKind::Rsa { bits: 2048, sound_exponent: true }),
    ] {
        let request = Request::kubelet_client("worker-1").with_key(Key::shared(kind));
        let right = read(&request);
        assert_eq!((right.public_key().kind(), right.signature()), (&expected, SignatureCheck::Valid));
        let wrong = read(&request.with_signature(make::Signature::Wrong));
        assert_eq!(wrong.signature(), SignatureCheck::Invalid, "{kind:?}");
    }
    for (key, expected) in [
        (make::key::rsa(16384, 65537), KeyKind::Rsa { bits: 16384, sound_exponent: true }),
        (make::key::rsa(1024, 65537), KeyKind::Rsa { bits: 1024, sound_exponent: true }),
        (make::key::rsa(2048, 3), KeyKind::Rsa { bits: 2048, sound_exponent: false }),
        (make::key::p224(), KeyKind::WeakCurve { oid: "1.3.132.0.33".parse().unwrap() }),
    ] {
        let request = Request { public_key_info: Some(key.clone()), ..Request::kubelet_client("worker-1") };
        let request = read(&request);
        assert_eq!(request.public_key().kind(), &expected);
        assert_eq!(request.public_key().der(), key);
    }
}

#[test]
fn pem_is_read_as_go_reads_it_and_oddities_are_told() {
    let request = Request::kubelet_client("worker-1");
    let der = request.der();
    let read = |pem: Pem| CertificateRequest::from_pem(pem.text(&der).as_bytes());
    let text = |text: &str| text.to_owned();
    let odd = |pem: Pem| read(pem).unwrap().anomalies().to_vec();
    assert_eq!(odd(Pem::default()), []);
    assert_eq!(odd(Pem { line_end: text("\r\n"), ..Pem::default() }), []);
    assert_eq!(odd(Pem { line_end: text("  \n"), ..Pem::default() }), []);
    assert_eq!(
        odd(Pem { before: text("Certificate Request:\n  Data\n"), ..Pem::default() }),
        [EncodingAnomaly::SurroundingText]
    );
    let headers = vec![(text("Proc-Type"), text("4,ENCRYPTED"))];
    assert_eq!(odd(Pem { headers, ..Pem::default() }), [EncodingAnomaly::PemHeaders]);
    let second = Pem::default().text(&der);
    assert_eq!(
        odd(Pem { after: second, ..Pem::default() }),
        [EncodingAnomaly::SecondBlock, EncodingAnomaly::SurroundingText]
    );
    let trailing = Request { trailing: vec![0], ..request.clone() };
    assert_eq!(
        CertificateRequest::from_der(&trailing.der()).unwrap().anomalies(),
        [EncodingAnomaly::TrailingBytes]
    );
    let version = Request { version: 1, ..request };
    assert_eq!(
        CertificateRequest::from_der(&version.der()).unwrap().anomalies(),
        [EncodingAnomaly::UnknownVersion]
    );

    let code = |result: Result<CertificateRequest, RequestError>| result.unwrap_err().code();
    assert_eq!(code(read(Pem { noise: text("!"), ..Pem::default() })), "bad-base64");
    assert_eq!(
        code(read(Pem { label: text("NEW CERTIFICATE REQUEST"), ..Pem::default() })),
        "wrong-pem-label"
    );
    assert_eq!(code(read(Pem { before: text("-----BEGIN-----\n"), ..Pem::default() })), "not-pem");
    assert_eq!(code(CertificateRequest::from_pem(b"")), "not-pem");
    assert_eq!(code(CertificateRequest::from_pem(&vec![b'a'; 10 * 1024 * 1024])), "too-large");
    assert_eq!(code(CertificateRequest::from_der(&der[..der.len() - 1])), "malformed");
    let many = |count: u32| {
        let names: Vec<_> = (0..count).map(|i| GeneralName::dns(&format!("n{i}"))).collect();
        CertificateRequest::from_der(&Request::kubelet_serving("worker-1", &names).der())
    };
    assert_eq!(many(1000).unwrap().alternative_names().count(), 1000);
    assert_eq!(code(many(1001)), "too-many-names");
    assert_eq!(code(many(10_000)), "too-large");
}

#[test]
fn der_that_is_not_strict_is_no_request() {
    let der = Request::kubelet_client("worker-1").der();
    // The outer length in one octet more than it needs.
    let mut long = vec![0x30, 0x83, 0];
    long.extend_from_slice(&der[2..]);
    assert_eq!(CertificateRequest::from_der(&long), Err(RequestError::Malformed));
    // Indefinite length
    let mut indefinite = vec![0x30, 0x80];
    indefinite.extend_from_slice(&der[4..]);
    indefinite.extend_from_slice(&[0, 0]);
    assert_eq!(CertificateRequest::from_der(&indefinite), Err(RequestError::Malformed));
}

/// What openssl sees in a request: its subject and names.
fn openssl(pem: &str) -> Option<(String, String)> {
    let openssl = Oracle::find("openssl")?;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("request.pem"), pem);
    let run = |arguments: &[&str]| {
        let arguments = [&["req", "-in", "request.pem", "-noout"], arguments].concat();
        let verdict = openssl.run(folder.path(), &arguments);
        assert!(verdict.accepted, "{verdict}");
        verdict.stdout
    };
    run(&["-verify"]);
    Some((run(&["-subject", "-nameopt", "RFC2253,sep_comma_plus"]), run(&["-text"])))
}

#[expect(clippy::disallowed_methods, reason = "a test's own file")]
fn write(path: std::path::PathBuf, text: &str) {
    std::fs::write(path, text).unwrap();
}

#[test]
fn openssl_reads_what_kboot_writes() {
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Rsa2048] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let node = "worker-1".parse().unwrap();
        let names =
            ["worker-1", "10.0.0.1", "fd00::1"].map(|name| name.parse().unwrap()).into_iter().collect();
        let serving = CertificateRequest::for_kubelet_serving(&node, &names, &key).unwrap();
        assert_eq!(serving.signature(), SignatureCheck::Valid);
        let groups = ["dev", "ops"].map(|group| group.parse().unwrap());
        let user = CertificateRequest::for_user("jane".parse().unwrap(), groups, &key).unwrap();
        let (Some((subject, text)), Some((of_user, _))) =
            (openssl(&serving.to_pem()), openssl(&user.to_pem()))
        else {
            return;
        };
        assert_eq!(subject.trim(), "subject=CN=system:node:worker-1,O=system:nodes");
        assert!(text.contains("DNS:worker-1, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1"), "{text}");
        assert_eq!(of_user.trim(), "subject=CN=jane,O=ops,O=dev");
    }
}

#[test]
fn the_object_goes_both_ways() {
    let pem = Request::kubelet_client("worker-1").pem();
    let value = json!({
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": "csr-x", "creationTimestamp": "2026-11-21T10:00:00Z", "labels": {"a": "b"}},
        "spec": {
            "request": base64_of(&pem),
            "signerName": "kubernetes.io/kube-apiserver-client-kubelet",
            "usages": ["digital signature", "client auth"],
            "expirationSeconds": 3600,
            "username": "system:bootstrap:abcdef",
            "uid": "u",
            "groups": ["system:bootstrappers", "system:authenticated"],
            "extra": {"scopes": ["a", "b"]},
        },
        "status": {
            "conditions": [{
                "type": "Approved", "status": "True", "reason": "AutoApproved", "message": "m",
                "lastUpdateTime": "2026-11-21T10:00:01Z", "lastTransitionTime": "2026-11-21T10:00:01Z",
            }],
            "certificate": base64_of("-----BEGIN CERTIFICATE-----\n"),
        },
    });
    let object = CertificateSigningRequest::from_json(&value.to_string()).unwrap();
    assert_eq!(object.to_json(), value.to_string());
    assert_eq!(object.signer(), Some(Signer::KubeApiserverClientKubelet));
    let Requestor { username, uid, groups, extra, .. } = object.requestor().clone();
    assert_eq!((username.as_str(), uid.as_str()), ("system:bootstrap:abcdef", "u"));
    assert_eq!((groups.len(), extra["scopes"].len()), (2, 2));
    assert!(!object.is_pending());
    for (pointer, wrong, problem) in [
        ("/kind", json!("Pod"), "kind: \"Pod\" is not CertificateSigningRequest"),
        ("/apiVersion", json!("v1"), "apiVersion: \"v1\" is not certificates.k8s.io/v1"),
        ("/spec/usages", json!("client auth"), "invalid type"),
        ("/spec/expirationSeconds", json!(1.5), "invalid type"),
        ("/metadata/creationTimestamp", json!("yesterday"), "metadata.creationTimestamp: is not a time"),
        ("/status/certificate", json!("!"), "status.certificate: is not base64"),
    ] {
        let mut value = value.clone();
        *value.pointer_mut(pointer).unwrap() = wrong;
        let error = CertificateSigningRequest::from_json(&value.to_string()).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
}

#[test]
fn metadata_is_written_as_it_was_read() {
    for metadata in [
        json!({}),
        json!({"name": "a", "uid": "u", "resourceVersion": "7", "labels": {"a": "b"}, "annotations": {"c": "d"}}),
        json!({"generateName": "csr-", "namespace": "", "generation": 2, "finalizers": ["f"]}),
        json!({"name": null, "labels": {}, "annotations": null, "creationTimestamp": null}),
        json!({"name": 5, "uid": [], "labels": {"a": "b", "c": 1}, "annotations": ["x"]}),
        json!({"creationTimestamp": "2026-11-21T10:00:00Z"}),
        json!({"creationTimestamp": "2026-11-21T11:00:00.5+01:00"}),
        json!({"managedFields": [{"manager": "kubectl", "fieldsV1": {"f:spec": {}}}], "made": {"up": 1.5}}),
    ] {
        let object = json!({
            "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": metadata,
            "spec": {"request": "", "signerName": "kubernetes.io/kubelet-serving", "usages": []},
        });
        let read = CertificateSigningRequest::from_json(&object.to_string()).unwrap();
        assert_eq!(json!(read), object);
        assert_eq!(read.to_yaml().unwrap().parse::<CertificateSigningRequest>().unwrap(), read);
        let created = metadata["creationTimestamp"].as_str().map(|_| "2026-11-21T10:00:00Z".to_owned());
        assert_eq!(read.created().map(|time| time.to_string()), created);
        assert_eq!(read.name(), metadata["name"].as_str().unwrap_or_default());
        let named = json!(read.with_generated_name("node-"));
        assert_eq!(named["metadata"]["generateName"], "node-");
        assert!(named["metadata"].get("name").is_none());
    }
}

fn base64_of(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}
