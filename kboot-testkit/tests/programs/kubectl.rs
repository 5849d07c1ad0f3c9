//! kubectl against the server, of the machine's version and of 1.36: what people type.

mod access;
mod reads;
mod writes;

use kboot_testkit::Identity;
use kboot_testkit::server::{ApiServer, Controller};

use crate::support::{Tool, kubectl_of};

/// The server's versions, each with the kubectl that is its own or nearest.
const VERSIONS: [&str; 3] = ["1.20", "1.32", "1.36"];

/// A server with all its controllers, and kubectl as its administrator.
struct Cluster {
    minor: u32,
    api: ApiServer,
    kubectl: Tool,
}

/// One of each version whose kubectl is here.
async fn clusters() -> Vec<Cluster> {
    let mut clusters = Vec::new();
    for version in VERSIONS {
        let Some(program) = kubectl_of(version) else { continue };
        let api = ApiServer::builder().version(version).controllers(Controller::ALL).start().await.unwrap();
        let kubectl = Tool::kubectl(program, &api, &Identity::admin());
        clusters.push(Cluster { minor: version.split_once('.').unwrap().1.parse().unwrap(), api, kubectl });
    }
    clusters
}

/// A request for a client certificate, as people send it.
pub(crate) fn request(name: &str) -> String {
    use base64::Engine;
    let key = kboot_core::x509::PrivateKey::generate(kboot_core::x509::KeyAlgorithm::EcdsaP256).unwrap();
    let node = "w1".parse().unwrap();
    let request = kboot_core::x509::CertificateRequest::for_kubelet_client(&node, &key).unwrap();
    let pem = base64::engine::general_purpose::STANDARD.encode(request.to_pem());
    format!(
        "apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {{name: {name}}}\n\
         spec: {{request: {pem}, signerName: kubernetes.io/kube-apiserver-client, usages: [client auth]}}\n"
    )
}
