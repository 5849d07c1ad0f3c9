//! Linux: one `syncfs` stands for an fsync of each file; a bundle of 5,000 nodes has 60,000 of them.

use std::fs::File;
use std::io;
use std::path::PathBuf;

/// A file that was written. It waits for the others.
pub(in super::super) fn file(_: &File) -> io::Result<()> {
    Ok(())
}

/// Everything on the disk of the output folder, these folders in it among the rest.
pub(in super::super) fn folders(output: &File, _: impl Iterator<Item = PathBuf>) -> io::Result<()> {
    Ok(rustix::fs::syncfs(output)?)
}
