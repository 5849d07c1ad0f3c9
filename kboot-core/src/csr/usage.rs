//! The usages that the signers of Kubernetes know, in the words of `certificates.k8s.io` (`KeyUsage` in
//! `api/certificates/v1/types.go`), which are those of [`KeyUsage`](crate::x509::KeyUsage) and
//! [`ExtendedKeyUsage`](crate::x509::ExtendedKeyUsage).

/// `digital signature`
pub const DIGITAL_SIGNATURE: &str = "digital signature";
/// `key encipherment`
pub const KEY_ENCIPHERMENT: &str = "key encipherment";
/// `client auth`
pub const CLIENT_AUTH: &str = "client auth";
/// `server auth`
pub const SERVER_AUTH: &str = "server auth";
