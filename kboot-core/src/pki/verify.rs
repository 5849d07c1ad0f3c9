//! Whether a certificate holds under an authority: webpki, the verifier of rustls, decides.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

use super::profile::ExtendedUsage;
use super::{Certificate, CertificateFacts, PkiError};
use crate::net::AltName;
use crate::time::Timestamp;

/// What a certificate is held against.
///
/// ```
/// use kboot_core::{Env, pki::*, pki::profile::ExtendedUsage};
/// let mut env = Env::system();
/// let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut env)?;
/// let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// let client = authority.issue(&CertificateTemplate::client("jane".parse()?), &key, "1y".parse()?, &mut env)?;
/// let authorities = [authority.certificate().clone()];
/// let mut verification = Verification::new(&authorities, env.now());
/// verification.usage = Some(ExtendedUsage::Client);
/// assert_eq!(verification.objection(&client)?, None);
/// verification.usage = Some(ExtendedUsage::Server);
/// assert!(verification.objection(&client)?.is_some());
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
    pub usage: Option<ExtendedUsage>,
    /// The name at which clients find the server.
    pub name: Option<AltName>,
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
    /// [`PkiError`] where a certificate cannot be decoded.
    pub fn objection(&self, certificate: &Certificate) -> Result<Option<String>, PkiError> {
        let facts = certificate.facts()?;
        if let Some(objection) = self.to_life(&facts) {
            return Ok(Some(objection));
        }
        if facts.is_authority {
            return Ok(Some(
                "it is a certificate authority's, and no client or server takes that from a peer".to_owned(),
            ));
        }
        let sides = match self.usage {
            Some(ExtendedUsage::Client) => vec![KeyUsage::client_auth()],
            Some(ExtendedUsage::Server) => vec![KeyUsage::server_auth()],
            Some(ExtendedUsage::ServerAndClient) => vec![KeyUsage::server_auth(), KeyUsage::client_auth()],
            None if facts.allows_client() => vec![KeyUsage::client_auth()],
            None => vec![KeyUsage::server_auth()],
        };
        let lacks = |side: &str| format!("its usages do not allow it to be a {side}: {}", usages(&facts));
        match self.usage {
            Some(ExtendedUsage::Client | ExtendedUsage::ServerAndClient) if !facts.allows_client() => {
                return Ok(Some(lacks("client")));
            }
            Some(ExtendedUsage::Server | ExtendedUsage::ServerAndClient) if !facts.allows_server() => {
                return Ok(Some(lacks("server")));
            }
            None if !facts.allows_client() && !facts.allows_server() => {
                return Ok(Some(lacks("client or a server")));
            }
            _ => {}
        }
        let usable = match self.usable_authorities()? {
            Ok(usable) => usable,
            Err(objection) => return Ok(Some(objection)),
        };
        let anchors_der: Vec<_> =
            usable.iter().map(|authority| CertificateDer::from(authority.der())).collect();
        let anchors = anchors_der.iter().map(anchor_from_trusted_cert).collect::<Result<Vec<_>, _>>();
        let Ok(anchors) = anchors else { return Err(PkiError::MalformedCertificate) };
        let der = CertificateDer::from(certificate.der());
        let leaf = match EndEntityCert::try_from(&der) {
            Ok(leaf) => leaf,
            Err(error) => return Ok(Some(words(&error))),
        };
        let between = self.usable_intermediates()?;
        let between: Vec<_> = between.iter().map(|c| CertificateDer::from(c.der())).collect();
        let time = u64::try_from(self.now.unix()).unwrap_or(0);
        let time = UnixTime::since_unix_epoch(Duration::from_secs(time));
        for side in sides {
            // webpki takes a trusted certificate's name and key for good; Go and openssl ask it for its path
            // length and its usages too.
            let mut objection = None;
            for (anchor, authority) in anchors.iter().zip(&usable) {
                let anchors = std::slice::from_ref(anchor);
                let chain =
                    leaf.verify_for_usage(ALL_VERIFICATION_ALGS, anchors, &between, time, side, None, None);
                objection = match chain {
                    Ok(path) => {
                        too_narrow(&authority.facts()?, path.intermediate_certificates().count(), side)
                    }
                    Err(error) if objection.is_none() || error != Error::UnknownIssuer => Some(words(&error)),
                    Err(_) => objection,
                };
                if objection.is_none() {
                    break;
                }
            }
            if objection.is_some() {
                return Ok(objection);
            }
        }
        let Some(name) = &self.name else { return Ok(None) };
        let Ok(wanted) = ServerName::try_from(name.to_string()) else {
            return Ok(Some(format!("no server can be found at {name}")));
        };
        match leaf.verify_is_valid_for_subject_name(&wanted) {
            Ok(()) => Ok(None),
            Err(_) if facts.alt_names.is_empty() => {
                Ok(Some(format!("it is not for {name}: it has no alternative names")))
            }
            Err(_) => Ok(Some(format!("it is not for {name}: it is for {}", facts.alt_names))),
        }
    }

    fn to_life(&self, facts: &CertificateFacts) -> Option<String> {
        if facts.validity.not_after < self.now {
            return Some(format!("it expired on {}", facts.validity.not_after));
        }
        (facts.validity.not_before > self.now)
            .then(|| format!("it is not valid before {}", facts.validity.not_before))
    }

    /// Those that may sign; webpki asks them for CA:TRUE, and not for their key usage.
    fn usable_intermediates(&self) -> Result<Vec<&'a Certificate>, PkiError> {
        let mut usable = Vec::new();
        for certificate in self.intermediates {
            let facts = certificate.facts()?;
            if facts.is_authority && facts.may_sign_certificates {
                usable.push(certificate);
            }
        }
        Ok(usable)
    }

    /// webpki takes a trusted certificate's name and key for good, whatever else stands in it.
    fn usable_authorities(&self) -> Result<Result<Vec<&Certificate>, String>, PkiError> {
        let mut usable = Vec::new();
        let mut objection = "there is no authority to verify it with".to_owned();
        for authority in self.authorities {
            let facts = authority.facts()?;
            if !facts.is_authority || !facts.may_sign_certificates {
                objection =
                    format!("the authority {} is not one: it may not sign certificates", facts.subject);
            } else if let Some(problem) = self.to_life(&facts) {
                objection = format!("the authority {} is not valid now: {problem}", facts.subject);
            } else {
                usable.push(authority);
            }
        }
        Ok(if usable.is_empty() { Err(objection) } else { Ok(usable) })
    }
}

