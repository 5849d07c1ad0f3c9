//! What an output folder holds already: keys, certificates and tokens.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::Value;

use super::error::BundleError;
use super::kept::kept_tokens;
use super::options::PlanOptions;
use super::place::{STATIC_TOKEN, TOKEN};
use super::recorded::Record;
use super::{fs, loose, owner};
use crate::cluster::ClusterSpec;
use crate::kubeconfig::{Kubeconfig, KubeconfigError};
use crate::pki::row::{FilePair, Location, SecretRow};
use crate::pki::{CertificateId, Existing, wanted_certificates};
use crate::time::Timestamp;
use crate::token::{StaticToken, TokenSecret};
use crate::x509::{Certificate, PrivateKey};

impl Existing {
    /// What an output folder holds of a cluster's keys, certificates and tokens, for a build whose authorities' keys
    /// are elsewhere ([`CaSet::prepare`](crate::CaSet::prepare)). [`Plan`](super::Plan) reads it itself, and wants
    /// those keys in the folder.
    ///
    /// # Errors
    /// [`BundleError`] where something in the folder cannot be used, naming it, and where it is another cluster's.
    pub fn in_folder(spec: &ClusterSpec, root: &Path, now: Timestamp) -> Result<Self, BundleError> {
        loose::check(root, spec)?;
        let record = Record::read(root)?;
        owner::check(root, record.owner.as_ref(), spec, None)?;
        existing(root, spec, &record, &PlanOptions::default(), now)
    }
}

/// The folder's keys, certificates and token, as far as the cluster file asks for them.
pub(super) fn existing(
    root: &Path,
    spec: &ClusterSpec,
    record: &Record,
    options: &PlanOptions,
    now: Timestamp,
) -> Result<Existing, BundleError> {
    let &PlanOptions { cluster_was: _, new_token, renew_before, rekey, ref progress } = options;
    let mut existing =
        Existing { new_token, renew_before, rekey, progress: progress.clone(), ..Existing::default() };
    let path = root.join(TOKEN);
    if let Some(bytes) = fs::read(&path, fs::SECRET)? {
        let text = String::from_utf8_lossy(&bytes);
        let token = TokenSecret::read(&text).map_err(|source| BundleError::Token { path, source })?;
        if !new_token {
            existing.kept_tokens = kept_tokens(root, spec, record.tokens(), &token, now)?;
        }
        existing.token = Some(token);
    }
    let path = root.join(STATIC_TOKEN);
    if let Some(bytes) = fs::read(&path, fs::SECRET)? {
        let rows = StaticToken::read(&String::from_utf8_lossy(&bytes));
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
    match &id.profile.row().location {
        Location::Files(pair) => on_nodes(root, id, |node| files(node, *pair)),
        Location::Kubeconfig { path, files } => on_nodes(root, id, |node| either(node, *files, path)),
        Location::Root(path) => embedded(root.join(path)),
        Location::Secret(row) => secret(&root.join(row.path), row),
        Location::OnRequest => Ok(None),
    }
}

/// Reads what its node has; of one that every node has a copy of, the first that is there stands for all.
fn on_nodes(
    root: &Path,
    id: &CertificateId,
    read: impl Fn(&NodeFolder<'_>) -> Result<Option<Pair>, BundleError>,
) -> Result<Option<Pair>, BundleError> {
    if let Some(node) = &id.node {
        return read(&NodeFolder { root, node: node.as_str() });
    }
    // One that cannot be used is an error only where no other node has it.
    let mut problem = Ok(None);
    // Nodes that left count too: theirs may be the only copy.
    for node in fs::folder_names(&root.join("nodes"))? {
        match read(&NodeFolder { root, node: &node }) {
            Ok(None) => {}
            Ok(found) => return Ok(found),
            Err(error) => problem = Err(error),
        }
    }
    problem
}

/// A node's folder in the output, whose name may be that of no node.
struct NodeFolder<'a> {
    root: &'a Path,
    node: &'a str,
}

impl NodeFolder<'_> {
    /// Where a path of the node lies.
    fn path(&self, on_node: &str) -> PathBuf {
        self.root.join(format!("nodes/{}{on_node}", self.node))
    }
}

fn files(node: &NodeFolder<'_>, files: FilePair) -> Result<Option<Pair>, BundleError> {
    let (key_path, certificate_path) = (node.path(&files.key()), node.path(&files.certificate()));
    let certificate = fs::read(&certificate_path, fs::PUBLIC)?;
    let Some(key) = fs::read(&key_path, fs::SECRET)? else { return Ok(None) };
    let key = PrivateKey::from_pem(&key).map_err(BundleError::unusable(&key_path))?;
    Ok(Some((key, certificate.and_then(|pem| Certificate::from_pem(&pem).ok()))))
}

/// A certificate and a key in files, or in the kubeconfig that would name these files: a cluster file may
/// go from one to the other, and the key stays.
fn either(node: &NodeFolder<'_>, pair: FilePair, kubeconfig: &str) -> Result<Option<Pair>, BundleError> {
    match files(node, pair)? {
        Some(pair) => Ok(Some(pair)),
        None => embedded(node.path(kubeconfig)),
    }
}

fn embedded(path: PathBuf) -> Result<Option<Pair>, BundleError> {
    let Some(bytes) = fs::read(&path, fs::SECRET)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    let pair = text.parse::<Kubeconfig>().and_then(|kubeconfig| kubeconfig.client_certificate());
    match pair {
        Ok((certificate, key)) => Ok(Some((key, Some(certificate)))),
        Err(source) => Err(BundleError::Kubeconfig { path, source }),
    }
}

fn secret(path: &Path, row: &SecretRow) -> Result<Option<Pair>, BundleError> {
    let Some(bytes) = fs::read(path, fs::SECRET)? else { return Ok(None) };
    let malformed = |source| BundleError::Kubeconfig { path: path.to_owned(), source };
    let value = crate::document::yaml::parse(&String::from_utf8_lossy(&bytes))
        .map_err(|problem| malformed(KubeconfigError::Yaml { problem }))?;
    let data = value.get("stringData");
    let text =
        |field: &str| data.and_then(|data| data.get(field)).and_then(Value::as_str).unwrap_or_default();
    let key = PrivateKey::from_pem(text(row.key).as_bytes()).map_err(BundleError::unusable(path))?;
    Ok(Some((key, Certificate::from_pem(text(row.certificate).as_bytes()).ok())))
}
