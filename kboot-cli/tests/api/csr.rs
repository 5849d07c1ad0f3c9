//! `kboot csr new`, `inspect` and `sign`, and the tokens that a rule ties to a node.

use std::fs;
use std::path::Path;

use crate::common::{json, kboot_with, mode, run, succeed, write};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kboot_testkit::Oracle;
use serde_json::{Value, json};

/// What openssl says to these words, each argument separated by a blank.
fn openssl(folder: &Path, arguments: &str) -> Option<String> {
    let verdict = Oracle::find("openssl")?.run(folder, &arguments.split(' ').collect::<Vec<_>>());
    assert!(verdict.accepted, "{arguments}: {verdict}");
    Some(verdict.stdout + &verdict.stderr)
}

const CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
const JOINING: &str = "--requestor system:bootstrap:abcdef --group system:bootstrappers";

#[test]
fn requests_are_made_as_kubelets_make_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (what, subject, names, algorithm, usages) in [
        (
            "node-client worker-1",
            "O = system:nodes, CN = system:node:worker-1",
            None,
            "ecdsa-p256",
            "client auth",
        ),
        (
            "node-serving worker-1 --san worker-1 --san 10.0.0.1,fd00::1",
            "O = system:nodes, CN = system:node:worker-1",
            Some("DNS:worker-1, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1"),
            "ecdsa-p384",
            "server auth",
        ),
        ("user jane --group dev --group ops", "O = dev, O = ops, CN = jane", None, "rsa-2048", "client auth"),
    ] {
        let name = what.split(' ').next().unwrap();
        let made =
            succeed(folder, &format!("csr new {what} --key-out {name}.key --key-algorithm {algorithm}"));
        assert_eq!(mode(&folder.join(format!("{name}.key"))), 0o600);
        assert_eq!(made.stderr, "", "nothing to warn of");
        write(&folder.join("a.csr"), made.stdout.as_bytes());
        if let Some(text) = openssl(folder, "req -in a.csr -noout -text -verify") {
            assert!(text.contains("verify OK") && text.contains(&format!("Subject: {subject}\n")), "{text}");
            assert!(names.is_none_or(|names| text.contains(names)), "{text}");
            assert_eq!(names.is_some(), text.contains("X509v3"), "no extension but the names: {text}");
            let key = openssl(folder, &format!("pkey -in {name}.key -pubout")).unwrap();
            assert_eq!(openssl(folder, "req -in a.csr -noout -pubkey").unwrap(), key);
        }
        // The object: the same key again, since keys are made once.
        let object =
            json(folder, &format!("csr new {what} --key {name}.key -o json --name n --lifetime 24h"));
        assert_eq!(object["metadata"], json!({"name": "n"}));
        assert_eq!(object["spec"]["expirationSeconds"], 86_400);
        let mut expected = vec!["digital signature", usages];
        if algorithm == "rsa-2048" {
            expected.insert(1, "key encipherment");
        }
        assert_eq!(object["spec"]["usages"], json!(expected), "{what}");
        let pem = STANDARD.decode(object["spec"]["request"].as_str().unwrap()).unwrap();
        assert!(pem.starts_with(b"-----BEGIN CERTIFICATE REQUEST-----\n"));
    }
    let yaml = succeed(folder, "csr new node-client worker-1 --key node-client.key -o yaml --out a.yaml");
    assert_eq!((yaml.stdout.as_str(), mode(&folder.join("a.yaml"))), ("", 0o644));
    if let Some(kubectl) = Oracle::find("kubectl") {
        let read = kubectl.run(folder, &["label", "--local", "-f", "a.yaml", "a=b", "-o", "json"]);
        let read: Value = serde_json::from_str(&read.stdout).unwrap();
        assert_eq!(read["metadata"]["generateName"], "csr-");
        assert_eq!(read["spec"]["signerName"], CLIENT);
        assert!(read["metadata"].get("name").is_none() && read["spec"].get("username").is_none(), "{read}");
    }
}

