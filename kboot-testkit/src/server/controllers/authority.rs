//! The cluster's certificate authority, and certificates as kube-controller-manager's signer issues them
//! (`pkg/controller/certificates/authority`).

use std::fmt;

use ::der::Encode;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use time::{Duration, OffsetDateTime};
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use crate::generate::{Extension, GeneralName, der, key};
use crate::server::admission::pki::certificate;
use crate::server::admission::pki::request::CertificateRequest;

enum Pair {
    Ecdsa(EcdsaKeyPair, &'static str),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// A certificate with its key.
pub(crate) struct Authority {
    certificate: Vec<u8>,
    subject: Vec<u8>,
    key_identifier: Option<Vec<u8>>,
    not_after: OffsetDateTime,
    pair: Pair,
}

impl fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Authority(until {})", self.not_after)
    }
}

/// Kubernetes signs as if it were five minutes earlier.
const BACKDATE: Duration = Duration::minutes(5);
/// `--cluster-signing-duration`.
const LONGEST: Duration = Duration::days(365);

impl Authority {
    /// Of DER and PKCS#8.
    ///
    /// # Errors
    /// What cannot be read.
    pub(crate) fn new(certificate: &[u8], pkcs8: &[u8]) -> Result<Self, String> {
        let parsed: Certificate = certificate::read(certificate)?;
        let fields = parsed.tbs_certificate();
        let key_identifier = fields.get_extension::<SubjectKeyIdentifier>().ok().flatten();
        let not_after = fields.validity().not_after.to_unix_duration().as_secs();
        let not_after =
            i64::try_from(not_after).ok().and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
        Ok(Self {
            certificate: certificate.to_vec(),
            subject: fields.subject().to_der().map_err(|error| error.to_string())?,
            key_identifier: key_identifier.map(|(_, identifier)| identifier.0.as_bytes().to_vec()),
            not_after: not_after.ok_or("the certificate's end is out of range")?,
            pair: pair(pkcs8).ok_or("the key is none that signs")?,
        })
    }

    pub(crate) fn pem(&self) -> String {
        pem(&self.certificate)
    }

    /// A certificate for a request, as PEM. What the request says of extensions other than alternative names counts
    /// for nothing.
    ///
    /// # Errors
    /// Why none is issued: an unknown usage, an authority that has ended.
    pub(super) fn issue(
        &self,
        request: &CertificateRequest,
        usages: &[&str],
        seconds: Option<i64>,
        now: OffsetDateTime,
        minor: u32,
    ) -> Result<String, String> {
        let lifetime = lifetime(seconds.filter(|_| minor >= 22));
        let not_before = now - BACKDATE;
        // A short-lived certificate gets all of its time, a longer one ends early by as much as it starts.
        let is_short = minor >= 22 && lifetime < Duration::hours(8);
        let not_after = if is_short { now + lifetime } else { not_before + lifetime };
        if not_before >= self.not_after {
            return Err(format!("the signer has expired: NotAfter={}", self.not_after));
        }
        if now >= self.not_after {
            return Err("refusing to sign a certificate that expired in the past".to_owned());
        }
        let mut serial = [0; 16];
        SystemRandom::new().fill(&mut serial).map_err(|_| "no random numbers")?;
        let algorithm = self.algorithm();
        let info = der::sequence([
            der::tlv(0xa0, &der::tlv(0x02, &[2])),
            der::unsigned(&serial),
            algorithm.clone(),
            self.subject.clone(),
            der::sequence([time(not_before), time(not_after.min(self.not_after))]),
            go_subject(&request.attributes),
            request.public_key_info.clone(),
            der::tlv(0xa3, &der::sequence(self.extensions(request, usages)?)),
        ]);
        let signature = self.sign(&info)?;
        Ok(pem(&der::sequence([info, algorithm, der::bit_string(&signature)])))
    }

    /// In Go's order.
    fn extensions(&self, request: &CertificateRequest, usages: &[&str]) -> Result<Vec<Vec<u8>>, String> {
        let (bits, purposes) = purposes(usages)?;
        let mut extensions = Vec::new();
        if !bits.is_empty() {
            extensions.push(Extension::key_usage(&bits).der());
        }
        if !purposes.is_empty() {
            extensions.push(Extension::extended_key_usage(&purposes).der());
        }
        // CA:FALSE, which DER leaves out.
        extensions.push(Extension::raw("2.5.29.19", der::tlv(0x30, &[])).critical().der());
        if let Some(identifier) = &self.key_identifier {
            let value = der::sequence([der::tlv(0x80, identifier)]);
            extensions.push(Extension::raw("2.5.29.35", value).der());
        }
        let names = &request.alt_names;
        let mut general: Vec<Vec<u8>> = Vec::new();
        general.extend(names.dns.iter().map(|name| der::tlv(0x82, name)));
        general.extend(names.emails.iter().map(|name| der::tlv(0x81, name)));
        general.extend(names.addresses.iter().map(|address| GeneralName::ip(&address.to_string()).der()));
        general.extend(names.uris.iter().map(|name| der::tlv(0x86, name)));
        if !general.is_empty() {
            let names = Extension::raw("2.5.29.17", der::sequence(general));
            let is_critical = go_subject(&request.attributes) == der::tlv(0x30, &[]);
            extensions.push(if is_critical { names.critical().der() } else { names.der() });
        }
        Ok(extensions)
    }

