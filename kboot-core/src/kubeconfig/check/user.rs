//! Users: each kind of credential, and which of them go together.

use super::{Named, Report, given, place};
use crate::kubeconfig::model::{Exec, User};
use crate::kubeconfig::shown;
use crate::secret::{SecretBytes, SecretText};
use crate::token::BootstrapToken;
use crate::x509::{Certificate, PrivateKey, X509Error};

impl User {
    /// Whether credentials stand in the kubeconfig itself.
    pub(super) fn holds_secret(&self) -> bool {
        secret(self.token.as_ref()).is_some()
            || secret(self.password.as_ref()).is_some()
            || data(self.client_key_data.as_ref()).is_some()
            || self.auth_provider.as_ref().is_some_and(|provider| !provider.config.is_empty())
            || self.exec.as_ref().is_some_and(|exec| !exec.env.is_empty())
    }
}

pub(in crate::kubeconfig) fn secret(text: Option<&SecretText>) -> Option<&SecretText> {
    text.filter(|text| !text.expose_secret().is_empty())
}

pub(in crate::kubeconfig) fn data(bytes: Option<&SecretBytes>) -> Option<&SecretBytes> {
    bytes.filter(|bytes| !bytes.expose_secret().is_empty())
}

pub(super) fn check(entry: &Named<User>, report: &mut Report<'_>) {
    let user = &entry.value;
    let path = place("users", &entry.name);
    let has_certificate = client_certificate(user, &path, report);
    let has_token = token(user, &path, report);
    let has_name = given(user.username.as_ref()).is_some();
    let password = secret(user.password.as_ref());
    let has_password = has_name || password.is_some();
    // validation.go counts token and basicAuth; rest/transport.go refuses a name beside a token file.
    if (secret(user.token.as_ref()).is_some() && has_password)
        || (given(user.token_file.as_ref()).is_some() && has_name)
    {
        report.error("several-credentials", &path, "token and password are both there: keep one");
    } else if has_password {
        let text = "kube-apiserver knows no passwords since Kubernetes 1.19: use a certificate or a token";
        report.warning("static-credentials", &format!("{path}.password"), text);
    }
    if let Some(command) = &user.exec {
        exec(user, command, &format!("{path}.exec"), report);
    }
    if let Some(provider) = &user.auth_provider {
        let path = format!("{path}.auth-provider");
        match provider.name.as_str() {
            "oidc" => {
                for key in ["idp-issuer-url", "client-id"] {
                    if secret(provider.config.get(key)).is_none() {
                        let text = format!("it needs {key}");
                        report.error("auth-provider-unusable", &format!("{path}.config"), text);
                    }
                }
            }
            "gcp" | "azure" => {
                let text = "it is gone since kubectl 1.26: use its exec plug-in";
                report.error("auth-provider-unusable", &path, text);
            }
            name => {
                let text = format!("there is no auth-provider {:?} but oidc", shown(name));
                report.error("auth-provider-unusable", &path, text);
            }
        }
    }
    let impersonates =
        !user.as_groups.is_empty() || !user.as_user_extra.is_empty() || given(user.as_uid.as_ref()).is_some();
    if impersonates && given(user.as_user.as_ref()).is_none() {
        let text = "as-groups, as-uid and as-user-extra need as";
        report.error("impersonation-without-user", &path, text);
    }
    if !has_certificate && !has_token && !has_name && user.exec.is_none() && user.auth_provider.is_none() {
        let text = "it has no credentials: kubectl asks for a name and a password";
        report.warning("no-credentials", &path, text);
    }
}

/// Checks the token and the token file; whether there is one of them.
fn token(user: &User, path: &str, report: &mut Report<'_>) -> bool {
    let token = secret(user.token.as_ref()).map(SecretText::expose_secret);
    if let Some(token) = token {
        let path = format!("{path}.token");
        // What Go does not send as a header's value (http/httpguts).
        if token.chars().any(|character| character.is_ascii_control() && character != '\t') {
            report.error("token-malformed", &path, "it holds line ends or other control characters");
        } else if let Ok(token) = token.parse::<BootstrapToken>() {
            report.note("bootstrap-token", &path, format!("it is the bootstrap token {}", token.id()));
        } else {
            let text = "whoever reads this file has the token, for as long as the token lives";
            report.note("static-credentials", &path, text);
        }
    }
    let file = given(user.token_file.as_ref());
    if let Some(file) = file {
        let path = format!("{path}.tokenFile");
        if let Err(error) = report.surroundings.file(file) {
            let text = format!("{:?} cannot be read: {}", shown(file), error.kind());
            // Beside a token the file is read later, and may come until then.
            if token.is_none() {
                report.error("token-file-unreadable", &path, text);
            } else {
                report.warning("token-file-unreadable", &path, text);
            }
        }
    }
    token.is_some() || file.is_some()
}

/// One half of a pair, from the document or from its file.
enum Half<'a> {
    Absent,
    Unreadable,
    Embedded(&'a [u8]),
    Read(SecretBytes),
}

impl Half<'_> {
    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Absent | Self::Unreadable => None,
            Self::Embedded(bytes) => Some(bytes),
            Self::Read(bytes) => Some(bytes.expose_secret()),
        }
    }
}

