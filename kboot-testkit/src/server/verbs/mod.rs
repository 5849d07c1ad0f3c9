//! What can be done with the objects of a resource, each verb a file.

mod body;
mod by_controller;
mod create;
mod custom;
mod delete;
mod list;
mod meta;
mod patch;
mod review;
mod update;
mod watch;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

pub(crate) use self::by_controller::ByController;
pub(crate) use self::meta::uid;

use super::Server;
use super::admission::{self, Phase};
use super::answer::{Answer, Content};
use super::attributes::{Attributes, User};
use super::authz::Decision;
use super::negotiate::Form;
use super::patch::{Manager, Scope};
use super::path::Target;
use super::resource::Resource;
use super::schema::Type;
use super::status::{FieldError, Status};
use super::store::{Author, Key, Place, Refused, Stored};

const LARGEST_STORED: usize = 3 * 512 * 1024;
/// `FieldManagerMaxLength`.
const LONGEST_MANAGER: usize = 128;

/// A request for a resource, whose sender may do what it asks.
pub(crate) struct Call<'a> {
    pub(crate) server: &'a Arc<Server>,
    pub(crate) resource: Arc<Resource>,
    pub(crate) target: &'a Target,
    pub(crate) attributes: &'a Attributes,
    pub(crate) form: Form,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) user_agent: &'a str,
    pub(crate) body: Bytes,
}

