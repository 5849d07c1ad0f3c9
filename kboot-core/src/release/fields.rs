//! The fields of KubeletConfiguration and KubeProxyConfiguration by version: which exist, of which type,
//! which flag says the same, and which no cluster file may touch.
//!
//! The kubelet itself only warns of a misspelt field (`pkg/kubelet/kubeletconfig/util/codec`), so a
//! typo here would go unnoticed until it hurts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::flags::rows;
use super::{Component, Misfit, VersionSpan, flags, gates};
use crate::document::closest;
use crate::finding::Finding;
use crate::version::KubernetesVersion;

/// What a field holds, as Go's types read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the types of the table")]
pub enum FieldType {
    /// A text.
    Text,
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A text such as `2m0s` (`metav1.Duration`).
    Duration,
    /// A text (`metav1.Time`).
    Time,
    /// A map whose keys are fields.
    Object,
    /// A list; its items are the row `PATH[]`.
    List,
    /// A map with free keys; its values are the row `PATH{}`.
    Map,
    /// Whatever it is.
    Any,
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text | Self::Time => "a text",
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Float => "a number",
            Self::Duration => "a duration such as 2m0s or 100ms, as a text",
            Self::Object | Self::Map => "a map",
            Self::List => "a list",
            Self::Any => "anything",
        })
    }
}

struct Field {
    holds: FieldType,
    versions: VersionSpan,
    flag: Option<&'static str>,
}

/// By path, for each component.
static TABLE: LazyLock<BTreeMap<Component, BTreeMap<&'static str, Field>>> = LazyLock::new(|| {
    let mut table: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for row in rows(include_str!("fields.tsv")) {
        let [kind, path, holds, since, until, flag, ..] = row[..] else { continue };
        let component = match kind {
            "KubeletConfiguration" => Component::Kubelet,
            _ => Component::KubeProxy,
        };
        let flag = Some(flag).filter(|flag| *flag != "-");
        let field = Field { holds: type_of(holds), versions: VersionSpan::of_columns(since, until), flag };
        table.entry(component).or_default().insert(path, field);
    }
    table
});

fn type_of(word: &str) -> FieldType {
    match word {
        "string" => FieldType::Text,
        "bool" => FieldType::Bool,
        "int" => FieldType::Int,
        "float" => FieldType::Float,
        "duration" => FieldType::Duration,
        "time" => FieldType::Time,
        "object" => FieldType::Object,
        "list" => FieldType::List,
        "map" => FieldType::Map,
        _ => FieldType::Any,
    }
}

fn field(component: Component, path: &str) -> Option<&'static Field> {
    TABLE.get(&component)?.get(path)
}

/// The versions in which the component reads a configuration file of today's kind; before, there are flags
/// alone.
pub(crate) fn configuration_file(component: Component) -> VersionSpan {
    match component {
        Component::Kubelet => gates::KUBELET_CONFIGURATION,
        _ => gates::KUBE_PROXY_CONFIGURATION,
    }
}

/// Whether the component reads a configuration file in a version.
pub(crate) fn reads_a_file(component: Component, version: KubernetesVersion) -> bool {
    configuration_file(component).contains(version)
}

/// What no cluster file may say, by path: the kubelet always knows who asks, and always asks the API
/// server whether they may.
const PROTECTED: &[(Component, &str)] = &[
    (Component::Kubelet, "apiVersion"),
    (Component::Kubelet, "kind"),
    (Component::Kubelet, "authentication.anonymous"),
    (Component::Kubelet, "authentication.webhook.enabled"),
    (Component::Kubelet, "authentication.x509"),
    (Component::Kubelet, "authorization.mode"),
    (Component::Kubelet, "readOnlyPort"),
    (Component::Kubelet, "containerRuntimeEndpoint"),
    (Component::Kubelet, "staticPodURL"),
    (Component::Kubelet, "staticPodURLHeader"),
    (Component::Kubelet, "serverTLSBootstrap"),
    (Component::Kubelet, "tlsCertFile"),
    (Component::Kubelet, "tlsPrivateKeyFile"),
    (Component::KubeProxy, "apiVersion"),
    (Component::KubeProxy, "kind"),
    (Component::KubeProxy, "clientConnection.kubeconfig"),
    (Component::KubeProxy, "hostnameOverride"),
];

/// The protected fields that a configuration sets, or takes away with a map around them.
pub(super) fn protected(component: Component, config: &Value) -> impl Iterator<Item = &'static str> {
    PROTECTED.iter().filter(move |(of, _)| *of == component).map(|(_, path)| *path).filter(move |path| {
        let set = path.split('.').try_fold(config, |value, key| value.get(key)).is_some();
        // Nothing in the place of a map would take the map away.
        let emptied = path.rsplit_once('.').is_some_and(|(parents, _)| {
            let mut value = Some(config);
            parents.split('.').any(|key| {
                value = value.and_then(|value| value.get(key));
                value.is_some_and(Value::is_null)
            })
        });
        set || emptied
    })
}

/// Checks a configuration: unknown fields, fields of other versions, wrong types; each with its path.
pub(crate) fn check(
    component: Component,
    version: KubernetesVersion,
    config: &Map<String, Value>,
) -> Vec<Finding<Misfit>> {
    let mut check = Check { component, version, found: Vec::new() };
    check.object(config, "", "");
    check.found
}

struct Check {
    component: Component,
    version: KubernetesVersion,
    found: Vec<Finding<Misfit>>,
}

impl Check {
    fn error(&mut self, path: &str, misfit: Misfit) {
        self.found.push(Finding::error(path, misfit));
    }

