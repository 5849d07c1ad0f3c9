//! Client certificates (`apiserver/pkg/authentication/request/x509/x509.go`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use der::Decode;
use kboot_core::shown::hex;
use rustls::DigitallySignedStruct;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DistinguishedName, SignatureScheme};
use time::OffsetDateTime;
use x509_cert::Certificate;
use x509_cert::attr::AttributeTypeAndValue;

use crate::server::attributes::User;

/// The certificates that a client showed when it connected, and whom they make it while they are valid.
#[derive(Debug)]
pub(crate) struct ClientCertificate {
    user: Option<Arc<User>>,
    not_before: i64,
    not_after: i64,
}

impl ClientCertificate {
    /// `chain` is what the client sent, its own first.
    pub(crate) fn read(
        chain: &[CertificateDer<'_>],
        anchors: &[TrustAnchor<'_>],
        minor: u32,
        now: OffsetDateTime,
    ) -> Self {
        let nobody = Self { user: None, not_before: i64::MAX, not_after: i64::MIN };
        let [own, intermediates @ ..] = chain else { return nobody };
        let Ok(certificate) = Certificate::from_der(own) else { return nobody };
        let validity = certificate.tbs_certificate().validity();
        let seconds = |time: &x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        let (not_before, not_after) = (seconds(&validity.not_before), seconds(&validity.not_after));
        // The chain is judged at a moment at which the leaf is valid; whether it is now is asked with every request.
        let moment = now.unix_timestamp().clamp(not_before, not_after);
        let is_trusted = webpki::EndEntityCert::try_from(own).is_ok_and(|leaf| {
            let time = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(moment).unwrap_or(0)));
            leaf.verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                anchors,
                intermediates,
                time,
                webpki::KeyUsage::client_auth(),
                None,
                None,
            )
            .is_ok()
        });
        let user = if is_trusted { user(own, &certificate, minor) } else { None };
        Self { user: user.map(Arc::new), not_before, not_after }
    }

    pub(crate) fn user(&self, now: OffsetDateTime) -> Option<Arc<User>> {
        let now = now.unix_timestamp();
        self.user.clone().filter(|_| (self.not_before..=self.not_after).contains(&now))
    }
}

const COMMON_NAME: &str = "2.5.4.3";
const ORGANIZATION: &str = "2.5.4.10";
/// `authentication.kubernetes.io/…`: the user's UID, since 1.33.
const UID: &str = "1.3.6.1.4.1.57683.2";

/// The user is the common name, its groups are the organizations.
fn user(der: &[u8], certificate: &Certificate, minor: u32) -> Option<User> {
    let subject = certificate.tbs_certificate().subject();
    let values = |oid: &str| -> Vec<String> {
        let of_type = subject.iter().filter(|attribute| attribute.oid.to_string() == oid);
        of_type.filter_map(text).collect()
    };
    // Go's pkix.Name keeps the last common name.
    let name = values(COMMON_NAME).pop().filter(|name| !name.is_empty())?;
    let uid = match values(UID).as_slice() {
        [] => String::new(),
        _ if minor < 33 => String::new(),
        [uid] if !uid.is_empty() => uid.clone(),
        _ => return None,
    };
    let mut groups = values(ORGANIZATION);
    super::authenticated(&mut groups);
    let mut extra = BTreeMap::new();
    if minor >= 32 {
        let digest = digest(&SHA256, der);
        let hex = hex(digest);
        extra.insert(
            "authentication.kubernetes.io/credential-id".to_owned(),
            vec![format!("X509SHA256={hex}")],
        );
    }
    Some(User { name, uid, groups, extra })
}

fn text(attribute: &AttributeTypeAndValue) -> Option<String> {
    std::str::from_utf8(attribute.value.value()).ok().map(str::to_owned)
}

/// Asks every client for a certificate and takes any: who it is, and whether that is valid, the request says, as with
/// `tls.RequestClientCert`.
#[derive(Debug)]
pub(crate) struct AnyCertificate {
    hints: Vec<DistinguishedName>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl AnyCertificate {
    pub(crate) fn new(authority: &DistinguishedName, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { hints: vec![authority.clone()], algorithms }
    }
}

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
