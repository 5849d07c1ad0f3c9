//! Addresses: hosts, the API endpoint and address ranges.

#[cfg(feature = "certificates")]
mod cidr;

#[cfg(feature = "certificates")]
pub use cidr::Cidr;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use crate::name::is_dns1123_subdomain;
use crate::shown::excerpt;

/// Why a text is not an address of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not {wanted}: {problem}")]
#[non_exhaustive]
pub struct NetError {
    /// The text, cut to its first 64 characters.
    pub value: String,
    /// What was wanted.
    pub wanted: &'static str,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl NetError {
    fn new(value: &str, wanted: &'static str, problem: impl Into<String>) -> Self {
        Self { value: excerpt(value), wanted, problem: problem.into() }
    }
}

/// Reads a machine's address. What std says of one that is none names neither the text nor what would be right.
#[cfg(feature = "certificates")]
pub(crate) fn machine_address(text: &str) -> Result<IpAddr, NetError> {
    text.parse().map_err(|_| {
        let is_address = |part: &str| part.parse::<IpAddr>().is_ok();
        let bare = text.trim_start_matches('[').split(']').next().unwrap_or(text);
        let problem = if text.split_once('/').is_some_and(|(address, _)| is_address(address)) {
            "leave out what follows the /: it is an address and no range"
        } else if text.rsplit_once(':').is_some_and(|(address, _)| is_address(address))
            || (bare != text && is_address(bare))
        {
            "leave out the port, and brackets"
        } else {
            "write 192.0.2.11 or 2001:db8::11; a name is none"
        };
        NetError::new(text, "an address of a machine", problem)
    })
}

/// Where the API server is reached: a host and a port, always over https.
///
/// The text form is `HOST[:PORT]`, where the port defaults to 6443, or `https://HOST:PORT`; IPv6 hosts
/// stand in brackets when a port follows (kubeadm's `ParseHostPort`).
///
/// ```
/// use kboot_core::net::ApiEndpoint;
/// let endpoint: ApiEndpoint = "192.168.20.30".parse()?;
/// assert_eq!(endpoint.to_string(), "https://192.168.20.30:6443");
/// # Ok::<(), kboot_core::net::NetError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiEndpoint {
    host: Host,
    port: u16,
}

impl ApiEndpoint {
    /// The port that upstream uses where none is given.
    pub const DEFAULT_PORT: u16 = 6443;
    const WANTED: &'static str = "an API endpoint";

    /// An endpoint of an address and a port.
    #[must_use]
    pub fn of(address: IpAddr, port: u16) -> Self {
        Self { host: Host::Ip(address), port }
    }

    /// The host: an address or a DNS name, never a wildcard.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `HOST:PORT`, with IPv6 in brackets, as `kubeadm join` takes it.
    #[must_use]
    pub fn host_port(&self) -> String {
        match &self.host {
            Host::Ip(IpAddr::V6(address)) => format!("[{address}]:{}", self.port),
            host => format!("{host}:{}", self.port),
        }
    }
}

impl FromStr for ApiEndpoint {
    type Err = NetError;
    fn from_str(text: &str) -> Result<Self, NetError> {
        let fail = |problem: &str| NetError::new(text, Self::WANTED, problem);
        let (is_url, rest) = match text.strip_prefix("https://") {
            Some(rest) => (true, rest.strip_suffix('/').unwrap_or(rest)),
            None => (false, text),
        };
        if rest.contains("://") {
            return Err(fail("only https:// is accepted"));
        }
        if rest.contains('/') {
            return Err(fail("a path is not supported"));
        }
        let (host, port) = if let Some(bracketed) = rest.strip_prefix('[') {
            let (host, after) = bracketed.split_once(']').ok_or_else(|| fail("'[' without ']'"))?;
            let address: IpAddr = host.parse().map_err(|_| fail("brackets hold an IPv6 address"))?;
            if !address.is_ipv6() {
                return Err(fail("brackets hold an IPv6 address"));
            }
            let port = match after {
                "" => None,
                after => {
                    Some(after.strip_prefix(':').ok_or_else(|| fail("after ']' comes :PORT or nothing"))?)
                }
            };
            (Host::Ip(address), port)
        } else if let Ok(address) = rest.parse::<IpAddr>() {
            (Host::Ip(address), None)
        } else {
            let (host, port) = match rest.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            };
            let host = host.parse::<Host>().map_err(|e| fail(&e.problem))?;
            if host.is_wildcard() {
                return Err(fail("a host cannot be a wildcard"));
            }
            (host, port)
        };
        let port = match port {
            None if is_url => {
                return Err(fail(
                    "a URL without a port means 443; write the port, :6443 for most API servers",
                ));
            }
            None => Self::DEFAULT_PORT,
            Some(digits) => match digits.parse::<u16>() {
                Ok(port) if port > 0 && digits.bytes().all(|b| b.is_ascii_digit()) => port,
                _ => return Err(fail("the port is a number from 1 to 65535")),
            },
        };
        if let Host::Ip(address) = host
            && !is_of_one_machine(address)
        {
            return Err(fail("the host is not the address of one machine"));
        }
        Ok(Self { host, port })
    }
}

