//! Any text as a policy, an inventory or a context: read or refused, never a panic. What is read is what
//! another reader of YAML sees, and no rule that is read approves a privileged identity.

#![no_main]
#![expect(clippy::expect_used, reason = "a law that does not hold ends the run")]

use std::sync::LazyLock;

use kboot_core::csr::{CertificateSigningRequest, ListError, read_list};
use kboot_core::document::DocumentError;
use kboot_core::policy::{ContextDocument, Glob, Inventory, Policy, Verdict};
use kboot_fuzz::known::Known;
use kboot_fuzz::laws;
use kboot_testkit::generate::{Object, Request};
use serde_json::{Value, json};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.parse::<Policy>() {
        Ok(policy) => {
            let written = policy.to_yaml().expect("what is read can be written");
            assert_eq!(written.parse().as_ref(), Ok(&policy), "{written}");
            agrees(text, &policy);
            approves_no_privileges(&policy);
        }
        Err(error) => is_readable(&error),
    }
    match text.parse::<Inventory>() {
        Ok(inventory) => {
            let written = inventory.to_yaml().expect("what is read can be written");
            let again: Inventory = written.parse().expect("and read again");
            assert_eq!(again.to_yaml().expect("as before"), written);
        }
        Err(error) => is_readable(&error),
    }
    if text.len() <= 64 {
        as_identity(text);
    }
    let mut document = ContextDocument::default();
    if let Err(error) = document.read(data) {
        is_readable(&error);
    }
    let _ = read_list(data, |_, object| {
        if let Ok(object) = object {
            assert_eq!(CertificateSigningRequest::from_json(&object.to_json()).as_ref(), Ok(&object));
        }
        Ok::<(), ListError>(())
    });
});

fn is_readable(error: &DocumentError) {
    assert!(!error.problems.is_empty());
    let text = error.to_string();
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
}

/// Names that no client certificate may have.
const PRIVILEGED: [&str; 9] = [
    "system:masters",
    "system:kube-controller-manager",
    "system:node:worker-1",
    "system:serviceaccount:kube-system:default",
    "system:",
    "kubernetes-admin",
    "kubernetes-super-admin",
    "kubeadm:cluster-admins",
    "front-proxy-client",
];

/// Looks at the rules as another reader of YAML sees them, where it does.
fn agrees(text: &str, policy: &Policy) {
    let Some([document]) = laws::libyaml(text).and_then(|all| <[Value; 1]>::try_from(all).ok()) else {
        return;
    };
    let none = Vec::new();
    let rules = document["spec"]["rules"].as_array().unwrap_or(&none);
    assert_eq!(rules.len(), policy.rules().len());
    for (rule, read) in rules.iter().zip(policy.rules()) {
        assert_eq!(
            (rule["name"].as_str(), rule["decision"].as_str()),
            (Some(read.name()), Some(read.verdict().as_str()))
        );
        if rule["decision"] != "approve" {
            continue;
        }
        let texts = |path: &str| -> Vec<String> {
            let list = rule.pointer(path).and_then(Value::as_array).unwrap_or(&none);
            list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        match rule["signer"].as_str() {
            Some("kubernetes.io/kube-apiserver-client") => {
                let users = texts("/subject/users");
                assert!(!users.is_empty() && !rule["requestor"].is_null(), "{rule}");
                for name in PRIVILEGED {
                    assert!(
                        !users.iter().any(|user| Glob::new(user).matches(name)),
                        "{rule} approves {name}"
                    );
                    assert!(
                        !texts("/subject/groups").iter().any(|group| group == name),
                        "{rule} approves {name}"
                    );
                }
            }
            Some("kubernetes.io/kubelet-serving") => {
                assert!(
                    rule["requestor"] == "self" && rule["subjectAltNames"]["within"].is_array(),
                    "{rule}"
                );
            }
            _ => assert!(!rule["requestor"].is_null() || !rule["access"].is_null(), "{rule}"),
        }
    }
}

/// The text as a pattern of users and as a group of a rule that approves.
fn as_identity(text: &str) {
    let accepts = |users: &str, group: &str| {
        let rule = json!({
            "name": "a", "signer": "kubernetes.io/kube-apiserver-client", "requestor": "self",
            "subject": {"users": [users], "groups": [group]}, "decision": "approve",
        });
        let document =
            json!({"apiVersion": "kboot.dev/v1alpha1", "kind": "CsrPolicy", "spec": {"rules": [rule]}});
        document.to_string().parse::<Policy>().is_ok()
    };
    if accepts(text, "dev") {
        let (pattern, reserved) = (Glob::new(text), like_reserved(text));
        assert!(!PRIVILEGED.iter().any(|name| pattern.matches(name)), "{text:?}");
        assert!(
            !(reserved.starts_with("system:") && pattern.matches(&reserved)),
            "{text:?} matches {reserved:?}"
        );
    }
    let plain = text.trim().to_lowercase();
    let is_privileged = plain.starts_with("system:") || PRIVILEGED.contains(&plain.as_str());
    assert!(!(is_privileged && accepts("jane", text)), "{text:?}");
}

/// A name that the pattern matches, as near to a reserved one as it allows.
fn like_reserved(pattern: &str) -> String {
    let (before, after) = pattern.split_once('*').unwrap_or((pattern, ""));
    let reserved = "system:";
    let mut name: String = before
        .chars()
        .enumerate()
        .map(|(i, c)| if c == '?' { reserved.chars().nth(i).unwrap_or('a') } else { c })
        .collect();
    if before.len() < pattern.len() {
        name.extend(reserved.chars().skip(before.chars().count()));
    }
    name + &after.replace('*', "").replace('?', "a")
}

/// Requests for those names: as a user and as a group, by themselves and by an administrator.
static REQUESTS: LazyLock<Vec<CertificateSigningRequest>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for name in PRIVILEGED {
        for request in [Request::user(name, &[]), Request::user("jane", &["dev", name])] {
            for sender in [name, "jane", "system:bootstrap:abcdef"] {
                let groups = ["system:masters", "system:nodes", "system:bootstrappers", "dev"];
                let object = Object::user(sender, &groups, request.pem());
                all.push(
                    CertificateSigningRequest::from_json(&object.json().to_string())
                        .expect("it is an object"),
                );
            }
        }
    }
    all
});

fn approves_no_privileges(policy: &Policy) {
    let known = Known::everything();
    let context = known.context();
    for object in REQUESTS.iter() {
        assert_ne!(policy.evaluate(object, &context).verdict(), Verdict::Approve, "{object:?}");
    }
}
