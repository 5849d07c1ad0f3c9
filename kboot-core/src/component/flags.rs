//! Flags: what is written, and the table of which version knows which.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{Component, Findings};
use crate::spec::{ClusterSpec, closest};
use crate::version::KubernetesVersion;

/// What the table says of a flag.
struct Known {
    /// The first minor version without it.
    gone_in: Option<u16>,
    instead: &'static str,
}

static TABLE: LazyLock<BTreeMap<(&'static str, &'static str), Known>> = LazyLock::new(|| {
    let rows = include_str!("flags.tsv").lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|row| {
        let mut columns = row.split('\t');
        let (component, flag) = (columns.next()?, columns.next()?);
        let gone_in = columns.next()?.strip_prefix("1.").and_then(|minor| minor.parse().ok());
        let instead = columns.next()?;
        Some(((component, flag), Known { gone_in, instead }))
    })
    .collect()
});

/// Flags that no cluster file changes: who is let in, and by which files that is proven.
const GUARDED: &[(Component, &[&str])] = &[
    (
        Component::KubeApiserver,
        &[
            "authorization-mode",
            "client-ca-file",
            "etcd-cafile",
            "etcd-certfile",
            "etcd-keyfile",
            "insecure-port",
            "insecure-bind-address",
            "kubelet-certificate-authority",
            "kubelet-https",
            "requestheader-client-ca-file",
            "requestheader-allowed-names",
            "secure-port",
        ],
    ),
    (
        Component::KubeControllerManager,
        &["port", "kubeconfig", "cluster-signing-cert-file", "cluster-signing-key-file"],
    ),
    (Component::KubeScheduler, &["port", "kubeconfig"]),
    (
        Component::Etcd,
        &[
            "client-cert-auth",
            "peer-client-cert-auth",
            "trusted-ca-file",
            "peer-trusted-ca-file",
            "auto-tls",
            "peer-auto-tls",
        ],
    ),
    (
        Component::Kubelet,
        &[
            "anonymous-auth",
            "authentication-token-webhook",
            "authorization-mode",
            "client-ca-file",
            "config",
            "hostname-override",
            "kubeconfig",
            "read-only-port",
        ],
    ),
    (Component::KubeProxy, &["config", "kubeconfig"]),
];

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
    if GUARDED.iter().any(|(of, flags)| *of == component && flags.contains(&flag)) {
        let problem = format!(
            "--{flag} is not for changing: kboot keeps {component} authenticated and authorized with it"
        );
        found.errors.push((field, problem));
        return;
    }
    match TABLE.get(&(component.name(), flag)) {
        // etcd's versions are its own; the table holds Kubernetes' minor versions.
        Some(Known { gone_in: Some(gone_in), instead }) if version.minor() >= *gone_in => {
            let instead = if *instead == "-" { String::new() } else { format!("; use {instead}") };
            found.errors.push((
                field,
                format!("{component} {version} has no --{flag} (removed in 1.{gone_in}){instead}"),
            ));
        }
        Some(_) => {}
        None => {
            let known = TABLE.keys().filter(|(of, _)| *of == component.name()).map(|(_, flag)| *flag);
            let near =
                closest(known, flag).map_or_else(String::new, |near| format!("; did you mean --{near}?"));
            let problem = format!("{component} {version} may not know --{flag}{near}");
            // Of 1.20 the table is complete; newer versions have flags that it lacks.
            if version.minor() == 20 && component != Component::Etcd {
                found.errors.push((field, problem));
            } else {
                found.warnings.push((field, problem));
            }
        }
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
        let known = TABLE.get(&(self.component.name(), flag));
        debug_assert!(known.is_some(), "{flag} is missing from flags.tsv");
        if known.is_some_and(|known| known.gone_in.is_none_or(|gone_in| self.version.minor() < gone_in)) {
            self.values.insert(flag.to_owned(), value.into());
        }
    }

    /// Takes the cluster file's `extraArgs` over what is there.
    pub(super) fn with_extra(mut self, spec: &ClusterSpec) -> Self {
        if let Some(overrides) = spec.overrides(self.component) {
            self.values.extend(overrides.extra_args.clone());
        }
        self
    }

    /// `--flag=value`, each.
    pub(super) fn arguments(&self) -> impl Iterator<Item = String> {
        self.values.iter().map(|(flag, value)| format!("--{flag}={value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(component: Component, version: &str, flag: &str) -> Findings {
        let mut found = Findings::default();
        check(component, version.parse().unwrap(), flag, "x", &mut found);
        found
    }

    #[test]
    fn removed_flags_are_refused_with_their_replacement() {
        let found = findings(Component::Kubelet, "v1.36.0", "container-runtime");
        assert!(found.errors[0].1.contains("--container-runtime-endpoint"), "{found:?}");
        assert!(findings(Component::Kubelet, "v1.20.2", "container-runtime").errors.is_empty());
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