impl Call<'_> {
    fn user(&self) -> &User {
        &self.attributes.user
    }

    fn author(&self, verb: &'static str) -> Author {
        Author { user: self.user().name.clone(), verb, time: self.server.clock.now() }
    }

    fn place(&self) -> Place {
        Place::new(&self.resource.group, &self.resource.plural)
    }

    fn key(&self, name: &str) -> Key {
        Key { namespace: self.namespace().to_owned(), name: name.to_owned() }
    }

    /// Where the objects lie: what has no namespace has none, whatever its path says (`/namespaces/NAME` is a name).
    fn namespace(&self) -> &str {
        if self.resource.namespaced { &self.target.namespace } else { "" }
    }

    /// Of an object that is there, whatever namespace the path says.
    fn key_of(&self, object: &Value, name: &str) -> Key {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
        Key { namespace: namespace.to_owned(), name: name.to_owned() }
    }

    fn read(&self) -> Result<Arc<Stored>, Status> {
        let stored = self.server.store.read(&self.place(), &self.key(&self.target.name));
        stored.ok_or_else(|| self.not_found(&self.target.name))
    }

    fn not_found(&self, name: &str) -> Status {
        Status::not_found(&self.resource.group, &self.resource.plural, name)
    }

    fn refused(&self, why: Refused, name: &str) -> Status {
        let (group, plural) = (&self.resource.group, &self.resource.plural);
        match why {
            Refused::Exists => Status::already_exists(group, plural, name),
            Refused::NotFound => self.not_found(name),
            Refused::Changed => Status::modified(group, plural, name),
        }
    }

    fn invalid(&self, name: &str, errors: &[FieldError]) -> Status {
        Status::invalid(&self.resource.group, &self.resource.kind, name, errors)
    }

    fn answer(&self, code: u16, stored: Arc<Stored>) -> Answer {
        Answer::new(code, Content::Stored(Arc::clone(&self.resource), stored))
    }

    fn answer_value(&self, code: u16, value: Value) -> Answer {
        Answer::new(code, Content::Object(Arc::clone(&self.resource), Arc::new(value)))
    }

    /// `sendInitialEvents` came with 1.27.
    fn knows_initial_events(&self) -> bool {
        self.server.minor >= 27
    }

    /// The request's parameters are wrong.
    fn invalid_options(&self, errors: &[FieldError]) -> Status {
        let kind = match self.attributes.verb.as_str() {
            "create" => "CreateOptions",
            "patch" => "PatchOptions",
            "update" => "UpdateOptions",
            "list" | "watch" => "ListOptions",
            _ => "DeleteOptions",
        };
        Status::invalid("meta.k8s.io", kind, "", errors)
    }

    /// `ValidateFieldManager`.
    fn check_manager(&self) -> Result<(), Status> {
        if self.target.query.get("fieldManager").len() <= LONGEST_MANAGER {
            return Ok(());
        }
        let message = if self.server.minor >= 32 {
            "may not be more than 128 bytes"
        } else {
            "may not be longer than 128"
        };
        Err(self.invalid_options(&[FieldError::too_long("fieldManager", message)]))
    }

    /// Whether nothing is to be kept (`dryRun=All`).
    fn is_dry_run(&self) -> Result<bool, Status> {
        for value in self.target.query.all("dryRun") {
            if value != "All" {
                let error = FieldError::not_supported("dryRun", &value.into(), &["All"]);
                return Err(self.invalid_options(&[error]));
            }
        }
        Ok(self.target.query.has("dryRun"))
    }

    /// Who makes an object by a PUT or by applying it needs the right to create, too (`withAuthorization`).
    fn check_may_create(&self) -> Result<(), Status> {
        match self.server.decide(&Attributes { verb: "create".to_owned(), ..self.attributes.clone() }) {
            Decision::Allow(_) => Ok(()),
            Decision::NoOpinion(reason) => {
                let Attributes { group, resource, name, .. } = self.attributes;
                Err(Status::forbidden(group, resource, name, &reason))
            }
        }
    }

    /// Whether somebody may do this beyond what authorizers say of the request.
    fn admit(&self, phase: Phase, old: Option<&Value>, new: Option<&Value>) -> Result<(), Status> {
        let Server { store, minor, .. } = &**self.server;
        let allowed = |attributes: &_| self.server.allows(attributes);
        admission::admit(phase, self.attributes, &self.resource, old, new, store, &allowed, *minor)
    }

    /// The type of the objects; of a custom resource [`Call::custom`] knows it.
    fn kind(&self) -> Type {
        self.server.schema.of_kind(&self.resource.group, &self.resource.version, &self.resource.kind)
    }

    /// Runs with what server-side apply and the owners of fields need to know.
    fn owned<T>(&self, run: impl FnOnce(&Manager, &Scope<'_>) -> T) -> T {
        let minor = self.server.minor;
        let subresource = self.target.subresource.as_str();
        let has_status = self.resource.subresources.iter().any(|name| name == "status");
        let reset: &[&[&str]] = match subresource {
            // Before, who sent what the endpoint drops owned it nevertheless.
            _ if minor < 22 => &[],
            "" if has_status => &[&["status"]],
            "" => &[],
            _ if self.resource.is_custom => &[&["metadata"], &["spec"]],
            _ => &[&["spec"]],
        };
        let by = Manager {
            name: self.manager(),
            api_version: self.resource.api_version(),
            subresource: if minor >= 22 { subresource.to_owned() } else { String::new() },
            time: self.server.clock.rfc3339(),
        };
        match self.custom() {
            Some(custom) => run(&by, &Scope { of: &custom.of, schema: &custom.types, minor, reset }),
            None => run(&by, &Scope { of: &self.kind(), schema: &self.server.schema, minor, reset }),
        }
    }

    /// etcd takes no more than 1.5 MiB (`--max-request-bytes`).
    fn check_size(&self, object: &Value) -> Result<(), Status> {
        if self.body.len() > LARGEST_STORED / 2 && object.to_string().len() > LARGEST_STORED {
            return Err(Status::new(500, "", "etcdserver: request is too large"));
        }
        Ok(())
    }

    /// Who owns the fields that this writes: who they say they are, else their program.
    fn manager(&self) -> String {
        match self.target.query.get("fieldManager") {
            "" => {
                self.user_agent.split('/').next().unwrap_or_default().chars().take(LONGEST_MANAGER).collect()
            }
            manager => manager.to_owned(),
        }
    }

    /// Does what the request's verb says.
    pub(crate) fn run(self) -> Result<Answer, Status> {
        if self.target.is_too_deep {
            return Err(Status::no_such_resource());
        }
        let subresource = self.target.subresource.as_str();
        if !subresource.is_empty() && !self.resource.subresources.iter().any(|known| known == subresource) {
            return Err(Status::no_such_resource());
        }
        self.check_manager()?;
        match (self.attributes.verb.as_str(), subresource) {
            ("create", _) if self.resource.is_review => review::review(&self),
            ("create", "token") if self.resource.plural == "serviceaccounts" => review::token(&self),
            _ if self.resource.is_review => Err(Status::method_not_allowed()),
            ("get", "" | "status" | "approval") => Ok(self.answer(200, list::get(&self)?)),
            ("list", "") => list::list(&self),
            ("watch", "") => watch::watch(&self),
            ("create", "") if self.target.name.is_empty() => create::create(&self),
            ("update", "" | "status" | "approval" | "finalize") => update::update(&self),
            ("patch", "" | "status" | "approval") => patch::patch(&self),
            ("delete", "") => delete::delete(&self),
            // Nobody deletes all namespaces at once.
            ("deletecollection", "") if !self.resource.is("", "namespaces") => {
                delete::delete_collection(&self)
            }
            _ => Err(Status::method_not_allowed()),
        }
    }
}
