//! `garbagecollector` (`pkg/controller/garbagecollector`): what belongs to what is gone goes too.
//!
//! Upstream keeps a graph of all objects. Here owners are looked up, and dependents searched for when an owner goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use time::OffsetDateTime;

use super::{Cluster, Key, Propagation, Reconciler, is_being_deleted};
use crate::server::admission::field::{list_at, text};
use crate::server::admission::set;
use crate::server::resource::Resource;

const BY: &str = "system:serviceaccount:kube-system:generic-garbage-collector";
const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

pub(super) struct GarbageCollector;

impl Reconciler for GarbageCollector {
    fn watches(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn reconcile(&self, cluster: &dyn Cluster, changed: Option<&Key>) -> Option<OffsetDateTime> {
        let kinds = Kinds::of(cluster);
        let changed = changed.and_then(|key| key.get(cluster).map(|object| (key.clone(), object)));
        match changed {
            Some((key, object)) => kinds.look_at(cluster, &key, &object),
            // Something is gone, or all is to be looked at.
            None => {
                for (key, object) in kinds.all(cluster) {
                    kinds.look_at(cluster, &key, &object);
                }
            }
        }
        None
    }
}

/// The resources, by group and kind.
struct Kinds(BTreeMap<(String, String), Resource>);

/// What an owner reference leads to.
enum Owner {
    There,
    /// It is being deleted and waits for what belongs to it.
    Waits,
    Gone,
}

impl Kinds {
    fn of(cluster: &dyn Cluster) -> Self {
        let kept = cluster.resources().into_iter().filter(|resource| !resource.is_review);
        Self(kept.map(|resource| ((resource.group.clone(), resource.kind.clone()), resource)).collect())
    }

    fn all(&self, cluster: &dyn Cluster) -> Vec<(Key, Arc<Value>)> {
        let of = |resource: &Resource| {
            let (group, plural) = (resource.group.clone(), resource.plural.clone());
            let listed = cluster.list(&group, &plural, "");
            listed
                .into_iter()
                .map(move |object| (Key::of(&group, &plural, &object), object))
                .collect::<Vec<_>>()
        };
        self.0.values().flat_map(of).collect()
    }

    fn dependents(&self, cluster: &dyn Cluster, owner: &Value) -> Vec<(Key, Arc<Value>)> {
        let uid = text(owner, "/metadata/uid");
        let belongs =
            |object: &Value| references(object).iter().any(|reference| text(reference, "/uid") == uid);
        self.all(cluster).into_iter().filter(|(_, object)| belongs(object)).collect()
    }

    fn owner(&self, cluster: &dyn Cluster, dependent: &Value, reference: &Value) -> Owner {
        let group = text(reference, "/apiVersion").split_once('/').map_or("", |(group, _)| group);
        let kind = (group.to_owned(), text(reference, "/kind").to_owned());
        // Of a kind that is not known nobody can say that it is gone.
        let Some(resource) = self.0.get(&kind) else { return Owner::There };
        let namespace = if resource.namespaced { text(dependent, "/metadata/namespace") } else { "" };
        // What has no namespace cannot belong to what has one; upstream leaves it alone.
        if resource.namespaced && namespace.is_empty() {
            return Owner::There;
        }
        let found = cluster.get(&resource.group, &resource.plural, namespace, text(reference, "/name"));
        match found.filter(|owner| text(owner, "/metadata/uid") == text(reference, "/uid")) {
            None => Owner::Gone,
            Some(owner) if is_being_deleted(&owner) && has_finalizer(&owner, FOREGROUND) => Owner::Waits,
            Some(_) => Owner::There,
        }
    }

    fn look_at(&self, cluster: &dyn Cluster, key: &Key, object: &Value) {
        if is_being_deleted(object) {
            if has_finalizer(object, ORPHAN) {
                self.orphan(cluster, key, object);
            } else if has_finalizer(object, FOREGROUND) {
                self.delete_dependents(cluster, key, object);
            }
            return;
        }
        if references(object).is_empty() {
            return;
        }
        let found: Vec<(&Value, Owner)> = references(object)
            .iter()
            .map(|reference| (reference, self.owner(cluster, object, reference)))
            .collect();
        let waits = found.iter().any(|(_, owner)| matches!(owner, Owner::Waits));
        let staying: Vec<Value> = found
            .iter()
            .filter(|(_, owner)| matches!(owner, Owner::There))
            .map(|(reference, _)| Value::clone(reference))
            .collect();
        if staying.len() == found.len() {
            return;
        }
        // Writes that fail have been overtaken by a change, after which they are made again.
        if staying.is_empty() {
            let foreground = waits && !self.dependents(cluster, object).is_empty();
            let propagation = if foreground { Propagation::Foreground } else { Propagation::Background };
            let _ = cluster.delete(BY, key, Some(text(object, "/metadata/uid")), propagation);
        } else {
            let mut kept = object.clone();
            set(&mut kept, &["metadata", "ownerReferences"], staying.into());
            let _ = cluster.update(BY, (&key.group, &key.resource), "", kept);
        }
    }

    /// What belongs to an owner loses it; then the owner goes.
    fn orphan(&self, cluster: &dyn Cluster, key: &Key, owner: &Value) {
        let uid = text(owner, "/metadata/uid");
        for (key, dependent) in self.dependents(cluster, owner) {
            let mut freed = Value::clone(&dependent);
            let others = references(&dependent).iter().filter(|reference| text(reference, "/uid") != uid);
            set(&mut freed, &["metadata", "ownerReferences"], others.cloned().collect());
            if cluster.update(BY, (&key.group, &key.resource), "", freed).is_err() {
                return;
            }
        }
        remove_finalizer(cluster, key, owner, ORPHAN);
    }

    /// What belongs to an owner goes first; the owner waits for what says so.
    fn delete_dependents(&self, cluster: &dyn Cluster, key: &Key, owner: &Value) {
        let uid = text(owner, "/metadata/uid");
        let blocks = |reference: &Value| {
            text(reference, "/uid") == uid && reference.get("blockOwnerDeletion") == Some(&Value::Bool(true))
        };
        for (key, dependent) in self.dependents(cluster, owner) {
            self.look_at(cluster, &key, &dependent);
        }
        let left = self.dependents(cluster, owner);
        if !left.iter().any(|(_, dependent)| references(dependent).iter().any(blocks)) {
            remove_finalizer(cluster, key, owner, FOREGROUND);
        }
    }
}

fn references(object: &Value) -> &[Value] {
    list_at(object, "/metadata/ownerReferences")
}

fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    list_at(object, "/metadata/finalizers").iter().any(|name| name == finalizer)
}

fn remove_finalizer(cluster: &dyn Cluster, key: &Key, object: &Value, finalizer: &str) {
    let others = list_at(object, "/metadata/finalizers").iter().filter(|name| *name != finalizer);
    let mut released = object.clone();
    set(&mut released, &["metadata", "finalizers"], others.cloned().collect());
    // A conflict is a change, after which it is looked at again.
    let _ = cluster.update(BY, (&key.group, &key.resource), "", released);
}
