//! What is possible and nearly always wrong; each name here is one to search a code base for.

#[cfg(feature = "certificates")]
mod certificates;

#[cfg(feature = "rcgen")]
pub use certificates::rcgen_issuer;
#[cfg(feature = "certificates")]
pub use certificates::{issue_unrestricted, unrestricted_identity};

use crate::env::Env;
use crate::name::{Group, Username};
use crate::token::{StaticToken, TokenError};

/// A static token whose user may be in `system:masters`: it has no end, and whoever reads the file has it.
///
/// # Errors
/// As [`StaticToken::generate`], but for that group.
pub fn unrestricted_static_token(
    user: Username,
    uid: &str,
    groups: Vec<Group>,
    env: &mut Env,
) -> Result<StaticToken, TokenError> {
    StaticToken::generate_even_unrestricted(user, uid, groups, env)
}

/// Reads a file of static tokens, some of whose users may be in `system:masters`.
///
/// # Errors
/// As [`StaticToken::read`], but for that group.
pub fn read_unrestricted_static_tokens(text: &str) -> Result<Vec<StaticToken>, TokenError> {
    StaticToken::read_even_unrestricted(text)
}
