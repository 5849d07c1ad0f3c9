//! Unix: modes and owners, files opened without following a link, folders that can be locked.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::Rights;

/// Whether files have modes and owners here. Where they have none, as on Windows, a file gets the rights that its folder
/// hands on: the modes of a bundle are not set, and neither [`LooseMode`](crate::bundle::BundleError::LooseMode) nor
/// [`ForeignOwner`](crate::bundle::BundleError::ForeignOwner) is ever found. Give such a system a folder that nobody else
/// can read.
pub const HAS_MODES: bool = true;

pub(in super::super) fn rights(metadata: &Metadata) -> Option<Rights> {
    let mode = metadata.mode() & 0o7777;
    Some(Rights { owner: metadata.uid(), group: metadata.gid(), mode })
}

/// The user who builds.
pub(in super::super) fn builder() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Opens for reading what was looked at, and may have been exchanged since: no link is followed, no pipe waited for.
pub(in super::super) fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty()).map(File::from)?)
}

/// The mode is the file's from its first moment: a secret is never readable, not even empty.
pub(in super::super) fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

pub(in super::super) fn create_folder(path: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().mode(mode).create(path)
}

pub(in super::super) fn create_folders(path: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(mode).create(path)
}

pub(in super::super) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(mode))
}

pub(in super::super) fn set_mode_of(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// What a lock of the folder is taken on: the folder itself, so no lock file is left.
pub(in super::super) fn open_for_lock(folder: &Path) -> io::Result<File> {
    File::open(folder)
}
