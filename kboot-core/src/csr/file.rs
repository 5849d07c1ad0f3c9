//! Requests from a file of any of the forms in which they are handed around.

use super::{CertificateSigningRequest, CsrError, ListError, read_list};
use crate::x509::CertificateRequest;

/// A request that a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "with the object around it or without")]
pub enum RequestInFile {
    /// An object of `certificates.k8s.io`, which says who sent it to which signer.
    Object(Box<CertificateSigningRequest>),
    /// A PKCS#10 request in PEM or DER, which does not.
    Bare(Box<CertificateRequest>),
}

/// Every request of a file: PEM (its first block, as kube-apiserver reads it), DER, one object in JSON or
/// YAML, or a list of them as `kubectl get csr -o json` and `-o yaml` print it.
///
/// What is wrong with the request within an object is no error here: see
/// [`CertificateSigningRequest::request`].
///
/// ```
/// use kboot_core::csr::{self, RequestInFile};
/// # use kboot_core::x509::{CertificateRequest, KeyAlgorithm, PrivateKey};
/// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// # let pem = CertificateRequest::for_kubelet_client(&"worker-1".parse()?, &key)?.to_pem();
/// let found = csr::read(pem.as_bytes())?;
/// assert!(matches!(found.as_slice(), [RequestInFile::Bare(_)]));
/// # Ok::<(), kboot_core::Error>(())
/// ```
///
/// # Errors
/// [`CsrError`] where the bytes are none of these; for a list, with the number of the object.
pub fn read(bytes: &[u8]) -> Result<Vec<RequestInFile>, CsrError> {
    let bare = |request| Ok(vec![RequestInFile::Bare(Box::new(request))]);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return bare(CertificateRequest::from_der(bytes)?);
    };
    if !is_object(text) {
        return bare(CertificateRequest::from_pem(bytes)?);
    }
    let mut found = Vec::new();
    read_list(bytes, |index, object| -> Result<(), Stop> {
        let object = object.map_err(|error| match error {
            CsrError::Object { path, problem } => {
                CsrError::Object { path: format!("object {}: {path}", index.saturating_add(1)), problem }
            }
            other => other,
        });
        found.push(RequestInFile::Object(Box::new(object.map_err(Stop)?)));
        Ok(())
    })
    .map_err(|Stop(error)| error)?;
    Ok(found)
}

/// What ends the reading of a list.
struct Stop(CsrError);

impl From<ListError> for Stop {
    fn from(error: ListError) -> Self {
        Self(CsrError::Object { path: "the file".to_owned(), problem: error.in_full() })
    }
}

/// Whether a text says of itself, in YAML or JSON, what kind of object it is.
fn is_object(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
        || text.lines().any(|line| line.starts_with("kind:") || line.starts_with("apiVersion:"))
}
