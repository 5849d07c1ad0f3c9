//! What `kubectl apply -f manifests/` brings into the cluster.

use serde_json::{Map, Value, json};

use super::artifact::{Artifact, FileContent, FileKind};
use super::error::BundleError;
use super::place::{RBAC, TOKEN, VERIFY};
use crate::cluster::{CaRole, ClusterSpec, NodeCredentials};
use crate::error::Error;
use crate::pki::row::{Location, SecretRow};
use crate::pki::{CertificateId, ClusterPki, Issued, Profile};
use crate::rbac;
use crate::release::gates;
use crate::secret::SecretText;

/// The objects, a file for each that someone applies alone.
pub(super) fn manifests(spec: &ClusterSpec, pki: &ClusterPki) -> Result<Vec<Artifact>, Error> {
    let mut artifacts = Vec::new();
    if let Some(token) = pki.token() {
        let secret = token.token.secret(&token.settings)?.to_yaml()?;
        let file = FileContent::secret(FileKind::Manifest, &secret).made(&token.origin);
        artifacts.push(Artifact::of_cluster(TOKEN, file));
    }
    for profile in Profile::ALL.iter().copied().filter(|profile| (profile.row().wanted_if)(spec)) {
        match &profile.row().location {
            Location::Secret(row) => artifacts.extend(certificate_secret(spec, pki, profile, row)?),
            Location::Files(_) | Location::Kubeconfig { .. } | Location::Root(_) | Location::OnRequest => {}
        }
    }
    if let Some(image) = &spec.verify_image {
        let objects = verify_objects(spec, image.as_str());
        artifacts.push(objects_file(VERIFY, &objects)?);
    }
    artifacts.push(objects_file(RBAC, &rbac_objects(spec))?);
    Ok(artifacts)
}

fn objects_file(path: &'static str, objects: &[Value]) -> Result<Artifact, BundleError> {
    let documents = objects.iter().map(|object| yaml(path, object)).collect::<Result<Vec<_>, _>>()?;
    Ok(Artifact::of_cluster(path, FileContent::public(FileKind::Manifest, documents.join("---\n"))))
}

fn yaml(path: &str, value: &Value) -> Result<String, BundleError> {
    crate::document::yaml::write(value)
        .map_err(|source| BundleError::Render { path: path.to_owned(), source: source.into() })
}

/// The Secret of a certificate, where the cluster file says how it is called.
fn certificate_secret(
    spec: &ClusterSpec,
    pki: &ClusterPki,
    profile: Profile,
    row: &SecretRow,
) -> Result<Option<Artifact>, Error> {
    let Some(name) = (row.name)(spec) else { return Ok(None) };
    let issued = certificate(pki, &CertificateId::of_cluster(profile))?;
    let mut data = Map::new();
    if let Some(field) = row.ca {
        let authority = pki.authorities().get(profile.ca().unwrap_or(CaRole::Cluster));
        data.insert(field.to_owned(), authority.certificate().to_pem().into());
    }
    data.insert(row.certificate.to_owned(), issued.certificate.to_pem().into());
    data.insert(row.key.to_owned(), issued.key.to_pem()?.expose_secret().into());
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": "kube-system"},
        "type": row.kind,
        "stringData": data,
    });
    let secret = SecretText::new(yaml(row.path, &secret)?);
    let file = FileContent::secret(FileKind::Manifest, &secret).made(&issued.origin);
    Ok(Some(Artifact::of_cluster(row.path, file)))
}

/// A certificate that the cluster file asks for.
pub(super) fn certificate<'a>(pki: &'a ClusterPki, id: &CertificateId) -> Result<&'a Issued, BundleError> {
    pki.get(id).ok_or_else(|| BundleError::Render {
        path: id.to_string(),
        source: "the certificates were issued for another cluster file".into(),
    })
}

/// What the build's own users may do.
fn rbac_objects(spec: &ClusterSpec) -> Vec<Value> {
    let mut objects = vec![rbac::administrators(), rbac::api_server_to_kubelets()];
    match spec.join.node_credentials {
        NodeCredentials::BootstrapToken | NodeCredentials::StaticToken => {
            objects.extend(rbac::tls_bootstrapping())
        }
        NodeCredentials::Certificate => objects.push(rbac::node_renewal()),
    }
    let version = if gates::RBAC_V1.contains(spec.kubernetes_version) { "v1" } else { "v1beta1" };
    objects.iter().map(|object| object.to_json(version)).collect()
}

const VERIFY_NAME: &str = "kboot-verify";

/// A web server on every worker, tainted or not, and a service in front of them, to see that pods, services and node
/// ports are reached from everywhere.
fn verify_objects(spec: &ClusterSpec, image: &str) -> [Value; 2] {
    let api_version =
        if gates::APPS_V1.contains(spec.kubernetes_version) { "apps/v1" } else { "extensions/v1beta1" };
    let labels = json!({"app": VERIFY_NAME});
    let mut pod = json!({
        "containers": [{
            "name": "web",
            "image": image,
            "ports": [{"name": "http", "containerPort": 80}],
            "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
        }],
    });
    if let Value::Object(fields) = &mut pod
        && spec.nodes().iter().any(|node| !spec.taints_of(node).is_empty())
    {
        fields.insert("tolerations".to_owned(), json!([{"operator": "Exists"}]));
    }
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
                    "spec": pod,
                },
            },
        }),
    ]
}
