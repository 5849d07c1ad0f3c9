//! What each certificate contains: the table that is half of the product.
//!
//! Sources: `cmd/kubeadm/app/phases/certs/certlist.go`, `phases/kubeconfig/kubeconfig.go` and
//! `util/pkiutil/pki_helpers.go` of Kubernetes 1.36; differences stand beside the line they concern.

use std::net::IpAddr;

use super::{Authority, CertificateRole, PkiError, Subject};
use crate::cluster::{ClusterSpec, Node};
use crate::name::{Group, NodeName, Username};
use crate::net::AltName;
pub use crate::x509::TlsUsage as ExtendedUsage; // MERGE: alias
use crate::x509::{KeyUsage, SubjectAltNames, X509Error};

/// The content of a certificate, all but its key, validity, serial number and issuer.
///
/// ```
/// use kboot_core::pki::CertificateTemplate;
/// let developer = CertificateTemplate::client("jane".parse()?).group("dev".parse()?).group("ops".parse()?);
/// assert_eq!(developer.subject().to_string(), "CN=jane,O=dev,O=ops");
/// # Ok::<(), kboot_core::name::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateTemplate {
    pub(super) subject: Subject,
    pub(super) usage: ExtendedUsage,
    pub(super) key_usage: KeyUsage,
    pub(super) alt_names: SubjectAltNames,
    /// The one that it is from; none where nothing was said.
    pub(super) authority: Option<Authority>,
}

impl CertificateTemplate {
    /// A client certificate for a user.
    #[must_use]
    pub fn client(user: Username) -> Self {
        Self {
            subject: Subject::new(user),
            usage: ExtendedUsage::Client,
            key_usage: KeyUsage::SIGNATURE_AND_ENCIPHERMENT,
            alt_names: SubjectAltNames::default(),
            authority: None,
        }
    }

    /// A serving certificate for these names.
    #[must_use]
    pub fn server(common_name: Username, alt_names: SubjectAltNames) -> Self {
        Self { usage: ExtendedUsage::Server, alt_names, ..Self::client(common_name) }
    }

    /// The same for another usage.
    #[must_use]
    pub fn with_usage(mut self, usage: ExtendedUsage) -> Self {
        self.usage = usage;
        self
    }

    /// The same for one of the cluster's authorities. Without it, etcd's and the front proxy's make no client of
    /// it, since etcd takes every client of its authority for root; but for a server that is also a client, as
    /// etcd's members are.
    #[must_use]
    pub fn from_authority(mut self, authority: Authority) -> Self {
        self.authority = Some(authority);
        self
    }

    /// The same with one more group.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.subject = self.subject.group(group);
        self
    }

    /// Who it is for.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// What it is for.
    #[must_use]
    pub fn usage(&self) -> ExtendedUsage {
        self.usage
    }

    /// What its key may do.
    #[must_use]
    pub fn key_usage(&self) -> KeyUsage {
        self.key_usage
    }

    /// The names and addresses that it serves.
    #[must_use]
    pub fn alt_names(&self) -> &SubjectAltNames {
        &self.alt_names
    }

    /// Whether it may be a member of an etcd that is called as its owner likes: one that is dialled, and no
    /// component of Kubernetes.
    pub(super) fn may_be_member_of_etcd(&self) -> bool {
        let mut names =
            self.subject.groups().iter().map(Group::as_str).chain([self.subject.common_name().as_str()]);
        !self.alt_names.is_empty() && !names.any(|name| name.starts_with("system:"))
    }

    /// Whether its holder may do everything in a cluster, past every RBAC rule, until it expires.
    #[must_use]
    pub fn is_unrestricted(&self) -> bool {
        self.usage != ExtendedUsage::Server
            && self.subject.groups().iter().any(|group| group.as_str() == MASTERS_GROUP)
    }
}

/// The group of the administrator (kubeadm 1.29 and later); bound to cluster-admin in `rbac`, and so,
/// unlike [`MASTERS_GROUP`], revocable.
pub const ADMIN_GROUP: &str = "kubeadm:cluster-admins";
/// The group that the API server's authorizer lets do everything, whatever RBAC says.
pub const MASTERS_GROUP: &str = "system:masters";
/// The user name of kube-apiserver at kubelets.
pub const KUBELET_CLIENT_USER: &str = "kube-apiserver-kubelet-client";

/// The content of a role's certificate in a cluster; `node` is the node it is for.
///
/// # Errors
/// [`PkiError::Unencodable`] for a role of a node where no node is given.
pub fn template(
    role: CertificateRole,
    spec: &ClusterSpec,
    node: Option<&Node>,
) -> Result<CertificateTemplate, PkiError> {
    let addresses = || node.into_iter().flat_map(|node| node.addresses().iter().copied().map(AltName::Ip));
    let names = match role {
        CertificateRole::ApiServer => api_server_names(spec, addresses()),
        CertificateRole::EtcdServer | CertificateRole::EtcdPeer | CertificateRole::KubeletServing => {
            addresses().collect()
        }
        CertificateRole::MetricsServer => {
            let full = format!("metrics-server.kube-system.svc.{}", spec.network.dns_domain);
            vec![AltName::Dns(full)]
        }
        _ => Vec::new(),
    };
    let mut template = template_of_role(role, node.map(Node::name), names)?;
    template.subject = template.subject.with_defaults(&spec.pki.subject);
    Ok(template)
}

