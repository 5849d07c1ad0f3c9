//! Files and folders that are open to more people than they should be: all of a folder at once.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::Path;

use super::error::BundleError;
use super::path::ArtifactPath;
use super::{fs, place};
use crate::cluster::{CaRole, ClusterSpec, Node};
use crate::pki::row::Location;
use crate::pki::wanted_certificates;

/// Refuses a folder in which keys, or folders with keys, are open to others, and names all of them: kubeadm's
/// folders are 0755, and a copy of its keys is often 0644.
pub(super) fn check(root: &Path, spec: &ClusterSpec) -> Result<(), BundleError> {
    let mut loose = BTreeMap::new();
    let mut look = |path: &str, is_right: fn(&Metadata) -> bool, allowed| {
        let full = root.join(path);
        // What is missing, cannot be looked at or is something else is for who reads it to say.
        let metadata = std::fs::symlink_metadata(&full).ok().filter(is_right);
        loose.extend(
            metadata
                .and_then(|metadata| fs::loose_mode(&full, &metadata, allowed))
                .map(|found| (full.clone(), found)),
        );
    };
    for (path, allowed) in files(spec) {
        let folders = path.match_indices('/').filter_map(|(end, _)| path.get(..end));
        folders.for_each(|folder| look(folder, Metadata::is_dir, fs::loosest_folder_mode(folder)));
        look(&path, Metadata::is_file, allowed);
    }
    if loose.is_empty() {
        Ok(())
    } else {
        Err(BundleError::LooseMode { found: loose.into_values().collect() })
    }
}

/// The files of a cluster's folder that are read before it is built, and the loosest mode of each.
fn files(spec: &ClusterSpec) -> Vec<(String, u32)> {
    let mut files: Vec<(String, u32)> = Vec::new();
    for authority in CaRole::ALL {
        files.push((place::authority_certificate(authority), fs::PUBLIC));
        files.push((place::authority_key(authority), fs::SECRET));
    }
    let secrets = [place::SERVICE_ACCOUNT, place::STATIC_TOKEN, place::TOKEN];
    files.extend(secrets.map(|path| (path.to_owned(), fs::SECRET)));
    for id in wanted_certificates(spec) {
        let on_nodes = |path: &str, mode| -> Vec<_> {
            let all = spec.nodes.iter().map(Node::name);
            let names = all.filter(|name| id.node.as_ref().is_none_or(|node| node == *name));
            names.map(|name| (ArtifactPath::on_node(name, path).to_string(), mode)).collect()
        };
        match &id.profile.row().location {
            Location::Files(pair) => {
                files.extend(on_nodes(&pair.certificate(), fs::PUBLIC));
                files.extend(on_nodes(&pair.key(), fs::SECRET));
            }
            Location::Kubeconfig { path, .. } => files.extend(on_nodes(path, fs::SECRET)),
            Location::Root(path) => files.push(((*path).to_owned(), fs::SECRET)),
            Location::Secret(secret) => files.push((secret.path.to_owned(), fs::SECRET)),
            Location::OnRequest => {}
        }
    }
    files
}
