//! What a write changes, field by field (`structured-merge-diff/typed/compare.go`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::fields::FieldSet;
use super::step::{Step, same};
use super::typed::{Shape, Types, child};
use crate::server::schema::{ListType, Type};

/// No field is in more than one of them.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) removed: FieldSet,
    pub(super) modified: FieldSet,
    pub(super) added: FieldSet,
}

/// What of it a value is itself, besides what is below it.
#[derive(Debug, Clone, Copy, Default)]
struct Itself {
    removed: bool,
    modified: bool,
    added: bool,
}

impl Changes {
    /// Without what a request to this endpoint cannot write.
    pub(super) fn without(self, ignored: &FieldSet) -> Self {
        Self {
            removed: self.removed.recursive_difference(ignored),
            modified: self.modified.recursive_difference(ignored),
            added: self.added.recursive_difference(ignored),
        }
    }

    fn put(&mut self, step: Step, itself: Itself, below: Self) {
        self.removed.put(step.clone(), itself.removed, below.removed);
        self.modified.put(step.clone(), itself.modified, below.modified);
        self.added.put(step, itself.added, below.added);
    }
}

impl<'a> Types<'a> {
    pub(super) fn changes(self, before: &Value, after: &Value, of: &'a Type) -> Result<Changes, String> {
        let mut changes = Changes::default();
        self.compare(Some(before), Some(after), of, &mut changes)?;
        Ok(changes)
    }

    fn compare(
        self,
        left: Option<&Value>,
        right: Option<&Value>,
        of: &'a Type,
        changes: &mut Changes,
    ) -> Result<Itself, String> {
        let mut itself = Itself::default();
        if left == right {
            return Ok(itself);
        }
        // What is a map on one side and a list or scalar on the other is gone through as both.
        let mut is_leaf = false;
        let shapes: Vec<_> = [left, right].into_iter().flatten().map(|value| self.shape(of, value)).collect();
        for (index, shape) in shapes.iter().enumerate() {
            if index == 1 && shapes.first().is_some_and(|first| alike(first, shape)) {
                continue;
            }
            is_leaf = match *shape {
                Shape::Scalar(_) => true,
                Shape::List { how, .. } => {
                    *how == ListType::Atomic || (items(left).is_empty() && items(right).is_empty())
                }
                Shape::Map { atomic, .. } => atomic || (entries(left).is_none() && entries(right).is_none()),
            };
            match *shape {
                _ if is_leaf => itself.leaf(left, right),
                Shape::List { item, how } => {
                    self.compare_lists(items(left), items(right), (item, how), changes)?
                }
                Shape::Map { fields, values, .. } => {
                    let (left, right) = (entries(left), entries(right));
                    let names: BTreeSet<_> = left.into_iter().chain(right).flat_map(Map::keys).collect();
                    for name in names {
                        let mut below = Changes::default();
                        let of = child(fields, values, name).0;
                        let own = self.compare(
                            left.and_then(|entries| entries.get(name)),
                            right.and_then(|entries| entries.get(name)),
                            of,
                            &mut below,
                        )?;
                        changes.put(Step::field(name), own, below);
                    }
                }
                Shape::Scalar(_) => (),
            }
        }
        if !is_leaf {
            itself.added |= left.is_none();
            itself.removed |= right.is_none();
        }
        Ok(itself)
    }

    fn compare_lists(
        self,
        left: &[Value],
        right: &[Value],
        (item, how): (&'a Type, &ListType),
        changes: &mut Changes,
    ) -> Result<(), String> {
        let mut steps = BTreeMap::<Step, (Vec<&Value>, Vec<&Value>)>::new();
        for value in left {
            steps.entry(self.item(how, value)?).or_default().0.push(value);
        }
        for value in right {
            steps.entry(self.item(how, value)?).or_default().1.push(value);
        }
        for (step, (left, right)) in steps {
            let mut below = Changes::default();
            let own = match (left.as_slice(), right.as_slice()) {
                ([_, _, ..], [_, _, ..]) => Itself { modified: left != right, ..Itself::default() },
                // Items that could not be told apart were owned as one.
                ([_, _, ..], _) => {
                    let mut own = Itself::default();
                    if let Some(right) = right.first() {
                        own = self.compare(None, Some(right), item, &mut below)?;
                    }
                    Itself { removed: true, ..own }
                }
                (_, [_, _, ..]) => {
                    let mut own = Itself::default();
                    if let Some(left) = left.first() {
                        own = self.compare(Some(left), None, item, &mut below)?;
                    }
                    Itself { added: true, ..own }
                }
                _ => self.compare(left.first().copied(), right.first().copied(), item, &mut below)?,
            };
            changes.put(step, own, below);
        }
        Ok(())
    }
}

impl Itself {
    fn leaf(&mut self, left: Option<&Value>, right: Option<&Value>) {
        match (left, right) {
            (None, _) => self.added = true,
            (_, None) => self.removed = true,
            (Some(left), Some(right)) => self.modified |= !same(left, right),
        }
    }
}

fn alike(left: &Shape<'_>, right: &Shape<'_>) -> bool {
    std::mem::discriminant(left) == std::mem::discriminant(right)
}

/// What is no list has no items.
pub(super) fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What is no map, or an empty one, has no entries.
pub(super) fn entries(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object).filter(|entries| !entries.is_empty())
}
