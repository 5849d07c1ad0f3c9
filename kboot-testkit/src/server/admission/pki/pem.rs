//! PEM as Go's `encoding/pem` reads it: what stands around a block is skipped, headers are taken, a block that is
//! broken is passed over.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

const START: &[u8] = b"\n-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";
/// Go minds no bits after the last octet.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) label: Vec<u8>,
    pub(crate) has_headers: bool,
    pub(crate) der: Vec<u8>,
}

/// The next block, and what comes after it. It takes time in proportion to the text, however often that starts a block.
pub(crate) fn decode(text: &[u8]) -> Option<(Block, &[u8])> {
    let mut rest = match text.strip_prefix(START.get(1..).unwrap_or_default()) {
        Some(rest) => rest,
        None => after(text, START)?,
    };
    // What follows the next end of a block, if that has been looked for already.
    let mut end: Option<&[u8]> = None;
    loop {
        match block(rest, &mut end) {
            Ok(found) => return Some(found),
            Err(Some(further)) => rest = after(further, START)?,
            Err(None) => return None,
        }
    }
}

/// A block after its `-----BEGIN `; if it is none, from where to look for another.
fn block<'a>(text: &'a [u8], end: &mut Option<&'a [u8]>) -> Result<(Block, &'a [u8]), Option<&'a [u8]>> {
    let (first, mut rest) = line(text);
    let label = first.strip_suffix(DASHES).ok_or(Some(rest))?;
    let mut has_headers = false;
    loop {
        if rest.is_empty() {
            return Err(None);
        }
        let (header, next) = line(rest);
        if !header.contains(&b':') {
            break;
        }
        has_headers = true;
        rest = next;
    }
    let (body, trailer) = match rest.strip_prefix(END.get(1..).unwrap_or_default()) {
        Some(trailer) if !has_headers => (&[][..], trailer),
        _ => {
            let known = end.filter(|trailer| trailer.len() + END.len() <= rest.len());
            // Without an end no block that starts later has one either.
            let trailer = known.or_else(|| after(rest, END)).ok_or(None)?;
            *end = Some(trailer);
            let body = rest.len() - trailer.len() - END.len();
            (rest.get(..body).unwrap_or_default(), trailer)
        }
    };
    let after_label =
        trailer.strip_prefix(label).and_then(|trailer| trailer.strip_prefix(DASHES)).ok_or(Some(rest))?;
    let (end_of_line, further) = line(after_label);
    if !end_of_line.is_empty()
        || !body.iter().all(|octet| octet.is_ascii_alphanumeric() || b"+/= \t\r\n".contains(octet))
    {
        return Err(Some(rest));
    }
    let base64: Vec<u8> = body.iter().copied().filter(|octet| !b" \t\r\n".contains(octet)).collect();
    let der = BASE64.decode(base64).map_err(|_| Some(rest))?;
    Ok((Block { label: label.to_vec(), has_headers, der }, further))
}

/// The first line without white space at its end, and the others.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let (mut first, rest) = match text.iter().position(|octet| *octet == b'\n') {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default()),
        None => (text, &[][..]),
    };
    first = first.strip_suffix(b"\r").unwrap_or(first);
    while let [before @ .., b' ' | b'\t'] = first {
        first = before;
    }
    (first, rest)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn after<'a>(text: &'a [u8], what: &[u8]) -> Option<&'a [u8]> {
    find(text, what).and_then(|at| text.get(at + what.len()..))
}
