//! Who asks, and which roles they hold.

use serde_json::{Value, json};

/// A user who asks for certificates.
pub(crate) struct Requestor {
    /// A name for it here.
    pub(crate) name: &'static str,
    pub(crate) username: &'static str,
    /// Without system:authenticated, which the API server adds.
    pub(crate) groups: &'static [&'static str],
}

const fn requestor(name: &'static str, username: &'static str, groups: &'static [&'static str]) -> Requestor {
    Requestor { name, username, groups }
}

const TOKEN_GROUP: &str = "system:bootstrappers:kubeadm:default-node-token";
/// In place of system:nodes, which kubeadm binds to the role for renewals: so there are nodes without it.
const NODE_GROUP: &str = "parity:nodes";

pub(crate) const REQUESTORS: &[Requestor] = &[
    requestor("token", "system:bootstrap:abcdef", &["system:bootstrappers", TOKEN_GROUP]),
    requestor("token-without-role", "system:bootstrap:ghijkl", &["system:bootstrappers"]),
    requestor("token-by-user", "system:bootstrap:mnopqr", &["system:bootstrappers"]),
    requestor("node", "system:node:node-1", &["system:nodes", NODE_GROUP]),
    requestor("node-2", "system:node:node-2", &["system:nodes", NODE_GROUP]),
    requestor("node-without-role", "system:node:node-1", &["system:nodes"]),
    requestor("node-by-user", "system:node:node-3", &["system:nodes"]),
    requestor("node-with-token-role", "system:node:node-4", &["system:nodes", TOKEN_GROUP]),
    requestor("node-with-both", "system:node:node-5", &["system:nodes", NODE_GROUP, TOKEN_GROUP]),
    requestor("node-outside-group", "system:node:node-1", &[NODE_GROUP]),
    requestor("node-outside-groups", "system:node:node-1", &[]),
    requestor("node-upper-case", "system:node:Node-1", &["system:nodes", NODE_GROUP]),
    requestor("node-without-name", "system:node:", &["system:nodes", NODE_GROUP]),
    requestor("admin", "admin", &["system:masters"]),
    requestor("jane", "jane", &["developers"]),
    requestor("jane-with-role", "jane", &["developers", TOKEN_GROUP]),
    requestor("service-account", "system:serviceaccount:kube-system:joiner", &["system:serviceaccounts"]),
    requestor("anonymous", "system:anonymous", &["system:unauthenticated"]),
    requestor("anonymous-with-role", "system:anonymous", &["system:unauthenticated", TOKEN_GROUP]),
];

/// The requestor of this name; the first where there is none.
pub(crate) fn named(name: &str) -> &'static Requestor {
    REQUESTORS.iter().find(|r| r.name == name).unwrap_or(&REQUESTORS[0])
}

/// ClusterRoleBindings: everybody may create requests and ask what they may do; two groups and three users
/// have what kube-controller-manager approves by. The binding of `last-bound` is the last.
pub(crate) fn bindings() -> Value {
    const NODE_CLIENT: &str = "system:certificates.k8s.io:certificatesigningrequests:nodeclient";
    const SELF_NODE_CLIENT: &str = "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient";
    let granted = [
        ("system:node-bootstrapper", "Group", "system:authenticated"),
        ("system:node-bootstrapper", "Group", "system:unauthenticated"),
        ("system:basic-user", "Group", "system:unauthenticated"),
        (NODE_CLIENT, "Group", TOKEN_GROUP),
        (NODE_CLIENT, "User", "system:bootstrap:mnopqr"),
        (NODE_CLIENT, "User", "system:serviceaccount:kube-system:joiner"),
        (SELF_NODE_CLIENT, "Group", NODE_GROUP),
        (SELF_NODE_CLIENT, "User", "system:node:node-3"),
        (NODE_CLIENT, "User", "last-bound"),
    ];
    let items: Vec<Value> = granted
        .iter()
        .enumerate()
        .map(|(number, (role, kind, name))| {
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                "metadata": {"name": format!("parity-{number}")},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}],
            })
        })
        .collect();
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}
