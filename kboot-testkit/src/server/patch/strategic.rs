//! Strategic merge patches (`apimachinery/pkg/util/strategicpatch`): merge patches whose lists are merged as the types
//! of their fields say, with directives in the patch.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::status::Status;
use super::step::Scalar;
use super::{failure, go, order, refuse_deep, unprocessable};
use crate::server::schema::{Schema, Strategic, Type};

pub(super) const DIRECTIVE: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList";
const ORDER: &str = "$setElementOrder";

type Object = Map<String, Value>;

/// The object as the patch changes it.
pub(crate) fn strategic(
    target: &Value,
    patch: &Value,
    of: &Type,
    schema: &Schema,
    minor: u32,
) -> Result<Value, Status> {
    refuse_deep(target)?;
    refuse_deep(patch)?;
    let (Value::Object(original), Value::Object(patch)) = (target, patch) else {
        let kind = match patch {
            Value::Array(_) => "array",
            Value::String(_) => "string",
            Value::Bool(_) => "bool",
            _ => "number",
        };
        let message =
            format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}");
        return Err(Status::bad_request(message));
    };
    Merge { schema, minor }.maps(original.clone(), patch.clone(), of).map(Value::Object)
}

#[derive(Clone, Copy)]
struct Merge<'a> {
    schema: &'a Schema,
    minor: u32,
}

impl<'a> Merge<'a> {
    fn maps(self, mut original: Object, mut patch: Object, of: &'a Type) -> Result<Object, Status> {
        if let Some(directive) = patch.get(DIRECTIVE) {
            return match directive.as_str() {
                Some("replace") => {
                    patch.remove(DIRECTIVE);
                    Ok(patch)
                }
                Some("delete") => Ok(Object::new()),
                _ => Err(unknown_directive(directive, &patch)),
            };
        }
        retain_keys(&mut original, &mut patch)?;
        self.ordered_lists(&mut original, &mut patch, of)?;
        for (key, value) in patch {
            let (key, deletes) = match key.strip_prefix(DELETE_FROM) {
                Some(rest) => {
                    let key = rest.strip_prefix('/').ok_or_else(|| bad_format("primitive list"))?;
                    (key.to_owned(), true)
                }
                None => (key, false),
            };
            if value.is_null() {
                original.remove(&key);
                continue;
            }
            let merged = match (original.remove(&key), value) {
                (None, _) if deletes && self.minor > 20 => None,
                (Some(Value::Object(original)), Value::Object(patch)) => {
                    Some(Value::Object(self.maps(original, patch, self.field(of, &key)?)?))
                }
                (Some(Value::Array(original)), Value::Array(patch)) => {
                    let of = self.field(of, &key)?;
                    Some(Value::Array(self.lists(original, patch, of, deletes)?))
                }
                (Some(original), value) if deletes && go::type_name(&original) != go::type_name(&value) => {
                    Some(original)
                }
                (_, value) => self.taken(value),
            };
            original.extend(merged.map(|merged| (key, merged)));
        }
        Ok(original)
    }

    /// A patch's value where the object has none; 1.20 takes it as it is.
    fn taken(self, value: Value) -> Option<Value> {
        if self.minor > 20 { without_directives(value) } else { Some(value) }
    }

