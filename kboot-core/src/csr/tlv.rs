//! The walk over DER: TLVs as bytes, read strictly, nothing merged.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader, Tag, Tagged};

use super::CsrError;

/// The most that are read of RDNs, attributes, extensions and alternative names each.
pub(super) const MAX_PARTS: usize = 1000;

pub(super) fn identifier(tlv: &[u8]) -> Result<ObjectIdentifier, CsrError> {
    ObjectIdentifier::from_der(tlv).ok().filter(has_one_text).ok_or(CsrError::Malformed)
}

/// Whether no other encoding reads as the same numbers: const-oid 0.10 takes zeros before a number, which
/// X.690, 8.19.2 forbids, and drops what goes beyond 32 bits, so that 2.5.4.4294967299 would read as the
/// common name's 2.5.4.3.
pub(super) fn has_one_text(oid: &ObjectIdentifier) -> bool {
    oid.as_bytes().split_inclusive(|byte| byte & 0x80 == 0).all(|number| match number {
        [0x80, ..] => false,
        [first, _, _, _, _] => *first <= 0x8f,
        _ => number.len() < 5,
    })
}

/// The value of a TLV that has this tag and nothing after it.
pub(super) fn open(tlv: &[u8], tag: Tag) -> Result<&[u8], CsrError> {
    match AnyRef::from_der(tlv) {
        Ok(any) if any.tag() == tag => Ok(any.value()),
        _ => Err(CsrError::Malformed),
    }
}

/// The TLVs that stand one after the other, headers included.
pub(super) fn parts(value: &[u8]) -> Result<Vec<&[u8]>, CsrError> {
    let mut reader = SliceReader::new(value).map_err(|_| CsrError::Malformed)?;
    let mut parts = Vec::new();
    while !reader.is_finished() {
        if parts.len() == MAX_PARTS {
            return Err(CsrError::TooManyNames { limit: MAX_PARTS });
        }
        parts.push(reader.tlv_bytes().map_err(|_| CsrError::Malformed)?);
    }
    Ok(parts)
}

/// The members of a SET OF, which stand in ascending order (X.690, 11.6).
pub(super) fn members(value: &[u8]) -> Result<Vec<&[u8]>, CsrError> {
    let members = parts(value)?;
    if members.is_sorted() { Ok(members) } else { Err(CsrError::Malformed) }
}

/// The TLVs of a structure that has exactly so many.
pub(super) fn fields<const N: usize>(value: &[u8]) -> Result<[&[u8]; N], CsrError> {
    let mut reader = SliceReader::new(value).map_err(|_| CsrError::Malformed)?;
    let mut fields = [value; N];
    for field in &mut fields {
        *field = reader.tlv_bytes().map_err(|_| CsrError::Malformed)?;
    }
    if reader.is_finished() { Ok(fields) } else { Err(CsrError::Malformed) }
}
