//! Relative paths in a kubeconfig, which count from the folder that the file is in (`clientcmd/loader.go`).

use std::path::{Component, Path, PathBuf};

use super::{Kubeconfig, KubeconfigError};

/// The path as a reader of a file in `folder` follows it: joined and cleaned as Go's `filepath.Join` does,
/// that is by its text, without a look at links.
pub(super) fn resolved(folder: &Path, path: &str) -> PathBuf {
    if Path::new(path).is_absolute() {
        return PathBuf::from(path);
    }
    let mut clean = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(clean.components().next_back(), Some(Component::Normal(_))) => {
                clean.pop();
            }
            Component::ParentDir if clean.has_root() => {}
            part => clean.push(part),
        }
    }
    clean
}

impl Kubeconfig {
    /// Makes every relative path absolute, so that the configuration means the same in another folder.
    /// `folder` is the one that its file is in. A command of an exec plug-in is a path only where it has a
    /// separator; without one it is looked up in `PATH`.
    ///
    /// # Errors
    /// [`KubeconfigError::Folder`] where the folder is relative or not UTF-8.
    pub fn resolve_paths(&mut self, folder: &Path) -> Result<(), KubeconfigError> {
        let unusable = || KubeconfigError::Folder { folder: folder.to_owned() };
        if !folder.is_absolute() {
            return Err(unusable());
        }
        let of_clusters =
            self.clusters.iter_mut().filter_map(|entry| entry.value.certificate_authority.as_mut());
        let of_users = self.users.iter_mut().flat_map(|entry| {
            let user = &mut entry.value;
            let command = user.exec.as_mut().map(|exec| &mut exec.command);
            let files = [&mut user.client_certificate, &mut user.client_key, &mut user.token_file];
            let files = files.into_iter().filter_map(Option::as_mut);
            files.chain(command.filter(|command| command.contains('/')))
        });
        for path in of_clusters.chain(of_users).filter(|path| !path.is_empty()) {
            *path = resolved(folder, path).into_os_string().into_string().map_err(|_| unusable())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_count_from_the_folder_of_the_file() {
        for (path, wanted) in [
            ("ca.crt", "/etc/kubernetes/ca.crt"),
            ("./pki/../ca.crt", "/etc/kubernetes/ca.crt"),
            ("../../../ca.crt", "/ca.crt"),
            ("/pki/../ca.crt", "/pki/../ca.crt"),
        ] {
            assert_eq!(resolved(Path::new("/etc/kubernetes"), path), Path::new(wanted), "{path}");
        }
    }

    #[test]
    fn commands_without_a_separator_stay() {
        let mut config: Kubeconfig =
            "users: [{name: a, user: {exec: {command: helper}}}, {name: b, user: {exec: {command: ./helper}}}]"
                .parse()
                .unwrap();
        config.resolve_paths(Path::new("/x")).unwrap();
        let commands: Vec<_> =
            config.users.iter().map(|user| user.value.exec.as_ref().unwrap().command.as_str()).collect();
        assert_eq!(commands, ["helper", "/x/helper"]);
        assert!(config.resolve_paths(Path::new("x")).is_err());
    }
}
