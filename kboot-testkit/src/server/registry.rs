//! The resources that a server has now: the built-in ones, and those of its CustomResourceDefinitions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;

use super::attributes::Objects;
use super::custom::Version;
use super::custom::definition::{self, GROUP, PLURAL};
use super::resource::{self, Resource};
use super::schema::Schema;
use super::store::Place;

/// The resources that are built in, found by group, version and plural, and what is known of the definitions of others.
#[derive(Debug)]
pub(crate) struct Registry {
    /// In the table's order.
    pub(crate) all: Vec<Arc<Resource>>,
    by_path: HashMap<(String, String, String), Arc<Resource>>,
    /// By name: read once in each state.
    read: Mutex<HashMap<String, Arc<Definition>>>,
}

/// Of more definitions than a server ever had the oldest knowledge is worth nothing.
const MOST_READ: usize = 10_000;

/// A definition that was read.
#[derive(Debug)]
struct Definition {
    uid: Value,
    /// Its `resourceVersion`.
    state: Value,
    resources: Vec<Arc<Resource>>,
    /// By the names of the resources' versions.
    versions: HashMap<String, OnceLock<Arc<Version>>>,
}

impl Registry {
    pub(crate) fn of_version(minor: u32) -> Self {
        let all: Vec<_> = resource::of_version(minor).into_iter().map(Arc::new).collect();
        let key = |resource: &Arc<Resource>| {
            (resource.group.clone(), resource.version.clone(), resource.plural.clone())
        };
        let by_path = all.iter().map(|resource| (key(resource), Arc::clone(resource))).collect();
        Self { all, by_path, read: Mutex::default() }
    }

    pub(crate) fn find(
        &self,
        objects: &dyn Objects,
        group: &str,
        version: &str,
        plural: &str,
    ) -> Option<Arc<Resource>> {
        let key = (group.to_owned(), version.to_owned(), plural.to_owned());
        if let Some(resource) = self.by_path.get(&key) {
            return Some(Arc::clone(resource));
        }
        let definition = self.definition(objects, group, plural)?;
        definition.resources.iter().find(|resource| resource.version == version).cloned()
    }

    /// The definition of a custom resource.
    fn definition(&self, objects: &dyn Objects, group: &str, plural: &str) -> Option<Arc<Definition>> {
        Some(self.read(&*objects.get(GROUP, PLURAL, "", &format!("{plural}.{group}"))?))
    }

    fn read(&self, definition: &Value) -> Arc<Definition> {
        let metadata = &definition["metadata"];
        let mut all = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let name = metadata["name"].as_str().unwrap_or_default();
        match all.get(name) {
            Some(known) if known.uid == metadata["uid"] && known.state == metadata["resourceVersion"] => {
                Arc::clone(known)
            }
            _ => {
                let resources: Vec<_> = custom(definition).into_iter().map(Arc::new).collect();
                let versions = resources.iter().map(|resource| (resource.version.clone(), OnceLock::new()));
                let read = Arc::new(Definition {
                    uid: metadata["uid"].clone(),
                    state: metadata["resourceVersion"].clone(),
                    versions: versions.collect(),
                    resources,
                });
                if all.len() >= MOST_READ {
                    all.clear();
                }
                all.insert(name.to_owned(), Arc::clone(&read));
                read
            }
        }
    }

    /// What the objects of a custom resource have to be.
    pub(crate) fn version(
        &self,
        objects: &dyn Objects,
        resource: &Resource,
        kinds: &Arc<Schema>,
    ) -> Option<Arc<Version>> {
        let definition =
            objects.get(GROUP, PLURAL, "", &format!("{}.{}", resource.plural, resource.group))?;
        let read = self.read(&definition);
        let version = read.versions.get(&resource.version)?.get_or_init(|| {
            let mut versions = definition["spec"]["versions"].as_array().into_iter().flatten();
            let version = versions.find(|version| version["name"] == resource.version.as_str());
            Arc::new(Version::parse(version.unwrap_or(&Value::Null), kinds))
        });
        Some(Arc::clone(version))
    }

    /// The resource of a group with this name, whatever its version.
    pub(crate) fn of_any_version(
        &self,
        objects: &dyn Objects,
        group: &str,
        plural: &str,
    ) -> Option<Arc<Resource>> {
        let built_in = self.all.iter().find(|resource| resource.group == group && resource.plural == plural);
        built_in.cloned().or_else(|| self.definition(objects, group, plural)?.resources.first().cloned())
    }

    /// All that there are now.
    pub(crate) fn list(&self, objects: &dyn Objects) -> Vec<Arc<Resource>> {
        let definitions = objects.list(GROUP, PLURAL, "");
        let custom = definitions.iter().flat_map(|definition| self.read(definition).resources.clone());
        self.all.iter().cloned().chain(custom).collect()
    }
}

/// Where the objects of a CustomResourceDefinition are kept; `None` for other objects.
pub(crate) fn place_of(resource: &Resource, object: &Value) -> Option<Place> {
    if resource.group != "apiextensions.k8s.io" || resource.plural != "customresourcedefinitions" {
        return None;
    }
    Some(Place::new(object["spec"]["group"].as_str()?, object["spec"]["names"]["plural"].as_str()?))
}

/// The resources of a CustomResourceDefinition, a version each that is served; none before it is established.
fn custom(definition: &Value) -> Vec<Resource> {
    if !definition::is_true(definition, "Established") {
        return Vec::new();
    }
    let spec = &definition["spec"];
    let names = &spec["names"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let texts =
        |value: &Value| value.as_array().map_or_else(Vec::new, |items| items.iter().map(text).collect());
    let Some(versions) = spec["versions"].as_array() else { return Vec::new() };
    let served = versions.iter().filter(|version| version["served"] == true);
    let resource = |version: &Value| Resource {
        group: text(&spec["group"]),
        version: text(&version["name"]),
        plural: text(&names["plural"]),
        singular: match text(&names["singular"]).as_str() {
            "" => text(&names["kind"]).to_lowercase(),
            singular => singular.to_owned(),
        },
        kind: text(&names["kind"]),
        namespaced: spec["scope"] == "Namespaced",
        short_names: texts(&names["shortNames"]),
        categories: texts(&names["categories"]),
        subresources: ["status", "scale"]
            .into_iter()
            .filter(|name| version.pointer(&format!("/subresources/{name}")).is_some())
            .map(str::to_owned)
            .collect(),
        is_review: false,
        is_custom: true,
    };
    served.map(resource).collect()
}
