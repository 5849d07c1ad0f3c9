//! From values to files: the bundle in memory, the plan that compares it with a folder, and the
//! writing.

mod artifact;
#[cfg(feature = "files")]
mod authorities;
mod cluster_identity;
#[cfg(feature = "files")]
mod compare;
#[cfg(feature = "files")]
mod device_name;
#[cfg(feature = "files")]
mod difference;
mod error;
#[cfg(feature = "files")]
mod existing;
#[cfg(feature = "files")]
mod fields;
#[cfg(feature = "files")]
mod fs;
mod install;
mod join;
#[cfg(feature = "files")]
mod kept;
#[cfg(feature = "files")]
mod loose;
mod loose_mode;
mod manifests;
mod member;
#[cfg(feature = "files")]
mod node_changes;
mod node_file;
#[cfg(feature = "files")]
mod note;
#[cfg(feature = "files")]
mod options;
#[cfg(feature = "files")]
mod owner;
mod path;
mod place;
#[cfg(feature = "files")]
mod plan;
mod record;
#[cfg(feature = "files")]
mod recorded;
mod render;
mod step;
#[cfg(feature = "files")]
mod system;
#[cfg(feature = "files")]
mod way;

pub use artifact::{Artifact, Bundle, Content, FileKind, FileOwner, Sensitivity};
pub use cluster_identity::{ClusterIdentity, ClusterIdentityError};
#[cfg(feature = "files")]
pub use difference::{DifferenceLine, FileDifference};
pub use error::BundleError;
#[cfg(feature = "files")]
pub use fs::{FolderLock, write_all_new, write_new};
pub use loose_mode::LooseMode;
#[cfg(feature = "files")]
pub use node_changes::NodeChanges;
pub use node_file::meant_by;
#[cfg(feature = "files")]
pub use note::{ExpiredToken, PlanNote};
#[cfg(feature = "files")]
pub use options::PlanOptions;
pub use path::ArtifactPath;
pub use place::INVENTORY;
#[cfg(feature = "files")]
pub use plan::Plan;
#[cfg(feature = "files")]
pub use recorded::join_tokens;
pub use step::{FieldChange, FileAction, PlanStep, StepReason};
#[cfg(feature = "files")]
pub use system::HAS_MODES;
#[cfg(feature = "files")]
pub use way::{Exposure, exposures};
