//! Who sent a request: what the API server writes into it from the authenticated user.

use std::collections::BTreeMap;

use crate::identity::{NODES_GROUP, node_of_user};
use crate::name::NodeName;
use crate::token::TokenId;

/// The authenticated user that sent a request; kube-apiserver overwrites whatever the sender wrote there
/// (`PrepareForCreate` in `pkg/registry/certificates/certificates/strategy.go`).
///
/// ```
/// use kboot_core::csr::Requestor;
/// let node = Requestor::user("system:node:worker-1").with_group("system:nodes");
/// assert_eq!(node.node().map(|name| name.to_string()).as_deref(), Some("worker-1"));
/// let joining = Requestor::user("system:bootstrap:abcdef");
/// assert_eq!(joining.token_id().map(|id| id.to_string()).as_deref(), Some("abcdef"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Requestor {
    /// The user's name; empty where none is known.
    pub username: String,
    /// The user's UID; empty where there is none.
    pub uid: String,
    /// The user's groups.
    pub groups: Vec<String>,
    /// What else the authenticator said.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl Requestor {
    /// A user without groups.
    #[must_use]
    pub fn user(username: &str) -> Self {
        Self { username: username.to_owned(), ..Self::default() }
    }

    /// Adds a group.
    #[must_use]
    pub fn with_group(mut self, group: &str) -> Self {
        self.groups.push(group.to_owned());
        self
    }

    /// Whether the requestor is in a group.
    #[must_use]
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|one| one == group)
    }

    /// The node that this is, as the node authorizer sees it: the name's prefix and the group
    /// (`pkg/auth/nodeidentifier/default.go`).
    #[must_use]
    pub fn node(&self) -> Option<NodeName> {
        if !self.is_in(NODES_GROUP) {
            return None;
        }
        node_of_user(&self.username)
    }

    /// The id of the bootstrap token that was used (`system:bootstrap:ID`).
    #[must_use]
    pub fn token_id(&self) -> Option<TokenId> {
        self.username.strip_prefix("system:bootstrap:")?.parse().ok()
    }
}
