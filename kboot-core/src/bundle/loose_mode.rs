//! A file or a folder that is open to more people than it should be, and the command that mends it.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A file or a folder that is open to more people than it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LooseMode {
    /// Where.
    pub path: PathBuf,
    /// Its mode.
    pub mode: u32,
    /// The mode that it may have.
    pub allowed: u32,
}

/// What is wrong, and the one command that mends it.
pub(super) fn message(found: &[LooseMode]) -> String {
    let mut by_mode: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for LooseMode { path, allowed, .. } in found {
        by_mode.entry(*allowed).or_default().push(in_shell(&path.to_string_lossy()));
    }
    let commands: Vec<String> =
        by_mode.iter().rev().map(|(mode, paths)| format!("chmod {mode:04o} {}", paths.join(" "))).collect();
    let lines: Vec<String> = found
        .iter()
        .map(|LooseMode { path, mode, allowed }| {
            format!("{} has mode {mode:04o}, at most {allowed:04o} is safe", path.display())
        })
        .collect();
    match lines.as_slice() {
        [one] => format!("{one}; if nobody else has read it, run {}", commands.join(" && ")),
        many => format!(
            "{} files and folders are open to others:\n  {}\nif nobody else has read them, run {}",
            many.len(),
            many.join("\n  "),
            commands.join(" && ")
        ),
    }
}

/// A path as a word of a shell.
fn in_shell(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    let word = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
    if word.chars().all(is_plain) { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