    /// The type of a field that both the object and the patch have.
    fn field(self, of: &'a Type, key: &str) -> Result<&'a Type, Status> {
        match of {
            Type::Struct(name) => match self.schema.structure(name) {
                Some(structure) => structure.fields.get(key).map(|field| &field.of).ok_or_else(|| {
                    failure(format!("unable to find api field in struct {name} for the json field {key:?}"))
                }),
                None => Ok(&Type::Any),
            },
            Type::Map { value, .. } => Ok(value),
            _ => Ok(&Type::Any),
        }
    }

    fn lists(
        self,
        original: Vec<Value>,
        patch: Vec<Value>,
        of: &'a Type,
        deletes: bool,
    ) -> Result<Vec<Value>, Status> {
        match (of, deletes) {
            (Type::List { item, strategic: Strategic::Merge(key), .. }, _) => {
                self.merged_lists(original, patch, item, key.as_deref(), deletes)
            }
            (_, true) => self.merged_lists(original, patch, &Type::Any, None, true),
            _ => Ok(patch),
        }
    }

    fn merged_lists(
        self,
        original: Vec<Value>,
        patch: Vec<Value>,
        of: &'a Type,
        key: Option<&str>,
        deletes: bool,
    ) -> Result<Vec<Value>, Status> {
        if original.is_empty() && patch.is_empty() {
            return Ok(original);
        }
        if !are_maps(&original, &patch)? {
            if deletes {
                let deleted = order::places(&patch, None);
                let is_kept = |value: &Value| !deleted.contains_key(&order::identity(value, None));
                return Ok(original.into_iter().filter(is_kept).collect());
            }
            let mut seen = BTreeSet::new();
            let all = original.iter().chain(&patch);
            let merged = all.filter(|value| seen.insert(order::identity(value, None))).cloned().collect();
            return order::enforce(merged, &patch, &original, None);
        }
        let Some(key) = key else {
            return Err(failure("cannot merge lists without merge key for struct"));
        };
        let (original, patch) = special_items(original, patch, key)?;
        let mut merged = original.clone();
        let mut places = order::places(&merged, Some(key));
        for item in &patch {
            if item.get(key).is_none() {
                return Err(no_merge_key(item, key));
            }
            let identity = order::identity(item, Some(key));
            let found = places.get(&identity).and_then(|place| merged.get_mut(*place));
            match (found, item) {
                (Some(Value::Object(found)), Value::Object(item)) => {
                    *found = self.maps(std::mem::take(found), item.clone(), of)?;
                }
                // Upstream takes it as it is, directives below it too.
                _ => {
                    places.insert(identity, merged.len());
                    merged.push(item.clone());
                }
            }
        }
        order::enforce(merged, &patch, &original, Some(key))
    }

    /// `$setElementOrder/x`, together with the patch's `x`.
    fn ordered_lists(self, original: &mut Object, patch: &mut Object, of: &'a Type) -> Result<(), Status> {
        let directives: Vec<_> = patch.keys().filter(|key| key.starts_with(ORDER)).cloned().collect();
        for directive in directives {
            let order = match patch.remove(&directive) {
                Some(Value::Array(order)) => order,
                other => return Err(bad_type("[]interface {}", &other.unwrap_or_default())),
            };
            let key = directive.strip_prefix(ORDER).and_then(|rest| rest.strip_prefix('/'));
            let key = key.ok_or_else(|| bad_format("setElementOrder list"))?;
            let list = |object: &Object| match object.get(key) {
                None => Ok(None),
                Some(Value::Array(items)) => Ok(Some(items.clone())),
                Some(other) => Err(bad_type("[]interface {}", other)),
            };
            let (live, patched) = (list(original)?, list(patch)?);
            let of = self.field(of, key)?;
            let merge_key = match of {
                Type::List { strategic: Strategic::Merge(key), .. } => key.as_deref(),
                _ => None,
            };
            order::check(patched.as_deref().unwrap_or_default(), &order, merge_key)?;
            let merged = match (live.clone(), patched.clone()) {
                (None, None) => continue,
                (Some(live), None) => live,
                (None, Some(patched)) => match self.taken(Value::Array(patched)) {
                    Some(Value::Array(items)) => items,
                    _ => continue,
                },
                (Some(live), Some(patched)) => self.lists(live, patched, of, false)?,
            };
            let (live, patched) = (live.unwrap_or_default(), patched.unwrap_or_default());
            if live.is_empty() && patched.is_empty() {
                return Err(failure("no elements in any of the given slices"));
            }
            are_maps(&live, &patched)?;
            let places = merge_key.map_or_else(|| live.clone(), |key| freed_places(&live, &patched, key));
            let enforced = order::enforce(merged, &order, &places, merge_key)?;
            original.insert(key.to_owned(), enforced.into());
            patch.remove(key);
        }
        Ok(())
    }
}

/// What `$retainKeys` does not name goes; the patch must not say anything of it.
fn retain_keys(original: &mut Object, patch: &mut Object) -> Result<(), Status> {
    let Some(keys) = patch.remove(RETAIN) else { return Ok(()) };
    let Value::Array(keys) = keys else { return Err(bad_format("retainKeys")) };
    let is_kept = |name: &str| keys.iter().any(|key| key.as_str() == Some(name));
    let says = |(name, value): (&String, &Value)| {
        !value.is_null() && !name.starts_with(DELETE_FROM) && !name.starts_with(ORDER) && !is_kept(name)
    };
    if patch.iter().any(says) {
        return Err(bad_format("retainKeys"));
    }
    original.retain(|name, _| is_kept(name));
    Ok(())
}

/// The object's order, as `$setElementOrder` finds it. Upstream deletes items in the object's own list, and the first
/// that are new come to stand in their places.
fn freed_places(live: &[Value], patch: &[Value], key: &str) -> Vec<Value> {
    let is = |item: &Value, directive: &str| item.get(DIRECTIVE).and_then(Value::as_str) == Some(directive);
    let identities = |items: &mut dyn Iterator<Item = &Value>| -> BTreeSet<Scalar> {
        items.map(|item| order::identity(item, Some(key))).collect()
    };
    let deleted = identities(&mut patch.iter().filter(|item| is(item, "delete")));
    let mut places = live.to_vec();
    places.retain(|item| !deleted.contains(&order::identity(item, Some(key))));
    if !patch.iter().any(|item| is(item, "replace")) {
        let kept = identities(&mut places.iter());
        let new = patch.iter().filter(|item| item.get(DIRECTIVE).is_none());
        places.extend(new.filter(|item| !kept.contains(&order::identity(item, Some(key)))).cloned());
    }
    places.truncate(live.len());
    places
}

/// Does what the items with `$patch` say, and takes them out.
fn special_items(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>), Status> {
    let mut plain = Vec::new();
    let mut deleted = BTreeSet::new();
    let mut replaces = false;
    for item in patch {
        let (Some(directive), Value::Object(fields)) = (item.get(DIRECTIVE), &item) else {
            plain.push(item);
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                let Some(wanted) = item.get(key) else { return Err(no_merge_key(&item, key)) };
                deleted.insert(Scalar(wanted.clone()));
            }
            Some("replace") => replaces = true,
            Some("merge") => return Err(failure("merging lists cannot yet be specified in the patch")),
            _ => return Err(unknown_directive(directive, fields)),
        }
    }
    original.retain(|item| item.get(key).is_none_or(|found| !deleted.contains(&Scalar(found.clone()))));
    Ok(if replaces { (plain, Vec::new()) } else { (original, plain) })
}

