//! Flags: what is written, and the table of which version knows which.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{Component, Findings};
use crate::spec::{ClusterSpec, closest};
use crate::version::{KubernetesVersion, VersionSpan, minor_of};

/// What the table says of a flag.
pub(super) struct Known {
    versions: VersionSpan,
    instead: &'static str,
}

impl Known {
    /// Why a version does not have the flag, and what to use; nothing where it does.
    pub(super) fn missing_in(&self, version: KubernetesVersion) -> Option<String> {
        let instead = match self.instead {
            "-" => String::new(),
            instead => format!("; use {instead}"),
        };
        self.versions.lacks(version).map(|why| why + &instead)
    }
}

/// What the table says of a component's flag.
pub(super) fn known(component: Component, flag: &str) -> Option<&'static Known> {
    TABLE.get(component.name())?.get(flag)
}

/// The known flag that comes closest.
pub(super) fn nearest(component: Component, flag: &str) -> Option<&'static str> {
    closest(TABLE.get(component.name())?.keys().copied(), flag)
}

/// Whether the table holds every flag of the component in a version, so that another is surely wrong.
pub(super) fn is_complete(component: Component, version: KubernetesVersion) -> bool {
    COMPLETE.iter().any(|(of, minor)| *of == component.name() && *minor == version.minor())
}

static COMPLETE: LazyLock<Vec<(&'static str, u16)>> = LazyLock::new(|| {
    let lines = include_str!("flags.tsv").lines().filter_map(|line| line.strip_prefix("# complete "));
    let of_line = |line: &'static str| {
        let mut words = line.split_ascii_whitespace();
        let component = words.next().unwrap_or_default();
        words.filter_map(minor_of).map(move |minor| (component, minor))
    };
    lines.flat_map(of_line).collect()
});

/// By component, then by flag.
static TABLE: LazyLock<BTreeMap<&'static str, BTreeMap<&'static str, Known>>> = LazyLock::new(|| {
    let mut table: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for row in include_str!("flags.tsv").lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&'static str> = row.split('\t').collect();
        if let [component, flag, since, until, instead, ..] = columns[..] {
            let known = Known { versions: VersionSpan::of_columns(since, until), instead };
            table.entry(component).or_default().insert(flag, known);
        }
    }
    table
});

