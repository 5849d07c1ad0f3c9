//! Whose folder it is. Two clusters must not come to share authorities because a path was mistyped.

use std::path::Path;

use super::cluster_identity::ClusterIdentity;
use super::error::BundleError;
use super::fs;
use super::member::Member;
use super::place::kubeconfigs_of_people;
use crate::cluster::ClusterSpec;
use crate::component::paths;
use crate::kubeconfig::Kubeconfig;
use crate::pki::Profile;
use crate::x509::Certificate;

impl Member {
    /// Names such as `master-1` are everybody's, so an address counts as well.
    fn is_also(&self, other: &Self) -> bool {
        self.name == other.name && self.addresses.iter().any(|address| other.addresses.contains(address))
    }
}

/// The cluster that a folder was built for.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) identity: ClusterIdentity,
    pub(super) members: Vec<Member>,
}

impl Owner {
    /// Why the file describes another cluster, where it does. A cluster may change its endpoint, and it may
    /// exchange its nodes, but not both at once.
    fn differs(&self, spec: &ClusterSpec) -> Option<&'static str> {
        if *self.identity.name() != spec.name {
            return Some("which has another name");
        }
        let stays = Member::all(spec).iter().any(|new| self.members.iter().any(|old| old.is_also(new)));
        (*self.identity.endpoint() != spec.control_plane_endpoint && !stays)
            .then_some("which has another endpoint and another control plane")
    }
}

/// Refuses another cluster's file, unless the caller names the cluster that this one was.
pub(super) fn check(
    root: &Path,
    recorded: Option<&Owner>,
    spec: &ClusterSpec,
    was: Option<&ClusterIdentity>,
) -> Result<(), BundleError> {
    let found;
    let owner = match recorded {
        Some(owner) => owner,
        None => match find(root)? {
            None => return Ok(()),
            Some(owner) => {
                found = owner;
                &found
            }
        },
    };
    match owner.differs(spec) {
        Some(difference) if was != Some(&owner.identity) => Err(BundleError::AnotherCluster {
            path: root.to_owned(),
            held: Box::new(owner.identity.clone()),
            asked: Box::new(ClusterIdentity::of(spec)),
            difference,
        }),
        _ => Ok(()),
    }
}

/// Whose folder it is where `kboot.json` does not say it, as it did not at first: the administrator's kubeconfig
/// has name and endpoint, the members' certificates have their addresses.
fn find(root: &Path) -> Result<Option<Owner>, BundleError> {
    for path in kubeconfigs_of_people() {
        let Some(bytes) = fs::read(&root.join(path), 0o600)? else { continue };
        // What cannot be read is named where it is used.
        let Ok(kubeconfig) = String::from_utf8_lossy(&bytes).parse::<Kubeconfig>() else { continue };
        let current = kubeconfig.contexts.iter().find(|context| context.name == kubeconfig.current_context);
        let cluster = kubeconfig
            .clusters
            .iter()
            .find(|cluster| current.is_some_and(|context| context.value.cluster == cluster.name));
        let identity =
            cluster.and_then(|cluster| ClusterIdentity::from_parts(&cluster.name, &cluster.value.server));
        if let Some(identity) = identity {
            return Ok(Some(Owner { identity, members: members(root)? }));
        }
    }
    Ok(None)
}

fn members(root: &Path) -> Result<Vec<Member>, BundleError> {
    let mut members = Vec::new();
    for name in fs::folder_names(&root.join("nodes"))? {
        for profile in [Profile::ApiServer, Profile::EtcdServer] {
            let path = root.join(format!("nodes/{name}{}", paths::certificate(profile)));
            if let Some(pem) = fs::read(&path, 0o644)?
                && let Ok(certificate) = Certificate::from_pem(&pem)
            {
                let addresses = certificate.facts().alt_names.ips().to_vec();
                members.push(Member { name: name.clone(), addresses });
            }
        }
    }
    Ok(members)
}
