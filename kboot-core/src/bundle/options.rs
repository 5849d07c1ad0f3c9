//! What is asked of a plan besides the cluster file.

use super::cluster_identity::ClusterIdentity;
use crate::pki::Progress;
use crate::time::Lifetime;

/// What is asked for besides the cluster file.
///
/// ```
/// use kboot_core::bundle::PlanOptions;
/// let mut options = PlanOptions::default();
/// options.cluster_was = Some("staging@https://10.0.0.1:6443".parse()?);
/// options.renew_before = Some("45d".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct PlanOptions {
    /// The cluster that the folder was built for, where the file's is the same one, renamed or moved; its
    /// authorities and keys stay. Without it another cluster's file is [`BundleError::AnotherCluster`].
    ///
    /// [`BundleError::AnotherCluster`]: super::BundleError::AnotherCluster
    pub cluster_was: Option<ClusterIdentity>,
    /// Whether a new bootstrap token is made, for all nodes. Without it one is made where there is none, and where
    /// the one that is there has ended and a node is new.
    pub new_token: bool,
    /// Certificates that end within this time are renewed, in files, kubeconfigs and Secrets; never beyond their
    /// authority's end. Without it a certificate is made anew once it has ended, and [`PlanNote::CertificatesEnd`]
    /// says which will.
    ///
    /// [`PlanNote::CertificatesEnd`]: super::PlanNote::CertificatesEnd
    pub renew_before: Option<Lifetime>,
    /// Whether what [`renew_before`](Self::renew_before) renews gets a new key as well, which takes the place of the
    /// old one. Authorities and the service account key are not renewed, and a certificate of which every node has a
    /// copy keeps its key.
    pub rekey: bool,
    /// Who is told how many of the certificates are done.
    pub progress: Progress,
}
