//! From values to files: the bundle in memory, the plan that compares it with a folder, and the
//! writing.

mod artifact;
mod authorities;
mod cluster_identity;
mod compare;
mod error;
mod existing;
mod fs;
mod join;
mod manifests;
mod node_file;
mod owner;
mod path;
mod place;
mod plan;
mod record;
mod render;
mod step;
mod way;

pub use artifact::{Artifact, Bundle, Content, FileKind, FileOwner, Sensitivity};
pub use cluster_identity::{ClusterIdentity, ClusterIdentityError};
pub use error::BundleError;
pub use fs::{write_all_new, write_new};
pub use node_file::meant_by;
pub use path::ArtifactPath;
pub use place::INVENTORY;
pub use plan::{ExpiredToken, Plan, PlanNote, PlanOptions};
pub use step::{FileAction, PlanStep, StepReason};
pub use way::{Exposure, exposures};
