//! Bootstrap tokens: made without bias, compared in constant time, redacted; their settings and their
//! Secret; the join command and its pin. Static tokens, which they took the place of.
//!
//! Source: `staging/src/k8s.io/cluster-bootstrap/token` and
//! `plugin/pkg/auth/authenticator/token/bootstrap` of Kubernetes.

#[cfg(feature = "certificates")]
mod join_command;
mod secret_object;
mod settings;
mod static_token;

use std::fmt;
use std::str::FromStr;

pub use secret_object::TokenSecret;
pub use settings::{BootstrapGroup, TokenSettings, TokenUsage};
pub use static_token::StaticToken;

use crate::env::{Env, RandomUnavailable};
use crate::secret::SecretText;
use crate::time::TimeError;

/// Why a token, its settings or its Secret is not valid. No error shows any of the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The text is not a token.
    #[error("not a bootstrap token: {problem}; write ID.SECRET, 6 and 16 characters of a-z and 0-9")]
    Malformed {
        /// What is wrong.
        problem: &'static str,
    },
    /// The group is not one that a token may give.
    #[error(
        "{value:?} is not a bootstrap group: write system:bootstrappers: and 1 to 256 of a-z, 0-9, ':' and '-', \
         ending in a letter or digit"
    )]
    Group {
        /// The text, cut to its first 64 characters.
        value: String,
    },
    /// The usage is not known.
    #[error("{value:?} is not a usage of a bootstrap token: use signing or authentication")]
    Usage {
        /// The text, cut to its first 64 characters.
        value: String,
    },
    /// Groups without the usage that makes them count.
    #[error("groups need the usage authentication")]
    GroupsWithoutAuthentication,
    /// A token that is good for nothing.
    #[error("a token needs at least one usage: signing or authentication")]
    NoUsage,
    /// Something in the Secret is wrong.
    #[error("the token's Secret is wrong at {field}: {problem}")]
    Secret {
        /// The field's path.
        field: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A static token that cannot be written.
    #[error("not a static token: {problem}")]
    StaticToken {
        /// What is wrong.
        problem: &'static str,
    },
    /// Rows of a file of static tokens that are wrong.
    #[error("not a file of static tokens: {}", listed(problems))]
    StaticTokens {
        /// Each row's line, from 1, and what is wrong with it.
        problems: Vec<(usize, String)>,
    },
    /// A time.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}

fn listed(problems: &[(usize, String)]) -> String {
    let each = problems.iter().map(|(line, problem)| format!("line {line}: {problem}"));
    each.collect::<Vec<_>>().join("; ")
}

const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const ID_LENGTH: usize = 6;
const SECRET_LENGTH: usize = 16;

fn is_token_text(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

/// The public half of a token: safe to log, the name of its Secret, the end of its user name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(String);

impl TokenId {
    /// The six characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenId {
    type Err = TokenError;
    fn from_str(text: &str) -> Result<Self, TokenError> {
        if is_token_text(text, ID_LENGTH) {
            Ok(Self(text.to_owned()))
        } else {
            Err(TokenError::Malformed { problem: "its id is not 6 characters of a-z and 0-9" })
        }
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A bootstrap token.
///
/// ```
/// use kboot_core::{Env, token::BootstrapToken};
/// let token = BootstrapToken::generate(&mut Env::system())?;
/// let again: BootstrapToken = token.expose_secret().expose_secret().parse()?;
/// assert!(token.equals(&again));
/// assert_eq!(format!("{again:?}"), format!("BootstrapToken({}.[redacted])", token.id()));
/// # Ok::<(), kboot_core::token::TokenError>(())
/// ```
pub struct BootstrapToken {
    id: TokenId,
    secret: SecretText,
}

impl BootstrapToken {
    /// Makes a token: every character is drawn evenly from the alphabet (82.7 bits of secret).
    ///
    /// # Errors
    /// [`TokenError::Random`] where there is no randomness.
    pub fn generate(env: &mut Env) -> Result<Self, TokenError> {
        Ok(Self {
            id: TokenId(random_text(env, ID_LENGTH)?),
            secret: SecretText::new(random_text(env, SECRET_LENGTH)?),
        })
    }

    /// The public half.
    #[must_use]
    pub fn id(&self) -> &TokenId {
        &self.id
    }

    /// The whole token, `ID.SECRET`.
    #[must_use]
    pub fn expose_secret(&self) -> SecretText {
        SecretText::new(format!("{}.{}", self.id, self.secret.expose_secret()))
    }

    /// The secret half alone.
    #[must_use]
    pub fn secret_half(&self) -> &SecretText {
        &self.secret
    }

    /// Whether the two are the same token, in constant time.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        self.id == other.id && self.secret.equals(&other.secret)
    }

    /// The user that the API server knows its bearer as: `system:bootstrap:ID`.
    #[must_use]
    pub fn username(&self) -> String {
        format!("system:bootstrap:{}", self.id)
    }

    /// The Secret that makes the API server accept the token.
    ///
    /// # Errors
    /// [`TokenError`] where the settings contradict themselves.
    pub fn secret(&self, settings: &TokenSettings) -> Result<TokenSecret, TokenError> {
        TokenSecret::new(self, settings)
    }
}

impl FromStr for BootstrapToken {
    type Err = TokenError;
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let (id, secret) = text.split_once('.').ok_or(TokenError::Malformed { problem: "it has no dot" })?;
        let id = id.parse()?;
        if !is_token_text(secret, SECRET_LENGTH) {
            return Err(TokenError::Malformed { problem: "its secret is not 16 characters of a-z and 0-9" });
        }
        Ok(Self { id, secret: SecretText::new(secret.to_owned()) })
    }
}

impl fmt::Debug for BootstrapToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, secret: _ } = self;
        write!(f, "BootstrapToken({id}.[redacted])")
    }
}