    /// `row` is the object's row in the table, `path` its place in the document.
    fn object(&mut self, fields: &Map<String, Value>, row: &str, path: &str) {
        let (component, version) = (self.component, self.version);
        let below = |parent: &str, name: &str| {
            if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
        };
        for (name, value) in fields {
            if row.is_empty() && ["apiVersion", "kind"].contains(&name.as_str()) {
                continue;
            }
            let (row_of_field, path_of_field) = (below(row, name), below(path, name));
            // A dot or a bracket in a name would make it the path of another field.
            let field = field(component, &row_of_field).filter(|_| !name.contains(['.', '[', ']', '{', '}']));
            let Some(field) = field else {
                let fields = TABLE.get(&component).into_iter().flat_map(BTreeMap::keys);
                let siblings = fields.copied().filter_map(|known| {
                    let name =
                        if row.is_empty() { known } else { known.strip_prefix(row)?.strip_prefix('.')? };
                    (!name.contains(['.', '[', '{'])).then_some(name)
                });
                let near = closest(siblings, name);
                self.error(&path_of_field, Misfit::UnknownField { component, version, near });
                continue;
            };
            // Before there was a file, flags say the same; without_a_flag checks them.
            let lacks = field.versions.lacks(version).filter(|_| reads_a_file(component, version));
            match lacks {
                Some(why) => {
                    self.error(&path_of_field, Misfit::MissingField { component, version, why });
                }
                None => self.value(field.holds, value, &row_of_field, &path_of_field),
            }
        }
    }

    fn value(&mut self, holds: FieldType, value: &Value, row: &str, path: &str) {
        let lacks_quotes = match (holds, value) {
            // Go's decoders take null for "not set", whatever the type.
            (_, Value::Null) | (FieldType::Any, _) => return,
            (FieldType::Text | FieldType::Time, Value::String(_)) | (FieldType::Bool, Value::Bool(_)) => {
                return;
            }
            (FieldType::Int, Value::Number(number)) if number.is_i64() || number.is_u64() => return,
            (FieldType::Float, Value::Number(_)) => return,
            (FieldType::Duration, Value::String(text)) if crate::time::go_duration(text).is_some() => return,
            (FieldType::Object, Value::Object(fields)) => return self.object(fields, row, path),
            (FieldType::List, Value::Array(items)) => {
                let row = format!("{row}[]");
                let holds = field(self.component, &row).map_or(FieldType::Any, |item| item.holds);
                for (index, item) in items.iter().enumerate() {
                    self.value(holds, item, &row, &format!("{path}[{index}]"));
                }
                return;
            }
            (FieldType::Map, Value::Object(fields)) => {
                let row = format!("{row}{{}}");
                let holds = field(self.component, &row).map_or(FieldType::Any, |item| item.holds);
                for (name, value) in fields {
                    self.value(holds, value, &row, &format!("{path}.{name}"));
                }
                return;
            }
            (FieldType::Text | FieldType::Time, Value::Number(_) | Value::Bool(_)) => true,
            _ => false,
        };
        self.error(path, Misfit::WrongType { wanted: holds, lacks_quotes });
    }
}

/// Which of a configuration's fields have no flag in a version that reads flags alone.
pub(super) fn without_a_flag(
    component: Component,
    version: KubernetesVersion,
    config: &Value,
) -> impl Iterator<Item = String> {
    let missing = move |flag: &str| flags::known(component, flag).is_none_or(|known| !known.is_in(version));
    leaves(component, config)
        .into_iter()
        .filter(move |leaf| leaf.flag.is_none_or(missing))
        .map(|leaf| leaf.path)
}

impl Field {
    fn is_in_the_file_of(&self, component: Component, version: KubernetesVersion) -> bool {
        reads_a_file(component, version) && self.versions.contains(version)
    }
}

/// Takes out of a configuration what the version's file does not have; flags may.
pub(crate) fn retain_known(component: Component, version: KubernetesVersion, config: &mut Value) {
    if let Value::Object(fields) = config {
        fields.retain(|name, _| {
            field(component, name).is_none_or(|field| field.is_in_the_file_of(component, version))
        });
    }
}

/// A value of a configuration that is no map of fields.
pub(crate) struct Leaf {
    component: Component,
    path: String,
    /// The flag that says the same.
    pub(crate) flag: Option<&'static str>,
    /// The value as flags are written.
    pub(crate) value: String,
}

impl Leaf {
    /// Whether the version has a configuration file with the field.
    pub(crate) fn is_in_the_file_of(&self, version: KubernetesVersion) -> bool {
        field(self.component, &self.path)
            .is_some_and(|field| field.is_in_the_file_of(self.component, version))
    }
}

/// Every leaf of a configuration.
pub(crate) fn leaves(component: Component, config: &Value) -> Vec<Leaf> {
    let mut found = Vec::new();
    collect(component, config, "", &mut found);
    found
}

fn collect(component: Component, value: &Value, row: &str, found: &mut Vec<Leaf>) {
    let field = field(component, row);
    let flag = field.and_then(|field| field.flag);
    let mut add = |value| found.push(Leaf { component, path: row.to_owned(), flag, value });
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Object(fields)
            if row.is_empty() || field.is_some_and(|field| field.holds == FieldType::Object) =>
        {
            for (name, value) in fields {
                if row.is_empty() && ["apiVersion", "kind"].contains(&name.as_str()) {
                    continue;
                }
                let row = if row.is_empty() { name.clone() } else { format!("{row}.{name}") };
                collect(component, value, &row, found);
            }
        }
        Value::Null => {}
        Value::Object(fields) => {
            // --eviction-hard=memory.available<100Mi; everything else is name=value.
            let sign = if row.starts_with("evictionHard") || row == "evictionSoft" { '<' } else { '=' };
            let pairs: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name}{sign}{}", text(value))).collect();
            add(pairs.join(","));
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(text).collect();
            add(items.join(","));
        }
        value => add(text(value)),
    }
}
