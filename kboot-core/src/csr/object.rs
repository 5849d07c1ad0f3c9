//! The object around a request: `CertificateSigningRequest` of `certificates.k8s.io/v1`.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::create::usages;
use super::{Condition, CsrError, ObjectMeta, Requestor, Signer, Stage};
use crate::document::json::{check_keys, is_json};
use crate::document::{Unwritable, yaml};
use crate::shown::{excerpt, start};
use crate::time::{Lifetime, Timestamp};
use crate::version::KubernetesVersion;
use crate::x509::{Certificate, CertificateRequest, RequestError};

/// A CertificateSigningRequest as the API server holds it, and the request in it, decoded.
///
/// Values of the API that mean nothing to a decision (labels, annotations) are kept in `metadata`; those
/// that no API server would hold, such as unknown usages, are kept for the policy to refuse. It is read from JSON and
/// YAML, and written as the API server takes and gives it.
///
/// ```
/// use kboot_core::csr::{CertificateSigningRequest, Requestor, Signer};
/// # use kboot_core::x509::{CertificateRequest, KeyAlgorithm, PrivateKey};
/// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// # let pem = CertificateRequest::for_kubelet_client(&"worker-1".parse()?, &key)?.to_pem();
/// let object = CertificateSigningRequest::new("csr-1", Signer::KubeApiserverClientKubelet, pem.as_bytes())
///     .with_requestor(Requestor::user("system:bootstrap:abcdef").with_group("system:bootstrappers"));
/// let again = CertificateSigningRequest::from_json(&object.to_json())?;
/// assert_eq!(again, object);
/// assert_eq!(object.to_yaml()?.parse::<CertificateSigningRequest>()?, object);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateSigningRequest(Arc<Fields>);

/// Shared by the clones, so that a decision can keep the object that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) metadata: ObjectMeta,
    pub(crate) signer_name: String,
    pub(crate) signer: Option<Signer>,
    pub(crate) requestor: Requestor,
    pub(crate) usages: Vec<String>,
    pub(crate) expiration_seconds: Option<i64>,
    pub(crate) request_pem: Vec<u8>,
    pub(crate) request: Result<CertificateRequest, RequestError>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) certificate: Option<Vec<u8>>,
}

