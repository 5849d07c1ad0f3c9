//! The edge to the file system: reading with suspicion, writing whole or not at all.
//!
//! Every file is written to a temporary name in its own folder, with its mode set before its content,
//! and renamed once everything is on the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, FileType, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rayon::prelude::*;

use super::artifact::Artifact;
use super::error::BundleError;
use super::loose_mode::LooseMode;
use super::step::{FileAction, PlanStep};
use super::system::{self, flush};

const TEMPORARY: &str = ".kboot-tmp";

/// The loosest mode of a file that anyone may read.
pub(super) const PUBLIC: u32 = 0o644;
/// The loosest mode of a file with a key or a token.
pub(super) const SECRET: u32 = 0o600;

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BundleError {
    let path = path.to_owned();
    move |source| BundleError::Io { doing, path, source }
}

/// Larger than any file of a bundle.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The bytes of a regular file of ours with at most this mode; none where there is no file.
pub(super) fn read(path: &Path, allowed_mode: u32) -> Result<Option<Vec<u8>>, BundleError> {
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("look at", path)(error)),
    };
    if !kind.is_file() {
        return Err(unexpected(path, kind, "a file"));
    }
    // What counts is the mode of what was opened.
    let file = system::open(path).map_err(failed("open", path))?;
    let metadata = file.metadata().map_err(failed("look at", path))?;
    check_trusted(path, &metadata, allowed_mode)?;
    if metadata.len() > MAX_BYTES {
        return Err(failed("read", path)(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it is larger than 64 MiB",
        )));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(failed("read", path))?;
    Ok(Some(bytes))
}

/// Whether nobody else could have put it there or can read or write it, as far as the system can say.
fn check_trusted(path: &Path, metadata: &fs::Metadata, allowed: u32) -> Result<(), BundleError> {
    let Some(rights) = system::rights(metadata) else { return Ok(()) };
    if let Some(loose) = loose_mode(path, metadata, allowed) {
        return Err(BundleError::LooseMode { found: vec![loose] });
    }
    let owner = rights.owner;
    if owner != 0 && owner != system::builder() {
        return Err(BundleError::ForeignOwner { path: path.to_owned(), owner });
    }
    Ok(())
}

/// The mode of a file or a folder that more people may read or write than it says.
pub(super) fn loose_mode(path: &Path, metadata: &fs::Metadata, allowed: u32) -> Option<LooseMode> {
    let mode = system::rights(metadata)?.mode & 0o777;
    (mode & !allowed != 0).then(|| LooseMode { path: path.to_owned(), mode, allowed })
}

