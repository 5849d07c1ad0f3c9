//! Whether a certificate holds under an authority: webpki, the verifier of rustls, decides.

use std::fmt;
use std::time::Duration;

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

use super::{Certificate, CertificateFacts, ExtendedKeyUsage, SubjectAltNames, TlsUsage, X509Error};
use crate::net::Host;
use crate::time::Timestamp;

/// What a certificate is held against.
///
/// ```
/// use kboot_core::{Env, pki::*};
/// use kboot_core::x509::{KeyAlgorithm, PrivateKey, TlsUsage, Verification, VerificationFailure};
/// let mut env = Env::system();
/// let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut env)?;
/// let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// let client = authority.issue(&CertificateTemplate::client("jane".parse()?), &key, "1y".parse()?, &mut env)?;
/// let authorities = [authority.certificate().clone()];
/// let mut verification = Verification::new(&authorities, env.now());
/// verification.usage = Some(TlsUsage::Client);
/// assert_eq!(verification.objection(&client)?, None);
/// verification.usage = Some(TlsUsage::Server);
/// let failure = verification.objection(&client)?;
/// assert!(matches!(failure, Some(VerificationFailure::Usage { .. })), "{failure:?}");
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Verification<'a> {
    /// The authorities that are trusted.
    pub authorities: &'a [Certificate],
    /// Authorities that the trusted ones signed.
    pub intermediates: &'a [Certificate],
    /// What it is to be good for; without it, for a client or a server.
    pub usage: Option<TlsUsage>,
    /// The name at which clients find the server.
    pub name: Option<Host>,
    /// The time.
    pub now: Timestamp,
}

impl<'a> Verification<'a> {
    /// Under these authorities, for any usage, at this time.
    #[must_use]
    pub fn new(authorities: &'a [Certificate], now: Timestamp) -> Self {
        Self { authorities, intermediates: &[], usage: None, name: None, now }
    }

    /// Why the certificate does not hold; none where it does.
    ///
    /// # Errors
    /// [`X509Error::MalformedCertificate`] for an authority that the verifier cannot read.
    pub fn objection(&self, certificate: &Certificate) -> Result<Option<VerificationFailure>, X509Error> {
        let facts = certificate.facts();
        if let Some(lifetime) = self.outside_of_life(facts) {
            return Ok(Some(VerificationFailure::Lifetime(lifetime)));
        }
        if facts.is_authority {
            return Ok(Some(VerificationFailure::IsAuthority));
        }
        if let Some(wanted) = self.missing_usage(facts) {
            let has = facts.extended_usages.clone();
            return Ok(Some(VerificationFailure::Usage { wanted, has }));
        }
        let usable = match self.usable_authorities() {
            Ok(usable) => usable,
            Err(failure) => return Ok(Some(*failure)),
        };
        let anchors_der: Vec<_> =
            usable.iter().map(|authority| CertificateDer::from(authority.der())).collect();
        let anchors = anchors_der.iter().map(anchor_from_trusted_cert).collect::<Result<Vec<_>, _>>();
        let Ok(anchors) = anchors else { return Err(X509Error::MalformedCertificate) };
        let der = CertificateDer::from(certificate.der());
        let leaf = match EndEntityCert::try_from(&der) {
            Ok(leaf) => leaf,
            Err(error) => return Ok(Some(VerificationFailure::of(error))),
        };
        let between: Vec<_> = self.usable_intermediates().map(|c| CertificateDer::from(c.der())).collect();
        let time = u64::try_from(self.now.unix()).unwrap_or(0);
        let time = UnixTime::since_unix_epoch(Duration::from_secs(time));
        for side in self.sides(facts) {
            // webpki takes a trusted certificate's name and key for good; Go and openssl ask it for its path
            // length and its usages too.
            let mut failure = None;
            for (anchor, authority) in anchors.iter().zip(&usable) {
                let anchors = std::slice::from_ref(anchor);
                let chain =
                    leaf.verify_for_usage(ALL_VERIFICATION_ALGS, anchors, &between, time, side, None, None);
                failure = match chain {
                    Ok(path) => too_narrow(authority.facts(), path.intermediate_certificates().count(), side),
                    Err(error) if failure.is_none() || error != Error::UnknownIssuer => {
                        Some(VerificationFailure::of(error))
                    }
                    Err(_) => failure,
                };
                if failure.is_none() {
                    break;
                }
            }
            if failure.is_some() {
                return Ok(failure);
            }
        }
        let Some(name) = &self.name else { return Ok(None) };
        let Ok(wanted) = ServerName::try_from(name.to_string()) else {
            return Ok(Some(VerificationFailure::NoServerName { name: name.clone() }));
        };
        Ok(leaf
            .verify_is_valid_for_subject_name(&wanted)
            .err()
            .map(|_| VerificationFailure::Name { wanted: name.clone(), has: facts.alt_names.clone() }))
    }

