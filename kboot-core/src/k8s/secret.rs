//! The Secret of a bootstrap token.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::secret::{SecretBytes, SecretText};
use crate::token::{BootstrapToken, TokenError, TokenSecret, TokenSettings};

/// Values stand under `data`, where readers of the API look. From here on nothing redacts or overwrites them.
///
/// ```
/// use k8s_openapi::api::core::v1::Secret;
/// use kboot_core::{Env, token::{BootstrapToken, TokenSecret, TokenSettings}};
/// let token = BootstrapToken::generate(&mut Env::system())?;
/// let secret = Secret::from(&token.secret(&TokenSettings::new())?);
/// assert_eq!(secret.type_.as_deref(), Some("bootstrap.kubernetes.io/token"));
/// let (again, settings) = TokenSecret::read_object(&secret)?;
/// assert!(again.equals(&token));
/// # Ok::<(), kboot_core::token::TokenError>(())
/// ```
impl From<&TokenSecret> for Secret {
    fn from(secret: &TokenSecret) -> Self {
        let bytes = |value: &SecretText| ByteString(value.expose_secret().as_bytes().to_vec());
        Self {
            metadata: ObjectMeta {
                name: Some(secret.name().to_owned()),
                namespace: Some(TokenSecret::NAMESPACE.to_owned()),
                ..ObjectMeta::default()
            },
            type_: Some(TokenSecret::TYPE.to_owned()),
            data: Some(secret.data().map(|(key, value)| (key.to_owned(), bytes(value))).collect()),
            ..Self::default()
        }
    }
}

impl TokenSecret {
    /// Reads a Secret of the API (feature `k8s-openapi`) with every rule of upstream's authenticator, as
    /// [`TokenSecret::read`] does its text.
    ///
    /// # Errors
    /// [`TokenError::Secret`] for a Secret of another type, namespace or name; [`TokenError`] naming the field
    /// for anything else. No value of the token is shown.
    pub fn read_object(secret: &Secret) -> Result<(BootstrapToken, TokenSettings), TokenError> {
        let mut data = BTreeMap::new();
        for (key, value) in secret.data.iter().flatten() {
            let text = SecretBytes::new(value.0.clone()).into_text();
            let wrong = || TokenError::Secret {
                field: format!("data.{key}"),
                problem: "must be UTF-8 text".to_owned(),
            };
            data.insert(key.clone(), text.ok_or_else(wrong)?);
        }
        // The API server lets stringData win.
        for (key, value) in secret.string_data.iter().flatten() {
            data.insert(key.clone(), SecretText::new(value.clone()));
        }
        let ObjectMeta { namespace, name, .. } = &secret.metadata;
        Self::interpret(secret.type_.as_deref(), namespace.as_deref(), name.as_deref(), &data)
    }
}
