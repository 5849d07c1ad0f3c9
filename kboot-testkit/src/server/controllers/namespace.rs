//! `namespace` (`pkg/controller/namespace/deletion`): empties a namespace that is being deleted, then lets it go.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Cluster, Key, NAMESPACES, Propagation, Reconciler, is_being_deleted};
use crate::server::admission::field::{list_at, text};
use crate::server::admission::set;

const BY: &str = "system:serviceaccount:kube-system:namespace-controller";

pub(super) struct NamespaceLifecycle;

impl Reconciler for NamespaceLifecycle {
    /// Everything: what a finalizer has held back may go later.
    fn watches(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn reconcile(&self, cluster: &dyn Cluster, changed: Option<&Key>) -> Option<OffsetDateTime> {
        let namespaces = match changed {
            None => cluster.list(NAMESPACES.0, NAMESPACES.1, ""),
            Some(key) => {
                let of_kind = (key.group.as_str(), key.resource.as_str()) == NAMESPACES;
                let name = if of_kind { &key.name } else { &key.namespace };
                cluster.get(NAMESPACES.0, NAMESPACES.1, "", name).into_iter().collect()
            }
        };
        for namespace in namespaces.iter().filter(|namespace| is_being_deleted(namespace)) {
            empty(cluster, namespace);
        }
        None
    }
}

fn empty(cluster: &dyn Cluster, namespace: &Value) {
    let name = text(namespace, "/metadata/name");
    let mut is_empty = true;
    for resource in cluster.resources().iter().filter(|resource| resource.namespaced && !resource.is_review) {
        for object in cluster.list(&resource.group, &resource.plural, name) {
            let key = Key::of(&resource.group, &resource.plural, &object);
            if !is_being_deleted(&object) {
                // What is gone already is what was wanted.
                let _ =
                    cluster.delete(BY, &key, Some(text(&object, "/metadata/uid")), Propagation::Background);
            }
            is_empty &= key.get(cluster).is_none();
        }
    }
    let finalizers = list_at(namespace, "/spec/finalizers");
    if is_empty && finalizers.contains(&json!("kubernetes")) {
        let others: Vec<Value> = finalizers.iter().filter(|name| **name != "kubernetes").cloned().collect();
        let mut released = namespace.clone();
        set(&mut released, &["spec", "finalizers"], others.into());
        // A conflict is a change, after which it is looked at again.
        let _ = cluster.update(BY, NAMESPACES, "finalize", released);
    }
}