    fn outside_of_life(&self, facts: &CertificateFacts) -> Option<OutsideOfLife> {
        let validity = facts.validity;
        if validity.not_after < self.now {
            return Some(OutsideOfLife::Expired { not_after: validity.not_after });
        }
        (validity.not_before > self.now)
            .then_some(OutsideOfLife::NotYetValid { not_before: validity.not_before })
    }

    /// What of the wanted usage the certificate does not allow; where none is wanted, it allows neither.
    fn missing_usage(&self, facts: &CertificateFacts) -> Option<Option<TlsUsage>> {
        let (client, server) = (facts.allows_client(), facts.allows_server());
        match self.usage {
            Some(TlsUsage::Client | TlsUsage::ServerAndClient) if !client => Some(Some(TlsUsage::Client)),
            Some(TlsUsage::Server | TlsUsage::ServerAndClient) if !server => Some(Some(TlsUsage::Server)),
            None if !client && !server => Some(None),
            _ => None,
        }
    }

    fn sides(&self, facts: &CertificateFacts) -> Vec<KeyUsage> {
        match self.usage {
            Some(TlsUsage::Client) => vec![KeyUsage::client_auth()],
            Some(TlsUsage::Server) => vec![KeyUsage::server_auth()],
            Some(TlsUsage::ServerAndClient) => vec![KeyUsage::server_auth(), KeyUsage::client_auth()],
            None if facts.allows_client() => vec![KeyUsage::client_auth()],
            None => vec![KeyUsage::server_auth()],
        }
    }

    /// Those that may sign; webpki asks them for CA:TRUE, and not for their key usage.
    fn usable_intermediates(&self) -> impl Iterator<Item = &'a Certificate> {
        self.intermediates.iter().filter(|one| one.facts().is_authority && one.facts().may_sign_certificates)
    }

    /// webpki takes a trusted certificate's name and key for good, whatever else stands in it.
    fn usable_authorities(&self) -> Result<Vec<&Certificate>, Box<VerificationFailure>> {
        let mut usable = Vec::new();
        let mut failure = VerificationFailure::NoAuthority;
        for authority in self.authorities {
            let facts = authority.facts();
            let subject = || facts.subject.clone();
            if !facts.is_authority || !facts.may_sign_certificates {
                failure = VerificationFailure::NotAnAuthority { subject: subject() };
            } else if let Some(lifetime) = self.outside_of_life(facts) {
                failure = VerificationFailure::AuthorityLifetime { subject: subject(), lifetime };
            } else {
                usable.push(authority);
            }
        }
        if usable.is_empty() { Err(Box::new(failure)) } else { Ok(usable) }
    }
}

/// Whether a trusted authority allows fewer authorities below it, or not this usage.
fn too_narrow(authority: &CertificateFacts, below: usize, side: KeyUsage) -> Option<VerificationFailure> {
    let subject = || authority.subject.clone();
    if authority.path_length.is_some_and(|most| usize::try_from(most).is_ok_and(|most| below > most)) {
        return Some(VerificationFailure::AuthorityPathLength { subject: subject() });
    }
    let allowed =
        if side == KeyUsage::client_auth() { authority.allows_client() } else { authority.allows_server() };
    (!allowed).then(|| VerificationFailure::AuthorityUsage {
        subject: subject(),
        has: authority.extended_usages.clone(),
    })
}

/// On which side of a certificate's life a time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "before and after")]
pub enum OutsideOfLife {
    /// After it.
    Expired {
        /// The last moment.
        not_after: Timestamp,
    },
    /// Before it.
    NotYetValid {
        /// The first moment.
        not_before: Timestamp,
    },
}

impl fmt::Display for OutsideOfLife {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { not_after } => write!(f, "it expired on {not_after}"),
            Self::NotYetValid { not_before } => write!(f, "it is not valid before {not_before}"),
        }
    }
}

