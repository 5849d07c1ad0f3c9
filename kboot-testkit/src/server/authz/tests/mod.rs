//! `testdata` has what the real kube-apiserver 1.20.2 answered to the objects in it.

mod answers;
mod defaults;
mod escalation;
mod field_selector;
mod newer;
mod reviews;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::default_objects;
use crate::server::attributes::{Attributes, Objects, User};

/// Objects of no store.
#[derive(Default)]
pub(super) struct Memory(BTreeMap<[String; 4], Arc<Value>>);

impl Memory {
    /// The default roles of a version and the tests' own objects.
    pub(super) fn with_testdata(minor: u32) -> Self {
        let mut memory = Self::default();
        default_objects(minor).into_iter().for_each(|object| memory.put(object));
        let own: Vec<Value> = parsed(include_str!("../testdata/objects.json"));
        own.into_iter().for_each(|object| memory.put(object));
        memory
    }

    pub(super) fn put(&mut self, object: Value) {
        let text = |path| object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let group =
            text("/apiVersion").split_once('/').map(|(group, _)| group.to_owned()).unwrap_or_default();
        let resource = format!("{}s", text("/kind").to_lowercase());
        let key = [group, resource, text("/metadata/namespace"), text("/metadata/name")];
        self.0.insert(key, Arc::new(object));
    }
}

impl Objects for Memory {
    fn get(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.0.get(&[group, resource, namespace, name].map(str::to_owned)).cloned()
    }

    fn list(&self, group: &str, resource: &str, namespace: &str) -> Vec<Arc<Value>> {
        let wanted = self.0.iter().filter(|([own_group, own_resource, own_namespace, _], _)| {
            own_group == group
                && own_resource == resource
                && (namespace.is_empty() || own_namespace == namespace)
        });
        wanted.map(|(_, object)| Arc::clone(object)).collect()
    }
}

pub(super) fn parsed<T: serde::de::DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap()
}

/// The people of the tests, by the names that the tests have for them.
pub(super) fn users() -> BTreeMap<String, Arc<User>> {
    let users: BTreeMap<String, Value> = parsed(include_str!("../testdata/users.json"));
    let user = |user: Value| User {
        name: user["name"].as_str().unwrap().to_owned(),
        groups: serde_json::from_value(user["groups"].clone()).unwrap(),
        ..User::default()
    };
    users.into_iter().map(|(name, value)| (name, Arc::new(user(value)))).collect()
}

/// `get core/pods/status NAMESPACE NAME`, `-` for none; or `get url PATH`.
pub(super) fn question(user: &Arc<User>, text: &str) -> Attributes {
    let words: Vec<_> = text.split(' ').collect();
    let owned = |text: &str| if text == "-" { String::new() } else { text.to_owned() };
    let mut asked = Attributes { user: Arc::clone(user), verb: owned(words[0]), ..Attributes::default() };
    if words[1] == "url" {
        asked.path = owned(words[2]);
        return asked;
    }
    let mut resource = words[1].splitn(3, '/');
    asked.group = resource.next().filter(|group| *group != "core").map(owned).unwrap_or_default();
    asked.resource = resource.next().map(owned).unwrap();
    asked.subresource = resource.next().map(owned).unwrap_or_default();
    asked.namespace = owned(words[2]);
    asked.name = owned(words[3]);
    asked.path = format!("/{}", words[1]);
    asked
}

pub(super) fn node(name: &str) -> Arc<User> {
    let groups = ["system:nodes", "system:authenticated"].map(str::to_owned).to_vec();
    Arc::new(User { name: format!("system:node:{name}"), groups, ..User::default() })
}

pub(super) fn pod(name: &str, node: &str, spec: &Value) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "dev"}});
    pod["spec"] = spec.clone();
    pod["spec"]["nodeName"] = node.into();
    pod
}
