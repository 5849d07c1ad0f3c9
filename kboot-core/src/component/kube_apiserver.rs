//! kube-apiserver's flags (`cmd/kubeadm/app/phases/controlplane/manifests.go`).

use super::{Component, Flags, etcd, paths};
use crate::cluster::CaRole;
use crate::cluster::{ClusterSpec, Node, NodeCredentials};
use crate::identity::FRONT_PROXY_CLIENT;
use crate::pki::Profile;
use crate::release::gates;

/// What Kubernetes recommended before `--enable-admission-plugins` added to a default list, but for
/// PersistentVolumeLabel, which is for cloud providers.
const RECOMMENDED_ADMISSION: &str = "NamespaceLifecycle,LimitRanger,ServiceAccount,DefaultStorageClass,ResourceQuota,DefaultTolerationSeconds";

pub(super) fn flags(spec: &ClusterSpec, node: &Node) -> Flags {
    let version = spec.kubernetes_version;
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
    let has_node_authorizer = gates::NODE_AUTHORIZER.contains(version);
    flags.set("authorization-mode", if has_node_authorizer { "Node,RBAC" } else { "RBAC" });
    flags.set("enable-admission-plugins", "NodeRestriction");
    if !flags.has("enable-admission-plugins") {
        let restriction = if has_node_authorizer { ",NodeRestriction" } else { "" };
        flags.set("admission-control", format!("{RECOMMENDED_ADMISSION}{restriction}"));
    }
    flags.set_first(&["enable-bootstrap-token-auth", "experimental-bootstrap-token-auth"], "true");
    if spec.join.node_credentials == NodeCredentials::StaticToken {
        flags.set("token-auth-file", paths::STATIC_TOKENS);
    }
    flags.set("client-ca-file", authority(CaRole::Cluster));
    flags.set("tls-cert-file", paths::certificate(Profile::ApiServer));
    flags.set("tls-private-key-file", paths::key(Profile::ApiServer));

    flags.set("etcd-servers", etcd::servers(spec));
    flags.set("etcd-cafile", authority(CaRole::Etcd));
    flags.set("etcd-certfile", paths::certificate(Profile::ApiServerEtcdClient));
    flags.set("etcd-keyfile", paths::key(Profile::ApiServerEtcdClient));

    // kubeadm leaves this out, because kubeadm's kubelets sign for themselves. Here every serving
    // certificate comes from the cluster's authority, so kubelets are verified.
    flags.set("kubelet-certificate-authority", authority(CaRole::Cluster));
    flags.set("kubelet-client-certificate", paths::certificate(Profile::ApiServerKubeletClient));
    flags.set("kubelet-client-key", paths::key(Profile::ApiServerKubeletClient));
    flags.set("kubelet-preferred-address-types", "InternalIP,ExternalIP,Hostname");

    flags.set("proxy-client-cert-file", paths::certificate(Profile::FrontProxyClient));
    flags.set("proxy-client-key-file", paths::key(Profile::FrontProxyClient));
    flags.set("requestheader-allowed-names", FRONT_PROXY_CLIENT);
    flags.set("requestheader-client-ca-file", authority(CaRole::FrontProxy));
    flags.set("requestheader-extra-headers-prefix", "X-Remote-Extra-");
    flags.set("requestheader-group-headers", "X-Remote-Group");
    flags.set("requestheader-username-headers", "X-Remote-User");

    flags.set("service-account-key-file", paths::SERVICE_ACCOUNT_PUBLIC_KEY);
    if gates::TOKEN_REQUESTS.contains(version) {
        let issuer = format!("https://kubernetes.default.svc.{}", spec.network.dns_domain);
        flags.set("service-account-issuer", issuer);
        flags.set("service-account-signing-key-file", paths::SERVICE_ACCOUNT_KEY);
    }
    let ranges: Vec<String> = spec.network.service_cidrs.iter().map(ToString::to_string).collect();
    flags.set("service-cluster-ip-range", ranges.join(","));
    flags
}
