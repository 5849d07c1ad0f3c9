//! Deletions of one object and of many (`apiserver/pkg/registry/generic/registry/store.go`, `Delete`).

use std::sync::Arc;

use serde_json::{Value, json};

use super::list::Selection;
use super::update::{TRIES, is_gone};
use super::{Call, body};
use crate::server::admission::Phase;
use crate::server::answer::{Answer, Content, List};
use crate::server::custom::definition;
use crate::server::status::{FieldError, Status};
use crate::server::store::{Refused, Stored};

/// How an object is to be deleted (`metav1.DeleteOptions`).
struct Options {
    uid: Option<String>,
    version: Option<String>,
    /// `Background`, `Foreground`, `Orphan`, or empty.
    propagation: String,
    is_dry_run: bool,
}

fn options(call: &Call<'_>) -> Result<Options, Status> {
    let sent = if call.body.is_empty() { json!({}) } else { body::value(call)?.0 };
    if sent["kind"].as_str().is_some_and(|kind| kind != "DeleteOptions") {
        let message = "the body of a deletion must be of the kind DeleteOptions";
        return Err(undecodable(message, call.server.minor));
    }
    check_types(&sent, call.server.minor)?;
    for value in sent["dryRun"].as_array().into_iter().flatten() {
        if value != "All" {
            return Err(call.invalid_options(&[FieldError::not_supported("dryRun", value, &["All"])]));
        }
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let propagation = match (text(&sent["propagationPolicy"]), call.target.query.get("propagationPolicy")) {
        (Some(policy), _) => policy,
        (None, policy) => policy.to_owned(),
    };
    let is_orphaning = sent["orphanDependents"].as_bool().or_else(|| {
        call.target.query.has("orphanDependents").then(|| call.target.query.flag("orphanDependents"))
    });
    let propagation = match (propagation.as_str(), is_orphaning) {
        ("", Some(true)) => "Orphan".to_owned(),
        ("" | "Background" | "Foreground" | "Orphan", None) => propagation,
        ("", Some(false)) => String::new(),
        (_, Some(_)) => {
            let detail = "orphanDependents and deletionPropagation cannot be both set";
            let error = FieldError::invalid("propagationPolicy", &propagation.clone().into(), detail);
            return Err(Status::invalid("meta.k8s.io", "DeleteOptions", "", &[error]));
        }
        _ => {
            let error = FieldError::not_supported(
                "propagationPolicy",
                &propagation.clone().into(),
                &["Foreground", "Background", "Orphan", "nil"],
            );
            return Err(Status::invalid("meta.k8s.io", "DeleteOptions", "", &[error]));
        }
    };
    let is_dry_run =
        sent["dryRun"].as_array().is_some_and(|values| !values.is_empty()) || call.is_dry_run()?;
    Ok(Options {
        uid: text(&sent["preconditions"]["uid"]),
        version: text(&sent["preconditions"]["resourceVersion"]),
        propagation,
        is_dry_run,
    })
}

/// Options that are none: nothing is deleted by them.
fn check_types(sent: &Value, minor: u32) -> Result<(), Status> {
    let is_right = |path: &str, is: &dyn Fn(&Value) -> bool| {
        sent.pointer(path).filter(|value| !value.is_null()).is_none_or(is)
    };
    let is_texts = |value: &Value| value.as_array().is_some_and(|values| values.iter().all(Value::is_string));
    let is_good = sent.is_object()
        && is_right("/dryRun", &is_texts)
        && is_right("/gracePeriodSeconds", &Value::is_i64)
        && is_right("/orphanDependents", &Value::is_boolean)
        && is_right("/propagationPolicy", &Value::is_string)
        && is_right("/preconditions", &Value::is_object)
        && is_right("/preconditions/uid", &Value::is_string)
        && is_right("/preconditions/resourceVersion", &Value::is_string);
    let message = "the body is no DeleteOptions: a field has another type";
    if is_good { Ok(()) } else { Err(undecodable(message, minor)) }
}

/// 1.20 has no reason for it, 1.36 has.
fn undecodable(message: &str, minor: u32) -> Status {
    if minor <= 20 { Status::new(500, "", message) } else { Status::bad_request(message) }
}

pub(super) fn delete(call: &Call<'_>) -> Result<Answer, Status> {
    let options = options(call)?;
    let before = call.read()?;
    match remove(call, &options, &before, &call.target.name)? {
        Removed::Gone(object) => Ok(gone(call, &object)),
        Removed::Waiting(object) => Ok(call.answer(200, object)),
    }
}

/// Most kinds answer with a status; some with the object as it was.
fn gone(call: &Call<'_>, object: &Value) -> Answer {
    let returns_object = matches!(
        (call.resource.group.as_str(), call.resource.plural.as_str()),
        (
            "",
            "pods"
                | "services"
                | "persistentvolumes"
                | "persistentvolumeclaims"
                | "serviceaccounts"
                | "podtemplates"
                | "replicationcontrollers"
                | "resourcequotas"
        ) | ("policy", "podsecuritypolicies")
            | ("storage.k8s.io", _)
    );
    if returns_object {
        return call.answer_value(200, object.clone());
    }
    let mut details = json!({"name": object["metadata"]["name"], "kind": call.resource.plural, "uid": object["metadata"]["uid"]});
    if !call.resource.group.is_empty() {
        details["group"] = call.resource.group.clone().into();
    }
    Answer::plain(
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}),
    )
}

