//! Facts of a request in words, on one line each whatever stands in them.

use std::fmt;

use super::{
    AlternativeName, CertificateRequest, NameAttribute, Oddity, RelativeName, SignatureCheck, decode,
};
use crate::shown;

impl CertificateRequest {
    /// The subject for people, as RFC 4514 writes names but in the order of the request. What is not a text
    /// stands there in hexadecimal after `#`.
    #[must_use]
    pub fn subject_text(&self) -> String {
        name_text(&self.subject)
    }
}

impl NameAttribute {
    /// The short name of its type (RFC 4519), or the object identifier.
    #[must_use]
    pub fn label(&self) -> &str {
        match self.oid.as_str() {
            Self::COMMON_NAME => "CN",
            Self::ORGANIZATION => "O",
            "2.5.4.5" => "serialNumber",
            "2.5.4.6" => "C",
            "2.5.4.7" => "L",
            "2.5.4.8" => "ST",
            "2.5.4.9" => "street",
            "2.5.4.11" => "OU",
            "0.9.2342.19200300.100.1.1" => "UID",
            "0.9.2342.19200300.100.1.25" => "DC",
            "1.2.840.113549.1.9.1" => "emailAddress",
            oid => oid,
        }
    }
}

fn name_text(names: &[RelativeName]) -> String {
    let attribute = |attribute: &NameAttribute| match &attribute.text {
        Some(text) => format!("{}={}", attribute.label(), escaped_value(text)),
        None => format!("{}=#{}", attribute.label(), hexadecimal(&attribute.value)),
    };
    let joined = |name: &RelativeName| name.iter().map(attribute).collect::<Vec<_>>().join(" + ");
    names.iter().map(joined).collect::<Vec<_>>().join(", ")
}

/// RFC 4514, 2.4: what would look like the next attribute.
fn escaped_value(text: &str) -> String {
    let special = |c: char| matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\');
    let escape = |c: char| special(c).then_some('\\').into_iter().chain([c]);
    shown::escaped(&text.chars().flat_map(escape).collect::<String>())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for AlternativeName {
    /// The kind and the name, as openssl calls them: `DNS:a.example`, `IP:10.0.0.1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind())?;
        match self {
            Self::Dns(text) | Self::Email(text) | Self::Uri(text) => write!(f, ":{}", shown::escaped(text)),
            Self::Ip(address) => write!(f, ":{address}"),
            Self::InvalidIp(octets) => write!(f, ":#{} ({} octets)", hexadecimal(octets), octets.len()),
            Self::OtherName { oid, .. } | Self::RegisteredId(oid) => write!(f, ":{oid}"),
            Self::DirectoryName(der) => match decode::relative_names(der) {
                Ok(names) => write!(f, ":{}", name_text(&names)),
                Err(_) => write!(f, ":#{}", hexadecimal(der)),
            },
            Self::X400Address(_) | Self::EdiPartyName(_) => Ok(()),
        }
    }
}

impl AlternativeName {
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

impl SignatureCheck {
    /// `right`, `wrong`, `weak` or `unknown`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Weak => "weak",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for SignatureCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Right => "by its own key",
            Self::Wrong => "NOT by its own key",
            Self::Weak => "with MD5 or SHA-1, which proves nothing",
            Self::Unknown => "in a way that kboot does not know, so it proves nothing",
        })
    }
}

impl Oddity {
    /// A stable word for it, as in the codes of a policy's decisions.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::SurroundingText => "surrounding-text",
            Self::PemHeaders => "pem-headers",
            Self::SecondBlock => "second-block",
            Self::TrailingBytes => "trailing-bytes",
            Self::UnknownVersion => "unknown-version",
        }
    }
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SurroundingText => "text stands around the PEM block",
            Self::PemHeaders => "headers stand in the PEM block",
            Self::SecondBlock => "another PEM block follows, or the rest of one",
            Self::TrailingBytes => "bytes follow the request within its block",
            Self::UnknownVersion => "its version is not 0",
        })
    }
}
