//! The walk over DER: TLVs as bytes, read strictly, nothing merged.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader, Tag, Tagged};

use super::RequestError;
use super::limits::MAX_PARTS;
use super::oid::has_one_text;

pub(super) fn identifier(tlv: &[u8]) -> Result<ObjectIdentifier, RequestError> {
    ObjectIdentifier::from_der(tlv).ok().filter(has_one_text).ok_or(RequestError::Malformed)
}

/// The value of a TLV that has this tag and nothing after it.
pub(super) fn open(tlv: &[u8], tag: Tag) -> Result<&[u8], RequestError> {
    match AnyRef::from_der(tlv) {
        Ok(any) if any.tag() == tag => Ok(any.value()),
        _ => Err(RequestError::Malformed),
    }
}

/// The TLVs that stand one after the other, headers included.
pub(super) fn parts(value: &[u8]) -> Result<Vec<&[u8]>, RequestError> {
    let mut reader = SliceReader::new(value).map_err(|_| RequestError::Malformed)?;
    let mut parts = Vec::new();
    while !reader.is_finished() {
        if parts.len() == MAX_PARTS {
            return Err(RequestError::TooManyNames { limit: MAX_PARTS });
        }
        parts.push(reader.tlv_bytes().map_err(|_| RequestError::Malformed)?);
    }
    Ok(parts)
}

/// The members of a SET OF, which stand in ascending order (X.690, 11.6).
pub(super) fn members(value: &[u8]) -> Result<Vec<&[u8]>, RequestError> {
    let members = parts(value)?;
    if members.is_sorted() { Ok(members) } else { Err(RequestError::Malformed) }
}

/// The TLVs of a structure that has exactly so many.
pub(super) fn fields<const N: usize>(value: &[u8]) -> Result<[&[u8]; N], RequestError> {
    let mut reader = SliceReader::new(value).map_err(|_| RequestError::Malformed)?;
    let mut fields = [value; N];
    for field in &mut fields {
        *field = reader.tlv_bytes().map_err(|_| RequestError::Malformed)?;
    }
    if reader.is_finished() { Ok(fields) } else { Err(RequestError::Malformed) }
}
