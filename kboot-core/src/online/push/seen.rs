//! What the API server says of a node.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Node as KubeNode;

use crate::cluster::{Node, NodeRole};
use crate::release::gates;
use crate::shown::cut;
use crate::version::KubernetesVersion;

/// What the API server says of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) ready: Ready,
    pub(super) labels: Labels,
    /// When its kubelet last said that it is alive, in the kubelet's words.
    pub(super) renewed: Option<String>,
}

/// Whether pods can run there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ready {
    Yes,
    /// All is well but that nobody has installed a network for pods, which is not in the bundle.
    WithoutNetwork,
    No {
        reason: String,
    },
}

/// Of the Node object; its lease says when the kubelet was last alive.
pub(super) fn seen(node: &KubeNode, renewed: Option<String>) -> Seen {
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let ready = match conditions.into_iter().find(|condition| condition.type_ == "Ready") {
        None => Ready::No { reason: "its kubelet has not said how it is".to_owned() },
        Some(condition) if condition.status == "True" => Ready::Yes,
        Some(condition) => {
            let message = condition.message.as_deref().unwrap_or_default();
            // kubelet/nodestatus, ReadyCondition: the runtime's errors, each in brackets or on its own.
            let is_network =
                message.contains("NetworkReady=false") || message.contains("network plugin is not ready");
            match condition.status.as_str() {
                "False" if is_network => Ready::WithoutNetwork,
                _ => Ready::No { reason: cut(message, 256) },
            }
        }
    };
    Seen { ready, labels: node.metadata.labels.clone().unwrap_or_default(), renewed }
}

/// A node's labels.
pub(super) type Labels = BTreeMap<String, String>;

/// What a node's labels lack: those that the cluster file gives it, which a kubelet gives when it registers and never
/// again, and kubeadm's of a machine of the control plane, which no kubelet may give itself (NodeRestriction).
pub(super) fn lacking(version: KubernetesVersion, node: &Node, labels: &Labels) -> Labels {
    let of_role = role_labels(version, node).into_iter().filter(|key| !labels.contains_key(*key));
    let of_role = of_role.map(|key| (key.to_owned(), String::new()));
    let of_file = node.labels().iter().map(|(key, value)| (key.to_string(), value.to_string()));
    of_role.chain(of_file.filter(|(key, value)| labels.get(key) != Some(value))).collect()
}

fn role_labels(version: KubernetesVersion, node: &Node) -> Vec<&'static str> {
    let labels = [
        ("node-role.kubernetes.io/control-plane", gates::CONTROL_PLANE_LABEL),
        ("node-role.kubernetes.io/master", gates::MASTER_LABEL),
    ];
    let is_meant = node.has(NodeRole::ControlPlane) && node.has(NodeRole::Worker);
    let known = labels.into_iter().filter(|(_, versions)| is_meant && versions.contains(version));
    known.map(|(label, _)| label).collect()
}
