//! Issuing every certificate of a cluster at once; what exists and still fits is kept.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::cluster::{CertificateId, ClusterPki, Existing, IssueError, Issued, wanted_certificates};
use super::issuer::{Issuer, SerialNumber, serial_number};
use super::join::Joining;
use super::origin::{Origin, Replaced};
use super::row::Scope;
use super::unsigned_pki::{Unsigned, UnsignedPki};
use super::{CaSet, ClusterAuthority, PkiError};
use crate::cluster::{CaRole, ClusterSpec, Node};
use crate::env::Env;
use crate::name::NodeName;
use crate::time::{Lifetime, Timestamp, Validity};
use crate::x509::{Certificate, PrivateKey};

impl CaSet {
    /// Issues every certificate that the cluster file asks for, on all processors.
    ///
    /// # Errors
    /// [`IssueError`] where a certificate or a token cannot be made; [`PkiError::Unsigned`] where an authority's key is
    /// elsewhere, which [`CaSet::prepare`] is for.
    pub fn issue(&self, spec: &ClusterSpec, env: &mut Env) -> Result<ClusterPki, IssueError> {
        self.issue_missing(spec, Existing::default(), env)
    }

    /// Issues what is missing or no longer fits. A key that exists is used again, never replaced.
    ///
    /// # Errors
    /// As [`CaSet::issue`].
    pub fn issue_missing(
        &self,
        spec: &ClusterSpec,
        existing: Existing,
        env: &mut Env,
    ) -> Result<ClusterPki, IssueError> {
        Ok(self.prepare(spec, existing, env)?.complete()?)
    }

    /// Issues what [`CaSet::issue_missing`] does, all but the signatures of authorities whose keys are elsewhere:
    /// [`UnsignedPki::sign_with`] and [`UnsignedPki::sign_with_async`] get them.
    ///
    /// # Errors
    /// [`IssueError`] where a certificate or a token cannot be made; [`PkiError::SignersNeedKey`] where
    /// kube-controller-manager would sign with a key that is elsewhere.
    pub fn prepare(
        &self,
        spec: &ClusterSpec,
        existing: Existing,
        env: &mut Env,
    ) -> Result<UnsignedPki, IssueError> {
        self.signers_key(spec)?;
        let Existing {
            mut certificates,
            token,
            kept_tokens,
            new_token,
            static_tokens,
            renew_before,
            rekey,
            progress,
        } = existing;
        let now = env.now();
        let validity = Validity::starting(now, spec.pki.certificate_lifetime).map_err(PkiError::from)?;
        let waiting = Mutex::default();
        let renewal = renew_before.map(|within| Renewal { within, rekey });
        let issuance = Issuance { authorities: self, spec, now, validity, renewal, waiting: &waiting };
        let nodes: BTreeMap<&NodeName, &Node> = spec.nodes.iter().map(|node| (node.name(), node)).collect();
        let orders = wanted_certificates(spec)
            .into_iter()
            .map(|id| {
                let node = id.node.as_ref().and_then(|name| nodes.get(name)).copied();
                Ok(Order { existing: certificates.remove(&id), serial: serial_number(env)?, node, id })
            })
            .collect::<Result<Vec<_>, PkiError>>()?;
        let count = progress.counter(orders.len());
        let certificates = orders
            .into_par_iter()
            .filter_map(|order| {
                let fulfilled = issuance.fulfil(order).transpose();
                count();
                fulfilled
            })
            .collect::<Result<BTreeMap<_, _>, PkiError>>()?;
        let unsigned = waiting.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Joining { token, kept_tokens, static_tokens } =
            Joining { token: None, kept_tokens, static_tokens }.settle(spec, token, new_token, env)?;
        let pki = ClusterPki { authorities: self.clone(), certificates, token, kept_tokens, static_tokens };
        Ok(UnsignedPki { pki, unsigned })
    }
}

/// What all certificates of a cluster have in common.
struct Issuance<'a> {
    authorities: &'a CaSet,
    spec: &'a ClusterSpec,
    now: Timestamp,
    validity: Validity,
    renewal: Option<Renewal>,
    /// Where what has no signature yet goes.
    waiting: &'a Mutex<BTreeMap<CertificateId, Unsigned>>,
}

/// What is renewed before it ends, and how.
#[derive(Clone, Copy)]
struct Renewal {
    within: Lifetime,
    rekey: bool,
}

/// One certificate that is wanted, and what is there of it.
struct Order<'a> {
    id: CertificateId,
    node: Option<&'a Node>,
    existing: Option<(PrivateKey, Option<Certificate>)>,
    serial: SerialNumber,
}

impl Issuance<'_> {
    /// Why a certificate that is good is renewed; none where it lasts long enough, and where a new one would not last
    /// longer: else every build would make another until the authority has ended.
    fn ends_soon(&self, id: &CertificateId, certificate: &Certificate, issuer: &Issuer) -> Option<Replaced> {
        let Renewal { within, rekey } = self.renewal?;
        let not_after = certificate.validity().not_after;
        let is_soon = not_after.unix() - self.now.unix() < within.seconds();
        let is_longer = self.validity.within(issuer.validity()).not_after > not_after;
        let is_one_key = !matches!(id.profile.row().scope, Scope::AllNodes(_));
        let old_key = (rekey && is_one_key).then(|| certificate.facts().public_key.pin());
        (is_soon && is_longer).then_some(Replaced::EndsSoon { not_after, within, old_key })
    }

    /// The certificate; none where it waits for a signature.
    fn fulfil(&self, order: Order<'_>) -> Result<Option<(CertificateId, Issued)>, PkiError> {
        let Order { id, node, existing, serial } = order;
        let template = id.profile.template_in(self.spec, node)?;
        let role = id.profile.ca().unwrap_or(CaRole::Cluster);
        let authority = self.authorities.get(role);
        let (key, reason) = match existing {
            Some((key, Some(certificate))) => {
                let reason = if certificate.facts().public_key != *key.public_key() {
                    Some(Replaced::KeyMismatch)
                } else {
                    let difference = authority.issuer().differs(&certificate, &template, self.now)?;
                    let differs = difference.map(|difference| Replaced::Differs { difference });
                    differs.or_else(|| self.ends_soon(&id, &certificate, authority.issuer()))
                };
                match reason {
                    None => return Ok(Some((id, Issued { certificate, key, origin: Origin::Kept }))),
                    Some(Replaced::EndsSoon { old_key: Some(_), .. }) => {
                        (PrivateKey::generate(self.spec.pki.key)?, reason)
                    }
                    Some(_) => (key, reason),
                }
            }
            Some((key, None)) => (key, Some(Replaced::KeyAlone)),
            None => (PrivateKey::generate(self.spec.pki.key)?, None),
        };
        let public_key = key.public_key();
        let certificate =
            authority.issuer().prepare_numbered(&template, public_key, self.validity, &serial)?;
        let origin = Origin::Made { reason };
        match authority {
            ClusterAuthority::Here(here) => {
                let certificate = certificate.sign_here(here.key())?;
                Ok(Some((id, Issued { certificate, key, origin })))
            }
            ClusterAuthority::Elsewhere(_) => {
                let role = self.authorities.layout().effective(role);
                let unsigned = Unsigned { certificate, role, key, origin };
                self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id, unsigned);
                Ok(None)
            }
        }
    }
}
