//! Usages in the words of `certificates.k8s.io` (`KeyUsage` in `api/certificates/v1/types.go`).

use der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::KeyUsage;

/// `digital signature`
pub const DIGITAL_SIGNATURE: &str = "digital signature";
/// `key encipherment`
pub const KEY_ENCIPHERMENT: &str = "key encipherment";
/// `client auth`
pub const CLIENT_AUTH: &str = "client auth";
/// `server auth`
pub const SERVER_AUTH: &str = "server auth";

/// The bits of a key usage extension (RFC 5280, 4.2.1.3).
pub(super) fn of_key_usage(usage: KeyUsage) -> Vec<&'static str> {
    [
        (usage.digital_signature(), DIGITAL_SIGNATURE),
        (usage.non_repudiation(), "content commitment"),
        (usage.key_encipherment(), KEY_ENCIPHERMENT),
        (usage.data_encipherment(), "data encipherment"),
        (usage.key_agreement(), "key agreement"),
        (usage.key_cert_sign(), "cert sign"),
        (usage.crl_sign(), "crl sign"),
        (usage.encipher_only(), "encipher only"),
        (usage.decipher_only(), "decipher only"),
    ]
    .into_iter()
    .filter_map(|(is_set, name)| is_set.then_some(name))
    .collect()
}

/// A purpose of an extended key usage extension (RFC 5280, 4.2.1.12); an unknown one as its identifier.
pub(super) fn of_purpose(oid: &ObjectIdentifier) -> String {
    let oid = oid.to_string();
    let name = match oid.as_str() {
        "2.5.29.37.0" => "any",
        "1.3.6.1.5.5.7.3.1" => SERVER_AUTH,
        "1.3.6.1.5.5.7.3.2" => CLIENT_AUTH,
        "1.3.6.1.5.5.7.3.3" => "code signing",
        "1.3.6.1.5.5.7.3.4" => "email protection",
        "1.3.6.1.5.5.7.3.5" => "ipsec end system",
        "1.3.6.1.5.5.7.3.6" => "ipsec tunnel",
        "1.3.6.1.5.5.7.3.7" => "ipsec user",
        "1.3.6.1.5.5.7.3.8" => "timestamping",
        "1.3.6.1.5.5.7.3.9" => "ocsp signing",
        "1.3.6.1.4.1.311.10.3.3" => "microsoft sgc",
        "2.16.840.1.113730.4.1" => "netscape sgc",
        _ => return oid,
    };
    name.to_owned()
}
