//! Requests from a file of any of the forms in which they are handed around.

use serde_json::Value;

use super::{CertificateRequest, CertificateSigningRequest, CsrError};

/// A request that a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "with the object around it or without")]
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
/// # use kboot_core::{csr::CertificateRequest, pki::{KeyAlgorithm, PrivateKey}};
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
        return CertificateRequest::from_der(bytes).and_then(bare);
    };
    if !is_object(text) {
        return CertificateRequest::from_pem(bytes).and_then(bare);
    }
    let refuse = |problem: String| CsrError::Object { path: "the object".to_owned(), problem };
    let value = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| refuse(error.to_string()))?
    } else {
        crate::yaml::parse_as_go(text).map_err(refuse)?
    };
    let object = |value: &Value| {
        CertificateSigningRequest::from_json(value).map(|object| RequestInFile::Object(Box::new(object)))
    };
    let Some(items) = value.get("items").and_then(Value::as_array) else {
        return object(&value).map(|object| vec![object]);
    };
    let in_place = |(i, item)| {
        object(item).map_err(|error| match error {
            CsrError::Object { path, problem } => {
                CsrError::Object { path: format!("items[{i}]: {path}"), problem }
            }
            other => other,
        })
    };
    items.iter().enumerate().map(in_place).collect()
}

/// Whether a text says of itself, in YAML or JSON, what kind of object it is.
fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{')
        || text.lines().any(|line| line.starts_with("kind:") || line.starts_with("apiVersion:"))
}