enum Removed {
    Gone(Value),
    /// Its finalizers are still to run.
    Waiting(Arc<Stored>),
}

fn remove(call: &Call<'_>, options: &Options, before: &Arc<Stored>, name: &str) -> Result<Removed, Status> {
    let server = call.server;
    let (group, plural) = (&call.resource.group, &call.resource.plural);
    let mut before = Arc::clone(before);
    let key = call.key_of(&before.value, name);
    for _ in 0..TRIES {
        let metadata = &before.value["metadata"];
        let precondition = |wanted: &Option<String>, found: &Value, of: &str, what: &str| match wanted {
            Some(wanted) if found != wanted.as_str() => {
                let found = found.as_str().unwrap_or_default();
                let why = format!(
                    "the {of} in the precondition ({wanted}) does not match the {of} in record ({found}). \
                     The object might have been {what}"
                );
                Err(Status::conflict(group, plural, name, &why))
            }
            _ => Ok(()),
        };
        precondition(&options.uid, &metadata["uid"], "UID", "deleted and then recreated")?;
        precondition(&options.version, &metadata["resourceVersion"], "ResourceVersion", "modified")?;
        call.admit(Phase::Mutating, Some(&before.value), None)?;
        call.admit(Phase::Validating, Some(&before.value), None)?;
        let object = marked(call, &before.value, &options.propagation);
        let gone = is_gone(&object);
        if options.is_dry_run {
            return Ok(Removed::Gone(Value::clone(&before.value)));
        }
        if gone {
            match server.store.remove(&call.place(), &key, before.revision, call.author("delete")) {
                Ok(_) => return Ok(Removed::Gone(Value::clone(&before.value))),
                Err(Refused::Changed) => {}
                Err(why) => return Err(call.refused(why, name)),
            }
        } else if object == *before.value {
            return Ok(Removed::Waiting(before));
        } else {
            match server.store.write(
                &call.place(),
                &key,
                Some(before.revision),
                object,
                call.author("delete"),
            ) {
                Ok(stored) => {
                    if definition::is_one(&call.resource) {
                        call.clean_up(&stored.value);
                    }
                    return Ok(Removed::Waiting(stored));
                }
                Err(Refused::Changed) => {}
                Err(why) => return Err(call.refused(why, name)),
            }
        }
        before = server.store.read(&call.place(), &key).ok_or_else(|| call.not_found(name))?;
    }
    Err(Status::modified(group, plural, name))
}

/// The object once somebody wants it gone: marked, with the finalizers of how its dependents go.
fn marked(call: &Call<'_>, before: &Value, propagation: &str) -> Value {
    if definition::is_one(&call.resource) && before["metadata"]["deletionTimestamp"].is_null() {
        return definition::terminating(before, &call.server.clock.rfc3339());
    }
    let mut object = before.clone();
    let metadata = &mut object["metadata"];
    if metadata["deletionTimestamp"].is_null() {
        metadata["deletionTimestamp"] = call.server.clock.rfc3339().into();
        metadata["deletionGracePeriodSeconds"] = 0.into();
        if let Some(generation) = metadata["generation"].as_i64() {
            metadata["generation"] = generation.saturating_add(1).into();
        }
    }
    let own = ["foregroundDeletion", "orphan"];
    let wanted = match propagation {
        "Foreground" => Some("foregroundDeletion"),
        "Orphan" => Some("orphan"),
        _ => None,
    };
    let mut finalizers = metadata["finalizers"].as_array().cloned().unwrap_or_default();
    if !propagation.is_empty() {
        finalizers.retain(|name| !own.iter().any(|own| name == own));
    }
    if let Some(wanted) = wanted
        && !finalizers.iter().any(|name| name == wanted)
    {
        finalizers.push(wanted.into());
    }
    if let Some(fields) = metadata.as_object_mut() {
        match finalizers.is_empty() {
            true => fields.remove("finalizers"),
            false => fields.insert("finalizers".to_owned(), finalizers.into()),
        };
    }
    if call.resource.group.is_empty() && call.resource.plural == "namespaces" {
        object["status"]["phase"] = "Terminating".into();
    }
    object
}

pub(super) fn delete_collection(call: &Call<'_>) -> Result<Answer, Status> {
    let options = options(call)?;
    let selection = Selection::of(call)?;
    let snapshot = call.server.store.snapshot(&call.place(), call.namespace(), selection.name());
    let mut items = Vec::new();
    for object in snapshot.objects.into_iter().filter(|object| selection.has(&object.value)) {
        let name = object.value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        match remove(call, &options, &object, &name) {
            Ok(_) => items.push(object),
            Err(status) if status.code == 404 => {}
            Err(status) => return Err(status),
        }
    }
    let list = List {
        resource: Arc::clone(&call.resource),
        revision: call.server.store.revision(),
        items,
        next: String::new(),
        remaining: None,
    };
    Ok(Answer::new(200, Content::List(list)))
}
