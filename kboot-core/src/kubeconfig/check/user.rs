//! Users: each kind of credential, and which of them go together.

use super::{
    AuthProviderProblem, CredentialPair, ExecProblem, KubeconfigProblem, Named, NotValidNow, Report,
    UnreadableReference, given, place,
};
use crate::identity::MASTERS_GROUP;
use crate::kubeconfig::model::{AuthProvider, Exec, User};
use crate::secret::{SecretBytes, SecretText};
use crate::shown::excerpt;
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
        report.error(&path, KubeconfigProblem::SeveralCredentials(CredentialPair::TokenAndPassword));
    } else if has_password {
        report.warning(&format!("{path}.password"), KubeconfigProblem::Password);
    }
    if let Some(command) = &user.exec {
        exec(user, command, &format!("{path}.exec"), report);
    }
    if let Some(provider) = &user.auth_provider {
        auth_provider(provider, &format!("{path}.auth-provider"), report);
    }
    let impersonates =
        !user.as_groups.is_empty() || !user.as_user_extra.is_empty() || given(user.as_uid.as_ref()).is_some();
    if impersonates && given(user.as_user.as_ref()).is_none() {
        report.error(&path, KubeconfigProblem::ImpersonationWithoutUser);
    }
    if !has_certificate && !has_token && !has_name && user.exec.is_none() && user.auth_provider.is_none() {
        report.warning(&path, KubeconfigProblem::NoCredentials);
    }
}

fn auth_provider(provider: &AuthProvider, path: &str, report: &mut Report<'_>) {
    let unusable = KubeconfigProblem::AuthProviderUnusable;
    match provider.name.as_str() {
        "oidc" => {
            for key in ["idp-issuer-url", "client-id"] {
                if secret(provider.config.get(key)).is_none() {
                    report.error(&format!("{path}.config"), unusable(AuthProviderProblem::Needs(key)));
                }
            }
        }
        "gcp" | "azure" => report.error(path, unusable(AuthProviderProblem::Gone)),
        name => report.error(path, unusable(AuthProviderProblem::Unknown(excerpt(name)))),
    }
}

