//! The way to the output folder: who else could lead it elsewhere. What lies in the folder itself is checked
//! when it is read and written.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf, absolute};

use super::system;

/// A way for somebody else to put another folder in the place of the output, or to take its keys away.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Exposure {
    /// The folder itself, or one above it, is a symbolic link. One above it that is root's is none.
    Link {
        /// The link.
        path: PathBuf,
        /// What it leads to.
        target: PathBuf,
    },
    /// A folder above it in which others may rename what is not theirs.
    Writable {
        /// The folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A folder above it that is neither root's nor the builder's.
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link { path, target } => write!(
                f,
                "{} is a link to {}: whoever may change the link chooses where the keys go; name the folder itself",
                path.display(),
                target.display()
            ),
            Self::Writable { path, mode } => write!(
                f,
                "{} has mode {mode:04o}: whoever may write there can put another folder in this one's place; use a \
                 folder below one of your own, or chmod go-w",
                path.display()
            ),
            Self::Foreign { path, owner } => write!(
                f,
                "{} belongs to user {owner}, who can put another folder in this one's place; use a folder below one \
                 of your own",
                path.display()
            ),
        }
    }
}

/// Who else could exchange the folder `out`, which need not be there yet; empty where nobody can but root and
/// the builder. A folder with the sticky bit, as `/tmp`, lets nobody rename what is another's. The group of a
/// group-writable folder counts as others, but for root's and the builder's own (whose number is the user's). Where files
/// have no owners ([`HAS_MODES`](crate::bundle::HAS_MODES)), links are all that is found.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// assert!(kboot_core::bundle::exposures(&folder.path().join("out"))?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Where the current folder is not known, or a folder on the way cannot be looked at.
pub fn exposures(out: &Path) -> io::Result<Vec<Exposure>> {
    let out = absolute(out)?;
    let builder = system::builder();
    let mut found = BTreeSet::new();
    let mut folders = BTreeSet::new();
    for path in out.ancestors() {
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if metadata.is_symlink() && (path == out || !is_roots(&metadata)) {
            let target = fs::read_link(path)?;
            found.insert(Exposure::Link { path: path.to_owned(), target });
        }
        // What a link leads to has folders above it, too. One that leads nowhere fails when it is used.
        let Ok(real) = fs::canonicalize(path) else { continue };
        let above = real.ancestors().skip(usize::from(path == out));
        folders.extend(above.map(Path::to_owned));
    }
    for path in folders {
        let Some(system::Rights { owner, group, mode }) = system::rights(&fs::metadata(&path)?) else {
            continue;
        };
        let is_own_group = group == 0 || group == builder;
        let others = if is_own_group { 0o002 } else { 0o022 };
        if owner != 0 && owner != builder {
            found.insert(Exposure::Foreign { path, owner });
        } else if mode & others != 0 && mode & 0o1000 == 0 {
            found.insert(Exposure::Writable { path, mode });
        }
    }
    Ok(found.into_iter().collect())
}

fn is_roots(metadata: &fs::Metadata) -> bool {
    system::rights(metadata).is_some_and(|rights| rights.owner == 0)
}