/// Of fields that belong together.
impl From<Fields> for CertificateSigningRequest {
    fn from(fields: Fields) -> Self {
        Self(Arc::new(fields))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
struct Document {
    api_version: String,
    kind: String,
    #[serde(default)]
    metadata: Map<String, Value>,
    spec: Spec,
    #[serde(default)]
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
struct Spec {
    request: String,
    #[serde(default)]
    signer_name: String,
    #[serde(default)]
    usages: Option<Vec<String>>,
    #[serde(default)]
    expiration_seconds: Option<i64>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    uid: Option<String>,
    #[serde(default)]
    groups: Option<Vec<String>>,
    #[serde(default)]
    extra: Option<BTreeMap<String, Vec<String>>>,
}

#[derive(Deserialize, Default)]
#[serde(expecting = "an object")]
struct Status {
    #[serde(default)]
    conditions: Option<Vec<Condition>>,
    #[serde(default)]
    certificate: Option<String>,
}

impl CertificateSigningRequest {
    /// An object for a request that was not sent yet: usages are those that a kubelet or a client of today
    /// asks for, so key encipherment for RSA keys alone (since Kubernetes 1.27;
    /// `client-go/util/certificate/csr`). The requestor is unknown.
    #[must_use]
    pub fn new(name: &str, signer: Signer, request_pem: &[u8]) -> Self {
        let request = CertificateRequest::from_pem(request_pem);
        let usages = usages(signer, request.as_ref().ok(), KubernetesVersion::LATEST);
        Self(Arc::new(Fields {
            metadata: ObjectMeta::named(name),
            signer_name: signer.as_str().to_owned(),
            signer: Some(signer),
            requestor: Requestor::default(),
            usages,
            expiration_seconds: None,
            request_pem: request_pem.to_vec(),
            request,
            conditions: Vec::new(),
            certificate: None,
        }))
    }

    /// Takes the name away: the API server makes one that begins like this. `kubectl create` takes such
    /// an object, `kubectl apply` does not.
    #[must_use]
    pub fn with_generated_name(mut self, prefix: &str) -> Self {
        self.fields().metadata.generate_name_from(prefix);
        self
    }

    /// Sets who sends it.
    #[must_use]
    pub fn with_requestor(mut self, requestor: Requestor) -> Self {
        self.fields().requestor = requestor;
        self
    }

    /// Sets the usages that it asks for.
    #[must_use]
    pub fn with_usages(mut self, usages: Vec<String>) -> Self {
        self.fields().usages = usages;
        self
    }

    /// Asks for the usages that clients of this version ask for: before 1.27, kubelets ask for key encipherment
    /// whatever the key, and kube-controller-manager approves none without it.
    #[must_use]
    pub fn with_usages_of(mut self, version: KubernetesVersion) -> Self {
        if let Some(signer) = self.0.signer {
            self.fields().usages = usages(signer, self.0.request.as_ref().ok(), version);
        }
        self
    }

    /// Asks for a certificate of this lifetime; [`check_expiration`](super::check_expiration) says whether it can be had.
    #[must_use]
    pub fn with_expiration(mut self, lifetime: Lifetime) -> Self {
        self.fields().expiration_seconds = Some(lifetime.seconds());
        self
    }

    /// Adds an approval: the condition says so, with these words and this time, instead of whatever
    /// condition of type `Approved` was there.
    ///
    /// # Errors
    /// As [`Condition::approved`].
    pub fn with_approval(self, reason: &str, message: &str, now: Timestamp) -> Result<Self, CsrError> {
        Ok(self.with_condition(Condition::approved(reason, message, now)?))
    }

    /// Adds a denial, which is final: the condition says so, with these words and this time, instead of whatever
    /// condition of type `Denied` was there. The API server refuses an object that has both, and takes an approval
    /// back for nobody.
    ///
    /// ```
    /// use kboot_core::{Env, csr::{CertificateSigningRequest, Signer}};
    /// let object = CertificateSigningRequest::new("csr-1", Signer::KubeletServing, b"damaged")
    ///     .with_denial("NotPem", "The request is not PEM.", Env::system().now())?;
    /// assert_eq!(object.condition("Denied").map(|condition| condition.reason.as_str()), Some("NotPem"));
    /// assert!(!object.is_pending());
    /// # Ok::<(), kboot_core::csr::CsrError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Condition::approved`].
    pub fn with_denial(self, reason: &str, message: &str, now: Timestamp) -> Result<Self, CsrError> {
        Ok(self.with_condition(Condition::denied(reason, message, now)?))
    }

    /// Adds a condition instead of whatever condition of its type was there: what is sent to `/approval`.
    ///
    /// ```
    /// use kboot_core::{csr::{CertificateSigningRequest, Condition, Signer, Stage}, Env};
    /// let object = CertificateSigningRequest::new("csr-1", Signer::KubeletServing, b"no request");
    /// let denied = Condition::denied("Unreadable", "the request is not PEM", Env::system().now())?;
    /// assert_eq!(object.with_condition(denied).stage(), Stage::Denied);
    /// # Ok::<(), kboot_core::csr::CsrError>(())
    /// ```
    #[must_use]
    pub fn with_condition(mut self, condition: Condition) -> Self {
        let conditions = &mut self.fields().conditions;
        conditions.retain(|present| present.kind != condition.kind);
        conditions.push(condition);
        self
    }

    /// Adds the certificate that was issued.
    #[must_use]
    pub fn with_certificate(mut self, certificate: &Certificate) -> Self {
        self.fields().certificate = Some(certificate.to_pem().into_bytes());
        self
    }

    /// Reads an object of `certificates.k8s.io/v1`, or of `v1beta1` where it names its signer, from the text of a JSON
    /// object. [`str::parse`] reads YAML too.
    ///
    /// What is wrong with the request in it is no error here: see [`CertificateSigningRequest::request`].
    ///
    /// # Errors
    /// [`CsrError::Object`] for another kind or version, a missing field, a wrong type or a key that is there twice;
    /// [`RequestError::BadBase64`] where `spec.request` is not what the API holds.
    pub fn from_json(text: &str) -> Result<Self, CsrError> {
        check_keys(text)
            .and_then(|()| serde_json::from_str(text))
            .map_err(|error| unreadable(&error, serde_json::from_str(text).ok()))
            .and_then(Self::from_document)
    }

    pub(crate) fn from_value(value: &Value) -> Result<Self, CsrError> {
        Document::deserialize(value)
            .map_err(|error| unreadable(&error, Header::deserialize(value).ok()))
            .and_then(Self::from_document)
    }

    fn from_document(document: Document) -> Result<Self, CsrError> {
        let refuse = |path: &str, problem: String| Err(CsrError::Object { path: path.to_owned(), problem });
        let Document { api_version, kind, metadata, spec, status } = document;
        if let Some(error) = other_kind(&kind) {
            return Err(error);
        }
        if !matches!(api_version.as_str(), "certificates.k8s.io/v1" | "certificates.k8s.io/v1beta1") {
            let problem = format!("{:?} is not certificates.k8s.io/v1", excerpt(&api_version));
            return refuse("apiVersion", problem);
        }
        let request_pem = STANDARD.decode(&spec.request).map_err(|_| RequestError::BadBase64)?;
        let Status { conditions, certificate } = status.unwrap_or_default();
        let certificate = match certificate.as_deref().unwrap_or_default() {
            "" => None,
            text => match STANDARD.decode(text) {
                Ok(pem) => Some(pem),
                Err(_) => return refuse("status.certificate", "is not base64".to_owned()),
            },
        };
        Ok(Self(Arc::new(Fields {
            metadata: ObjectMeta::read(metadata)?,
            signer: spec.signer_name.parse().ok(),
            signer_name: spec.signer_name,
            requestor: Requestor {
                username: spec.username.unwrap_or_default(),
                uid: spec.uid.unwrap_or_default(),
                groups: spec.groups.unwrap_or_default(),
                extra: spec.extra.unwrap_or_default(),
            },
            usages: spec.usages.unwrap_or_default(),
            expiration_seconds: spec.expiration_seconds,
            request: CertificateRequest::from_pem(&request_pem),
            request_pem,
            conditions: conditions.unwrap_or_default(),
            certificate,
        })))
    }

    /// The object as JSON, as the API server takes and gives it, on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.value().to_string()
    }

    fn value(&self) -> Value {
        let mut spec = json!({
            "request": STANDARD.encode(&self.0.request_pem),
            "signerName": self.0.signer_name,
            "usages": self.0.usages,
        });
        let mut put = |field: &str, value: Value| spec[field] = value;
        if let Some(seconds) = self.0.expiration_seconds {
            put("expirationSeconds", seconds.into());
        }
        let Requestor { username, uid, groups, extra } = &self.0.requestor;
        if !username.is_empty() {
            put("username", username.as_str().into());
        }
        if !uid.is_empty() {
            put("uid", uid.as_str().into());
        }
        if !groups.is_empty() {
            put("groups", groups.as_slice().into());
        }
        if !extra.is_empty() {
            put("extra", json!(extra));
        }
        let mut object = json!({
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": self.0.metadata.write(),
            "spec": spec,
        });
        if !self.0.conditions.is_empty() {
            object["status"]["conditions"] = json!(self.0.conditions);
        }
        if let Some(certificate) = &self.0.certificate {
            object["status"]["certificate"] = STANDARD.encode(certificate).into();
        }
        object
    }

    /// The object as YAML, as kubectl writes it.
    ///
    /// # Errors
    /// [`Unwritable`] where the serializer fails, which it has no reason to.
    pub fn to_yaml(&self) -> Result<String, Unwritable> {
        yaml::write(self)
    }

    /// `metadata.name`, which may hold nearly any character; empty where the API server is to make one.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.metadata.name()
    }

    /// Names, labels and what else describes the object.
    #[must_use]
    pub fn metadata(&self) -> &ObjectMeta {
        &self.0.metadata
    }

    /// When the request was created.
    #[must_use]
    pub fn created(&self) -> Option<Timestamp> {
        self.0.metadata.created()
    }

    /// `spec.signerName`.
    #[must_use]
    pub fn signer_name(&self) -> &str {
        &self.0.signer_name
    }

    /// The signer, if it is one that kboot decides for.
    #[must_use]
    pub fn signer(&self) -> Option<Signer> {
        self.0.signer
    }

    /// Who sent the request.
    #[must_use]
    pub fn requestor(&self) -> &Requestor {
        &self.0.requestor
    }

    /// `spec.usages`.
    #[must_use]
    pub fn usages(&self) -> &[String] {
        &self.0.usages
    }

    /// `spec.expirationSeconds`: the lifetime asked for.
    #[must_use]
    pub fn expiration_seconds(&self) -> Option<i64> {
        self.0.expiration_seconds
    }

    /// The request, or why it cannot be read.
    ///
    /// # Errors
    /// [`RequestError`] as [`CertificateRequest::from_pem`].
    pub fn request(&self) -> Result<&CertificateRequest, &RequestError> {
        self.0.request.as_ref()
    }

    /// `spec.request`: the PEM text.
    #[must_use]
    pub fn request_pem(&self) -> &[u8] {
        &self.0.request_pem
    }

    /// `status.conditions`.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.0.conditions
    }

