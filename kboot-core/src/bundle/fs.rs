//! The edge to the file system: reading with suspicion, writing whole or not at all.
//!
//! Every file is written to a temporary name in its own folder, with its mode set before its content,
//! and renamed once everything is on the disk. One `syncfs` stands for an fsync of each file: a bundle
//! of 5,000 nodes has 60,000 of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::BundleError;
use super::artifact::Artifact;

const TEMPORARY: &str = ".kboot-tmp";

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BundleError {
    let path = path.to_owned();
    move |source| BundleError::Io { doing, path, source }
}

/// The bytes of a regular file with at most this mode; none where there is no file.
pub(super) fn read(path: &Path, allowed_mode: u32) -> Result<Option<Vec<u8>>, BundleError> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("look at", path)(error)),
    };
    if !metadata.is_file() {
        return Err(unexpected(path, metadata.file_type(), "a file"));
    }
    check_mode(path, &metadata, allowed_mode)?;
    let mut bytes = Vec::new();
    File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(failed("read", path))?;
    Ok(Some(bytes))
}

fn check_mode(path: &Path, metadata: &fs::Metadata, allowed: u32) -> Result<(), BundleError> {
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & !allowed == 0 {
        return Ok(());
    }
    Err(BundleError::LooseMode { path: path.to_owned(), mode, allowed })
}

fn unexpected(path: &Path, found: fs::FileType, expected: &'static str) -> BundleError {
    let found = if found.is_symlink() {
        "a symbolic link"
    } else if found.is_dir() {
        "a folder"
    } else if found.is_file() {
        "a file"
    } else {
        "a special file"
    };
    BundleError::UnexpectedKind { path: path.to_owned(), found, expected }
}

/// The output folder, held against other builds until it is dropped.
#[derive(Debug)]
pub(super) struct Output {
    root: PathBuf,
    folder: File,
}

impl Output {
    /// Makes the folder where it is missing, and locks it.
    pub(super) fn lock(root: &Path) -> Result<Self, BundleError> {
        fs::create_dir_all(root).map_err(failed("create the folder", root))?;
        let folder = File::open(root).map_err(failed("open the folder", root))?;
        match folder.try_lock() {
            Ok(()) => Ok(Self { root: root.to_owned(), folder }),
            Err(TryLockError::WouldBlock) => Err(BundleError::Locked { path: root.to_owned() }),
            Err(TryLockError::Error(error)) => Err(failed("lock the folder", root)(error)),
        }
    }

    /// Writes the files in their order: all to temporary names, then all to their own.
    pub(super) fn write(&self, artifacts: &[&Artifact]) -> Result<(), BundleError> {
        remove_leftovers(&self.root)?;
        if artifacts.is_empty() {
            return Ok(());
        }
        let modes = Modes::probe(&self.root)?;
        for (_, folders) in by_depth(folders(artifacts)) {
            folders.par_iter().try_for_each(|folder| make_folder(&self.root, folder, modes))?;
        }
        let result = artifacts.par_iter().try_for_each(|artifact| self.write_temporary(artifact, modes));
        if let Err(error) = result.and_then(|()| self.sync()) {
            // The first problem is the one to report; what cannot be removed now goes at the next run.
            let _ = remove_leftovers(&self.root);
            return Err(error);
        }
        for artifact in artifacts {
            let path = artifact.path.below(&self.root);
            fs::rename(temporary(&path), &path).map_err(failed("put in place", &path))?;
        }
        self.sync()
    }

    fn write_temporary(&self, artifact: &Artifact, modes: Modes) -> Result<(), BundleError> {
        let path = artifact.path.below(&self.root);
        let mode = artifact.content.sensitivity().mode();
        let write = || {
            // The mode is the file's from its first moment: a secret is never readable, not even empty.
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(mode).open(temporary(&path))?;
            if modes == Modes::CutByUmask {
                file.set_permissions(Permissions::from_mode(mode))?;
            }
            file.write_all(artifact.content.expose_bytes())
        };
        write().map_err(failed("write", &path))
    }

    fn sync(&self) -> Result<(), BundleError> {
        rustix::fs::syncfs(&self.folder).map_err(|error| failed("flush", &self.root)(error.into()))
    }
}

