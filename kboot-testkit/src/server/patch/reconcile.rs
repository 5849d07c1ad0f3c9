//! What managers own, where it does not fit the types (`structured-merge-diff/typed/reconcile_schema.go`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::compare::items;
use super::fields::FieldSet;
use super::step::Step;
use super::typed::{Shape, Types, child};
use crate::server::schema::{ListType, Type};

impl<'a> Types<'a> {
    /// Who owns parts of what has one owner owns it. In 1.20 also: who owns a map or list, but nothing in it, owns all
    /// of it.
    pub(super) fn reconcile(self, set: &mut FieldSet, live: Option<&Value>, of: &'a Type) {
        let is_old = self.minor <= 20;
        let mut items_of = BTreeMap::new();
        if let (true, Type::List { list, .. }) = (is_old, of) {
            let items = items(live).iter();
            items_of.extend(items.filter_map(|item| Some((self.item(list, item).ok()?, item))));
        }
        let below = |step: &Step| -> (Option<&'a Type>, Option<&Value>) {
            match (step, self.shape(of, &Value::Null)) {
                (_, _) if *of == Type::Any => (None, None),
                (Step::Field(name), Shape::Map { fields, values, .. }) => {
                    let (of, is_declared) = child(fields, values, name);
                    let of = Some(of).filter(|_| is_declared || fields.is_none());
                    (of, live.and_then(|live| live.get(name)))
                }
                (step, Shape::List { item, .. }) => (Some(item), items_of.get(step).copied()),
                _ => (None, None),
            }
        };
        let whole: Vec<_> = set
            .children
            .keys()
            .filter(|step| below(step).0.is_some_and(|of| self.is_whole(of)))
            .cloned()
            .collect();
        for step in whole {
            set.children.remove(&step);
            set.members.insert(step);
        }
        for (step, set) in &mut set.children {
            if let (Some(of), live) = below(step) {
                self.reconcile(set, live, of);
            }
        }
        if is_old {
            for step in set
                .members
                .iter()
                .filter(|step| !set.children.contains_key(*step))
                .cloned()
                .collect::<Vec<_>>()
            {
                if let (Some(of), Some(live)) = below(&step)
                    && *of != Type::Any
                    && !self.is_whole(of)
                {
                    set.put(step, true, self.fields(live, of));
                }
            }
        }
    }

    /// Whether a value of the type, no scalar, has one owner.
    fn is_whole(self, of: &'a Type) -> bool {
        *of != Type::Any
            && matches!(
                self.shape(of, &Value::Null),
                Shape::List { how: ListType::Atomic, .. } | Shape::Map { atomic: true, .. }
            )
    }
}