/// Without nulls and directives.
fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(fields) if fields.contains_key(DIRECTIVE) => None,
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            let fields = fields.filter_map(|(name, value)| Some((name, without_directives(value)?)));
            Some(Value::Object(fields.collect()))
        }
        Value::Array(items) => Some(items.into_iter().filter_map(without_directives).collect()),
        other => Some(other),
    }
}

/// Whether these are lists of maps; their items must be of one type, and no lists.
fn are_maps(original: &[Value], patch: &[Value]) -> Result<bool, Status> {
    let mut items = original.iter().chain(patch);
    let Some(first) = items.next() else { return Ok(false) };
    if first.is_array() {
        return Err(unprocessable());
    }
    if items.any(|item| go::type_name(item) != go::type_name(first)) {
        let both = format!("[{} {}]", go::list(original), go::list(patch));
        return Err(failure(format!("list element types are not identical: {both}")));
    }
    Ok(first.is_object())
}

fn unknown_directive(directive: &Value, patch: &Object) -> Status {
    let patch = go::plain(&Value::Object(patch.clone()));
    failure(format!("unknown patch type: {} in map: {patch}", go::plain(directive)))
}

pub(super) fn no_merge_key(item: &Value, key: &str) -> Status {
    failure(format!("map: {} does not contain declared merge key: {key}", go::plain(item)))
}

pub(super) fn bad_type(expected: &str, found: &Value) -> Status {
    failure(format!("expected a {expected}, but received a {}", go::type_name(found)))
}

fn bad_format(of: &str) -> Status {
    Status::bad_request(format!("invalid patch format of {of}"))
}
