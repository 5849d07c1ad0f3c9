//! What is different about custom resources and their definitions.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{ByController, Call};
use crate::server::Server;
use crate::server::admission;
use crate::server::attributes::{Objects, User};
use crate::server::custom::{Version, definition};
use crate::server::status::{FieldError, Status};
use crate::server::store::{Author, Key, Place, Refused};

impl Call<'_> {
    /// What is known of the objects of a custom resource.
    pub(super) fn custom(&self) -> Option<Arc<Version>> {
        if !self.resource.is_custom {
            return None;
        }
        let Server { registry, store, schema, .. } = &**self.server;
        registry.version(store, &self.resource, schema)
    }

    /// Makes of what a client sent or applied what is stored, as far as a definition says so; what of it is unknown.
    pub(super) fn complete(&self, object: &mut Value) -> Vec<String> {
        if definition::is_one(&self.resource) {
            definition::complete(object);
        }
        self.custom().map_or_else(Vec::new, |custom| custom.complete(object))
    }

    /// What is wrong with the new state of an object.
    pub(super) fn errors(&self, old: Option<&Value>, new: &Value) -> Vec<FieldError> {
        let (minor, subresource) = (self.server.minor, self.target.subresource.as_str());
        let mut errors = admission::validate(&self.resource, subresource, old, new, minor);
        if let Some(custom) = self.custom() {
            errors.extend(custom.validate(subresource, old, new, minor));
        }
        errors
    }

    /// Does what upstream's controllers do some moments later.
    pub(super) fn establish(&self, object: &mut Value) {
        if definition::is_one(&self.resource) {
            let all = self.server.store.list(definition::GROUP, definition::PLURAL, "");
            definition::establish(object, &all, &self.server.clock.rfc3339());
        }
    }

    /// No objects are made of a definition that is going.
    pub(super) fn check_not_terminating(&self, name: &str) -> Result<(), Status> {
        if !self.resource.is_custom {
            return Ok(());
        }
        let (group, plural) = (&self.resource.group, &self.resource.plural);
        let definition =
            self.server.store.get(definition::GROUP, definition::PLURAL, "", &format!("{plural}.{group}"));
        if !definition.is_some_and(|definition| definition::is_true(&definition, "Terminating")) {
            return Ok(());
        }
        let message = "create not allowed while custom resource definition is terminating";
        if self.server.minor > 20 {
            return Err(Status::forbidden(group, plural, name, message));
        }
        let mut status = Status::new(405, "MethodNotAllowed", message);
        status.details = Some(json!({"group": group, "kind": plural}));
        Err(status)
    }

    /// Of a definition that is going: its objects go, and with the last of them it goes itself.
    pub(super) fn clean_up(&self, definition: &Value) {
        let text = |pointer: &str| definition.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let resource = (text("/spec/group"), text("/spec/names/plural"));
        let groups = ["system:masters", "system:authenticated"].map(str::to_owned).to_vec();
        let user = Arc::new(User { name: "system:apiserver".to_owned(), groups, ..User::default() });
        change_definition(self.server, resource, |definition, now| {
            Some(definition::cleaning(definition, now))
        });
        for object in self.server.store.list(resource.0, resource.1, "") {
            let [namespace, name] =
                ["namespace", "name"].map(|field| object["metadata"][field].as_str().unwrap_or_default());
            let hands = ByController { server: self.server, user: Arc::clone(&user), resource, namespace };
            // One that cannot go now goes when it can.
            let _ = hands.delete(name, None, "Background");
        }
        finish(self.server, resource);
    }

    /// After an object is gone: perhaps its definition waited for it.
    pub(super) fn after_removal(&self) {
        if self.resource.is_custom {
            finish(self.server, (&self.resource.group, &self.resource.plural));
        }
    }
}

/// Lets a definition go that is marked for it and has no objects.
fn finish(server: &Arc<Server>, resource: (&str, &str)) {
    change_definition(server, resource, |definition, now| {
        let is_going = definition::is_true(definition, "Terminating");
        (is_going && server.store.list(resource.0, resource.1, "").is_empty())
            .then(|| definition::cleaned(definition, now))
    });
}

/// Changes the definition of a resource, if there is something to change.
fn change_definition(
    server: &Arc<Server>,
    (group, plural): (&str, &str),
    change: impl Fn(&Value, &str) -> Option<Value>,
) {
    let place = Place::new(definition::GROUP, definition::PLURAL);
    let key = Key { namespace: String::new(), name: format!("{plural}.{group}") };
    let author = |verb| Author { user: "system:apiserver".to_owned(), verb, time: server.clock.now() };
    loop {
        let Some(stored) = server.store.read(&place, &key) else { return };
        let Some(changed) = change(&stored.value, &server.clock.rfc3339()) else { return };
        let done = match super::update::is_gone(&changed) {
            true => server.store.remove(&place, &key, stored.revision, author("delete")).map(drop),
            false => {
                server.store.write(&place, &key, Some(stored.revision), changed, author("update")).map(drop)
            }
        };
        if !matches!(done, Err(Refused::Changed)) {
            return;
        }
    }
}
