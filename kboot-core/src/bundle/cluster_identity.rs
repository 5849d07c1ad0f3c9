//! What tells clusters apart.

use std::fmt;
use std::str::FromStr;

use crate::cluster::ClusterSpec;
use crate::name::ClusterName;
use crate::net::ApiEndpoint;
use crate::shown::excerpt;

/// A text that is not a [`ClusterIdentity`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} names no cluster: write NAME@ENDPOINT, for example kubernetes@https://10.0.0.1:6443")]
#[non_exhaustive]
pub struct ClusterIdentityError {
    /// The text, cut to its first 64 characters.
    pub value: String,
}

/// What tells clusters apart: the name, and where the API servers are reached, as `NAME@ENDPOINT`.
///
/// The name alone would not do, as many clusters are called `kubernetes`.
///
/// ```
/// use kboot_core::bundle::ClusterIdentity;
/// let identity: ClusterIdentity = "kubernetes@10.0.0.1".parse()?;
/// assert_eq!(identity.to_string(), "kubernetes@https://10.0.0.1:6443");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterIdentity {
    name: ClusterName,
    endpoint: ApiEndpoint,
}

impl ClusterIdentity {
    /// The identity of the cluster that a file describes.
    #[must_use]
    pub fn of(spec: &ClusterSpec) -> Self {
        Self { name: spec.name.clone(), endpoint: spec.control_plane_endpoint.clone() }
    }

    /// From the texts of its two parts.
    pub(super) fn from_parts(name: &str, endpoint: &str) -> Option<Self> {
        Some(Self { name: name.parse().ok()?, endpoint: endpoint.parse().ok()? })
    }

    /// The cluster's name.
    #[must_use]
    pub fn name(&self) -> &ClusterName {
        &self.name
    }

    /// Where the cluster's API servers are reached.
    #[must_use]
    pub fn endpoint(&self) -> &ApiEndpoint {
        &self.endpoint
    }
}

impl fmt::Display for ClusterIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.endpoint)
    }
}

impl FromStr for ClusterIdentity {
    type Err = ClusterIdentityError;
    fn from_str(text: &str) -> Result<Self, ClusterIdentityError> {
        let parts = text.split_once('@').and_then(|(name, endpoint)| Self::from_parts(name, endpoint));
        parts.ok_or_else(|| ClusterIdentityError { value: excerpt(text) })
    }
}
