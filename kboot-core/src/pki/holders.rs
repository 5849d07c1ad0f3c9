//! Who may use a certificate in Kubernetes, and as what.

use crate::shown::escaped;
use crate::x509::{CertificateFacts, ObjectIdentifier};

/// The type of attribute that Kubernetes 1.33 and later takes for the user's UID
/// (`apiserver/pkg/authentication/request/x509/x509.go`).
pub(crate) const UID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57683.2");

impl CertificateFacts {
    /// Who may use the certificate in Kubernetes, and as what, for people.
    ///
    /// A client is what kube-apiserver's authenticator makes of it once the authority is one of its own
    /// (`apiserver/pkg/authentication/request/x509/x509.go`): the last common name is the user, each
    /// organization a group.
    #[must_use]
    pub fn uses(&self) -> Vec<String> {
        if self.is_authority {
            return vec![if self.may_sign_certificates {
                "certificate authority".to_owned()
            } else {
                "nobody: it is an authority whose key usage has no cert sign".to_owned()
            }];
        }
        let mut uses = Vec::new();
        if self.allows_client() {
            uses.push(self.client_use());
        }
        if self.allows_server() {
            uses.push(if self.alt_names.is_empty() {
                "server for nobody: it has no alternative names, and clients ignore the common name"
                    .to_owned()
            } else {
                format!("server for {}", escaped(&self.alt_names.to_string()))
            });
        }
        if uses.is_empty() {
            uses.push("nobody: its extended usages are neither client auth nor server auth".to_owned());
        }
        uses
    }

    fn client_use(&self) -> String {
        if self.common_name.is_empty() {
            return "client of nobody's: without a common name, kube-apiserver knows no user".to_owned();
        }
        let mut text = format!("client of kube-apiserver as {}", escaped(&self.common_name));
        match self.uids().as_slice() {
            [] => {}
            [uid] if !uid.is_empty() => text += &format!(" with UID {}", escaped(uid)),
            _ => {
                return "client of nobody's: kube-apiserver refuses several UIDs and an empty one".to_owned();
            }
        }
        if !self.organizations.is_empty() {
            text += &format!(" in {}", escaped(&self.organizations.join(", ")));
        }
        text
    }

    /// The values of the subject's UIDs.
    fn uids(&self) -> Vec<String> {
        let uids = self.subject_name.attributes().filter(|attribute| attribute.oid == UID);
        uids.map(|attribute| attribute.text.as_deref().unwrap_or("?").to_owned()).collect()
    }
}
