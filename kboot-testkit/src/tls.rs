//! rustls' verifier as a judge of chains.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// What a certificate is presented for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "TLS knows two sides")]
pub enum Purpose {
    /// By a server.
    Server,
    /// By a client.
    Client,
}

/// Verifies a certificate under an authority for a purpose, a time (seconds since 1970) and, where one
/// is given, a DNS name or address.
///
/// # Errors
/// What webpki objects to.
pub fn webpki_accepts(
    authority: &[u8],
    certificate: &[u8],
    purpose: Purpose,
    now: u64,
    name: Option<&str>,
) -> Result<(), String> {
    let authority = CertificateDer::from(authority);
    let anchor = anchor_from_trusted_cert(&authority).map_err(|e| e.to_string())?;
    let certificate = CertificateDer::from(certificate);
    let leaf = EndEntityCert::try_from(&certificate).map_err(|e| e.to_string())?;
    let usage = match purpose {
        Purpose::Server => KeyUsage::server_auth(),
        Purpose::Client => KeyUsage::client_auth(),
    };
    let time = UnixTime::since_unix_epoch(Duration::from_secs(now));
    leaf.verify_for_usage(ALL_VERIFICATION_ALGS, &[anchor], &[], time, usage, None, None)
        .map_err(|e| e.to_string())?;
    if let Some(name) = name {
        let name = ServerName::try_from(name).map_err(|e| e.to_string())?;
        leaf.verify_is_valid_for_subject_name(&name).map_err(|e| e.to_string())?;
    }
    Ok(())
}
