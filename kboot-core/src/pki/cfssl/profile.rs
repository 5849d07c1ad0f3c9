//! A profile of cfssl's signing configuration.

use super::CfsslError;
use super::json::{self, Fields, Json, below};
use crate::document::closest;
use crate::shown::excerpt;
use crate::time::{Lifetime, go_duration};
use crate::x509::{KeyUsage, TlsUsage};

/// What a profile of a signing configuration makes of requests.
///
/// ```
/// use kboot_core::{pki::SigningProfile, x509::TlsUsage};
/// let config = br#"{"signing": {"profiles": {"server": {"usages": ["signing", "server auth"], "expiry": "8760h"}}}}"#;
/// let profile = SigningProfile::from_json(config, Some("server"))?;
/// assert_eq!(profile.usage, TlsUsage::Server);
/// assert_eq!(profile.lifetime, "1y".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SigningProfile {
    /// Client, server or both.
    pub usage: TlsUsage,
    /// What the key may do.
    pub key_usage: KeyUsage,
    /// How long certificates live.
    pub lifetime: Lifetime,
}

impl Default for SigningProfile {
    /// cfssl's own profile, for where there is no configuration: servers and clients, one year.
    fn default() -> Self {
        Self {
            usage: TlsUsage::ServerAndClient,
            key_usage: KeyUsage::SIGNATURE_AND_ENCIPHERMENT,
            lifetime: Lifetime::ONE_YEAR,
        }
    }
}

const PROFILE: [&str; 6] = ["usages", "expiry", "backdate", "ca_constraint", "is_ca", "ocsp_no_check"];
const PROFILE_UNSUPPORTED: [(&str, &str); 21] = [
    ("issuer_urls", "Kubernetes reads no such addresses"),
    ("ocsp_url", "Kubernetes asks no OCSP responder"),
    ("crl_url", "Kubernetes reads no revocation lists"),
    ("policies", "no component looks at certificate policies"),
    ("auth_key", "kboot signs with the key that it is given"),
    ("prev_auth_key", "kboot signs with the key that it is given"),
    ("remote", "kboot signs with the key that it is given"),
    ("auth_remote", "kboot signs with the key that it is given"),
    ("not_before", "certificates start five minutes before they are made"),
    ("not_after", "write expiry"),
    ("name_whitelist", "kboot does not check names against a pattern"),
    ("ct_log_servers", "a cluster's certificates belong in no public log"),
    ("allowed_extensions", "the extensions come from the profile"),
    ("copy_extensions", "the extensions come from the profile"),
    ("csr_whitelist", "kboot makes the request itself"),
    ("csrwhitelist", "kboot makes the request itself"),
    ("cert_store", "kboot keeps no list of certificates"),
    ("clientprovidesserialnumbers", "serial numbers are random"),
    ("lint_error_level", "kboot does not run zlint"),
    ("ignored_lints", "kboot does not run zlint"),
    ("ignored_lint_sources", "kboot does not run zlint"),
];

impl SigningProfile {
    /// Reads the profile of this name, or the default one, from a signing configuration. Other profiles may
    /// ask for what kboot does not do, but not hold unknown fields.
    ///
    /// # Errors
    /// [`CfsslError`] with the path of the first field that is wrong.
    pub fn from_json(config: &[u8], name: Option<&str>) -> Result<Self, CfsslError> {
        let document = json::parse(config)?;
        // Keys and signers that no profile names change nothing.
        let fields = match &document {
            Json::Object(_) => document.fields("", &["signing", "auth_keys", "remotes"], &[])?,
            _ => return Err(CfsslError::new("", "must be an object")),
        };
        let Some(signing) = fields.get("signing") else {
            return Err(CfsslError::new("signing", "is missing"));
        };
        let signing = signing.fields("signing", &["default", "profiles"], &[])?;
        let profiles = match signing.get("profiles") {
            Some(profiles) => profiles.members("signing.profiles")?,
            None => &[],
        };
        let default = signing.get("default").filter(|profile| !matches!(profile, Json::Null));
        for (i, (profile, value)) in profiles.iter().enumerate() {
            let path = below("signing.profiles", profile);
            check_fields(value, &path)?;
            if profiles.iter().take(i).any(|(before, _)| before == profile) {
                return Err(CfsslError::new(&path, "stands there twice"));
            }
        }
        default.map_or(Ok(()), |profile| check_fields(profile, "signing.default"))?;
        match name {
            None => default.map_or_else(|| Ok(Self::default()), |profile| read(profile, "signing.default")),
            Some(name) => match profiles.iter().find(|(profile, _)| profile == name) {
                Some((_, profile)) => read(profile, &below("signing.profiles", name)),
                None => {
                    let near = closest(profiles.iter().map(|(profile, _)| profile.as_str()), name);
                    let hint = near.map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
                    Err(CfsslError::new(&below("signing.profiles", name), format!("is not there{hint}")))
                }
            },
        }
    }
}

fn check_fields(profile: &Json, path: &str) -> Result<(), CfsslError> {
    let known: Vec<_> =
        PROFILE.into_iter().chain(PROFILE_UNSUPPORTED.into_iter().map(|(name, _)| name)).collect();
    profile.fields(path, &known, &[]).map(|_| ())
}