#[test]
fn older_versions_are_asked_in_their_words() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeed(folder, "csr new user jane --key-out k.key --out a.csr");
    let (signature, encipherment) = ("digital signature", "key encipherment");
    for (what, version, usages) in [
        ("node-client worker-1", "1.26", vec![signature, encipherment, "client auth"]),
        ("node-client worker-1", "v1.27.0", vec![signature, "client auth"]),
        ("node-serving worker-1 --san worker-1", "v1.26.3", vec![signature, encipherment, "server auth"]),
        ("node-serving worker-1 --san worker-1", "1.27", vec![signature, "server auth"]),
        ("user jane", "1.26", vec![signature, "client auth"]),
    ] {
        let made = succeed(
            folder,
            &format!("csr new {what} --key k.key -o json --name n --kubernetes-version {version}"),
        );
        let object: Value = serde_json::from_str(&made.stdout).unwrap();
        assert_eq!(object["spec"]["usages"], json!(usages), "{what} {version}");
        assert_eq!(made.stderr, "", "{what} {version}");
    }
    let nameless =
        succeed(folder, "csr new user jane --key k.key -o json --kubernetes-version 1.22 --lifetime 24h");
    assert!(nameless.stderr.contains("kubectl apply needs a name"), "{}", nameless.stderr);
}

#[test]
fn no_file_is_overwritten_and_no_option_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeed(folder, "csr new node-client worker-1 --key-out k.key --out a.csr");
    let (key, request) = (fs::read(folder.join("k.key")).unwrap(), fs::read(folder.join("a.csr")).unwrap());
    for (arguments, said) in [
        ("node-client worker-1 --key-out k.key", "k.key is there already"),
        ("node-client worker-1 --key-out new.key --out a.csr", "a.csr is there already"),
        ("node-client worker-1", "--key-out"),
        ("node-client worker-1 --key k.key --key-out new.key", "cannot be used with"),
        ("node-client worker-1 --key k.key --key-algorithm rsa-2048", "cannot be used with"),
        ("node-client worker-1 --key-out -", "stdout is for the request"),
        ("node-client Worker --key-out new.key", "Worker"),
        ("node-serving worker-1 --key-out new.key", "--san"),
        ("node-serving worker-1 --san 10.0.0.300 --key-out new.key", "10.0.0.300"),
        ("user jane --key-out new.key --name n", "add -o yaml or -o json"),
        ("user jane --key-out new.key --lifetime 24h", "add -o yaml or -o json"),
        ("user jane --key-out new.key -o json --lifetime 9m", "less than 10m"),
        ("user jane --key-out new.key -o json --name a/b", "cannot be an object's name"),
        ("user jane --key-out new.key --kubernetes-version 1.26", "add -o yaml or -o json"),
        (
            "user jane --key-out new.key -o json --lifetime 24h --kubernetes-version 1.21",
            "Kubernetes before 1.22 has no expirationSeconds",
        ),
        ("user jane --key-out new.key --out new.key", "the same file, new.key"),
        ("user jane --key-out new.key --out ./new.key", "the same file"),
        ("user jane --key-out new.key --out missing/a.csr", "its folder is not there"),
        ("user jane --key a.csr", "a.csr: no private key"),
        ("user jane --key missing", "cannot read missing"),
    ] {
        let outcome = run(folder, &format!("csr new {arguments}"));
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{arguments}");
        assert!(outcome.stderr.contains(said), "{arguments}: {}", outcome.stderr);
        assert!(!folder.join("new.key").exists(), "{arguments}");
    }
    assert_eq!(fs::read(folder.join("k.key")).unwrap(), key);
    assert_eq!(fs::read(folder.join("a.csr")).unwrap(), request);
    for (arguments, code) in [
        ("node-serving worker-1 --san localhost", "alt-name-reserved"),
        ("user jane --group system:masters", "privileged-identity"),
        ("user system:admin", "privileged-identity"),
    ] {
        let made = succeed(folder, &format!("csr new {arguments} --key k.key"));
        assert!(made.stderr.contains("warning: ") && made.stderr.contains(code), "{}", made.stderr);
    }
}

const ODD: &str = "oid_section = oids\n[oids]\nkubernetesUid = 1.3.6.1.4.1.57683.2\n[req]\ndistinguished_name = dn\nprompt = no\nattributes = a\nreq_extensions = e\n\
    [dn]\n0.O = system:masters\n1.O = a\\,b\nOU = unit\nCN = jane\nkubernetesUid = u-1\n\
    [a]\nchallengePassword = hunter2\n\
    [e]\nsubjectAltName = DNS:w, IP:10.0.0.1, IP:::1, email:a@b.c, URI:https://x/, RID:1.2.3, dirName:d, otherName:1.2.3.4;UTF8:o\n\
    keyUsage = critical, digitalSignature, keyCertSign\nextendedKeyUsage = clientAuth, 1.2.3.9\n\
    basicConstraints = CA:TRUE\n1.2.3.4.5 = critical, DER:05:00\n[d]\nCN = other\n";

