//! Clusters: server, proxy, authority.

use super::{Named, Report, given, place, url};
use crate::kubeconfig::model::Cluster;
use crate::kubeconfig::shown;
use crate::pki::Certificate;

pub(super) fn check(entry: &Named<Cluster>, report: &mut Report<'_>) {
    let cluster = &entry.value;
    let path = place("clusters", &entry.name);
    let at = |key: &str| format!("{path}.{key}");
    let file = given(cluster.certificate_authority.as_ref());
    let data = cluster.certificate_authority_data.as_deref().filter(|data| !data.is_empty());
    let insecure = cluster.insecure_skip_tls_verify == Some(true);
    let is_http = server(cluster, file.is_some() || data.is_some() || insecure, &at("server"), report);
    if let Some(proxy) = given(cluster.proxy_url.as_ref()) {
        // The URL may hold a password: it is not shown.
        match url::parse(proxy).map(|url| url.scheme) {
            Ok(Some(scheme)) if ["http", "https", "socks5"].contains(&scheme.as_str()) => {}
            Ok(_) => {
                let text = "its scheme must be http, https or socks5";
                report.error("proxy-url-invalid", &at("proxy-url"), text);
            }
            Err(problem) => report.error("proxy-url-invalid", &at("proxy-url"), problem),
        }
    }
    if insecure {
        let text = "anybody can pose as this server: its certificate is not verified";
        report.warning("insecure-skip-tls-verify", &at("insecure-skip-tls-verify"), text);
    }
    let key = if data.is_some() { "certificate-authority-data" } else { "certificate-authority" };
    if data.is_some() && file.is_some() {
        let text = "certificate-authority and certificate-authority-data are both there: keep one";
        report.error("authority-twice", &path, text);
    }
    if insecure && (data.is_some() || file.is_some()) {
        let text = "with insecure-skip-tls-verify no authority is allowed: remove insecure-skip-tls-verify";
        report.error("authority-unused", &at(key), text);
    }
    let read;
    let pem = match (data, file) {
        (Some(data), _) => data,
        (None, Some(file)) => match report.surroundings.file(file) {
            Ok(bytes) => {
                read = bytes;
                read.expose_secret()
            }
            Err(error) => {
                let text = format!("{:?} cannot be read: {}", shown(file), error.kind());
                return report.error("authority-unreadable", &at(key), text);
            }
        },
        (None, None) => {
            if report.surroundings.authority.is_some() && !insecure && !is_http {
                let text = "it has no authority: the machine's own are trusted, not the expected one";
                report.error("authority-differs", &path, text);
            }
            return;
        }
    };
    match Certificate::all_from_pem(pem) {
        Ok(certificates) => authority(&certificates, &at(key), report),
        Err(error) => report.error("authority-malformed", &at(key), error.to_string()),
    }
}

/// Checks the server's URL as `rest.DefaultServerURL` does; whether it is reached without TLS.
fn server(cluster: &Cluster, has_tls: bool, path: &str, report: &mut Report<'_>) -> bool {
    let server = cluster.server.as_str();
    if server.is_empty() {
        report.error("server-missing", path, "it has no server: write https://HOST:PORT");
        return false;
    }
    let invalid = |report: &mut Report<'_>, problem: &str| {
        report.error("server-invalid", path, format!("{problem}: write https://HOST:PORT"));
        false
    };
    let url = match url::parse(server) {
        Ok(url) => url,
        Err(problem) => return invalid(report, problem),
    };
    if url.host.is_empty() {
        return invalid(report, "it has no host");
    }
    let is_http = match url.scheme.as_deref() {
        Some("https") => false,
        Some("http") => true,
        Some(_) => return invalid(report, "its scheme is neither https nor http"),
        None if url.has_path => return invalid(report, "it has a path and no scheme"),
        None => !has_tls,
    };
    if is_http {
        let text = "it is reached without TLS, and no credentials are sent: write https://HOST:PORT";
        report.warning("plain-http", path, text);
    }
    is_http
}

fn authority(certificates: &[Certificate], path: &str, report: &mut Report<'_>) {
    let now = report.surroundings.now;
    let mut any_valid = false;
    let mut problems = Vec::new();
    for facts in certificates.iter().map(Certificate::facts) {
        if facts.validity.contains(now) {
            any_valid = true;
        } else {
            let (from, until) = (facts.validity.not_before, facts.validity.not_after);
            problems.push(format!("{} is valid from {from} to {until} and it is {now}", facts.subject));
        }
    }
    for problem in problems {
        if any_valid {
            report.warning("authority-not-valid-now", path, problem);
        } else {
            report.error("authority-not-valid-now", path, problem);
        }
    }
    if let Some(expected) = report.surroundings.authority
        && !certificates.contains(expected)
    {
        let text = format!("it is not the expected authority, whose SHA-256 is {}", expected.fingerprint());
        report.error("authority-differs", path, text);
    }
}
