//! One rule of a role: what it allows, and how messages show it (`pkg/apis/rbac/v1/evaluation_helpers.go`).

use serde_json::Value;

use crate::server::attributes::Attributes;

/// A rule's own lists, for comparing rules with each other; to judge a request, the object in the store is enough.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) verbs: Vec<String>,
    pub(super) groups: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) names: Vec<String>,
    pub(super) urls: Vec<String>,
}

/// The texts of a list; whatever else is in it is not there.
pub(super) fn texts<'a>(object: &'a Value, list: &str) -> impl Iterator<Item = &'a str> {
    object
        .get(list)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_str)
}

/// A text at a path of fields; what is not there is empty.
pub(super) fn text<'a>(object: &'a Value, path: &[&str]) -> &'a str {
    at(object, path).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn at<'a>(object: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(object, |value, field| value.get(field))
}

/// The items of a list at a path of fields.
pub(super) fn items<'a>(object: &'a Value, path: &[&str]) -> &'a [Value] {
    at(object, path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// `RuleAllows`.
pub(super) fn allows(attributes: &Attributes, rule: &Value) -> bool {
    if !has(rule, "verbs", &attributes.verb) {
        return false;
    }
    if attributes.resource.is_empty() {
        return texts(rule, "nonResourceURLs").any(|url| url_covers(url, &attributes.path));
    }
    has(rule, "apiGroups", &attributes.group)
        && texts(rule, "resources").any(|resource| resource_matches(resource, attributes))
        && names_match(rule, &attributes.name)
}

/// One of the list is the text or `*`.
fn has(rule: &Value, list: &str, wanted: &str) -> bool {
    texts(rule, list).any(|text| text == "*" || text == wanted)
}

/// `pods`, `pods/status`, `*/status` or `*`.
fn resource_matches(of_rule: &str, attributes: &Attributes) -> bool {
    let Attributes { resource, subresource, .. } = attributes;
    if of_rule == "*" {
        return true;
    }
    if subresource.is_empty() {
        return of_rule == resource;
    }
    let of = |resource| of_rule.strip_prefix(resource).and_then(|rest| rest.strip_prefix('/'));
    of(resource.as_str()) == Some(subresource) || of("*") == Some(subresource)
}

/// No names are all names.
fn names_match(rule: &Value, name: &str) -> bool {
    let mut names = texts(rule, "resourceNames").peekable();
    names.peek().is_none() || names.any(|own| own == name)
}

/// A `*` at the end stands for anything, and so do several (`strings.TrimRight`).
pub(super) fn url_covers(of_rule: &str, path: &str) -> bool {
    of_rule == path || (of_rule.ends_with('*') && path.starts_with(of_rule.trim_end_matches('*')))
}

impl Rule {
    pub(super) fn read(rule: &Value) -> Self {
        let list = |name| texts(rule, name).map(str::to_owned).collect();
        Self {
            verbs: list("verbs"),
            groups: list("apiGroups"),
            resources: list("resources"),
            names: list("resourceNames"),
            urls: list("nonResourceURLs"),
        }
    }

    /// `CompactString`: `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`.
    pub(super) fn compact(&self) -> String {
        let lists = [
            ("APIGroups", &self.groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.urls),
            ("ResourceNames", &self.names),
            ("Verbs", &self.verbs),
        ];
        let shown = lists.iter().filter(|(_, list)| !list.is_empty());
        let shown: Vec<_> = shown.map(|(name, list)| format!("{name}:{}", quoted(list))).collect();
        format!("{{{}}}", shown.join(", "))
    }
}

/// Go's `%q` of a list: `["a" "b"]`.
pub(super) fn quoted(list: &[String]) -> String {
    let list: Vec<_> = list.iter().map(|text| format!("{text:?}")).collect();
    format!("[{}]", list.join(" "))
}
