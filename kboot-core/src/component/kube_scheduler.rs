//! kube-scheduler's flags (`cmd/kubeadm/app/phases/controlplane/manifests.go`).

use super::{Component, Flags, paths};
use crate::cluster::ClusterSpec;

pub(super) fn flags(spec: &ClusterSpec) -> Flags {
    let mut flags = Flags::new(Component::KubeScheduler, spec);
    flags.set("kubeconfig", paths::SCHEDULER_KUBECONFIG);
    flags.set("authentication-kubeconfig", paths::SCHEDULER_KUBECONFIG);
    flags.set("authorization-kubeconfig", paths::SCHEDULER_KUBECONFIG);
    flags.set_first(&["bind-address", "address"], "127.0.0.1");
    if flags.has("bind-address") {
        flags.set("port", "0");
    }
    flags.set("leader-elect", "true");
    flags
}
