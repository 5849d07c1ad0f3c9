//! What no cluster file changes, and the check of its `extraArgs`.

use super::{Component, Findings, flags};
use crate::version::KubernetesVersion;

/// Flags that no cluster file changes: who is let in, by which files that is proven, and over which
/// addresses. Whatever kboot sets itself is here or in `FREE`.
const GUARDED: &[(&[Component], &[&str])] = &[
    (
        &[Component::Etcd],
        &[
            "advertise-client-urls",
            "auto-tls",
            "cert-file",
            "client-cert-auth",
            "config-file",
            "discovery",
            "discovery-proxy",
            "discovery-srv",
            "discovery-srv-name",
            "experimental-peer-skip-client-san-verification",
            "initial-advertise-peer-urls",
            "initial-cluster",
            "key-file",
            "listen-client-http-urls",
            "listen-client-urls",
            "listen-peer-urls",
            "name",
            "peer-auto-tls",
            "peer-cert-file",
            "peer-client-cert-auth",
            "peer-key-file",
            "peer-skip-client-san-verification",
            "peer-trusted-ca-file",
            "proxy",
            "trusted-ca-file",
        ],
    ),
    (
        &[Component::KubeApiserver],
        &[
            "address",
            "advertise-address",
            "authentication-config",
            "authorization-config",
            "authorization-mode",
            "basic-auth-file",
            "client-ca-file",
            "enable-bootstrap-token-auth",
            "etcd-cafile",
            "etcd-certfile",
            "etcd-keyfile",
            "etcd-servers",
            "etcd-servers-overrides",
            "experimental-bootstrap-token-auth",
            "insecure-allow-any-token",
            "insecure-bind-address",
            "insecure-port",
            "kubelet-certificate-authority",
            "kubelet-client-certificate",
            "kubelet-client-key",
            "kubelet-https",
            "port",
            "proxy-client-cert-file",
            "proxy-client-key-file",
            "requestheader-allowed-names",
            "requestheader-client-ca-file",
            "requestheader-extra-headers-prefix",
            "requestheader-group-headers",
            "requestheader-username-headers",
            "secure-port",
            "service-account-issuer",
            "service-account-key-file",
            "service-account-lookup",
            "service-account-signing-key-file",
            "service-cluster-ip-range",
            "tls-cert-file",
            "tls-private-key-file",
            "tls-sni-cert-key",
            "token-auth-file",
        ],
    ),
    (
        &[Component::KubeControllerManager, Component::KubeScheduler],
        &[
            "address",
            "authentication-kubeconfig",
            "authentication-skip-lookup",
            "authentication-tolerate-lookup-failure",
            "authorization-always-allow-paths",
            "authorization-kubeconfig",
            "client-ca-file",
            "kubeconfig",
            "master",
            "port",
            "requestheader-allowed-names",
            "requestheader-client-ca-file",
            "requestheader-extra-headers-prefix",
            "requestheader-group-headers",
            "requestheader-username-headers",
        ],
    ),
    (
        &[Component::KubeControllerManager],
        &[
            "cluster-cidr",
            "cluster-name",
            "cluster-signing-cert-file",
            "cluster-signing-key-file",
            "cluster-signing-kube-apiserver-client-cert-file",
            "cluster-signing-kube-apiserver-client-key-file",
            "cluster-signing-kubelet-client-cert-file",
            "cluster-signing-kubelet-client-key-file",
            "cluster-signing-kubelet-serving-cert-file",
            "cluster-signing-kubelet-serving-key-file",
            "cluster-signing-legacy-unknown-cert-file",
            "cluster-signing-legacy-unknown-key-file",
            "insecure-experimental-approve-all-kubelet-csrs-for-group",
            "root-ca-file",
            "service-account-private-key-file",
            "service-cluster-ip-range",
            "use-service-account-credentials",
        ],
    ),
    (
        &[Component::Kubelet],
        &[
            "anonymous-auth",
            "api-servers",
            "authentication-token-webhook",
            "authorization-mode",
            "bootstrap-kubeconfig",
            "cadvisor-port",
            "cert-dir",
            "cgroup-driver",
            "client-ca-file",
            "config",
            "config-dir",
            "container-runtime",
            "container-runtime-endpoint",
            "dynamic-config-dir",
            "experimental-bootstrap-kubeconfig",
            "hostname-override",
            "init-config-dir",
            "kubeconfig",
            "manifest-url",
            "manifest-url-header",
            "network-plugin",
            "node-ip",
            "read-only-port",
            "require-kubeconfig",
            "root-dir",
            "rotate-server-certificates",
            "tls-cert-file",
            "tls-private-key-file",
        ],
    ),
    (&[Component::KubeProxy], &["cluster-cidr", "config", "hostname-override", "kubeconfig", "master"]),
];

fn is_guarded(component: Component, flag: &str) -> bool {
    GUARDED.iter().any(|(of, flags)| of.contains(&component) && flags.contains(&flag))
}

