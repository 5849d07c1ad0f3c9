//! The verbs for who is inside the server: the same path as a client's, from after the authorization on.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::update::{Writer, change};
use super::{Call, create, delete};
use crate::server::Server;
use crate::server::answer::{Answer, Content};
use crate::server::attributes::User;
use crate::server::negotiate::Form;
use crate::server::path::Target;
use crate::server::status::Status;

/// A controller at a resource.
pub(crate) struct ByController<'a> {
    pub(crate) server: &'a Arc<Server>,
    pub(crate) user: Arc<User>,
    /// Its group and its plural.
    pub(crate) resource: (&'a str, &'a str),
    pub(crate) namespace: &'a str,
}

impl ByController<'_> {
    pub(crate) fn create(&self, object: Value) -> Result<Arc<Value>, Status> {
        self.call("create", "", "", Bytes::new(), |call| {
            written(create::keep(call, &self.decoded(call, object)?)?)
        })
    }

    pub(crate) fn update(&self, subresource: &str, object: Value) -> Result<Arc<Value>, Status> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        self.call("update", &name, subresource, Bytes::new(), |call| {
            let object = self.decoded(call, object)?;
            written(change(call, |_| Ok(object.clone()), &Writer::Update)?)
        })
    }

    pub(crate) fn delete(&self, name: &str, uid: Option<&str>, propagation: &str) -> Result<(), Status> {
        let options = json!({
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "preconditions": {"uid": uid},
            "propagationPolicy": propagation,
        });
        let body = Bytes::from(options.to_string());
        self.call("delete", name, "", body, |call| delete::delete(call).map(drop))
    }

    /// As a body is read: without what Go leaves out.
    fn decoded(&self, call: &Call<'_>, object: Value) -> Result<Value, Status> {
        Ok(self.server.schema.decode(&call.kind(), object)?.0)
    }

    fn call<T>(
        &self,
        verb: &str,
        name: &str,
        subresource: &str,
        body: Bytes,
        run: impl FnOnce(&Call<'_>) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let (group, plural) = self.resource;
        let resource = self.server.registry.of_any_version(&self.server.store, group, plural);
        let resource = resource.ok_or_else(Status::no_such_resource)?;
        let target = Target {
            verb: verb.to_owned(),
            group: group.to_owned(),
            version: resource.version.clone(),
            resource: plural.to_owned(),
            subresource: subresource.to_owned(),
            namespace: self.namespace.to_owned(),
            name: name.to_owned(),
            ..Target::default()
        };
        let attributes = target.attributes(Arc::clone(&self.user));
        let call = Call {
            server: self.server,
            resource,
            target: &target,
            attributes: &attributes,
            form: Form::JSON,
            content_type: None,
            user_agent: "kube-controller-manager",
            body,
        };
        run(&call)
    }
}

fn written(answer: Answer) -> Result<Arc<Value>, Status> {
    match answer.content {
        Content::Stored(_, stored) => Ok(Arc::clone(&stored.value)),
        Content::Object(_, value) => Ok(value),
        _ => Err(Status::internal("a write has no object")),
    }
}
