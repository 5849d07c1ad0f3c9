//! What a Kubernetes version does not take in units, environment files and configuration files that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::unit_file::{self, Assignment, SyntaxError};
use crate::document::yaml;
use crate::finding::{Detail, Finding, Severity};
use crate::release::{Absence, Component, InsecureSetting, Misfit, fields, flags, insecure_settings};
use crate::shown::{EXCERPT, excerpt, is_hidden, start};
use crate::version::KubernetesVersion;

/// What [`lint`] finds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LintProblem {
    /// A flag or a field that the version does not take, or maybe not.
    Misfit(Misfit),
    /// A setting that lets in whoever asks.
    Insecure(InsecureSetting),
    /// The version's component reads no configuration file.
    FlagsAlone {
        /// The component.
        component: Component,
        /// The version.
        version: KubernetesVersion,
        /// Why it does not read the file.
        why: Absence,
    },
    /// A unit starts another program.
    UnknownProgram {
        /// Its name, cut to 64 characters.
        name: String,
    },
    /// A unit uses a variable that no file sets.
    UnsetVariable {
        /// Its name, cut to 64 characters.
        name: String,
    },
    /// A flag of no component.
    UnknownToAll {
        /// The version.
        version: KubernetesVersion,
        /// The flag, without dashes, cut to 64 characters.
        flag: String,
    },
}

impl Detail for LintProblem {
    fn code(&self) -> &'static str {
        match self {
            Self::Misfit(misfit) => misfit.code(),
            Self::Insecure(setting) => setting.code(),
            Self::FlagsAlone { .. } => "flags-alone",
            Self::UnknownProgram { .. } => "unknown-program",
            Self::UnsetVariable { .. } => "unset-variable",
            Self::UnknownToAll { .. } => "unknown-flag",
        }
    }
}

impl fmt::Display for LintProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misfit(misfit) => write!(f, "{misfit}"),
            Self::Insecure(setting) => write!(f, "{setting}"),
            Self::FlagsAlone { component, version, why } => {
                write!(f, "{component} {version} reads flags alone; ")?;
                match why {
                    Absence::CameWith(minor) => write!(f, "this file came with 1.{minor}"),
                    why => write!(f, "this file: {why}"),
                }
            }
            Self::UnknownProgram { name } => {
                write!(f, "{name:?} is no program that kboot knows; its arguments were not checked")
            }
            Self::UnsetVariable { name } => {
                write!(f, "${name} is set in no environment file that was given, so it was not checked")
            }
            Self::UnknownToAll { version, flag } => {
                write!(f, "no component of Kubernetes {version} is known to have --{flag}")
            }
        }
    }
}

/// A finding in one of several files: its path is a line such as `line 12`, or a field's path.
///
/// Serialized, it is `{file, severity, code, path, reason}`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileFinding {
    /// The file's name, as it was given.
    pub file: String,
    /// What is wrong in it.
    pub finding: Finding<LintProblem>,
}

impl Serialize for FileFinding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let Self { file, finding } = self;
        let mut fields = serializer.serialize_struct("FileFinding", 5)?;
        fields.serialize_field("file", file)?;
        fields.serialize_field("severity", &finding.severity)?;
        fields.serialize_field("code", finding.code())?;
        fields.serialize_field("path", &finding.path)?;
        fields.serialize_field("reason", &finding.detail.to_string())?;
        fields.end()
    }
}

/// Why a file cannot be checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {problem}")]
#[non_exhaustive]
pub struct LintError {
    /// The file's name, as it was given.
    pub file: String,
    /// What is wrong, and what would be right.
    pub problem: UnreadableFile,
}

/// What is wrong with a file that cannot be checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadableFile {
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// A unit or an environment file that systemd would not read.
    #[error("{0}")]
    Syntax(SyntaxError),
    /// It is of no kind that is checked.
    #[error("{KNOWN_KINDS}")]
    UnknownKind,
    /// It is of no kind that is checked, and no YAML.
    #[error("{KNOWN_KINDS}; as YAML: {problem}")]
    NotYaml {
        /// The problem, with line and column.
        problem: String,
    },
    /// A configuration of another version of the API.
    #[error("apiVersion is {found:?}; {kind} is {wanted}")]
    ApiVersion {
        /// What it says, cut to 64 characters.
        found: String,
        /// Its kind.
        kind: &'static str,
        /// The version that is read.
        wanted: &'static str,
    },
}

