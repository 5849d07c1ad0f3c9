//! Clusters: server, proxy, authority.

use super::{
    KubeconfigProblem, Named, NotValidNow, Report, UnreadableReference, UrlProblem, given, place, url,
};
use crate::kubeconfig::model::Cluster;
use crate::x509::Certificate;

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
                let problem = KubeconfigProblem::ProxyUrlInvalid(UrlProblem::NoProxyScheme);
                report.error(&at("proxy-url"), problem);
            }
            Err(problem) => report.error(&at("proxy-url"), KubeconfigProblem::ProxyUrlInvalid(problem)),
        }
    }
    if insecure {
        report.warning(&at("insecure-skip-tls-verify"), KubeconfigProblem::InsecureSkipTlsVerify);
    }
    let key = if data.is_some() { "certificate-authority-data" } else { "certificate-authority" };
    if data.is_some() && file.is_some() {
        report.error(&path, KubeconfigProblem::AuthorityTwice);
    }
    if insecure && (data.is_some() || file.is_some()) {
        report.error(&at(key), KubeconfigProblem::AuthorityUnused);
    }
    let read;
    let pem = match (data, file) {
        (Some(data), _) => data,
        (None, Some(file)) => match report.environment.file(file) {
            Ok(bytes) => {
                read = bytes;
                read.expose_secret()
            }
            Err(error) => {
                let file = UnreadableReference::new(file, &error);
                return report.error(&at(key), KubeconfigProblem::AuthorityUnreadable(file));
            }
        },
        (None, None) => {
            if report.environment.authority.is_some() && !insecure && !is_http {
                report.error(&path, KubeconfigProblem::AuthorityAbsent);
            }
            return;
        }
    };
    match Certificate::all_from_pem(pem) {
        Ok(certificates) => authority(&certificates, &at(key), report),
        Err(error) => report.error(&at(key), KubeconfigProblem::AuthorityMalformed(error)),
    }
}

/// Checks the server's URL as `rest.DefaultServerURL` does; whether it is reached without TLS.
fn server(cluster: &Cluster, has_tls: bool, path: &str, report: &mut Report<'_>) -> bool {
    let server = cluster.server.as_str();
    if server.is_empty() {
        report.error(path, KubeconfigProblem::ServerMissing);
        return false;
    }
    let invalid = |report: &mut Report<'_>, problem| {
        report.error(path, KubeconfigProblem::ServerInvalid(problem));
        false
    };
    let url = match url::parse(server) {
        Ok(url) => url,
        Err(problem) => return invalid(report, problem),
    };
    if url.host.is_empty() {
        return invalid(report, UrlProblem::NoHost);
    }
    let is_http = match url.scheme.as_deref() {
        Some("https") => false,
        Some("http") => true,
        Some(_) => return invalid(report, UrlProblem::OtherScheme),
        None if url.has_path => return invalid(report, UrlProblem::PathWithoutScheme),
        None => !has_tls,
    };
    if is_http {
        report.warning(path, KubeconfigProblem::PlainHttp);
    }
    is_http
}

fn authority(certificates: &[Certificate], path: &str, report: &mut Report<'_>) {
    let now = report.environment.now;
    let mut any_valid = false;
    let mut problems = Vec::new();
    for facts in certificates.iter().map(Certificate::facts) {
        if facts.validity.contains(now) {
            any_valid = true;
        } else {
            let (not_before, not_after) = (facts.validity.not_before, facts.validity.not_after);
            problems.push(NotValidNow { subject: facts.subject.clone(), not_before, not_after, now });
        }
    }
    for problem in problems.into_iter().map(KubeconfigProblem::AuthorityNotValidNow) {
        if any_valid {
            report.warning(path, problem);
        } else {
            report.error(path, problem);
        }
    }
    if let Some(expected) = report.environment.authority
        && !certificates.contains(expected)
    {
        report.error(path, KubeconfigProblem::AuthorityDiffers { expected: expected.fingerprint() });
    }
}
