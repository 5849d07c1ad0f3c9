//! The corpus is whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kboot_testkit::corpus::{self, Answer, Class, Entry};

/// Every code that a request alone, with the picture of the cluster, can lead to.
const CODES: &[&str] = &[
    "signer-not-ruled",
    "too-large",
    "not-pem",
    "bad-base64",
    "wrong-pem-label",
    "malformed",
    "too-many-names",
    "pem-headers",
    "second-block",
    "trailing-bytes",
    "unknown-version",
    "signature-wrong",
    "signature-weak",
    "signature-unknown",
    "key-weak",
    "key-oversized",
    "key-unknown",
    "attribute-repeated",
    "attribute-unknown",
    "extension-repeated",
    "extension-malformed",
    "asks-for-authority",
    "extension-usages",
    "extension-unknown",
    "subject-text",
    "subject-uid",
    "subject-attribute",
    "common-name-missing",
    "common-name-repeated",
    "organization",
    "node-name",
    "privileged-identity",
    "alt-names-not-allowed",
    "alt-names-missing",
    "alt-name-kind",
    "alt-name-wildcard",
    "alt-name-invalid",
    "alt-name-reserved",
    "alt-name-of-other",
    "usages-repeated",
    "usages",
    "expiration-too-short",
    "requestor-unknown",
    "requestor-anonymous",
    "requestor-other-node",
    "requestor-not-node",
    "no-rule",
    "rule-approves",
];

#[test]
fn it_is_large_and_every_code_is_there() {
    let (hostile, genuine): (Vec<&Entry>, Vec<&Entry>) = corpus::all().iter().partition(|e| e.is_hostile());
    assert!(hostile.len() >= 60, "{} hostile entries", hostile.len());
    assert!(genuine.len() >= 40, "{} genuine entries", genuine.len());
    let seen: BTreeSet<&str> = corpus::all().iter().map(|entry| entry.expect.code.as_str()).collect();
    assert_eq!(seen, CODES.iter().copied().collect());
}

#[test]
fn every_file_is_served_under_its_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut files = BTreeSet::new();
    for kind in ["hostile", "genuine"] {
        for file in std::fs::read_dir(folder.join(kind)).unwrap() {
            files.insert((kind, file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()));
        }
    }
    let kind = |entry: &Entry| if entry.is_hostile() { "hostile" } else { "genuine" };
    let served: BTreeSet<_> = corpus::all().iter().map(|entry| (kind(entry), entry.name.clone())).collect();
    assert_eq!(served, files);
    assert_eq!(served.len(), corpus::all().len(), "a name is there twice");
}

#[test]
fn answers_and_decisions_agree() {
    for entry in corpus::all() {
        let decisions: &[&str] = if entry.is_hostile() { &["deny", "hold"] } else { &["approve"] };
        assert!(decisions.contains(&entry.expect.decision.as_str()), "{}", entry.name);
        assert_eq!(entry.harm.is_some(), entry.is_hostile(), "{}", entry.name);
        assert!(entry.about.ends_with('.'), "{}: {}", entry.name, entry.about);
        assert_eq!(entry.object["kind"], "CertificateSigningRequest", "{}", entry.name);
    }
}

#[test]
fn an_approver_is_held_against_it() {
    let right: BTreeMap<String, Answer> =
        corpus::all().iter().map(|entry| (entry.object.to_string(), entry.expect.answer)).collect();
    assert!(corpus::hold(|object| right[&object.to_string()]).is_empty());
    let credulous = corpus::hold(|_| Answer::Approve);
    assert_eq!(credulous.len(), corpus::all().iter().filter(|entry| entry.is_hostile()).count());
    let severities: Vec<_> = credulous.iter().map(|failure| failure.entry.harm.unwrap().severity).collect();
    assert!(severities.is_sorted_by(|a, b| a >= b), "the worst first");
    for class in [Class::Attack, Class::Algorithm, Class::Hygiene] {
        assert!(credulous.iter().any(|failure| failure.entry.harm.unwrap().class == class), "{class:?}");
    }
    let text = credulous.iter().find(|failure| failure.entry.name == "names-registry").unwrap().to_string();
    assert!(
        text.starts_with("names-registry is approved (Attack, High): ") && text.contains("k3s#7312"),
        "{text}"
    );
    let timid = corpus::hold(|_| Answer::Refuse);
    assert!(timid.iter().all(|failure| failure.entry.harm.is_none() && !failure.entry.is_hostile()));
    assert!(timid[0].to_string().contains(" is refused: "), "{}", timid[0]);
}

#[test]
fn each_incident_that_a_request_can_tell_is_there() {
    let all: Vec<&str> = corpus::all().iter().filter_map(|entry| entry.incident.as_deref()).collect();
    for incident in [
        "k0s#8333",
        "GHSA-87pw-5j2g-6376",
        "GHSA-x7j5-fww5-mqmv",
        "deckhouse#22901",
        "KubeUser#114",
        "approver-policy#915",
        "alex1989hu#337",
        "k/k#50635",
        "k/k#126015",
        "kubeletmein",
        "CAPI#3762",
        "kubeadm#2414",
        "GHSA-m4hf-6vgr-75r2",
        "CVE-2025-5187",
        "CVE-2022-3294",
        "kubelet-rubber-stamp",
    ] {
        assert!(all.iter().any(|text| text.contains(incident)), "no entry for {incident}");
    }
}

#[test]
fn no_request_is_another_entrys() {
    let mut requests = BTreeSet::new();
    for entry in corpus::all() {
        let request = entry.object["spec"]["request"].as_str().unwrap();
        assert!(request.is_empty() || requests.insert(request), "{} has another entry's request", entry.name);
    }
}

#[test]
fn the_files_beside_it_show_the_same_cluster() {
    use kboot_testkit::cluster::{API_SERVER, NAMESPACES, NODES, POD_RANGES, SERVICE_RANGES, USERS};

    let nodes: serde_json::Value = serde_json::from_str(corpus::NODES_JSON).unwrap();
    let nodes = nodes["items"].as_array().unwrap();
    assert_eq!(nodes.len(), NODES.iter().filter(|node| node.joined).count());
    for node in NODES {
        let found = nodes.iter().find(|item| item["metadata"]["name"] == node.name);
        assert_eq!(found.is_some(), node.joined, "{}", node.name);
        if let Some(found) = found {
            let own = [&[node.name], node.dns_names, node.addresses, node.claims].concat();
            let seen = found["status"]["addresses"].as_array().unwrap();
            let seen: Vec<_> = seen.iter().map(|address| address["address"].as_str().unwrap()).collect();
            assert_eq!(seen, own);
        }
        for text in [&[node.name, node.token_id], node.dns_names, node.addresses].concat() {
            assert!(corpus::INVENTORY_YAML.contains(text), "the inventory has no {text}");
        }
        assert!(corpus::POLICY_YAML.contains(&format!("tokenIds: [{}]", node.token_id)), "{}", node.name);
    }
    for text in [POD_RANGES, NAMESPACES, API_SERVER, SERVICE_RANGES].concat() {
        assert!(corpus::CONTEXT_YAML.contains(text), "the context has no {text}");
    }
    for user in USERS {
        assert!(corpus::POLICY_YAML.contains(&format!("users: [\"{}\"]", user.pattern)), "{}", user.name);
    }
}