/// Why a certificate does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerificationFailure {
    /// It has expired or is not valid yet.
    Lifetime(OutsideOfLife),
    /// It is an authority's own.
    IsAuthority,
    /// Its extended usages do not allow what is wanted.
    Usage {
        /// The end of a connection that is wanted; none where either would do.
        wanted: Option<TlsUsage>,
        /// The usages that it has.
        has: Option<Vec<ExtendedKeyUsage>>,
    },
    /// No authority was given.
    NoAuthority,
    /// What was given as the authority may not sign.
    NotAnAuthority {
        /// Its subject.
        subject: String,
    },
    /// The authority has expired or is not valid yet.
    AuthorityLifetime {
        /// Its subject.
        subject: String,
        /// On which side.
        lifetime: OutsideOfLife,
    },
    /// The authority allows fewer authorities below it.
    AuthorityPathLength {
        /// Its subject.
        subject: String,
    },
    /// The authority may not sign for the usage.
    AuthorityUsage {
        /// Its subject.
        subject: String,
        /// The usages that it has.
        has: Option<Vec<ExtendedKeyUsage>>,
    },
    /// None of the authorities signed it.
    UnknownIssuer,
    /// An authority has the issuer's name and did not sign it.
    WrongSignature,
    /// An authority between it and the trusted one has expired.
    IntermediateExpired,
    /// An authority between it and the trusted one is not valid yet.
    IntermediateNotYetValid,
    /// It is not of version 3.
    Version,
    /// A critical extension that verifiers do not know.
    CriticalExtension,
    /// More authorities above it than one of them allows.
    PathLength,
    /// An authority above it may not sign for its names.
    NameConstraint,
    /// An authority above it may not sign for the usage.
    IntermediateUsage,
    /// No server can be found at such a name.
    NoServerName {
        /// The name.
        name: Host,
    },
    /// It is for other names.
    Name {
        /// The name that is wanted.
        wanted: Host,
        /// The names that it has.
        has: SubjectAltNames,
    },
    /// Something else that webpki found.
    Other {
        /// What it says.
        verifier: String,
    },
}

impl VerificationFailure {
    /// No `From`: which library verifies is nobody else's business.
    fn of(error: Error) -> Self {
        match error {
            Error::UnknownIssuer => Self::UnknownIssuer,
            Error::InvalidSignatureForPublicKey => Self::WrongSignature,
            Error::CertExpired { .. } => Self::IntermediateExpired,
            Error::CertNotValidYet { .. } => Self::IntermediateNotYetValid,
            Error::UnsupportedCertVersion => Self::Version,
            Error::UnsupportedCriticalExtension => Self::CriticalExtension,
            Error::PathLenConstraintViolated => Self::PathLength,
            Error::NameConstraintViolation => Self::NameConstraint,
            Error::RequiredEkuNotFoundContext(_) => Self::IntermediateUsage,
            other => Self::Other { verifier: other.to_string() },
        }
    }
}

impl fmt::Display for VerificationFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lifetime(lifetime) => lifetime.fmt(f),
            Self::IsAuthority => {
                f.write_str("it is a certificate authority's, and no client or server takes that from a peer")
            }
            Self::Usage { wanted, has } => {
                let side = match wanted {
                    Some(TlsUsage::Client) => "client",
                    Some(TlsUsage::Server) => "server",
                    Some(TlsUsage::ServerAndClient) | None => "client or a server",
                };
                write!(f, "its usages do not allow it to be a {side}: {}", usages(has.as_deref()))
            }
            Self::NoAuthority => f.write_str("there is no authority to verify it with"),
            Self::NotAnAuthority { subject } => {
                write!(f, "the authority {subject} is not one: it may not sign certificates")
            }
            Self::AuthorityLifetime { subject, lifetime } => {
                write!(f, "the authority {subject} is not valid now: {lifetime}")
            }
            Self::AuthorityPathLength { subject } => {
                write!(f, "the authority {subject} allows no further authority below it")
            }
            Self::AuthorityUsage { subject, has } => {
                write!(f, "the authority {subject} may not sign for this usage: {}", usages(has.as_deref()))
            }
            Self::UnknownIssuer => f.write_str("none of the authorities signed it"),
            Self::WrongSignature => {
                f.write_str("its signature is not the authority's, though the authority's name is in it")
            }
            Self::IntermediateExpired => {
                f.write_str("an authority between it and the trusted one has expired")
            }
            Self::IntermediateNotYetValid => {
                f.write_str("an authority between it and the trusted one is not valid yet")
            }
            Self::Version => f.write_str("it is not of version 3, and no component takes it"),
            Self::CriticalExtension => f.write_str("it has a critical extension that verifiers do not know"),
            Self::PathLength => f.write_str("there are more authorities above it than one of them allows"),
            Self::NameConstraint => f.write_str("an authority above it may not sign for its names"),
            Self::IntermediateUsage => f.write_str("an authority above it may not sign for this usage"),
            Self::NoServerName { name } => write!(f, "no server can be found at {name}"),
            Self::Name { wanted, has } if has.is_empty() => {
                write!(f, "it is not for {wanted}: it has no alternative names")
            }
            Self::Name { wanted, has } => write!(f, "it is not for {wanted}: it is for {has}"),
            Self::Other { verifier } => write!(f, "the verifier refuses it: {verifier}"),
        }
    }
}

fn usages(usages: Option<&[ExtendedKeyUsage]>) -> String {
    match usages {
        Some(usages) => {
            let usages: Vec<String> = usages.iter().map(ToString::to_string).collect();
            format!("it has {}", usages.join(", "))
        }
        None => "it has none".to_owned(),
    }
}
