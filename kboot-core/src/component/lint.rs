//! What a Kubernetes version does not take in units, environment files and configuration files that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::unit_file::{self, Assignment};
use super::{Component, Findings, fields, flags, open_doors};
use crate::shown::is_hidden;
use crate::version::KubernetesVersion;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums, reason = "there is no third")]
pub enum Severity {
    /// The component does not start, or ignores what was meant.
    Error,
    /// It may be meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The file's name, as it was given.
    pub file: String,
    /// Where in it: a line such as `line 12`, or a field's path.
    pub place: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// Why a file cannot be checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {problem}")]
#[non_exhaustive]
pub struct LintError {
    /// The file's name, as it was given.
    pub file: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

enum Kind {
    Unit(Vec<Assignment>),
    Environment(Vec<Assignment>),
    Configuration(Component, serde_json::Map<String, Value>),
}

/// Holds files against a Kubernetes version: flags and fields that it does not have, misspelt ones, and
/// values of a wrong type; and, as warnings, settings that let in whoever asks. A file is a name and its
/// text; units and the environment files that they read are best given together, because a unit says whose
/// flags a variable holds.
///
/// ```
/// use kboot_core::component::lint;
/// let unit = "[Service]\nExecStart=/usr/bin/kubelet --network-plugin=cni --node-ip=10.0.0.1\n";
/// let findings = lint(&[("kubelet.service", unit)], "v1.36.0".parse()?)?;
/// assert!(findings[0].problem.contains("--network-plugin (removed in 1.24"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`LintError`] for a file that is none of the kinds, or cannot be read as its kind.
pub fn lint(files: &[(&str, &str)], version: KubernetesVersion) -> Result<Vec<Finding>, LintError> {
    let kinds = files.iter().map(|(name, text)| kind(name, text)).collect::<Result<Vec<_>, _>>()?;
    let mut variables: BTreeMap<&str, Vec<(usize, &Assignment)>> = BTreeMap::new();
    for (index, kind) in kinds.iter().enumerate() {
        if let Kind::Environment(assignments) = kind {
            for assignment in assignments {
                variables.entry(&assignment.name).or_default().push((index, assignment));
            }
        }
    }
    let mut lint = Lint { files, version, variables, used: BTreeSet::new(), findings: Vec::new() };
    for (index, kind) in kinds.iter().enumerate() {
        match kind {
            Kind::Unit(directives) => lint.unit(index, directives),
            Kind::Configuration(component, fields) => lint.configuration(index, *component, fields),
            Kind::Environment(_) => {}
        }
    }
    lint.unused_variables();
    lint.findings.sort_by_key(|(index, _)| *index);
    Ok(lint.findings.into_iter().map(|(_, finding)| finding).collect())
}

/// What a unit or an environment file passes to its program, each flag with its value; nothing where the
/// text is neither.
pub(super) fn arguments(text: &str) -> Option<BTreeMap<String, String>> {
    let words: Vec<String> = match kind("", text).ok()? {
        Kind::Unit(directives) => {
            commands(&directives).flat_map(|start| unit_file::words(&start.value)).collect()
        }
        Kind::Environment(assignments) => {
            assignments.iter().flat_map(|assignment| unit_file::words(&assignment.value)).collect()
        }
        Kind::Configuration(..) => return None,
    };
    let flags = unit_file::flags(&words).into_iter();
    Some(flags.map(|(flag, value)| (flag, value.unwrap_or_default())).collect())
}

/// A unit's directives besides its command, each with its value; none for another text.
pub(super) fn directives(text: &str) -> BTreeMap<String, String> {
    let directives = unit_file::directives(text).unwrap_or_default().into_iter();
    let others = directives.filter(|(_, directive)| directive.name != "ExecStart");
    others.map(|(_, directive)| (format!("{}=", directive.name), directive.value)).collect()
}

fn commands(directives: &[Assignment]) -> impl Iterator<Item = &Assignment> {
    directives.iter().filter(|directive| directive.name == "ExecStart" && !directive.value.is_empty())
}

fn kind(file: &str, text: &str) -> Result<Kind, LintError> {
    let fail = |problem: String| LintError { file: file.to_owned(), problem };
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with(['#', ';']));
    let Some(first) = first else { return Err(fail("it is empty".to_owned())) };
    let is_assignment = first.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    if first.starts_with('[') {
        return unit_file::service_directives(text).map(Kind::Unit).map_err(fail);
    }
    if is_assignment {
        return unit_file::environment(text).map(Kind::Environment).map_err(fail);
    }
    let known =
        "expected a systemd unit, an environment file, a KubeletConfiguration or a KubeProxyConfiguration";
    let document =
        crate::yaml::parse(text).map_err(|problem| fail(format!("{known}; as YAML: {problem}")))?;
    let text_of = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
    let component = match (text_of("apiVersion"), text_of("kind")) {
        ("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration") => Component::Kubelet,
        ("kubeproxy.config.k8s.io/v1alpha1", "KubeProxyConfiguration") => Component::KubeProxy,
        (version, kind @ ("KubeletConfiguration" | "KubeProxyConfiguration")) => {
            let wanted = if kind == "KubeletConfiguration" {
                "kubelet.config.k8s.io/v1beta1"
            } else {
                "kubeproxy.config.k8s.io/v1alpha1"
            };
            let shown: String = version.chars().take(64).collect();
            return Err(fail(format!("apiVersion is {shown:?}; {kind} is {wanted}")));
        }
        _ => return Err(fail(known.to_owned())),
    };
    match document {
        Value::Object(fields) => Ok(Kind::Configuration(component, fields)),
        _ => Err(fail(known.to_owned())),
    }
}

struct Lint<'a> {
    files: &'a [(&'a str, &'a str)],
    version: KubernetesVersion,
    variables: BTreeMap<&'a str, Vec<(usize, &'a Assignment)>>,
    used: BTreeSet<&'a str>,
    findings: Vec<(usize, Finding)>,
}

