//! Every file of a cluster from its specification and its certificates.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::Value;

use super::BundleError;
use super::artifact::{Artifact, ArtifactPath, Bundle, Content};
use super::join::{TOKEN_USER, bootstrap_kubeconfig};
use super::manifests::manifests;
use super::record::inventory;
use crate::cluster::{ClusterSpec, KubeconfigCertificates, Node, NodeRole};
use crate::component::paths::{self, Placement};
use crate::component::plain_files;
use crate::error::Error;
use crate::kubeconfig::Kubeconfig;
use crate::name::NodeName;
use crate::net::ApiEndpoint;
use crate::pki::{Authority, CertificateId, CertificateRole, ClusterPki, Issued, Origin};
use crate::secret::{SecretBytes, SecretText};
use crate::token::BootstrapToken;

pub(super) const ADMIN: &str = "admin.conf";
pub(super) const SUPER_ADMIN: &str = "super-admin.conf";
pub(super) const STATIC_TOKEN: &str = "authorities/token.csv";
pub(super) const SERVICE_ACCOUNT: &str = "authorities/sa.key";

/// An authority's file in the private half of the output.
pub(super) fn authority_path(authority: Authority, ending: &str) -> String {
    format!("authorities/{}.{ending}", authority.base_name())
}

impl Bundle {
    /// Renders every file; nothing is read and nothing is written.
    ///
    /// # Errors
    /// [`Error`] where a key, a certificate or a document cannot be encoded.
    pub fn render(spec: &ClusterSpec, pki: &ClusterPki<'_>) -> Result<Self, Error> {
        let shared = Shared::new(spec, pki)?;
        let mut artifacts = authorities(pki)?;
        if let Some(file) = static_tokens(pki) {
            artifacts.push(secret_text(ArtifactPath::new(STATIC_TOKEN), &file, None));
        }
        artifacts.extend(manifests(spec, pki)?);
        let of_nodes = spec
            .nodes
            .par_iter()
            .map(|node| NodeFiles { spec, pki, shared: &shared, node, artifacts: Vec::new() }.render())
            .collect::<Result<Vec<_>, Error>>()?;
        artifacts.extend(of_nodes.into_iter().flatten());
        for (path, role) in [(ADMIN, CertificateRole::Admin), (SUPER_ADMIN, CertificateRole::SuperAdmin)] {
            let issued = certificate(pki, &CertificateId::of_cluster(role))?;
            let kubeconfig = kubeconfig(spec, pki, &spec.control_plane_endpoint, role, issued, None)?;
            artifacts.push(secret_text(ArtifactPath::new(path), &kubeconfig, reason(&issued.origin)));
        }
        artifacts.push(inventory(spec, pki)?);
        Ok(Self { artifacts, kubernetes_version: spec.kubernetes_version })
    }
}

pub(super) fn public(path: ArtifactPath, text: Arc<str>, reason: Option<Arc<str>>) -> Artifact {
    Artifact { path, content: Content::Public(text), reason }
}

pub(super) fn secret_text(path: ArtifactPath, text: &SecretText, reason: Option<Arc<str>>) -> Artifact {
    let bytes = SecretBytes::new(text.expose_secret().as_bytes().to_vec());
    Artifact { path, content: Content::Secret(Arc::new(bytes)), reason }
}

pub(super) fn reason(origin: &Origin) -> Option<Arc<str>> {
    match origin {
        Origin::Kept | Origin::Made { reason: None } => None,
        Origin::Made { reason: Some(reason) } => Some(reason.as_str().into()),
    }
}

pub(super) fn certificate<'a>(
    pki: &'a ClusterPki<'_>,
    id: &CertificateId,
) -> Result<&'a Issued, BundleError> {
    pki.get(id).ok_or_else(|| BundleError::Render {
        path: id.to_string(),
        source: "the certificates were issued for another cluster file".into(),
    })
}

