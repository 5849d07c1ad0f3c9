//! Sets of fields, which is what managers own (`structured-merge-diff/fieldpath.Set`), and their wire form `fieldsV1`.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::step::Step;

/// A tree: a field is owned when it is a member, whether or not fields below it are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FieldSet {
    pub(super) members: BTreeSet<Step>,
    /// None of them is empty.
    pub(super) children: BTreeMap<Step, Self>,
}

impl FieldSet {
    /// The fields at these paths of names.
    pub(super) fn of(paths: &[&[&str]]) -> Self {
        let mut set = Self::default();
        for path in paths {
            let Some((last, before)) = path.split_last() else { continue };
            let parent =
                before.iter().fold(&mut set, |set, name| set.children.entry(Step::field(name)).or_default());
            parent.members.insert(Step::field(last));
        }
        set
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.values().all(Self::is_empty)
    }

    /// Puts a field, and what is owned below it, in the set.
    pub(super) fn put(&mut self, step: Step, is_member: bool, below: Self) {
        if is_member {
            self.members.insert(step.clone());
        }
        if !below.is_empty() {
            match self.children.entry(step) {
                Entry::Vacant(free) => {
                    free.insert(below);
                }
                Entry::Occupied(mut taken) => {
                    let child = std::mem::take(taken.get_mut());
                    *taken.get_mut() = child.union(&below);
                }
            }
        }
    }

    pub(super) fn below(&self, step: &Step) -> Option<&Self> {
        self.children.get(step).filter(|set| !set.is_empty())
    }

    pub(super) fn union(mut self, other: &Self) -> Self {
        self.members.extend(other.members.iter().cloned());
        for (step, below) in &other.children {
            let child = self.children.entry(step.clone()).or_default();
            *child = std::mem::take(child).union(below);
        }
        self
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        let members = self.members.intersection(&other.members).cloned().collect();
        let children = self.children.iter().filter_map(|(step, below)| {
            let below = below.intersection(other.children.get(step)?);
            (!below.is_empty()).then(|| (step.clone(), below))
        });
        Self { members, children: children.collect() }
    }

    /// Without the other's members; what is below a member stays.
    pub(super) fn difference(&self, other: &Self) -> Self {
        self.without(other, false)
    }

    /// Without the other's members and all that is below them.
    pub(super) fn recursive_difference(&self, other: &Self) -> Self {
        self.without(other, true)
    }

    fn without(&self, other: &Self, recursive: bool) -> Self {
        let members = self.members.difference(&other.members).cloned().collect();
        let kept = self.children.iter().filter(|(step, _)| !recursive || !other.members.contains(*step));
        let children = kept.filter_map(|(step, below)| {
            let below = match other.children.get(step) {
                Some(other) => below.without(other, recursive),
                None => below.clone(),
            };
            (!below.is_empty()).then(|| (step.clone(), below))
        });
        Self { members, children: children.collect() }
    }

    /// All paths, in upstream's order: the members of a level before what is below it.
    pub(super) fn paths(&self) -> Vec<Vec<Step>> {
        let mut found: Vec<_> = self.members.iter().map(|step| vec![step.clone()]).collect();
        for (step, below) in &self.children {
            found.extend(below.paths().into_iter().map(|mut path| {
                path.insert(0, step.clone());
                path
            }));
        }
        found
    }

    /// `fieldsV1`.
    pub(super) fn wire(&self) -> Value {
        self.entries(false).into()
    }

    fn entries(&self, itself: bool) -> Map<String, Value> {
        let mut entries = Map::new();
        if itself {
            entries.insert(".".to_owned(), json!({}));
        }
        for step in self.members.iter().filter(|step| !self.children.contains_key(*step)) {
            entries.insert(step.wire(), json!({}));
        }
        for (step, below) in &self.children {
            entries.insert(step.wire(), below.entries(self.members.contains(step)).into());
        }
        entries
    }

    /// Reads `fieldsV1`; kinds of steps that are not known are left out, as upstream does.
    pub(super) fn parse(wire: &Value) -> Result<Self, String> {
        Ok(Self::read(wire)?.1)
    }

    fn read(wire: &Value) -> Result<(bool, Self), String> {
        let mut set = Self::default();
        let mut itself = false;
        let entries = match wire {
            Value::Object(entries) => Some(entries),
            Value::Null => None,
            _ => return Err("expect { or n".to_owned()),
        };
        for (key, below) in entries.into_iter().flatten() {
            if key == "." {
                itself = true;
            } else if let Some(step) =
                Step::parse(key).map_err(|error| format!("parsing key as path element: {error}"))?
            {
                let (is_member, below) = Self::read(below)?;
                set.put(step, is_member, below);
            }
        }
        Ok((itself || set.is_empty(), set))
    }
}
