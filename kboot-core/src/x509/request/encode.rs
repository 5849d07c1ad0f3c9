//! The encoding of certificate requests (PKCS#10; RFC 2986, 4).

use der::asn1::{AnyRef, BitStringRef, OctetString};
use der::{Decode, Encode, Sequence, Tag, TagNumber};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::spki::AlgorithmIdentifierRef;

use crate::x509::encode::general_names;
use crate::x509::oid::EXTENSION_REQUEST;
use crate::x509::{ObjectIdentifier, PrivateKey, SubjectAltNames, X509Error};

#[derive(Sequence)]
struct RequestInfo<'a> {
    version: u8,
    subject: AnyRef<'a>,
    public_key: AnyRef<'a>,
    /// `[0] IMPLICIT SET OF Attribute`, there even where it is empty.
    attributes: AnyRef<'a>,
}

#[derive(Sequence)]
struct Request<'a> {
    info: AnyRef<'a>,
    algorithm: AlgorithmIdentifierRef<'a>,
    signature: BitStringRef<'a>,
}

#[derive(Sequence)]
struct Attribute<'a> {
    oid: ObjectIdentifier,
    values: AnyRef<'a>,
}

/// A request for a subject (DER) and these names, signed by its key, DER. As Go writes it: no extension but the names.
pub(super) fn request(
    subject: &[u8],
    alt_names: &SubjectAltNames,
    key: &PrivateKey,
) -> Result<Vec<u8>, X509Error> {
    let failed = |_| X509Error::Encoding { what: "certificate request" };
    let names = SubjectAltName(general_names(alt_names)?);
    let attributes = attributes(&names).map_err(failed)?;
    let info = || -> der::Result<Vec<u8>> {
        let tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
        RequestInfo {
            version: 0,
            subject: AnyRef::from_der(subject)?,
            public_key: AnyRef::from_der(key.public_key().der())?,
            attributes: AnyRef::new(tag, &attributes)?,
        }
        .to_der()
    };
    let info = info().map_err(failed)?;
    let signature = key.sign(&info)?;
    let request = || -> der::Result<Vec<u8>> {
        Request {
            info: AnyRef::from_der(&info)?,
            algorithm: key.algorithm().signature().identifier(),
            signature: BitStringRef::from_bytes(&signature)?,
        }
        .to_der()
    };
    request().map_err(failed)
}

fn attributes(names: &SubjectAltName) -> der::Result<Vec<u8>> {
    if names.0.is_empty() {
        return Ok(Vec::new());
    }
    let extension = Extension {
        extn_id: <SubjectAltName as der::oid::AssociatedOid>::OID,
        critical: false,
        extn_value: OctetString::new(names.to_der()?)?,
    };
    let extensions = vec![extension].to_der()?;
    Attribute { oid: EXTENSION_REQUEST, values: AnyRef::new(Tag::Set, &extensions)? }.to_der()
}
