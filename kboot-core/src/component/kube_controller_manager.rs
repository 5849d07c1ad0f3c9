//! kube-controller-manager's flags (`cmd/kubeadm/app/phases/controlplane/manifests.go`).

use super::{Component, Flags, paths};
use crate::cluster::CaRole;
use crate::cluster::ClusterSpec;
use crate::identity::FRONT_PROXY_CLIENT;

pub(super) fn flags(spec: &ClusterSpec) -> Flags {
    let mut flags = Flags::new(Component::KubeControllerManager, spec);
    let layout = spec.pki.authorities;
    let kubeconfig = paths::CONTROLLER_MANAGER_KUBECONFIG;
    let join =
        |ranges: &[crate::net::Cidr]| ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    flags.set("kubeconfig", kubeconfig);
    flags.set("authentication-kubeconfig", kubeconfig);
    flags.set("authorization-kubeconfig", kubeconfig);
    flags.set_first(&["bind-address", "address"], "127.0.0.1");
    // Where there is a secure port, the insecure one is off.
    if flags.has("bind-address") {
        flags.set("port", "0");
    }
    flags.set("leader-elect", "true");
    flags.set("allocate-node-cidrs", "true");
    flags.set("cluster-cidr", join(&spec.network.pod_cidrs));
    flags.set("service-cluster-ip-range", join(&spec.network.service_cidrs));
    flags.set("cluster-name", spec.name.as_str());
    flags.set("client-ca-file", paths::authority_certificate(layout, CaRole::Cluster));
    flags.set("requestheader-client-ca-file", paths::authority_certificate(layout, CaRole::FrontProxy));
    // With a single authority every certificate of the cluster is one of the front proxy's authority.
    flags.set("requestheader-allowed-names", FRONT_PROXY_CLIENT);
    flags.set("root-ca-file", paths::authority_certificate(layout, CaRole::Cluster));
    flags.set("service-account-private-key-file", paths::SERVICE_ACCOUNT_KEY);
    flags.set("use-service-account-credentials", "true");
    // The last two are off by default (kube-controller-manager's ControllersDisabledByDefault).
    flags.set("controllers", "*,bootstrapsigner,tokencleaner");
    // Empty turns the signers off, as kubeadm does for an external authority.
    let (certificate, key) = if spec.signs_requests() {
        (paths::authority_certificate(layout, CaRole::Cluster), paths::authority_key(layout, CaRole::Cluster))
    } else {
        (String::new(), String::new())
    };
    flags.set("cluster-signing-cert-file", certificate);
    flags.set("cluster-signing-key-file", key);
    flags
}