fn unexpected(path: &Path, found: FileType, expected: &'static str) -> BundleError {
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

/// An output folder that is held against other builds until it is dropped: while its files are brought to machines, for one.
///
/// ```
/// use kboot_core::bundle::FolderLock;
/// let folder = tempfile::tempdir()?;
/// let held = FolderLock::of(folder.path())?;
/// assert!(FolderLock::of(folder.path()).is_err());
/// drop(held);
/// FolderLock::of(folder.path())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FolderLock(File);

impl FolderLock {
    /// Holds a folder that is there.
    ///
    /// # Errors
    /// [`BundleError::Locked`] where another kboot is at work there, [`BundleError::LooseMode`] where strangers may write to
    /// it, and where it cannot be opened.
    pub fn of(root: &Path) -> Result<Self, BundleError> {
        let folder = system::open_for_lock(root).map_err(failed("open the folder", root))?;
        let metadata = folder.metadata().map_err(failed("look at", root))?;
        check_trusted(root, &metadata, 0o775)?;
        // A program that starts another holds its locks in the child too, for the moment before the child
        // becomes that other (flock(2)): one held lock may be nobody's build.
        for wait in [10, 20, 40, 80].map(Duration::from_millis) {
            match folder.try_lock() {
                Ok(()) => return Ok(Self(folder)),
                Err(TryLockError::WouldBlock) => std::thread::sleep(wait),
                Err(TryLockError::Error(error)) => return Err(failed("lock the folder", root)(error)),
            }
        }
        Err(BundleError::Locked { path: root.to_owned() })
    }
}

/// The output folder while it is written.
#[derive(Debug)]
pub(super) struct Output {
    root: PathBuf,
    lock: FolderLock,
}

impl Output {
    /// Makes the folder where it is missing, and locks it.
    pub(super) fn lock(root: &Path) -> Result<Self, BundleError> {
        system::create_folders(root, 0o755).map_err(failed("create the folder", root))?;
        Ok(Self { root: root.to_owned(), lock: FolderLock::of(root)? })
    }

    /// Writes the files that are not to be kept, in their order: all to temporary names, then all to
    /// their own.
    pub(super) fn write(&self, all: &[Artifact], steps: &[PlanStep]) -> Result<(), BundleError> {
        self.remove_leftovers(all)?;
        let changed = all.iter().zip(steps).filter(|(_, step)| step.action != FileAction::Keep);
        let artifacts: &[&Artifact] = &changed.map(|(artifact, _)| artifact).collect::<Vec<_>>();
        if artifacts.is_empty() {
            return Ok(());
        }
        let modes = Modes::probe(&self.root)?;
        for (_, folders) in by_depth(folders(artifacts.iter().copied())) {
            folders.par_iter().try_for_each(|folder| make_folder(&self.root, folder, modes))?;
        }
        let result = artifacts.par_iter().try_for_each(|artifact| self.write_temporary(artifact, modes));
        if let Err(error) = result.and_then(|()| self.flush(artifacts)) {
            // The first problem is the one to report; what cannot be removed now goes at the next run.
            let _ = self.remove_leftovers(all);
            return Err(error);
        }
        for artifact in artifacts {
            let path = artifact.path.below(&self.root);
            fs::rename(temporary(&path), &path).map_err(failed("put in place", &path))?;
        }
        self.flush(artifacts)
    }

    fn write_temporary(&self, artifact: &Artifact, modes: Modes) -> Result<(), BundleError> {
        let path = artifact.path.below(&self.root);
        let mode = artifact.mode();
        let write = || {
            let mut file = system::create_new(&temporary(&path), mode)?;
            if modes == Modes::NotAsAsked {
                system::set_mode(&file, mode)?;
            }
            file.write_all(artifact.content.expose_bytes())?;
            flush::file(&file)
        };
        write().map_err(failed("write", &path))
    }

    /// Removes the temporary files of a run that was killed, from the bundle's own folders. No other run
    /// is at work: the folder is locked.
    fn remove_leftovers(&self, artifacts: &[Artifact]) -> Result<(), BundleError> {
        for folder in folders(artifacts.iter()).iter().map(String::as_str).chain([""]) {
            let folder = self.root.join(folder);
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed("list", &folder)(error)),
            };
            for entry in entries {
                let entry = entry.map_err(failed("list", &folder))?;
                let name = entry.file_name();
                let name = name.to_string_lossy();
                let path = entry.path();
                if name.starts_with('.') && name.ends_with(TEMPORARY) && !path.is_dir() {
                    fs::remove_file(&path).map_err(failed("remove", &path))?;
                }
            }
        }
        Ok(())
    }

    /// Sees to it that what was written and renamed stays after a loss of power.
    fn flush(&self, artifacts: &[&Artifact]) -> Result<(), BundleError> {
        let folders = folders(artifacts.iter().copied());
        let folders = folders.iter().map(|folder| self.root.join(folder)).chain([self.root.clone()]);
        flush::folders(&self.lock.0, folders).map_err(failed("flush", &self.root))
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
    let name = path.file_name().map_or_else(Default::default, |name| name.to_string_lossy());
    let temporary = path.with_file_name(format!(".{name}.{}{TEMPORARY}", std::process::id()));
    let mut file = system::create_new(&temporary, 0o600).map_err(failed("write", path))?;
    let mut write = || {
        system::set_mode(&file, mode)?;
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

/// Writes several new files into a folder, all or none; the folder is made, mode 0700, where it is missing.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let out = folder.path().join("pki");
/// let files: [(&str, &[u8], u32); 2] = [("ca.key", b"secret", 0o600), ("ca.crt", b"public", 0o644)];
/// kboot_core::bundle::write_all_new(&out, &files)?;
/// assert!(kboot_core::bundle::write_all_new(&out, &files).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`write_new`].
pub fn write_all_new(folder: &Path, files: &[(&str, &[u8], u32)]) -> Result<(), BundleError> {
    system::create_folders(folder, 0o700).map_err(failed("create the folder", folder))?;
    for (i, (name, content, mode)) in files.iter().enumerate() {
        if let Err(error) = write_new(&folder.join(name), content, *mode) {
            // These are this call's own.
            for (written, _, _) in files.iter().take(i) {
                let _ = fs::remove_file(folder.join(written));
            }
            return Err(error);
        }
    }
    Ok(())
}

fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().map_or_else(Default::default, |name| name.to_string_lossy());
    path.with_file_name(format!(".{name}{TEMPORARY}"))
}

/// Every folder that the files need, outer ones first.
fn folders<'a>(artifacts: impl Iterator<Item = &'a Artifact>) -> BTreeSet<String> {
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

/// A folder need not be private to be ours, but no stranger may write to it.
pub(super) fn loosest_folder_mode(folder: &str) -> u32 {
    if folder_mode(folder) == 0o700 { 0o700 } else { 0o775 }
}

/// Whether new files and folders have the mode that they are made with. Asked once: for a large bundle
/// setting each mode again is a hundred thousand system calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Modes {
    AsAsked,
    NotAsAsked,
}