/// Checks the token and the token file; whether there is one of them.
fn token(user: &User, path: &str, report: &mut Report<'_>) -> bool {
    let token = secret(user.token.as_ref()).map(SecretText::expose_secret);
    if let Some(token) = token {
        let path = format!("{path}.token");
        // What Go does not send as a header's value (http/httpguts).
        if token.chars().any(|character| character.is_ascii_control() && character != '\t') {
            report.error(&path, KubeconfigProblem::TokenMalformed);
        } else if let Ok(token) = token.parse::<BootstrapToken>() {
            report.note(&path, KubeconfigProblem::BootstrapToken { id: token.id().clone() });
        } else {
            report.note(&path, KubeconfigProblem::StaticToken);
        }
    }
    let file = given(user.token_file.as_ref());
    if let Some(file) = file {
        let path = format!("{path}.tokenFile");
        if let Err(error) = report.environment.file(file) {
            let problem = KubeconfigProblem::TokenFileUnreadable(UnreadableReference::new(file, &error));
            // Beside a token the file is read later, and may come until then.
            if token.is_none() {
                report.error(&path, problem);
            } else {
                report.warning(&path, problem);
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
            let path = format!("{path}.client-certificate");
            report.warning(&path, KubeconfigProblem::ClientCertificateMissing);
        }
        return false;
    }
    if certificate_data.is_some() && certificate_file.is_some() {
        report.error(path, KubeconfigProblem::ClientCertificateTwice);
    }
    if key_data.is_some() && key_file.is_some() {
        report.error(path, KubeconfigProblem::ClientKeyTwice);
    }
    if !has_key {
        report.error(&format!("{path}.client-key"), KubeconfigProblem::ClientKeyMissing);
    }
    let key_of = |what: &str, embedded: bool| format!("{path}.{what}{}", if embedded { "-data" } else { "" });
    let certificate_path = key_of("client-certificate", certificate_data.is_some());
    let key_path = key_of("client-key", key_data.is_some());
    type Unreadable = fn(UnreadableReference) -> KubeconfigProblem;
    let mut half = |data, file: Option<&str>, path: &str, problem: Unreadable| match (data, file) {
        (Some(bytes), _) => Half::Embedded(bytes),
        (None, None) => Half::Absent,
        (None, Some(file)) => report.environment.file(file).map_or_else(
            |error| {
                report.error(path, problem(UnreadableReference::new(file, &error)));
                Half::Unreadable
            },
            Half::Read,
        ),
    };
    let unreadable: Unreadable = KubeconfigProblem::ClientCertificateUnreadable;
    let certificate_half = half(certificate_data, certificate_file, &certificate_path, unreadable);
    let key_half = half(key_data, key_file, &key_path, KubeconfigProblem::ClientKeyUnreadable);
    let certificate = certificate_half.bytes().and_then(|pem| match Certificate::from_pem(pem) {
        Ok(certificate) => Some(certificate),
        Err(error) => {
            report.error(&certificate_path, KubeconfigProblem::ClientCertificateMalformed(error));
            None
        }
    });
    let key = key_half.bytes().and_then(|pem| match PrivateKey::from_pem(pem) {
        Ok(key) => Some(key),
        // Go reads more kinds of keys than kboot does.
        Err(X509Error::UnsupportedKey) => {
            report.warning(&key_path, KubeconfigProblem::ClientKeyUnchecked);
            None
        }
        Err(error) => {
            report.error(&key_path, KubeconfigProblem::ClientKeyMalformed(error));
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
    let subject = || facts.subject.clone();
    if key.is_some_and(|key| *key.public_key() != facts.public_key) {
        report.error(key_path, KubeconfigProblem::ClientKeyMismatch { subject: subject() });
    }
    let now = report.environment.now;
    if !facts.validity.contains(now) {
        let (not_before, not_after) = (facts.validity.not_before, facts.validity.not_after);
        let why = NotValidNow { subject: subject(), not_before, not_after, now };
        report.error(certificate_path, KubeconfigProblem::ClientCertificateNotValidNow(why));
    }
    if facts.organizations.iter().any(|group| group == MASTERS_GROUP) {
        report.warning(certificate_path, KubeconfigProblem::SystemMasters);
    }
    if let Some(authority) = report.environment.authority
        && !certificate.is_signed_by(authority)
    {
        let problem = KubeconfigProblem::ClientCertificateForeign { subject: subject() };
        report.warning(certificate_path, problem);
    }
}

fn exec(user: &User, exec: &Exec, path: &str, report: &mut Report<'_>) {
    let mut incomplete = |key: &str, problem| {
        report.error(&format!("{path}.{key}"), KubeconfigProblem::ExecIncomplete(problem));
    };
    if exec.command.is_empty() {
        incomplete("command", ExecProblem::Command);
    }
    match exec.api_version.as_str() {
        "client.authentication.k8s.io/v1" | "client.authentication.k8s.io/v1beta1" => {}
        _ => incomplete("apiVersion", ExecProblem::ApiVersion),
    }
    if exec.env.iter().any(|variable| variable.name.is_empty()) {
        incomplete("env", ExecProblem::VariableName);
    }
    match given(exec.interactive_mode.as_ref()) {
        Some("Never" | "IfAvailable" | "Always") => {}
        // conversion.go: the older versions have a default.
        None if ["v1alpha1", "v1beta1"].iter().any(|version| exec.api_version.ends_with(version)) => {}
        _ => incomplete("interactiveMode", ExecProblem::InteractiveMode),
    }
    if user.auth_provider.is_some() {
        report.error(path, KubeconfigProblem::SeveralCredentials(CredentialPair::ExecAndAuthProvider));
    }
    if !exec.command.is_empty() {
        let command = exec.command.clone();
        report.warning(path, KubeconfigProblem::ExecPlugin { command });
    }
}
