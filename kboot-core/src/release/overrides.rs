//! The check of what a cluster file adds to, or changes in, a component: its `extraArgs` and its `config`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::protected_flags::is_protected;
use super::{Component, Misfit, fields, flags, gates};
use crate::finding::{Finding, Severity};
use crate::version::KubernetesVersion;

/// The longest value that a flag may have: a command line has an end.
const MAX_VALUE: usize = 4096;

/// Holds overrides against the version's tables and against what kboot never lets go of; each finding with
/// its field.
pub(crate) fn check(
    component: Component,
    version: KubernetesVersion,
    config: &Map<String, Value>,
    extra_args: &BTreeMap<String, String>,
) -> Vec<Finding<Misfit>> {
    let mut found = Vec::new();
    for (flag, value) in extra_args {
        check_flag(component, version, flag, value, &mut found);
    }
    let config = Value::Object(config.clone());
    check_config(component, version, &config, &mut found);
    let has_error = found.iter().any(|finding| finding.severity == Severity::Error);
    if !fields::reads_a_file(component, version) && !has_error {
        found.extend(fields::without_a_flag(component, version, &config).map(|path| {
            Finding::error(format!("config.{path}"), Misfit::NoFlagForField { component, version })
        }));
    }
    found
}

fn check_flag(
    component: Component,
    version: KubernetesVersion,
    flag: &str,
    value: &str,
    found: &mut Vec<Finding<Misfit>>,
) {
    let field = format!("extraArgs.{flag}");
    let mut refuse = |misfit| found.push(Finding::error(field.clone(), misfit));
    let well_formed = !flag.is_empty()
        && flag.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !flag.starts_with('-');
    if !well_formed {
        return refuse(Misfit::FlagName);
    }
    check_text(value).for_each(&mut refuse);
    let is_of_api_server = component == Component::KubeApiserver;
    // pflag reads such a list as CSV, quotes and all.
    if is_of_api_server && flag == "disable-admission-plugins" && value.contains("NodeRestriction") {
        refuse(Misfit::NodeRestrictionOff);
    }
    if is_of_api_server && flag == "admission-control" && gates::ENABLE_ADMISSION_PLUGINS.contains(version) {
        return refuse(Misfit::AdmissionControl);
    }
    // etcd's versions are its own; the table holds Kubernetes' minor versions.
    if let Some(missing) = flags::missing(component, version, flag) {
        refuse(missing);
    } else if is_protected(component, flag) {
        refuse(Misfit::ProtectedFlag { component, flag: flag.to_owned() });
    } else if flags::known(component, flag).is_none() {
        let (severity, misfit) = flags::unknown(component, version, flag);
        found.push(Finding::new(severity, field, misfit));
    }
}

fn check_config(
    component: Component,
    version: KubernetesVersion,
    config: &Value,
    found: &mut Vec<Finding<Misfit>>,
) {
    let below = |path: &str| format!("config.{path}");
    if let Value::Object(fields) = config {
        let own = fields::check(component, version, fields).into_iter();
        found.extend(own.map(|finding| Finding { path: below(&finding.path), ..finding }));
    }
    check_texts(config, "", found);
    // The container runtime's configuration takes this value over.
    if let Some(driver) = config.get("cgroupDriver")
        && component == Component::Kubelet
        && !matches!(driver.as_str(), Some("systemd" | "cgroupfs"))
    {
        found.push(Finding::error("config.cgroupDriver", Misfit::CgroupDriver));
    }
    found.extend(
        fields::protected(component, config)
            .map(|path| Finding::error(below(path), Misfit::ProtectedField { component })),
    );
}

/// Texts that no file of lines can hold: units have a line for each directive, and old versions have fields
/// as flags.
fn check_texts(value: &Value, path: &str, found: &mut Vec<Finding<Misfit>>) {
    let mut check = |text: &str| {
        let place = || format!("config.{path}");
        found.extend(check_text(text).map(|misfit| Finding::error(place(), misfit)));
    };
    match value {
        Value::String(text) => check(text),
        Value::Array(items) => items.iter().for_each(|item| check_texts(item, path, found)),
        Value::Object(fields) => {
            fields.keys().for_each(|name| check(name));
            for (name, value) in fields {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                check_texts(value, &below, found);
            }
        }
        _ => {}
    }
}

fn check_text(text: &str) -> impl Iterator<Item = Misfit> {
    let has_control = text.chars().any(char::is_control).then_some(Misfit::ControlCharacters);
    let is_long = (text.len() > MAX_VALUE).then_some(Misfit::TooLong { most: MAX_VALUE });
    has_control.into_iter().chain(is_long)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings_of(component: Component, version: &str, flag: &str, value: &str) -> Vec<Finding<Misfit>> {
        let mut found = Vec::new();
        check_flag(component, version.parse().unwrap(), flag, value, &mut found);
        found
    }

    fn findings(component: Component, version: &str, flag: &str) -> Vec<Finding<Misfit>> {
        findings_of(component, version, flag, "x")
    }

    #[test]
    fn node_restriction_stays_on() {
        let list = "A,NodeRestriction";
        let found = findings_of(Component::KubeApiserver, "v1.36.0", "disable-admission-plugins", list);
        assert_eq!(
            found,
            [Finding::error("extraArgs.disable-admission-plugins", Misfit::NodeRestrictionOff)]
        );
    }

    #[test]
    fn removed_flags_are_refused_with_their_replacement() {
        let found = findings(Component::Kubelet, "v1.36.0", "non-masquerade-cidr");
        assert!(found[0].detail.to_string().contains("use ip-masq-agent"), "{found:?}");
        assert!(findings(Component::Kubelet, "v1.20.2", "non-masquerade-cidr").is_empty());
    }

    #[test]
    fn misspelt_flags_are_named() {
        for (version, severity) in
            [("v1.20.2", Severity::Error), ("v1.36.0", Severity::Error), ("v1.29.0", Severity::Warning)]
        {
            let found = findings(Component::Kubelet, version, "max-pod");
            assert_eq!(found[0].severity, severity);
            assert!(found[0].detail.to_string().contains("--max-pods"));
        }
    }

    #[test]
    fn security_flags_are_kept() {
        for (component, flag) in [
            (Component::Kubelet, "anonymous-auth"),
            (Component::Kubelet, "read-only-port"),
            (Component::KubeApiserver, "authorization-mode"),
            (Component::Etcd, "client-cert-auth"),
        ] {
            let found = findings(component, "v1.36.0", flag);
            assert!(matches!(found[..], [Finding { severity: Severity::Error, .. }]), "{flag}");
        }
        assert!(!findings(Component::Kubelet, "v1.36.0", "a b").is_empty());
    }
}
