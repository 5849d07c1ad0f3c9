//! Programs that judge.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that is there.
#[derive(Debug, Clone)]
pub struct Oracle {
    program: PathBuf,
}

/// What a program said.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Verdict {
    /// Whether it exited with 0.
    pub accepted: bool,
    /// Its stdout.
    pub stdout: String,
    /// Its stderr.
    pub stderr: String,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.stdout, self.stderr)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test asks its environment what it may skip and where tools are"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Oracle {
    /// The program of this name from `PATH`; none, and a line on stderr, where it is missing.
    ///
    /// # Panics
    /// Where it is missing and `KBOOT_REQUIRE_ORACLES=1` is set.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        let path = variable("PATH").unwrap_or_default();
        Self::find_in(name, std::env::split_paths(&path))
    }

    #[expect(clippy::print_stderr, reason = "a skipped check says so")]
    fn find_in(name: &str, folders: impl Iterator<Item = PathBuf>) -> Option<Self> {
        let found = folders.map(|folder| folder.join(name)).find(|program| program.is_file());
        if found.is_none() {
            assert!(
                variable("KBOOT_REQUIRE_ORACLES").as_deref() != Some("1"),
                "{name} is required and missing"
            );
            eprintln!("SKIPPED: {name} is missing");
        }
        found.map(|program| Self { program })
    }

    /// Runs the program with these arguments in this folder.
    ///
    /// # Panics
    /// Where the program cannot be started.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that cannot run its judge has failed")]
    pub fn run<S: AsRef<OsStr>>(&self, folder: &Path, arguments: &[S]) -> Verdict {
        let output = Command::new(&self.program)
            .args(arguments)
            .current_dir(folder)
            .env_remove("KUBECONFIG")
            .output()
            .expect("the program starts");
        Verdict {
            accepted: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A binary of Kubernetes: from the folder that `KUBEBUILDER_ASSETS` names, of whatever version lies there, else
/// the v1.20.2 from where `scripts/upstream-binaries` puts it.
///
/// # Panics
/// Where it is missing and `KBOOT_REQUIRE_ORACLES=1` is set.
#[must_use]
pub fn upstream_program(name: &str) -> Option<Oracle> {
    let built = cache().map(|cache| cache.join("kubernetes-v1.20.2/bin"));
    Oracle::find_in(name, variable("KUBEBUILDER_ASSETS").map(PathBuf::from).into_iter().chain(built))
}

/// Where the scripts keep what they build.
pub(crate) fn cache() -> Option<PathBuf> {
    variable("KBOOT_CACHE").map(PathBuf::from).or_else(|| {
        let below = |base: String| Path::new(&base).join("kboot");
        variable("XDG_CACHE_HOME")
            .map(below)
            .or_else(|| Some(Path::new(&variable("HOME")?).join(".cache/kboot")))
    })
}