    /// The condition of this type, if it is there; one with an empty status counts
    /// (`IsCertificateRequestApproved` in `pkg/controller/certificates/certificate_controller_utils.go`).
    #[must_use]
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.0.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// `status.certificate`, PEM.
    #[must_use]
    pub fn certificate(&self) -> Option<&[u8]> {
        self.0.certificate.as_deref()
    }

    /// Whether nobody has decided on it and it has no certificate.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.stage() == Stage::Pending
    }

    /// How far the request has come. A denial goes before everything, and a failure before a certificate: kubelets
    /// wait no longer for either (`WaitForCertificate` in `client-go/util/certificate/csr`).
    #[must_use]
    pub fn stage(&self) -> Stage {
        let has = |kind| self.condition(kind).is_some();
        match (has("Denied"), has("Failed"), self.0.certificate.is_some(), has("Approved")) {
            (true, ..) => Stage::Denied,
            (_, true, ..) => Stage::Failed,
            (.., true, _) => Stage::Issued,
            (.., true) => Stage::Approved,
            _ => Stage::Pending,
        }
    }
}

impl CertificateSigningRequest {
    fn fields(&mut self) -> &mut Fields {
        Arc::make_mut(&mut self.0)
    }
}

impl Serialize for CertificateSigningRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl FromStr for CertificateSigningRequest {
    type Err = CsrError;

