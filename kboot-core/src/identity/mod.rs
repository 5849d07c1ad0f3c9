//! Whom a certificate or a token makes its holder, and which of those nobody is made by hand or on request.
//!
//! Every way to an identity asks here: certificates issued by hand, certificate requests, static tokens, names of
//! nodes. What asks for more on purpose finds its way in [`crate::danger`].

#[cfg(feature = "certificates")]
mod certificate;

#[cfg(feature = "certificates")]
pub(crate) use certificate::{CLUSTER_USERS, EVERYBODY};
#[cfg(feature = "certificates")]
pub use certificate::{ClientIdentity, IdentityError, node_of};

use crate::name::{Group, NodeName};

/// The group that the API server's authorizer lets do everything, whatever RBAC says.
pub const MASTERS_GROUP: &str = "system:masters";
/// The group of the administrator (kubeadm 1.29 and later); bound to cluster-admin in [`crate::rbac`], and so,
/// unlike [`MASTERS_GROUP`], revocable.
pub const ADMIN_GROUP: &str = "kubeadm:cluster-admins";
/// The group of every node, without which the node authorizer takes nobody for one.
pub const NODES_GROUP: &str = "system:nodes";
/// The user that may speak for every other one at the API server (`--requestheader-allowed-names`).
pub const FRONT_PROXY_CLIENT: &str = "front-proxy-client";
/// The user name of kube-apiserver at kubelets.
pub const KUBELET_CLIENT_USER: &str = "kube-apiserver-kubelet-client";

/// What every user and group of Kubernetes itself starts with: masters, nodes, controllers, service accounts.
pub(crate) const RESERVED_PREFIX: &str = "system:";

/// The users of nodes begin with it, then comes the node's name.
pub(crate) const NODE_USER_PREFIX: &str = "system:node:";

/// Users and groups that clusters made by kubeadm or kboot give power to, besides all of `system:`.
pub(crate) const PRIVILEGED: [&str; 8] = [
    ADMIN_GROUP,
    "kubernetes-admin",
    "kubernetes-super-admin",
    "kube-apiserver",
    KUBELET_CLIENT_USER,
    "kube-apiserver-etcd-client",
    "kube-etcd-healthcheck-client",
    FRONT_PROXY_CLIENT,
];

/// Whether a user or group is one that no request may ask for; spelling that only looks like it counts.
///
/// ```
/// use kboot_core::identity::is_privileged;
/// assert!(is_privileged("system:masters") && is_privileged(" Kubernetes-Admin"));
/// assert!(!is_privileged("jane"));
/// ```
#[must_use]
pub fn is_privileged(name: &str) -> bool {
    let plain = name.trim().to_lowercase();
    plain.starts_with(RESERVED_PREFIX) || PRIVILEGED.contains(&plain.as_str())
}

/// Whether somebody in these groups may do everything in a cluster, past every RBAC rule.
#[must_use]
pub fn is_unrestricted(groups: &[Group]) -> bool {
    groups.iter().any(|group| group.as_str() == MASTERS_GROUP)
}

/// The node that a user is by its name, `system:node:NAME`; its groups are not looked at.
#[must_use]
pub fn node_of_user(user: &str) -> Option<NodeName> {
    user.strip_prefix(NODE_USER_PREFIX)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_request_may_ask_for() {
        for name in ["system:masters", " System:Nodes", "kubernetes-admin", "KUBEADM:cluster-admins"] {
            assert!(is_privileged(name), "{name}");
        }
        for name in ["jane", "systems", "my-kubernetes-admin"] {
            assert!(!is_privileged(name), "{name}");
        }
    }
}
