//! Files that are on no machine yet: those of a node's folder in the output.

use std::path::{Component, Path, PathBuf, absolute};

/// The file that `path`, as it stands in `file`, means here: below `nodes/NAME` of an output folder an absolute
/// path is that node's, so `/etc/kubernetes/pki/ca.crt` is `nodes/NAME/etc/kubernetes/pki/ca.crt` there and not
/// a file of this machine. Everywhere else it is `path` itself, a relative one counted from the folder of `file`.
///
/// A folder `nodes` beside `kboot.json` is an output folder's; of another one, only files that are there count.
#[must_use]
pub fn meant_by(file: &Path, path: &Path) -> PathBuf {
    let Ok(on_node) = path.strip_prefix("/") else {
        return file.parent().unwrap_or_else(|| Path::new("")).join(path);
    };
    if on_node.components().any(|part| part == Component::ParentDir) {
        return path.to_owned();
    }
    // As the caller calls it, so that messages do too; else from the root on.
    let whole = absolute(file).unwrap_or_default();
    for folder in file.ancestors().skip(1).chain(whole.ancestors().skip(1)) {
        let Some(nodes) =
            folder.parent().filter(|nodes| nodes.file_name().is_some_and(|name| name == "nodes"))
        else {
            continue;
        };
        if absolute(folder).is_ok_and(|folder| path.starts_with(folder)) {
            return path.to_owned();
        }
        let own = folder.join(on_node);
        let is_ours = nodes.parent().is_some_and(|out| out.join("kboot.json").is_file());
        if is_ours || own.is_file() {
            return own;
        }
    }
    path.to_owned()
}
