//! Systems without `syncfs`: every file by itself, then the folders that have their names.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use super::HAS_MODES;

/// A file that was written.
pub(in super::super) fn file(file: &File) -> io::Result<()> {
    file.sync_all()
}

/// The folders whose files are new or renamed. Where folders cannot be opened (Windows), the system writes them down by
/// itself: NTFS keeps a journal of names.
pub(in super::super) fn folders(_: &File, mut folders: impl Iterator<Item = PathBuf>) -> io::Result<()> {
    if !HAS_MODES {
        return Ok(());
    }
    folders.try_for_each(|folder| File::open(folder)?.sync_all())
}
