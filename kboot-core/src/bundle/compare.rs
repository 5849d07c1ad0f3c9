//! What a folder holds beside what a bundle says: what happens to each file, and that no key is lost by it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::artifact::{Artifact, Bundle, Content, FileKind};
use super::error::BundleError;
use super::step::{FileAction, PlanStep, StepReason};
use super::{device_name, fields, fs};
use crate::component::changes;
use crate::kubeconfig::{Kubeconfig, Named, User};
use crate::name::NodeName;
use crate::pki::Replaced;
use crate::x509::{Certificate, PrivateKey};

/// What happens to each file of the bundle, in its order.
pub(super) fn steps(root: &Path, bundle: &Bundle) -> Result<Vec<PlanStep>, BundleError> {
    if cfg!(any(windows, kboot_no_unix)) {
        device_name::check(bundle)?;
    }
    fs::check_folders(root, &bundle.artifacts)?;
    let keys = keys_of_nodes(bundle);
    bundle.artifacts.par_iter().map(|artifact| step(root, bundle, &keys, artifact)).collect()
}

fn step(
    root: &Path,
    bundle: &Bundle,
    keys: &KeysOfNodes<'_>,
    artifact: &Artifact,
) -> Result<PlanStep, BundleError> {
    let path = artifact.path.below(root);
    let wanted = artifact.content.expose_bytes();
    let (action, reason) = match fs::read(&path, artifact.mode())? {
        None => (FileAction::Create, None),
        Some(found) if found == wanted || is_same_value(artifact, &found) => (FileAction::Keep, None),
        Some(found) if destroys_key(keys, artifact, &found) => {
            return Err(BundleError::WouldOverwriteKey { path });
        }
        Some(found) => {
            let changed = || match &artifact.content {
                Content::Public(new) => {
                    let old = std::str::from_utf8(&found).ok()?;
                    let changes = changes(artifact.path.as_str(), old, new, bundle.kubernetes_version)?;
                    Some(Arc::new(StepReason::Settings { changes }))
                }
                Content::Secret(_) => None,
            };
            let fields = || {
                let changes = fields::changes(artifact.kind, &found, &artifact.content)?;
                (!changes.is_empty()).then(|| Arc::new(StepReason::Fields { changes }))
            };
            let known = artifact.reason.clone().or_else(changed).or_else(fields);
            let reason = known.unwrap_or_else(|| StepReason::Differs.into());
            (FileAction::Replace, Some(reason))
        }
    };
    Ok(PlanStep { path: artifact.path.clone(), action, reason })
}

/// Whether both are one key or authority in two spellings, PKCS#8 for one: what an operator brought stays.
fn is_same_value(artifact: &Artifact, found: &[u8]) -> bool {
    let wanted = artifact.content.expose_bytes();
    match artifact.kind {
        FileKind::CaKey | FileKind::PrivateKey => same_key(found, wanted),
        FileKind::CaCertificate if artifact.node.is_none() => matches!(
            (Certificate::from_pem(found), Certificate::from_pem(wanted)),
            (Ok(found), Ok(wanted)) if found == wanted
        ),
        FileKind::CaCertificate
        | FileKind::PublicKey
        | FileKind::Certificate
        | FileKind::Kubeconfig
        | FileKind::StaticTokens
        | FileKind::Manifest
        | FileKind::Unit
        | FileKind::Configuration
        | FileKind::InstallScript
        | FileKind::Inventory => false,
    }
}

fn same_key(a: &[u8], b: &[u8]) -> bool {
    match (PrivateKey::from_pem(a), PrivateKey::from_pem(b)) {
        (Ok(a), Ok(b)) => a.public_key() == b.public_key(),
        _ => false,
    }
}

/// Whether replacing the file would lose a private key, or an authority.
fn destroys_key(keys: &KeysOfNodes<'_>, artifact: &Artifact, found: &[u8]) -> bool {
    match artifact.kind {
        FileKind::CaKey => true,
        FileKind::PrivateKey => !PrivateKey::from_pem(found).is_ok_and(|key| is_renewed(artifact, &key)),
        // A node's is a copy.
        FileKind::CaCertificate => artifact.node.is_none(),
        FileKind::Kubeconfig => destroys_credentials(keys, artifact, found),
        // The keys in Secrets were read from there, or the build has stopped.
        FileKind::Manifest
        | FileKind::PublicKey
        | FileKind::Certificate
        | FileKind::StaticTokens
        | FileKind::Unit
        | FileKind::Configuration
        | FileKind::InstallScript
        | FileKind::Inventory => false,
    }
}

/// Whether it is the key that was to be replaced: another one that came there since is not.
fn is_renewed(artifact: &Artifact, found: &PrivateKey) -> bool {
    match artifact.reason.as_deref() {
        Some(StepReason::Replaced(Replaced::EndsSoon { old_key, .. })) => {
            *old_key == Some(found.public_key().pin())
        }
        _ => false,
    }
}

/// Whether replacing a kubeconfig would lose a private key, or somebody's token or password.
fn destroys_credentials(keys: &KeysOfNodes<'_>, artifact: &Artifact, found: &[u8]) -> bool {
    // Every user counts, whether or not the current context leads to it.
    let users = |bytes: &[u8]| {
        let kubeconfig = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<Kubeconfig>().ok());
        kubeconfig.map(|kubeconfig| kubeconfig.users).unwrap_or_default()
    };
    let wanted = users(artifact.content.expose_bytes());
    // A kubeconfig that names its files from now on: the key moves into one of them.
    let has_own_file = |found: &[u8]| {
        let keys = keys.get(&artifact.node.as_ref()).map(Vec::as_slice).unwrap_or_default();
        keys.iter().any(|key| same_key(found, key.content.expose_bytes()))
    };
    let embedded =
        |user: &'_ Named<User>| user.value.client_key_data.as_ref().map(|key| key.expose_secret().to_vec());
    users(found).iter().any(|user| {
        let loses_key = embedded(user).is_some_and(|found| {
            !wanted.iter().filter_map(embedded).any(|wanted| same_key(&found, &wanted))
                && !has_own_file(&found)
                && !PrivateKey::from_pem(&found).is_ok_and(|key| is_renewed(artifact, &key))
        });
        // Someone else's token or password; the own user's token may be a new one.
        let is_stranger = !wanted.iter().any(|wanted| wanted.name == user.name);
        loses_key || (is_stranger && (user.value.token.is_some() || user.value.password.is_some()))
    })
}

/// The private keys that a bundle has as files, by node.
type KeysOfNodes<'a> = HashMap<Option<&'a NodeName>, Vec<&'a Artifact>>;

fn keys_of_nodes(bundle: &Bundle) -> KeysOfNodes<'_> {
    let mut keys = KeysOfNodes::new();
    for artifact in &bundle.artifacts {
        if matches!(artifact.kind, FileKind::CaKey | FileKind::PrivateKey) {
            keys.entry(artifact.node.as_ref()).or_default().push(artifact);
        }
    }
    keys
}
