//! What an output folder holds already: authorities, keys, certificates and the token.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::Value;

use super::join::kept_tokens;
use super::manifests::{ETCD_CLIENT, METRICS_SERVER, TOKEN};
use super::record::Record;
use super::render::{ADMIN, SERVICE_ACCOUNT, STATIC_TOKEN, SUPER_ADMIN, authority_path};
use super::{ArtifactPath, BundleError, fs};
use crate::cluster::ClusterSpec;
use crate::component::paths::{self, Placement};
use crate::env::Env;
use crate::error::Error;
use crate::kubeconfig::{Kubeconfig, KubeconfigError};
use crate::pki::{
    Authorities, Authority, Certificate, CertificateAuthority, CertificateId, CertificateRole, Existing,
    PkiError, PrivateKey, ServiceAccountKey, authority_subject, wanted_certificates,
};
use crate::time::Timestamp;
use crate::token::{StaticToken, TokenSecret};

const PUBLIC: u32 = 0o644;
const SECRET: u32 = 0o600;

fn unusable(path: &Path) -> impl FnOnce(PkiError) -> BundleError {
    let path = path.to_owned();
    move |source| BundleError::Pki { path, source }
}

/// The folder's authorities; those that are missing are made.
pub(super) fn authorities(
    root: &Path,
    spec: &ClusterSpec,
    record: &Record,
    env: &mut Env,
) -> Result<Authorities, Error> {
    for folder in ["authorities", "authorities/etcd"] {
        fs::check_folder(root, folder)?;
    }
    let mut found = Vec::new();
    for &authority in spec.pki.authorities.authorities() {
        if let Some(pair) = authority_pair(root, spec, record, authority, env)? {
            found.push((authority, pair));
        }
    }
    let path = root.join(SERVICE_ACCOUNT);
    let service_account = match fs::read(&path, SECRET)? {
        Some(pem) => Some(ServiceAccountKey::new(PrivateKey::from_pem(&pem).map_err(unusable(&path))?)),
        None => None,
    };
    let take = |wanted| {
        let place = found.iter().position(|(authority, _)| *authority == wanted)?;
        Some(found.swap_remove(place).1)
    };
    Ok(Authorities::complete(spec, env, take, service_account)?)
}

fn authority_pair(
    root: &Path,
    spec: &ClusterSpec,
    record: &Record,
    authority: Authority,
    env: &mut Env,
) -> Result<Option<CertificateAuthority>, BundleError> {
    let certificate_path = root.join(authority_path(authority, "crt"));
    let key_path = root.join(authority_path(authority, "key"));
    let (certificate, key) = (fs::read(&certificate_path, PUBLIC)?, fs::read(&key_path, SECRET)?);
    let pair = match (certificate, key) {
        (None, None) if record.has_authority(&authority_path(authority, "crt")) => {
            return Err(BundleError::LostAuthority { path: certificate_path });
        }
        (None, None) => return Ok(None),
        (Some(_), None) => {
            return Err(BundleError::MissingKey { certificate: certificate_path, key: key_path });
        }
        (certificate, Some(key)) => {
            let key = PrivateKey::from_pem(&key).map_err(unusable(&key_path))?;
            match certificate {
                Some(pem) => Certificate::only_from_pem(&pem)
                    .and_then(|certificate| CertificateAuthority::load(certificate, key, env.now())),
                // A run that was killed between the two, or a renewal under the same name and key.
                None => {
                    let subject = authority_subject(authority, &spec.pki.subject);
                    let made =
                        CertificateAuthority::with_key(&subject, key, spec.pki.authority_lifetime, env);
                    if let Ok(made) = &made
                        && has_another_name(root, authority, made.certificate())?
                    {
                        return Err(BundleError::LostAuthority { path: certificate_path });
                    }
                    made
                }
            }
        }
    };
    pair.map(Some).map_err(unusable(&certificate_path))
}

/// Whether the authority that nodes have is of another name than this one: an imported one that lost its
/// certificate, which nobody but its maker can make again.
fn has_another_name(root: &Path, authority: Authority, made: &Certificate) -> Result<bool, BundleError> {
    let subject = |certificate: &Certificate| certificate.facts().map(|facts| facts.subject_der).ok();
    for node in fs::folder_names(&root.join("nodes"))? {
        let path = root.join(format!("nodes/{node}{}/{}.crt", paths::PKI, authority.base_name()));
        if let Some(pem) = fs::read(&path, PUBLIC)?
            && let Ok(copy) = Certificate::from_pem(&pem)
        {
            return Ok(subject(&copy) != subject(made));
        }
    }
    Ok(false)
}

