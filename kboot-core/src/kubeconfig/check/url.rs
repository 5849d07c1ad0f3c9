//! As much of Go's `net/url` as decides on a server and a proxy.

use std::fmt;
use std::net::Ipv6Addr;

use crate::net::Host;

/// Why a text is not the URL of a server or of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlProblem {
    /// Characters that no URL has.
    Blanks,
    /// A malformed scheme.
    Scheme,
    /// Brackets around something else than an IPv6 address.
    NoIpv6Address,
    /// A bracket that is not closed.
    OpenBracket,
    /// A port that is no number.
    Port,
    /// No host.
    NoHost,
    /// A scheme that no server has.
    OtherScheme,
    /// A scheme that no proxy has.
    NoProxyScheme,
    /// A path after a host without a scheme.
    PathWithoutScheme,
}

impl fmt::Display for UrlProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blanks => "it has blanks or control characters",
            Self::Scheme => "its scheme is malformed",
            Self::NoIpv6Address => "its brackets hold no IPv6 address",
            Self::OpenBracket => "a bracket is not closed",
            Self::Port => "its port is not a number",
            Self::NoHost => "it has no host",
            Self::OtherScheme => "its scheme is neither https nor http",
            Self::NoProxyScheme => "its scheme must be http, https or socks5",
            Self::PathWithoutScheme => "it has a path and no scheme",
        })
    }
}

/// The parts of a URL that matter here.
pub(super) struct Url<'a> {
    pub(super) scheme: Option<String>,
    pub(super) host: &'a str,
    pub(super) has_path: bool,
}

/// The URL's parts; what is wrong where Go would not take it. A text without `://` is a host and a port.
pub(super) fn parse(text: &str) -> Result<Url<'_>, UrlProblem> {
    if text.chars().any(|character| character.is_control() || character == ' ') {
        return Err(UrlProblem::Blanks);
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, text),
    };
    if scheme.is_some_and(|scheme| {
        !scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    }) {
        return Err(UrlProblem::Scheme);
    }
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match host_port.strip_prefix('[').map(|inner| inner.split_once(']')) {
        Some(Some((address, after))) => {
            if address.split('%').next().is_none_or(|address| address.parse::<Ipv6Addr>().is_err()) {
                return Err(UrlProblem::NoIpv6Address);
            }
            (address, after.strip_prefix(':').or(if after.is_empty() { Some("") } else { None }))
        }
        Some(None) => return Err(UrlProblem::OpenBracket),
        None => match host_port.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (host_port, Some("")),
        },
    };
    if !port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(UrlProblem::Port);
    }
    let has_path = !matches!(path, "" | "/");
    Ok(Url { scheme: scheme.map(str::to_ascii_lowercase), host, has_path })
}

/// The name or the address of a server.
pub(crate) fn server_host(server: &str) -> Option<Host> {
    let host = parse(server).ok()?.host;
    let host = host.split('%').next().unwrap_or(host);
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports() {
        for good in [
            "https://a",
            "https://a:1/b?c#d",
            "a",
            "a:1",
            "[::1]:6443",
            "https://[fe80::1%25eth0]:1",
            "https://u:p@a:1",
        ] {
            assert!(parse(good).is_ok_and(|url| !url.host.is_empty()), "{good}");
        }
        for bad in [
            "https://a:b",
            "https://a b",
            "https://[::1",
            "https://[a]:1",
            "1://a",
            "a:1:2",
            "https://a\n",
            "https://[::1]1",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
