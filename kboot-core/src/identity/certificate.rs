//! Whom a client certificate may make its holder.

use super::{FRONT_PROXY_CLIENT, KUBELET_CLIENT_USER, NODE_USER_PREFIX, NODES_GROUP, RESERVED_PREFIX};
use super::{is_unrestricted, node_of_user};
use crate::name::{Group, NodeName, Username};
use crate::x509::CertificateRequest;

/// Users to whom a cluster of kboot's gives power; no node is called so, for its certificates of etcd would be theirs
/// where one authority signs everything.
pub(crate) const CLUSTER_USERS: [&str; 5] = [
    FRONT_PROXY_CLIENT,
    "kube-apiserver-etcd-client",
    KUBELET_CLIENT_USER,
    "kubernetes-admin",
    "kubernetes-super-admin",
];

/// Groups that say no more than that somebody asked.
pub(crate) const EVERYBODY: [&str; 2] = ["system:authenticated", "system:unauthenticated"];

/// The node that the holder of a requested certificate would be: by its common name, if there is one alone.
#[must_use]
pub fn node_of(request: &CertificateRequest) -> Option<NodeName> {
    let mut names = request.common_names();
    let node = node_of_user(names.next()?)?;
    names.next().is_none().then_some(node)
}

/// Why nobody is given an identity by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// `system:masters`.
    #[error(
        "no client certificate for this user: the group system:masters may do everything, and its certificate cannot be taken back"
    )]
    Unrestricted,
    /// A user whom the API server knows by other means than a certificate.
    #[error(
        "no client certificate for this user: system:anonymous and service accounts are users that the API server knows otherwise"
    )]
    ServersUser,
    /// The front proxy's client.
    #[error(
        "no client certificate for this user: front-proxy-client may speak for every user at the API server, where one authority signs everything"
    )]
    FrontProxy,
    /// A group that the API server puts users into.
    #[error(
        "no client certificate for this user: system:authenticated, system:unauthenticated and system:serviceaccounts are groups that the API server \
         itself puts users into"
    )]
    ServersGroup,
    /// A node's user without the nodes' group, or the other way round.
    #[error(
        "no client certificate for this user: a node is the user system:node:NAME in the group system:nodes, both or neither"
    )]
    HalfNode,
}

/// A user and its groups, seen to be an identity that a client certificate may give.
///
/// Stricter than `kubeadm kubeconfig user`, which takes any name: what the API server gives out itself
/// (anonymous and authenticated users, service accounts) is refused, and so is a node's user without the
/// nodes' group or the other way round, which the node authorizer would not take for a node
/// (`plugin/pkg/auth/nodeidentifier`).
///
/// ```
/// use kboot_core::identity::{ClientIdentity, IdentityError};
/// let jane = ClientIdentity::new("jane".parse()?, vec!["dev".parse()?, "ops".parse()?])?;
/// assert_eq!(jane.user().as_str(), "jane");
/// let masters = ClientIdentity::new("jane".parse()?, vec!["system:masters".parse()?]);
/// assert_eq!(masters, Err(IdentityError::Unrestricted));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientIdentity {
    user: Username,
    groups: Vec<Group>,
}

impl ClientIdentity {
    /// An identity that is not all-powerful.
    ///
    /// # Errors
    /// [`IdentityError`] for one that a certificate must not give, `system:masters` among them.
    pub fn new(user: Username, groups: Vec<Group>) -> Result<Self, IdentityError> {
        if is_unrestricted(&groups) {
            return Err(IdentityError::Unrestricted);
        }
        Self::even_unrestricted(user, groups)
    }

    /// One that may be in [`MASTERS_GROUP`](super::MASTERS_GROUP); everybody outside goes through `danger`.
    pub(crate) fn even_unrestricted(user: Username, groups: Vec<Group>) -> Result<Self, IdentityError> {
        let name = user.as_str();
        if name == "system:anonymous" || name.starts_with("system:serviceaccount:") {
            return Err(IdentityError::ServersUser);
        }
        if name == FRONT_PROXY_CLIENT {
            return Err(IdentityError::FrontProxy);
        }
        let is_servers = |group: &str| {
            EVERYBODY.contains(&group)
                || group == "system:serviceaccounts"
                || group.starts_with("system:serviceaccounts:")
        };
        if groups.iter().any(|group| is_servers(group.as_str())) {
            return Err(IdentityError::ServersGroup);
        }
        let is_node = name.strip_prefix(NODE_USER_PREFIX).is_some_and(|node| !node.is_empty());
        if is_node != groups.iter().any(|group| group.as_str() == NODES_GROUP) {
            return Err(IdentityError::HalfNode);
        }
        Ok(Self { user, groups })
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &Username {
        &self.user
    }

    /// The groups, in the order given.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Whether the name or a group is one that Kubernetes keeps for its own components (`system:`).
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        let names = self.groups.iter().map(Group::as_str).chain([self.user.as_str()]);
        names.into_iter().any(|name| name.starts_with(RESERVED_PREFIX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities() {
        let groups = |text: &str| -> Vec<Group> {
            text.split(',').filter(|group| !group.is_empty()).map(|group| group.parse().unwrap()).collect()
        };
        for (user, of, good, reserved) in [
            ("jane", "", true, false),
            ("jane", "dev,kubeadm:cluster-admins", true, false),
            ("system:kube-proxy", "", true, true),
            ("system:node:one", "system:nodes", true, true),
            ("system:node:one", "", false, true),
            ("system:node:", "system:nodes", false, true),
            ("jane", "system:nodes", false, true),
            ("jane", "dev,system:masters", false, true),
            ("jane", "system:authenticated", false, true),
            ("jane", "system:serviceaccounts:kube-system", false, true),
            ("system:anonymous", "", false, true),
            ("front-proxy-client", "", false, true),
            ("system:serviceaccount:kube-system:default", "", false, true),
        ] {
            let identity = ClientIdentity::new(user.parse().unwrap(), groups(of));
            assert_eq!(identity.is_ok(), good, "{user} {of}");
            if let Ok(identity) = identity {
                assert_eq!(identity.is_reserved(), reserved, "{user} {of}");
            }
        }
        let masters = ClientIdentity::even_unrestricted("jane".parse().unwrap(), groups("system:masters"));
        assert!(masters.unwrap().is_reserved());
    }
}