/// Flags that no cluster file changes: who is let in, by which files that is proven, and over which
/// addresses. Whatever kboot sets itself is here or in [`FREE`].
const GUARDED: &[(Component, &[&str])] = &[
    (
        Component::Etcd,
        &[
            "name",
            "advertise-client-urls",
            "listen-client-urls",
            "initial-advertise-peer-urls",
            "listen-peer-urls",
            "initial-cluster",
            "client-cert-auth",
            "cert-file",
            "key-file",
            "trusted-ca-file",
            "peer-client-cert-auth",
            "peer-cert-file",
            "peer-key-file",
            "peer-trusted-ca-file",
            "auto-tls",
            "peer-auto-tls",
            "config-file",
            "discovery",
            "discovery-proxy",
            "discovery-srv",
            "discovery-srv-name",
            "experimental-peer-skip-client-san-verification",
            "listen-client-http-urls",
            "peer-skip-client-san-verification",
            "proxy",
        ],
    ),
    (
        Component::KubeApiserver,
        &[
            "advertise-address",
            "secure-port",
            "insecure-port",
            "insecure-bind-address",
            "insecure-allow-any-token",
            "address",
            "port",
            "authentication-config",
            "etcd-servers-overrides",
            "tls-sni-cert-key",
            "authorization-mode",
            "authorization-config",
            "enable-bootstrap-token-auth",
            "experimental-bootstrap-token-auth",
            "token-auth-file",
            "basic-auth-file",
            "client-ca-file",
            "tls-cert-file",
            "tls-private-key-file",
            "etcd-servers",
            "etcd-cafile",
            "etcd-certfile",
            "etcd-keyfile",
            "kubelet-certificate-authority",
            "kubelet-client-certificate",
            "kubelet-client-key",
            "kubelet-https",
            "proxy-client-cert-file",
            "proxy-client-key-file",
            "requestheader-allowed-names",
            "requestheader-client-ca-file",
            "requestheader-extra-headers-prefix",
            "requestheader-group-headers",
            "requestheader-username-headers",
            "service-account-issuer",
            "service-account-key-file",
            "service-account-signing-key-file",
            "service-account-lookup",
            "service-cluster-ip-range",
        ],
    ),
    (
        Component::KubeControllerManager,
        &[
            "master",
            "port",
            "address",
            "kubeconfig",
            "authentication-kubeconfig",
            "authorization-kubeconfig",
            "authentication-skip-lookup",
            "authentication-tolerate-lookup-failure",
            "insecure-experimental-approve-all-kubelet-csrs-for-group",
            "requestheader-extra-headers-prefix",
            "requestheader-group-headers",
            "requestheader-username-headers",
            "authorization-always-allow-paths",
            "client-ca-file",
            "cluster-cidr",
            "cluster-name",
            "cluster-signing-cert-file",
            "cluster-signing-key-file",
            "cluster-signing-kubelet-client-cert-file",
            "cluster-signing-kubelet-client-key-file",
            "cluster-signing-kubelet-serving-cert-file",
            "cluster-signing-kubelet-serving-key-file",
            "cluster-signing-kube-apiserver-client-cert-file",
            "cluster-signing-kube-apiserver-client-key-file",
            "cluster-signing-legacy-unknown-cert-file",
            "cluster-signing-legacy-unknown-key-file",
            "requestheader-allowed-names",
            "requestheader-client-ca-file",
            "root-ca-file",
            "service-account-private-key-file",
            "service-cluster-ip-range",
            "use-service-account-credentials",
        ],
    ),
    (
        Component::KubeScheduler,
        &[
            "master",
            "port",
            "address",
            "kubeconfig",
            "authentication-kubeconfig",
            "authorization-kubeconfig",
            "authentication-skip-lookup",
            "authentication-tolerate-lookup-failure",
            "authorization-always-allow-paths",
            "client-ca-file",
            "requestheader-allowed-names",
            "requestheader-client-ca-file",
            "requestheader-extra-headers-prefix",
            "requestheader-group-headers",
            "requestheader-username-headers",
        ],
    ),
    (
        Component::Kubelet,
        &[
            "anonymous-auth",
            "authentication-token-webhook",
            "authorization-mode",
            "bootstrap-kubeconfig",
            "experimental-bootstrap-kubeconfig",
            "require-kubeconfig",
            "api-servers",
            "root-dir",
            "cert-dir",
            "client-ca-file",
            "config",
            "config-dir",
            "dynamic-config-dir",
            "init-config-dir",
            "manifest-url",
            "manifest-url-header",
            "cadvisor-port",
            "hostname-override",
            "kubeconfig",
            "node-ip",
            "read-only-port",
            "rotate-server-certificates",
            "tls-cert-file",
            "tls-private-key-file",
            "container-runtime",
            "container-runtime-endpoint",
            "network-plugin",
        ],
    ),
    (Component::KubeProxy, &["config", "kubeconfig", "master", "hostname-override"]),
];

/// Flags that kboot sets and a cluster file may set otherwise.
#[cfg(test)]
const FREE: &[&str] = &[
    "admission-control",
    "allocate-node-cidrs",
    "allow-privileged",
    "bind-address",
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
];

/// The longest value that a flag may have: a command line has an end.
const MAX_VALUE: usize = 4096;

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
    let known = known(component, flag);
    // etcd's versions are its own; the table holds Kubernetes' minor versions.
    if let Some(why) = known.and_then(|known| known.missing_in(version)) {
        found.errors.push((field, format!("{component} {version} has no --{flag} ({why})")));
    } else if GUARDED.iter().any(|(of, flags)| *of == component && flags.contains(&flag)) {
        let problem =
            format!("--{flag} is not for changing: it decides how {component} is reached, proven or let in");
        found.errors.push((field, problem));
    } else if known.is_none() {
        let (problem, certain) = unknown(component, version, flag);
        if certain { &mut found.errors } else { &mut found.warnings }.push((field, problem));
    }
}

