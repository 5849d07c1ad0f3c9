//! Every file of a cluster from its specification and its certificates.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::artifact::{Artifact, Bundle, Content, FileContent, FileKind, FileOwner};
use super::error::BundleError;
use super::join::{TOKEN_USER, bootstrap_kubeconfig};
use super::manifests::{certificate, manifests};
use super::record::inventory;
use super::{install, place};
use crate::cluster::{CaRole, ClusterSpec, ControlPlane, KubeconfigCertificates, Node, NodeRole};
use crate::component::{paths, plain_files};
use crate::error::Error;
use crate::kubeconfig::Kubeconfig;
use crate::name::NodeName;
use crate::net::ApiEndpoint;
use crate::pki::row::{FilePair, Location, Scope};
use crate::pki::{CertificateId, ClusterPki, Issued, Profile};
use crate::secret::SecretText;
use crate::token::BootstrapToken;
use crate::x509::PrivateKey;

impl Bundle {
    /// Renders every file; nothing is read and nothing is written.
    ///
    /// # Errors
    /// [`Error`] where a key, a certificate or a document cannot be encoded.
    pub fn render(spec: &ClusterSpec, pki: &ClusterPki) -> Result<Self, Error> {
        let shared = Shared::new(spec, pki)?;
        let mut artifacts = authorities(spec, pki)?;
        if let Some(file) = static_tokens(pki) {
            let file = FileContent::secret(FileKind::StaticTokens, &file);
            artifacts.push(Artifact::of_cluster(place::STATIC_TOKEN, file));
        }
        artifacts.extend(manifests(spec, pki)?);
        let of_nodes = spec
            .nodes
            .par_iter()
            .map(|node| NodeFiles { spec, pki, shared: &shared, node, artifacts: Vec::new() }.render())
            .collect::<Result<Vec<_>, Error>>()?;
        let scripts: Vec<Artifact> = spec
            .nodes
            .par_iter()
            .zip(&of_nodes)
            .map(|(node, files)| install::script(spec, node, files))
            .collect();
        artifacts.reserve(of_nodes.iter().map(Vec::len).sum::<usize>() + scripts.len());
        artifacts.extend(of_nodes.into_iter().flatten());
        artifacts.extend(scripts);
        for profile in Profile::ALL.iter().copied().filter(|profile| (profile.row().wanted_if)(spec)) {
            match &profile.row().location {
                Location::Root(path) => {
                    let issued = certificate(pki, &CertificateId::of_cluster(profile))?;
                    let endpoint = &spec.control_plane_endpoint;
                    let file = kubeconfig(spec, pki, endpoint, profile, None, Credentials::Embedded(issued))?;
                    artifacts.push(Artifact::of_cluster(*path, file.made(&issued.origin)));
                }
                Location::Files(_)
                | Location::Kubeconfig { .. }
                | Location::Secret(_)
                | Location::OnRequest => {}
            }
        }
        artifacts.push(inventory(spec, pki)?);
        Ok(Self { artifacts, kubernetes_version: spec.kubernetes_version })
    }
}

/// kube-apiserver's token file.
fn static_tokens(pki: &ClusterPki) -> Option<SecretText> {
    let rows = pki.static_tokens();
    let mut text = String::with_capacity(rows.len() * 1024);
    for row in rows {
        text.push_str(row.to_csv().expose_secret());
    }
    (!rows.is_empty()).then(|| SecretText::new(text))
}