const KNOWN_KINDS: &str =
    "expected a systemd unit, an environment file, a KubeletConfiguration or a KubeProxyConfiguration";

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
/// assert!(findings[0].finding.detail.to_string().contains("--network-plugin (removed in 1.24"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`LintError`] for a file that is none of the kinds, or cannot be read as its kind.
pub fn lint(files: &[(&str, &str)], version: KubernetesVersion) -> Result<Vec<FileFinding>, LintError> {
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
    let of_file = |(index, finding): (usize, Finding<LintProblem>)| {
        let file = files.get(index).map_or("", |(name, _)| name).to_owned();
        FileFinding { file, finding }
    };
    Ok(lint.findings.into_iter().map(of_file).collect())
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
    let fail = |problem| LintError { file: file.to_owned(), problem };
    let syntax = |error| fail(UnreadableFile::Syntax(error));
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with(['#', ';']));
    let Some(first) = first else { return Err(fail(UnreadableFile::Empty)) };
    let is_assignment = first.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    if first.starts_with('[') {
        return unit_file::service_directives(text).map(Kind::Unit).map_err(syntax);
    }
    if is_assignment {
        return unit_file::environment(text).map(Kind::Environment).map_err(syntax);
    }
    let document = yaml::parse(text).map_err(|problem| fail(UnreadableFile::NotYaml { problem }))?;
    let text_of = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
    let kinds = [
        (Component::Kubelet, "KubeletConfiguration", "kubelet.config.k8s.io/v1beta1"),
        (Component::KubeProxy, "KubeProxyConfiguration", "kubeproxy.config.k8s.io/v1alpha1"),
    ];
    let Some((component, kind, wanted)) = kinds.into_iter().find(|(_, kind, _)| *kind == text_of("kind"))
    else {
        return Err(fail(UnreadableFile::UnknownKind));
    };
    if text_of("apiVersion") != wanted {
        let found = excerpt(text_of("apiVersion"));
        return Err(fail(UnreadableFile::ApiVersion { found, kind, wanted }));
    }
    match document {
        Value::Object(fields) => Ok(Kind::Configuration(component, fields)),
        _ => Err(fail(UnreadableFile::UnknownKind)),
    }
}

struct Lint<'a> {
    files: &'a [(&'a str, &'a str)],
    version: KubernetesVersion,
    variables: BTreeMap<&'a str, Vec<(usize, &'a Assignment)>>,
    used: BTreeSet<&'a str>,
    findings: Vec<(usize, Finding<LintProblem>)>,
}

impl<'a> Lint<'a> {
    fn add(&mut self, file: usize, finding: Finding<LintProblem>) {
        let found = (file, finding);
        if !self.findings.contains(&found) {
            self.findings.push(found);
        }
    }

    fn warn_of_line(&mut self, file: usize, line: usize, problem: LintProblem) {
        self.add(file, Finding::warning(format!("line {line}"), problem));
    }

    fn configuration(&mut self, file: usize, component: Component, fields: &serde_json::Map<String, Value>) {
        let version = self.version;
        if let Some(why) = fields::configuration_file(component).lacks(version) {
            let problem = LintProblem::FlagsAlone { component, version, why };
            return self.add(file, Finding::error("kind", problem));
        }
        for finding in fields::check(component, version, fields) {
            self.add(file, finding.map(LintProblem::Misfit));
        }
        if component == Component::Kubelet {
            for (path, setting) in insecure_settings::of_kubelet_configuration(fields) {
                self.add(file, Finding::warning(path, LintProblem::Insecure(setting)));
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
            let Some(component) = Component::ALL.into_iter().find(|component| component.as_str() == name)
            else {
                let name = excerpt(name);
                self.warn_of_line(file, command.line, LintProblem::UnknownProgram { name });
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
                    let name = excerpt(name);
                    self.warn_of_line(file, command.line, LintProblem::UnsetVariable { name });
                    continue;
                };
                self.used.insert(name);
                for (file, assignment) in places.clone() {
                    self.assignment(file, assignment, &[component]);
                    let flags = unit_file::flags(&unit_file::words(&assignment.value)).into_iter();
                    arguments.extend(flags.map(|(flag, value)| (flag, value.unwrap_or_default())));
                }
            }
            let version = self.version;
            for setting in insecure_settings::of_arguments(component, version, &arguments, are_all_known) {
                self.warn_of_line(file, command.line, LintProblem::Insecure(setting));
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
        let shown: String = start(flag, EXCERPT).chars().filter(|c| !is_hidden(*c)).collect();
        let is_shared = components.len() > 1;
        let mut problems = Vec::new();
        for &component in components {
            match flags::missing(component, version, flag) {
                Some(missing) => problems.push((Severity::Error, LintProblem::Misfit(missing))),
                None if flags::known(component, flag).is_some() && is_shared => return,
                None if flags::known(component, flag).is_some() || is_shared => {}
                None => {
                    let (severity, unknown) = flags::unknown(component, version, &shown);
                    problems.push((severity, LintProblem::Misfit(unknown)));
                }
            }
        }
        if is_shared && problems.is_empty() {
            problems.push((Severity::Warning, LintProblem::UnknownToAll { version, flag: shown }));
        }
        for (severity, problem) in problems {
            self.add(file, Finding::new(severity, format!("line {line}"), problem));
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
