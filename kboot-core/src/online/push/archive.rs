//! What goes to a machine: its script and its files, as tar reads them.

use tar::{Builder, EntryType, Header};

use super::error::PushError;
use crate::bundle::{Artifact, Bundle};
use crate::name::NodeName;
use crate::secret::SecretBytes;

const BLOCK: usize = 512;

/// `install.sh`, and what is to lie below `/` below `node`.
pub(super) fn archive(bundle: &Bundle, node: &NodeName) -> Result<SecretBytes, PushError> {
    let missing = || PushError::NotInBundle { node: node.clone() };
    let script = bundle.install_script(node).ok_or_else(missing)?;
    let (_, files) = bundle.nodes().find(|(name, _)| *name == node).ok_or_else(missing)?;
    let files = files.iter().filter_map(|file| Some((format!("node{}", file.path_on_node()?), file)));
    let entries: Vec<(String, &Artifact)> =
        [("install.sh".to_owned(), script)].into_iter().chain(files).collect();
    let sizes = entries
        .iter()
        .map(|(_, file)| file.content.expose_bytes().len().next_multiple_of(BLOCK).saturating_add(BLOCK));
    // At once, so that no key stays behind where the buffer grows.
    let room = sizes.sum::<usize>().saturating_add(2 * BLOCK);
    let mut archive = Builder::new(Vec::with_capacity(room));
    for (path, file) in &entries {
        let bytes = file.content.expose_bytes();
        let header = header(path, file.mode(), bytes.len())
            .ok_or_else(|| PushError::PathTooLong { path: path.clone() })?;
        archive.append(&header, bytes).map_err(PushError::Archive)?;
    }
    archive.into_inner().map(SecretBytes::new).map_err(PushError::Archive)
}

/// A file's header; none where its path has no room there.
fn header(path: &str, mode: u32, size: usize) -> Option<Header> {
    let mut header = Header::new_ustar();
    header.set_path(path).ok()?;
    header.set_size(u64::try_from(size).ok()?);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    // When it was changed: tar finds 0 odd.
    header.set_mtime(1);
    header.set_entry_type(EntryType::Regular);
    header.set_cksum();
    Some(header)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    /// What the system's tar makes of it.
    fn listed(bytes: &[u8]) -> String {
        let mut tar = Command::new("tar");
        let mut tar = tar.args(["-tvf", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        tar.stdin.take().unwrap().write_all(bytes).unwrap();
        let output = tar.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn tar_reads_paths_modes_and_sizes() {
        let long = format!("node/{}/{}", "a".repeat(90), "b".repeat(99));
        for path in ["install.sh", &long] {
            let mut archive = Builder::new(Vec::new());
            archive.append(&header(path, 0o600, 3).unwrap(), &b"key"[..]).unwrap();
            let listed = listed(&archive.into_inner().unwrap());
            assert!(listed.starts_with("-rw------- 0/0") && listed.contains(" 3 "), "{listed}");
            assert!(listed.trim_end().ends_with(path), "{listed}");
        }
        assert!(header(&"x".repeat(101), 0o600, 0).is_none());
        assert!(header(&format!("{}/{}", "x".repeat(156), "y"), 0o600, 0).is_none());
    }
}
