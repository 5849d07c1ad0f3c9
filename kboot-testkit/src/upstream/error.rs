//! What keeps a cluster from starting.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why upstream's programs do not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// Programs that are nowhere.
    #[error("{}; looked into {looked}; scripts/upstream-binaries and scripts/api-machinery of the repository build them, setup-envtest downloads them, and KUBEBUILDER_ASSETS names the folder that they are in", missing.join(" and "))]
    Missing {
        /// Each with where it was looked for.
        missing: Vec<String>,
        /// The folders, in order.
        looked: Located,
    },
    /// A program that does not say its version.
    #[error("{} says of its version {said:?}, which is not one of Kubernetes", program.display())]
    Version {
        /// The program.
        program: PathBuf,
        /// What it said, cut to its first 200 characters.
        said: String,
    },
    /// A program that is too old for what it is to do.
    #[error("{} is etcd 3.{minor}; {needs}", program.display())]
    TooOld {
        /// The program.
        program: PathBuf,
        /// Its minor version.
        minor: u32,
        /// What is needed, and for what.
        needs: &'static str,
    },
    /// The operating system refused something.
    #[error("{doing}")]
    System {
        /// What was to be done.
        doing: String,
        /// Why it was refused.
        source: io::Error,
    },
    /// A program ended, or was not ready in time.
    #[error("{program} {problem}; the end of its log:\n{log}")]
    NotReady {
        /// The program's name.
        program: &'static str,
        /// What happened.
        problem: String,
        /// The last lines of what it wrote.
        log: String,
    },
    /// A certificate, a kubeconfig, a client or a token could not be made.
    #[error("{what}: {source}")]
    Credentials {
        /// Whose.
        what: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// etcd did not do what it was asked.
    #[error("etcd: {0}")]
    Etcd(String),
}

/// Folders in which a program was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located(pub(super) Vec<PathBuf>);

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folders: Vec<_> = self.0.iter().map(|folder| folder.display().to_string()).collect();
        f.write_str(&folders.join(", "))
    }
}

impl UpstreamError {
    pub(super) fn system(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::System { doing, source }
    }

    pub(super) fn credentials<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        what: impl Into<String>,
    ) -> impl FnOnce(E) -> Self {
        let what = what.into();
        move |error| Self::Credentials { what, source: error.into() }
    }
}
