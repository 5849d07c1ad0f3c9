//! Which authorities an output folder holds, and making those that it does not.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::BundleError;
use super::recorded::Record;
use super::{fs, place};
use crate::cluster::{CaRole, ClusterSpec, ControlPlane};
use crate::component::paths;
use crate::env::Env;
use crate::error::Error;
use crate::pki::{CaSet, CertificateAuthority, ServiceAccountKey, authority_subject, authority_subject_der};
use crate::time::Timestamp;
use crate::x509::{Certificate, PrivateKey};

/// What is there of an authority.
#[derive(Debug)]
enum Found {
    /// All of it.
    Pair(CertificateAuthority),
    /// Its key, from a run that was killed before the certificate was written, or brought to get a new one.
    Key(PrivateKey),
}

/// The private half of a cluster, as far as a folder has it.
#[derive(Debug)]
pub(super) struct FoundAuthorities {
    authorities: Vec<(CaRole, Found)>,
    service_account: Option<ServiceAccountKey>,
}

impl FoundAuthorities {
    /// Reads what a folder has.
    pub(super) fn read(
        root: &Path,
        spec: &ClusterSpec,
        record: &Record,
        now: Timestamp,
    ) -> Result<Self, BundleError> {
        for folder in ["authorities", "authorities/etcd"] {
            fs::check_folder(root, folder)?;
        }
        let mut authorities = Vec::new();
        for &authority in spec.pki.authorities.authorities() {
            if let Some(found) = read_one(root, spec, record, authority, now)? {
                authorities.push((authority, found));
            }
        }
        let path = root.join(place::SERVICE_ACCOUNT);
        let service_account = match fs::read(&path, fs::SECRET)? {
            Some(pem) => {
                let key = PrivateKey::from_pem(&pem).map_err(BundleError::unusable(&path))?;
                Some(ServiceAccountKey::new(key))
            }
            None => None,
        };
        Ok(Self { authorities, service_account })
    }

    /// Makes what is missing.
    pub(super) fn complete(self, root: &Path, spec: &ClusterSpec, env: &mut Env) -> Result<CaSet, Error> {
        let mut pairs = BTreeMap::new();
        for (authority, found) in self.authorities {
            let pair = match found {
                Found::Pair(pair) => pair,
                // A certificate made here is not the one that the control plane has.
                Found::Key(_) if spec.control_plane == ControlPlane::External => continue,
                Found::Key(key) => {
                    let subject = authority_subject(authority, &spec.pki.subject);
                    let path = root.join(place::authority_certificate(authority));
                    CertificateAuthority::with_key(&subject, key, spec.pki.authority_lifetime, env)
                        .map_err(BundleError::unusable(&path))?
                }
            };
            pairs.insert(authority, pair.into());
        }
        Ok(CaSet::complete(spec, pairs, self.service_account, env)?)
    }
}

fn read_one(
    root: &Path,
    spec: &ClusterSpec,
    record: &Record,
    authority: CaRole,
    now: Timestamp,
) -> Result<Option<Found>, BundleError> {
    let certificate_path = root.join(place::authority_certificate(authority));
    let key_path = root.join(place::authority_key(authority));
    let certificate = fs::read(&certificate_path, fs::PUBLIC)?;
    let Some(key) = fs::read(&key_path, fs::SECRET)? else {
        return match certificate {
            Some(_) => Err(BundleError::MissingKey { certificate: certificate_path, key: key_path }),
            None if record.has_authority(authority) => {
                Err(BundleError::LostAuthority { path: certificate_path })
            }
            None => Ok(None),
        };
    };
    let key = PrivateKey::from_pem(&key).map_err(BundleError::unusable(&key_path))?;
    match certificate {
        Some(pem) => {
            let pair = Certificate::only_from_pem(&pem)
                .and_then(|certificate| CertificateAuthority::load(certificate, key, now));
            pair.map(|pair| Some(Found::Pair(pair))).map_err(BundleError::unusable(&certificate_path))
        }
        // A run that was killed between the two, or a renewal under the same name and key.
        None if nodes_have_another_name(root, spec, authority, &certificate_path)? => {
            Err(BundleError::LostAuthority { path: certificate_path })
        }
        None => Ok(Some(Found::Key(key))),
    }
}

/// Whether the authority that nodes have is of another name than a new one would get: an imported one that lost
/// its certificate, which nobody but its maker can make again.
fn nodes_have_another_name(
    root: &Path,
    spec: &ClusterSpec,
    authority: CaRole,
    certificate_path: &Path,
) -> Result<bool, BundleError> {
    let subject = authority_subject_der(authority, &spec.pki.subject)
        .map_err(BundleError::unusable(certificate_path))?;
    for node in fs::folder_names(&root.join("nodes"))? {
        let path = root.join(format!("nodes/{node}{}/{}.crt", paths::PKI, authority.base_name()));
        if let Some(pem) = fs::read(&path, fs::PUBLIC)?
            && let Ok(copy) = Certificate::from_pem(&pem)
        {
            return Ok(copy.facts().subject_name.der() != subject);
        }
    }
    Ok(false)
}
