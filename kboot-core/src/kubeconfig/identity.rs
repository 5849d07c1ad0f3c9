//! Whom a client certificate may be issued to by hand.

use super::KubeconfigError;
use crate::env::Env;
use crate::name::{Group, Username};
use crate::pki::{
    Authority, Certificate, CertificateAuthority, CertificateTemplate, KeyAlgorithm, PrivateKey,
};
use crate::time::Lifetime;

/// A user and its groups, seen to be an identity that a client certificate may give.
///
/// Stricter than `kubeadm kubeconfig user`, which takes any name: what the API server gives out itself
/// (anonymous and authenticated users, service accounts) is refused, and so is a node's user without the
/// nodes' group or the other way round, which the node authorizer would not take for a node
/// (`plugin/pkg/auth/nodeidentifier`).
///
/// ```
/// use kboot_core::{Env, kubeconfig::ClientIdentity, pki::{CertificateAuthority, KeyAlgorithm}};
/// let mut env = Env::system();
/// let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut env)?;
/// let jane = ClientIdentity::new("jane".parse()?, vec!["dev".parse()?, "ops".parse()?])?;
/// let (certificate, key) = jane.issue(&authority, KeyAlgorithm::EcdsaP256, "8760h".parse()?, &mut env)?;
/// assert_eq!(certificate.facts().organizations, ["dev", "ops"]);
/// assert!(ClientIdentity::new("jane".parse()?, vec!["system:masters".parse()?]).is_err());
/// # Ok::<(), kboot_core::Error>(())
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
    /// [`KubeconfigError::Identity`] for one that a certificate must not give, `system:masters` among them.
    pub fn new(user: Username, groups: Vec<Group>) -> Result<Self, KubeconfigError> {
        if groups.iter().any(|group| group.as_str() == "system:masters") {
            return Err(KubeconfigError::Identity {
                problem: "the group system:masters may do everything, and its certificate cannot be taken back",
            });
        }
        Self::with_system_masters(user, groups)
    }

    /// An identity that may be in the group `system:masters`, which no authorizer ever refuses anything.
    ///
    /// # Errors
    /// [`KubeconfigError::Identity`] for one that a certificate must not give.
    pub fn with_system_masters(user: Username, groups: Vec<Group>) -> Result<Self, KubeconfigError> {
        let refuse = |problem| Err(KubeconfigError::Identity { problem });
        let name = user.as_str();
        if name == "system:anonymous" || name.starts_with("system:serviceaccount:") {
            return refuse(
                "system:anonymous and service accounts are users that the API server knows otherwise",
            );
        }
        if name == "front-proxy-client" {
            return refuse(
                "front-proxy-client may speak for every user at the API server, where one authority signs everything",
            );
        }
        let given_by_the_server =
            ["system:authenticated", "system:unauthenticated", "system:serviceaccounts"];
        if groups.iter().any(|group| {
            given_by_the_server.contains(&group.as_str())
                || group.as_str().starts_with("system:serviceaccounts:")
        }) {
            return refuse(
                "system:authenticated, system:unauthenticated and system:serviceaccounts are groups that the API \
                 server itself puts users into",
            );
        }
        let is_node = name.strip_prefix("system:node:").is_some_and(|node| !node.is_empty());
        if is_node != groups.iter().any(|group| group.as_str() == "system:nodes") {
            return refuse("a node is the user system:node:NAME in the group system:nodes, both or neither");
        }
        Ok(Self { user, groups })
    }

    /// Whether the name or a group is one that Kubernetes keeps for its own components (`system:`).
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        let names = self.groups.iter().map(Group::as_str).chain([self.user.as_str()]);
        names.into_iter().any(|name| name.starts_with("system:"))
    }

    /// Issues a certificate for a new key.
    ///
    /// # Errors
    /// [`KubeconfigError::Pki`] where the authority is etcd's or the front proxy's, where nothing of the lifetime is left or the cryptographic library fails.
    pub fn issue(
        &self,
        authority: &CertificateAuthority,
        algorithm: KeyAlgorithm,
        lifetime: Lifetime,
        env: &mut Env,
    ) -> Result<(Certificate, PrivateKey), KubeconfigError> {
        let template = CertificateTemplate::client(self.user.clone()).from_authority(Authority::Cluster);
        let template = self.groups.iter().cloned().fold(template, CertificateTemplate::group);
        let key = PrivateKey::generate(algorithm)?;
        Ok((authority.issue(&template, &key, lifetime, env)?, key))
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
        let masters = ClientIdentity::with_system_masters("jane".parse().unwrap(), groups("system:masters"));
        assert!(masters.unwrap().is_reserved());
    }
}
