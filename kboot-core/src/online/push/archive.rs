//! What goes to a machine: its script and its files, as tar reads them (POSIX.1-2017, pax, "ustar Interchange Format").

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
    let sizes =
        entries.iter().map(|(_, file)| padded(file.content.expose_bytes().len()).saturating_add(BLOCK));
    // At once, so that no key stays behind where the buffer grows.
    let mut bytes = Vec::with_capacity(sizes.sum::<usize>().saturating_add(2 * BLOCK));
    for (path, file) in entries {
        let content = file.content.expose_bytes();
        let Some(header) = header(&path, file.mode(), content.len()) else {
            return Err(PushError::PathTooLong { path });
        };
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(content);
        bytes.resize(padded(bytes.len()), 0);
    }
    bytes.resize(bytes.len().saturating_add(2 * BLOCK), 0);
    Ok(SecretBytes::new(bytes))
}

fn padded(length: usize) -> usize {
    length.next_multiple_of(BLOCK)
}

/// A file's header; none where its path or its size has no room there.
fn header(path: &str, mode: u32, size: usize) -> Option<Vec<u8>> {
    let (prefix, name) = if path.len() <= 100 {
        ("", path)
    } else {
        let fits = |at: &usize| *at <= 155 && path.len().saturating_sub(*at) <= 101;
        path.match_indices('/').map(|(at, _)| at).find(fits).map(|at| path.split_at(at))?
    };
    let name = if prefix.is_empty() { name } else { name.strip_prefix('/')? };
    let size = format!("{size:011o}\0");
    let mode = format!("{mode:07o}\0");
    let fields: [(&str, usize); 16] = [
        (name, 100),
        (&mode, 8),
        ("0000000\0", 8),
        ("0000000\0", 8),
        (&size, 12),
        // When it was changed: tar finds 0 odd.
        ("00000000001\0", 12),
        // The sum below is made with blanks here.
        ("        ", 8),
        ("0", 1),
        ("", 100),
        ("ustar\0", 6),
        ("00", 2),
        ("root", 32),
        ("root", 32),
        ("0000000\0", 8),
        ("0000000\0", 8),
        (prefix, 155),
    ];
    let mut header = Vec::with_capacity(BLOCK);
    for (text, width) in fields {
        let end = header.len().checked_add(width)?;
        header.extend_from_slice(text.as_bytes());
        if header.len() > end {
            return None;
        }
        header.resize(end, 0);
    }
    header.resize(BLOCK, 0);
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header.splice(148..156, format!("{sum:06o}\0 ").into_bytes());
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
            let mut bytes = header(path, 0o600, 3).unwrap();
            bytes.extend_from_slice(b"key");
            bytes.resize(BLOCK * 4, 0);
            let listed = listed(&bytes);
            assert!(listed.starts_with("-rw------- root/root") && listed.contains(" 3 "), "{listed}");
            assert!(listed.trim_end().ends_with(path), "{listed}");
        }
        assert_eq!(header(&"x".repeat(101), 0o600, 0), None);
        assert_eq!(header(&format!("{}/{}", "x".repeat(156), "y"), 0o600, 0), None);
    }
}
