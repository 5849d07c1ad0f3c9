//! What files hold: certificates, requests, keys and kubeconfigs, and what each is good for.

use rustls_pki_types::pem::SectionKind;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::prelude::{FromDer, X509CertificationRequest};

use super::certificate::{common_name, is_signature_of, key_kind, organizations, readable_name};
use super::extensions::Extensions;
use super::{Certificate, CertificateFacts, KeyAlgorithm, PkiError, PrivateKey, pem};
use crate::kubeconfig::{Kubeconfig, KubeconfigError};
use crate::net::SubjectAltNames;

/// One thing that a file holds.
#[derive(Debug)]
#[non_exhaustive]
pub struct Found {
    /// Where in the file it stands: `users[0].user.client-certificate-data`, or the number of its PEM
    /// block; empty where it is all of the file.
    pub place: String,
    /// What it is.
    pub item: Item,
}

/// What can stand in a file.
#[derive(Debug)]
#[non_exhaustive]
pub enum Item {
    /// A certificate.
    Certificate(Certificate),
    /// A certificate request.
    Request(Box<RequestFacts>),
    /// A private key, of which only its kind and public half are told.
    PrivateKey {
        /// Its kind; none for one that kboot does not use.
        algorithm: Option<KeyAlgorithm>,
        /// The SubjectPublicKeyInfo, DER; empty for one that kboot does not use.
        public_key_der: Vec<u8>,
    },
    /// A public key.
    PublicKey {
        /// The SubjectPublicKeyInfo, DER.
        public_key_der: Vec<u8>,
    },
    /// Another file that a kubeconfig names for a certificate; relative to the kubeconfig's folder.
    Reference {
        /// The path as it stands there.
        path: String,
    },
}

/// What a certificate request (PKCS#10, RFC 2986) asks for; nothing in it is true because it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestFacts {
    /// The subject, for people.
    pub subject: String,
    /// The last common name, empty where there is none.
    pub common_name: String,
    /// Every organization, in order.
    pub organizations: Vec<String>,
    /// The DNS names and addresses.
    pub alt_names: SubjectAltNames,
    /// Alternative names of other kinds, for people.
    pub other_names: Vec<String>,
    /// The key usages, as in [`CertificateFacts`].
    pub key_usages: Option<Vec<&'static str>>,
    /// The extended usages, as in [`CertificateFacts`].
    pub extended_usages: Option<Vec<String>>,
    /// Whether it asks for CA:TRUE.
    pub is_authority: bool,
    /// The kind and size of the key, for people.
    pub key: String,
    /// The SubjectPublicKeyInfo, DER.
    pub public_key_der: Vec<u8>,
    /// The object identifiers of the attributes, each as often as it stands there.
    pub attributes: Vec<String>,
    /// Whether its signature was made by the key that it asks a certificate for.
    pub is_signed: bool,
}

impl RequestFacts {
    /// Reads a request in DER. Extensions of every extensionRequest attribute count.
    ///
    /// # Errors
    /// [`PkiError::MalformedRequest`] for anything else, trailing bytes included;
    /// [`PkiError::MalformedExtension`].
    pub fn from_der(der: &[u8]) -> Result<Self, PkiError> {
        let Ok(([], request)) = X509CertificationRequest::from_der(der) else {
            return Err(PkiError::MalformedRequest);
        };
        let info = &request.certification_request_info;
        let requested = info.attributes().iter().filter_map(|attribute| match attribute.parsed_attribute() {
            ParsedCriAttribute::ExtensionRequest(request) => Some(request.extensions.iter()),
            _ => None,
        });
        let extensions = Extensions::read(requested.flatten())?;
        Ok(Self {
            subject: readable_name(&info.subject),
            common_name: common_name(&info.subject),
            organizations: organizations(&info.subject),
            alt_names: extensions.alt_names,
            other_names: extensions.other_names,
            key_usages: extensions.key_usages,
            extended_usages: extensions.extended_usages,
            is_authority: extensions.is_authority,
            key: key_kind(&info.subject_pki),
            public_key_der: info.subject_pki.raw.to_vec(),
            attributes: info.attributes().iter().map(|attribute| attribute.oid.to_id_string()).collect(),
            is_signed: is_signature_of(
                &info.subject_pki,
                &request.signature_algorithm.algorithm.to_id_string(),
                info.raw,
                &request.signature_value.data,
            ),
        })
    }
}

/// Everything that a file's bytes hold: PEM with any number of blocks, one certificate or request in DER, or
/// a kubeconfig.
///
/// ```
/// use kboot_core::{Env, pki::{CertificateAuthority, KeyAlgorithm, inspect}};
/// let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut Env::system())?;
/// let found = inspect::read(authority.certificate().to_pem().as_bytes())?;
/// assert!(matches!(found[0].item, inspect::Item::Certificate(_)));
/// # Ok::<(), kboot_core::Error>(())
/// ```
///
/// # Errors
/// [`PkiError`] where the bytes are none of these, or one of the things is damaged; for a kubeconfig, the
/// place stands in the error.
pub fn read(bytes: &[u8]) -> Result<Vec<Found>, PkiError> {
    let refuse = |problem: &str| Err(PkiError::Unrecognized { problem: problem.to_owned() });
    if bytes.is_empty() {
        return refuse("the file is empty");
    }
    // The tag of an ASN.1 SEQUENCE; '0' in a text, where a length does not follow.
    if bytes.first() == Some(&0x30) && std::str::from_utf8(bytes).is_err() {
        return read_der(bytes).map(|item| vec![Found { place: String::new(), item }]);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return refuse("neither text nor DER") };
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return refuse("a text with control characters");
    }
    if is_kubeconfig(text) {
        return read_kubeconfig(text);
    }
    if text.contains("-----BEGIN ") {
        return read_pem(bytes);
    }
    refuse("neither PEM, DER nor a kubeconfig")
}

