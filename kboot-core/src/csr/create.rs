//! Requests as kubelets and people send them, made and signed.

use crate::identity::NODES_GROUP;
use crate::name::{Group, NodeName, Username};
use crate::pki::Subject;
use crate::shown::excerpt;
use crate::x509::{CertificateRequest, PrivateKey, RequestError, SubjectAltNames, X509Error};

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
