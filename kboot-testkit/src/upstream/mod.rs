//! Upstream's own programs as a cluster: etcd and kube-apiserver, and kube-controller-manager and a kubelet where they
//! are wanted.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use kboot_testkit::{Identity, upstream::Upstream};
//! let api = Upstream::locate()?.with_controller_manager().start().await?;
//! let admin: kube::Client = api.client(&Identity::admin())?;
//! println!("Kubernetes {} at {}", admin.apiserver_version().await?.git_version, api.url());
//! # Ok(())
//! # }
//! ```
//!
//! Nothing is downloaded: the programs are those of the folder that `KUBEBUILDER_ASSETS` names, else of the cache that
//! `scripts/upstream-binaries` fills, else of `PATH`. All that is started ends with the test, however the test ends.
//! A [`Kubelet`] is for itself: it bootstraps on this cluster or on the server of the test's own process, and needs root
//! and a container runtime that the machine lends it.

mod error;
mod kubelet;
mod launch;
mod locate;
mod machinery;
mod nursery;
mod pki;
mod running;

pub use error::{Located, UpstreamError};
pub use kubelet::{Kubelet, RunningKubelet};
pub use launch::{Program, Upstream};
pub use machinery::{Machinery, RunningMachinery};
pub use running::Running;