pub(super) fn yaml(path: &str, value: &Value) -> Result<String, BundleError> {
    crate::yaml::write(value)
        .map_err(|source| BundleError::Render { path: path.to_owned(), source: source.into() })
}

/// A component's or a person's kubeconfig, as kubeadm makes it.
fn kubeconfig(
    spec: &ClusterSpec,
    pki: &ClusterPki<'_>,
    server: &ApiEndpoint,
    role: CertificateRole,
    issued: &Issued,
    node: Option<&Node>,
) -> Result<SecretText, Error> {
    let template = crate::pki::profile::template(role, spec, node)?;
    let user = template.subject().common_name().as_str();
    let builder = Kubeconfig::for_cluster(spec.name.as_str(), server);
    let kubeconfig = match paths::placement(role) {
        Placement::Kubeconfig(..) if spec.kubeconfig_certificates == KubeconfigCertificates::Files => builder
            .trusting_file(&paths::authority_certificate(spec.pki.authorities, Authority::Cluster))
            .as_user(user)
            .with_certificate_files(&paths::certificate(role), &paths::key(role)),
        _ => builder
            .trusting(pki.authorities().cluster().certificate())
            .as_user(user)
            .with_certificate(&issued.certificate, &issued.key),
    };
    Ok(kubeconfig.build()?.to_yaml()?)
}

/// kube-apiserver's token file.
fn static_tokens(pki: &ClusterPki<'_>) -> Option<SecretText> {
    let rows = pki.static_tokens();
    let mut text = String::with_capacity(rows.len() * 1024);
    for row in rows {
        text.push_str(row.to_csv().expose_secret());
    }
    (!rows.is_empty()).then(|| SecretText::new(text))
}

/// The private half. Keys come before certificates: a key without a certificate can be completed, a
/// certificate without its key is lost.
fn authorities(pki: &ClusterPki<'_>) -> Result<Vec<Artifact>, Error> {
    let mut artifacts = Vec::new();
    for &authority in pki.authorities().layout().authorities() {
        let pair = pki.authorities().get(authority);
        artifacts.push(secret_text(
            ArtifactPath::new(authority_path(authority, "key")),
            &pair.key().to_pem()?,
            None,
        ));
        let certificate = pair.certificate().to_pem();
        artifacts.push(public(ArtifactPath::new(authority_path(authority, "crt")), certificate.into(), None));
    }
    let service_account = pki.authorities().service_account().private();
    artifacts.push(secret_text(ArtifactPath::new(SERVICE_ACCOUNT), &service_account.to_pem()?, None));
    artifacts.push(public(
        ArtifactPath::new("authorities/sa.pub"),
        service_account.public_key_pem().into(),
        None,
    ));
    Ok(artifacts)
}

/// Where a role's certificate lies on a node: in a file of its own or in a kubeconfig.
pub(super) fn certificate_path(spec: &ClusterSpec, role: CertificateRole) -> String {
    match paths::placement(role) {
        Placement::Kubeconfig(path, _)
            if spec.kubeconfig_certificates == KubeconfigCertificates::Embedded =>
        {
            path.to_owned()
        }
        _ => paths::certificate(role),
    }
}

/// A path on a node, what it holds, and why it is made anew.
type NodeFile = (String, Content, Option<Arc<str>>);

/// A role's key and certificate as files of a node, the key first.
fn pair(role: CertificateRole, issued: &Issued) -> Result<[NodeFile; 2], Error> {
    let key = SecretBytes::new(issued.key.to_pem()?.expose_secret().as_bytes().to_vec());
    let certificate = Content::Public(issued.certificate.to_pem().into());
    Ok([
        (paths::key(role), Content::Secret(Arc::new(key)), reason(&issued.origin)),
        (paths::certificate(role), certificate, reason(&issued.origin)),
    ])
}

