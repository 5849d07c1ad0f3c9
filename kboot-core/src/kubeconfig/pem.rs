//! The shape of the certificates of an authority (RFC 7468, strict), so that Go's reader, which skips what it does not
//! know, sees neither more nor less in them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// What keeps a text from being blocks `CERTIFICATE` and nothing else. No part of it is told: it may be a key.
pub(super) fn check_certificates(text: &str) -> Result<(), &'static str> {
    let mut lines = text.lines().map(str::trim_ascii_end).filter(|line| !line.is_empty()).peekable();
    if lines.peek().is_none() {
        return Err("it is empty");
    }
    while let Some(line) = lines.next() {
        if line != BEGIN {
            return Err(match line.starts_with("-----BEGIN ") {
                true => "it has a block of something else than a certificate",
                false => "it has text beside its certificates",
            });
        }
        let mut base64 = String::new();
        loop {
            match lines.next() {
                None => return Err("a block has no end: is the text cut short?"),
                Some(END) => break,
                Some(line) => base64.push_str(line),
            }
        }
        let der = STANDARD.decode(base64).map_err(|_| "a block is not base64")?;
        if !is_sequence(&der) {
            return Err("a block is not one DER value: is it damaged?");
        }
    }
    Ok(())
}

/// Whether the bytes are a SEQUENCE whose length is theirs (X.690, 8.1.3), as every certificate is.
fn is_sequence(der: &[u8]) -> bool {
    let Some((&[0x30, first], rest)) = der.split_first_chunk() else { return false };
    if first < 0x80 {
        return usize::from(first) == rest.len();
    }
    let Some((length, content)) = rest.split_at_checked(usize::from(first & 0x7f)) else { return false };
    let length =
        length.iter().try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add((*byte).into()));
    first > 0x80 && length == Some(content.len())
}
