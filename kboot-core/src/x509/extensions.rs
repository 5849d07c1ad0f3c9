//! What the extensions of a certificate say; none is skipped because it is damaged.

use std::collections::BTreeSet;
use std::net::IpAddr;

use x509_parser::extensions::{
    ExtendedKeyUsage as ParsedUsages, GeneralName, ParsedExtension, X509Extension,
};

use super::{ExtendedKeyUsage, KeyUsage, SubjectAltNames, X509Error, oid};
use crate::net::Host;

/// The extensions that kboot looks at.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    pub(super) alt_names: SubjectAltNames,
    pub(super) other_names: Vec<String>,
    pub(super) is_authority: bool,
    pub(super) path_length: Option<u32>,
    pub(super) is_constrained: bool,
    pub(super) key_usages: Option<KeyUsage>,
    pub(super) extended_usages: Option<Vec<ExtendedKeyUsage>>,
    pub(super) key_id: Option<Vec<u8>>,
}

impl Extensions {
    /// Reads them all. An extension that stands twice (RFC 5280, 4.2) or does not decode is an error:
    /// readers differ in which of the two they believe, and in what they make of the rest.
    pub(super) fn read<'a>(
        extensions: impl Iterator<Item = &'a X509Extension<'a>>,
    ) -> Result<Self, X509Error> {
        let mut read = Self::default();
        let mut seen = BTreeSet::new();
        for extension in extensions {
            if !seen.insert(extension.oid.as_bytes()) {
                return Err(X509Error::MalformedExtension { oid: extension.oid.to_id_string() });
            }
            read.take(extension.parsed_extension())
                .ok_or_else(|| X509Error::MalformedExtension { oid: extension.oid.to_id_string() })?;
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
            ParsedExtension::KeyUsage(usage) => self.key_usages = Some(KeyUsage::of_bits(usage.flags)),
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

/// The name, or a text for one of another kind; none where it is damaged.
fn alt_name(name: &GeneralName<'_>) -> Option<Result<Host, String>> {
    Some(match name {
        GeneralName::DNSName(name) => Ok(Host::Dns((*name).to_owned())),
        GeneralName::IPAddress(octets) => Ok(Host::Ip(match octets.len() {
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

fn extended_usages(usages: &ParsedUsages<'_>) -> Vec<ExtendedKeyUsage> {
    [
        (usages.any, ExtendedKeyUsage::Any),
        (usages.server_auth, ExtendedKeyUsage::ServerAuth),
        (usages.client_auth, ExtendedKeyUsage::ClientAuth),
        (usages.code_signing, ExtendedKeyUsage::CodeSigning),
        (usages.email_protection, ExtendedKeyUsage::EmailProtection),
        (usages.time_stamping, ExtendedKeyUsage::TimeStamping),
        (usages.ocsp_signing, ExtendedKeyUsage::OcspSigning),
    ]
    .into_iter()
    .filter_map(|(is_set, usage)| is_set.then_some(usage))
    .chain(usages.other.iter().map(|other| match oid::from_bytes(other.as_bytes()) {
        Some(oid) => ExtendedKeyUsage::of_oid(oid),
        None => ExtendedKeyUsage::Oversized(other.to_id_string()),
    }))
    .collect()
}
