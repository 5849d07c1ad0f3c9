//! Systems without modes and owners of files: what a folder hands on is what a file has.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use super::Rights;

/// Whether files have modes and owners here. Where they have none, as on Windows, a file gets the rights that its folder
/// hands on: the modes of a bundle are not set, and neither [`LooseMode`](crate::bundle::BundleError::LooseMode) nor
/// [`ForeignOwner`](crate::bundle::BundleError::ForeignOwner) is ever found. Give such a system a folder that nobody else
/// can read.
pub const HAS_MODES: bool = false;

pub(in super::super) fn rights(_: &Metadata) -> Option<Rights> {
    None
}

/// The user who builds; no file says whose it is.
pub(in super::super) fn builder() -> u32 {
    0
}

/// Opens for reading what was looked at.
pub(in super::super) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

pub(in super::super) fn create_new(path: &Path, _: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

pub(in super::super) fn create_folder(path: &Path, _: u32) -> io::Result<()> {
    DirBuilder::new().create(path)
}

pub(in super::super) fn create_folders(path: &Path, _: u32) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

pub(in super::super) fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

pub(in super::super) fn set_mode_of(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// What a lock of the folder is taken on. A folder cannot be opened as a file, so a file in it stays there.
pub(in super::super) fn open_for_lock(folder: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).open(folder.join(".kboot-lock"))
}
