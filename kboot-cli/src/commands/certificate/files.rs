//! Finding files that may hold certificates.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use kboot_core::bundle::meant_by;
use kboot_core::inspect::{self, Found, InspectError, Item};

use super::MAX_BYTES;
use crate::input;
use crate::output::escaped;

/// What a folder, or one file, holds.
pub(super) struct Findings {
    /// Each thing with its file.
    pub(super) found: Vec<(PathBuf, Found)>,
    /// What could not be read, each with its file.
    pub(super) problems: Vec<String>,
}

/// Deep enough for any folder of certificates; a loop cannot be, since links to folders are not followed.
const MAX_DEPTH: usize = 32;

/// Reads what the caller named, so all of it must be readable; `-` is stdin.
pub(super) fn of_file(path: &Path) -> Result<Findings> {
    let bytes = input::secret(path, MAX_BYTES)?;
    let found = inspect::read(bytes.expose_secret()).with_context(|| input::name(path))?;
    let mut findings = Findings { found: Vec::new(), problems: Vec::new() };
    findings.add(path, found, &mut BTreeSet::new());
    Ok(findings)
}

/// Reads every file of a folder that holds something of ours.
pub(super) fn of_folder(root: &Path) -> Result<Findings> {
    let canonical_root = fs::canonicalize(root).with_context(|| format!("cannot read {}", root.display()))?;
    let mut findings = Findings { found: Vec::new(), problems: Vec::new() };
    let mut files = Vec::new();
    findings.walk(root, &canonical_root, 0, &mut files);
    let mut read: BTreeSet<PathBuf> = files.iter().filter_map(|file| fs::canonicalize(file).ok()).collect();
    for file in files {
        match read_if_ours(&file) {
            Ok(found) => findings.add(&file, found, &mut read),
            Err(problem) => findings.problems.push(problem),
        }
    }
    Ok(findings)
}

/// What a file holds; nothing where it holds nothing of ours.
fn read_if_ours(file: &Path) -> Result<Vec<Found>, String> {
    let failed = |error: &dyn std::fmt::Display| escaped(&format!("{}: {error}", file.display()));
    let metadata = fs::metadata(file).map_err(|error| failed(&error))?;
    if metadata.len() > u64::try_from(MAX_BYTES).unwrap_or(u64::MAX) {
        return Ok(Vec::new());
    }
    let secret = input::secret(file, MAX_BYTES).map_err(|error| failed(&format!("{error:#}")))?;
    let bytes = secret.expose_secret();
    let is_named_der = file.extension().is_some_and(|e| e == "crt" || e == "cer" || e == "der" || e == "pem");
    match inspect::read(bytes) {
        Ok(found) => Ok(found),
        Err(InspectError::Unrecognized { .. }) => Ok(Vec::new()),
        // Many a binary file begins like DER.
        Err(_) if std::str::from_utf8(bytes).is_err() && !is_named_der => Ok(Vec::new()),
        Err(error) => Err(failed(&format!("{:#}", anyhow::Error::from(error)))),
    }
}

impl Findings {
    /// Takes over what a file holds, and what the kubeconfig that it is names.
    fn add(&mut self, file: &Path, found: Vec<Found>, read: &mut BTreeSet<PathBuf>) {
        for found in found {
            if let Item::Reference { path } = &found.item {
                let named = meant_by(file, Path::new(path));
                let is_new = fs::canonicalize(&named).map_or(true, |real| read.insert(real));
                if is_new {
                    match of_reference(&named) {
                        Ok(below) => self.found.extend(below.into_iter().map(|found| (named.clone(), found))),
                        Err(problem) => self.problems.push(escaped(&format!(
                            "{}: {} names a file that cannot be read: {problem}",
                            file.display(),
                            found.place
                        ))),
                    }
                }
            }
            self.found.push((file.to_owned(), found));
        }
    }

    fn walk(&mut self, folder: &Path, root: &Path, depth: usize, files: &mut Vec<PathBuf>) {
        let problem = |path: &Path, what: &str| escaped(&format!("{}: {what}", path.display()));
        if depth > MAX_DEPTH {
            self.problems.push(problem(folder, "it lies too deep, and is not read"));
            return;
        }
        let entries = match fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
            Ok(entries) => entries,
            Err(error) => return self.problems.push(problem(folder, &error.to_string())),
        };
        let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
        paths.sort();
        // A kubelet keeps every certificate that it had, and links to the one in use
        // (client-go/util/certificate/certificate_store.go).
        let mut replaced: Vec<(String, PathBuf)> = Vec::new();
        for path in &paths {
            let Ok(kind) = fs::symlink_metadata(path).map(|metadata| metadata.file_type()) else { continue };
            if !kind.is_symlink() {
                continue;
            }
            match fs::canonicalize(path) {
                Ok(target) if target.starts_with(root) => {
                    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                    if let Some(prefix) = name.strip_suffix("-current.pem") {
                        replaced.push((format!("{prefix}-"), target));
                    }
                }
                Ok(target) => self.problems.push(problem(
                    path,
                    &format!("it links to {}, outside of the folder, and is not followed", target.display()),
                )),
                Err(error) => self.problems.push(problem(path, &format!("it links to nothing: {error}"))),
            }
        }
        for path in paths {
            let Ok(kind) = fs::symlink_metadata(&path).map(|metadata| metadata.file_type()) else { continue };
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_replaced = replaced.iter().any(|(prefix, target)| {
                let dated = name.strip_prefix(prefix.as_str()).unwrap_or_default();
                dated.ends_with(".pem")
                    && dated.starts_with(|c: char| c.is_ascii_digit())
                    && fs::canonicalize(&path).is_ok_and(|real| real != *target)
            });
            if kind.is_dir() {
                self.walk(&path, root, depth + 1, files);
            } else if kind.is_file() && !is_replaced {
                files.push(path);
            }
        }
    }
}

fn of_reference(path: &Path) -> Result<Vec<Found>, String> {
    if !fs::metadata(path).map_err(|error| error.to_string())?.is_file() {
        return Err(format!("{} is not a file", path.display()));
    }
    let bytes = input::secret(path, MAX_BYTES).map_err(|error| format!("{error:#}"))?;
    let found = inspect::read(bytes.expose_secret())
        .map_err(|error| format!("{}: {:#}", path.display(), anyhow::Error::from(error)))?;
    // A certificate file names no further files.
    Ok(found.into_iter().filter(|found| !matches!(found.item, Item::Reference { .. })).collect())
}
