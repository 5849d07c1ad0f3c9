//! The order of the items of a merged list: that of the patch or its `$setElementOrder`, and between them what the
//! patch does not name, where the object had it (`strategicpatch.normalizeElementOrder`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::status::Status;
use super::step::Scalar;
use super::strategic::{DIRECTIVE, bad_type, no_merge_key};
use super::{failure, go};

/// Items that `wanted` names come in its order, the others in the object's.
pub(super) fn enforce(
    merged: Vec<Value>,
    wanted: &[Value],
    live: &[Value],
    key: Option<&str>,
) -> Result<Vec<Value>, Status> {
    if let Some(key) = key {
        for item in merged.iter().chain(wanted).chain(live) {
            if !item.is_object() {
                return Err(bad_type("map[string]interface {}", item));
            }
            if item.get(key).is_none() {
                return Err(no_merge_key(item, key));
            }
        }
    }
    let (wanted, live) = (places(wanted, key), places(live, key));
    let place = |item: &Value, places: &Places| places.get(&identity(item, key)).copied();
    let (mut named, mut others): (Vec<_>, Vec<_>) =
        merged.into_iter().partition(|item| place(item, &wanted).is_some());
    let end = |place: Option<usize>| place.unwrap_or(usize::MAX);
    named.sort_by_cached_key(|item| end(place(item, &wanted)));
    others.sort_by_cached_key(|item| end(place(item, &live)));

    let mut ordered = Vec::new();
    let mut others = others.into_iter().peekable();
    for item in named {
        while let Some(other) = others.peek()
            && let (Some(here), Some(there)) = (place(other, &live), place(&item, &live))
            && here < there
        {
            ordered.extend(others.next());
        }
        ordered.push(item);
    }
    ordered.extend(others);
    Ok(ordered)
}

/// The patch's items must be among those of its `$setElementOrder`, in its order.
pub(super) fn check(patch: &[Value], order: &[Value], key: Option<&str>) -> Result<(), Status> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    if let Some(not) = patch.iter().find(|item| key.is_some() && !item.is_object()) {
        return Err(bad_type("map[string]interface {}", not));
    }
    let mut wanted = order.iter();
    for item in patch.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        let mut found = false;
        for other in wanted.by_ref() {
            if let Some(key) = key {
                if !other.is_object() {
                    return Err(bad_type("map[string]interface {}", other));
                }
                if let Some(lacking) = [item, other].into_iter().find(|item| item.get(key).is_none()) {
                    return Err(no_merge_key(lacking, key));
                }
            }
            found = is_same(item, other, key);
            if found {
                break;
            }
        }
        if !found {
            return Err(failure(format!(
                "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
                go::list(patch),
                go::list(order)
            )));
        }
    }
    Ok(())
}

/// Where the items of a list are, the first of equal ones.
pub(super) type Places = BTreeMap<Scalar, usize>;

pub(super) fn places(list: &[Value], key: Option<&str>) -> Places {
    list.iter().enumerate().rev().map(|(place, item)| (identity(item, key), place)).collect()
}

/// What tells an item from others: the value of its merge key, or itself.
pub(super) fn identity(item: &Value, key: Option<&str>) -> Scalar {
    Scalar(key.map_or(Some(item), |key| item.get(key)).cloned().unwrap_or_default())
}

fn is_same(left: &Value, right: &Value, key: Option<&str>) -> bool {
    match key {
        Some(key) => left.get(key).is_some() && left.get(key) == right.get(key),
        None => left == right,
    }
}
