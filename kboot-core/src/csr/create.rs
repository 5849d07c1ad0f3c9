//! Requests as kubelets and people send them, made and signed.

use super::{CertificateRequest, CsrError};
use crate::name::{Group, NodeName, Username};
use crate::net::SubjectAltNames;
use crate::pki::{PkiError, PrivateKey, Subject, encode_request, pem};

impl CertificateRequest {
    /// What a kubelet sends for its client certificate (`pkg/kubelet/certificate/kubelet.go`).
    ///
    /// # Errors
    /// [`PkiError`] where encoding or signing fails.
    pub fn for_kubelet_client(node: &NodeName, key: &PrivateKey) -> Result<Self, PkiError> {
        Self::sign(&of_node(node), &SubjectAltNames::default(), key)
    }

    /// What a kubelet sends for its serving certificate: the names and addresses are those of its Node.
    ///
    /// # Errors
    /// [`PkiError`] where encoding or signing fails.
    pub fn for_kubelet_serving(
        node: &NodeName,
        alt_names: &SubjectAltNames,
        key: &PrivateKey,
    ) -> Result<Self, PkiError> {
        Self::sign(&of_node(node), alt_names, key)
    }

    /// What a person or a program sends to become a client of kube-apiserver.
    ///
    /// ```
    /// use kboot_core::{csr::CertificateRequest, pki::{KeyAlgorithm, PrivateKey}};
    /// let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    /// let request = CertificateRequest::for_user("jane".parse()?, ["dev".parse()?], &key)?;
    /// assert_eq!(request.organizations().collect::<Vec<_>>(), ["dev"]);
    /// # Ok::<(), kboot_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`PkiError`] where encoding or signing fails.
    pub fn for_user(
        user: Username,
        groups: impl IntoIterator<Item = Group>,
        key: &PrivateKey,
    ) -> Result<Self, PkiError> {
        let subject = groups.into_iter().fold(Subject::new(user), Subject::group);
        Self::sign(&subject, &SubjectAltNames::default(), key)
    }

    fn sign(subject: &Subject, alt_names: &SubjectAltNames, key: &PrivateKey) -> Result<Self, PkiError> {
        let der = encode_request(subject, alt_names, key)?;
        Self::from_der(&der).map_err(|error| match error {
            CsrError::TooManyNames { .. } | CsrError::TooLarge { .. } => PkiError::Unencodable {
                what: "request",
                value: subject.to_string().chars().take(64).collect(),
            },
            _ => PkiError::Encoding { what: "certificate request" },
        })
    }

    /// The request in PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        std::mem::take(&mut *pem::write("CERTIFICATE REQUEST", &self.der))
    }
}

fn of_node(node: &NodeName) -> Subject {
    Subject::new(node.username()).group(Group::from_static("system:nodes"))
}