/// Writes one new file, whole or not at all, with this mode from the start; an existing file stays.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("key");
/// kboot_core::bundle::write_new(&file, b"secret", 0o600)?;
/// assert!(kboot_core::bundle::write_new(&file, b"other", 0o600).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`BundleError::Exists`] where something is there, [`BundleError::Io`] where the system refuses.
pub fn write_new(path: &Path, content: &[u8], mode: u32) -> Result<(), BundleError> {
    let temporary = temporary(path);
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(content)?;
        file.sync_all()
    };
    // A link, unlike a rename, fails where something is there.
    let linked = write().map_err(failed("write", path)).and_then(|()| {
        fs::hard_link(&temporary, path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => BundleError::Exists { path: path.to_owned() },
            _ => failed("write", path)(error),
        })
    });
    let _ = fs::remove_file(&temporary);
    linked
}

fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().map_or_else(Default::default, |name| name.to_string_lossy());
    path.with_file_name(format!(".{name}{TEMPORARY}"))
}

/// Every folder that the files need, outer ones first.
fn folders(artifacts: &[&Artifact]) -> BTreeSet<String> {
    let mut folders = BTreeSet::new();
    for artifact in artifacts {
        let mut path = artifact.path.as_str();
        while let Some((folder, _)) = path.rsplit_once('/') {
            if !folders.insert(folder.to_owned()) {
                break;
            }
            path = folder;
        }
    }
    folders
}

/// Folders that keep others out. A node's own root is not among them: copied to `/`, its mode would
/// become that of `/`; what keeps it private here is `nodes`.
fn folder_mode(folder: &str) -> u32 {
    let private = matches!(folder, "authorities" | "authorities/etcd" | "nodes" | "manifests")
        || folder.ends_with("/var/lib/kubelet")
        || folder.ends_with("/var/lib/kube-proxy");
    if private { 0o700 } else { 0o755 }
}

/// Whether new files and folders have the mode that they are made with. Asked once: for a large bundle
/// setting each mode again is a hundred thousand system calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Modes {
    AsAsked,
    CutByUmask,
}

impl Modes {
    fn probe(root: &Path) -> Result<Self, BundleError> {
        let path = root.join(format!(".umask{TEMPORARY}"));
        let probe = || {
            let file = OpenOptions::new().write(true).create_new(true).mode(0o755).open(&path)?;
            let mode = file.metadata()?.permissions().mode();
            fs::remove_file(&path)?;
            Ok(mode & 0o777)
        };
        let mode = probe().map_err(failed("write", &path))?;
        Ok(if mode == 0o755 { Self::AsAsked } else { Self::CutByUmask })
    }
}

fn by_depth(folders: BTreeSet<String>) -> BTreeMap<usize, Vec<String>> {
    let mut levels: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for folder in folders {
        levels.entry(folder.matches('/').count()).or_default().push(folder);
    }
    levels
}

fn make_folder(root: &Path, folder: &str, modes: Modes) -> Result<(), BundleError> {
    let path = root.join(folder);
    let mode = folder_mode(folder);
    match DirBuilder::new().mode(mode).create(&path) {
        Ok(()) if modes == Modes::AsAsked => Ok(()),
        Ok(()) => {
            fs::set_permissions(&path, Permissions::from_mode(mode)).map_err(failed("set the mode of", &path))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check_folder(root, folder).map(|_| ()),
        Err(error) => Err(failed("create the folder", &path)(error)),
    }
}

/// Whether the folder is there, and is one that may be trusted.
pub(super) fn check_folder(root: &Path, folder: &str) -> Result<bool, BundleError> {
    let path = root.join(folder);
    let metadata = match fs::symlink_metadata(&path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed("look at", &path)(error)),
    };
    if !metadata.is_dir() {
        return Err(unexpected(&path, metadata.file_type(), "a folder"));
    }
    if folder_mode(folder) == 0o700 {
        check_mode(&path, &metadata, 0o700)?;
    }
    Ok(true)
}

/// Checks each folder on the way to the files: a link there would lead the writing astray.
pub(super) fn check_folders(root: &Path, artifacts: &[Artifact]) -> Result<(), BundleError> {
    for folder in folders(&artifacts.iter().collect::<Vec<_>>()) {
        check_folder(root, &folder)?;
    }
    Ok(())
}

/// Removes the temporary files of a run that was killed. No other run is at work: the folder is locked.
fn remove_leftovers(folder: &Path) -> Result<(), BundleError> {
    for entry in fs::read_dir(folder).map_err(failed("list", folder))? {
        let entry = entry.map_err(failed("list", folder))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(failed("look at", &path))?;
        if kind.is_dir() {
            remove_leftovers(&path)?;
        } else if kind.is_file() && entry.file_name().to_string_lossy().ends_with(TEMPORARY) {
            fs::remove_file(&path).map_err(failed("remove", &path))?;
        }
    }
    Ok(())
}