#[test]
fn inspection_passes_over_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(&folder.join("c.cnf"), ODD.as_bytes());
    let made = "req -new -newkey rsa:2048 -nodes -keyout k.pem -config c.cnf -out a.csr -text";
    if openssl(folder, made).is_none() {
        return;
    }
    openssl(folder, "req -in a.csr -outform DER -out a.der");
    let found = &json(folder, "csr inspect -f a.csr -o json")[0]["request"];
    assert_eq!(found["subject"], "O=system:masters, O=a\\,b, OU=unit, CN=jane, 1.3.6.1.4.1.57683.2=u-1");
    let names: Vec<_> =
        found["subjectNames"].as_array().unwrap().iter().map(|name| &name[0]["text"]).collect();
    assert_eq!(names, ["system:masters", "a,b", "unit", "jane", "u-1"]);
    assert_eq!(
        found["alternativeNames"],
        json!([
            {"kind": "DNS", "name": "w"},
            {"kind": "IP", "name": "10.0.0.1"},
            {"kind": "IP", "name": "::1"},
            {"kind": "email", "name": "a@b.c"},
            {"kind": "URI", "name": "https://x/"},
            {"kind": "registeredID", "name": "1.2.3"},
            {"kind": "directoryName", "name": "CN=other"},
            {"kind": "otherName", "name": "1.2.3.4"},
        ])
    );
    let extensions: Vec<_> = found["extensions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["oid"].as_str().unwrap(), one["critical"] == true, one["understood"] == true))
        .collect();
    let expected = [
        ("2.5.29.17", false, true),
        ("2.5.29.15", true, true),
        ("2.5.29.37", false, true),
        ("2.5.29.19", false, true),
        ("1.2.3.4.5", true, false),
    ];
    assert_eq!(extensions, expected);
    assert_eq!(found["extensions"][1]["says"], "digital signature, cert sign");
    assert_eq!(found["extensions"][2]["says"], "client auth, 1.2.3.9");
    assert_eq!(found["extensions"][3]["says"], "CA:TRUE");
    let mut attributes: Vec<_> =
        found["attributes"].as_array().unwrap().iter().map(|one| one["oid"].as_str().unwrap()).collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["1.2.840.113549.1.9.14", "1.2.840.113549.1.9.7"]);
    assert_eq!((&found["key"], &found["signature"]), (&json!("RSA 2048"), &json!("right")));
    assert_eq!(found["oddities"], json!(["surrounding-text"]));
    let mut of_der = json(folder, "csr inspect -f a.der -o json")[0]["request"].clone();
    of_der["oddities"] = found["oddities"].clone();
    assert_eq!(&of_der, found, "DER says the same");

    let table = succeed(folder, "csr inspect -f a.csr -f a.der").stdout;
    for line in [
        "subject     O=system:masters, O=a\\,b, OU=unit",
        "name        directoryName:CN=other",
        "extension   1.2.3.4.5, critical: not understood",
        "extension   basicConstraints (2.5.29.19): CA:TRUE",
        "attribute   1.2.840.113549.1.9.7 (challengePassword)",
        "signed      by its own key",
        "odd         text stands around the PEM block (surrounding-text)",
    ] {
        assert!(table.contains(line), "{line}: {table}");
    }
    assert_eq!(table.matches("subject ").count(), 2);
    // cert inspect reads by the same reader.
    let briefly = &json(folder, "cert inspect a.csr -o json")[0];
    assert_eq!((&briefly["isAuthority"], &briefly["dnsNames"]), (&json!(true), &json!(["w"])));
}

fn object(request: &[u8]) -> Value {
    json!({
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": "csr-1", "creationTimestamp": "2026-06-01T11:00:00Z"},
        "spec": {
            "request": STANDARD.encode(request),
            "signerName": CLIENT,
            "username": "system:bootstrap:abcdef",
            "uid": "u",
            "groups": ["system:bootstrappers", "system:authenticated"],
            "extra": {"scopes": ["a"]},
            "usages": ["digital signature", "client auth"],
            "expirationSeconds": 7200,
        },
    })
}

