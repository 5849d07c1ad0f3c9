//! What acts in a cluster by itself: the controllers of kube-controller-manager that bootstrapping meets.
//!
//! Each is a value with one function that looks at what changed and writes what has to be written. It holds no state of
//! the cluster, starts no task and reads no clock but the cluster's, so that a test can move the time.

mod aggregation;
mod approver;
mod authority;
mod bootstrap_signer;
mod csr_cleaner;
mod defaults;
mod garbage;
mod namespace;
mod signer;
mod signers;
#[cfg(test)]
mod tests;
mod token_cleaner;

use std::sync::Arc;

use serde_json::Value;
use time::OffsetDateTime;

use super::attributes::{Attributes, Objects};
use super::resource::Resource;
use super::status::Status;

pub(crate) use self::authority::Authority;

/// A controller of kube-controller-manager that an API server runs beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Controller {
    /// Approves requests for kubelets' client certificates, from who may ask for them (`csrapproving`).
    CsrApproving,
    /// Signs what is approved, for Kubernetes' own signers (`csrsigning`).
    CsrSigning,
    /// Deletes requests that are done, denied, failed or forgotten (`csrcleaner`).
    CsrCleaner,
    /// Deletes bootstrap tokens that have expired (`tokencleaner`).
    TokenCleaner,
    /// Signs the ConfigMap `cluster-info` with bootstrap tokens (`bootstrapsigner`).
    BootstrapSigner,
    /// Deletes what belongs to what is gone (`garbagecollector`).
    GarbageCollector,
    /// Empties namespaces that are being deleted (`namespace`).
    NamespaceLifecycle,
    /// Gives each namespace its service account `default` (`serviceaccount`).
    ServiceAccount,
    /// Gives each namespace the ConfigMap `kube-root-ca.crt` (`root-ca-cert-publisher`).
    RootCaPublisher,
    /// Writes into cluster roles that gather others what those allow (`clusterrole-aggregation`).
    ClusterRoleAggregation,
}

/// What a controller can do. Writes go the way of clients' writes, without admission; `by` is who is said to have
/// written. A write that fails is tried again when something changes.
pub(crate) trait Cluster: Objects {
    fn now(&self) -> OffsetDateTime;
    /// Which kinds can be listed.
    fn resources(&self) -> Vec<Resource>;
    fn create(
        &self,
        by: &str,
        resource: (&str, &str),
        namespace: &str,
        object: Value,
    ) -> Result<Arc<Value>, Status>;
    fn update(
        &self,
        by: &str,
        resource: (&str, &str),
        subresource: &str,
        object: Value,
    ) -> Result<Arc<Value>, Status>;
    fn delete(&self, by: &str, of: &Key, uid: Option<&str>, propagation: Propagation) -> Result<(), Status>;
    fn allowed(&self, attributes: &Attributes) -> bool;
}

/// `propagationPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Propagation {
    Background,
    Foreground,
}

/// Which object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) group: String,
    pub(crate) resource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(group: &str, resource: &str, namespace: &str, name: &str) -> Self {
        let [group, resource, namespace, name] = [group, resource, namespace, name].map(str::to_owned);
        Self { group, resource, namespace, name }
    }

    fn of(group: &str, resource: &str, object: &Value) -> Self {
        let [namespace, name] = ["/metadata/namespace", "/metadata/name"].map(|at| text(object, at));
        Self::new(group, resource, namespace, name)
    }

    fn get(&self, cluster: &dyn Cluster) -> Option<Arc<Value>> {
        cluster.get(&self.group, &self.resource, &self.namespace, &self.name)
    }
}

pub(crate) trait Reconciler: Send + Sync {
    /// Group and resource of what concerns it; none is all there is.
    fn watches(&self) -> &'static [(&'static str, &'static str)];
    /// Looks at one object that changed or is gone, or (`None`) at all: after a start, and when the clock has moved.
    /// Gives back when to be called again if nothing changes.
    fn reconcile(&self, cluster: &dyn Cluster, changed: Option<&Key>) -> Option<OffsetDateTime>;
}

impl Controller {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::CsrApproving,
        Self::CsrSigning,
        Self::CsrCleaner,
        Self::TokenCleaner,
        Self::BootstrapSigner,
        Self::GarbageCollector,
        Self::NamespaceLifecycle,
        Self::ServiceAccount,
        Self::RootCaPublisher,
        Self::ClusterRoleAggregation,
    ];

    /// The controller, of this minor version of Kubernetes; `authority` is the cluster's.
    pub(crate) fn reconciler(self, authority: &Arc<Authority>, minor: u32) -> Box<dyn Reconciler> {
        let authority = Arc::clone(authority);
        match self {
            Self::CsrApproving => Box::new(approver::CsrApproving { minor }),
            Self::CsrSigning => Box::new(signer::CsrSigning { authority, minor }),
            Self::CsrCleaner => Box::new(csr_cleaner::CsrCleaner),
            Self::TokenCleaner => Box::new(token_cleaner::TokenCleaner),
            Self::BootstrapSigner => Box::new(bootstrap_signer::BootstrapSigner),
            Self::GarbageCollector => Box::new(garbage::GarbageCollector),
            Self::NamespaceLifecycle => Box::new(namespace::NamespaceLifecycle),
            Self::ServiceAccount => Box::new(defaults::ServiceAccount),
            Self::RootCaPublisher => Box::new(defaults::RootCaPublisher { authority }),
            Self::ClusterRoleAggregation => Box::new(aggregation::ClusterRoleAggregation),
        }
    }
}

use super::admission::field::text;

const CERTIFICATES: &str = "certificates.k8s.io";
const CSRS: (&str, &str) = (CERTIFICATES, "certificatesigningrequests");
const SECRETS: (&str, &str) = ("", "secrets");
const CONFIG_MAPS: (&str, &str) = ("", "configmaps");
const NAMESPACES: (&str, &str) = ("", "namespaces");
const CERTIFICATE_CONTROLLER: &str = "system:serviceaccount:kube-system:certificate-controller";

/// One object that changed, if it is of this kind and is still there; all of the kind otherwise.
fn concerned(
    cluster: &dyn Cluster,
    (group, resource): (&str, &str),
    changed: Option<&Key>,
) -> Vec<Arc<Value>> {
    match changed {
        Some(key) if (key.group.as_str(), key.resource.as_str()) == (group, resource) => {
            key.get(cluster).into_iter().collect()
        }
        _ => cluster.list(group, resource, ""),
    }
}

fn is_being_deleted(object: &Value) -> bool {
    !text(object, "/metadata/deletionTimestamp").is_empty()
}