impl<'a> Lint<'a> {
    fn add(&mut self, file: usize, place: String, severity: Severity, problem: String) {
        let name = self.files.get(file).map_or("", |(name, _)| name);
        let finding = Finding { file: name.to_owned(), place, severity, problem };
        if !self.findings.contains(&(file, finding.clone())) {
            self.findings.push((file, finding));
        }
    }

    fn configuration(&mut self, file: usize, component: Component, fields: &serde_json::Map<String, Value>) {
        if !fields::reads_a_file(component, self.version) {
            let first = fields::first_with_a_file(component);
            let problem =
                format!("{component} {} reads flags alone; this file came with 1.{first}", self.version);
            self.add(file, "kind".to_owned(), Severity::Error, problem);
            return;
        }
        let mut found = Findings::default();
        fields::check(component, self.version, fields, &mut found);
        for (path, problem) in found.errors {
            self.add(file, path, Severity::Error, problem);
        }
        if component == Component::Kubelet {
            for (path, problem) in open_doors::of_kubelet_configuration(fields) {
                self.add(file, path.to_owned(), Severity::Warning, problem.to_owned());
            }
        }
    }

    fn unit(&mut self, file: usize, directives: &[Assignment]) {
        let own: BTreeMap<String, String> = directives
            .iter()
            .filter(|directive| directive.name == "Environment")
            .flat_map(|directive| unit_file::words(&directive.value))
            .filter_map(|word| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect();
        for command in commands(directives) {
            let words = unit_file::words(&command.value);
            // systemd.service(5), "Special executable prefixes".
            let program =
                words.first().map_or("", |word| word.trim_start_matches(['@', '-', ':', '+', '!', '|']));
            let name = program.rsplit('/').next().unwrap_or_default();
            let Some(component) = Component::ALL.into_iter().find(|component| component.name() == name)
            else {
                let shown: String = name.chars().take(64).collect();
                let problem =
                    format!("{shown:?} is no program that kboot knows; its arguments were not checked");
                self.add(file, format!("line {}", command.line), Severity::Warning, problem);
                continue;
            };
            let mut arguments: BTreeMap<String, String> = BTreeMap::new();
            let mut are_all_known = true;
            for (flag, value) in unit_file::flags(&words) {
                self.flag(file, command.line, &[component], &flag);
                arguments.insert(flag, value.unwrap_or_default());
            }
            for name in words.iter().filter_map(|word| unit_file::variable(word)) {
                if let Some(value) = own.get(name) {
                    for (flag, value) in unit_file::flags(&unit_file::words(value)) {
                        self.flag(file, command.line, &[component], &flag);
                        arguments.insert(flag, value.unwrap_or_default());
                    }
                }
                let Some((&name, places)) = self.variables.get_key_value(name) else {
                    if own.contains_key(name) {
                        continue;
                    }
                    are_all_known = false;
                    let shown: String = name.chars().take(64).collect();
                    let problem = format!(
                        "${shown} is set in no environment file that was given, so it was not checked"
                    );
                    self.add(file, format!("line {}", command.line), Severity::Warning, problem);
                    continue;
                };
                self.used.insert(name);
                for (file, assignment) in places.clone() {
                    self.assignment(file, assignment, &[component]);
                    let flags = unit_file::flags(&unit_file::words(&assignment.value)).into_iter();
                    arguments.extend(flags.map(|(flag, value)| (flag, value.unwrap_or_default())));
                }
            }
            for problem in open_doors::of_arguments(component, self.version, &arguments, are_all_known) {
                self.add(file, format!("line {}", command.line), Severity::Warning, problem);
            }
        }
    }

    /// Variables of no unit: their names or their files' say whose they are, or nobody does.
    fn unused_variables(&mut self) {
        let unused: Vec<(&str, usize, &Assignment)> = self
            .variables
            .iter()
            .filter(|(name, _)| !self.used.contains(*name))
            .flat_map(|(name, places)| places.iter().map(|(file, assignment)| (*name, *file, *assignment)))
            .collect();
        for (name, file, assignment) in unused {
            let file_name =
                self.files.get(file).and_then(|(path, _)| path.rsplit('/').next()).unwrap_or_default();
            let components =
                match owner(&name.to_ascii_lowercase()).or_else(|| owner(&file_name.to_ascii_lowercase())) {
                    Some(component) => vec![component],
                    None => {
                        Component::ALL.into_iter().filter(|component| *component != Component::Etcd).collect()
                    }
                };
            self.assignment(file, assignment, &components);
        }
    }

    fn assignment(&mut self, file: usize, assignment: &Assignment, components: &[Component]) {
        for (flag, _) in unit_file::flags(&unit_file::words(&assignment.value)) {
            self.flag(file, assignment.line, components, &flag);
        }
    }

    /// A flag of one component, or of one of several.
    fn flag(&mut self, file: usize, line: usize, components: &[Component], flag: &str) {
        let version = self.version;
        let shown: String = flag.chars().take(64).filter(|c| !is_hidden(*c)).collect();
        let mut problems = Vec::new();
        for &component in components {
            match flags::known(component, flag) {
                Some(known) => match known.missing_in(version) {
                    Some(why) => {
                        problems.push((
                            Severity::Error,
                            format!("{component} {version} has no --{shown} ({why})"),
                        ));
                    }
                    None if components.len() > 1 => return,
                    None => {}
                },
                None if components.len() > 1 => {}
                None => {
                    let (problem, certain) = flags::unknown(component, version, &shown);
                    problems.push((if certain { Severity::Error } else { Severity::Warning }, problem));
                }
            }
        }
        if components.len() > 1 && problems.is_empty() {
            let problem = format!("no component of Kubernetes {version} is known to have --{shown}");
            problems.push((Severity::Warning, problem));
        }
        for (severity, problem) in problems {
            self.add(file, format!("line {line}"), severity, problem);
        }
    }
}

/// Whose arguments a variable or a file holds, by its name.
fn owner(name: &str) -> Option<Component> {
    let has = |part: &str| name.contains(part);
    if has("kubelet") {
        Some(Component::Kubelet)
    } else if has("proxy") {
        Some(Component::KubeProxy)
    } else if has("apiserver") || has("kube_api") || has("kube-api") {
        Some(Component::KubeApiserver)
    } else if has("controller") {
        Some(Component::KubeControllerManager)
    } else if has("scheduler") {
        Some(Component::KubeScheduler)
    } else if has("etcd") {
        Some(Component::Etcd)
    } else {
        None
    }
}
