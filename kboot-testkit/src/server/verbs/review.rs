//! Questions that are asked by creating an object: who is that, what may they do, give me a token.

use serde_json::{Value, json};

use super::{Call, body};
use crate::server::admission::Phase;
use crate::server::answer::Answer;
use crate::server::authn::service_account::{Asked, ISSUER};
use crate::server::authz;
use crate::server::status::{FieldError, Status};

pub(super) fn review(call: &Call<'_>) -> Result<Answer, Status> {
    let sent = body::object(call)?;
    let (user, store, minor) = (call.user(), &call.server.store, call.server.minor);
    let mut object = sent.object;
    match call.resource.kind.as_str() {
        "TokenReview" => object["status"] = token_review(call, &object)?,
        "SelfSubjectReview" => {
            object["metadata"] = json!({"creationTimestamp": call.server.clock.rfc3339()});
            object["status"] = json!({"userInfo": user_info(user)});
        }
        "SelfSubjectRulesReview" => {
            object["status"] = authz::rules_review(&object["spec"], user, store)?;
        }
        "SubjectAccessReview" | "LocalSubjectAccessReview" | "SelfSubjectAccessReview" => {
            object["status"] = authz::review(
                &call.resource.kind,
                &object,
                &call.attributes.user,
                &call.target.namespace,
                store,
                minor,
            )?;
        }
        _ => return Err(Status::method_not_allowed()),
    }
    if call.resource.kind != "SelfSubjectReview" {
        object["metadata"]["creationTimestamp"] = Value::Null;
    }
    let mut answer = call.answer_value(201, object);
    answer.warnings = sent.warnings;
    Ok(answer)
}

fn token_review(call: &Call<'_>, object: &Value) -> Result<Value, Status> {
    let token = object["spec"]["token"].as_str().unwrap_or_default();
    if token.is_empty() {
        return Err(Status::bad_request("token is required for TokenReview in authentication"));
    }
    let server = call.server;
    let asked: Vec<&str> =
        object["spec"]["audiences"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let wanted = if asked.is_empty() { vec![ISSUER] } else { asked };
    let found = server.authenticator.token(token, &wanted, &server.store, server.clock.time());
    let Some((mut user, audiences)) = found else {
        return Ok(json!({"user": {}, "error": "invalid bearer token"}));
    };
    user.groups.push("system:authenticated".to_owned());
    Ok(json!({"authenticated": true, "user": user_info(&user), "audiences": audiences}))
}

fn user_info(user: &crate::server::attributes::User) -> Value {
    let mut info = json!({"username": user.name, "groups": user.groups});
    if !user.uid.is_empty() {
        info["uid"] = user.uid.clone().into();
    }
    if !user.extra.is_empty() {
        info["extra"] = json!(user.extra);
    }
    info
}

/// A token for a service account (`TokenRequest`).
pub(super) fn token(call: &Call<'_>) -> Result<Answer, Status> {
    let account = call.read()?;
    let (mut object, _) = body::value(call)?;
    call.admit(Phase::Mutating, None, Some(&object))?;
    call.admit(Phase::Validating, None, Some(&object))?;
    let spec = &object["spec"];
    let seconds = spec["expirationSeconds"].as_i64().unwrap_or(3600);
    if seconds < 600 {
        let error = FieldError::invalid(
            "spec.expirationSeconds",
            &seconds.into(),
            "may not specify a duration less than 10 minutes",
        );
        return Err(Status::invalid("authentication.k8s.io", "TokenRequest", "", &[error]));
    }
    if seconds > 1 << 32 {
        let detail = "may not specify a duration larger than 2^32 seconds";
        let error = FieldError::invalid("spec.expirationSeconds", &seconds.into(), detail);
        return Err(Status::invalid("authentication.k8s.io", "TokenRequest", "", &[error]));
    }
    let audiences = match spec["audiences"].as_array() {
        Some(audiences) if !audiences.is_empty() => {
            audiences.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => vec![ISSUER.to_owned()],
    };
    let bound_to = bound_to(call, &spec["boundObjectRef"])?;
    let now = call.server.clock.time();
    let asked = Asked {
        namespace: &call.target.namespace,
        account: &account.value,
        audiences: audiences.clone(),
        seconds,
        bound_to,
    };
    let token = call.server.authenticator.service_accounts.issue(&asked, now);
    let token = token.ok_or_else(|| Status::internal("the token could not be signed"))?;
    let end = now.checked_add(time::Duration::seconds(seconds)).unwrap_or(now);
    object["kind"] = "TokenRequest".into();
    object["apiVersion"] = "authentication.k8s.io/v1".into();
    object["metadata"] = json!({"name": call.target.name, "namespace": call.target.namespace, "creationTimestamp": call.server.clock.rfc3339()});
    object["spec"]["audiences"] = json!(audiences);
    object["spec"]["expirationSeconds"] = seconds.into();
    object["status"] = json!({"token": token, "expirationTimestamp": crate::server::clock::rfc3339(end)});
    Ok(Answer::new(201, crate::server::answer::Content::Plain(object)))
}

fn bound_to(call: &Call<'_>, reference: &Value) -> Result<Option<(String, String, String)>, Status> {
    let Some(kind) = reference["kind"].as_str() else { return Ok(None) };
    let name = reference["name"].as_str().unwrap_or_default();
    let (resource, namespace) = match kind {
        "Pod" => ("pods", call.target.namespace.as_str()),
        "Secret" => ("secrets", call.target.namespace.as_str()),
        "Node" if call.server.minor >= 29 => ("nodes", ""),
        _ => return Err(Status::bad_request(format!("cannot bind token to object of type {kind}"))),
    };
    let object = crate::server::attributes::Objects::get(&call.server.store, "", resource, namespace, name);
    let uid = object.as_ref().and_then(|object| object["metadata"]["uid"].as_str()).map(str::to_owned);
    let uid = uid.ok_or_else(|| Status::not_found("", resource, name))?;
    if reference["uid"].as_str().is_some_and(|wanted| !wanted.is_empty() && wanted != uid) {
        let why = "the UID in the bound object reference does not match the UID in record";
        return Err(Status::conflict("", resource, name, why));
    }
    Ok(Some((kind.to_owned(), name.to_owned(), uid)))
}
