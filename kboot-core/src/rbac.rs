//! The RBAC objects of TLS bootstrapping, of the administrator and of kube-apiserver at kubelets.
//!
//! Names are kubeadm's where kubeadm has the object, so that a cluster has each of them once whoever
//! made it. Sources: `cmd/kubeadm/app/phases/bootstraptoken/node/tlsbootstrap.go`,
//! `phases/bootstraptoken/clusterinfo`, `phases/kubeconfig`; the bound roles are the API server's own
//! (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`).

use serde_json::{Value, json};

use crate::document::{Unwritable, yaml};
use crate::identity::{ADMIN_GROUP, KUBELET_CLIENT_USER, NODES_GROUP};
use crate::token::BootstrapGroup;

pub(crate) const API_GROUP: &str = "rbac.authorization.k8s.io";

/// A ClusterRoleBinding of `rbac.authorization.k8s.io/v1`: whom it gives which ClusterRole.
///
/// ```
/// let binding = kboot_core::rbac::administrators();
/// assert_eq!((binding.name(), binding.role()), ("kubeadm:cluster-admins", "cluster-admin"));
/// assert_eq!(binding.subject().kind(), "Group");
/// assert!(binding.to_yaml()?.contains("kind: ClusterRoleBinding"));
/// # Ok::<(), kboot_core::document::Unwritable>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterRoleBinding {
    name: &'static str,
    role: &'static str,
    subject: Subject,
}

/// Whom a binding gives its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subject {
    /// Everybody in a group.
    Group(&'static str),
    /// One user.
    User(&'static str),
}

impl Subject {
    /// `Group` or `User`.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Group(_) => "Group",
            Self::User(_) => "User",
        }
    }

    /// The group's or the user's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Group(name) | Self::User(name) => name,
        }
    }
}

impl ClusterRoleBinding {
    const fn new(name: &'static str, role: &'static str, subject: Subject) -> Self {
        Self { name, role, subject }
    }

    /// The binding's own name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The name of the ClusterRole.
    #[must_use]
    pub fn role(&self) -> &'static str {
        self.role
    }

    /// Whom it gives the role.
    #[must_use]
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// The object as YAML, as kubectl takes it.
    ///
    /// # Errors
    /// [`Unwritable`] where the serializer fails, which it has no reason to.
    pub fn to_yaml(&self) -> Result<String, Unwritable> {
        yaml::write(&self.to_json("v1"))
    }

    /// The object in a version of its API: `v1`, before Kubernetes 1.8 `v1beta1`.
    pub(crate) fn to_json(&self, version: &str) -> Value {
        json!({
            "apiVersion": format!("{API_GROUP}/{version}"),
            "kind": "ClusterRoleBinding",
            "metadata": {"name": self.name},
            "roleRef": {"apiGroup": API_GROUP, "kind": "ClusterRole", "name": self.role},
            "subjects": [{"apiGroup": API_GROUP, "kind": self.subject.kind(), "name": self.subject.name()}],
        })
    }
}

/// Lets bearers of bootstrap tokens ask for a node's client certificate and have the first request
/// approved, and lets nodes renew it.
#[must_use]
pub fn tls_bootstrapping() -> Vec<ClusterRoleBinding> {
    vec![
        ClusterRoleBinding::new(
            "kubeadm:kubelet-bootstrap",
            "system:node-bootstrapper",
            Subject::Group(BootstrapGroup::DEFAULT),
        ),
        ClusterRoleBinding::new(
            "kubeadm:node-autoapprove-bootstrap",
            "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
            Subject::Group(BootstrapGroup::DEFAULT),
        ),
        one_node_tokens(),
        node_renewal(),
    ]
}

/// Lets bearers of tokens that are for one node ask for its client certificate. Nobody but a policy approves
/// it: kube-controller-manager would, whichever node it is for.
#[must_use]
pub fn one_node_tokens() -> ClusterRoleBinding {
    ClusterRoleBinding::new(
        "kboot:kubelet-bootstrap-one-node",
        "system:node-bootstrapper",
        Subject::Group(BootstrapGroup::ONE_NODE),
    )
}

/// Lets nodes renew their client certificate; without it every kubelet stops when its first ends.
#[must_use]
pub fn node_renewal() -> ClusterRoleBinding {
    ClusterRoleBinding::new(
        "kubeadm:node-autoapprove-certificate-rotation",
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
        Subject::Group(NODES_GROUP),
    )
}

/// Makes the administrators' group one: an ordinary binding, so it can be taken back.
#[must_use]
pub fn administrators() -> ClusterRoleBinding {
    ClusterRoleBinding::new("kubeadm:cluster-admins", "cluster-admin", Subject::Group(ADMIN_GROUP))
}

/// Lets kube-apiserver use the kubelets' API: logs, exec, metrics.
#[must_use]
pub fn api_server_to_kubelets() -> ClusterRoleBinding {
    ClusterRoleBinding::new(
        "kboot:kube-apiserver-to-kubelet",
        "system:kubelet-api-admin",
        Subject::User(KUBELET_CLIENT_USER),
    )
}