/// The folder's keys, certificates and token, as far as the cluster file asks for them.
pub(super) fn existing(
    root: &Path,
    spec: &ClusterSpec,
    record: &Record,
    new_token: bool,
    now: Timestamp,
) -> Result<Existing, Error> {
    let mut existing = Existing { new_token, ..Existing::default() };
    let path = root.join(TOKEN);
    if let Some(bytes) = fs::read(&path, SECRET)? {
        let text = String::from_utf8_lossy(&bytes);
        let token = TokenSecret::read(&text).map_err(|source| BundleError::Token { path, source })?;
        if !new_token {
            existing.kept_tokens = kept_tokens(root, spec, record, &token, now)?;
        }
        existing.token = Some(token);
    }
    let path = root.join(STATIC_TOKEN);
    if let Some(bytes) = fs::read(&path, SECRET)? {
        let rows = StaticToken::read(&String::from_utf8_lossy(&bytes), crate::token::SystemMasters::Refused);
        existing.static_tokens = rows.map_err(|source| BundleError::Token { path, source })?;
    }
    let found = wanted_certificates(spec)
        .into_par_iter()
        .map(|id| Ok(pair(root, &id)?.map(|pair| (id, pair))))
        .collect::<Result<Vec<_>, BundleError>>()?;
    existing.certificates = found.into_iter().flatten().collect();
    Ok(existing)
}

type Pair = (PrivateKey, Option<Certificate>);

fn pair(root: &Path, id: &CertificateId) -> Result<Option<Pair>, BundleError> {
    let on_node = |node, path: &str| ArtifactPath::on_node(node, path).below(root);
    match (&id.node, paths::placement(id.role), id.role) {
        (Some(node), Placement::Files(base), _) => {
            files(&on_node(node, &format!("{base}.key")), &on_node(node, &format!("{base}.crt")))
        }
        (Some(node), Placement::Kubeconfig(path, base), _) => either(
            &on_node(node, &format!("{base}.key")),
            &on_node(node, &format!("{base}.crt")),
            on_node(node, path),
        ),
        (None, _, CertificateRole::Admin) => embedded(root.join(ADMIN)),
        (None, _, CertificateRole::SuperAdmin) => embedded(root.join(SUPER_ADMIN)),
        (None, _, CertificateRole::MetricsServer) => {
            secret(&root.join(METRICS_SERVER), "/stringData/tls.crt", "/stringData/tls.key")
        }
        (None, _, CertificateRole::NetworkEtcdClient) => {
            secret(&root.join(ETCD_CLIENT), "/stringData/etcd-cert", "/stringData/etcd-key")
        }
        // Every node has the same one; the first that is there stands for all.
        (None, Placement::Kubeconfig(path, base), _) => {
            // Nodes that left count too: theirs may be the only copy.
            let copies = fs::folder_names(&root.join("nodes"))?.into_iter().map(|node| {
                let file = |path: &str, ending: &str| root.join(format!("nodes/{node}{path}{ending}"));
                either(&file(base, ".key"), &file(base, ".crt"), file(path, ""))
            });
            // One that cannot be used is an error only where no other node has it.
            let mut problem = Ok(None);
            for copy in copies {
                match copy {
                    Ok(None) => {}
                    Ok(found) => return Ok(found),
                    Err(error) => problem = Err(error),
                }
            }
            problem
        }
        _ => Ok(None),
    }
}

fn files(key_path: &Path, certificate_path: &Path) -> Result<Option<Pair>, BundleError> {
    let certificate = fs::read(certificate_path, PUBLIC)?;
    let Some(key) = fs::read(key_path, SECRET)? else { return Ok(None) };
    let key = PrivateKey::from_pem(&key).map_err(unusable(key_path))?;
    Ok(Some((key, certificate.and_then(|pem| Certificate::from_pem(&pem).ok()))))
}

/// A certificate and a key in files, or in the kubeconfig that would name these files: a cluster file may
/// go from one to the other, and the key stays.
fn either(key: &Path, certificate: &Path, kubeconfig: PathBuf) -> Result<Option<Pair>, BundleError> {
    match files(key, certificate)? {
        Some(pair) => Ok(Some(pair)),
        None => embedded(kubeconfig),
    }
}

fn embedded(path: PathBuf) -> Result<Option<Pair>, BundleError> {
    let Some(bytes) = fs::read(&path, SECRET)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    let pair = text.parse::<Kubeconfig>().and_then(|kubeconfig| kubeconfig.client_certificate());
    match pair {
        Ok((certificate, key)) => Ok(Some((key, Some(certificate)))),
        Err(source) => Err(BundleError::Kubeconfig { path, source }),
    }
}

fn secret(path: &Path, certificate: &str, key: &str) -> Result<Option<Pair>, BundleError> {
    let Some(bytes) = fs::read(path, SECRET)? else { return Ok(None) };
    let malformed = |source| BundleError::Kubeconfig { path: path.to_owned(), source };
    let value = crate::yaml::parse(&String::from_utf8_lossy(&bytes))
        .map_err(|problem| malformed(KubeconfigError::Yaml { problem }))?;
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let key = PrivateKey::from_pem(text(key).as_bytes()).map_err(unusable(path))?;
    Ok(Some((key, Certificate::from_pem(text(certificate).as_bytes()).ok())))
}