fn read(profile: &Json, path: &str) -> Result<SigningProfile, CfsslError> {
    let fields = profile.fields(path, &PROFILE, &PROFILE_UNSUPPORTED)?;
    let constraint_path = fields.path("ca_constraint");
    let constraint = match fields.get("ca_constraint") {
        Some(value) => value
            .fields(&constraint_path, &["is_ca", "max_path_len", "max_path_len_zero"], &[])?
            .flag("is_ca")?,
        None => false,
    };
    if constraint || fields.flag("is_ca")? {
        let problem = "makes an authority that another one signed, which kboot does not; leave the authority on its own";
        return Err(CfsslError::new(path, problem));
    }
    if fields.flag("ocsp_no_check")? {
        return Err(CfsslError::new(
            &fields.path("ocsp_no_check"),
            "is not supported: Kubernetes asks no OCSP responder",
        ));
    }
    check_backdate(&fields)?;
    let expiry = fields.path("expiry");
    let lifetime = match fields.text("expiry")? {
        Some(text) => lifetime(text, &expiry)?,
        None => return Err(CfsslError::new(&expiry, "is missing")),
    };
    let (usage, key_usage) = usages(&fields)?;
    Ok(SigningProfile { usage, key_usage, lifetime })
}

fn usages(fields: &Fields<'_>) -> Result<(TlsUsage, KeyUsage), CfsslError> {
    let (mut signature, mut encipherment, mut server, mut client) = (false, false, false, false);
    for (i, usage) in fields.list("usages")?.iter().enumerate() {
        let path = format!("{}[{i}]", fields.path("usages"));
        match usage.text(&path)? {
            "signing" | "digital signature" => signature = true,
            "key encipherment" => encipherment = true,
            "server auth" => server = true,
            "client auth" => client = true,
            "cert sign" | "crl sign" => {
                // RFC 5280, 4.2.1.3: only an authority's key signs certificates.
                return Err(CfsslError::new(&path, "belongs to authorities alone"));
            }
            "content commitment"
            | "content committment"
            | "data encipherment"
            | "key agreement"
            | "encipher only"
            | "decipher only"
            | "any"
            | "code signing"
            | "email protection"
            | "s/mime"
            | "ipsec end system"
            | "ipsec tunnel"
            | "ipsec user"
            | "timestamping"
            | "ocsp signing"
            | "microsoft sgc"
            | "netscape sgc" => {
                let problem = "is not supported: no component uses it; use signing, key encipherment, server auth and client auth";
                return Err(CfsslError::new(&path, problem));
            }
            _ => {
                let problem = "is not a usage that cfssl knows; use signing, key encipherment, server auth and client auth";
                return Err(CfsslError::new(&path, problem));
            }
        }
    }
    let usage = match (server, client) {
        (true, true) => TlsUsage::ServerAndClient,
        (true, false) => TlsUsage::Server,
        (false, true) => TlsUsage::Client,
        // Without an extended usage, a certificate is good for everything.
        (false, false) => {
            return Err(CfsslError::new(
                &fields.path("usages"),
                "must hold server auth, client auth or both",
            ));
        }
    };
    let key_usage = match (signature, encipherment) {
        (true, true) => KeyUsage::SIGNATURE_AND_ENCIPHERMENT,
        (true, false) => KeyUsage::DIGITAL_SIGNATURE,
        (false, _) => {
            let problem = "must hold signing: TLS 1.3 proves every key by a signature";
            return Err(CfsslError::new(&fields.path("usages"), problem));
        }
    };
    Ok((usage, key_usage))
}

/// cfssl dates back by five minutes where nothing else is said.
pub(super) fn check_backdate(fields: &Fields<'_>) -> Result<(), CfsslError> {
    let path = fields.path("backdate");
    match fields.text("backdate")?.map(seconds) {
        None | Some(Some(0)) => Ok(()),
        Some(Some(seconds)) if seconds == Lifetime::BACKDATE.seconds() => Ok(()),
        Some(_) => Err(CfsslError::new(
            &path,
            "is not supported: certificates start five minutes before they are made; leave it out",
        )),
    }
}

/// A duration in whole seconds; none for what Go refuses, and for what is negative.
fn seconds(text: &str) -> Option<i64> {
    go_duration(text).filter(|nanoseconds| *nanoseconds >= 0).map(|nanoseconds| nanoseconds / 1_000_000_000)
}

pub(super) fn lifetime(text: &str, path: &str) -> Result<Lifetime, CfsslError> {
    let value = || excerpt(text);
    match seconds(text).map(Lifetime::from_seconds) {
        Some(Ok(lifetime)) if lifetime > Lifetime::ZERO => Ok(lifetime),
        Some(Ok(_)) => Err(CfsslError::new(path, format!("{:?} is no time at all", value()))),
        _ => Err(CfsslError::new(
            path,
            format!("{:?} is not a duration that cfssl reads: write hours, for example 8760h", value()),
        )),
    }
}