fn random_text(env: &mut Env, length: usize) -> Result<String, RandomUnavailable> {
    let mut text = String::with_capacity(length);
    let mut buffer = [0_u8; 32];
    while text.len() < length {
        env.fill(&mut buffer)?;
        // 252 is the largest multiple of 36 in a byte: what lies above would favour the first characters.
        let fair = buffer.iter().filter(|&&byte| byte < 252);
        text.extend(fair.take(length - text.len()).map(|byte| char::from(ALPHABET[usize::from(byte % 36)])));
    }
    zeroize::Zeroize::zeroize(&mut buffer);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn malformed_tokens_are_named_without_being_shown() {
        for bad in [
            "",
            "abcdef",
            "abcdef.",
            ".0123456789abcdef",
            "abcde.0123456789abcdef",
            "abcdef.0123456789abcde",
            "abcdef.0123456789abcdefg",
            "ABCDEF.0123456789abcdef",
            "abcdef.0123456789abcdeF",
            "abcdef.0123456789abcdef\n",
            " abcdef.0123456789abcdef",
            "abcdef.0123456789abcde.",
            "abcdéf.0123456789abcde",
        ] {
            let error = bad.parse::<BootstrapToken>().unwrap_err().to_string();
            assert!(!error.contains("0123456789"), "{error} shows the token");
        }
    }

    #[test]
    fn characters_are_drawn_evenly() {
        let mut next = 0_u8;
        let mut env = Env::fixed(Timestamp::EPOCH, move |buffer| {
            for byte in buffer {
                *byte = next;
                next = next.wrapping_add(1);
            }
        });
        // 252 fair bytes in every 256: 7 of each character per cycle.
        let text = random_text(&mut env, 252).unwrap();
        for character in ALPHABET {
            assert_eq!(text.bytes().filter(|byte| byte == character).count(), 7);
        }
    }

    #[test]
    fn equality_is_of_both_halves() {
        let token: BootstrapToken = "abcdef.0123456789abcdef".parse().unwrap();
        assert!(token.equals(&"abcdef.0123456789abcdef".parse().unwrap()));
        assert!(!token.equals(&"abcdef.0123456789abcdee".parse().unwrap()));
        assert!(!token.equals(&"abcdee.0123456789abcdef".parse().unwrap()));
    }
}
