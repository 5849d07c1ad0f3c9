//! What came or went with a version and is no single flag or field: each a named span, with its source.

use super::VersionSpan;

/// `rbac.authorization.k8s.io/v1`; before it there is `v1beta1` (CHANGELOG-1.8.md).
pub(crate) const RBAC_V1: VersionSpan = VersionSpan::since(8);

/// `apps/v1`; before it there is `extensions/v1beta1`, which went with 1.16 (CHANGELOG-1.9.md).
pub(crate) const APPS_V1: VersionSpan = VersionSpan::since(9);

/// The Node authorizer and the admission plug-in NodeRestriction; before them the API server itself bound
/// every node to the role system:node (CHANGELOG-1.7.md).
pub(crate) const NODE_AUTHORIZER: VersionSpan = VersionSpan::since(7);

/// `--enable-admission-plugins`, which adds to a default list (CHANGELOG-1.10.md).
pub(crate) const ENABLE_ADMISSION_PLUGINS: VersionSpan = VersionSpan::since(10);

/// kube-apiserver starts only with an issuer and a signing key (CHANGELOG-1.20, "Urgent Upgrade Notes").
pub(crate) const TOKEN_REQUESTS: VersionSpan = VersionSpan::since(20);

/// Port 8080 of kube-apiserver, on this machine alone and without any question asked, is there by default;
/// 1.20 took it away (CHANGELOG-1.20.md: `--insecure-port` can be 0 alone).
pub(crate) const INSECURE_PORT: VersionSpan = VersionSpan::until(20);

/// Kubelets ask for serving certificates unless told otherwise (feature gate RotateKubeletServerCertificate,
/// beta, `pkg/features/kube_features.go`).
pub(crate) const SERVING_REQUESTS: VersionSpan = VersionSpan::since(12);

/// `kubelet.config.k8s.io/v1beta1`; before it a kubelet reads flags alone.
pub(crate) const KUBELET_CONFIGURATION: VersionSpan = VersionSpan::since(10);

/// `kubeproxy.config.k8s.io/v1alpha1`; before it kube-proxy reads flags alone, or a file of another form.
pub(crate) const KUBE_PROXY_CONFIGURATION: VersionSpan = VersionSpan::since(9);

/// KubeletConfiguration has `containerRuntimeEndpoint` (`staging/src/k8s.io/kubelet/config/v1beta1/types.go`).
pub(crate) const CONTAINER_RUNTIME_ENDPOINT_FIELD: VersionSpan = VersionSpan::since(27);

/// A CertificateSigningRequest has `expirationSeconds` (KEP-2784).
pub(crate) const REQUESTED_EXPIRATION: VersionSpan = VersionSpan::since(22);

/// Requests of kubelets go without the usage key encipherment where the key is not RSA's, and are approved so
/// (`kubeletClientRequiredUsagesNoRSA` in `pkg/apis/certificates/helpers.go`); before, kube-controller-manager approves
/// none without it.
pub(crate) const USAGES_BY_KEY: VersionSpan = VersionSpan::since(27);

/// Two address families in one cluster: IPv6DualStack is stable (KEP-563).
pub(crate) const DUAL_STACK: VersionSpan = VersionSpan::since(23);

/// IPv6 ranges of services of up to 64 bits of addresses, before it 20 (kube-apiserver's
/// `validateServiceNode`; MultiCIDRServiceAllocator, KEP-1880).
pub(crate) const LARGE_IPV6_SERVICE_RANGES: VersionSpan = VersionSpan::since(33);

/// The kubelet's dockershim (KEP-2221).
pub(crate) const DOCKERSHIM: VersionSpan = VersionSpan::until(24);

/// Docker is what a cluster has that does not say: up to the version that deprecated dockershim, the
/// kubelet's own default was the one way that was common (KEP-2221).
pub(crate) const DOCKER_BY_DEFAULT: VersionSpan = VersionSpan::until(20);

/// `--log-dir` and `--logtostderr` of every component (KEP-2845).
pub(crate) const LOG_FILES: VersionSpan = VersionSpan::until(26);

/// kube-apiserver serves a new certificate within a minute (kubernetes#83580).
pub(crate) const RELOADS_SERVING_CERTIFICATE: VersionSpan = VersionSpan::since(17);

/// client-go reads certificates again where a kubeconfig names their files (kubernetes#79083).
pub(crate) const RELOADS_CLIENT_CERTIFICATES: VersionSpan = VersionSpan::since(18);

/// The aggregator's own certificate (`aggregator-reload-proxy-client-cert`, seen in 1.20).
pub(crate) const RELOADS_FRONT_PROXY_CLIENT: VersionSpan = VersionSpan::since(20);

/// ReloadKubeletServerCertificateFile, on from the start (`pkg/features/kube_features.go`).
pub(crate) const RELOADS_KUBELET_SERVING_CERTIFICATE: VersionSpan = VersionSpan::since(31);

/// etcd and its client read certificates for every connection since etcd 3.2 (CHANGELOG-3.2.md), kubeadm's etcd from
/// Kubernetes 1.12 on.
pub(crate) const RELOADS_ETCD_CERTIFICATES: VersionSpan = VersionSpan::since(12);

/// client-go reads authorities again (ClientsAllowCARotation, kubernetes#132922).
pub(crate) const RELOADS_AUTHORITIES: VersionSpan = VersionSpan::since(36);

/// `--requestheader-client-ca-file` is read again; up to 1.18 patch releases differ (kubernetes#90360).
pub(crate) const RELOADS_REQUEST_HEADER_AUTHORITY: VersionSpan = VersionSpan::since(19);

/// kube-controller-manager's signers read their authority again (`csr-controller`, seen in 1.20).
pub(crate) const RELOADS_SIGNERS_AUTHORITY: VersionSpan = VersionSpan::since(20);

/// KubeletConfiguration has `registerWithTaints`; before, the flag says the same (kubernetes#105437).
pub(crate) const REGISTER_WITH_TAINTS_FIELD: VersionSpan = VersionSpan::since(23);

/// kubeadm's taint `node-role.kubernetes.io/control-plane` (CHANGELOG-1.24, KEP-2067).
pub(crate) const CONTROL_PLANE_TAINT: VersionSpan = VersionSpan::since(24);

/// kubeadm's taint `node-role.kubernetes.io/master`, beside the new one in 1.24 (KEP-2067).
pub(crate) const MASTER_TAINT: VersionSpan = VersionSpan::until(25);

/// kubeadm's label `node-role.kubernetes.io/control-plane` (CHANGELOG-1.20, KEP-2067).
#[cfg_attr(not(feature = "kube"), expect(dead_code, reason = "kubelets may not set it; a push does"))]
pub(crate) const CONTROL_PLANE_LABEL: VersionSpan = VersionSpan::since(20);

/// kubeadm's label `node-role.kubernetes.io/master` (CHANGELOG-1.24, KEP-2067).
#[cfg_attr(not(feature = "kube"), expect(dead_code, reason = "kubelets may not set it; a push does"))]
pub(crate) const MASTER_LABEL: VersionSpan = VersionSpan::until(24);