/// What is the same on every node, rendered once.
struct Shared {
    authority_certificates: HashMap<Authority, Arc<str>>,
    cluster_key: Content,
    service_account_key: Content,
    service_account_public: Arc<str>,
    kube_proxy: Option<(Content, Option<Arc<str>>)>,
    /// Its key and certificate, where its kubeconfig names their files.
    kube_proxy_files: Vec<NodeFile>,
    bootstrap: Option<(Content, Option<Arc<str>>)>,
    /// That of nodes which keep the token that they have.
    kept_bootstrap: HashMap<NodeName, Content>,
    static_tokens: Option<Content>,
}

impl Shared {
    fn new(spec: &ClusterSpec, pki: &ClusterPki<'_>) -> Result<Self, Error> {
        let secret = |text: &SecretText| {
            Content::Secret(Arc::new(SecretBytes::new(text.expose_secret().as_bytes().to_vec())))
        };
        let authorities = pki.authorities();
        let mut authority_certificates = HashMap::new();
        for &authority in authorities.layout().authorities() {
            authority_certificates
                .insert(authority, authorities.get(authority).certificate().to_pem().into());
        }
        let mut kube_proxy_files = Vec::new();
        let kube_proxy = match pki.get(&CertificateId::of_cluster(CertificateRole::KubeProxy)) {
            None => None,
            Some(issued) => {
                let endpoint = &spec.control_plane_endpoint;
                let kubeconfig = kubeconfig(spec, pki, endpoint, CertificateRole::KubeProxy, issued, None)?;
                if spec.kubeconfig_certificates == KubeconfigCertificates::Files {
                    let [key, certificate] = pair(CertificateRole::KubeProxy, issued)?;
                    kube_proxy_files.extend([key, certificate]);
                }
                Some((secret(&kubeconfig), reason(&issued.origin)))
            }
        };
        let bootstrap = match (pki.token(), pki.join_row()) {
            (None, None) => None,
            (None, Some(token)) => {
                let user = token.user().as_str();
                let kubeconfig = bootstrap_kubeconfig(
                    spec,
                    pki,
                    user,
                    SecretText::new(token.expose_secret().expose_secret().to_owned()),
                )?;
                Some((secret(&kubeconfig), None))
            }
            (Some(token), _) => {
                let kubeconfig = bootstrap_kubeconfig(spec, pki, TOKEN_USER, token.token.expose_secret())?;
                Some((secret(&kubeconfig), reason(&token.origin)))
            }
        };
        let mut of_tokens: Vec<(&BootstrapToken, Content)> = Vec::new();
        let mut kept_bootstrap = HashMap::new();
        for (node, token) in pki.kept_tokens() {
            let content = match of_tokens.iter().find(|(other, _)| other.equals(token)) {
                Some((_, content)) => content.clone(),
                None => {
                    let kubeconfig = bootstrap_kubeconfig(spec, pki, TOKEN_USER, token.expose_secret())?;
                    let content = secret(&kubeconfig);
                    of_tokens.push((token, content.clone()));
                    content
                }
            };
            kept_bootstrap.insert(node.clone(), content);
        }
        let service_account = authorities.service_account().private();
        Ok(Self {
            authority_certificates,
            cluster_key: secret(&authorities.cluster().key().to_pem()?),
            service_account_key: secret(&service_account.to_pem()?),
            service_account_public: service_account.public_key_pem().into(),
            kube_proxy,
            kube_proxy_files,
            bootstrap,
            kept_bootstrap,
            static_tokens: static_tokens(pki).as_ref().map(secret),
        })
    }
}

struct NodeFiles<'a> {
    spec: &'a ClusterSpec,
    pki: &'a ClusterPki<'a>,
    shared: &'a Shared,
    node: &'a Node,
    artifacts: Vec<Artifact>,
}

