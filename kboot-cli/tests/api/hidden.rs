//! Whatever stands in files, nothing that hides or turns text reaches a terminal, through any command or form.

use std::fs;
use std::path::Path;

use crate::common::{CLUSTER, Outcome, kboot, write};
use kboot_core::shown::{is_hidden, json_as_yaml, to_json};
use kboot_core::x509::CertificateRequest;
use kboot_core::{Env, Lifetime};
use kboot_core::{
    pki::{CertificateAuthority, CertificateTemplate},
    x509::{KeyAlgorithm, PrivateKey},
};
use serde_json::{Value, json};

/// Turns the direction, has no width, is blank, is a tag beyond the first 65,536, is a filler that counts as a
/// letter.
const NAME: &str = "a\u{202e}b\u{2066}c\u{200b}d\u{2003}e\u{e0041}f\u{3164}g";
/// The same with control characters, which no certificate of ours can hold.
const WORST: &str = "a\u{202e}b\u{9b}31mc\u{85}d\u{2028}e\u{e0041}f\u{1b}[8mg\u{7f}";

fn run(folder: &Path, arguments: &[&str]) -> Outcome {
    let outcome = kboot(folder, arguments);
    for (stream, text) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr)] {
        let hidden = text.chars().find(|c| is_hidden(*c) && *c != '\n');
        assert_eq!(hidden, None, "{arguments:?}: {stream}: {text:?}");
    }
    outcome
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

fn parsed(outcome: &Outcome, form: &str) -> Value {
    match form {
        "json" => serde_json::from_str(&outcome.stdout).unwrap(),
        _ => serde_saphyr::from_str(&outcome.stdout).unwrap(),
    }
}

/// Whether a text stands somewhere in a value, whole.
fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(own) => own.contains(text),
        Value::Array(list) => list.iter().any(|value| holds(value, text)),
        Value::Object(fields) => fields.iter().any(|(key, value)| key == text || holds(value, text)),
        _ => false,
    }
}

#[test]
fn certificates_show_what_hides() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut env = Env::system();
    let authority =
        CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "2y".parse().unwrap(), &mut env)
            .unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let template =
        CertificateTemplate::client(NAME.parse().unwrap()).with_group(format!("g{NAME}").parse().unwrap());
    let certificate = authority.issue(&template, &key, Lifetime::ONE_YEAR, &mut env).unwrap();
    let request = CertificateRequest::for_user(NAME.parse().unwrap(), [NAME.parse().unwrap()], &key).unwrap();
    let certificates = folder.join("certificates");
    fs::create_dir(&certificates).unwrap();
    write(&certificates.join(format!("{NAME}.crt")), certificate.to_pem().as_bytes());
    write(&certificates.join("request.csr"), request.to_pem().as_bytes());
    write(&folder.join("ca.crt"), authority.certificate().to_pem().as_bytes());
    for form in ["table", "json", "yaml"] {
        let inspected = run(folder, &["cert", "inspect", "certificates", "-o", form]);
        assert_eq!(inspected.code, Some(0), "{}", inspected.stderr);
        if form != "table" {
            let list = parsed(&inspected, form);
            let common_names: Vec<_> = list.as_array().unwrap().iter().map(|e| &e["commonName"]).collect();
            assert_eq!(common_names, [&json!(NAME); 2], "the data stays the same");
        }
        let file = format!("certificates/{NAME}.crt");
        run(
            folder,
            &["cert", "verify", &file, "--certificate-authority", "certificates/request.csr", "-o", form],
        );
        run(folder, &["cert", "verify", &file, "--certificate-authority", "ca.crt", "-o", form]);
        run(folder, &["cert", "expiry", "certificates", "-o", form]);
        run(folder, &["csr", "inspect", "-f", "certificates/request.csr", "-o", form]);
    }
    run(folder, &["cert", "expiry", "certificates", "-o", "prometheus"]);
    // What is wrong with a file names it.
    write(
        &certificates.join(format!("broken{WORST}.pem").replace('/', "")),
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    for form in ["table", "json", "yaml", "prometheus"] {
        assert_eq!(run(folder, &["cert", "expiry", "certificates", "-o", form]).code, Some(2));
    }
    assert_eq!(run(folder, &["cert", "inspect", "certificates"]).code, Some(2));
    assert_eq!(run(folder, &["cert", "inspect", &format!("gone{WORST}")]).code, Some(2));
    // What clap says of arguments that a shell's pattern put there.
    assert_eq!(
        run(folder, &["cert", "verify", "--certificate-authority", "ca.crt", "one", &format!("two{WORST}")])
            .code,
        Some(2)
    );
    assert_eq!(run(folder, &["cert", "issue", "--ca", ".", "--out", ".", "--profile", WORST]).code, Some(2));
    assert_eq!(run(folder, &[WORST]).code, Some(2));
}

