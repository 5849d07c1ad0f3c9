//! The roles and bindings that every API server has: one table for all versions, read once.

use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value, json};

use super::{RBAC, aggregation};

const TABLE: &str = include_str!("table.txt");

/// A role or a binding of the table, as it is in some versions.
struct Entry {
    span: Span,
    object: Value,
    /// Of a role, with the versions that have them.
    rules: Vec<(Span, Value)>,
}

/// The first and the last minor version.
#[derive(Clone, Copy)]
struct Span(u32, u32);

impl Span {
    const ALL: Self = Self(0, u32::MAX);

    fn has(self, minor: u32) -> bool {
        (self.0..=self.1).contains(&minor)
    }

    /// `34-`, `-20` or `26-31`.
    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-').filter(|_| text != "-")?;
        let bound = |text: &str, open| if text.is_empty() { Some(open) } else { text.parse().ok() };
        Some(Self(bound(first, 0)?, bound(last, u32::MAX)?))
    }
}

/// All of a version, without what storage adds. `admin`, `edit` and `view` have their rules written out, as
/// kube-controller-manager does.
pub(crate) fn default_objects(minor: u32) -> Vec<Value> {
    let of_version = table().iter().filter(|entry| entry.span.has(minor));
    let objects: Vec<_> = of_version.map(|entry| Arc::new(entry.object(minor))).collect();
    let gathering = objects.iter().enumerate().filter(|(_, object)| aggregation::gathers(object));
    let rules: Vec<_> =
        gathering.map(|(at, object)| (at, aggregation::aggregated_rules(object, &objects))).collect();
    let mut objects: Vec<_> = objects.into_iter().map(Arc::unwrap_or_clone).collect();
    for (at, rules) in rules {
        if let Some(role) = objects.get_mut(at) {
            role["rules"] = rules.into();
        }
    }
    objects
}

/// What the node authorizer lets every node do (`bootstrappolicy.NodeRules`): the rules of the role `system:node`,
/// which nobody can change there.
pub(super) fn node_rules(minor: u32) -> impl Iterator<Item = &'static Value> {
    static RULES: OnceLock<&'static [(Span, Value)]> = OnceLock::new();
    let rules = RULES.get_or_init(|| {
        let node = table().iter().find(|entry| {
            entry.object["kind"] == "ClusterRole" && entry.object["metadata"]["name"] == "system:node"
        });
        node.map(|entry| entry.rules.as_slice()).unwrap_or_default()
    });
    rules.iter().filter(move |(span, _)| span.has(minor)).map(|(_, rule)| rule)
}

impl Entry {
    fn object(&self, minor: u32) -> Value {
        let mut object = self.object.clone();
        let rules: Vec<_> =
            self.rules.iter().filter(|(span, _)| span.has(minor)).map(|(_, rule)| rule.clone()).collect();
        if !rules.is_empty() {
            object["rules"] = rules.into();
        }
        object
    }
}

fn table() -> &'static [Entry] {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let mut entries: Vec<Entry> = Vec::new();
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let mut words: Vec<_> = line.split_whitespace().collect();
            let span = words.last().and_then(|word| Span::parse(word));
            if span.is_some() {
                words.pop();
            }
            let span = span.unwrap_or(Span::ALL);
            match (line.starts_with(' '), entries.last_mut()) {
                (false, _) => entries.extend(header(&words, span)),
                (true, Some(role)) if role.object.get("roleRef").is_none() => {
                    role.rules.extend(rule(&words).map(|rule| (span, rule)));
                }
                (true, Some(binding)) => bind(&mut binding.object, &words),
                (true, None) => {}
            }
        }
        entries
    })
}

/// `clusterrole edit to:admin from:edit`, without the span.
fn header(words: &[&str], span: Span) -> Option<Entry> {
    let (&kind, &[name, ref aggregation @ ..]) = words.split_first()? else { return None };
    let kind = kind_named(kind)?;
    let mut labels = Map::from_iter([("kubernetes.io/bootstrapping".to_owned(), "rbac-defaults".into())]);
    let label = |role: &str| format!("rbac.authorization.k8s.io/aggregate-to-{role}");
    let mut object = json!({"kind": kind, "apiVersion": "rbac.authorization.k8s.io/v1"});
    for word in aggregation {
        if let Some(role) = word.strip_prefix("to:") {
            labels.insert(label(role), "true".into());
        }
        if let Some(role) = word.strip_prefix("from:") {
            let selector = json!({"matchLabels": {label(role): "true"}});
            object["aggregationRule"] = json!({"clusterRoleSelectors": [selector]});
        }
    }
    let (namespace, name) = name.split_once('/').unwrap_or(("", name));
    object["metadata"] = json!({
        "name": name,
        "labels": labels,
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    });
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = namespace.into();
    }
    if kind.ends_with("Binding") {
        object["roleRef"] = Value::Null;
    }
    Some(Entry { span, object, rules: Vec::new() })
}

fn kind_named(lower_case: &str) -> Option<&'static str> {
    let kinds =
        ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "User", "Group", "ServiceAccount"];
    kinds.into_iter().find(|kind| kind.eq_ignore_ascii_case(lower_case))
}

/// `read core nodes,pods` or `get urls /healthz`.
fn rule(words: &[&str]) -> Option<Value> {
    let [verbs, groups, resources, names @ ..] = words else { return None };
    let verbs = match *verbs {
        "read" => "get,list,watch",
        "write" => "create,delete,deletecollection,patch,update",
        "readwrite" => "create,delete,deletecollection,get,list,patch,update,watch",
        listed => listed,
    };
    let list = |texts: &str| Value::Array(texts.split(',').map(Value::from).collect());
    let mut rule = Map::new();
    rule.insert("verbs".to_owned(), list(verbs));
    if *groups == "urls" {
        rule.insert("nonResourceURLs".to_owned(), list(resources));
        return Some(rule.into());
    }
    let groups = groups.split(',').map(|group| if group == "core" { "".into() } else { group.into() });
    rule.insert("apiGroups".to_owned(), Value::Array(groups.collect()));
    rule.insert("resources".to_owned(), list(resources));
    if let Some(names) = names.first() {
        rule.insert("resourceNames".to_owned(), list(names));
    }
    Some(rule.into())
}

/// `clusterrole/view group:a,user:b,serviceaccount:namespace/c`.
fn bind(binding: &mut Value, words: &[&str]) {
    let Some((role, subjects)) = words.split_first() else { return };
    if let Some((kind, name)) = role.split_once('/').and_then(|(kind, name)| Some((kind_named(kind)?, name)))
    {
        binding["roleRef"] = json!({"apiGroup": RBAC, "kind": kind, "name": name});
    }
    let subjects: Vec<_> = subjects.iter().flat_map(|list| list.split(',')).filter_map(subject).collect();
    if !subjects.is_empty() {
        binding["subjects"] = subjects.into();
    }
}

fn subject(text: &str) -> Option<Value> {
    let (kind, name) = text.split_once(':')?;
    let kind = kind_named(kind)?;
    Some(match name.split_once('/').filter(|_| kind == "ServiceAccount") {
        Some((namespace, name)) => json!({"kind": kind, "namespace": namespace, "name": name}),
        None => json!({"kind": kind, "apiGroup": RBAC, "name": name}),
    })
}
