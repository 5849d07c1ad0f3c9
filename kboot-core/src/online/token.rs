//! Bootstrap tokens of a running cluster: listed, made, deleted, and one of them checked.

use std::fmt;
use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::Client;

use super::OnlineError;
use super::fetch::{Call, FIELD_MANAGER, MAX_OBJECT, body_of, each, get, send};
use crate::secret::SecretText;
use crate::time::Timestamp;
use crate::token::{BootstrapGroup, BootstrapToken, TokenError, TokenId, TokenSecret, TokenSettings};

const SECRETS: &str = "/api/v1/namespaces/kube-system/secrets";
/// No cluster has so many tokens.
const MAX_PAGES: usize = 40;

/// A token's Secret, without the token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenInCluster {
    /// The Secret's name: `bootstrap-token-ID`.
    pub name: String,
    /// What the token may do and for how long, or what is wrong with the Secret, so that nobody can use it.
    pub settings: Result<TokenSettings, TokenError>,
}

impl TokenInCluster {
    /// The token's id, if the Secret's name has one.
    #[must_use]
    pub fn id(&self) -> Option<TokenId> {
        self.name.strip_prefix(NAME_PREFIX)?.parse().ok()
    }
}

const NAME_PREFIX: &str = "bootstrap-token-";

/// Every bootstrap token of the cluster, by the Secret's name. Each question may take `limit`.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use kboot_core::online;
///
/// let client = online::connect(None, None).await?;
/// for token in online::token::list(&client, Duration::from_secs(30)).await? {
///     println!("{}", token.name);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`OnlineError`] where the API server does not answer, or does not allow it.
pub async fn list(client: &Client, limit: Duration) -> Result<Vec<TokenInCluster>, OnlineError> {
    let mut found = Vec::new();
    let base = format!("{SECRETS}?fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken");
    let keep = |secret: Secret| {
        let settings = TokenSecret::read_object(&secret).map(|(_, settings)| settings);
        found.push(TokenInCluster { name: secret.metadata.name.unwrap_or_default(), settings });
    };
    each(client, &base, MAX_PAGES, limit, keep).await?;
    Ok(found)
}

/// Makes a token that the cluster takes.
///
/// # Errors
/// [`OnlineError`] where the API server does not answer or does not allow it; with the [status](OnlineError::status) 409
/// where there is a token of this id.
pub async fn create(client: &Client, secret: &TokenSecret, limit: Duration) -> Result<(), OnlineError> {
    let path = format!("{SECRETS}?fieldManager={FIELD_MANAGER}");
    let body = body_of(&Secret::from(secret), &path)?;
    let call = Call::post(path, body);
    send(client, call, MAX_OBJECT, limit).await?.success().map(|_| ())
}

/// Deletes a token; false where there is none of this id.
///
/// # Errors
/// [`OnlineError`] where the API server does not answer, or does not allow it.
pub async fn delete(client: &Client, id: &TokenId, limit: Duration) -> Result<bool, OnlineError> {
    let call = Call::delete(path_of(id));
    match send(client, call, MAX_OBJECT, limit).await?.success() {
        Err(error) if error.is_not_found() => Ok(false),
        answer => answer.map(|_| true),
    }
}

/// What the API server makes of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenCheck {
    /// It lets its bearer in: until this time, in these groups and `system:bootstrappers`.
    Good {
        /// When it ends; none for never.
        expiration: Option<Timestamp>,
        /// The groups that it gives besides.
        groups: Vec<BootstrapGroup>,
    },
    /// It is no token.
    Malformed(TokenError),
    /// The cluster has no token of its id.
    Unknown(TokenId),
    /// The Secret of its name is of another type.
    WrongType {
        /// The Secret's type.
        found: String,
    },
    /// The cluster's token of its id has another secret half.
    WrongSecret,
    /// The Secret of its name is about another token's id.
    WrongId,
    /// It has ended, or its end cannot be read, which is the same.
    Expired {
        /// When; none where the Secret's field is not a time.
        since: Option<Timestamp>,
    },
    /// It may not authenticate: at most, it signs `cluster-info`.
    UsageMissing,
    /// One of its groups is none that a token may give, so nobody gets in with it.
    BadGroup {
        /// The group, cut to its first 64 characters.
        group: String,
    },
}

