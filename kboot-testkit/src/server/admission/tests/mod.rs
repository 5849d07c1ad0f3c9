mod plugins;
mod upstream;
mod versions;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Phase, admit, field, prepare_create, prepare_update, validate};
use crate::server::attributes::{Attributes, Objects, User};
use crate::server::resource::Resource;
use crate::server::status::Status;

const NOW: &str = "2026-01-15T09:30:00Z";

/// Objects by resource, namespace and name.
#[derive(Default)]
struct Store(BTreeMap<(String, String, String), Arc<Value>>);

impl Store {
    fn with(mut self, resource: &str, object: Value) -> Self {
        let [namespace, name] =
            ["/metadata/namespace", "/metadata/name"].map(|at| field::text(&object, at).to_owned());
        self.0.insert((resource.to_owned(), namespace, name), Arc::new(object));
        self
    }
}

impl Objects for Store {
    fn get(&self, _: &str, resource: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.0.get(&(resource.to_owned(), namespace.to_owned(), name.to_owned())).cloned()
    }

    fn list(&self, _: &str, _: &str, _: &str) -> Vec<Arc<Value>> {
        Vec::new()
    }
}

fn namespaces() -> Store {
    ["default", "kube-system", "kube-node-lease"].into_iter().fold(Store::default(), |store, name| {
        store.with("namespaces", json!({"metadata": {"name": name}, "status": {"phase": "Active"}}))
    })
}

fn resource(group: &str, plural: &str, kind: &str, namespaced: bool, subresources: &[&str]) -> Resource {
    Resource {
        group: group.to_owned(),
        version: "v1".to_owned(),
        plural: plural.to_owned(),
        singular: kind.to_lowercase(),
        kind: kind.to_owned(),
        namespaced,
        short_names: Vec::new(),
        categories: Vec::new(),
        subresources: subresources.iter().map(|&name| name.to_owned()).collect(),
        is_review: false,
        is_custom: false,
    }
}

fn csrs() -> Resource {
    let subresources = ["status", "approval"];
    resource(
        "certificates.k8s.io",
        "certificatesigningrequests",
        "CertificateSigningRequest",
        false,
        &subresources,
    )
}

fn of_kind(kind: &str) -> Resource {
    const RBAC: &str = "rbac.authorization.k8s.io";
    match kind {
        "csr" => csrs(),
        "secret" => resource("", "secrets", "Secret", true, &[]),
        "cm" => resource("", "configmaps", "ConfigMap", true, &[]),
        "sa" => resource("", "serviceaccounts", "ServiceAccount", true, &["token"]),
        "ns" => resource("", "namespaces", "Namespace", false, &["status", "finalize"]),
        "node" => resource("", "nodes", "Node", false, &["status"]),
        "event" => resource("", "events", "Event", true, &[]),
        "lease" => resource("coordination.k8s.io", "leases", "Lease", true, &[]),
        "role" => resource(RBAC, "roles", "Role", true, &[]),
        "crole" => resource(RBAC, "clusterroles", "ClusterRole", false, &[]),
        "rb" => resource(RBAC, "rolebindings", "RoleBinding", true, &[]),
        "crb" => resource(RBAC, "clusterrolebindings", "ClusterRoleBinding", false, &[]),
        other => panic!("{other}"),
    }
}

fn admin() -> User {
    User { name: "admin".to_owned(), groups: vec!["system:masters".to_owned()], ..User::default() }
}

fn node(name: &str) -> User {
    User { name: format!("system:node:{name}"), groups: vec!["system:nodes".to_owned()], ..User::default() }
}

/// A write as the server does it; the object that is stored.
fn write(
    resource: &Resource,
    subresource: &str,
    user: &User,
    old: Option<&Value>,
    new: &Value,
    store: &Store,
    minor: u32,
) -> Result<Value, Status> {
    let mut object = new.clone();
    let attributes = Attributes {
        user: Arc::new(user.clone()),
        verb: if old.is_some() { "update" } else { "create" }.to_owned(),
        group: resource.group.clone(),
        version: resource.version.clone(),
        resource: resource.plural.clone(),
        subresource: subresource.to_owned(),
        namespace: field::text(new, "/metadata/namespace").to_owned(),
        name: field::text(new, "/metadata/name").to_owned(),
        ..Attributes::default()
    };
    let allowed = |_: &Attributes| true;
    admit(Phase::Mutating, &attributes, resource, old, Some(&object), store, &allowed, minor)?;
    match old {
        None => prepare_create(resource, &mut object, user, minor),
        Some(old) => {
            if field::text(&object, "/metadata/resourceVersion").is_empty() {
                object["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"].clone();
            }
            prepare_update(resource, subresource, old, &mut object, NOW, minor);
        }
    }
    let errors = validate(resource, subresource, old, &object, minor);
    if !errors.is_empty() {
        let name = field::text(&object, "/metadata/name");
        return Err(Status::invalid(&resource.group, &resource.kind, name, &errors));
    }
    admit(Phase::Validating, &attributes, resource, old, Some(&object), store, &allowed, minor)?;
    Ok(object)
}
