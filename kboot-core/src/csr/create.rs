//! Requests as kubelets and people send them, made and signed, and what the API server asks of their objects.

use super::usage::{DIGITAL_SIGNATURE, KEY_ENCIPHERMENT};
use super::{CsrError, Signer};
use crate::identity::NODES_GROUP;
use crate::name::{Group, NodeName, Username};
use crate::pki::Subject;
use crate::release::gates;
use crate::shown::excerpt;
use crate::time::Lifetime;
use crate::version::KubernetesVersion;
use crate::x509::{CertificateRequest, KeyKind, PrivateKey, RequestError, SubjectAltNames, X509Error};

/// Whether an object can have this name (`ValidatePathSegmentName` in
/// `apimachinery/pkg/api/validation/path/name.go`).
///
/// ```
/// use kboot_core::csr::check_name;
/// assert!(check_name("csr-7xk2p").is_ok() && check_name("a/b").is_err());
/// ```
///
/// # Errors
/// [`CsrError::InvalidName`] where it cannot.
pub fn check_name(name: &str) -> Result<(), CsrError> {
    if matches!(name, "" | "." | "..") || name.contains(['/', '%']) {
        return Err(CsrError::InvalidName { name: excerpt(name) });
    }
    Ok(())
}

/// The fewest seconds that a request may ask for (`validateCertificateSigningRequestSpec`).
pub(crate) const SHORTEST_EXPIRATION: i64 = 600;

/// Whether a request to an API server of this version can ask for this lifetime
/// (`validateCertificateSigningRequestSpec` in `pkg/apis/certificates/validation/validation.go`).
///
/// ```
/// use kboot_core::{csr::check_expiration, version::KubernetesVersion};
/// let (hour, old) = ("1h".parse()?, "v1.21.0".parse()?);
/// assert!(check_expiration(hour, KubernetesVersion::LATEST).is_ok() && check_expiration(hour, old).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`CsrError::NoExpiration`] and [`CsrError::ExpirationTooShort`].
pub fn check_expiration(lifetime: Lifetime, version: KubernetesVersion) -> Result<(), CsrError> {
    if !gates::REQUESTED_EXPIRATION.contains(version) {
        return Err(CsrError::NoExpiration { version });
    }
    if lifetime.seconds() < SHORTEST_EXPIRATION {
        return Err(CsrError::ExpirationTooShort { asked: lifetime });
    }
    Ok(())
}

/// The usages that clients of a version ask for (`client-go/util/certificate/csr`).
pub(super) fn usages(
    signer: Signer,
    request: Option<&CertificateRequest>,
    version: KubernetesVersion,
) -> Vec<String> {
    let is_rsa = request.is_some_and(|request| matches!(request.public_key().kind(), KeyKind::Rsa { .. }));
    let is_of_a_kubelet = signer != Signer::KubeApiserverClient;
    let enciphers = is_rsa || is_of_a_kubelet && !gates::USAGES_BY_KEY.contains(version);
    let usages = [Some(DIGITAL_SIGNATURE), enciphers.then_some(KEY_ENCIPHERMENT), Some(signer.purpose())];
    usages.into_iter().flatten().map(str::to_owned).collect()
}

impl CertificateRequest {
    /// What a kubelet sends for its client certificate (`pkg/kubelet/certificate/kubelet.go`).
    ///
    /// # Errors
    /// [`X509Error`] where encoding or signing fails.
    pub fn for_kubelet_client(node: &NodeName, key: &PrivateKey) -> Result<Self, X509Error> {
        Self::signed(&of_node(node), &SubjectAltNames::default(), key)
    }

    /// What a kubelet sends for its serving certificate: the names and addresses are those of its Node.
    ///
    /// # Errors
    /// [`X509Error`] where encoding or signing fails.
    pub fn for_kubelet_serving(
        node: &NodeName,
        alt_names: &SubjectAltNames,
        key: &PrivateKey,
    ) -> Result<Self, X509Error> {
        Self::signed(&of_node(node), alt_names, key)
    }

    /// What a person or a program sends to become a client of kube-apiserver.
    ///
    /// ```
    /// use kboot_core::x509::{CertificateRequest, KeyAlgorithm, PrivateKey};
    /// let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    /// let request = CertificateRequest::for_user("jane".parse()?, ["dev".parse()?], &key)?;
    /// assert_eq!(request.organizations().collect::<Vec<_>>(), ["dev"]);
    /// # Ok::<(), kboot_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`X509Error`] where encoding or signing fails.
    pub fn for_user(
        user: Username,
        groups: impl IntoIterator<Item = Group>,
        key: &PrivateKey,
    ) -> Result<Self, X509Error> {
        let subject = groups.into_iter().fold(Subject::new(user), Subject::with_group);
        Self::signed(&subject, &SubjectAltNames::default(), key)
    }

    fn signed(subject: &Subject, alt_names: &SubjectAltNames, key: &PrivateKey) -> Result<Self, X509Error> {
        let der = Self::encode(&subject.to_der()?, alt_names, key)?;
        Self::from_der(&der).map_err(|error| match error {
            RequestError::TooManyNames { .. } | RequestError::TooLarge { .. } => {
                X509Error::Unencodable { what: "request", value: excerpt(&subject.to_string()) }
            }
            _ => X509Error::Encoding { what: "certificate request" },
        })
    }
}

fn of_node(node: &NodeName) -> Subject {
    Subject::new(node.username()).with_group(Group::from_static(NODES_GROUP))
}