impl TokenCheck {
    /// A stable word for it: `ok`, `malformed`, `unknown`, `wrong-type`, `wrong-secret`, `wrong-id`, `expired`,
    /// `usage-missing` or `bad-group`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Good { .. } => "ok",
            Self::Malformed(_) => "malformed",
            Self::Unknown(_) => "unknown",
            Self::WrongType { .. } => "wrong-type",
            Self::WrongSecret => "wrong-secret",
            Self::WrongId => "wrong-id",
            Self::Expired { .. } => "expired",
            Self::UsageMissing => "usage-missing",
            Self::BadGroup { .. } => "bad-group",
        }
    }

    /// What the API server makes of a token by the Secret of its name: the steps of `AuthenticateToken` in
    /// `plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go`, in their order.
    ///
    /// ```
    /// use k8s_openapi::api::core::v1::Secret;
    /// use kboot_core::{Env, online::token::TokenCheck, token::{BootstrapToken, TokenSettings}};
    /// let mut env = Env::system();
    /// let token = BootstrapToken::generate(&mut env)?;
    /// let secret = Secret::from(&token.secret(&TokenSettings::new())?);
    /// assert_eq!(TokenCheck::of(&token, Some(&secret), env.now()).code(), "ok");
    /// assert_eq!(TokenCheck::of(&token, None, env.now()).code(), "unknown");
    /// # Ok::<(), kboot_core::token::TokenError>(())
    /// ```
    #[must_use]
    pub fn of(token: &BootstrapToken, secret: Option<&Secret>, now: Timestamp) -> Self {
        let Some(secret) = secret.filter(|secret| secret.metadata.deletion_timestamp.is_none()) else {
            return Self::Unknown(token.id().clone());
        };
        let found = secret.type_.clone().unwrap_or_default();
        if found != TokenSecret::TYPE {
            return Self::WrongType { found };
        }
        let text = |key: &str| {
            let bytes = secret.data.as_ref().and_then(|data| data.get(key));
            bytes.map_or_else(String::new, |bytes| String::from_utf8_lossy(&bytes.0).into_owned())
        };
        if !token.secret_half().equals(&SecretText::new(text("token-secret"))) {
            return Self::WrongSecret;
        }
        if text("token-id") != token.id().as_str() {
            return Self::WrongId;
        }
        let expiration = match text("expiration").as_str() {
            "" => None,
            end => match end.parse::<Timestamp>() {
                Ok(end) if now < end => Some(end),
                end => return Self::Expired { since: end.ok() },
            },
        };
        if text("usage-bootstrap-authentication") != "true" {
            return Self::UsageMissing;
        }
        let mut groups = Vec::new();
        let listed = text("auth-extra-groups");
        for group in listed.split(',').filter(|_| !listed.is_empty()) {
            match group.parse() {
                Ok(group) => groups.push(group),
                Err(_) => return Self::BadGroup { group: crate::shown::excerpt(group) },
            }
        }
        Self::Good { expiration, groups }
    }
}

