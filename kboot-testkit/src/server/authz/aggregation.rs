//! Cluster roles that gather the rules of others by label, such as `admin`, `edit` and `view`.
//!
//! Upstream's kube-controller-manager writes the gathered rules into the role; here they are gathered when somebody
//! asks, which is what its controller comes to.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use super::rule::{at, items, text, texts};

pub(super) fn gathers(role: &Value) -> bool {
    at(role, &["aggregationRule"]).is_some_and(Value::is_object)
}

/// The roles whose rules a role has: those that its selectors find and, where one of them gathers itself, those that
/// it finds; in the order in which upstream's controller takes them.
pub(super) fn gathered(role: &Arc<Value>, all: &[Arc<Value>]) -> Vec<Arc<Value>> {
    let mut seen = HashSet::from([name(role)]);
    let mut found = Vec::new();
    let mut open: Vec<_> = selected(role, all);
    while let Some(next) = open.pop() {
        if !seen.insert(name(next)) {
            continue;
        }
        if gathers(next) {
            open.extend(selected(next, all));
        } else {
            found.push(Arc::clone(next));
        }
    }
    found
}

/// The rules that a gathering cluster role has, each once.
pub(crate) fn aggregated_rules(role: &Arc<Value>, all: &[Arc<Value>]) -> Vec<Value> {
    let roles = gathered(role, all);
    let mut seen = HashSet::new();
    let rules = roles.iter().flat_map(|role| items(role, &["rules"]));
    rules.filter(|rule| seen.insert(*rule)).cloned().collect()
}

fn name(role: &Value) -> &str {
    text(role, &["metadata", "name"])
}

/// The last that is to come first: `open` is taken from its end.
fn selected<'a>(role: &Value, all: &'a [Arc<Value>]) -> Vec<&'a Arc<Value>> {
    let selectors = items(role, &["aggregationRule", "clusterRoleSelectors"]);
    let found = selectors.iter().flat_map(|selector| all.iter().filter(|other| matches(selector, other)));
    let mut found: Vec<_> = found.collect();
    found.reverse();
    found
}

/// `metav1.LabelSelectorAsSelector`; without a condition it finds everything.
fn matches(selector: &Value, role: &Value) -> bool {
    let label = |key: &str| at(role, &["metadata", "labels", key]).and_then(Value::as_str);
    let labels = at(selector, &["matchLabels"]).and_then(Value::as_object);
    labels.into_iter().flatten().all(|(key, value)| label(key) == value.as_str())
        && items(selector, &["matchExpressions"]).iter().all(|condition| {
            let found = label(text(condition, &["key"]));
            let listed = found.is_some_and(|found| texts(condition, "values").any(|value| value == found));
            match text(condition, &["operator"]) {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => found.is_some(),
                "DoesNotExist" => found.is_none(),
                _ => false,
            }
        })
}
