//! What the extensions of a certificate say; none is skipped because it is damaged.

use std::collections::BTreeSet;
use std::net::IpAddr;

use x509_parser::extensions::{ExtendedKeyUsage, GeneralName, KeyUsage, ParsedExtension, X509Extension};

use super::PkiError;
use crate::net::{AltName, SubjectAltNames};

/// The extensions that kboot looks at.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    pub(super) alt_names: SubjectAltNames,
    pub(super) other_names: Vec<String>,
    pub(super) is_authority: bool,
    pub(super) path_length: Option<u32>,
    pub(super) is_constrained: bool,
    pub(super) key_usages: Option<Vec<&'static str>>,
    pub(super) extended_usages: Option<Vec<String>>,
    pub(super) key_id: Option<Vec<u8>>,
}

impl Extensions {
    /// Reads them all. An extension that stands twice (RFC 5280, 4.2) or does not decode is an error:
    /// readers differ in which of the two they believe, and in what they make of the rest.
    pub(super) fn read<'a>(
        extensions: impl Iterator<Item = &'a X509Extension<'a>>,
    ) -> Result<Self, PkiError> {
        let mut read = Self::default();
        let mut seen = BTreeSet::new();
        for extension in extensions {
            if !seen.insert(extension.oid.as_bytes()) {
                return Err(PkiError::MalformedExtension { oid: extension.oid.to_id_string() });
            }
            read.take(extension.parsed_extension())
                .ok_or_else(|| PkiError::MalformedExtension { oid: extension.oid.to_id_string() })?;
        }
        Ok(read)
    }

    fn take(&mut self, extension: &ParsedExtension<'_>) -> Option<()> {
        match extension {
            ParsedExtension::ParseError { .. } => return None,
            ParsedExtension::BasicConstraints(constraints) => {
                self.is_authority = constraints.ca;
                self.path_length = constraints.path_len_constraint;
            }
            ParsedExtension::KeyUsage(usage) => self.key_usages = Some(key_usages(usage)),
            ParsedExtension::NameConstraints(_) => self.is_constrained = true,
            ParsedExtension::ExtendedKeyUsage(usage) => {
                let for_both = usage.any || (usage.server_auth && usage.client_auth);
                self.is_constrained |= !for_both;
                self.extended_usages = Some(extended_usages(usage));
            }
            ParsedExtension::SubjectKeyIdentifier(id) => self.key_id = Some(id.0.to_vec()),
            ParsedExtension::SubjectAlternativeName(names) => {
                let mut known = Vec::new();
                for name in &names.general_names {
                    match alt_name(name)? {
                        Ok(name) => known.push(name),
                        Err(other) => self.other_names.push(other),
                    }
                }
                self.alt_names = known.into_iter().collect();
            }
            _ => {}
        }
        Some(())
    }
}

/// The name, or a text for one of a kind that Kubernetes has no use for; none where it is damaged.
fn alt_name(name: &GeneralName<'_>) -> Option<Result<AltName, String>> {
    Some(match name {
        GeneralName::DNSName(name) => Ok(AltName::Dns((*name).to_owned())),
        GeneralName::IPAddress(octets) => Ok(AltName::Ip(match octets.len() {
            4 => IpAddr::from(<[u8; 4]>::try_from(*octets).ok()?),
            _ => IpAddr::from(<[u8; 16]>::try_from(*octets).ok()?),
        })),
        GeneralName::RFC822Name(text) => Err(format!("email:{text}")),
        GeneralName::URI(text) => Err(format!("URI:{text}")),
        GeneralName::DirectoryName(name) => Err(format!("directory:{name}")),
        GeneralName::RegisteredID(oid) => Err(format!("registeredID:{oid}")),
        GeneralName::OtherName(oid, _) => Err(format!("otherName:{oid}")),
        GeneralName::X400Address(_) => Err("x400Address".to_owned()),
        GeneralName::EDIPartyName(_) => Err("ediPartyName".to_owned()),
        GeneralName::Invalid(..) => return None,
    })
}

/// In the words of `certificates.k8s.io` (`KeyUsage` in `api/certificates/v1/types.go`).
fn key_usages(usage: &KeyUsage) -> Vec<&'static str> {
    [
        (usage.digital_signature(), "digital signature"),
        (usage.non_repudiation(), "content commitment"),
        (usage.key_encipherment(), "key encipherment"),
        (usage.data_encipherment(), "data encipherment"),
        (usage.key_agreement(), "key agreement"),
        (usage.key_cert_sign(), CERT_SIGN),
        (usage.crl_sign(), "crl sign"),
        (usage.encipher_only(), "encipher only"),
        (usage.decipher_only(), "decipher only"),
    ]
    .into_iter()
    .filter_map(|(is_set, name)| is_set.then_some(name))
    .collect()
}

pub(super) const CERT_SIGN: &str = "cert sign";
pub(super) const ANY: &str = "any";
pub(super) const SERVER_AUTH: &str = "server auth";
pub(super) const CLIENT_AUTH: &str = "client auth";

fn extended_usages(usage: &ExtendedKeyUsage<'_>) -> Vec<String> {
    [
        (usage.any, ANY),
        (usage.server_auth, SERVER_AUTH),
        (usage.client_auth, CLIENT_AUTH),
        (usage.code_signing, "code signing"),
        (usage.email_protection, "email protection"),
        (usage.time_stamping, "timestamping"),
        (usage.ocsp_signing, "ocsp signing"),
    ]
    .into_iter()
    .filter(|(is_set, _)| *is_set)
    .map(|(_, name)| name.to_owned())
    .chain(usage.other.iter().map(x509_parser::oid_registry::Oid::to_id_string))
    .collect()
}