#[test]
fn objects_show_who_sent_them_and_what_became_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let pem = succeed(folder, "csr new node-client worker-1 --key-out k.key").stdout;
    let mut decided = object(pem.as_bytes());
    decided["status"] = json!({
        "certificate": STANDARD.encode("x"),
        "conditions": [{"type": "Approved", "status": "True", "reason": "AutoApproved", "message": "by \u{1b}[2J", "lastUpdateTime": "2026-06-01T11:00:01Z"}],
    });
    let list = json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": [object(pem.as_bytes()), decided]});
    write(&folder.join("list.json"), list.to_string().as_bytes());
    let found = json(folder, "csr inspect -f list.json -o json");
    let first = &found[0]["object"];
    assert_eq!(first["requestor"]["username"], "system:bootstrap:abcdef");
    assert_eq!(first["requestor"]["extra"], json!({"scopes": ["a"]}));
    assert_eq!((&first["expirationSeconds"], &first["hasCertificate"]), (&json!(7200), &json!(false)));
    assert_eq!(found[1]["object"]["conditions"][0]["reason"], "AutoApproved");
    assert_eq!(found[1]["object"]["hasCertificate"], true);
    let table = succeed(folder, "csr inspect -f list.json").stdout;
    for line in [
        "list.json: csr-1\n",
        "requestor   system:bootstrap:abcdef",
        "in groups   system:bootstrappers, system:authenticated",
        "expiration  7200 s",
        "condition   Approved, AutoApproved, by \\u{1b}[2J, 2026-06-01T11:00:01Z",
        "certificate issued",
        "certificate none",
    ] {
        assert!(table.contains(line), "{line}: {table}");
    }
    // As YAML, and through stdin.
    write(&folder.join("one.json"), object(pem.as_bytes()).to_string().as_bytes());
    if let Some(kubectl) = Oracle::find("kubectl") {
        let yaml = kubectl.run(folder, &["label", "--local", "-f", "one.json", "a=b", "-o", "yaml"]);
        let from_yaml =
            kboot_with(folder, &["csr", "inspect", "-f", "-", "-o", "json"], yaml.stdout.as_bytes());
        let mut from_yaml: Value = serde_json::from_str(&from_yaml.stdout).unwrap();
        assert_eq!(from_yaml[0]["file"], "stdin");
        from_yaml[0]["file"] = "list.json".into();
        assert_eq!(from_yaml[0], found[0]);
    }
}

/// A TLV in DER.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let head = match content.len() {
        short @ 0..128 => vec![tag, u8::try_from(short).unwrap()],
        _ => [vec![tag, 0x80 | u8::try_from(length.len()).unwrap()], length].concat(),
    };
    [head.as_slice(), content].concat()
}

