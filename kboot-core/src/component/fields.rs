//! The fields of KubeletConfiguration and KubeProxyConfiguration by version: which exist, of which type,
//! which flag says the same, and which no cluster file may touch.
//!
//! The kubelet itself only warns of a misspelt field (`pkg/kubelet/kubeletconfig/util/codec`), so a
//! typo here would go unnoticed until it hurts.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::guards::MAX_VALUE;
use super::{Component, Findings, Flags};
use crate::schema::unknown_name;
use crate::version::{KubernetesVersion, VersionSpan};

/// What a field holds, as Go's types read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Text,
    Bool,
    Int,
    Float,
    /// `metav1.Duration`: a text such as `2m0s`.
    Duration,
    /// `metav1.Time`: a text.
    Time,
    Object,
    /// A list; its items are the row `PATH[]`.
    List,
    /// A map with free keys; its values are the row `PATH{}`.
    Map,
    Any,
}

struct Field {
    holds: Type,
    versions: VersionSpan,
    flag: Option<&'static str>,
}

/// By path, for each component.
static TABLE: LazyLock<BTreeMap<Component, BTreeMap<&'static str, Field>>> = LazyLock::new(|| {
    let mut table: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for row in include_str!("fields.tsv").lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&'static str> = row.split('\t').collect();
        let [kind, path, holds, since, until, flag, ..] = columns[..] else { continue };
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

fn type_of(word: &str) -> Type {
    match word {
        "string" => Type::Text,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "float" => Type::Float,
        "duration" => Type::Duration,
        "time" => Type::Time,
        "object" => Type::Object,
        "list" => Type::List,
        "map" => Type::Map,
        _ => Type::Any,
    }
}

fn field(component: Component, path: &str) -> Option<&'static Field> {
    TABLE.get(&component)?.get(path)
}

/// The first minor version in which the component reads a configuration file of today's kind.
pub(super) fn first_with_a_file(component: Component) -> u16 {
    match component {
        // kubelet.config.k8s.io/v1beta1
        Component::Kubelet => 10,
        // kubeproxy.config.k8s.io/v1alpha1
        _ => 9,
    }
}

/// Whether the component reads a configuration file; before, there are flags alone.
pub(super) fn reads_a_file(component: Component, version: KubernetesVersion) -> bool {
    version.minor() >= first_with_a_file(component)
}

