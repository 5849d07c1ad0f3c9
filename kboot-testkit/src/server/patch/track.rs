//! Who owns what after a write that is no apply (`apimachinery/pkg/util/managedfields`).

use serde_json::{Value, json};

use super::fields::FieldSet;
use super::managers::{Id, Managers, Operation, Owner};
use super::typed::{Shape, Types, child};
use super::{Manager, Scope, managed_fields, refuse_deep, set_managed_fields, unmanaged};
use crate::server::schema::Type;

/// Since Kubernetes 1.25 an entry's time is that of the last change of a value; before, of what it owns.
pub(super) const VALUES_SINCE: u32 = 25;

/// What nobody owns: identity, and what the server itself sets.
const STRIPPED: &[&[&str]] = &[
    &["apiVersion"],
    &["kind"],
    &["metadata"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["metadata", "creationTimestamp"],
    &["metadata", "selfLink"],
    &["metadata", "uid"],
    &["metadata", "clusterName"],
    &["metadata", "generation"],
    &["metadata", "managedFields"],
    &["metadata", "resourceVersion"],
];

/// Sets `metadata.managedFields` of an object that is created, updated or patched: what changed becomes the writer's.
///
/// `before` is the stored object; nothing, when `after` is created.
pub(crate) fn track(before: Option<&Value>, after: &mut Value, by: &Manager, scope: &Scope<'_>) {
    let managers = tracked(before, after, by, scope);
    set_managed_fields(after, managers.and_then(|managers| managers.wire()));
}

/// Nothing, where the owners cannot be told: then upstream keeps none.
fn tracked(before: Option<&Value>, after: &Value, by: &Manager, scope: &Scope<'_>) -> Option<Managers> {
    before.map_or(Ok(()), refuse_deep).ok()?;
    refuse_deep(after).ok()?;
    let live = || Managers::parse(before.and_then(managed_fields)).unwrap_or_default();
    let sent = managed_fields(after);
    let mut managers = if !by.subresource.is_empty() {
        live()
    } else if is_reset(sent) {
        Managers::default()
    } else {
        // Clients that do not know managed fields must not remove them.
        Managers::parse(sent).ok().filter(|managers| !managers.0.is_empty()).unwrap_or_else(live)
    };
    // An object whose owners were once cleared has none until it is applied.
    if before.is_some() && managers.0.is_empty() {
        return None;
    }
    update(&mut managers, before.map(unmanaged).as_ref(), &unmanaged(after), by, scope).ok()?;
    managers.cap();
    Some(managers)
}

/// `[]` or `[{}]`: the client wants them cleared.
fn is_reset(sent: Option<&Value>) -> bool {
    match sent.and_then(Value::as_array).map(Vec::as_slice) {
        Some([]) => true,
        Some([one]) => one.as_object().is_some_and(serde_json::Map::is_empty),
        _ => false,
    }
}

/// Gives the writer what changed, and takes it from all others.
pub(super) fn update(
    managers: &mut Managers,
    before: Option<&Value>,
    after: &Value,
    by: &Manager,
    scope: &Scope<'_>,
) -> Result<(), String> {
    let types = Types { schema: scope.schema, minor: scope.minor };
    let before = match scope.schema.is_custom() {
        // They have no structures but those that somebody wrote.
        true => before.cloned(),
        false => types.with_blanks(before, after, scope.of),
    };
    let before = before.unwrap_or_else(|| json!({}));
    managers.reconcile(&before, types, scope.of);
    let changes = types.changes(&before, after, scope.of)?.without(&FieldSet::of(scope.reset));
    let id = Id::new(name(by), Operation::Update, &by.api_version, &by.subresource);
    let former = managers.0.get(&id).cloned();
    let written = changes.modified.union(&changes.added);
    managers.take(&written.clone().union(&changes.removed), None);
    let own = stripped(&written);
    if own.is_empty() {
        return Ok(());
    }
    let owner = managers.0.entry(id).or_insert_with(|| Owner {
        set: FieldSet::default(),
        api_version: by.api_version.clone(),
        time: former.as_ref().and_then(|former| former.time.clone()),
    });
    owner.set = std::mem::take(&mut owner.set).union(&own);
    if scope.minor >= VALUES_SINCE || former.is_none_or(|former| former.set != owner.set) {
        owner.time = Some(by.time.clone());
    }
    Ok(())
}

pub(super) fn name(by: &Manager) -> &str {
    if by.name.is_empty() { "unknown" } else { &by.name }
}

pub(super) fn stripped(set: &FieldSet) -> FieldSet {
    set.difference(&FieldSet::of(STRIPPED))
}

impl<'a> Types<'a> {
    /// Upstream's objects always have the structures that they consist of, empty ones too: who fills one in owns what he
    /// fills in, not the structure.
    fn with_blanks(self, before: Option<&Value>, after: &Value, of: &'a Type) -> Option<Value> {
        match (self.shape(of, after), after, before) {
            (
                Shape::Map { fields: Some(fields), values, .. },
                Value::Object(entries),
                None | Some(Value::Object(_)),
            ) => {
                let mut filled = before.and_then(Value::as_object).cloned().unwrap_or_default();
                for (name, value) in entries {
                    let (of, declared) = child(Some(fields), values, name);
                    let blank = declared.then(|| self.with_blanks(filled.get(name), value, of)).flatten();
                    filled.extend(blank.map(|blank| (name.clone(), blank)));
                }
                Some(filled.into())
            }
            (_, Value::Null, None) => Some(Value::Null),
            (_, Value::String(text), None) if text.is_empty() => Some(after.clone()),
            (_, _, before) => before.cloned(),
        }
    }
}
