//! cfssl's files: the JSON that `cfssl gencert` takes for a request, and its signing configuration.
//!
//! They are read as cfssl 1.2 reads them (`csr/csr.go`, `config/config.go`), with these differences:
//!
//! - A key that cfssl does not know is an error; cfssl ignores it. A profile that is not there is an
//!   error; cfssl takes the default. So is a usage that is unknown.
//! - What cfssl knows and kboot does not do (remote signers, CRL and OCSP addresses, policies, whitelists,
//!   intermediate authorities) is an error, unless it is empty.
//! - `backdate` other than cfssl's own five minutes is an error: all of kboot's certificates start five
//!   minutes before they are made.
//! - `hosts` holds addresses and lower-case DNS names; e-mail addresses and URIs are errors, because no
//!   component looks at them. An empty host is left out; cfssl writes an empty DNS name.
//! - A request without a common name is an error: to Kubernetes, its holder is nobody.

mod json;
mod profile;

pub use profile::SigningProfile;

use self::json::{Fields, Json};
use super::subject::Others;
use super::{CertificateAuthority, CertificateTemplate, PkiError, Subject};
use crate::document::Problem;
use crate::env::Env;
use crate::name::{Group, Username};
use crate::net::Host;
use crate::time::Lifetime;
use crate::x509::{KeyAlgorithm, PrivateKey, SubjectAltNames};

/// What is wrong with one of cfssl's files, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}{}{problem}", if path.is_empty() { "" } else { ": " })]
#[non_exhaustive]
pub struct CfsslError {
    /// The field's path, for example `names[0].O`; empty for the document itself.
    pub path: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl CfsslError {
    fn new(path: &str, problem: impl Into<String>) -> Self {
        let Problem { path, problem, .. } = Problem::new(path, problem);
        Self { path, problem }
    }
}

/// A certificate request as cfssl's JSON says it, for `gencert` with or without `-initca`.
///
/// ```
/// use kboot_core::pki::{CfsslRequest, SigningProfile};
/// let request = CfsslRequest::from_json(br#"{"CN": "system:kube-proxy", "names": [{"O": "k8s", "OU": "System"}]}"#)?;
/// let template = request.template(&SigningProfile::default())?;
/// assert_eq!(template.subject().to_string(), "CN=system:kube-proxy,O=k8s");
/// # Ok::<(), kboot_core::pki::CfsslError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CfsslRequest {
    /// The subject, laid out as cfssl does: C, ST, L, O, OU, CN, serialNumber, values of one type in one
    /// RDN.
    pub subject: Subject,
    /// The hosts.
    pub alt_names: SubjectAltNames,
    /// The key to make; ECDSA P-256 where the file does not say.
    pub key: KeyAlgorithm,
    /// The section `ca`, where there is one.
    pub authority: Option<CfsslAuthority>,
}

/// Why the authority of a request was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CfsslCaError {
    /// The request is not an authority's.
    #[error(transparent)]
    Request(#[from] CfsslError),
    /// The authority cannot be made.
    #[error(transparent)]
    Pki(#[from] PkiError),
}

/// The section `ca` of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CfsslAuthority {
    /// How long the authority lives.
    pub lifetime: Lifetime,
    /// How many authorities may stand between it and a leaf.
    pub path_length: Option<u8>,
}

impl CfsslAuthority {
    /// What `cfssl gencert -initca` makes of a file without `ca`: five years.
    pub const DEFAULT: Self = Self { lifetime: Lifetime::FIVE_YEARS, path_length: None };
}

impl CfsslRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// [`CfsslError`] with the path of the first field that is wrong.
    pub fn from_json(text: &[u8]) -> Result<Self, CfsslError> {
        const KNOWN: [&str; 6] = ["CN", "names", "hosts", "key", "ca", "serialnumber"];
        const UNSUPPORTED: [(&str, &str); 3] = [
            ("delegation_enabled", "Kubernetes has no delegated credentials"),
            ("extensions", "the extensions come from the profile"),
            ("crl_url", "Kubernetes reads no revocation lists"),
        ];
        let document = json::parse(text)?;
        let fields = match &document {
            Json::Object(_) => document.fields("", &KNOWN, &UNSUPPORTED)?,
            _ => return Err(CfsslError::new("", "must be an object")),
        };
        Ok(Self {
            subject: subject(&fields)?,
            alt_names: hosts(&fields)?,
            key: key(&fields)?,
            authority: authority(&fields)?,
        })
    }

    /// The certificate that the profile makes of the request.
    ///
    /// # Errors
    /// [`CfsslError`] for an authority's request.
    pub fn template(&self, profile: &SigningProfile) -> Result<CertificateTemplate, CfsslError> {
        if self.authority.is_some() {
            let problem = "is for an authority's request: make the authority with it, or leave it out";
            return Err(CfsslError::new("ca", problem));
        }
        Ok(CertificateTemplate {
            subject: self.subject.clone(),
            usage: profile.usage,
            key_usage: profile.key_usage,
            alt_names: self.alt_names.clone(),
            authority: None,
        })
    }

    /// Makes the authority that the request describes, as `cfssl gencert -initca` does.
    ///
    /// # Errors
    /// [`CfsslCaError`] where it has hosts, or where the authority cannot be made.
    pub fn create_authority(&self, env: &mut Env) -> Result<CertificateAuthority, CfsslCaError> {
        if !self.alt_names.is_empty() {
            let problem = "does not belong into an authority's request: an authority serves nothing";
            return Err(CfsslError::new("hosts", problem).into());
        }
        let CfsslAuthority { lifetime, path_length } = self.authority.unwrap_or(CfsslAuthority::DEFAULT);
        let key = PrivateKey::generate(self.key).map_err(PkiError::from)?;
        Ok(CertificateAuthority::with_path_length(&self.subject, key, lifetime, path_length, env)?)
    }
}