/// The content of a role's certificate where there is no cluster file: `names` are those that the cluster
/// decides, the ones that every cluster has are added.
///
/// ```
/// use kboot_core::pki::{CertificateRole, profile::template_of_role};
/// let kubelet = template_of_role(CertificateRole::KubeletClient, Some(&"worker-1".parse()?), [])?;
/// assert_eq!(kubelet.subject().to_string(), "CN=system:node:worker-1,O=system:nodes");
/// # Ok::<(), kboot_core::Error>(())
/// ```
///
/// # Errors
/// [`PkiError::Unencodable`] for a role of a node where no node is given.
pub fn template_of_role(
    role: CertificateRole,
    node: Option<&NodeName>,
    names: impl IntoIterator<Item = AltName>,
) -> Result<CertificateTemplate, PkiError> {
    Ok(content_of_role(role, node, names)?.from_authority(role.authority()))
}

fn content_of_role(
    role: CertificateRole,
    node: Option<&NodeName>,
    names: impl IntoIterator<Item = AltName>,
) -> Result<CertificateTemplate, PkiError> {
    let fixed = |name: &str| Username::from_static(name);
    let client = |name: &str| CertificateTemplate::client(fixed(name));
    let of_node = || {
        node.ok_or_else(|| X509Error::Unencodable { what: "subject without a node", value: role.to_string() })
    };
    let dns = |name: &str| AltName::Dns(name.to_owned());
    let own_name = || node.map(|name| dns(name.as_str())).into_iter();
    let mut template = match role {
        CertificateRole::ApiServer => {
            // kubeadm's GetAPIServerAltNames
            let service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"].map(dns);
            let names = own_name().chain(service).chain(names).collect();
            return Ok(CertificateTemplate::server(fixed("kube-apiserver"), names));
        }
        // Upstream: O=kubeadm:cluster-admins. No group here: the user is bound to
        // system:kubelet-api-admin (rbac), so a stolen key reaches kubelets and nothing else.
        CertificateRole::ApiServerKubeletClient => client(KUBELET_CLIENT_USER),
        CertificateRole::ApiServerEtcdClient => client("kube-apiserver-etcd-client"),
        CertificateRole::FrontProxyClient => client("front-proxy-client"),
        CertificateRole::EtcdServer | CertificateRole::EtcdPeer => {
            let loopback = [IpAddr::from([127, 0, 0, 1]), IpAddr::V6(1.into())].map(AltName::Ip);
            let names = own_name().chain([dns("localhost")]).chain(names).chain(loopback).collect();
            return Ok(CertificateTemplate::server(fixed(of_node()?.as_str()), names)
                .with_usage(ExtendedUsage::ServerAndClient));
        }
        CertificateRole::EtcdHealthcheckClient => client("kube-etcd-healthcheck-client"),
        // etcd without roles of its own takes every client of its authority for root.
        CertificateRole::NetworkEtcdClient => client("network-plugin"),
        CertificateRole::ControllerManager => client("system:kube-controller-manager"),
        CertificateRole::Scheduler => client("system:kube-scheduler"),
        CertificateRole::Admin => client("kubernetes-admin").group(Group::from_static(ADMIN_GROUP)),
        CertificateRole::SuperAdmin => {
            client("kubernetes-super-admin").group(Group::from_static(MASTERS_GROUP))
        }
        // The subject that the node authorizer and NodeRestriction ask for.
        CertificateRole::KubeletClient => {
            CertificateTemplate::client(of_node()?.username()).group(Group::from_static("system:nodes"))
        }
        // The content that the kubelet-serving signer issues; the CN is also what
        // --enable-kubelet-cert-cn-validation (KEP-4872) will ask for.
        CertificateRole::KubeletServing => {
            let names = own_name().chain(names).collect();
            return Ok(CertificateTemplate::server(of_node()?.username(), names)
                .group(Group::from_static("system:nodes")));
        }
        // system:node-proxier is bound to this user by default (bootstrappolicy/policy.go).
        CertificateRole::KubeProxy => client("system:kube-proxy"),
        CertificateRole::MetricsServer => {
            let service = ["metrics-server", "metrics-server.kube-system", "metrics-server.kube-system.svc"];
            let names = service.map(dns).into_iter().chain(names).collect();
            return Ok(CertificateTemplate::server(fixed("metrics-server"), names));
        }
    };
    template.alt_names = names.into_iter().collect();
    Ok(template)
}

/// What the cluster adds to the names that every API server has; kubeadm takes the first service address
/// of the first family alone, this one of each.
fn api_server_names(spec: &ClusterSpec, addresses: impl Iterator<Item = AltName>) -> Vec<AltName> {
    [AltName::Dns(format!("kubernetes.default.svc.{}", spec.network.dns_domain))]
        .into_iter()
        .chain(spec.network.service_cidrs.iter().filter_map(|range| range.nth(1)).map(AltName::Ip))
        .chain(addresses)
        .chain([spec.control_plane_endpoint.host().clone()])
        .chain(spec.pki.api_server_sans.iter().cloned())
        .collect()
}
