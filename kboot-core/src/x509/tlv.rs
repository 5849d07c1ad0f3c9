//! The walk over DER: TLVs as bytes, read strictly, nothing merged.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Tag, Tagged};

use super::limits::MAX_PARTS;
use super::{RequestError, oid};

/// A TLV whose header was read, which is done once for each.
#[derive(Clone, Copy)]
pub(super) struct Tlv<'a> {
    any: AnyRef<'a>,
    bytes: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// The TLV that these bytes are, with nothing after it.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, RequestError> {
        match Self::first(bytes)? {
            (tlv, []) => Ok(tlv),
            _ => Err(RequestError::Malformed),
        }
    }

    /// The TLV that these bytes begin with, and what follows it.
    pub(super) fn first(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), RequestError> {
        let (any, rest) = AnyRef::from_der_partial(bytes).map_err(|_| RequestError::Malformed)?;
        let length = bytes.len().saturating_sub(rest.len());
        let bytes = bytes.get(..length).ok_or(RequestError::Malformed)?;
        Ok((Self { any, bytes }, rest))
    }

    /// All of it, the header included.
    pub(super) fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn tag(self) -> Tag {
        self.any.tag()
    }

    pub(super) fn value(self) -> &'a [u8] {
        self.any.value()
    }

    /// The value, where it has this tag.
    pub(super) fn open(self, tag: Tag) -> Result<&'a [u8], RequestError> {
        if self.tag() == tag { Ok(self.value()) } else { Err(RequestError::Malformed) }
    }

    pub(super) fn identifier(self) -> Result<ObjectIdentifier, RequestError> {
        oid::from_bytes(self.open(Tag::ObjectIdentifier)?).ok_or(RequestError::Malformed)
    }

    /// The algorithm and the parameters of an AlgorithmIdentifier (RFC 5280, 4.1.1.2).
    pub(super) fn algorithm(self) -> Result<(ObjectIdentifier, Option<Self>), RequestError> {
        match parts(self.open(Tag::Sequence)?)?.as_slice() {
            [oid] => Ok((oid.identifier()?, None)),
            [oid, parameters] => Ok((oid.identifier()?, Some(*parameters))),
            _ => Err(RequestError::Malformed),
        }
    }
}

/// The TLVs that stand one after the other.
pub(super) fn parts(mut value: &[u8]) -> Result<Vec<Tlv<'_>>, RequestError> {
    let mut parts = Vec::new();
    while !value.is_empty() {
        if parts.len() == MAX_PARTS {
            return Err(RequestError::TooManyNames { limit: MAX_PARTS });
        }
        let (part, rest) = Tlv::first(value)?;
        parts.push(part);
        value = rest;
    }
    Ok(parts)
}

/// The members of a SET OF, which stand in ascending order (X.690, 11.6).
pub(super) fn members(value: &[u8]) -> Result<Vec<Tlv<'_>>, RequestError> {
    let members = parts(value)?;
    if members.is_sorted_by_key(|member| member.bytes) { Ok(members) } else { Err(RequestError::Malformed) }
}

/// The TLVs of a structure that has exactly so many.
pub(super) fn fields<const N: usize>(mut value: &[u8]) -> Result<[Tlv<'_>; N], RequestError> {
    let mut fields = [Tlv { any: AnyRef::NULL, bytes: &[] }; N];
    for field in &mut fields {
        (*field, value) = Tlv::first(value)?;
    }
    if value.is_empty() { Ok(fields) } else { Err(RequestError::Malformed) }
}
