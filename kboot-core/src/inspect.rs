//! What files hold: certificates, requests, keys and kubeconfigs, and what each is good for.

use std::fmt;

use rustls_pki_types::pem::SectionKind;

use crate::kind::ErrorKind;
use crate::kubeconfig::{Kubeconfig, KubeconfigError};
use crate::pki::of_x509;
use crate::shown;
use crate::x509::{
    Certificate, CertificateRequest, KeyAlgorithm, PrivateKey, PublicKey, RequestError, X509Error, pem,
};

/// Why a file's bytes cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// None of what kboot looks into.
    #[error("no certificate, certificate request, key or kubeconfig: {instead}")]
    Unrecognized {
        /// What is there instead.
        instead: Unrecognized,
    },
    /// A certificate, a key or the PEM around them is damaged, or none is there.
    #[error(transparent)]
    X509(#[from] X509Error),
    /// A certificate request is damaged.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A kubeconfig cannot be read.
    #[error("the kubeconfig cannot be read")]
    Kubeconfig {
        /// What is wrong.
        #[from]
        source: KubeconfigError,
    },
    /// What a kubeconfig embeds is damaged.
    #[error("{place}")]
    InKubeconfig {
        /// The field.
        place: String,
        /// What is wrong with it.
        source: Box<Self>,
    },
}

/// What stands in a file that holds nothing of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unrecognized {
    /// Nothing.
    Empty,
    /// Bytes that are neither text nor DER.
    Binary,
    /// A text with control characters.
    ControlCharacters,
    /// PEM blocks of other kinds.
    PemBlocks {
        /// The first of what they call themselves, cut.
        labels: Vec<String>,
    },
    /// Another text.
    OtherText,
}

impl fmt::Display for Unrecognized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the file is empty",
            Self::Binary => "neither text nor DER",
            Self::ControlCharacters => "a text with control characters",
            Self::OtherText => "neither PEM, DER nor a kubeconfig",
            Self::PemBlocks { labels } => {
                let labels: Vec<String> = labels.iter().map(|label| format!("{label:?}")).collect();
                return write!(f, "its PEM blocks are {}", labels.join(", "));
            }
        })
    }
}

impl InspectError {
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::X509(error) => of_x509(error),
            Self::InKubeconfig { source, .. } => source.kind(),
            _ => ErrorKind::Input,
        }
    }
}

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
    Request(Box<CertificateRequest>),
    /// A private key, of which only its kind and public half are told.
    PrivateKey {
        /// Its kind; none for one that kboot does not use.
        algorithm: Option<KeyAlgorithm>,
        /// Its public half; none for one that kboot does not use.
        public_key: Option<PublicKey>,
    },
    /// A public key.
    PublicKey(PublicKey),
    /// Another file that a kubeconfig names for a certificate; relative to the kubeconfig's folder.
    Reference {
        /// The path as it stands there.
        path: String,
    },
}

/// Everything that a file's bytes hold: PEM with any number of blocks, one certificate or request in DER, or
/// a kubeconfig.
///
/// ```
/// use kboot_core::{Env, inspect, pki::CertificateAuthority, x509::KeyAlgorithm};
/// let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut Env::system())?;
/// let found = inspect::read(authority.certificate().to_pem().as_bytes())?;
/// assert!(matches!(found[0].item, inspect::Item::Certificate(_)));
/// # Ok::<(), kboot_core::Error>(())
/// ```
///
/// # Errors
/// [`InspectError`] where the bytes are none of these, or one of the things is damaged; for a kubeconfig, the
/// place stands in the error.
pub fn read(bytes: &[u8]) -> Result<Vec<Found>, InspectError> {
    let refuse = |instead| Err(InspectError::Unrecognized { instead });
    if bytes.is_empty() {
        return refuse(Unrecognized::Empty);
    }
    // The tag of an ASN.1 SEQUENCE; '0' in a text, where a length does not follow.
    if bytes.first() == Some(&0x30) && std::str::from_utf8(bytes).is_err() {
        return read_der(bytes).map(|item| vec![Found { place: String::new(), item }]);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return refuse(Unrecognized::Binary) };
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return refuse(Unrecognized::ControlCharacters);
    }
    if is_kubeconfig(text) {
        return read_kubeconfig(text);
    }
    if text.contains("-----BEGIN ") {
        return read_pem(bytes);
    }
    refuse(Unrecognized::OtherText)
}

/// The certificates that a file's bytes hold, in their order; at least one.
///
/// # Errors
/// As [`read`]; [`X509Error::NoCertificate`] in it where there is none.
pub fn certificates(bytes: &[u8]) -> Result<Vec<Certificate>, InspectError> {
    let found = read(bytes)?.into_iter().filter_map(|found| match found.item {
        Item::Certificate(certificate) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<_> = found.collect();
    if certificates.is_empty() { Err(X509Error::NoCertificate.into()) } else { Ok(certificates) }
}

fn read_der(der: &[u8]) -> Result<Item, InspectError> {
    match CertificateRequest::from_der(der) {
        Ok(request) => Ok(Item::Request(Box::new(request))),
        Err(_) => Ok(Item::Certificate(Certificate::from_der(der.to_vec())?)),
    }
}

fn read_pem(text: &[u8]) -> Result<Vec<Found>, InspectError> {
    let mut all = Vec::new();
    for (i, (kind, der)) in pem::sections(text)?.into_iter().enumerate() {
        let item = match kind {
            SectionKind::Certificate => Item::Certificate(Certificate::from_der(der.to_vec())?),
            SectionKind::Csr => Item::Request(Box::new(CertificateRequest::from_der(&der)?)),
            SectionKind::PublicKey => Item::PublicKey(PublicKey::from_section(&der)?),
            SectionKind::RsaPrivateKey | SectionKind::PrivateKey | SectionKind::EcPrivateKey => {
                let key = PrivateKey::from_section(kind, &der).ok();
                Item::PrivateKey {
                    algorithm: key.as_ref().map(PrivateKey::algorithm),
                    public_key: key.map(|key| key.public_key().clone()),
                }
            }
            _ => continue,
        };
        all.push(Found { place: format!("block {}", i + 1), item });
    }
    match all.as_mut_slice() {
        [] => Err(InspectError::Unrecognized { instead: Unrecognized::PemBlocks { labels: labels(text) } }),
        [only] => {
            only.place.clear();
            Ok(all)
        }
        _ => Ok(all),
    }
}

/// What the first PEM blocks of a text call themselves.
fn labels(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    let labels =
        text.lines().filter_map(|line| line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----"));
    labels.take(5).map(shown::excerpt).collect()
}

/// Whether a text says of itself, in YAML or JSON, that it is one; so other documents need no parsing.
fn is_kubeconfig(text: &str) -> bool {
    let bare = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
    text.split(['\n', '{', '}', ',']).any(|part| {
        part.split_once(':').is_some_and(|(key, value)| bare(key) == "kind" && bare(value) == "Config")
    })
}

fn read_kubeconfig(text: &str) -> Result<Vec<Found>, InspectError> {
    let config: Kubeconfig = text.parse()?;
    let mut all = Vec::new();
    let mut embedded = |list: &str, i: usize, field: &str, pem: &[u8]| -> Result<(), InspectError> {
        let place = format!("{list}[{i}].{field}");
        let found = read_pem(pem)
            .map_err(|error| InspectError::InKubeconfig { place: place.clone(), source: Box::new(error) })?;
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
