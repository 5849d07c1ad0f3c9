//! What is possible and nearly always wrong; each name here is one to search a code base for.

use crate::env::Env;
use crate::identity::{ClientIdentity, IdentityError};
use crate::name::{Group, Username};
use crate::pki::{CertificateAuthority, CertificateTemplate, PkiError};
use crate::time::Lifetime;
use crate::token::{StaticToken, TokenError};
use crate::x509::{Certificate, PrivateKey};

/// Issues a certificate as [`CertificateAuthority::issue`] does, also to a client in `system:masters`: whoever
/// holds its key may do everything in the cluster until it expires, and nobody can take it back.
///
/// # Errors
/// As [`CertificateAuthority::issue`], but for [`PkiError::Unrestricted`].
pub fn issue_unrestricted(
    authority: &CertificateAuthority,
    template: &CertificateTemplate,
    key: &PrivateKey,
    lifetime: Lifetime,
    env: &mut Env,
) -> Result<Certificate, PkiError> {
    authority.issue_even_unrestricted(template, key, lifetime, env)
}

/// An identity that may be in `system:masters`, whom no authorizer ever refuses anything.
///
/// # Errors
/// [`IdentityError`] for what [`ClientIdentity::new`] refuses besides that.
pub fn unrestricted_identity(user: Username, groups: Vec<Group>) -> Result<ClientIdentity, IdentityError> {
    ClientIdentity::even_unrestricted(user, groups)
}

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
