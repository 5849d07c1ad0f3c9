//! Where a certificate or a token comes from.

use std::fmt;

use super::Difference;
use crate::name::NodeName;
use crate::time::Timestamp;
use crate::token::TokenId;

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