/// The private half. Keys come before certificates: a key without a certificate can be completed, a
/// certificate without its key is lost.
fn authorities(spec: &ClusterSpec, pki: &ClusterPki) -> Result<Vec<Artifact>, Error> {
    let mut artifacts = Vec::new();
    for &authority in pki.authorities().layout().authorities() {
        let of_cluster = pki.authorities().get(authority);
        if let Some(key) = of_cluster.key() {
            let key = FileContent::secret(FileKind::CaKey, &key.to_pem()?);
            artifacts.push(Artifact::of_cluster(place::authority_key(authority), key));
        }
        let certificate = FileContent::public(FileKind::CaCertificate, of_cluster.certificate().to_pem());
        artifacts.push(Artifact::of_cluster(place::authority_certificate(authority), certificate));
    }
    if spec.control_plane == ControlPlane::External {
        return Ok(artifacts);
    }
    let service_account = pki.authorities().service_account().private();
    let key = FileContent::secret(FileKind::PrivateKey, &service_account.to_pem()?);
    let public = FileContent::public(FileKind::PublicKey, service_account.public_key_pem());
    artifacts.push(Artifact::of_cluster(place::SERVICE_ACCOUNT, key));
    artifacts.push(Artifact::of_cluster(place::SERVICE_ACCOUNT_PUBLIC, public));
    Ok(artifacts)
}

/// Whether a kubeconfig holds certificates and keys or names their files.
#[derive(Clone, Copy)]
enum Credentials<'a> {
    Embedded(&'a Issued),
    Files(FilePair),
}

/// A component's or a person's kubeconfig, as kubeadm makes it.
fn kubeconfig(
    spec: &ClusterSpec,
    pki: &ClusterPki,
    server: &ApiEndpoint,
    profile: Profile,
    node: Option<&Node>,
    credentials: Credentials<'_>,
) -> Result<FileContent, Error> {
    let user = profile.user(node.map(Node::name))?;
    let user = user.as_str();
    let builder = Kubeconfig::for_cluster(spec.name.as_str(), server);
    let kubeconfig = match credentials {
        Credentials::Files(files) => builder
            .trusting_file(&paths::authority_certificate(spec.pki.authorities, CaRole::Cluster))
            .as_user(user)
            .with_certificate_files(&files.certificate(), &files.key()),
        Credentials::Embedded(issued) => builder
            .trusting(pki.authorities().cluster().certificate())
            .as_user(user)
            .with_certificate(&issued.certificate, &issued.key),
    };
    Ok(FileContent::secret(FileKind::Kubeconfig, &kubeconfig.build()?.to_yaml()?))
}

/// A path on a node, and what belongs there.
type NodeFile = (String, FileContent);

/// A key and its certificate as files of a node, the key first.
fn pair(files: FilePair, issued: &Issued) -> Result<[NodeFile; 2], Error> {
    let key = FileContent::secret(FileKind::PrivateKey, &issued.key.to_pem()?);
    let certificate = FileContent::public(FileKind::Certificate, issued.certificate.to_pem());
    Ok([(files.key(), key.made(&issued.origin)), (files.certificate(), certificate.made(&issued.origin))])
}

/// The files of a certificate on a node; none of one that nodes do not have. Its key comes before the kubeconfig
/// that no longer holds it: a run that is killed between loses none.
fn files_on_node(
    spec: &ClusterSpec,
    pki: &ClusterPki,
    profile: Profile,
    issued: &Issued,
    node: Option<&Node>,
) -> Result<Vec<NodeFile>, Error> {
    let row = profile.row();
    match &row.location {
        Location::Files(files) => Ok(pair(*files, issued)?.into()),
        Location::Kubeconfig { path, files } => {
            let (mut all, credentials) = match spec.kubeconfig_certificates {
                KubeconfigCertificates::Embedded => (Vec::new(), Credentials::Embedded(issued)),
                KubeconfigCertificates::Files => (pair(*files, issued)?.into(), Credentials::Files(*files)),
            };
            let endpoint = &spec.control_plane_endpoint;
            let local = node.map(|node| ApiEndpoint::of(node.address(), endpoint.port()));
            // The control plane talks to the API server beside it; everyone else, to the cluster's.
            let server = match row.scope {
                Scope::EachNode(NodeRole::ControlPlane) => local.as_ref().unwrap_or(endpoint),
                Scope::EachNode(NodeRole::Etcd | NodeRole::Worker)
                | Scope::AllNodes(_)
                | Scope::Cluster
                | Scope::OnRequest => endpoint,
            };
            let file = kubeconfig(spec, pki, server, profile, node, credentials)?;
            all.push(((*path).to_owned(), file.made(&issued.origin)));
            Ok(all)
        }
        Location::Secret(_) | Location::Root(_) | Location::OnRequest => Ok(Vec::new()),
    }
}