    fn algorithm(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Ecdsa(_, oid) => key::algorithm(oid, None),
            Pair::Ed25519(_) => key::algorithm("1.3.101.112", None),
            Pair::Rsa(_) => key::algorithm("1.2.840.113549.1.1.11", Some(der::null())),
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let random = SystemRandom::new();
        let failed = |_| "the authority's key does not sign".to_owned();
        match &self.pair {
            Pair::Ecdsa(pair, _) => {
                pair.sign(&random, message).map(|signature| signature.as_ref().to_vec()).map_err(failed)
            }
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

fn pair(pkcs8: &[u8]) -> Option<Pair> {
    let curves = [
        (&ECDSA_P256_SHA256_ASN1_SIGNING, "1.2.840.10045.4.3.2"),
        (&ECDSA_P384_SHA384_ASN1_SIGNING, "1.2.840.10045.4.3.3"),
        (&ECDSA_P521_SHA512_ASN1_SIGNING, "1.2.840.10045.4.3.4"),
    ];
    curves
        .into_iter()
        .find_map(|(curve, oid)| {
            EcdsaKeyPair::from_pkcs8(curve, pkcs8).ok().map(|pair| Pair::Ecdsa(pair, oid))
        })
        .or_else(|| RsaKeyPair::from_pkcs8(pkcs8).ok().map(Pair::Rsa))
        .or_else(|| Ed25519KeyPair::from_pkcs8(pkcs8).ok().map(Pair::Ed25519))
}

fn pem(octets: &[u8]) -> String {
    let base64 = STANDARD.encode(octets);
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in base64.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text + "-----END CERTIFICATE-----\n"
}

/// What is asked for, between ten minutes and a year; a year where nothing is.
fn lifetime(seconds: Option<i64>) -> Duration {
    seconds.map_or(LONGEST, |seconds| Duration::seconds(seconds).clamp(Duration::minutes(10), LONGEST))
}

/// UTCTime until 2049 (RFC 5280, section 4.1.2.5).
fn time(at: OffsetDateTime) -> Vec<u8> {
    let at = at.to_offset(time::UtcOffset::UTC);
    let rest = format!(
        "{:02}{:02}{:02}{:02}{:02}Z",
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    let year = at.year();
    if (1950..2050).contains(&year) {
        der::tlv(0x17, format!("{:02}{rest}", year % 100).as_bytes())
    } else {
        der::tlv(0x18, format!("{year:04}{rest}").as_bytes())
    }
}

/// The subject as Go writes it anew: what it has a field for, in its order, each field one set
/// (`pkix.Name.ToRDNSequence`). Other attributes are lost.
fn go_subject(attributes: &[(String, String)]) -> Vec<u8> {
    const ORDER: [&str; 9] = [
        "2.5.4.6", "2.5.4.10", "2.5.4.11", "2.5.4.7", "2.5.4.8", "2.5.4.9", "2.5.4.17", "2.5.4.3", "2.5.4.5",
    ];
    let sets = ORDER.into_iter().filter_map(|oid| {
        let mut values: Vec<&String> =
            attributes.iter().filter(|(other, _)| other == oid).map(|(_, value)| value).collect();
        if matches!(oid, "2.5.4.3" | "2.5.4.5") {
            values = values.pop().filter(|value| !value.is_empty()).into_iter().collect();
        }
        let pairs: Vec<Vec<u8>> =
            values.into_iter().map(|value| der::sequence([der::oid(oid), go_text(value)])).collect();
        (!pairs.is_empty()).then(|| der::tlv(0x31, &der::sorted(pairs)))
    });
    der::sequence(sets)
}

/// PrintableString where that can hold it.
fn go_text(text: &str) -> Vec<u8> {
    let printable = |c: char| c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c);
    let tag = if text.chars().all(printable) { 0x13 } else { 0x0c };
    der::tlv(tag, text.as_bytes())
}

/// keyUsage's bits by number and the extended usages, in the order of Go's numbers for them.
fn purposes(usages: &[&str]) -> Result<(Vec<u8>, Vec<&'static str>), String> {
    const EXTENDED: [(&str, &str); 13] = [
        ("any", "2.5.29.37.0"),
        ("server auth", "1.3.6.1.5.5.7.3.1"),
        ("client auth", "1.3.6.1.5.5.7.3.2"),
        ("code signing", "1.3.6.1.5.5.7.3.3"),
        ("email protection", "1.3.6.1.5.5.7.3.4"),
        ("s/mime", "1.3.6.1.5.5.7.3.4"),
        ("ipsec end system", "1.3.6.1.5.5.7.3.5"),
        ("ipsec tunnel", "1.3.6.1.5.5.7.3.6"),
        ("ipsec user", "1.3.6.1.5.5.7.3.7"),
        ("timestamping", "1.3.6.1.5.5.7.3.8"),
        ("ocsp signing", "1.3.6.1.5.5.7.3.9"),
        ("microsoft sgc", "1.3.6.1.4.1.311.10.3.3"),
        ("netscape sgc", "2.16.840.1.113730.4.1"),
    ];
    /// By their bit.
    const KEY: [&[&str]; 9] = [
        &["digital signature", "signing"],
        &["content commitment"],
        &["key encipherment"],
        &["data encipherment"],
        &["key agreement"],
        &["cert sign"],
        &["crl sign"],
        &["encipher only"],
        &["decipher only"],
    ];
    let is_known = |usage: &&&str| {
        EXTENDED.iter().any(|(name, _)| name == *usage) || KEY.iter().any(|names| names.contains(usage))
    };
    if let Some(unknown) = usages.iter().find(|usage| !is_known(usage)) {
        return Err(format!("unrecognized usage values: [{unknown}]"));
    }
    let asked = |names: &[&str]| names.iter().any(|name| usages.contains(name));
    let bits = (0_u8..).zip(KEY).filter(|(_, names)| asked(names)).map(|(bit, _)| bit).collect();
    let mut extended: Vec<&str> =
        EXTENDED.iter().filter(|(name, _)| usages.contains(name)).map(|(_, oid)| *oid).collect();
    extended.dedup();
    Ok((bits, extended))
}
