//! Who a request comes from.

pub(crate) mod certificate;
pub(crate) mod service_account;
mod token;

use std::collections::BTreeMap;
use std::sync::Arc;

use kboot_core::danger::read_unrestricted_static_tokens;
use kboot_core::token::StaticToken;
use time::OffsetDateTime;

use self::certificate::ClientCertificate;
use self::service_account::{ISSUER, ServiceAccountTokens};
use super::attributes::{Objects, User};
use super::error::ServerError;
use super::status::Status;

/// How a server knows its clients.
#[derive(Debug)]
pub(crate) struct Authenticator {
    /// Bearer tokens that the server was given at its start, as in `--token-auth-file`.
    pub(crate) static_tokens: BTreeMap<String, User>,
    pub(crate) service_accounts: ServiceAccountTokens,
    pub(crate) minor: u32,
}

impl Authenticator {
    /// Client certificates come first, then tokens; who shows nothing is anonymous, who shows something wrong and nothing
    /// right is nobody (`union.New`, then `union.NewFailOnError` with the anonymous).
    pub(crate) fn user(
        &self,
        certificate: Option<&ClientCertificate>,
        bearer: Option<&str>,
        objects: &dyn Objects,
        now: OffsetDateTime,
    ) -> Result<Arc<User>, Status> {
        if let Some(user) = certificate.and_then(|certificate| certificate.user(now)) {
            return Ok(user);
        }
        let Some(bearer) = bearer else {
            return if certificate.is_some() { Err(Status::unauthorized()) } else { Ok(anonymous()) };
        };
        let (mut user, _) = self.token(bearer, &[ISSUER], objects, now).ok_or_else(Status::unauthorized)?;
        authenticated(&mut user.groups);
        Ok(Arc::new(user))
    }

    /// Whose token this is, without `system:authenticated`, and for which of the audiences. Tokens that know no audience are
    /// for the server's own.
    pub(crate) fn token(
        &self,
        bearer: &str,
        audiences: &[&str],
        objects: &dyn Objects,
        now: OffsetDateTime,
    ) -> Option<(User, Vec<String>)> {
        if let Some(found) = self.service_accounts.user(bearer, audiences, objects, now, self.minor) {
            return Some(found);
        }
        let user =
            self.static_tokens.get(bearer).cloned().or_else(|| token::bootstrap(bearer, objects, now))?;
        audiences.contains(&ISSUER).then(|| (user, vec![ISSUER.to_owned()]))
    }
}

pub(crate) fn anonymous() -> Arc<User> {
    let groups = vec!["system:unauthenticated".to_owned()];
    Arc::new(User { name: "system:anonymous".to_owned(), groups, ..User::default() })
}

/// Says that they are known, once (`AuthenticatedGroupAdder`).
fn authenticated(groups: &mut Vec<String>) {
    let is_said =
        |group: &String| ["system:authenticated", "system:unauthenticated"].contains(&group.as_str());
    if !groups.iter().any(is_said) {
        groups.push("system:authenticated".to_owned());
    }
}

/// The rows of a file of static tokens.
pub(crate) fn static_tokens(file: &str) -> Result<BTreeMap<String, User>, ServerError> {
    let rows = read_unrestricted_static_tokens(file)
        .map_err(|why| ServerError::StaticTokens(Box::new(why.into())))?;
    let user = |row: &StaticToken| User {
        name: row.user().to_string(),
        uid: row.uid().to_owned(),
        groups: row.groups().iter().map(ToString::to_string).collect(),
        extra: BTreeMap::new(),
    };
    Ok(rows.iter().map(|row| (row.expose_secret().expose_secret().to_owned(), user(row))).collect())
}