/// Flags that kboot sets and a cluster file may set otherwise.
#[cfg(test)]
const FREE: &[&str] = &[
    "admission-control",
    "allocate-node-cidrs",
    "allow-privileged",
    "bind-address",
    "cni-bin-dir",
    "cluster-dns",
    "cluster-domain",
    "controllers",
    "data-dir",
    "enable-admission-plugins",
    "initial-cluster-state",
    "initial-cluster-token",
    "kubelet-preferred-address-types",
    "leader-elect",
    "log-dir",
    "logtostderr",
    "pod-infra-container-image",
    "pod-manifest-path",
    "rotate-certificates",
];

/// The longest value that a flag may have: a command line has an end.
pub(super) const MAX_VALUE: usize = 4096;

/// Checks a flag of the cluster file's `extraArgs`.
pub(super) fn check(
    component: Component,
    version: KubernetesVersion,
    flag: &str,
    value: &str,
    found: &mut Findings,
) {
    let field = format!("extraArgs.{flag}");
    let well_formed = !flag.is_empty()
        && flag.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !flag.starts_with('-');
    if !well_formed {
        found.errors.push((field, "must be a flag's name without its dashes: a-z, 0-9 and '-'".to_owned()));
        return;
    }
    if value.chars().any(char::is_control) {
        found.errors.push((field.clone(), "must not hold control characters".to_owned()));
    }
    if value.len() > MAX_VALUE {
        found.errors.push((field.clone(), format!("must have at most {MAX_VALUE} bytes")));
    }
    // pflag reads such a list as CSV, quotes and all.
    let restriction = value.contains("NodeRestriction");
    if component == Component::KubeApiserver && flag == "disable-admission-plugins" && restriction {
        found.errors.push((
            field.clone(),
            "NodeRestriction keeps nodes to their own objects; it stays on".to_owned(),
        ));
    }
    if component == Component::KubeApiserver && flag == "admission-control" && version.minor() >= 10 {
        found.errors.push((field, "use enable-admission-plugins, which adds to the default list".to_owned()));
        return;
    }
    let known = flags::known(component, flag);
    // etcd's versions are its own; the table holds Kubernetes' minor versions.
    if let Some(why) = known.and_then(|known| known.missing_in(version)) {
        found.errors.push((field, format!("{component} {version} has no --{flag} ({why})")));
    } else if is_guarded(component, flag) {
        let problem =
            format!("--{flag} is not for changing: it decides how {component} is reached, proven or let in");
        found.errors.push((field, problem));
    } else if known.is_none() {
        let (problem, certain) = flags::unknown(component, version, flag);
        if certain { &mut found.errors } else { &mut found.warnings }.push((field, problem));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::ClusterSpec;

    /// In every version: what old ones have as flags is guarded like what new ones have as fields.
    #[test]
    fn every_flag_that_is_set_is_guarded_or_free() {
        let text = include_str!("../../../examples/single-node.yaml");
        for minor in 6..=37 {
            let spec: ClusterSpec = text.replace("v1.36.4", &format!("v1.{minor}.0")).parse().unwrap();
            for component in Component::ALL {
                for argument in component.arguments(&spec, &spec.nodes()[0]) {
                    let flag = argument.trim_start_matches("--").split('=').next().unwrap();
                    let guarded = is_guarded(component, flag);
                    assert!(guarded != FREE.contains(&flag), "{component} 1.{minor} --{flag}");
                }
            }
        }
    }

    #[test]
    fn node_restriction_stays_on() {
        let mut found = Findings::default();
        let version = "v1.36.0".parse().unwrap();
        check(
            Component::KubeApiserver,
            version,
            "disable-admission-plugins",
            "A,NodeRestriction",
            &mut found,
        );
        assert_eq!(found.errors.len(), 1);
    }

    fn findings(component: Component, version: &str, flag: &str) -> Findings {
        let mut found = Findings::default();
        check(component, version.parse().unwrap(), flag, "x", &mut found);
        found
    }

    #[test]
    fn removed_flags_are_refused_with_their_replacement() {
        let found = findings(Component::Kubelet, "v1.36.0", "non-masquerade-cidr");
        assert!(found.errors[0].1.contains("use ip-masq-agent"), "{found:?}");
        assert!(findings(Component::Kubelet, "v1.20.2", "non-masquerade-cidr").errors.is_empty());
    }

    #[test]
    fn misspelt_flags_are_named() {
        for complete in ["v1.20.2", "v1.36.0"] {
            assert!(findings(Component::Kubelet, complete, "max-pod").errors[0].1.contains("--max-pods"));
        }
        assert!(findings(Component::Kubelet, "v1.29.0", "max-pod").warnings[0].1.contains("--max-pods"));
    }

    #[test]
    fn security_flags_are_kept() {
        for (component, flag) in [
            (Component::Kubelet, "anonymous-auth"),
            (Component::Kubelet, "read-only-port"),
            (Component::KubeApiserver, "authorization-mode"),
            (Component::Etcd, "client-cert-auth"),
        ] {
            assert_eq!(findings(component, "v1.36.0", flag).errors.len(), 1, "{flag}");
        }
        assert!(!findings(Component::Kubelet, "v1.36.0", "a b").errors.is_empty());
    }
}
