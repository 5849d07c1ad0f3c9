//! Acting as somebody else (`apiserver/pkg/endpoints/filters/impersonation.go`).

use std::sync::Arc;

use http::header::{HeaderMap, HeaderValue};

use super::Server;
use super::admission::names;
use super::attributes::{Attributes, User};
use super::status::Status;

/// Whom a request acts as, where its sender may.
pub(super) fn impersonated(
    server: &Server,
    user: Arc<User>,
    headers: &HeaderMap,
) -> Result<Arc<User>, Status> {
    // Names may be of any octets; one that is lost would be somebody else's.
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let value = |name: &str| headers.get(name).map(text).unwrap_or_default();
    let groups: Vec<String> = headers.get_all("impersonate-group").iter().map(text).collect();
    let (name, uid) = (value("impersonate-user"), value("impersonate-uid"));
    let mut extra = std::collections::BTreeMap::<String, Vec<String>>::new();
    for (header, value) in headers {
        if let Some(key) = header.as_str().strip_prefix("impersonate-extra-") {
            let key = percent_encoding::percent_decode_str(key).decode_utf8_lossy().to_lowercase();
            extra.entry(key).or_default().push(text(value));
        }
    }
    if name.is_empty() {
        if groups.is_empty() && uid.is_empty() && extra.is_empty() {
            return Ok(user);
        }
        return Err(Status::internal("requested groups, uid or user-extra without impersonating a user"));
    }
    let may = |group: &str, resource: &str, subresource: &str, namespace: &str, name: &str| {
        server.check_allowed(&Attributes {
            user: Arc::clone(&user),
            verb: "impersonate".to_owned(),
            group: group.to_owned(),
            version: "v1".to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            ..Attributes::default()
        })
    };
    const AUTHENTICATION: &str = "authentication.k8s.io";
    // Others are users whose name only begins like that (`serviceaccount.SplitUsername`).
    let account = name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    let account = account.filter(|(namespace, account)| {
        names::dns_label(namespace, server.minor).is_empty() && names::dns_subdomain(account).is_empty()
    });
    match account {
        Some((namespace, account)) => may("", "serviceaccounts", "", namespace, account)?,
        None => may("", "users", "", "", &name)?,
    }
    for group in &groups {
        may("", "groups", "", "", group)?;
    }
    if !uid.is_empty() {
        may(AUTHENTICATION, "uids", "", "", &uid)?;
    }
    for (key, values) in &extra {
        for value in values {
            may(AUTHENTICATION, "userextras", key, "", value)?;
        }
    }
    let mut groups = groups;
    if let Some((namespace, _)) = account.filter(|_| groups.is_empty()) {
        groups = vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
    }
    let own = if name == "system:anonymous" { "system:unauthenticated" } else { "system:authenticated" };
    if !groups.iter().any(|group| group == own) {
        groups.push(own.to_owned());
    }
    Ok(Arc::new(User { name, uid, groups, extra }))
}
