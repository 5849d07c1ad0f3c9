//! PEM sections (RFC 7468): read from bytes that may hold anything, and written.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::pem::{self, SectionKind};
use zeroize::Zeroizing;

use super::limits::{MAX_PEM_BYTES, MAX_REQUEST_BYTES};
use super::{EncodingAnomaly, RequestError, X509Error};
use crate::shown::excerpt;

/// The kind and the DER of a section, which may be a private key.
pub(super) type Section = (SectionKind, Zeroizing<Vec<u8>>);

/// The sections of a PEM text in their order; text around them is skipped.
pub(crate) fn sections(text: &[u8]) -> Result<Vec<Section>, X509Error> {
    if text.len() > MAX_PEM_BYTES {
        return Err(X509Error::Pem { problem: "it is larger than 4 MiB" });
    }
    let mut rest = text;
    let mut sections = Vec::new();
    loop {
        match pem::from_buf(&mut rest) {
            Ok(Some((kind, der))) => sections.push((kind, Zeroizing::new(der))),
            Ok(None) => return Ok(sections),
            Err(pem::Error::MissingSectionEnd { .. }) => {
                return Err(X509Error::Pem { problem: "a section has no end: is the file cut short?" });
            }
            Err(_) => return Err(X509Error::Pem { problem: "a section is malformed" }),
        }
    }
}

/// The first block of a PEM text and what is unusual about the text around it.
///
/// Strict, so that Go's reader (`encoding/pem`) cannot see another block than this one:
/// a line with dashes is a boundary or the text is refused.
pub(super) fn request_block(text: &[u8]) -> Result<(Vec<u8>, Vec<EncodingAnomaly>), RequestError> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE REQUEST-----";
    const END: &str = "-----END CERTIFICATE REQUEST-----";
    if text.len() > MAX_REQUEST_BYTES {
        return Err(RequestError::TooLarge { bytes: text.len() });
    }
    let not_pem = |problem| RequestError::NotPem { problem };
    let text = std::str::from_utf8(text).map_err(|_| not_pem("it is not a text"))?;
    // Go's reader cuts the same blanks off each line.
    let mut lines = text.split('\n').map(|line| line.trim_end_matches([' ', '\t', '\r']));
    let mut anomalies = Vec::new();
    loop {
        match lines.next() {
            None => return Err(not_pem("there is no line -----BEGIN CERTIFICATE REQUEST-----")),
            Some(BEGIN) => break,
            Some(line) if line.starts_with("-----BEGIN ") && line.ends_with("-----") => {
                let label = line.trim_start_matches("-----BEGIN ").trim_end_matches('-');
                return Err(RequestError::WrongPemLabel { label: excerpt(label) });
            }
            Some(line) if line.contains("-----") => return Err(not_pem("a line before it has dashes")),
            Some(line) if line.trim().is_empty() => {}
            Some(_) => push_new(&mut anomalies, EncodingAnomaly::SurroundingText),
        }
    }
    let mut base64 = String::with_capacity(text.len());
    loop {
        match lines.next() {
            None => return Err(not_pem("its end is missing: is the file cut short?")),
            Some(END) => break,
            // Base64 has neither of the two, so nearly every line goes by on one look for each.
            Some(line) if line.contains('-') && line.contains("-----") => {
                return Err(not_pem("a line inside has dashes"));
            }
            // RFC 1421's headers, which RFC 7468 forbids and Go skips
            Some(line) if line.contains(':') => push_new(&mut anomalies, EncodingAnomaly::PemHeaders),
            Some(line) => base64.push_str(line),
        }
    }
    for line in lines {
        if line.contains("-----") {
            push_new(&mut anomalies, EncodingAnomaly::SecondBlock);
        } else if !line.trim().is_empty() {
            push_new(&mut anomalies, EncodingAnomaly::SurroundingText);
        }
    }
    let der = STANDARD.decode(base64).map_err(|_| RequestError::BadBase64)?;
    Ok((der, anomalies))
}

fn push_new(anomalies: &mut Vec<EncodingAnomaly>, anomaly: EncodingAnomaly) {
    if !anomalies.contains(&anomaly) {
        anomalies.push(anomaly);
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