impl NodeFiles<'_> {
    fn render(mut self) -> Result<Vec<Artifact>, Error> {
        let node = self.node;
        if node.has(NodeRole::ControlPlane) || node.has(NodeRole::Worker) {
            self.authority(Authority::Cluster);
        }
        if node.has(NodeRole::ControlPlane) || node.has(NodeRole::Etcd) {
            self.authority(Authority::Etcd);
        }
        if node.has(NodeRole::ControlPlane) {
            self.authority(Authority::FrontProxy);
            self.add(paths::SERVICE_ACCOUNT_KEY, self.shared.service_account_key.clone(), None);
            if let Some(content) = self.shared.static_tokens.clone() {
                self.add(paths::STATIC_TOKENS, content, None);
            }
            let public = Content::Public(Arc::clone(&self.shared.service_account_public));
            self.add(paths::SERVICE_ACCOUNT_PUBLIC_KEY, public, None);
            if self.spec.signs_requests() {
                let path = paths::authority_key(self.spec.pki.authorities, Authority::Cluster);
                self.add(&path, self.shared.cluster_key.clone(), None);
            }
        }
        if node.has(NodeRole::Worker) {
            // Its key before the kubeconfig that no longer holds it: a run that is killed between loses none.
            for (path, content, reason) in &self.shared.kube_proxy_files {
                self.add(path, content.clone(), reason.clone());
            }
            if let Some((content, reason)) = self.shared.kube_proxy.clone() {
                self.add(paths::KUBE_PROXY_KUBECONFIG, content, reason);
            }
            let kept = self.shared.kept_bootstrap.get(node.name());
            let bootstrap = kept.map(|content| (content.clone(), None));
            if let Some((content, reason)) = bootstrap.or_else(|| self.shared.bootstrap.clone()) {
                self.add(paths::BOOTSTRAP_KUBECONFIG, content, reason);
            }
        }
        for (id, issued) in self.pki.of_node(node.name()) {
            self.certificate(id.role, issued)?;
        }
        let files = plain_files(self.spec, node)
            .map_err(|source| BundleError::Render { path: node.name().to_string(), source: source.into() })?;
        for file in files {
            self.add(file.path, Content::Public(file.content.into()), None);
        }
        Ok(self.artifacts)
    }

    fn add(&mut self, path: &str, content: Content, reason: Option<Arc<str>>) {
        self.artifacts.push(Artifact {
            path: ArtifactPath::on_node(self.node.name(), path),
            content,
            reason,
        });
    }

    fn authority(&mut self, authority: Authority) {
        let layout = self.spec.pki.authorities;
        let path = paths::authority_certificate(layout, authority);
        let present = self.artifacts.iter().any(|artifact| artifact.path.as_str().ends_with(&path));
        if let (false, Some(pem)) =
            (present, self.shared.authority_certificates.get(&layout.effective(authority)))
        {
            self.add(&path, Content::Public(Arc::clone(pem)), None);
        }
    }

    fn certificate(&mut self, role: CertificateRole, issued: &Issued) -> Result<(), Error> {
        let reason = reason(&issued.origin);
        match paths::placement(role) {
            Placement::Elsewhere => {}
            Placement::Files(_) => {
                for (path, content, reason) in pair(role, issued)? {
                    self.add(&path, content, reason);
                }
            }
            Placement::Kubeconfig(path, _) => {
                if self.spec.kubeconfig_certificates == KubeconfigCertificates::Files {
                    for (path, content, reason) in pair(role, issued)? {
                        self.add(&path, content, reason);
                    }
                }
                // The control plane talks to the API server beside it; everyone else, to the cluster's.
                let endpoint = &self.spec.control_plane_endpoint;
                let local = ApiEndpoint::of(self.node.address(), endpoint.port());
                let server = match role {
                    CertificateRole::ControllerManager | CertificateRole::Scheduler => &local,
                    _ => endpoint,
                };
                let text = kubeconfig(self.spec, self.pki, server, role, issued, Some(self.node))?;
                let bytes = SecretBytes::new(text.expose_secret().as_bytes().to_vec());
                self.add(path, Content::Secret(Arc::new(bytes)), reason);
            }
        }
        Ok(())
    }
}
