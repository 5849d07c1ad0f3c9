//! What each certificate contains: the table that is half of the product.
//!
//! Sources: `cmd/kubeadm/app/phases/certs/certlist.go`, `phases/kubeconfig/kubeconfig.go` and
//! `util/pkiutil/pki_helpers.go` of Kubernetes 1.36; differences stand beside the line they concern.

use std::net::IpAddr;

use super::{CertificateRole, PkiError, Subject};
use crate::name::{Group, Username};
use crate::net::{AltName, SubjectAltNames};
use crate::spec::{ClusterSpec, Node};

/// What a certificate's key may be used for (RFC 5280, 4.2.1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "no component takes any other combination")]
pub enum ExtendedUsage {
    /// clientAuth.
    Client,
    /// serverAuth.
    Server,
    /// serverAuth and clientAuth: etcd's servers and peers, which also dial each other.
    ServerAndClient,
}

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
    pub(super) alt_names: SubjectAltNames,
}

impl CertificateTemplate {
    /// A client certificate for a user.
    #[must_use]
    pub fn client(user: Username) -> Self {
        Self {
            subject: Subject::new(user),
            usage: ExtendedUsage::Client,
            alt_names: SubjectAltNames::default(),
        }
    }

    /// A serving certificate for these names.
    #[must_use]
    pub fn server(common_name: Username, alt_names: SubjectAltNames) -> Self {
        Self { subject: Subject::new(common_name), usage: ExtendedUsage::Server, alt_names }
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

    /// The names and addresses that it serves.
    #[must_use]
    pub fn alt_names(&self) -> &SubjectAltNames {
        &self.alt_names
    }
}

/// The group of the administrator (kubeadm 1.29 and later); bound to cluster-admin in `rbac`, and so,
/// unlike `system:masters`, revocable.
pub const ADMIN_GROUP: &str = "kubeadm:cluster-admins";
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
    let fixed = |name: &str| Username::from_static(name);
    let client = |name: &str| CertificateTemplate::client(fixed(name));
    let node = || {
        node.ok_or_else(|| PkiError::Unencodable { what: "subject without a node", value: role.to_string() })
    };
    let mut template = match role {
        CertificateRole::ApiServer => {
            CertificateTemplate::server(fixed("kube-apiserver"), api_server_names(spec, node()?))
        }
        // Upstream: O=kubeadm:cluster-admins. No group here: the user is bound to
        // system:kubelet-api-admin (rbac), so a stolen key reaches kubelets and nothing else.
        CertificateRole::ApiServerKubeletClient => client(KUBELET_CLIENT_USER),
        CertificateRole::ApiServerEtcdClient => client("kube-apiserver-etcd-client"),
        CertificateRole::FrontProxyClient => client("front-proxy-client"),
        CertificateRole::EtcdServer | CertificateRole::EtcdPeer => {
            let node = node()?;
            let names = [AltName::Dns(node.name().to_string()), AltName::Dns("localhost".to_owned())]
                .into_iter()
                .chain(node.addresses().iter().copied().map(AltName::Ip))
                .chain([AltName::Ip(IpAddr::from([127, 0, 0, 1])), AltName::Ip(IpAddr::V6(1.into()))]);
            CertificateTemplate {
                usage: ExtendedUsage::ServerAndClient,
                ..CertificateTemplate::server(fixed(node.name().as_str()), names.collect())
            }
        }
        CertificateRole::EtcdHealthcheckClient => client("kube-etcd-healthcheck-client"),
        // etcd without roles of its own takes every client of its authority for root.
        CertificateRole::NetworkEtcdClient => client("network-plugin"),
        CertificateRole::ControllerManager => client("system:kube-controller-manager"),
        CertificateRole::Scheduler => client("system:kube-scheduler"),
        CertificateRole::Admin => client("kubernetes-admin").group(Group::from_static(ADMIN_GROUP)),
        CertificateRole::SuperAdmin => {
            client("kubernetes-super-admin").group(Group::from_static("system:masters"))
        }
        // The subject that the node authorizer and NodeRestriction ask for.
        CertificateRole::KubeletClient => {
            CertificateTemplate::client(node()?.name().username()).group(Group::from_static("system:nodes"))
        }
        // The content that the kubelet-serving signer issues; the CN is also what
        // --enable-kubelet-cert-cn-validation (KEP-4872) will ask for.
        CertificateRole::KubeletServing => {
            let node = node()?;
            let names = [AltName::Dns(node.name().to_string())]
                .into_iter()
                .chain(node.addresses().iter().copied().map(AltName::Ip));
            CertificateTemplate::server(node.name().username(), names.collect())
                .group(Group::from_static("system:nodes"))
        }
        // system:node-proxier is bound to this user by default (bootstrappolicy/policy.go).
        CertificateRole::KubeProxy => client("system:kube-proxy"),
        CertificateRole::MetricsServer => {
            let service = ["metrics-server", "metrics-server.kube-system", "metrics-server.kube-system.svc"];
            let full = format!("metrics-server.kube-system.svc.{}", spec.network.dns_domain);
            let names = service.into_iter().map(str::to_owned).chain([full]).map(AltName::Dns);
            CertificateTemplate::server(fixed("metrics-server"), names.collect())
        }
    };
    template.subject = template.subject.with_defaults(&spec.pki.subject);
    Ok(template)
}

/// kubeadm's `GetAPIServerAltNames`, with the first service address of each family (upstream: of the
/// first family alone).
fn api_server_names(spec: &ClusterSpec, node: &Node) -> SubjectAltNames {
    let service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];
    [AltName::Dns(node.name().to_string())]
        .into_iter()
        .chain(service.map(|name| AltName::Dns(name.to_owned())))
        .chain([AltName::Dns(format!("kubernetes.default.svc.{}", spec.network.dns_domain))])
        .chain(spec.network.service_cidrs.iter().filter_map(|range| range.nth(1)).map(AltName::Ip))
        .chain(node.addresses().iter().copied().map(AltName::Ip))
        .chain([spec.control_plane_endpoint.host().clone()])
        .chain(spec.pki.api_server_sans.iter().cloned())
        .collect()
}