impl fmt::Display for TokenCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good { expiration, groups } => {
                match expiration {
                    Some(end) => write!(f, "it authenticates until {end}, in system:bootstrappers")?,
                    None => f.write_str("it authenticates for ever, in system:bootstrappers")?,
                }
                groups.iter().try_for_each(|group| write!(f, " and {group}"))
            }
            Self::Malformed(error) => error.fmt(f),
            Self::Unknown(id) => {
                write!(
                    f,
                    "the cluster has no token {id}: it never had, or it has ended and was deleted; make another"
                )
            }
            Self::WrongType { found } => {
                write!(f, "the Secret of its name is of the type {found:?}, not {}", TokenSecret::TYPE)
            }
            Self::WrongSecret => f.write_str(
                "the cluster's token of this id has another secret half: the token is mistyped, or another's",
            ),
            Self::WrongId => f.write_str("the Secret of its name has another token-id"),
            Self::Expired { since: Some(end) } => write!(f, "it ended at {end}; make another"),
            Self::Expired { since: None } => {
                f.write_str("the Secret's expiration is not a time (RFC 3339), which counts as its end")
            }
            Self::UsageMissing => f.write_str(
                "it may not authenticate: its Secret lacks usage-bootstrap-authentication: \"true\"",
            ),
            Self::BadGroup { group } => write!(
                f,
                "nobody gets in with it: {group:?} of auth-extra-groups is not system:bootstrappers: and a name"
            ),
        }
    }
}

/// Says what the cluster makes of a token, from what its Secret holds. The token itself is not sent.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use kboot_core::{Env, online, token::BootstrapToken};
///
/// let client = online::connect(None, None).await?;
/// let (token, now): (BootstrapToken, _) = ("abcdef.0123456789abcdef".parse()?, Env::system().now());
/// println!("{}", online::token::check(&client, &token, now, Duration::from_secs(30)).await?);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`OnlineError`] where the API server does not answer, or does not allow it.
pub async fn check(
    client: &Client,
    token: &BootstrapToken,
    now: Timestamp,
    limit: Duration,
) -> Result<TokenCheck, OnlineError> {
    let secret: Option<Secret> =
        get(client, &path_of(token.id()), MAX_OBJECT, limit).await?.object_if_there()?;
    Ok(TokenCheck::of(token, secret.as_ref(), now))
}

fn path_of(id: &TokenId) -> String {
    format!("{SECRETS}/{NAME_PREFIX}{id}")
}

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;

    use super::*;
    use crate::token::TokenUsage;

    #[test]
    fn each_code_has_its_secret() {
        let token: BootstrapToken = "abcdef.0123456789abcdef".parse().unwrap();
        let now: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        let good = |settings: &TokenSettings| Secret::from(&token.secret(settings).unwrap());
        let code = |change: &dyn Fn(&mut Secret)| {
            let mut secret = good(&TokenSettings::new());
            change(&mut secret);
            TokenCheck::of(&token, Some(&secret), now).code()
        };
        let with = |key: &'static str, value: &'static str| {
            move |secret: &mut Secret| {
                let value = ByteString(value.as_bytes().to_vec());
                secret.data.get_or_insert_default().insert(key.to_owned(), value);
            }
        };
        assert_eq!(code(&|_| ()), "ok");
        assert_eq!(code(&|secret| secret.type_ = Some("Opaque".to_owned())), "wrong-type");
        assert_eq!(code(&with("token-secret", "0123456789abcdee")), "wrong-secret");
        assert_eq!(code(&with("token-id", "abcdee")), "wrong-id");
        assert_eq!(code(&with("expiration", "2026-06-01T12:00:00Z")), "expired");
        assert_eq!(code(&with("expiration", "2026-06-01T12:00:01Z")), "ok");
        assert_eq!(code(&with("expiration", "tomorrow")), "expired");
        assert_eq!(code(&with("usage-bootstrap-authentication", "True")), "usage-missing");
        assert_eq!(
            code(&with("auth-extra-groups", "system:bootstrappers:a, system:bootstrappers:b")),
            "bad-group"
        );
        assert_eq!(code(&with("auth-extra-groups", "")), "ok");
        let signing = good(&TokenSettings::new().with_usages(&[TokenUsage::Signing]));
        assert_eq!(TokenCheck::of(&token, Some(&signing), now).code(), "usage-missing");
        for check in [TokenCheck::of(&token, None, now), TokenCheck::of(&token, Some(&signing), now)] {
            assert!(!format!("{check} {check:?}").contains("0123456789"), "{check:?}");
        }
    }
}
