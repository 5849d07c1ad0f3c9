//! PEM sections (RFC 7468): read from bytes that may hold anything, and written.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::pem::{self, SectionKind};
use zeroize::Zeroizing;

use super::PkiError;

/// Larger than any chain of certificates that a component reads.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The kind and the DER of a section, which may be a private key.
pub(super) type Section = (SectionKind, Zeroizing<Vec<u8>>);

/// The sections of a PEM text in their order; text around them is skipped.
pub(crate) fn sections(text: &[u8]) -> Result<Vec<Section>, PkiError> {
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

/// One section. pki-types reads PEM and does not write it; the constant-time encoder of the `pem-rfc7468`
/// crate takes a tenth of a certificate's whole issuance.
pub(crate) fn write(label: &str, der: &[u8]) -> Zeroizing<String> {
    // 48 bytes are a line of 64 characters.
    const BYTES_OF_A_LINE: usize = 48;
    let lines = der.len().div_ceil(BYTES_OF_A_LINE);
    // Reserved at once: a text that grows leaves copies of a key behind.
    let mut text = Zeroizing::new(String::with_capacity(65 * lines + 2 * label.len() + 40));
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    for line in der.chunks(BYTES_OF_A_LINE) {
        STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}
