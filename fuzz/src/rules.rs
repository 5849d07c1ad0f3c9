//! Policies put together from presets and parts.

use std::cell::RefCell;
use std::collections::HashMap;

use arbitrary::{Result, Unstructured};
use kboot_core::policy::{Policy, Preset};
use serde_json::{Value, json};

/// Rules without their names; each is one that a policy may hold.
const PARTS: [&str; 22] = [
    "signer: kubernetes.io/kubelet-serving, requestor: self, subjectAltNames: {within: [nodeStatus], anyNodeMayClaim: [dnsNames, addresses]}, decision: approve",
    "signer: kubernetes.io/kube-apiserver-client-kubelet, requestor: {groups: ['system:bootstrappers']}, decision: approve",
    "signer: kubernetes.io/kube-apiserver-client-kubelet, requestor: self, decision: approve",
    "signer: kubernetes.io/kube-apiserver-client, requestor: self, subject: {users: ['jane', 'j*'], groups: [dev, ops]}, decision: approve",
    "signer: kubernetes.io/kubelet-serving, requestor: self, subjectAltNames: {within: [served], max: 4}, decision: approve",
    "signer: kubernetes.io/kubelet-serving, requestor: self, subjectAltNames: {within: [dns, {cidrs: [192.168.0.0/16, 'fd00::/8']}], maxDns: 1}, decision: approve",
    "signer: kubernetes.io/kubelet-serving, requestor: self, subjectAltNames: {within: [nodeName, {cidrs: ['0.0.0.0/0', '::/0']}], anyNodeMayClaim: [addresses]}, maxExpiration: 1y, decision: approve",
    "signer: kubernetes.io/kubelet-serving, requestor: self, subjectAltNames: {within: [inventory, nodeStatus]}, node: {inventory: nodes.yaml}, decision: approve",
    "signer: kubernetes.io/kubelet-serving, node: {names: ['worker-*']}, decision: deny",
    "signer: kubernetes.io/kubelet-serving, requestor: self, subjectAltNames: {within: [nodeStatus]}, decision: deny",
    "signer: kubernetes.io/kubelet-serving, requestor: self, subjectAltNames: {within: [served, dns]}, decision: hold",
    "signer: kubernetes.io/kube-apiserver-client-kubelet, requestor: {users: ['system:bootstrap:*']}, maxAge: 1h, maxPending: {perNode: 2, perRequestor: 3}, decision: approve",
    "signer: kubernetes.io/kube-apiserver-client-kubelet, requestor: {tokenIds: [m1m1m1, w1w1w1, w4w4w4]}, node: {names: [master-1, worker-1, worker-4]}, once: true, decision: approve",
    "signer: kubernetes.io/kube-apiserver-client-kubelet, access: nodeclient, decision: approve",
    "signer: kubernetes.io/kube-apiserver-client-kubelet, requestor: {groups: ['system:bootstrappers']}, node: {mayRejoin: true}, decision: approve",
    "signer: kubernetes.io/kube-apiserver-client-kubelet, requestor: self, access: selfnodeclient, decision: deny",
    "signer: kubernetes.io/kube-apiserver-client-kubelet, once: true, decision: deny",
    "signer: kubernetes.io/kube-apiserver-client-kubelet, node: {inventory: nodes.yaml}, decision: hold",
    "signer: kubernetes.io/kube-apiserver-client-kubelet, maxPending: {perNode: 1}, decision: hold, message: Wait.",
    "signer: kubernetes.io/kube-apiserver-client, requestor: {users: ['ja?e']}, subject: {users: ['x*'], groups: []}, maxExpiration: 1d, decision: approve",
    "signer: kubernetes.io/kube-apiserver-client, decision: deny",
    "signer: kubernetes.io/kubelet-serving, requestor: self, subjectAltNames: {within: [served], dnsNames: ['worker-*', '*.example.com']}, decision: approve",
];

thread_local! {
    static KNOWN: RefCell<HashMap<Vec<usize>, Policy>> = RefCell::default();
}

/// A policy, and the same with one more rule at its end.
///
/// # Errors
/// Where the bytes are too few.
pub fn choose(u: &mut Unstructured<'_>) -> Result<(Policy, Policy)> {
    // The first four parts, which approve whatever is genuine; a preset; the first part alone.
    let base = u.int_in_range(0..=5)?;
    let end = u.int_in_range(0..=3)?;
    let mut choice = vec![base, end];
    for _ in 0..u.int_in_range(0..=3)? {
        choice.push(u.choose_index(PARTS.len())?);
    }
    let mut longer = choice.clone();
    longer.push(u.choose_index(PARTS.len())?);
    Ok((policy(choice), policy(longer)))
}

/// One that approves whatever is genuine.
#[must_use]
pub fn approving() -> Policy {
    policy(vec![0, 0])
}

fn policy(choice: Vec<usize>) -> Policy {
    KNOWN.with_borrow_mut(|known| known.entry(choice).or_insert_with_key(|choice| parse(choice)).clone())
}

fn parse(choice: &[usize]) -> Policy {
    let [base, end, parts @ ..] = choice else { unreachable!("choose gives both") };
    let mut spec = json!({"rules": []});
    match base {
        0 | 5 => {
            let first = if *base == 0 { 4 } else { 1 };
            spec["rules"] = PARTS[..first].iter().enumerate().map(|(i, text)| rule(100 + i, text)).collect();
        }
        1..=4 => {
            let preset: Value = serde_yaml::from_str(Preset::ALL[base - 1].file_text()).expect("it is YAML");
            spec = preset["spec"].clone();
        }
        _ => {}
    }
    let rules = spec["rules"].as_array_mut().expect("there are rules");
    rules.extend(parts.iter().enumerate().map(|(i, part)| rule(i, PARTS[*part])));
    if end & 1 == 1 {
        spec["otherwise"] = "deny".into();
    }
    if end & 2 == 2 {
        spec["onViolation"] = "hold".into();
    }
    let document = json!({"apiVersion": "kboot.dev/v1alpha1", "kind": "CsrPolicy", "spec": spec});
    document.to_string().parse().unwrap_or_else(|error| panic!("{document}: {error}"))
}

fn rule(index: usize, text: &str) -> Value {
    let mut rule: Value = serde_yaml::from_str(&format!("{{{text}}}")).expect("it is YAML");
    rule["name"] = format!("rule-{index}").into();
    rule
}
