//! The kubeconfig that says that the server is ready.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use kboot_core::bundle;
use kboot_core::kubeconfig::Kubeconfig;
use kboot_core::shown::escaped;

/// Whether it can be written there: nothing is there, or what an earlier run left.
pub(crate) fn check(file: &Path) -> Result<(), String> {
    let name = escaped(&file.to_string_lossy());
    let folder =
        file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    if !folder.is_dir() {
        return Err(format!("{name} cannot be written: its folder is not there"));
    }
    let there = match fs::read_to_string(file) {
        Ok(there) => there,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("{name} cannot be looked at: {error}")),
    };
    let is_ours = there.parse::<Kubeconfig>().is_ok_and(|there| {
        let mut servers = there.clusters.iter().map(|cluster| cluster.value.server.as_str());
        servers.len() == 1 && servers.all(|server| server.starts_with("https://127.0.0.1:"))
    });
    if !is_ours {
        return Err(format!("{name} is there already and stays as it is; choose another file"));
    }
    Ok(())
}

/// Writes it whole, mode 0600, in the place of one of an earlier run.
pub(crate) fn write(file: &Path, kubeconfig: &str) -> Result<(), String> {
    let name = file.file_name().map_or_else(Default::default, |name| name.to_string_lossy());
    let new = file.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = bundle::write_new(&new, kubeconfig.as_bytes(), 0o600).map_err(|error| error.to_string());
    written.and_then(|()| {
        fs::rename(&new, file).map_err(|error| {
            let _ = fs::remove_file(&new);
            format!("cannot write {}: {error}", escaped(&file.to_string_lossy()))
        })
    })
}