/// A request for CN=a with this SubjectPublicKeyInfo and these attributes, whose signature is nonsense.
fn request(key: &[u8], attributes: &[u8]) -> Vec<u8> {
    let name = tlv(0x30, &tlv(0x31, &tlv(0x30, &[tlv(6, &[0x55, 4, 3]), tlv(12, b"a")].concat())));
    let signed = tlv(0x30, &[tlv(2, &[0]), name, key.to_vec(), tlv(0xa0, attributes)].concat());
    let sha256_with_rsa = tlv(0x30, &[tlv(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"), tlv(5, b"")].concat());
    tlv(0x30, &[signed, sha256_with_rsa, tlv(3, &[0; 257])].concat())
}

fn rsa_key(bytes: usize) -> Vec<u8> {
    let modulus = tlv(2, &[vec![0], vec![0xff; bytes]].concat());
    let key = tlv(0x30, &[modulus, tlv(2, &[1, 0, 1])].concat());
    let rsa = tlv(0x30, &[tlv(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), tlv(5, b"")].concat());
    tlv(0x30, &[rsa, tlv(3, &[vec![0], key].concat())].concat())
}

fn in_pem(der: &[u8]) -> String {
    format!(
        "-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n",
        STANDARD.encode(der)
    )
}

#[test]
fn what_is_damaged_is_said_with_its_code() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeed(folder, "ca create --out pki");
    let good = succeed(folder, "csr new node-client worker-1 --key-out k.key").stdout;
    let names = tlv(0x30, &tlv(0x82, b"a").repeat(10_000));
    let extension = tlv(0x30, &[tlv(6, &[0x55, 0x1d, 0x11]), tlv(4, &names)].concat());
    let attribute = tlv(
        0x30,
        &[tlv(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"), tlv(0x31, &tlv(0x30, &extension))].concat(),
    );
    let many_names = in_pem(&request(&rsa_key(256), &attribute));
    let huge = in_pem(&vec![b'A'; 10 * 1024 * 1024]);
    let cut = &good[..good.len() - 30];
    for (what, text, code) in [
        ("10 MiB", huge.as_str(), "too-large"),
        ("10,000 names", &many_names, "too-many-names"),
        ("wrong base64", &good.replacen("\nMI", "\nM!", 1), "bad-base64"),
        ("nonsense in base64", &in_pem(b"hello"), "malformed"),
        ("a certificate", &good.replace("CERTIFICATE REQUEST", "CERTIFICATE"), "wrong-pem-label"),
        ("cut short", cut, "not-pem"),
        ("empty", "", "not-pem"),
        ("a text", "hello\n", "not-pem"),
        ("another object", "apiVersion: v1\nkind: Secret\nspec: {request: eA==}\n", "not-an-object"),
        ("YAML that is none", "kind: [\n", "not-an-object"),
        ("JSON that is none", "{\"kind\": ", "not-an-object"),
    ] {
        write(&folder.join("bad"), text.as_bytes());
        let outcome = run(folder, "csr inspect -f bad");
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{what}: {}", outcome.stderr);
        let has_code = outcome.stderr.contains(&format!("({code})\n"));
        assert!(
            has_code && outcome.stderr.contains("bad: ") && outcome.stderr.len() < 400,
            "{what}: {}",
            outcome.stderr
        );
        let sign = format!("csr sign --ca pki -f bad --signer {CLIENT} {JOINING} --out signed.crt");
        let outcome = run(folder, &sign);
        assert_eq!(outcome.code, Some(2), "{what}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(&format!("({code})")), "{what}: {}", outcome.stderr);
        // Within an object it does not hide the others, and is denied where it is to be signed.
        if code == "not-an-object" {
            continue;
        }
        let both = json!({"apiVersion": "v1", "kind": "List", "items": [object(text.as_bytes()), object(good.as_bytes())]});
        let both =
            kboot_with(folder, &["csr", "inspect", "-f", "-", "-o", "json"], both.to_string().as_bytes());
        assert_eq!(both.code, Some(2), "{what}");
        if what != "10 MiB" {
            let found: Value = serde_json::from_str(&both.stdout).unwrap();
            assert_eq!(
                (&found[0]["error"]["code"], &found[1]["error"]),
                (&json!(code), &Value::Null),
                "{what}"
            );
        }
        write(&folder.join("bad.json"), object(text.as_bytes()).to_string().as_bytes());
        let outcome = run(folder, "csr sign --ca pki -f bad.json --approve-as ops --out signed.crt");
        assert_ne!(outcome.code, Some(0), "{what}: {}", outcome.stderr);
    }
    assert!(!folder.join("signed.crt").exists());

    // Read, and odd.
    let headers = good.replacen("-----\n", "-----\nProc-Type: 4,ENCRYPTED\n\n", 1);
    for (text, oddities) in [
        (good.replace('\n', "\r\n"), json!([])),
        (headers, json!(["pem-headers"])),
        (good.clone() + &good, json!(["second-block", "surrounding-text"])),
        (in_pem(&[request(&rsa_key(256), b""), vec![0]].concat()), json!(["trailing-bytes"])),
    ] {
        let found = kboot_with(folder, &["csr", "inspect", "-f", "-", "-o", "json"], text.as_bytes());
        assert_eq!(found.code, Some(0), "{}", found.stderr);
        let found: Value = serde_json::from_str(&found.stdout).unwrap();
        assert_eq!(found[0]["request"]["oddities"], oddities);
    }
    write(&folder.join("big.csr"), in_pem(&request(&rsa_key(2048), b"")).as_bytes());
    let found = json(folder, "csr inspect -f big.csr -o json");
    assert_eq!(
        (&found[0]["request"]["key"], &found[0]["request"]["signature"]),
        (&json!("RSA 16384"), &json!("unknown"))
    );
    let outcome =
        run(folder, &format!("csr sign --ca pki -f big.csr --signer {CLIENT} {JOINING} --approve-as ops"));
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""), "{}", outcome.stderr);
}

const POLICY: &str = "
apiVersion: kboot.dev/v1alpha1
kind: CsrPolicy
spec:
  rules:
  - {name: no-lab, signer: kubernetes.io/kube-apiserver-client-kubelet, node: {names: ['lab-*']}, message: Not here., decision: deny}
  - name: joining
    signer: kubernetes.io/kube-apiserver-client-kubelet
    requestor: {groups: [system:bootstrappers]}
    node: {names: ['worker-*'], mayRejoin: true}
    maxExpiration: 48h
    decision: approve
";

#[test]
fn only_what_was_approved_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(&folder.join("policy.yaml"), POLICY.as_bytes());
    succeed(folder, "ca create --out pki");
    succeed(folder, "csr new node-client worker-1 --key-out k.key --out worker.csr");
    succeed(folder, "csr new node-client lab-1 --key k.key --out lab.csr");
    succeed(folder, "csr new node-client other-1 --key k.key --out other.csr");
    succeed(folder, "csr new user jane --group dev --key k.key --out jane.csr");
    succeed(folder, "csr new user jane --group system:masters --key k.key --out masters.csr");
    let sign = |request: &str, more: &str| {
        run(
            folder,
            &format!(
                "csr sign --ca pki --policy policy.yaml -f {request} --signer {CLIENT} {JOINING} --lifetime 24h {more}"
            ),
        )
    };
    let signed = sign("worker.csr", "--out worker.crt");
    assert_eq!((signed.code, signed.stdout.as_str()), (Some(0), ""), "{}", signed.stderr);
    assert!(
        signed.stderr.contains("approve (rule-approves): Approved by the rule joining"),
        "{}",
        signed.stderr
    );
    assert_eq!(mode(&folder.join("worker.crt")), 0o644);
    if let Some(said) = openssl(folder, "verify -purpose sslclient -CAfile pki/ca.crt worker.crt") {
        assert!(said.contains("worker.crt: OK"), "{said}");
        let text = openssl(folder, "x509 -in worker.crt -noout -text").unwrap();
        assert!(text.contains("Subject: O = system:nodes, CN = system:node:worker-1\n"), "{text}");
        assert!(text.contains("CA:FALSE") && text.contains("TLS Web Client Authentication\n"), "{text}");
        assert_eq!(
            text.matches("X509v3 ").count(),
            5,
            "usage, extended usage, constraints, authority's key: {text}"
        );
        assert_eq!(
            openssl(folder, "x509 -in worker.crt -noout -pubkey"),
            openssl(folder, "pkey -in k.key -pubout")
        );
    }
    let seconds = |certificate: &str| {
        let pem = fs::read(folder.join(certificate)).unwrap();
        let validity = kboot_core::x509::Certificate::from_pem(&pem).unwrap().facts().validity;
        validity.not_after.unix() - validity.not_before.unix()
    };
    assert_eq!(seconds("worker.crt"), 86_400, "what was asked for");
    assert!(!signed.stderr.contains("with the names"), "{}", signed.stderr);
    let named = "req -new -key k.key -subj /CN=jane -addext subjectAltName=DNS:a.example,email:j@a.example -out named.csr";
    if openssl(folder, named).is_some() {
        let signer = "--signer kubernetes.io/kube-apiserver-client --requestor root --approve-as me";
        let signed = succeed(folder, &format!("csr sign --ca pki -f named.csr {signer}"));
        let said = "with the names DNS:a.example, email:j@a.example, until";
        assert!(signed.stderr.contains(said), "{}", signed.stderr);
    }
    let again = sign("worker.csr", "--out worker.crt");
    assert_eq!(again.code, Some(2));
    assert!(again.stderr.contains("worker.crt is there already"), "{}", again.stderr);
    sign("worker.csr", "--max-lifetime 12h --out short.crt");
    assert_eq!(seconds("short.crt"), 12 * 3600, "never more than the authority's owner allows");

    for (request, more, code, said) in [
        ("lab.csr", "", 1, "deny (rule-denies): Not here."),
        ("lab.csr", "--approve-as ops", 1, "deny (rule-denies)"),
        ("other.csr", "", 1, "hold (no-rule)"),
        ("other.csr", "", 1, "a person may approve it: --approve-as NAME"),
        ("jane.csr", "", 1, "deny (organization)"),
        ("worker.csr", "--usage any", 1, "(usages)"),
        ("other.csr", "--approve-as ops@example.com", 0, "approve: Approved by ops@example.com."),
        ("worker.csr", "--approve-as ops", 0, "approve (rule-approves): Approved by the rule joining"),
    ] {
        let outcome = sign(request, more);
        assert_eq!(outcome.code, Some(code), "{request} {more}: {}", outcome.stderr);
        assert_eq!(outcome.stdout.is_empty(), code != 0, "{request} {more}");
        assert!(outcome.stderr.contains(said), "{request} {more}: {}", outcome.stderr);
    }
    // Under the preset upstream, users are a person's to decide; the floor is nobody's.
    let user = "--signer kubernetes.io/kube-apiserver-client --requestor jane";
    for (request, more, code, said) in [
        ("jane.csr", "", 1, "hold ("),
        ("jane.csr", " --approve-as ops", 0, "client of kube-apiserver as jane in dev"),
        ("masters.csr", " --approve-as ops", 1, "(privileged-identity)"),
    ] {
        let outcome = run(folder, &format!("csr sign --ca pki -f {request} {user}{more}"));
        assert_eq!(outcome.code, Some(code), "{request}{more}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(said), "{request}{more}: {}", outcome.stderr);
        assert!(
            code == 0 || !outcome.stderr.contains("may approve it") || more.is_empty(),
            "{}",
            outcome.stderr
        );
    }
    for (arguments, said) in [
        ("-f worker.csr --policy policy.yaml", "add --signer"),
        ("-f worker.csr --policy policy.yaml --preset upstream", "cannot be used with"),
        ("-f worker.csr --policy missing", "cannot read missing"),
        ("-f worker.csr --policy worker.csr", "worker.csr:1:1: "),
        ("-f worker.csr --preset nonsense", "is not a preset"),
        ("-f worker.csr --signer example.com/mine", "example.com/mine"),
        ("-f missing", "cannot read missing"),
    ] {
        let outcome = run(folder, &format!("csr sign --ca pki {arguments}"));
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{arguments}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(said), "{arguments}: {}", outcome.stderr);
    }
}

#[test]
fn conditions_in_a_file_prove_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(&folder.join("policy.yaml"), POLICY.as_bytes());
    succeed(folder, "ca create --out pki");
    let pem = |node: &str| {
        let key = if folder.join("k.key").exists() { "--key" } else { "--key-out" };
        succeed(folder, &format!("csr new node-client {node} {key} k.key")).stdout.into_bytes()
    };
    let with = |object: &Value, status: &Value| {
        let mut object = object.clone();
        object["status"] = status.clone();
        write(&folder.join("a.json"), object.to_string().as_bytes());
    };
    let approved = json!({"conditions": [{"type": "Approved", "status": "True", "reason": "Forged"}]});
    with(&object(&pem("other-1")), &approved);
    let outcome = run(folder, "csr sign --ca pki --policy policy.yaml -f a.json");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""), "{}", outcome.stderr);

    let worker = object(&pem("worker-1"));
    for (status, said) in [
        (json!({"conditions": [{"type": "Denied", "status": "True"}]}), "it was denied"),
        (json!({"conditions": [{"type": "Failed", "status": "True"}]}), "failed it"),
        (json!({"certificate": STANDARD.encode("x")}), "has its certificate already"),
    ] {
        with(&worker, &status);
        let outcome = run(folder, "csr sign --ca pki --policy policy.yaml -f a.json --approve-as ops");
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    }
    with(&worker, &approved);
    let signed = json(folder, "csr sign --ca pki --policy policy.yaml -f a.json -o json");
    assert_eq!(signed["spec"], worker["spec"]);
    assert_eq!(signed["metadata"], worker["metadata"]);
    let conditions = signed["status"]["conditions"].as_array().unwrap();
    assert_eq!(conditions.len(), 1, "the forged one is gone: {conditions:?}");
    assert_eq!(conditions[0]["reason"], "RuleApproves");
    assert_eq!(conditions[0]["status"], "True");
    assert!(conditions[0]["message"].as_str().unwrap().contains("joining"));
    assert!(conditions[0]["lastUpdateTime"].as_str().unwrap().ends_with('Z'));
    let certificate = STANDARD.decode(signed["status"]["certificate"].as_str().unwrap()).unwrap();
    write(&folder.join("a.crt"), &certificate);
    openssl(folder, "verify -CAfile pki/ca.crt a.crt");

    // An old request is old, whatever time a file of facts was written at.
    write(&folder.join("young.yaml"), POLICY.replace("maxExpiration: 48h", "maxAge: 1h").as_bytes());
    write(
        &folder.join("then.yaml"),
        b"apiVersion: kboot.dev/v1alpha1\nkind: CsrContext\nspec: {now: '2026-06-01T11:30:00Z'}\n",
    );
    let explained = run(folder, "csr explain --policy young.yaml -f a.json --facts then.yaml");
    assert_eq!(explained.code, Some(0), "{}", explained.stderr);
    let outcome = run(folder, "csr sign --ca pki --policy young.yaml -f a.json --facts then.yaml");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""), "{}", outcome.stderr);

    // What an object says itself, the command line does not say otherwise.
    for (more, said) in [
        ("--requestor admin", "says that \"system:bootstrap:abcdef\" sent it"),
        ("--signer kubernetes.io/kubelet-serving", "for a bare request"),
        ("--usage any", "for a bare request"),
        ("--lifetime 1y", "for a bare request"),
    ] {
        let outcome = run(folder, &format!("csr sign --ca pki -f a.json {more}"));
        assert_eq!(outcome.code, Some(2), "{more}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(said), "{more}: {}", outcome.stderr);
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [worker, worker]});
    write(&folder.join("list.json"), list.to_string().as_bytes());
    let outcome = run(folder, "csr sign --ca pki -f list.json");
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("holds 2 requests"), "{}", outcome.stderr);
}

