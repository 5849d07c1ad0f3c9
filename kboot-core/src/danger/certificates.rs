//! Certificates that nobody should have.

use crate::env::Env;
use crate::identity::{ClientIdentity, IdentityError};
use crate::name::{Group, Username};
use crate::pki::{CertificateAuthority, CertificateTemplate, PkiError};
#[cfg(feature = "rcgen")]
use crate::rcgen::IssuerError;
use crate::time::Lifetime;
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

/// An authority as rcgen's issuer (feature `rcgen`). rcgen checks nothing of what it signs: none of the rules of
/// [`CertificateAuthority::issue`] hold for it, not the one on `system:masters` and not what etcd's authority is for.
///
/// ```
/// use kboot_core::{Env, danger::rcgen_issuer, pki::CertificateAuthority, x509::{Certificate, KeyAlgorithm}};
/// use rcgen::{CertificateParams, KeyPair};
/// let mut env = Env::system();
/// let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut env)?;
/// let issuer = rcgen_issuer(&authority)?;
/// let signed = CertificateParams::new(["worker-1".to_owned()])?.signed_by(&KeyPair::generate()?, &issuer)?;
/// assert!(Certificate::try_from(&signed)?.is_signed_by(authority.certificate()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`IssuerError::Name`] where the subject has two values of a type or a relative name of several parts.
#[cfg(feature = "rcgen")]
pub fn rcgen_issuer(
    authority: &CertificateAuthority,
) -> Result<rcgen::Issuer<'static, &PrivateKey>, IssuerError> {
    crate::rcgen::issuer(authority)
}
