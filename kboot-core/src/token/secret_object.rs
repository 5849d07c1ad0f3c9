//! The Secret of a bootstrap token, written and read.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{BootstrapToken, TokenError, TokenId, TokenSettings, TokenUsage};
use crate::secret::SecretText;
use crate::shown::{EXCERPT, cut};
use crate::time::Timestamp;

const NAME_PREFIX: &str = "bootstrap-token-";

/// The Secret `bootstrap-token-ID` in `kube-system` (`cluster-bootstrap/token/api/types.go`).
///
/// ```
/// use kboot_core::{Env, token::{BootstrapToken, TokenSecret, TokenSettings}};
/// let token: BootstrapToken = "abcdef.0123456789abcdef".parse()?;
/// let secret = token.secret(&TokenSettings::new())?;
/// let (again, settings) = TokenSecret::read(secret.to_yaml()?.expose_secret())?;
/// assert!(again.equals(&token));
/// # Ok::<(), kboot_core::token::TokenError>(())
/// ```
pub struct TokenSecret {
    name: String,
    data: BTreeMap<&'static str, SecretText>,
}

impl TokenSecret {
    pub(crate) const TYPE: &str = "bootstrap.kubernetes.io/token";
    pub(crate) const NAMESPACE: &str = "kube-system";

    pub(super) fn new(token: &BootstrapToken, settings: &TokenSettings) -> Result<Self, TokenError> {
        settings.check()?;
        let mut data = BTreeMap::new();
        let mut put = |key, value: String| data.insert(key, SecretText::new(value));
        put("token-id", token.id().to_string());
        put("token-secret", token.secret_half().expose_secret().to_owned());
        for (usage, key) in usage_keys() {
            if settings.allows(usage) {
                put(key, "true".to_owned());
            }
        }
        if let Some(expiration) = settings.expiration() {
            put("expiration", expiration.to_string());
        }
        if !settings.description().is_empty() {
            put("description", settings.description().to_owned());
        }
        let groups = settings.groups();
        if !groups.is_empty() {
            put("auth-extra-groups", groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
        }
        Ok(Self { name: format!("{NAME_PREFIX}{}", token.id()), data })
    }

    /// The object as YAML, its values as plain text under `stringData`.
    ///
    /// # Errors
    /// [`TokenError::Secret`] where the text cannot be made.
    pub fn to_yaml(&self) -> Result<SecretText, TokenError> {
        crate::document::yaml::write(&self.object()).map(SecretText::new).map_err(|_| unwritable())
    }

    /// The object as JSON.
    ///
    /// # Errors
    /// [`TokenError::Secret`] where the text cannot be made.
    pub fn to_json(&self) -> Result<SecretText, TokenError> {
        let mut text = serde_json::to_string_pretty(&self.object()).map_err(|_| unwritable())?;
        text.push('\n');
        Ok(SecretText::new(text))
    }

    fn object(&self) -> Value {
        let data: BTreeMap<_, _> =
            self.data.iter().map(|(key, value)| (*key, value.expose_secret())).collect();
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": self.name, "namespace": Self::NAMESPACE},
            "type": Self::TYPE,
            "stringData": data,
        })
    }

    /// Reads a Secret in YAML or JSON, values under `data` (base64) or `stringData`, with every rule
    /// of upstream's authenticator, and refuses what upstream would silently take for "no".
    ///
    /// # Errors
    /// [`TokenError`] naming the field; no value of the token is shown.
    pub fn read(text: &str) -> Result<(BootstrapToken, TokenSettings), TokenError> {
        let object = crate::document::yaml::parse(text).map_err(|problem| wrong("(document)", problem))?;
        let expect = |pointer: &str, field: &str, wanted: &str| match object
            .pointer(pointer)
            .and_then(Value::as_str)
        {
            Some(found) if found == wanted => Ok(()),
            _ => Err(wrong(field, format!("must be {wanted}"))),
        };
        expect("/apiVersion", "apiVersion", "v1")?;
        expect("/kind", "kind", "Secret")?;
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
        let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
        Self::interpret(text("/type"), namespace, name, &values(&object)?)
    }

    /// What a Secret says, whatever form it was read from.
    pub(crate) fn interpret(
        secret_type: Option<&str>,
        namespace: Option<&str>,
        name: Option<&str>,
        data: &BTreeMap<String, SecretText>,
    ) -> Result<(BootstrapToken, TokenSettings), TokenError> {
        let expect = |field: &str, found: Option<&str>, wanted: &str| {
            if found == Some(wanted) { Ok(()) } else { Err(wrong(field, format!("must be {wanted}"))) }
        };
        expect("type", secret_type, Self::TYPE)?;
        expect("metadata.namespace", namespace, Self::NAMESPACE)?;
        let required = |key: &str| data.get(key).ok_or_else(|| wrong(&format!("data.{key}"), "is missing"));
        let id: TokenId = required("token-id")?.expose_secret().parse()?;
        expect("metadata.name", name, &format!("{NAME_PREFIX}{id}"))?;
        let whole = SecretText::new(format!("{id}.{}", required("token-secret")?.expose_secret()));
        let token: BootstrapToken = whole.expose_secret().parse()?;

        let text_of =
            |key: &str| data.get(key).map(SecretText::expose_secret).filter(|text| !text.is_empty());
        let expiration = text_of("expiration")
            .map(|text| text.parse::<Timestamp>().map_err(|e| wrong("data.expiration", e.to_string())))
            .transpose()?;
        let mut usages = Vec::new();
        for (usage, key) in usage_keys() {
            match text_of(key) {
                Some("true") => usages.push(usage),
                None | Some("false") => {}
                Some(_) => return Err(wrong(&format!("data.{key}"), "must be exactly true or false")),
            }
        }
        let mut settings = TokenSettings::new()
            .with_expiration(expiration)
            .with_usages(&usages)
            .without_groups()
            .with_description(text_of("description").unwrap_or_default());
        // Upstream splits at commas without trimming, and one wrong group fails the whole login.
        for group in text_of("auth-extra-groups").map(|text| text.split(',')).into_iter().flatten() {
            settings = settings.with_group(group.parse()?);
        }
        settings.check()?;
        Ok((token, settings))
    }

    #[cfg(feature = "k8s-openapi")]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    #[cfg(feature = "k8s-openapi")]
    pub(crate) fn data(&self) -> impl Iterator<Item = (&'static str, &SecretText)> {
        self.data.iter().map(|(key, value)| (*key, value))
    }
}