/// What no cluster file may say, by path: the kubelet always knows who asks, and always asks the API
/// server whether they may.
const GUARDED: &[(Component, &str)] = &[
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

/// Checks the cluster file's `config` of a component.
pub(super) fn check_overrides(
    component: Component,
    version: KubernetesVersion,
    config: &Map<String, Value>,
    found: &mut Findings,
) {
    let mut own = Findings::default();
    check(component, version, config, &mut own);
    check_texts(&Value::Object(config.clone()), "", &mut own);
    found.errors.extend(own.errors.into_iter().map(|(path, problem)| (format!("config.{path}"), problem)));
    // The container runtime's configuration takes this value over.
    if let Some(driver) = config.get("cgroupDriver")
        && component == Component::Kubelet
        && !matches!(driver.as_str(), Some("systemd" | "cgroupfs"))
    {
        found.errors.push(("config.cgroupDriver".to_owned(), "must be systemd or cgroupfs".to_owned()));
    }
    let config = Value::Object(config.clone());
    for (_, path) in GUARDED.iter().filter(|(of, _)| *of == component) {
        let set = path.split('.').try_fold(&config, |value, key| value.get(key)).is_some();
        // Nothing in the place of a map would take the map away.
        let emptied = path.rsplit_once('.').is_some_and(|(parents, _)| {
            let mut value = Some(&config);
            parents.split('.').any(|key| {
                value = value.and_then(|value| value.get(key));
                value.is_some_and(Value::is_null)
            })
        });
        if set || emptied {
            let problem = format!("is not for changing: kboot sets it for {component}");
            found.errors.push((format!("config.{path}"), problem));
        }
    }
}

/// Texts that no file of lines can hold: units have a line for each directive, and old versions have fields
/// as flags.
fn check_texts(value: &Value, path: &str, found: &mut Findings) {
    let mut check = |text: &str| {
        if text.chars().any(char::is_control) {
            found.errors.push((path.to_owned(), "must not hold control characters".to_owned()));
        }
        if text.len() > MAX_VALUE {
            found.errors.push((path.to_owned(), format!("must have at most {MAX_VALUE} bytes")));
        }
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

/// Checks a configuration: unknown fields, fields of other versions, wrong types.
pub(super) fn check(
    component: Component,
    version: KubernetesVersion,
    config: &Map<String, Value>,
    found: &mut Findings,
) {
    Check { component, version, found }.object(config, "", "");
}

struct Check<'a> {
    component: Component,
    version: KubernetesVersion,
    found: &'a mut Findings,
}

impl Check<'_> {
    fn error(&mut self, path: &str, problem: String) {
        self.found.errors.push((path.to_owned(), problem));
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
                let siblings =
                    TABLE.get(&component).into_iter().flat_map(BTreeMap::keys).filter_map(|known| {
                        let name = if row.is_empty() {
                            known
                        } else {
                            known.strip_prefix(row)?.strip_prefix('.')?
                        };
                        (!name.contains(['.', '[', '{'])).then_some(name)
                    });
                let problem = unknown_name("field", siblings, name);
                self.error(&path_of_field, format!("{problem} ({component} {version})"));
                continue;
            };
            // Before there was a file, flags say the same; without_a_flag checks them.
            let lacks = field.versions.lacks(version).filter(|_| reads_a_file(component, version));
            match lacks {
                Some(why) => {
                    self.error(&path_of_field, format!("{component} {version} has no such field ({why})"));
                }
                None => self.value(field.holds, value, &row_of_field, &path_of_field),
            }
        }
    }

    fn value(&mut self, holds: Type, value: &Value, row: &str, path: &str) {
        let wanted = match (holds, value) {
            // Go's decoders take null for "not set", whatever the type.
            (_, Value::Null) | (Type::Any, _) => return,
            (Type::Text | Type::Time, Value::String(_)) | (Type::Bool, Value::Bool(_)) => return,
            (Type::Int, Value::Number(number)) if number.is_i64() || number.is_u64() => return,
            (Type::Float, Value::Number(_)) => return,
            (Type::Duration, Value::String(text)) if crate::time::go_duration(text).is_some() => return,
            (Type::Object, Value::Object(fields)) => return self.object(fields, row, path),
            (Type::List, Value::Array(items)) => {
                let row = format!("{row}[]");
                let holds = field(self.component, &row).map_or(Type::Any, |item| item.holds);
                for (index, item) in items.iter().enumerate() {
                    self.value(holds, item, &row, &format!("{path}[{index}]"));
                }
                return;
            }
            (Type::Map, Value::Object(fields)) => {
                let row = format!("{row}{{}}");
                let holds = field(self.component, &row).map_or(Type::Any, |item| item.holds);
                for (name, value) in fields {
                    self.value(holds, value, &row, &format!("{path}.{name}"));
                }
                return;
            }
            (Type::Text | Type::Time, Value::Number(_) | Value::Bool(_)) => "a text; put it in quotes",
            (Type::Text | Type::Time, _) => "a text",
            (Type::Bool, _) => "true or false",
            (Type::Int, _) => "a whole number",
            (Type::Float, _) => "a number",
            (Type::Duration, _) => "a duration such as 2m0s or 100ms, as a text",
            (Type::Object | Type::Map, _) => "a map",
            (Type::List, _) => "a list",
        };
        self.error(path, format!("must be {wanted}"));
    }
}

/// Which of a configuration's fields have no flag in a version that reads flags alone.
pub(super) fn without_a_flag(
    component: Component,
    version: KubernetesVersion,
    config: &Map<String, Value>,
) -> Vec<String> {
    let mut flags = Vec::new();
    collect(component, &Value::Object(config.clone()), "", &mut flags);
    let missing = flags.into_iter().filter(|(_, flag, _)| match flag {
        Some(flag) => {
            super::flags::known(component, flag).is_none_or(|known| known.missing_in(version).is_some())
        }
        None => true,
    });
    missing.map(|(path, ..)| path).collect()
}

impl Field {
    fn is_in_the_file_of(&self, component: Component, version: KubernetesVersion) -> bool {
        reads_a_file(component, version) && self.versions.has(version)
    }
}

/// Takes out of a configuration what the version's file does not have; flags may.
pub(super) fn retain_known(component: Component, version: KubernetesVersion, config: &mut Value) {
    if let Value::Object(fields) = config {
        fields.retain(|name, _| {
            field(component, name).is_none_or(|field| field.is_in_the_file_of(component, version))
        });
    }
}

impl Flags {
    /// Sets the flags that say the same as a configuration's fields, where the version's file does not have
    /// the field and its program knows the flag.
    pub(super) fn set_fields(&mut self, config: &Value) {
        let (component, version) = (self.component(), self.version());
        let mut found = Vec::new();
        collect(component, config, "", &mut found);
        for (path, flag, value) in found {
            let is_in_file =
                field(component, &path).is_some_and(|field| field.is_in_the_file_of(component, version));
            if let (false, Some(flag)) = (is_in_file, flag) {
                self.set(flag, value);
            }
        }
    }
}

/// Every leaf with its flag and its value as flags are written.
fn collect(
    component: Component,
    value: &Value,
    row: &str,
    found: &mut Vec<(String, Option<&'static str>, String)>,
) {
    let field = field(component, row);
    let flag = field.and_then(|field| field.flag);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Object(fields) if row.is_empty() || field.is_some_and(|field| field.holds == Type::Object) => {
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
            found.push((row.to_owned(), flag, pairs.join(",")));
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(text).collect();
            found.push((row.to_owned(), flag, items.join(",")));
        }
        value => found.push((row.to_owned(), flag, text(value))),
    }
}
