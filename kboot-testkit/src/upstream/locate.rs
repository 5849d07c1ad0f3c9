//! Where upstream's programs are.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::{Located, UpstreamError};
use crate::oracle::{cache, variable};

/// What `scripts/upstream-binaries` builds, in the cache.
const KUBERNETES: &str = "kubernetes-v1.20.2";

/// The folder that the environment names.
fn assets() -> Option<PathBuf> {
    variable("KUBEBUILDER_ASSETS").map(PathBuf::from)
}

/// Where programs of Kubernetes may be. A folder that the environment names is the only one: another version would be
/// tested unasked.
pub(super) fn kubernetes_folders() -> Vec<PathBuf> {
    assets().map_or_else(|| own_folders(KUBERNETES), |assets| vec![assets])
}

/// Where etcd may be, which is the same for every version.
pub(super) fn etcd_folders() -> Vec<PathBuf> {
    assets().into_iter().chain(own_folders(KUBERNETES)).collect()
}

/// What a script has built, in the cache, then the machine's own.
pub(super) fn own_folders(cached: &str) -> Vec<PathBuf> {
    let cached = cache().map(|cache| cache.join(cached).join("bin"));
    let path = variable("PATH").unwrap_or_default();
    cached.into_iter().chain(std::env::split_paths(&path)).collect()
}

/// These programs, each from the first of the folders that has it.
pub(super) fn find<const N: usize>(
    names: [&str; N],
    folders: Vec<PathBuf>,
) -> Result<[PathBuf; N], UpstreamError> {
    let found =
        names.map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| is_program(file)));
    let absent = names.iter().zip(&found).filter(|(_, found)| found.is_none());
    let missing: Vec<_> = absent.map(|(name, _)| format!("{name} is missing")).collect();
    if missing.is_empty() {
        Ok(found.map(Option::unwrap_or_default))
    } else {
        Err(UpstreamError::Missing { missing, looked: Located(folders) })
    }
}

fn is_program(file: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    file.is_file()
}

/// The minor version that a program of Kubernetes says.
pub(super) fn minor_of(program: &Path) -> Result<u32, UpstreamError> {
    let said = said(program)?;
    let minor = said.split_once("v1.").and_then(|(_, rest)| rest.split('.').next()?.parse().ok());
    minor.ok_or_else(|| UpstreamError::Version {
        program: program.to_owned(),
        said: said.trim().chars().take(200).collect(),
    })
}

/// The minor version of an etcd 3.
pub(super) fn etcd_minor(program: &Path) -> Result<u32, UpstreamError> {
    let said = said(program)?;
    let minor =
        said.split_once("etcd Version: 3.").and_then(|(_, rest)| rest.split('.').next()?.parse().ok());
    minor.ok_or_else(|| UpstreamError::Version {
        program: program.to_owned(),
        said: said.trim().chars().take(200).collect(),
    })
}

fn said(program: &Path) -> Result<String, UpstreamError> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    let output = output.map_err(UpstreamError::system(format!("{} was to start", program.display())))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_where_it_was_looked_for() {
        let folders = vec![PathBuf::from("/nowhere"), PathBuf::from("/bin")];
        let error = find(["sh", "etcd-9", "kube-apiserver-9"], folders).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "etcd-9 is missing and kube-apiserver-9 is missing; looked into /nowhere, /bin; "
            ),
            "{error}"
        );
        assert!(
            error.contains("scripts/upstream-binaries") && error.contains("KUBEBUILDER_ASSETS"),
            "{error}"
        );
    }

    #[test]
    fn a_program_without_a_version_is_none_of_kubernetes() {
        let error = minor_of(Path::new("/bin/true")).unwrap_err().to_string();
        assert!(error.starts_with("/bin/true says of its version "), "{error}");
    }
}