/// What is the same on every node, rendered once.
struct Shared {
    authority_certificates: HashMap<CaRole, Content>,
    /// The key that kube-controller-manager signs with, where it signs.
    signers_key: Option<Content>,
    service_account_key: Content,
    service_account_public: Content,
    /// The files of certificates that every node of a role has a copy of.
    copies: Vec<(NodeRole, Vec<NodeFile>)>,
    bootstrap: Option<FileContent>,
    /// That of nodes which keep the token that they have.
    kept_bootstrap: HashMap<NodeName, FileContent>,
    static_tokens: Option<Content>,
    /// Whose the control plane's secrets are, where they are not root's.
    owner: Option<Arc<FileOwner>>,
}

impl Shared {
    fn new(spec: &ClusterSpec, pki: &ClusterPki) -> Result<Self, Error> {
        let authorities = pki.authorities();
        let mut authority_certificates = HashMap::new();
        for &authority in authorities.layout().authorities() {
            let certificate = authorities.get(authority).certificate().to_pem();
            authority_certificates.insert(authority, Content::public(certificate));
        }
        let mut copies = Vec::new();
        for (id, issued) in pki.certificates() {
            match id.profile.row().scope {
                Scope::AllNodes(role) => {
                    copies.push((role, files_on_node(spec, pki, id.profile, issued, None)?));
                }
                Scope::Cluster | Scope::EachNode(_) | Scope::OnRequest => {}
            }
        }
        let bootstrap = match (pki.token(), pki.join_row()) {
            (None, None) => None,
            (None, Some(row)) => {
                let token = SecretText::new(row.expose_secret().expose_secret().to_owned());
                Some(bootstrap_kubeconfig(spec, pki, row.user().as_str(), token)?)
            }
            (Some(token), _) => {
                let file = bootstrap_kubeconfig(spec, pki, TOKEN_USER, token.token.expose_secret())?;
                Some(file.made(&token.origin))
            }
        };
        let mut of_tokens: Vec<(&BootstrapToken, FileContent)> = Vec::new();
        let mut kept_bootstrap = HashMap::new();
        for (node, token) in pki.kept_tokens() {
            let file = match of_tokens.iter().find(|(other, _)| other.equals(token)) {
                Some((_, file)) => file.clone(),
                None => {
                    let file = bootstrap_kubeconfig(spec, pki, TOKEN_USER, token.expose_secret())?;
                    of_tokens.push((token, file.clone()));
                    file
                }
            };
            kept_bootstrap.insert(node.clone(), file);
        }
        let service_account = authorities.service_account().private();
        let signers_key = authorities.signers_key(spec)?.map(PrivateKey::to_pem).transpose()?;
        Ok(Self {
            authority_certificates,
            signers_key: signers_key.as_ref().map(Content::secret),
            service_account_key: Content::secret(&service_account.to_pem()?),
            service_account_public: Content::public(service_account.public_key_pem()),
            copies,
            bootstrap,
            kept_bootstrap,
            static_tokens: static_tokens(pki).as_ref().map(Content::secret),
            owner: spec
                .user
                .as_ref()
                .map(|user| Arc::new(FileOwner { user: user.name.clone(), group: user.group.clone() })),
        })
    }
}

struct NodeFiles<'a> {
    spec: &'a ClusterSpec,
    pki: &'a ClusterPki,
    shared: &'a Shared,
    node: &'a Node,
    artifacts: Vec<Artifact>,
}

