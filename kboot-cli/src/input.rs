//! What commands read: files and stdin, never more than they can use.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::str::Utf8Chunk;

use anyhow::{Context, Error, Result, anyhow, bail};
use kboot_core::document::Document;
use kboot_core::secret::{SecretBytes, SecretText};

use crate::output;

/// The bytes of a file, or of stdin for `-`; more than `limit` is an error.
pub(crate) fn bytes(path: &Path, limit: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit_u64 = u64::try_from(limit)?.saturating_add(1);
    let read = if path == Path::new("-") {
        io::stdin().lock().take(limit_u64).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(limit_u64).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("cannot read {}", name(path)))?;
    if bytes.len() > limit {
        bail!("{} is larger than {} KiB", name(path), limit / 1024);
    }
    Ok(bytes)
}

/// The bytes of a file that may hold a key or a token; as [`bytes`], but no copy stays in memory.
pub(crate) fn secret(path: &Path, limit: usize) -> Result<SecretBytes> {
    SecretBytes::read(open(path)?, limit).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => anyhow!("{} is larger than {} KiB", name(path), limit / 1024),
        _ => Error::from(error).context(format!("cannot read {}", name(path))),
    })
}

/// The same as text.
pub(crate) fn secret_text(path: &Path, limit: usize) -> Result<SecretText> {
    secret(path, limit)?.into_text().with_context(|| format!("{} is not UTF-8 text", name(path)))
}

/// A file, or stdin for `-`, to be read bit by bit.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", name(path)))?;
    Ok(Box::new(file))
}

/// The same as text.
pub(crate) fn text(path: &Path, limit: usize) -> Result<String> {
    let Ok(text) = String::from_utf8(bytes(path, limit)?) else { bail!("{} is not UTF-8 text", name(path)) };
    Ok(text)
}

/// What a file of people says; an error has file, line and column of each problem.
pub(crate) fn document<D: Document>(path: &Path, limit: usize) -> Result<D> {
    text(path, limit)?.parse::<D>().map_err(|error| anyhow!(error.in_file(&name(path))))
}

/// How a path is called in messages: whoever made the file chose its name, so what hides on a terminal and
/// what is not UTF-8 is escaped.
pub(crate) fn name(path: &Path) -> String {
    if path == Path::new("-") {
        return "stdin".to_owned();
    }
    let chunks = path.as_os_str().as_encoded_bytes().utf8_chunks();
    let chunk = |chunk: Utf8Chunk<'_>| {
        let bytes = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
        output::escaped(chunk.valid()) + &bytes.collect::<String>()
    };
    chunks.map(chunk).collect()
}