    /// Reads one object from JSON or YAML, as [`CertificateSigningRequest::from_json`] does; of a list,
    /// [`read_list`](super::read_list) takes each.
    fn from_str(text: &str) -> Result<Self, CsrError> {
        if is_json(text.as_bytes()).is_ok_and(|(is_json, _)| is_json) {
            return Self::from_json(text);
        }
        let value = yaml::parse_as_go(text).map_err(|problem| CsrError::Object {
            path: "the object".to_owned(),
            problem: format!("is not YAML: {}", start(&problem, 200)),
        })?;
        Self::from_value(&value)
    }
}

/// What an object says that it is, whatever else it holds.
#[derive(Deserialize)]
struct Header {
    kind: String,
}

/// Of an object of another kind, that it is one says more than which field it lacks.
fn unreadable(error: &serde_json::Error, header: Option<Header>) -> CsrError {
    header.and_then(|header| other_kind(&header.kind)).unwrap_or_else(|| {
        let words = error.to_string();
        let problem = format!("is not a CertificateSigningRequest object: {}", start(&words, 200));
        CsrError::Object { path: "the object".to_owned(), problem }
    })
}

fn other_kind(kind: &str) -> Option<CsrError> {
    (kind != "CertificateSigningRequest").then(|| CsrError::Object {
        path: "kind".to_owned(),
        problem: format!("{:?} is not CertificateSigningRequest", excerpt(kind)),
    })
}
