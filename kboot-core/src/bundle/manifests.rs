//! What `kubectl apply -f manifests/` brings into the cluster.

use serde_json::{Value, json};

use super::BundleError;
use super::artifact::{Artifact, ArtifactPath};
use super::render::{certificate, public, reason, secret_text, yaml};
use crate::cluster::{ClusterSpec, NodeCredentials};
use crate::error::Error;
use crate::pki::{Authority, CertificateId, CertificateRole, ClusterPki, Origin};
use crate::rbac;
use crate::release::gates;
use crate::secret::SecretText;
use crate::version::KubernetesVersion;

pub(super) const TOKEN: &str = "manifests/bootstrap-token.yaml";
pub(super) const METRICS_SERVER: &str = "manifests/metrics-server-certificate.yaml";
pub(super) const ETCD_CLIENT: &str = "manifests/etcd-client.yaml";
pub(super) const VERIFY: &str = "manifests/verify.yaml";
const RBAC: &str = "manifests/rbac.yaml";

/// The objects, a file for each that someone applies alone.
pub(super) fn manifests(spec: &ClusterSpec, pki: &ClusterPki<'_>) -> Result<Vec<Artifact>, Error> {
    let mut objects = vec![rbac::administrators(), rbac::api_server_to_kubelets()];
    match spec.join.node_credentials {
        NodeCredentials::BootstrapToken | NodeCredentials::StaticToken => {
            objects.extend(rbac::tls_bootstrapping())
        }
        NodeCredentials::Certificate => objects.push(rbac::node_renewal()),
    }
    if !gates::RBAC_V1.contains(spec.kubernetes_version) {
        for object in &mut objects {
            object["apiVersion"] = "rbac.authorization.k8s.io/v1beta1".into();
        }
    }
    let documents = objects.iter().map(|object| yaml(RBAC, object)).collect::<Result<Vec<_>, _>>()?;
    let mut artifacts = Vec::new();
    if let Some(token) = pki.token() {
        let secret = token.token.secret(&token.settings)?.to_yaml()?;
        artifacts.push(secret_text(ArtifactPath::new(TOKEN), &secret, reason(&token.origin)));
    }
    let mut add_secret = |path: &str, name: &str, kind: &str, data: Value, origin: &Origin| {
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": "kube-system"},
            "type": kind,
            "stringData": data,
        });
        let secret = SecretText::new(yaml(path, &secret)?);
        artifacts.push(secret_text(ArtifactPath::new(path), &secret, reason(origin)));
        Ok::<(), BundleError>(())
    };
    let serving = certificate(pki, &CertificateId::of_cluster(CertificateRole::MetricsServer))?;
    let data = json!({
        "tls.crt": serving.certificate.to_pem(),
        "tls.key": serving.key.to_pem()?.expose_secret(),
    });
    add_secret(METRICS_SERVER, "metrics-server-certificate", "kubernetes.io/tls", data, &serving.origin)?;
    if let Some(name) = &spec.network.etcd_client_secret {
        let client = certificate(pki, &CertificateId::of_cluster(CertificateRole::NetworkEtcdClient))?;
        let data = json!({
            "etcd-ca": pki.authorities().get(Authority::Etcd).certificate().to_pem(),
            "etcd-cert": client.certificate.to_pem(),
            "etcd-key": client.key.to_pem()?.expose_secret(),
        });
        add_secret(ETCD_CLIENT, name.as_str(), "Opaque", data, &client.origin)?;
    }
    if let Some(image) = &spec.verify_image {
        let objects = verify_objects(spec.kubernetes_version, image.as_str());
        let documents = objects.iter().map(|object| yaml(VERIFY, object)).collect::<Result<Vec<_>, _>>()?;
        artifacts.push(public(ArtifactPath::new(VERIFY), documents.join("---\n").into(), None));
    }
    artifacts.push(public(ArtifactPath::new(RBAC), documents.join("---\n").into(), None));
    Ok(artifacts)
}

const VERIFY_NAME: &str = "kboot-verify";

/// A web server on every worker and a service in front of them, to see that pods, services and node ports are
/// reached from everywhere.
fn verify_objects(version: KubernetesVersion, image: &str) -> [Value; 2] {
    let api_version = if gates::APPS_V1.contains(version) { "apps/v1" } else { "extensions/v1beta1" };
    let labels = json!({"app": VERIFY_NAME});
    [
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": VERIFY_NAME, "namespace": "default", "labels": labels},
            "spec": {
                "type": "NodePort",
                "selector": labels,
                "ports": [{"name": "http", "port": 80, "targetPort": 80}],
            },
        }),
        json!({
            "apiVersion": api_version,
            "kind": "DaemonSet",
            "metadata": {"name": VERIFY_NAME, "namespace": "default", "labels": labels},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "containers": [{
                            "name": "web",
                            "image": image,
                            "ports": [{"name": "http", "containerPort": 80}],
                            "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
                        }],
                    },
                },
            },
        }),
    ]
}