#[test]
fn a_token_and_its_rule_are_for_one_node() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeed(folder, "ca create --out pki");
    write(&folder.join("token"), b"123456.0123456789abcdef\n");
    let create = "token create --token-file token --node worker-7 --rule-out";
    let secret = json(folder, &format!("{create} rule.yaml -o json"));
    assert_eq!(secret["stringData"]["description"], "for worker-7");
    assert_eq!(mode(&folder.join("rule.yaml")), 0o644);
    let again = run(folder, &format!("{create} rule.yaml"));
    assert_eq!((again.code, again.stdout.as_str()), (Some(2), ""), "no token without its rule");
    for node in ["worker-7", "worker-8"] {
        succeed(folder, &format!("csr new node-client {node} --key-out {node}.key --out {node}.csr"));
    }
    let sign = |policy: &str, node: &str, token: &str| {
        let request =
            format!("-f {node}.csr --signer {CLIENT} --requestor system:bootstrap:{token} --lifetime 24h");
        run(folder, &format!("csr sign --ca pki --policy {policy} {request}"))
    };
    assert_eq!(sign("rule.yaml", "worker-7", "123456").code, Some(0));
    for (node, token) in [("worker-8", "123456"), ("worker-7", "abcdef")] {
        let outcome = sign("rule.yaml", node, token);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (Some(1), ""),
            "{node} {token}: {}",
            outcome.stderr
        );
    }
    // Once: whether it was used before is not known offline.
    succeed(folder, &format!("{create} once.yaml --one-shot --description mine"));
    let outcome = sign("once.yaml", "worker-7", "123456");
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("hold (facts-unknown)"), "{}", outcome.stderr);
    write(
        &folder.join("nodes.yaml"),
        b"apiVersion: kboot.dev/v1alpha1\nkind: CsrContext\nspec: {nodes: [{name: worker-1}], now: '2020-01-01T00:00:00Z'}\n",
    );
    let request = |name: &str, node: &str, status: Value| {
        let mut object = object(&fs::read(folder.join(format!("{node}.csr"))).unwrap());
        object["metadata"]["name"] = name.into();
        object["spec"]["username"] = "system:bootstrap:123456".into();
        object["status"] = status;
        object
    };
    let list = |items: &[Value]| {
        let list = json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items});
        write(&folder.join("requests.json"), list.to_string().as_bytes());
    };
    let sign = |request: &Value| {
        write(&folder.join("request.json"), request.to_string().as_bytes());
        run(
            folder,
            "csr sign --ca pki --policy once.yaml -f request.json --facts requests.json --facts nodes.yaml",
        )
    };
    let pending = request("csr-1", "worker-7", json!({}));
    let approved = json!({"conditions": [{"type": "Approved", "status": "True"}]});
    list(std::slice::from_ref(&pending));
    let signed = sign(&pending);
    assert_eq!(signed.code, Some(0), "{}", signed.stderr);
    write(&folder.join("a.crt"), signed.stdout.as_bytes());
    openssl(folder, "verify -CAfile pki/ca.crt a.crt");
    list(&[pending.clone(), request("csr-2", "worker-7", approved.clone())]);
    let used = sign(&pending);
    assert_eq!((used.code, used.stdout.as_str()), (Some(1), ""), "{}", used.stderr);
    // Nor does a request that calls itself the one that was approved make the token new.
    let posing = sign(&request("csr-2", "worker-7", approved));
    assert_eq!((posing.code, posing.stdout.as_str()), (Some(1), ""), "{}", posing.stderr);
    for (arguments, said) in [
        ("--node worker-7", "--rule-out"),
        ("--rule-out x.yaml", "--node"),
        ("--one-shot", "--node"),
        ("--node worker-7 --rule-out x.yaml --usage signing", "without the usage authentication"),
        (
            "--node worker-7 --rule-out x.yaml --group system:bootstrappers:kubeadm:default-node-token",
            "leave --group out",
        ),
    ] {
        let outcome = run(folder, &format!("token create {arguments}"));
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{arguments}");
        assert!(
            outcome.stderr.contains(said) && !folder.join("x.yaml").exists(),
            "{arguments}: {}",
            outcome.stderr
        );
    }
}
