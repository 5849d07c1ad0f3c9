//! Bootstrap tokens (`plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go`).

use std::collections::BTreeSet;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use time::OffsetDateTime;

use crate::server::attributes::{Objects, User};
use crate::server::clock::parse as rfc3339;

/// Whose token it is; whatever is wrong with it or its Secret, it is nobody's.
pub(super) fn bootstrap(bearer: &str, objects: &dyn Objects, now: OffsetDateTime) -> Option<User> {
    let (id, secret) = bearer.split_once('.')?;
    if !(is_of(id, 6) && is_of(secret, 16)) {
        return None;
    }
    let object = objects.get("", "secrets", "kube-system", &format!("bootstrap-token-{id}"))?;
    let data = Data::of(&object)?;
    let is_secret = verify_slices_are_equal(data.get("token-secret")?.as_bytes(), secret.as_bytes()).is_ok();
    let is_usable = is_secret
        && data.get("token-id")? == id
        && !is_expired(&data, now)
        && data.get("usage-bootstrap-authentication").as_deref() == Some("true");
    let groups = groups(&data.get("auth-extra-groups").unwrap_or_default())?;
    is_usable.then(|| User { name: format!("system:bootstrap:{id}"), groups, ..User::default() })
}

fn is_of(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

struct Data<'a>(&'a serde_json::Map<String, Value>);

impl<'a> Data<'a> {
    /// Of a Secret that is not about to be deleted, and of the right type.
    fn of(object: &'a Value) -> Option<Self> {
        if object.pointer("/metadata/deletionTimestamp").is_some()
            || object["type"] != "bootstrap.kubernetes.io/token"
        {
            return None;
        }
        object.get("data")?.as_object().map(Self)
    }

    fn get(&self, key: &str) -> Option<String> {
        let text = STANDARD.decode(self.0.get(key)?.as_str()?).ok()?;
        String::from_utf8(text).ok()
    }
}

/// What cannot be read has expired (`bootstraputil.GetExpiration`).
fn is_expired(data: &Data<'_>, now: OffsetDateTime) -> bool {
    match data.get("expiration").unwrap_or_default().as_str() {
        "" => false,
        text => rfc3339(text).is_none_or(|end| end <= now),
    }
}

/// One group that is not of bootstrappers, and the token is refused (`bootstraputil.GetGroups`).
fn groups(text: &str) -> Option<Vec<String>> {
    let mut groups = BTreeSet::from(["system:bootstrappers".to_owned()]);
    for group in text.split(',').filter(|_| !text.is_empty()) {
        let rest = group.strip_prefix("system:bootstrappers:")?;
        let is_known =
            |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase() || matches!(byte, b':' | b'-');
        let ends_well =
            rest.bytes().last().is_some_and(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
        if rest.len() > 256 || !ends_well || !rest.bytes().all(is_known) {
            return None;
        }
        groups.insert(group.to_owned());
    }
    Some(groups.into_iter().collect())
}
