//! Requests as kubectl prints them, and files to decide on them by.

use kboot_core::x509::{KeyAlgorithm, PrivateKey};
use kboot_core::{
    csr::{CertificateSigningRequest, Requestor, Signer},
    x509::CertificateRequest,
};
use kboot_core::{net::Host, x509::SubjectAltNames};
use serde_json::{Value, json};

use super::{Outcome, write};

pub(crate) const SERVING: &str = "
apiVersion: kboot.dev/v1alpha1
kind: CsrPolicy
spec:
  rules:
  - name: serving
    signer: kubernetes.io/kubelet-serving
    requestor: self
    node: {inventory: nodes.yaml}
    subjectAltNames: {within: [inventory]}
    decision: approve
";
pub(crate) const NODES: &str = "
apiVersion: kboot.dev/v1alpha1
kind: NodeInventory
spec:
  nodes:
  - {name: worker-1, addresses: [192.168.5.21]}
";

pub(crate) fn key() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

pub(crate) fn names(texts: &[&str]) -> SubjectAltNames {
    texts.iter().map(|text| text.parse::<Host>().unwrap()).collect()
}

pub(crate) fn serving(name: &str, node: &str, alternative: &[&str]) -> Value {
    let request =
        CertificateRequest::for_kubelet_serving(&node.parse().unwrap(), &names(alternative), &key()).unwrap();
    let object = CertificateSigningRequest::new(name, Signer::KubeletServing, request.to_pem().as_bytes())
        .with_requestor(Requestor::user(&format!("system:node:{node}")).with_group("system:nodes"));
    let mut object = json!(object);
    object["metadata"]["creationTimestamp"] = "2026-11-21T10:00:00Z".into();
    object
}

pub(crate) fn joining(name: &str, node: &str) -> Value {
    let request = CertificateRequest::for_kubelet_client(&node.parse().unwrap(), &key()).unwrap();
    let pem = request.to_pem();
    let object = CertificateSigningRequest::new(name, Signer::KubeApiserverClientKubelet, pem.as_bytes())
        .with_requestor(Requestor::user("system:bootstrap:abcdef").with_group("system:bootstrappers"));
    json!(object)
}

pub(crate) fn with_condition(mut object: Value, kind: &str, message: &str) -> Value {
    let condition = json!({"type": kind, "status": "True", "reason": "Because", "message": message});
    match object["status"]["conditions"].as_array_mut() {
        Some(conditions) => conditions.push(condition),
        None => object["status"]["conditions"] = json!([condition]),
    }
    object
}

pub(crate) fn list(objects: &[Value]) -> String {
    json!({"apiVersion": "v1", "items": objects, "kind": "List", "metadata": {"resourceVersion": ""}})
        .to_string()
}

pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        write(&folder.path().join(name), content.as_bytes());
    }
    folder
}

pub(crate) fn assert_plain(outcome: &Outcome) {
    assert!(!outcome.stdout.contains('\u{1b}') && !outcome.stderr.contains('\u{1b}'), "{}", outcome.stdout);
}
