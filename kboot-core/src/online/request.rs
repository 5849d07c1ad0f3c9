//! What stands in a PKCS#10 request (RFC 2986), nothing merged and nothing dropped that decides about a node.

use std::net::IpAddr;

use rustls_pki_types::pem::{self, SectionKind};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::{OID_X509_COMMON_NAME, OID_X509_ORGANIZATION_NAME, Oid};
use x509_parser::prelude::FromDer;

/// A kubelet's request has about 500 bytes, one of RSA-4096 with a hundred names about 8 KiB.
const MAX_BYTES: usize = 64 * 1024;

/// Every name that a request asks for, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Request {
    pub(super) common_names: Vec<String>,
    pub(super) organizations: Vec<String>,
    pub(super) dns_names: Vec<String>,
    pub(super) addresses: Vec<IpAddr>,
    /// Alternative names of other kinds: e-mail, URI, …
    pub(super) other_names: usize,
}

impl Request {
    /// Reads the first section of a PEM text, as the API server does (`ParseCSR` in
    /// `pkg/apis/certificates/helpers.go`).
    pub(super) fn decode(text: &[u8]) -> Result<Self, &'static str> {
        if text.len() > MAX_BYTES {
            return Err("it is larger than 64 KiB");
        }
        let section = pem::from_buf(&mut &*text).map_err(|_| "its PEM is malformed")?;
        let Some((SectionKind::Csr, der)) = section else {
            return Err("it is not a PEM block CERTIFICATE REQUEST");
        };
        let Ok(([], parsed)) = X509CertificationRequest::from_der(&der) else {
            return Err("it is not valid DER (PKCS#10)");
        };
        let info = &parsed.certification_request_info;
        let texts = |oid: Oid<'static>| -> Result<Vec<String>, &'static str> {
            let text = |value: &x509_parser::x509::AttributeTypeAndValue<'_>| {
                value.as_str().map(str::to_owned).map_err(|_| "a name in its subject is not a text")
            };
            info.subject.iter_by_oid(&oid).map(text).collect()
        };
        let mut request = Self {
            common_names: texts(OID_X509_COMMON_NAME)?,
            organizations: texts(OID_X509_ORGANIZATION_NAME)?,
            ..Self::default()
        };
        for attribute in info.iter_attributes() {
            let ParsedCriAttribute::ExtensionRequest(requested) = attribute.parsed_attribute() else {
                continue;
            };
            for extension in &requested.extensions {
                match extension.parsed_extension() {
                    ParsedExtension::SubjectAlternativeName(names) => {
                        names.general_names.iter().for_each(|name| request.alt_name(name));
                    }
                    ParsedExtension::ParseError { .. } => return Err("one of its extensions is malformed"),
                    _ => {}
                }
            }
        }
        Ok(request)
    }

    fn alt_name(&mut self, name: &GeneralName<'_>) {
        match name {
            GeneralName::DNSName(name) => self.dns_names.push((*name).to_owned()),
            GeneralName::IPAddress(octets) => {
                let v4 = <[u8; 4]>::try_from(*octets).map(IpAddr::from);
                match v4.or_else(|_| <[u8; 16]>::try_from(*octets).map(IpAddr::from)) {
                    Ok(address) => self.addresses.push(address),
                    Err(_) => self.other_names = self.other_names.saturating_add(1),
                }
            }
            _ => self.other_names = self.other_names.saturating_add(1),
        }
    }
}
