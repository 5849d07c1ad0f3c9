//! PEM, DER, certificate requests and their signatures as the API server reads them: by Go's rules, which are laxer
//! than the standards here and stricter there, and in Go's words. None of it is kboot-core's: it is a second opinion.

pub(crate) mod bignum;
pub(crate) mod certificate;
pub(crate) mod der;
pub(crate) mod key;
mod p224;
pub(crate) mod pem;
pub(crate) mod request;
pub(crate) mod signature;
#[cfg(test)]
mod tests;
