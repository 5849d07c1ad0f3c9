//! What every machine of a cluster has alike: who the control plane runs as, and where things lie.

use crate::name::{FolderPath, UnixName};

/// Whom kube-apiserver, kube-controller-manager and kube-scheduler run as, and who owns the keys that they read.
///
/// ```
/// use kboot_core::cluster::SystemUser;
/// let user = SystemUser { id: Some(200), ..SystemUser::from("kube".parse::<kboot_core::name::UnixName>()?) };
/// assert_eq!(user.group.as_str(), "kube");
/// # Ok::<(), kboot_core::name::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the cluster file's spec.user, field by field")]
pub struct SystemUser {
    /// The user.
    pub name: UnixName,
    /// The user's group.
    pub group: UnixName,
    /// The number of user and group, 1 to 65533; none is the next that is free on each machine.
    pub id: Option<u16>,
}

impl From<UnixName> for SystemUser {
    /// A user with a group of the same name and the next number that is free.
    fn from(name: UnixName) -> Self {
        Self { group: name.clone(), name, id: None }
    }
}

/// Folders of every node. None is the default: `/usr/bin` for programs, and for plug-ins, data and logs what the
/// program that uses them has built in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "the cluster file's spec.folders, field by field")]
pub struct Folders {
    /// Where programs lie, etcd's too.
    pub programs: Option<FolderPath>,
    /// Where the container runtime looks for CNI plug-ins.
    pub cni_plugins: Option<FolderPath>,
    /// The kubelet's data: volumes, pods, plug-ins.
    pub kubelet: Option<FolderPath>,
    /// etcd's data.
    pub etcd: Option<FolderPath>,
    /// A folder for each component's log files, with Kubernetes before 1.26; later versions log to the journal.
    pub logs: Option<FolderPath>,
}