/// Whether machines can have this address: not unspecified, multicast, broadcast or IPv4 in IPv6's clothes.
pub(crate) fn is_of_one_machine(address: IpAddr) -> bool {
    !(address.is_unspecified()
        || address.is_multicast()
        || address == IpAddr::V4(Ipv4Addr::BROADCAST)
        || is_mapped(address))
}

/// `10.0.0.1-9`, `10.0.0.1a` and `0xa000001`: what people write for several addresses, or resolvers read as one.
fn begins_like_an_address(text: &str) -> bool {
    let is_octet = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let is_hex = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let parts: Vec<&str> = text.split('.').take(5).collect();
    let begins_with_digit = parts.last().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
    (parts.len() == 4 && begins_with_digit && parts.iter().take(3).all(is_octet))
        || text.strip_prefix("0x").is_some_and(is_hex)
}

/// Whether the address is an IPv4 address written as IPv6 (`::ffff:10.0.0.1`), which Go and Rust compare differently.
fn is_mapped(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.to_ipv4_mapped().is_some())
}

impl fmt::Display for ApiEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.host_port())
    }
}

/// Where something is found, as people write it: an address, a DNS name, or a wildcard DNS name
/// (`*.example.com`). What stands in certificates and requests may be anything: `x509::GeneralName`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Host {
    /// A DNS name in lower case, possibly with a leading `*.`.
    Dns(String),
    /// An address.
    Ip(IpAddr),
}

impl Host {
    fn is_wildcard(&self) -> bool {
        matches!(self, Self::Dns(name) if name.starts_with("*."))
    }
}

impl FromStr for Host {
    type Err = NetError;
    fn from_str(text: &str) -> Result<Self, NetError> {
        if let Ok(address) = text.parse() {
            return match address {
                address if is_mapped(address) => {
                    Err(NetError::new(text, "an alternative name", "write an IPv4 address as one"))
                }
                address => Ok(Self::Ip(address)),
            };
        }
        let bare = text.strip_prefix("*.").unwrap_or(text);
        // An address with a digit too many is not the DNS name that it looks like.
        let looks_numeric =
            bare.bytes().all(|b| b.is_ascii_digit() || b == b'.') || begins_like_an_address(bare);
        if is_dns1123_subdomain(bare) && !looks_numeric {
            return Ok(Self::Dns(text.to_owned()));
        }
        Err(NetError::new(
            text,
            "an alternative name",
            "use an IP address, a lower-case DNS name, or one with a leading '*.'",
        ))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints() {
        for (text, url) in [
            ("10.0.0.1", "https://10.0.0.1:6443"),
            ("https://10.0.0.1:6443", "https://10.0.0.1:6443"),
            ("api.example.com:8443", "https://api.example.com:8443"),
            ("fd00::1", "https://[fd00::1]:6443"),
            ("[fd00::1]:7443", "https://[fd00::1]:7443"),
            ("https://[fd00::1]:6443/", "https://[fd00::1]:6443"),
        ] {
            assert_eq!(text.parse::<ApiEndpoint>().unwrap().to_string(), url);
        }
        for bad in [
            "",
            "https://a",
            "https://a:6443/path",
            "::ffff:10.0.0.1",
            "0.0.0.0",
            "http://a",
            "a:0",
            "a:65536",
            "a:+1",
            "a:b",
            "API",
            "*.a",
            "a/b",
            "[1.2.3.4]:1",
            "[fd00::1",
            "a b",
            "999.1.1.1",
        ] {
            assert!(bad.parse::<ApiEndpoint>().is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn hosts() {
        assert!("*.wild".parse::<Host>().is_ok());
        for bad in ["", "A", "a\0.b", "*.*.a", "*", "a_b", "1.2.3.4.5", "http://a"] {
            assert!(bad.parse::<Host>().is_err(), "{bad:?} was accepted");
        }
    }
}