/// Whether a trusted authority allows fewer authorities below it, or not this usage.
fn too_narrow(authority: &CertificateFacts, below: usize, side: KeyUsage) -> Option<String> {
    let subject = &authority.subject;
    if authority.path_length.is_some_and(|most| usize::try_from(most).is_ok_and(|most| below > most)) {
        return Some(format!("the authority {subject} allows no further authority below it"));
    }
    let allowed =
        if side == KeyUsage::client_auth() { authority.allows_client() } else { authority.allows_server() };
    (!allowed).then(|| format!("the authority {subject} may not sign for this usage: {}", usages(authority)))
}

fn usages(facts: &CertificateFacts) -> String {
    match &facts.extended_usages {
        Some(usages) => format!("it has {}", usages.join(", ")),
        None => "it has none".to_owned(),
    }
}

fn words(error: &Error) -> String {
    match error {
        Error::UnknownIssuer => "none of the authorities signed it".to_owned(),
        Error::InvalidSignatureForPublicKey => {
            "its signature is not the authority's, though the authority's name is in it".to_owned()
        }
        Error::CertExpired { .. } => "an authority between it and the trusted one has expired".to_owned(),
        Error::CertNotValidYet { .. } => {
            "an authority between it and the trusted one is not valid yet".to_owned()
        }
        Error::UnsupportedCertVersion => "it is not of version 3, and no component takes it".to_owned(),
        Error::UnsupportedCriticalExtension => {
            "it has a critical extension that verifiers do not know".to_owned()
        }
        Error::PathLenConstraintViolated => {
            "there are more authorities above it than one of them allows".to_owned()
        }
        Error::NameConstraintViolation => "an authority above it may not sign for its names".to_owned(),
        Error::RequiredEkuNotFoundContext(_) => {
            "an authority above it may not sign for this usage".to_owned()
        }
        other => format!("the verifier refuses it: {other}"),
    }
}