fn subject(fields: &Fields<'_>) -> Result<Subject, CfsslError> {
    const KNOWN: [&str; 5] = ["C", "ST", "L", "O", "OU"];
    const UNSUPPORTED: [(&str, &str); 3] = [
        ("SerialNumber", "cfssl leaves it out of the subject; write serialnumber beside CN"),
        ("E", "an e-mail address in the subject means nothing to Kubernetes"),
        ("OID", "kboot writes the usual attributes alone"),
    ];
    let missing =
        || CfsslError::new("CN", "is missing: to Kubernetes, a client without a common name is nobody");
    let common_name = fields.text("CN")?.ok_or_else(missing)?;
    let common_name = common_name.parse::<Username>().map_err(|e| CfsslError::new("CN", e.to_string()))?;
    let mut others = Others { serial_number: attribute(fields, "serialnumber")?, ..Others::default() };
    let mut groups = Vec::new();
    for (i, name) in fields.list("names")?.iter().enumerate() {
        let path = format!("names[{i}]");
        let name = name.fields(&path, &KNOWN, &UNSUPPORTED)?;
        others.countries.extend(country(&name)?);
        others.states.extend(attribute(&name, "ST")?);
        others.localities.extend(attribute(&name, "L")?);
        others.organizational_units.extend(attribute(&name, "OU")?);
        if let Some(group) = name.text("O")? {
            groups.push(group.parse::<Group>().map_err(|e| CfsslError::new(&name.path("O"), e.to_string()))?);
        }
    }
    Ok(groups.into_iter().fold(Subject::of_cfssl(common_name, others), Subject::with_group))
}

fn country(fields: &Fields<'_>) -> Result<Option<String>, CfsslError> {
    match fields.text("C")? {
        // RFC 5280, appendix A: ub-country-name-alpha-length
        Some(text) if text.len() != 2 || !text.bytes().all(|b| b.is_ascii_alphabetic()) => {
            Err(CfsslError::new(&fields.path("C"), "must be two letters (ISO 3166)"))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

fn attribute(fields: &Fields<'_>, name: &str) -> Result<Option<String>, CfsslError> {
    // RFC 5280, appendix A: ub-serial-number and ub-organizational-unit-name are 64, the others 128
    match fields.text(name)? {
        Some(text) if text.chars().count() > 64 || text.chars().any(char::is_control) => {
            let problem = "must have at most 64 characters and no control characters";
            Err(CfsslError::new(&fields.path(name), problem))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

fn hosts(fields: &Fields<'_>) -> Result<SubjectAltNames, CfsslError> {
    let mut names = Vec::new();
    for (i, host) in fields.list("hosts")?.iter().enumerate() {
        let path = format!("hosts[{i}]");
        let host = host.text(&path)?;
        if host.is_empty() {
            continue;
        }
        let name = host.parse::<Host>().map_err(|error| {
            let problem = match host {
                _ if host.contains("://") => {
                    "is a URI, and no component looks at one: leave it out".to_owned()
                }
                _ if host.contains('@') => {
                    "is an e-mail address, and no component looks at one: leave it out".to_owned()
                }
                _ => error.to_string(),
            };
            CfsslError::new(&path, problem)
        })?;
        names.push(name);
    }
    Ok(names.into_iter().collect())
}

fn key(fields: &Fields<'_>) -> Result<KeyAlgorithm, CfsslError> {
    let Some(key) = fields.get("key") else { return Ok(KeyAlgorithm::EcdsaP256) };
    let key = key.fields("key", &["algo", "size"], &[])?;
    // csr.go starts from ECDSA with 256 bits, field by field.
    match (key.text("algo")?.unwrap_or("ecdsa"), key.number("size")?.unwrap_or(256)) {
        ("ecdsa", 256) => Ok(KeyAlgorithm::EcdsaP256),
        ("ecdsa", 384) => Ok(KeyAlgorithm::EcdsaP384),
        ("rsa", 2048) => Ok(KeyAlgorithm::Rsa2048),
        ("rsa", 3072) => Ok(KeyAlgorithm::Rsa3072),
        ("rsa", 4096) => Ok(KeyAlgorithm::Rsa4096),
        ("ecdsa", _) => Err(CfsslError::new("key.size", "must be 256 or 384 for ecdsa")),
        ("rsa", _) => Err(CfsslError::new("key.size", "must be 2048, 3072 or 4096 for rsa")),
        _ => Err(CfsslError::new("key.algo", "must be ecdsa or rsa")),
    }
}

fn authority(fields: &Fields<'_>) -> Result<Option<CfsslAuthority>, CfsslError> {
    let Some(section) = fields.get("ca").filter(|section| !matches!(section, Json::Null)) else {
        return Ok(None);
    };
    let section = section.fields("ca", &["expiry", "pathlen", "pathlenzero", "backdate"], &[])?;
    profile::check_backdate(&section)?;
    let lifetime = match section.text("expiry")? {
        Some(text) => profile::lifetime(text, "ca.expiry")?,
        None => CfsslAuthority::DEFAULT.lifetime,
    };
    let path_length = match (section.number("pathlen")?.unwrap_or(0), section.flag("pathlenzero")?) {
        (0, false) => None,
        (1.., true) => return Err(CfsslError::new("ca.pathlenzero", "contradicts ca.pathlen")),
        (length, _) => {
            let length = u8::try_from(length);
            Some(length.map_err(|_| CfsslError::new("ca.pathlen", "must be a number from 0 to 255"))?)
        }
    };
    Ok(Some(CfsslAuthority { lifetime, path_length }))
}
