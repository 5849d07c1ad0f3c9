//! kube-apiserver's flags (`cmd/kubeadm/app/phases/controlplane/manifests.go`).

use super::{Component, Flags, etcd, paths};
use crate::pki::{Authority, CertificateRole};
use crate::spec::{ClusterSpec, Node};

pub(super) fn flags(spec: &ClusterSpec, node: &Node) -> Flags {
    let mut flags = Flags::new(Component::KubeApiserver, spec);
    let authority = |authority| paths::authority_certificate(spec.pki.authorities, authority);
    let address = node.address();
    flags.set("advertise-address", address.to_string());
    if address.is_ipv6() {
        flags.set("bind-address", "::");
    }
    flags.set("secure-port", spec.control_plane_endpoint.port().to_string());
    flags.set("insecure-port", "0");
    flags.set("allow-privileged", "true");
    flags.set("authorization-mode", "Node,RBAC");
    flags.set("enable-admission-plugins", "NodeRestriction");
    flags.set("enable-bootstrap-token-auth", "true");
    flags.set("client-ca-file", authority(Authority::Cluster));
    flags.set("tls-cert-file", paths::certificate(CertificateRole::ApiServer));
    flags.set("tls-private-key-file", paths::key(CertificateRole::ApiServer));

    flags.set("etcd-servers", etcd::servers(spec));
    flags.set("etcd-cafile", authority(Authority::Etcd));
    flags.set("etcd-certfile", paths::certificate(CertificateRole::ApiServerEtcdClient));
    flags.set("etcd-keyfile", paths::key(CertificateRole::ApiServerEtcdClient));

    // kubeadm leaves this out, because kubeadm's kubelets sign for themselves. Here every serving
    // certificate comes from the cluster's authority, so kubelets are verified.
    flags.set("kubelet-certificate-authority", authority(Authority::Cluster));
    flags.set("kubelet-client-certificate", paths::certificate(CertificateRole::ApiServerKubeletClient));
    flags.set("kubelet-client-key", paths::key(CertificateRole::ApiServerKubeletClient));
    flags.set("kubelet-preferred-address-types", "InternalIP,ExternalIP,Hostname");

    flags.set("proxy-client-cert-file", paths::certificate(CertificateRole::FrontProxyClient));
    flags.set("proxy-client-key-file", paths::key(CertificateRole::FrontProxyClient));
    flags.set("requestheader-allowed-names", "front-proxy-client");
    flags.set("requestheader-client-ca-file", authority(Authority::FrontProxy));
    flags.set("requestheader-extra-headers-prefix", "X-Remote-Extra-");
    flags.set("requestheader-group-headers", "X-Remote-Group");
    flags.set("requestheader-username-headers", "X-Remote-User");

    flags
        .set("service-account-issuer", format!("https://kubernetes.default.svc.{}", spec.network.dns_domain));
    flags.set("service-account-key-file", paths::SERVICE_ACCOUNT_PUBLIC_KEY);
    flags.set("service-account-signing-key-file", paths::SERVICE_ACCOUNT_KEY);
    let ranges: Vec<String> = spec.network.service_cidrs.iter().map(ToString::to_string).collect();
    flags.set("service-cluster-ip-range", ranges.join(","));
    flags.with_extra(spec)
}
