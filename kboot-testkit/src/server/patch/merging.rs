//! An applied configuration goes into an object, and what its manager no longer applies comes out
//! (`structured-merge-diff/typed/{merge,remove}.go`, `merge/update.go`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value};

use super::compare::{entries, items};
use super::fields::FieldSet;
use super::step::Step;
use super::typed::{Shape, Types, child};
use crate::server::schema::{ListType, Type};

impl<'a> Types<'a> {
    /// The object with what the configuration says.
    pub(super) fn merged(self, live: &Value, config: &Value, of: &'a Type) -> Result<Value, String> {
        match self.shape(of, config) {
            Shape::List { item, how } if *how != ListType::Atomic => {
                match (items(Some(live)), items(Some(config))) {
                    ([], []) => Ok(config.clone()),
                    (live, config) => self.merged_list(live, config, item, how),
                }
            }
            Shape::Map { fields, values, atomic: false } => {
                let (left, right) = (entries(Some(live)), entries(Some(config)));
                if left.is_none() && right.is_none() {
                    return Ok(config.clone());
                }
                let mut out = left.cloned().unwrap_or_default();
                for (name, value) in right.into_iter().flatten() {
                    let merged = match out.get(name) {
                        Some(live) => self.merged(live, value, child(fields, values, name).0)?,
                        None => value.clone(),
                    };
                    out.insert(name.clone(), merged);
                }
                Ok(Value::Object(out))
            }
            _ => Ok(config.clone()),
        }
    }

    /// The configuration's order where it has one; what it does not name stays where it is.
    fn merged_list(
        self,
        live: &[Value],
        config: &[Value],
        of: &'a Type,
        how: &ListType,
    ) -> Result<Value, String> {
        let steps =
            |list: &[Value]| list.iter().map(|item| self.item(how, item)).collect::<Result<Vec<_>, _>>();
        let (left_steps, right_steps) = (steps(live)?, steps(config)?);
        let mut left = BTreeMap::new();
        for (step, item) in left_steps.iter().zip(live) {
            // Items that cannot be told apart are not merged with the new one.
            left.entry(step).and_modify(|item| *item = &Value::Null).or_insert(item);
        }
        let right: BTreeSet<_> = right_steps.iter().collect();
        let mut shared: VecDeque<_> = right_steps.iter().filter(|step| left.contains_key(step)).collect();
        let mut next_shared = shared.pop_front();
        let mut done = BTreeSet::new();
        let mut out = Vec::new();
        if self.minor <= 20 {
            // The object's items come first, whatever the configuration's order.
            let ours: BTreeMap<_, _> = right_steps.iter().zip(config).collect();
            for (step, item) in left_steps.iter().zip(live) {
                out.push(
                    ours.get(step).map_or_else(|| Ok(item.clone()), |ours| self.merged(item, ours, of))?,
                );
            }
            let new = right_steps.iter().zip(config).filter(|(step, _)| !left.contains_key(step));
            out.extend(new.map(|(_, item)| item.clone()));
            return Ok(Value::Array(out));
        }
        let (mut l, mut r) = (0, 0);
        loop {
            let (at_left, at_right) = (left_steps.get(l), right_steps.get(r));
            if let (Some(step), Some(other)) = (at_left, at_right)
                && step != other
                && right.contains(step)
                && next_shared.is_some_and(|next| next != step)
            {
                l += 1;
                continue;
            }
            if let Some(step) = at_left.filter(|step| at_right != Some(*step)) {
                if !right.contains(step) {
                    out.extend(live.get(l).cloned());
                    l += 1;
                    continue;
                }
                if done.contains(step) {
                    l += 1;
                }
            }
            let (Some(step), Some(item)) = (at_right, config.get(r)) else {
                if at_left.is_none() {
                    break;
                }
                continue;
            };
            out.push(match left.get(step) {
                Some(live) => self.merged(live, item, of)?,
                None => item.clone(),
            });
            done.insert(step);
            r += 1;
            if at_left == Some(step) {
                l += 1;
            }
            if at_left == Some(step) || next_shared == Some(step) {
                next_shared = shared.pop_front();
            }
        }
        Ok(Value::Array(out))
    }

    /// The value without these fields.
    fn without(self, value: &Value, gone: &FieldSet, of: &'a Type) -> Value {
        match (self.shape(of, value), value) {
            (Shape::List { item, how }, Value::Array(items)) if *how != ListType::Atomic => {
                let kept = items.iter().filter_map(|value| match self.item(how, value) {
                    Ok(step) if gone.members.contains(&step) => None,
                    Ok(step) => Some(
                        gone.below(&step)
                            .map_or_else(|| value.clone(), |gone| self.without(value, gone, item)),
                    ),
                    Err(_) => Some(value.clone()),
                });
                Value::Array(kept.collect())
            }
            (Shape::Map { fields, values, atomic: false }, Value::Object(entries)) => {
                let mut kept = Map::new();
                for (name, value) in entries {
                    let step = Step::field(name);
                    if gone.members.contains(&step) {
                        continue;
                    }
                    let of = child(fields, values, name).0;
                    let value =
                        gone.below(&step).map_or_else(|| value.clone(), |gone| self.without(value, gone, of));
                    kept.insert(name.clone(), value);
                }
                Value::Object(kept)
            }
            _ => value.clone(),
        }
    }

    /// Without what a manager applied last time and no longer does, and nobody else owns.
    pub(super) fn pruned(self, merged: Value, last: &FieldSet, owned: &FieldSet, of: &'a Type) -> Value {
        if last.is_empty() {
            return merged;
        }
        let named = |set: &FieldSet| self.with_named(set, of);
        let fields = |value: &Value| named(&self.fields(value, of));
        let last = named(last);
        let all = fields(&merged);
        // What others own, or what is owned anew, stays; and so does what is above it.
        let pruned = self.without(&merged, &last, of);
        let kept = fields(&pruned).union(&named(owned));
        let pruned = self.without(&merged, &all.difference(&kept), of);
        // And what nobody owned.
        self.without(&merged, &all.difference(&fields(&pruned)).intersection(&last), of)
    }
}