/// Checks the certificate and its key; whether there is a certificate.
fn client_certificate(user: &User, path: &str, report: &mut Report<'_>) -> bool {
    let certificate_data = user.client_certificate_data.as_deref().filter(|data| !data.is_empty());
    let key_data = data(user.client_key_data.as_ref()).map(SecretBytes::expose_secret);
    let certificate_file = given(user.client_certificate.as_ref());
    let key_file = given(user.client_key.as_ref());
    let has_key = key_data.is_some() || key_file.is_some();
    if certificate_data.is_none() && certificate_file.is_none() {
        if has_key {
            let text = "a client key without a certificate is not used";
            report.warning("client-certificate-missing", &format!("{path}.client-certificate"), text);
        }
        return false;
    }
    if certificate_data.is_some() && certificate_file.is_some() {
        let text = "client-certificate and client-certificate-data are both there: keep one";
        report.error("client-certificate-twice", path, text);
    }
    if key_data.is_some() && key_file.is_some() {
        report.error("client-key-twice", path, "client-key and client-key-data are both there: keep one");
    }
    if !has_key {
        let text = "a client certificate needs its key: client-key or client-key-data";
        report.error("client-key-missing", &format!("{path}.client-key"), text);
    }
    let key_of = |what: &str, embedded: bool| format!("{path}.{what}{}", if embedded { "-data" } else { "" });
    let certificate_path = key_of("client-certificate", certificate_data.is_some());
    let key_path = key_of("client-key", key_data.is_some());
    let mut half = |data, file: Option<&str>, path: &str, code| match (data, file) {
        (Some(bytes), _) => Half::Embedded(bytes),
        (None, None) => Half::Absent,
        (None, Some(file)) => report.surroundings.file(file).map_or_else(
            |error| {
                report.error(code, path, format!("{:?} cannot be read: {}", shown(file), error.kind()));
                Half::Unreadable
            },
            Half::Read,
        ),
    };
    let certificate_half =
        half(certificate_data, certificate_file, &certificate_path, "client-certificate-unreadable");
    let key_half = half(key_data, key_file, &key_path, "client-key-unreadable");
    let certificate = certificate_half.bytes().and_then(|pem| match Certificate::from_pem(pem) {
        Ok(certificate) => Some(certificate),
        Err(error) => {
            report.error("client-certificate-malformed", &certificate_path, error.to_string());
            None
        }
    });
    let key = key_half.bytes().and_then(|pem| match PrivateKey::from_pem(pem) {
        Ok(key) => Some(key),
        // Go reads more kinds of keys than kboot does.
        Err(X509Error::UnsupportedKey) => {
            let text = "it is damaged or of a kind that kboot does not read: whether it fits the certificate \
                        is not known";
            report.warning("client-key-unchecked", &key_path, text);
            None
        }
        Err(error) => {
            report.error("client-key-malformed", &key_path, error.to_string());
            None
        }
    });
    if let Some(certificate) = certificate {
        client_identity(&certificate, key.as_ref(), [&certificate_path, &key_path], report);
    }
    true
}

fn client_identity(
    certificate: &Certificate,
    key: Option<&PrivateKey>,
    [certificate_path, key_path]: [&str; 2],
    report: &mut Report<'_>,
) {
    let facts = certificate.facts();
    if key.is_some_and(|key| key.public_key_der() != facts.public_key.der()) {
        let text = format!("it does not belong to the certificate {}", facts.subject);
        report.error("client-key-mismatch", key_path, text);
    }
    let now = report.surroundings.now;
    if !facts.validity.contains(now) {
        let (from, until) = (facts.validity.not_before, facts.validity.not_after);
        let text = format!("{} is valid from {from} to {until} and it is {now}", facts.subject);
        report.error("client-certificate-not-valid-now", certificate_path, text);
    }
    if facts.organizations.iter().any(|group| group == "system:masters") {
        let text = "its group system:masters may do everything and cannot be taken back";
        report.warning("system-masters", certificate_path, text);
    }
    if let Some(authority) = report.surroundings.authority
        && !certificate.is_signed_by(authority)
    {
        let text = format!("{} was not issued by the expected authority", facts.subject);
        report.warning("client-certificate-foreign", certificate_path, text);
    }
}

fn exec(user: &User, exec: &Exec, path: &str, report: &mut Report<'_>) {
    let mut incomplete = |key: &str, text: &str| {
        report.error("exec-incomplete", &format!("{path}.{key}"), text);
    };
    if exec.command.is_empty() {
        incomplete("command", "it names no program");
    }
    match exec.api_version.as_str() {
        "client.authentication.k8s.io/v1" | "client.authentication.k8s.io/v1beta1" => {}
        _ => incomplete(
            "apiVersion",
            "it must be client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1",
        ),
    }
    if exec.env.iter().any(|variable| variable.name.is_empty()) {
        incomplete("env", "a variable has no name");
    }
    match given(exec.interactive_mode.as_ref()) {
        Some("Never" | "IfAvailable" | "Always") => {}
        // conversion.go: the older versions have a default.
        None if ["v1alpha1", "v1beta1"].iter().any(|version| exec.api_version.ends_with(version)) => {}
        _ => incomplete("interactiveMode", "it must be Never, IfAvailable or Always"),
    }
    if user.auth_provider.is_some() {
        let text = "an exec plug-in and an auth-provider are both there: keep one";
        report.error("several-credentials", path, text);
    }
    if !exec.command.is_empty() {
        let text = format!("every command runs the program {:?} as you", shown(&exec.command));
        report.warning("exec-plugin", path, text);
    }
}