impl NodeFiles<'_> {
    fn render(mut self) -> Result<Vec<Artifact>, Error> {
        let (node, shared) = (self.node, self.shared);
        self.authority_certificates();
        if node.has(NodeRole::ControlPlane) {
            self.secret(paths::SERVICE_ACCOUNT_KEY, FileKind::PrivateKey, &shared.service_account_key);
            if let Some(content) = &shared.static_tokens {
                self.secret(paths::STATIC_TOKENS, FileKind::StaticTokens, content);
            }
            let content = shared.service_account_public.clone();
            self.add(
                paths::SERVICE_ACCOUNT_PUBLIC_KEY,
                FileContent { kind: FileKind::PublicKey, content, reason: None },
            );
            if let Some(key) = &shared.signers_key {
                let path = paths::authority_key(self.spec.pki.authorities, CaRole::Cluster);
                self.secret(&path, FileKind::CaKey, key);
            }
        }
        for (_, files) in shared.copies.iter().filter(|(role, _)| node.has(*role)) {
            for (path, file) in files {
                self.add(path, file.clone());
            }
        }
        if node.has(NodeRole::Worker)
            && let Some(file) = shared.kept_bootstrap.get(node.name()).or(shared.bootstrap.as_ref())
        {
            self.add(paths::BOOTSTRAP_KUBECONFIG, file.clone());
        }
        for (id, issued) in self.pki.of_node(node.name()) {
            let owner = match id.profile.row().scope {
                Scope::EachNode(NodeRole::ControlPlane) => shared.owner.as_ref(),
                Scope::EachNode(NodeRole::Etcd | NodeRole::Worker)
                | Scope::AllNodes(_)
                | Scope::Cluster
                | Scope::OnRequest => None,
            };
            for (path, file) in files_on_node(self.spec, self.pki, id.profile, issued, Some(node))? {
                // What anyone may read need not be anyone's.
                let owner = owner.filter(|_| matches!(file.content, Content::Secret(_))).cloned();
                self.artifacts.push(Artifact::of_node(node.name(), &path, file, owner));
            }
        }
        let files = plain_files(self.spec, node)
            .map_err(|source| BundleError::Render { path: node.name().to_string(), source: source.into() })?;
        for file in files {
            let kind = if paths::is_unit(file.path) { FileKind::Unit } else { FileKind::Configuration };
            self.add(file.path, FileContent::public(kind, file.content));
        }
        Ok(self.artifacts)
    }

    fn add(&mut self, path: &str, file: FileContent) {
        self.artifacts.push(Artifact::of_node(self.node.name(), path, file, None));
    }

    /// Adds a secret that the control plane reads.
    fn secret(&mut self, path: &str, kind: FileKind, content: &Content) {
        let file = FileContent { kind, content: content.clone(), reason: None };
        let owner = self.shared.owner.clone();
        self.artifacts.push(Artifact::of_node(self.node.name(), path, file, owner));
    }

    /// Adds the certificates of the authorities that the node's components hold others against, each once.
    fn authority_certificates(&mut self) {
        let has = |role| self.node.has(role);
        let wanted = CaRole::ALL.into_iter().filter(|authority| match authority {
            CaRole::Cluster => has(NodeRole::ControlPlane) || has(NodeRole::Worker),
            CaRole::Etcd => has(NodeRole::ControlPlane) || has(NodeRole::Etcd),
            CaRole::FrontProxy => has(NodeRole::ControlPlane),
        });
        let layout = self.spec.pki.authorities;
        let mut effective: Vec<CaRole> = wanted.map(|authority| layout.effective(authority)).collect();
        effective.dedup();
        for authority in effective {
            if let Some(content) = self.shared.authority_certificates.get(&authority) {
                let path = paths::authority_certificate(layout, authority);
                let content = content.clone();
                self.add(&path, FileContent { kind: FileKind::CaCertificate, content, reason: None });
            }
        }
    }
}
