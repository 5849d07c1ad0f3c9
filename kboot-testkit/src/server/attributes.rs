//! Who asks for what: what authentication and the path of a request come to, for authorizers and admission.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

/// Who a request comes from (`authentication/user.Info`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uid: String,
    /// With `system:authenticated` or `system:unauthenticated`.
    pub(crate) groups: Vec<String>,
    pub(crate) extra: BTreeMap<String, Vec<String>>,
}

impl User {
    pub(crate) fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }

    /// The node whose kubelet this is (`NodeIdentifier`: the user name and the group say so).
    pub(crate) fn node(&self) -> Option<&str> {
        self.name.strip_prefix("system:node:").filter(|_| self.is_in("system:nodes"))
    }
}

/// What a request is about (`authorizer.Attributes`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub(crate) user: Arc<User>,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; of paths that are no
    /// resources the method in lower case; or a special one (`approve`, `sign`, `bind`, `escalate`, `impersonate`).
    pub(crate) verb: String,
    pub(crate) group: String,
    pub(crate) version: String,
    /// Empty for paths that are no resources.
    pub(crate) resource: String,
    pub(crate) subresource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// The whole path, also of resources.
    pub(crate) path: String,
    /// As the request says it; the node authorizer of newer versions reads it.
    pub(crate) field_selector: String,
}

/// What authorizers, admission and controllers read of the store.
pub(crate) trait Objects {
    /// One object; `namespace` is empty for what has none.
    fn get(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Arc<Value>>;
    /// All of a kind, of one namespace or (`""`) of all, ordered by namespace and name.
    fn list(&self, group: &str, resource: &str, namespace: &str) -> Vec<Arc<Value>>;
}
