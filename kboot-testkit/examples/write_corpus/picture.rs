//! The files beside the entries.

use kboot_testkit::cluster::{
    API_SERVER, DNS_DOMAIN, ISSUER, NAMESPACES, NODES, POD_RANGES, SERVICE_RANGES, USERS,
};
use serde_json::{Value, json};

/// `kubectl get nodes -o json`, trimmed.
pub(crate) fn nodes() -> Value {
    let items: Vec<Value> = NODES
        .iter()
        .filter(|node| node.joined)
        .map(|node| {
            let mut addresses = vec![json!({"type": "Hostname", "address": node.name})];
            for name in node.dns_names {
                let kind = if name.starts_with("ec2-") { "ExternalDNS" } else { "InternalDNS" };
                addresses.push(json!({"type": kind, "address": name}));
            }
            for address in node.addresses.iter().chain(node.claims) {
                let kind = match address {
                    name if name.chars().any(char::is_alphabetic) && !name.contains(':') => "ExternalDNS",
                    public if public.starts_with("203.") => "ExternalIP",
                    _ => "InternalIP",
                };
                addresses.push(json!({"type": kind, "address": address}));
            }
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node.name},
                "status": {"addresses": addresses}})
        })
        .collect();
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

fn list(texts: &[&str]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| format!("\"{text}\"")).collect();
    format!("[{}]", quoted.join(", "))
}

/// The inventory of machines.
pub(crate) fn inventory() -> String {
    let mut out = "apiVersion: kboot.dev/v1alpha1\nkind: NodeInventory\nspec:\n  nodes:\n".to_owned();
    for node in NODES {
        out.push_str(&format!("    - name: {}\n      addresses: {}\n", node.name, list(node.addresses)));
        if !node.dns_names.is_empty() {
            out.push_str(&format!("      dnsNames: {}\n", list(node.dns_names)));
        }
        out.push_str(&format!("      tokenIds: [{}]\n", node.token_id));
    }
    out
}

/// The cluster as a whole.
pub(crate) fn context() -> String {
    format!(
        "apiVersion: kboot.dev/v1alpha1
kind: CsrContext
spec:
  cluster:
    dnsDomain: {DNS_DOMAIN}
    serviceCIDRs: {}
    podCIDRs: {}
    namespaces: {}
    apiServer: {}
",
        list(SERVICE_RANGES),
        list(POD_RANGES),
        list(NAMESPACES),
        list(API_SERVER)
    )
}

/// The policy that approves the genuine entries.
pub(crate) fn policy() -> String {
    let mut out = "\
apiVersion: kboot.dev/v1alpha1
kind: CsrPolicy
spec:
  rules:
    - name: serving-certificate
      signer: kubernetes.io/kubelet-serving
      requestor: self
      node: {inventory: inventory.yaml}
      subjectAltNames: {within: [nodeStatus, inventory], max: 16}
      decision: approve
    - name: renewal
      signer: kubernetes.io/kube-apiserver-client-kubelet
      requestor: self
      node: {inventory: inventory.yaml}
      decision: approve
"
    .to_owned();
    for node in NODES {
        out.push_str(&format!(
            "    - name: first-certificate-of-{}
      signer: kubernetes.io/kube-apiserver-client-kubelet
      requestor:
        groups: [\"system:bootstrappers:kubeadm:default-node-token\"]
        tokenIds: [{}]
      node: {{names: [\"{}\"], inventory: inventory.yaml}}
      once: true
      decision: approve
",
            node.name, node.token_id, node.name
        ));
    }
    for user in USERS.iter().filter(|user| user.requestor == user.name) {
        out.push_str(&format!(
            "    - name: person-{}
      signer: kubernetes.io/kube-apiserver-client
      requestor: self
      subject: {{users: [\"{}\"], groups: {}}}
      decision: approve
",
            user.name.replace('@', "-at-"),
            user.name,
            list(user.groups)
        ));
    }
    out.push_str(&format!(
        "    - name: pipelines
      signer: kubernetes.io/kube-apiserver-client
      requestor: {{users: [\"{ISSUER}\"]}}
      subject: {{users: [\"jenkins-*\"], groups: [ci]}}
      decision: approve
  otherwise: hold
"
    ));
    out
}