#[test]
fn requests_show_what_hides() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let request = CertificateRequest::for_user(NAME.parse().unwrap(), [NAME.parse().unwrap()], &key).unwrap();
    let object = |pem: &str, signer: &str| {
        use base64::Engine;
        json!({
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": {"name": WORST},
            "spec": {
                "request": base64::engine::general_purpose::STANDARD.encode(pem),
                "signerName": signer,
                "username": WORST,
                "groups": [WORST],
                "usages": ["client auth", WORST],
                "extra": {WORST: [WORST]},
            },
            "status": {"conditions": [{"type": "Denied", "status": "True", "reason": WORST, "message": WORST}]},
        })
    };
    let client = "kubernetes.io/kube-apiserver-client";
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [
        object(&request.to_pem(), client), object(&request.to_pem(), WORST), object(WORST, client),
    ]});
    write(&folder.join("list.json"), serde_json::to_string(&list).unwrap().as_bytes());
    for form in ["table", "json", "yaml"] {
        let inspected = run(folder, &["csr", "inspect", "-f", "list.json", "-o", form]);
        if form != "table" {
            assert!(holds(&parsed(&inspected, form), WORST), "the data stays the same");
        }
    }
    for form in ["tree", "json", "yaml"] {
        let explained = run(folder, &["csr", "explain", "-f", "list.json", "-o", form]);
        if form != "tree" {
            let explained = parsed(&explained, form);
            assert!(holds(&explained, WORST) && holds(&explained, NAME), "the data stays the same");
        }
    }
    for form in ["table", "json"] {
        let simulated = run(folder, &["csr", "simulate", "-f", "list.json", "-o", form]);
        if form == "json" {
            let lines: Vec<Value> =
                simulated.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert!(lines.iter().any(|line| line["name"] == WORST), "{lines:?}");
        }
    }
    write(&folder.join("one.csr"), request.to_pem().as_bytes());
    assert_eq!(kboot(folder, &["ca", "create", "--out", "pki"]).code, Some(0));
    for form in ["pem", "json", "yaml"] {
        let sign = ["csr", "sign", "-f", "one.csr", "--ca", "pki", "--signer", client, "--requestor", WORST];
        run(folder, &[sign.as_slice(), &["--approve-as", "me", "-o", form]].concat());
        let new = ["csr", "new", "user", NAME, "--group", NAME, "--key", "pki/ca.key", "-o", form];
        assert_eq!(run(folder, &new).code, Some(0));
    }
}

#[test]
fn kubeconfigs_and_policies_show_what_hides() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let config = |name: &str| {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": name,
            "clusters": [{"name": name, "cluster": {
                "server": "https://192.0.2.1", "insecure-skip-tls-verify": true, "certificate-authority": name,
            }}],
            "users": [
                {"name": name, "user": {"client-certificate": name, "client-key": name}},
                {"name": "b", "user": {"exec": {
                    "apiVersion": "client.authentication.k8s.io/v1", "command": name, "interactiveMode": "Never",
                }}},
            ],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": name}}],
        })
    };
    for (file, name) in [("name.conf", NAME), ("worst.conf", WORST)] {
        write(&folder.join(file), to_json(&config(name)).unwrap().as_bytes());
        for form in ["table", "json", "yaml"] {
            let inspected = run(folder, &["kubeconfig", "inspect", file, "-o", form]);
            assert_eq!(inspected.code, Some(0), "{}", inspected.stderr);
            if form != "table" {
                assert_eq!(parsed(&inspected, form)["currentContext"], name);
            }
            run(folder, &["kubeconfig", "check", file, "-o", form]);
        }
        run(folder, &["cert", "inspect", file]);
        run(folder, &["cert", "expiry", file]);
        write(
            &folder.join(format!("other-{file}")),
            to_json(&config(name)).unwrap().replace("192.0.2.1", "192.0.2.2").as_bytes(),
        );
        run(folder, &["kubeconfig", "merge", file, &format!("other-{file}")]);
        let merged =
            run(folder, &["kubeconfig", "merge", file, &format!("other-{file}"), "--strategy", "rename"]);
        assert_eq!(merged.code, Some(0), "{}", merged.stderr);
        assert_eq!(parsed(&merged, "yaml")["current-context"], name);
    }
    // Whoever wrote the policy, the cluster file or a unit is shown what stands there.
    let rule = |name: &str| {
        format!(
            "{{apiVersion: kboot.dev/v1alpha1, kind: CsrPolicy, metadata: {{name: p}}, spec: {{rules: [{}]}}}}",
            json!({
                "name": name, "decision": "deny", "when": {"requestor": {"usernames": [name]}},
            })
        )
    };
    for name in [NAME, WORST] {
        write(&folder.join("policy.yaml"), json_as_yaml(&rule(name)).as_bytes());
        run(folder, &["policy", "check", "policy.yaml"]);
        write(
            &folder.join("cluster.yaml"),
            format!("{CLUSTER}  {}: 1\n", json_as_yaml(&json!(name).to_string())).as_bytes(),
        );
        for file in ["cluster.yaml", "policy.yaml"] {
            run(folder, &["cluster", "plan", "-f", file, "--out", "out"]);
        }
        let unit = format!("[Service]\nExecStart=/usr/bin/kubelet --x{name}=1 --v={name}\n");
        write(&folder.join("kubelet.service"), unit.as_bytes());
        for form in ["table", "json", "yaml"] {
            run(
                folder,
                &words(&format!("config lint --kubernetes-version v1.36.0 kubelet.service -o {form}")),
            );
        }
        write(&folder.join("token.csv"), format!("abcdefghijklmnopqrstuvwxyz,{name},1\n").as_bytes());
        for form in ["table", "json", "yaml"] {
            run(folder, &words(&format!("token static check token.csv -o {form}")));
        }
    }
}