fn usage_keys() -> [(TokenUsage, &'static str); 2] {
    [
        (TokenUsage::Signing, "usage-bootstrap-signing"),
        (TokenUsage::Authentication, "usage-bootstrap-authentication"),
    ]
}

fn values(object: &Value) -> Result<BTreeMap<String, SecretText>, TokenError> {
    let mut values = BTreeMap::new();
    let entries = |field| object.get(field).and_then(Value::as_object).into_iter().flatten();
    for (key, value) in entries("data") {
        let decoded = value
            .as_str()
            .and_then(|text| STANDARD.decode(text).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| wrong(&format!("data.{}", cut(key, EXCERPT)), "must be base64 of UTF-8 text"))?;
        values.insert(key.clone(), SecretText::new(decoded));
    }
    // The API server lets stringData win.
    for (key, value) in entries("stringData") {
        let text = value
            .as_str()
            .ok_or_else(|| wrong(&format!("stringData.{}", cut(key, EXCERPT)), "must be a text; quote it"))?;
        values.insert(key.clone(), SecretText::new(text.to_owned()));
    }
    Ok(values)
}

fn wrong(field: &str, problem: impl Into<String>) -> TokenError {
    TokenError::Secret { field: field.to_owned(), problem: problem.into() }
}

fn unwritable() -> TokenError {
    wrong("(document)", "it cannot be written")
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, data } = self;
        write!(f, "TokenSecret({name}, {} values [redacted])", data.len())
    }
}

#[cfg(test)]
mod tests {
    use super::TokenSecret;

    #[test]
    fn a_refusal_is_one_line_whatever_the_key() {
        for field in ["data", "stringData"] {
            let text = serde_json::json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bootstrap-token-abcdef", "namespace": "kube-system"},
                "type": "bootstrap.kubernetes.io/token", field: {"a\n\u{7}b": 1},
            });
            let said = TokenSecret::read(&text.to_string()).unwrap_err().to_string();
            assert!(said.contains(r"a\n\u{7}b") && !said.contains(char::is_control), "{said:?}");
        }
    }
}