/// The certificates that a file's bytes hold, in their order; at least one.
///
/// # Errors
/// As [`read`]; [`PkiError::NoCertificate`] where there is none.
pub fn certificates(bytes: &[u8]) -> Result<Vec<Certificate>, PkiError> {
    let found = read(bytes)?.into_iter().filter_map(|found| match found.item {
        Item::Certificate(certificate) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<_> = found.collect();
    if certificates.is_empty() { Err(PkiError::NoCertificate) } else { Ok(certificates) }
}

fn read_der(der: &[u8]) -> Result<Item, PkiError> {
    match RequestFacts::from_der(der) {
        Ok(request) => Ok(Item::Request(Box::new(request))),
        Err(_) => Certificate::from_der(der.to_vec()).map(Item::Certificate),
    }
}

fn read_pem(text: &[u8]) -> Result<Vec<Found>, PkiError> {
    let mut all = Vec::new();
    for (i, (kind, der)) in pem::sections(text)?.into_iter().enumerate() {
        let item = match kind {
            SectionKind::Certificate => Item::Certificate(Certificate::from_der(der.to_vec())?),
            SectionKind::Csr => Item::Request(Box::new(RequestFacts::from_der(&der)?)),
            SectionKind::PublicKey => Item::PublicKey { public_key_der: der.to_vec() },
            SectionKind::RsaPrivateKey | SectionKind::PrivateKey | SectionKind::EcPrivateKey => {
                let key = PrivateKey::from_section(kind, &der).ok();
                Item::PrivateKey {
                    algorithm: key.as_ref().map(PrivateKey::algorithm),
                    public_key_der: key.map(|key| key.public_key_der().to_vec()).unwrap_or_default(),
                }
            }
            _ => continue,
        };
        all.push(Found { place: format!("block {}", i + 1), item });
    }
    match all.as_mut_slice() {
        [] => Err(PkiError::Unrecognized { problem: format!("its PEM blocks are {}", labels(text)) }),
        [only] => {
            only.place.clear();
            Ok(all)
        }
        _ => Ok(all),
    }
}

/// What the PEM blocks of a text call themselves.
fn labels(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let labels =
        text.lines().filter_map(|line| line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----"));
    let shown = labels.take(5).map(|label| format!("{:?}", label.chars().take(64).collect::<String>()));
    shown.collect::<Vec<_>>().join(", ")
}

/// Whether a text says of itself, in YAML or JSON, that it is one; so other documents need no parsing.
fn is_kubeconfig(text: &str) -> bool {
    let bare = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
    text.split(['\n', '{', '}', ',']).any(|part| {
        part.split_once(':').is_some_and(|(key, value)| bare(key) == "kind" && bare(value) == "Config")
    })
}

fn read_kubeconfig(text: &str) -> Result<Vec<Found>, PkiError> {
    let malformed = |error: KubeconfigError| PkiError::MalformedKubeconfig { problem: error.to_string() };
    let config: Kubeconfig = text.parse().map_err(malformed)?;
    let mut all = Vec::new();
    let mut embedded = |list: &str, i: usize, field: &str, pem: &[u8]| -> Result<(), PkiError> {
        let place = format!("{list}[{i}].{field}");
        let found = read_pem(pem)
            .map_err(|error| PkiError::InKubeconfig { place: place.clone(), source: Box::new(error) })?;
        all.extend(found.into_iter().map(|found| {
            let place = [place.as_str(), &found.place].join(" ").trim_end().to_owned();
            Found { place, ..found }
        }));
        Ok(())
    };
    let mut references = Vec::new();
    let mut reference = |list: &str, i: usize, field: &str, path: &str| {
        let item = Item::Reference { path: path.to_owned() };
        references.push(Found { place: format!("{list}[{i}].{field}"), item });
    };
    // Data goes before a path, as in clientcmd.
    for (i, entry) in config.clusters.iter().enumerate() {
        let cluster = &entry.value;
        match (&cluster.certificate_authority_data, &cluster.certificate_authority) {
            (Some(data), _) if !data.is_empty() => {
                embedded("clusters", i, "cluster.certificate-authority-data", data)?;
            }
            (_, Some(path)) if !path.is_empty() => {
                reference("clusters", i, "cluster.certificate-authority", path);
            }
            _ => {}
        }
    }
    for (i, entry) in config.users.iter().enumerate() {
        let user = &entry.value;
        match (&user.client_certificate_data, &user.client_certificate) {
            (Some(data), _) if !data.is_empty() => {
                embedded("users", i, "user.client-certificate-data", data)?;
            }
            (_, Some(path)) if !path.is_empty() => reference("users", i, "user.client-certificate", path),
            _ => {}
        }
        if let Some(data) = user.client_key_data.as_ref().filter(|data| !data.expose_secret().is_empty()) {
            embedded("users", i, "user.client-key-data", data.expose_secret())?;
        }
    }
    all.append(&mut references);
    Ok(all)
}

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
                format!("server for {}", self.alt_names.to_string().escape_debug())
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
        let mut text = format!("client of kube-apiserver as {}", self.common_name.escape_debug());
        match self.uids.as_slice() {
            [] => {}
            [uid] if !uid.is_empty() => text += &format!(" with UID {}", uid.escape_debug()),
            _ => {
                return "client of nobody's: kube-apiserver refuses several UIDs and an empty one".to_owned();
            }
        }
        if !self.organizations.is_empty() {
            text += &format!(" in {}", self.organizations.join(", ").escape_debug());
        }
        text
    }
}
