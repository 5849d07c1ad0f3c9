//! Subject alternative names (RFC 5280, 4.2.1.6).

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::net::IpAddr;

use super::ObjectIdentifier;
use super::name::DistinguishedName;
use crate::net::Host;
use crate::shown;

/// A subject alternative name (GeneralName; RFC 5280, 4.2.1.6).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a policy must judge each of them")]
pub enum GeneralName {
    /// A DNS name, as it stands there.
    Dns(String),
    /// An address.
    Ip(IpAddr),
    /// An address of neither 4 nor 16 octets.
    InvalidIp(Vec<u8>),
    /// An e-mail address.
    Email(String),
    /// A URI.
    Uri(String),
    /// A name of a kind of its own.
    OtherName {
        /// The object identifier of the kind.
        oid: ObjectIdentifier,
        /// The kind and the value, DER.
        value: Vec<u8>,
    },
    /// A distinguished name, DER, which nobody has looked into.
    DirectoryName(Vec<u8>),
    /// An object identifier.
    RegisteredId(ObjectIdentifier),
    /// An X.400 address, DER.
    X400Address(Vec<u8>),
    /// An EDI party name, DER.
    EdiPartyName(Vec<u8>),
}

impl GeneralName {
    /// What kind of name it is: `DNS`, `IP`, `email`, `URI`, `otherName`, `directoryName`, `registeredID`,
    /// `x400Address` or `ediPartyName`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Dns(_) => "DNS",
            Self::Ip(_) | Self::InvalidIp(_) => "IP",
            Self::Email(_) => "email",
            Self::Uri(_) => "URI",
            Self::OtherName { .. } => "otherName",
            Self::DirectoryName(_) => "directoryName",
            Self::RegisteredId(_) => "registeredID",
            Self::X400Address(_) => "x400Address",
            Self::EdiPartyName(_) => "ediPartyName",
        }
    }
}

impl fmt::Display for GeneralName {
    /// The kind and the name, as openssl calls them: `DNS:a.example`, `IP:10.0.0.1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind())?;
        match self {
            Self::Dns(text) | Self::Email(text) | Self::Uri(text) => write!(f, ":{}", shown::escaped(text)),
            Self::Ip(address) => write!(f, ":{address}"),
            Self::InvalidIp(octets) => write!(f, ":#{} ({} octets)", shown::hex(octets), octets.len()),
            Self::OtherName { oid, .. } | Self::RegisteredId(oid) => write!(f, ":{oid}"),
            Self::DirectoryName(der) => match DistinguishedName::from_der(der) {
                Ok(name) => write!(f, ":{name}"),
                Err(_) => write!(f, ":#{}", shown::hex(der)),
            },
            Self::X400Address(_) | Self::EdiPartyName(_) => Ok(()),
        }
    }
}

impl From<Host> for GeneralName {
    fn from(host: Host) -> Self {
        match host {
            Host::Dns(name) => Self::Dns(name),
            Host::Ip(address) => Self::Ip(address),
        }
    }
}

/// The alternative names of a certificate, of the kinds that are issued.
///
/// Collected from hosts they are without duplicates: DNS names sorted, addresses in the order given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubjectAltNames {
    dns: Vec<String>,
    ips: Vec<IpAddr>,
    emails: Vec<String>,
    uris: Vec<String>,
}

impl SubjectAltNames {
    /// Names as they were requested, each kind in the order of the request, duplicates too. Kinds that are not
    /// issued are left out.
    pub(crate) fn as_requested<'a>(names: impl IntoIterator<Item = &'a GeneralName>) -> Self {
        let mut all = Self::default();
        for name in names {
            match name {
                GeneralName::Dns(name) => all.dns.push(name.clone()),
                GeneralName::Ip(address) => all.ips.push(*address),
                GeneralName::Email(address) => all.emails.push(address.clone()),
                GeneralName::Uri(uri) => all.uris.push(uri.clone()),
                GeneralName::InvalidIp(_)
                | GeneralName::OtherName { .. }
                | GeneralName::DirectoryName(_)
                | GeneralName::RegisteredId(_)
                | GeneralName::X400Address(_)
                | GeneralName::EdiPartyName(_) => {}
            }
        }
        all
    }

    /// DNS names.
    #[must_use]
    pub fn dns(&self) -> &[String] {
        &self.dns
    }

    /// Addresses, in the order in which they were first given.
    #[must_use]
    pub fn ips(&self) -> &[IpAddr] {
        &self.ips
    }

    pub(super) fn emails(&self) -> &[String] {
        &self.emails
    }

    pub(super) fn uris(&self) -> &[String] {
        &self.uris
    }

    /// Whether there is no name at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dns.is_empty() && self.ips.is_empty() && self.emails.is_empty() && self.uris.is_empty()
    }
}

impl FromIterator<Host> for SubjectAltNames {
    fn from_iter<I: IntoIterator<Item = Host>>(names: I) -> Self {
        let (mut dns, mut seen) = (BTreeSet::new(), HashSet::new());
        let mut ips = Vec::new();
        for name in names {
            match name {
                Host::Dns(name) => {
                    dns.insert(name);
                }
                Host::Ip(address) => {
                    if seen.insert(address) {
                        ips.push(address);
                    }
                }
            }
        }
        Self { dns: dns.into_iter().collect(), ips, ..Self::default() }
    }
}

impl fmt::Display for SubjectAltNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dns = self.dns.iter().map(|name| format!("DNS:{name}"));
        let ips = self.ips.iter().map(|address| format!("IP:{address}"));
        let emails = self.emails.iter().map(|address| format!("email:{address}"));
        let uris = self.uris.iter().map(|uri| format!("URI:{uri}"));
        f.write_str(&dns.chain(ips).chain(emails).chain(uris).collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_ordered_and_unique() {
        let names: SubjectAltNames = ["b", "10.0.0.2", "a", "b", "10.0.0.1", "10.0.0.2", "*.wild"]
            .map(|n| n.parse::<Host>().unwrap())
            .into_iter()
            .collect();
        assert_eq!(names.to_string(), "DNS:*.wild, DNS:a, DNS:b, IP:10.0.0.2, IP:10.0.0.1");
    }
}
