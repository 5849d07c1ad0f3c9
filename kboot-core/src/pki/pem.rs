//! PEM sections, read from bytes that may hold anything.

use rustls_pki_types::pem::{self, SectionKind};
use zeroize::Zeroizing;

use super::PkiError;

/// Larger than any chain of certificates that a component reads.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The sections of a PEM text in their order; text around them is skipped.
pub(super) fn sections(text: &[u8]) -> Result<Vec<(SectionKind, Zeroizing<Vec<u8>>)>, PkiError> {
    if text.len() > MAX_BYTES {
        return Err(PkiError::Pem { problem: "it is larger than 4 MiB" });
    }
    let mut rest = text;
    let mut sections = Vec::new();
    loop {
        match pem::from_buf(&mut rest) {
            Ok(Some((kind, der))) => sections.push((kind, Zeroizing::new(der))),
            Ok(None) => return Ok(sections),
            Err(pem::Error::MissingSectionEnd { .. }) => {
                return Err(PkiError::Pem { problem: "a section has no end: is the file cut short?" });
            }
            Err(_) => return Err(PkiError::Pem { problem: "a section is malformed" }),
        }
    }
}
