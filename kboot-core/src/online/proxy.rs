//! By which proxy an API server is reached, as client-go decides it: the kubeconfig's `proxy-url`, else the environment
//! (`http.ProxyFromEnvironment`, whose rules are those of `golang.org/x/net/http/httpproxy`).

use std::net::IpAddr;

use http::Uri;
use ipnet::IpNet;

use super::UnusableKubeconfig;

/// The proxy of a `proxy-url`. What a URL holds beside the host may be a password, so no message has any of it.
pub(super) fn of_kubeconfig(text: &str) -> Result<Uri, UnusableKubeconfig> {
    read(text).ok_or(UnusableKubeconfig::Proxy { of: "the cluster's proxy-url" })
}

/// The proxy that the environment has for a server.
#[expect(clippy::disallowed_methods, reason = "connect is to do as kubectl does, and reads KUBECONFIG too")]
pub(super) fn of_environment(server: &Uri) -> Result<Option<Uri>, UnusableKubeconfig> {
    let variable = |names: [&'static str; 2]| {
        names
            .into_iter()
            .find_map(|name| Some((name, std::env::var(name).ok().filter(|text| !text.is_empty())?)))
    };
    let names = match server.scheme_str() {
        Some("https") => ["HTTPS_PROXY", "https_proxy"],
        _ => ["HTTP_PROXY", "http_proxy"],
    };
    let Some((name, text)) = variable(names) else { return Ok(None) };
    let exceptions = variable(["NO_PROXY", "no_proxy"]).map(|(_, text)| text).unwrap_or_default();
    if is_excepted(&exceptions, server) {
        return Ok(None);
    }
    let text = if text.contains("://") { text } else { format!("http://{text}") };
    read(&text).map(Some).ok_or(UnusableKubeconfig::Proxy { of: name })
}

fn read(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let authority = uri.authority()?;
    let may_log_in = match uri.scheme_str()? {
        "http" | "https" => true,
        "socks5" => false,
        _ => return None,
    };
    (!authority.host().is_empty() && (may_log_in || !authority.as_str().contains('@'))).then_some(uri)
}

/// Whether `NO_PROXY` names the server; this machine itself always is.
fn is_excepted(exceptions: &str, server: &Uri) -> bool {
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
    let usual = if server.scheme_str() == Some("https") { 443 } else { 80 };
    let port = server.port_u16().unwrap_or(usual);
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    exceptions.split(',').map(|entry| entry.trim().to_ascii_lowercase()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let (Ok(range), Some(address)) = (entry.parse::<IpNet>(), address) {
            return range.contains(&address);
        }
        let (name, wanted) = match entry.rsplit_once(':') {
            Some((name, wanted)) if entry.parse::<IpAddr>().is_err() => (name, wanted.parse::<u16>().ok()),
            _ => (entry.as_str(), None),
        };
        let name = name.trim_matches(['[', ']']);
        if name.is_empty() || wanted.is_some_and(|wanted| wanted != port) {
            return false;
        }
        if let Ok(named) = name.parse::<IpAddr>() {
            return address == Some(named);
        }
        let name = name.strip_prefix('*').unwrap_or(name);
        match name.strip_prefix('.') {
            Some(_) => host.ends_with(name),
            None => host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_are_those_of_go() {
        for (exceptions, server, expected) in [
            ("", "https://10.0.0.1:6443", false),
            ("", "https://127.0.0.1:6443", true),
            ("", "https://localhost", true),
            ("*", "https://10.0.0.1:6443", true),
            ("10.0.0.0/8", "https://10.0.0.1:6443", true),
            ("10.0.0.0/8", "https://11.0.0.1:6443", false),
            ("10.0.0.1, 10.0.0.2", "https://10.0.0.2:6443", true),
            ("10.0.0.1:443", "https://10.0.0.1:6443", false),
            ("10.0.0.1:6443", "https://10.0.0.1:6443", true),
            ("2001:db8::/32", "https://[2001:db8::1]:6443", true),
            ("[2001:db8::1]:6443", "https://[2001:db8::1]:6443", true),
            ("example.com", "https://example.com", true),
            ("example.com", "https://api.Example.com", true),
            ("example.com", "https://badexample.com", false),
            (".example.com", "https://example.com", false),
            ("*.example.com", "https://api.example.com", true),
            ("example.com:443", "https://api.example.com", true),
            (",", "https://api.example.com", false),
        ] {
            assert_eq!(is_excepted(exceptions, &server.parse().unwrap()), expected, "{exceptions} {server}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_its_password() {
        for text in
            ["ftp://u:hidden@p:1", "socks5://u:hidden@p:1", "hidden", "http://", "http://a b:hidden@c"]
        {
            let error = of_kubeconfig(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hidden"), "{error:?}");
        }
        for text in ["http://u:p@p:1", "https://p", "socks5://p:1080"] {
            assert!(of_kubeconfig(text).is_ok(), "{text}");
        }
    }
}