impl Modes {
    fn probe(root: &Path) -> Result<Self, BundleError> {
        let path = root.join(format!(".umask{TEMPORARY}"));
        let probe = || {
            let file = system::create_new(&path, 0o755)?;
            let rights = system::rights(&file.metadata()?);
            fs::remove_file(&path)?;
            Ok(rights)
        };
        let made = probe().map_err(failed("write into", root))?;
        let of_root = system::rights(&fs::metadata(root).map_err(failed("look at", root))?);
        let is_as_asked = made.is_none_or(|made| made.mode & 0o777 == 0o755);
        // A folder with the group bit hands it on to folders made in it.
        let inherits = of_root.is_some_and(|root| root.mode & 0o2000 != 0);
        Ok(if is_as_asked && !inherits { Self::AsAsked } else { Self::NotAsAsked })
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
    match system::create_folder(&path, mode) {
        Ok(()) if modes == Modes::AsAsked => Ok(()),
        Ok(()) => system::set_mode_of(&path, mode).map_err(failed("set the mode of", &path)),
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
    check_trusted(&path, &metadata, loosest_folder_mode(folder))?;
    Ok(true)
}

/// Checks each folder on the way to the files: a link there would lead the writing astray.
pub(super) fn check_folders(root: &Path, artifacts: &[Artifact]) -> Result<(), BundleError> {
    for folder in folders(artifacts.iter()) {
        check_folder(root, &folder)?;
    }
    Ok(())
}

/// The names of the folders in a folder; none where it is not there.
pub(super) fn folder_names(folder: &Path) -> Result<Vec<String>, BundleError> {
    names(folder, FileType::is_dir)
}

/// The names of the files in a folder; none where it is not there.
pub(super) fn file_names(folder: &Path) -> Result<Vec<String>, BundleError> {
    names(folder, FileType::is_file)
}

fn names(folder: &Path, is_wanted: fn(&FileType) -> bool) -> Result<Vec<String>, BundleError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("list", folder)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed("list", folder))?;
        if entry.file_type().is_ok_and(|kind| is_wanted(&kind))
            && let Ok(name) = entry.file_name().into_string()
        {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}
