//! systemd units (systemd.unit(5), systemd.service(5)).

use std::fmt;

use super::{Component, Flags, container_runtime, host, paths};
use crate::cluster::{ClusterSpec, UnitArguments};

/// A unit: sections of directives, in order.
///
/// ```
/// # let spec: kboot_core::ClusterSpec = include_str!("../cluster/single-node.yaml").parse()?;
/// use kboot_core::component::Component;
/// let unit = Component::KubeScheduler.unit(&spec, &spec.nodes()[0]).to_string();
/// assert!(unit.contains("ExecStart=/usr/bin/kube-scheduler"));
/// # Ok::<(), kboot_core::document::DocumentError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    sections: Vec<(&'static str, Vec<(&'static str, String)>)>,
}

impl Unit {
    /// The sections with their directives.
    pub fn sections(&self) -> impl Iterator<Item = (&str, &[(&'static str, String)])> {
        self.sections.iter().map(|(name, directives)| (*name, directives.as_slice()))
    }

    pub(super) fn of(component: Component, spec: &ClusterSpec, flags: &Flags) -> Self {
        let (description, documentation) = match component {
            Component::Etcd => ("etcd, the cluster's store", "https://etcd.io/docs/"),
            Component::KubeApiserver => ("Kubernetes API server", "https://kubernetes.io/docs/"),
            Component::KubeControllerManager => {
                ("Kubernetes controller manager", "https://kubernetes.io/docs/")
            }
            Component::KubeScheduler => ("Kubernetes scheduler", "https://kubernetes.io/docs/"),
            Component::Kubelet => ("Kubernetes node agent", "https://kubernetes.io/docs/"),
            Component::KubeProxy => ("Kubernetes network proxy", "https://kubernetes.io/docs/"),
        };
        // Order only: a hard dependency would stop a component whenever the other is restarted.
        let after = match component {
            Component::Etcd | Component::KubeProxy => "network-online.target".to_owned(),
            Component::KubeApiserver => "network-online.target etcd.service".to_owned(),
            Component::KubeControllerManager | Component::KubeScheduler => {
                "network-online.target kube-apiserver.service".to_owned()
            }
            Component::Kubelet => {
                format!("network-online.target {}.service", container_runtime::service(spec))
            }
        };
        let mut service = Vec::new();
        // Both tell systemd when they are ready to serve.
        if matches!(component, Component::Etcd | Component::KubeApiserver) {
            service.push(("Type", "notify".to_owned()));
        }
        // A member of etcd is ready only once the others have come up too.
        if component == Component::Etcd {
            service.push(("TimeoutStartSec", "infinity".to_owned()));
        }
        if let Some(user) = spec.user.as_ref().filter(|_| host::runs_as_user(component)) {
            service.push(("User", user.name.to_string()));
            service.push(("Group", user.group.to_string()));
        }
        let program = format!("{}/{component}", paths::programs(spec));
        match spec.unit_arguments {
            UnitArguments::Inline => service.push(("ExecStart", command_line(program, flags))),
            UnitArguments::EnvironmentFile => {
                service.push(("EnvironmentFile", paths::environment(component).to_owned()));
                service.push(("ExecStart", format!("{program} ${}", variable(component))));
            }
        }
        service.push(("Restart", "always".to_owned()));
        service.push(("RestartSec", "10".to_owned()));
        service.push(("LimitNOFILE", "65536".to_owned()));
        Self {
            sections: vec![
                (
                    "Unit",
                    vec![
                        ("Description", description.to_owned()),
                        ("Documentation", documentation.to_owned()),
                        ("Wants", "network-online.target".to_owned()),
                        ("After", after),
                        ("StartLimitIntervalSec", "0".to_owned()),
                    ],
                ),
                ("Service", service),
                ("Install", vec![("WantedBy", "multi-user.target".to_owned())]),
            ],
        }
    }
}

/// The variable that holds a component's arguments.
fn variable(component: Component) -> String {
    format!("{}_ARGS", component.as_str().replace('-', "_").to_ascii_uppercase())
}

/// The file that sets the variable (systemd.exec(5), `EnvironmentFile=`): one assignment over several lines.
pub(super) fn environment_file(component: Component, flags: &Flags) -> String {
    let words: Vec<String> = flags.arguments().map(|argument| quote_in_variable(&argument)).collect();
    format!("{}=\"{}\"\n", variable(component), words.join(" \\\n  "))
}

/// One word of a variable's value. It is read twice: out of the file, where backslash and the double
/// quote around the value are special, and then as `$VARIABLE` in a command line, which is split at
/// blanks and loses its quotes, but knows no specifiers and no variables of its own.
fn quote_in_variable(word: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !matches!(c, '"' | '\'' | '\\');
    let as_word = if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
    };
    as_word
        .chars()
        .flat_map(|c| matches!(c, '"' | '\\' | '`' | '$').then_some('\\').into_iter().chain([c]))
        .collect()
}

/// The program and its flags, a line each.
fn command_line(program: String, flags: &Flags) -> String {
    let words = std::iter::once(program).chain(flags.arguments().map(|argument| quote(&argument)));
    words.collect::<Vec<_>>().join(" \\\n  ")
}

/// One word of a command line as systemd reads it: specifiers and variables stand for themselves
/// (systemd.service(5), "Command lines").
fn quote(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('%', "%%").replace('$', "$$");
    let plain = |c: char| !c.is_whitespace() && !matches!(c, '"' | '\'' | ';' | '\\');
    if word.chars().all(plain) { escaped } else { format!("\"{}\"", escaped.replace('"', "\\\"")) }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (section, directives)) in self.sections.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            writeln!(f, "[{section}]")?;
            for (name, value) in directives {
                writeln!(f, "{name}={value}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn words_stand_for_themselves() {
        for (word, quoted) in [
            ("--a=b", "--a=b"),
            ("--a=50%", "--a=50%%"),
            ("--a=$HOME", "--a=$$HOME"),
            ("--a=b c", "\"--a=b c\""),
            ("--a=\"x\"", "\"--a=\\\"x\\\"\""),
            ("--a=x;y", "\"--a=x;y\""),
            ("--a=c:\\d", "\"--a=c:\\\\d\""),
        ] {
            assert_eq!(quote(word), quoted);
        }
    }
}
