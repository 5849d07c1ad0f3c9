//! What systems do differently with files: who may read them, who they belong to, when they are on the disk.
//!
//! Two questions, each with a file for each answer. The conditions `kboot_portable` (no `syncfs`) and `kboot_no_unix` (no
//! modes and owners either) choose the answers of other systems on Linux, so that they are compiled and tested there.

#[cfg(all(target_os = "linux", not(any(kboot_portable, kboot_no_unix))))]
#[path = "flush_all.rs"]
pub(super) mod flush;
#[cfg(not(all(target_os = "linux", not(any(kboot_portable, kboot_no_unix)))))]
#[path = "flush_each.rs"]
pub(super) mod flush;

#[cfg(not(all(unix, not(kboot_no_unix))))]
#[path = "no_modes.rs"]
mod modes;
#[cfg(all(unix, not(kboot_no_unix)))]
#[path = "unix_modes.rs"]
mod modes;

pub use modes::HAS_MODES;
pub(super) use modes::{
    builder, create_folder, create_folders, create_new, open, open_for_lock, rights, set_mode, set_mode_of,
};

/// Whom a file belongs to, and who may do what with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rights {
    pub(super) owner: u32,
    pub(super) group: u32,
    /// The bits of `chmod`, the special ones included.
    pub(super) mode: u32,
}
