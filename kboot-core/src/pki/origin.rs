//! Where a certificate or a token comes from.

use std::fmt;

use super::Difference;
use crate::name::NodeName;
use crate::time::{Lifetime, Timestamp};
use crate::token::TokenId;
use crate::x509::Pin;

/// Whether a value was there before or was made now, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third way to come by a value")]
pub enum Origin {
    /// It existed and fits.
    Kept,
    /// It was made.
    Made {
        /// Why the one before did not do, where there was one.
        reason: Option<Replaced>,
    },
}

/// Why a certificate or a token that was there did not do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Replaced {
    /// The certificate has another key than the one that lies beside it.
    KeyMismatch,
    /// There is a key, and no certificate beside it that can be read.
    KeyAlone,
    /// The certificate is not what would be issued now.
    Differs {
        /// How it differs.
        difference: Difference,
    },
    /// It ends within the time before which certificates are renewed ([`Existing::renew_before`](super::Existing)).
    EndsSoon {
        /// The last moment of its life.
        not_after: Timestamp,
        /// The time before which it is renewed.
        within: Lifetime,
        /// The key that it had, where the new one has another.
        old_key: Option<Pin>,
    },
    /// A new token was asked for.
    NewTokenAsked {
        /// The token that was there.
        id: TokenId,
    },
    /// The token has ended.
    TokenExpired {
        /// The token that was there.
        id: TokenId,
        /// When it ended.
        expired: Option<Timestamp>,
        /// The node that needs another.
        new_node: Option<NodeName>,
    },
}

impl fmt::Display for Replaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyMismatch => f.write_str("it does not belong to its key"),
            Self::KeyAlone => f.write_str("there is a key without a readable certificate"),
            Self::Differs { difference } => difference.fmt(f),
            Self::EndsSoon { not_after, within, old_key } => {
                write!(f, "ends on {not_after}, within {within}")?;
                if old_key.is_some() { f.write_str("; with a new key") } else { Ok(()) }
            }
            Self::NewTokenAsked { id } => write!(f, "a new token was asked for in the place of {id}"),
            Self::TokenExpired { id, expired, new_node } => {
                write!(f, "bootstrap token {id} expired")?;
                if let Some(expired) = expired {
                    write!(f, " on {expired}")?;
                }
                new_node.iter().try_for_each(|node| write!(f, ", and {node} is new"))
            }
        }
    }
}