/// What to say of a flag that the table does not have, and whether that is certain.
pub(super) fn unknown(component: Component, version: KubernetesVersion, flag: &str) -> (String, bool) {
    let near = nearest(component, flag).map_or_else(String::new, |near| format!("; did you mean --{near}?"));
    if is_complete(component, version) {
        (format!("{component} {version} has no --{flag}{near}"), true)
    } else {
        (format!("{component} {version} may not know --{flag}{near}"), false)
    }
}

/// The flags of one component, in alphabetical order.
#[derive(Debug)]
pub(crate) struct Flags {
    component: Component,
    version: KubernetesVersion,
    values: BTreeMap<String, String>,
}

impl Flags {
    pub(super) fn new(component: Component, spec: &ClusterSpec) -> Self {
        Self { component, version: spec.kubernetes_version, values: BTreeMap::new() }
    }

    /// Sets a flag, where the version knows it.
    pub(super) fn set(&mut self, flag: &'static str, value: impl Into<String>) {
        let known = known(self.component, flag);
        debug_assert!(known.is_some(), "{flag} is missing from flags.tsv");
        if known.is_some_and(|known| known.versions.has(self.version)) {
            self.values.insert(flag.to_owned(), value.into());
        }
    }

    pub(super) fn component(&self) -> Component {
        self.component
    }

    pub(super) fn version(&self) -> KubernetesVersion {
        self.version
    }

    /// Whether the flag is set.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.values.contains_key(flag)
    }

    /// Sets the first of several flags of one meaning that the version knows.
    pub(super) fn set_first(&mut self, flags: &[&'static str], value: &str) {
        let known = |flag: &&&'static str| {
            known(self.component, flag).is_some_and(|known| known.versions.has(self.version))
        };
        if let Some(flag) = flags.iter().find(known) {
            self.set(flag, value);
        }
    }

    /// Takes the cluster file's `extraArgs` over what is there.
    pub(super) fn with_extra(mut self, spec: &ClusterSpec) -> Self {
        if let Some(overrides) = spec.overrides(self.component) {
            for (flag, value) in &overrides.extra_args {
                let value = match flag.as_str() {
                    // The lists in which kboot's own entry must survive.
                    "enable-admission-plugins" => with_entry(value, "NodeRestriction"),
                    "admission-control" if self.version.minor() >= 7 => with_entry(value, "NodeRestriction"),
                    _ => value.clone(),
                };
                self.values.insert(flag.clone(), value);
            }
        }
        self
    }

    /// `--flag=value`, each.
    pub(super) fn arguments(&self) -> impl Iterator<Item = String> {
        self.values.iter().map(|(flag, value)| format!("--{flag}={value}"))
    }
}

fn with_entry(list: &str, entry: &str) -> String {
    if list.split(',').any(|present| present.trim() == entry) {
        list.to_owned()
    } else {
        format!("{entry},{list}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_that_is_set_is_guarded_or_free() {
        let text = include_str!("../../../examples/single-node.yaml");
        for text in [text.to_owned(), text.replace("v1.36.4", "v1.20.2")] {
            let spec: ClusterSpec = text.parse().unwrap();
            for component in Component::ALL {
                let flags = component.flags(&spec, &spec.nodes()[0]);
                for flag in flags.values.keys() {
                    let guarded =
                        GUARDED.iter().any(|(of, flags)| *of == component && flags.contains(&flag.as_str()));
                    assert!(guarded != FREE.contains(&flag.as_str()), "{component} --{flag}");
                }
            }
        }
    }

    #[test]
    fn node_restriction_survives() {
        assert_eq!(with_entry("PodSecurity", "NodeRestriction"), "NodeRestriction,PodSecurity");
        assert_eq!(with_entry("A,NodeRestriction", "NodeRestriction"), "A,NodeRestriction");
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
        assert!(findings(Component::Kubelet, "v1.20.2", "max-pod").errors[0].1.contains("--max-pods"));
        assert!(findings(Component::Kubelet, "v1.36.0", "max-pod").warnings[0].1.contains("--max-pods"));
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
