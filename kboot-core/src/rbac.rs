//! The RBAC objects of TLS bootstrapping, of the administrator and of kube-apiserver at kubelets.
//!
//! Names are kubeadm's where kubeadm has the object, so that a cluster has each of them once whoever
//! made it. Sources: `cmd/kubeadm/app/phases/bootstraptoken/node/tlsbootstrap.go`,
//! `phases/bootstraptoken/clusterinfo`, `phases/kubeconfig`; the bound roles are the API server's own
//! (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`).

use serde_json::{Value, json};

use crate::identity::{ADMIN_GROUP, KUBELET_CLIENT_USER, NODES_GROUP};
use crate::token::BootstrapGroup;

const API_VERSION: &str = "rbac.authorization.k8s.io/v1";
const API_GROUP: &str = "rbac.authorization.k8s.io";

fn group(name: &str) -> Value {
    json!({"apiGroup": API_GROUP, "kind": "Group", "name": name})
}

fn user(name: &str) -> Value {
    json!({"apiGroup": API_GROUP, "kind": "User", "name": name})
}

fn cluster_role_binding(name: &str, role: &str, subject: &Value) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": API_GROUP, "kind": "ClusterRole", "name": role},
        "subjects": [subject],
    })
}

/// Lets bearers of bootstrap tokens ask for a node's client certificate and have the first request
/// approved, and lets nodes renew it.
#[must_use]
pub fn tls_bootstrapping() -> Vec<Value> {
    vec![
        cluster_role_binding(
            "kubeadm:kubelet-bootstrap",
            "system:node-bootstrapper",
            &group(BootstrapGroup::DEFAULT),
        ),
        cluster_role_binding(
            "kubeadm:node-autoapprove-bootstrap",
            "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
            &group(BootstrapGroup::DEFAULT),
        ),
        one_node_tokens(),
        node_renewal(),
    ]
}

/// Lets bearers of tokens that are for one node ask for its client certificate. Nobody but a policy approves
/// it: kube-controller-manager would, whichever node it is for.
#[must_use]
pub fn one_node_tokens() -> Value {
    cluster_role_binding(
        "kboot:kubelet-bootstrap-one-node",
        "system:node-bootstrapper",
        &group(BootstrapGroup::ONE_NODE),
    )
}

/// Lets nodes renew their client certificate; without it every kubelet stops when its first ends.
#[must_use]
pub fn node_renewal() -> Value {
    cluster_role_binding(
        "kubeadm:node-autoapprove-certificate-rotation",
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
        &group(NODES_GROUP),
    )
}

/// Makes the administrators' group one: an ordinary binding, so it can be taken back.
#[must_use]
pub fn administrators() -> Value {
    cluster_role_binding("kubeadm:cluster-admins", "cluster-admin", &group(ADMIN_GROUP))
}

/// Lets kube-apiserver use the kubelets' API: logs, exec, metrics.
#[must_use]
pub fn api_server_to_kubelets() -> Value {
    cluster_role_binding(
        "kboot:kube-apiserver-to-kubelet",
        "system:kubelet-api-admin",
        &user(KUBELET_CLIENT_USER),
    )
}
