//! The object around a request.

use k8s_openapi::ByteString;
use k8s_openapi::api::certificates::v1::{
    CertificateSigningRequest as KubeRequest, CertificateSigningRequestSpec as KubeSpec,
    CertificateSigningRequestStatus as KubeStatus,
};

use crate::csr::{CertificateSigningRequest, CsrError, Fields, Requestor};
use crate::x509::CertificateRequest;

/// The same value as from the object's JSON. The request's bytes are taken as they are.
///
/// ```
/// # use kboot_core::x509::{CertificateRequest, KeyAlgorithm, PrivateKey};
/// use k8s_openapi::api::certificates::v1::CertificateSigningRequest as KubeRequest;
/// use kboot_core::csr::{CertificateSigningRequest, Requestor, Signer};
/// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// # let pem = CertificateRequest::for_kubelet_client(&"worker-1".parse()?, &key)?.to_pem();
/// let object = CertificateSigningRequest::new("csr-1", Signer::KubeApiserverClientKubelet, pem.as_bytes())
///     .with_requestor(Requestor::user("system:bootstrap:abcdef").with_group("system:bootstrappers"));
/// let of_kube = KubeRequest::try_from(&object)?;
/// assert_eq!(of_kube.spec.request.0, pem.as_bytes());
/// assert_eq!(CertificateSigningRequest::try_from(&of_kube)?, object);
/// # Ok::<(), kboot_core::Error>(())
/// ```
impl TryFrom<&KubeRequest> for CertificateSigningRequest {
    type Error = CsrError;

    /// What is wrong with the request in it is no error here, nor that there is none: see
    /// [`CertificateSigningRequest::request`].
    ///
    /// # Errors
    /// [`CsrError::Object`] for a creation before 1970 or after 9999.
    fn try_from(object: &KubeRequest) -> Result<Self, CsrError> {
        let KubeRequest { metadata, spec, status } = object;
        let (conditions, certificate) = status.as_ref().map_or((None, None), |status| {
            (status.conditions.as_ref(), status.certificate.as_ref().filter(|pem| !pem.0.is_empty()))
        });
        let request_pem = spec.request.0.clone();
        Ok(Fields {
            metadata: metadata.try_into()?,
            signer: spec.signer_name.parse().ok(),
            signer_name: spec.signer_name.clone(),
            requestor: requestor(spec),
            usages: spec.usages.clone().unwrap_or_default(),
            expiration_seconds: spec.expiration_seconds.map(i64::from),
            request: CertificateRequest::from_pem(&request_pem),
            request_pem,
            conditions: conditions.into_iter().flatten().map(Into::into).collect(),
            certificate: certificate.map(|pem| pem.0.clone()),
        }
        .into())
    }
}

fn requestor(spec: &KubeSpec) -> Requestor {
    let mut requestor = Requestor::user(spec.username.as_deref().unwrap_or_default());
    requestor.uid = spec.uid.clone().unwrap_or_default();
    requestor.groups = spec.groups.clone().unwrap_or_default();
    requestor.extra = spec.extra.clone().unwrap_or_default();
    requestor
}

/// The object as the API's clients send it: to create a request, or with a new condition to `/approval`.
impl TryFrom<&CertificateSigningRequest> for KubeRequest {
    type Error = CsrError;

    /// # Errors
    /// [`CsrError::Object`] for what was read from JSON and no object of the API holds: metadata of another
    /// form, a condition's time that is none, more seconds than 32 bits.
    fn try_from(object: &CertificateSigningRequest) -> Result<Self, CsrError> {
        let seconds = object.expiration_seconds().map(i32::try_from).transpose();
        let expiration_seconds = seconds.map_err(|_| CsrError::Object {
            path: "spec.expirationSeconds".to_owned(),
            problem: "must be at most 2147483647".to_owned(),
        })?;
        let Requestor { username, uid, groups, extra } = object.requestor();
        let text = |text: &String| (!text.is_empty()).then(|| text.clone());
        let conditions = object.conditions().iter().map(TryInto::try_into).collect::<Result<Vec<_>, _>>()?;
        let status = KubeStatus {
            conditions: (!conditions.is_empty()).then_some(conditions),
            certificate: object.certificate().map(|pem| ByteString(pem.to_vec())),
        };
        Ok(Self {
            metadata: object.metadata().try_into()?,
            spec: KubeSpec {
                request: ByteString(object.request_pem().to_vec()),
                signer_name: object.signer_name().to_owned(),
                usages: Some(object.usages().to_vec()),
                expiration_seconds,
                username: text(username),
                uid: text(uid),
                groups: (!groups.is_empty()).then(|| groups.clone()),
                extra: (!extra.is_empty()).then(|| extra.clone()),
            },
            status: (status != KubeStatus::default()).then_some(status),
        })
    }
}
