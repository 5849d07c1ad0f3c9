//! KubeletConfiguration and KubeProxyConfiguration: fields for what kboot decides, everything else checked
//! and passed through.
//!
//! Sources: `staging/src/k8s.io/kubelet/config/v1beta1/types.go`,
//! `staging/src/k8s.io/kube-proxy/config/v1alpha1/types.go`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::yaml;
use crate::finding::Finding;
use crate::kind::ErrorKind;
use crate::release::{Component, Misfit, fields};
use crate::version::KubernetesVersion;

/// Why a configuration file is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// The text is not YAML or JSON.
    #[error("not readable as YAML: {problem}")]
    Yaml {
        /// The problem, with line and column.
        problem: String,
    },
    /// The document is of another kind.
    #[error("not a {wanted}")]
    Kind {
        /// The kind and version that was wanted.
        wanted: &'static str,
    },
    /// Fields that are unknown, of another version, or of a wrong type.
    #[error("{}", listed(.problems))]
    Fields {
        /// Each with its path.
        problems: Vec<Finding<Misfit>>,
    },
    /// What the table has no word for.
    #[error("{problem}")]
    Shape {
        /// What is wrong.
        problem: String,
    },
    /// The document cannot be written.
    #[error("the configuration cannot be written as YAML: {problem}")]
    Write {
        /// What went wrong.
        problem: String,
    },
}

fn listed(problems: &[Finding<Misfit>]) -> String {
    let lines = problems.iter().map(|finding| format!("{}: {}", finding.path, finding.detail));
    lines.collect::<Vec<_>>().join("\n")
}

impl ConfigurationError {
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Write { .. } => ErrorKind::Internal,
            _ => ErrorKind::Input,
        }
    }
}

/// `kubelet.config.k8s.io/v1beta1`.
///
/// ```
/// use kboot_core::component::KubeletConfiguration;
/// let text = "{apiVersion: kubelet.config.k8s.io/v1beta1, kind: KubeletConfiguration, maxPods: 200}";
/// let configuration = KubeletConfiguration::parse(text, "v1.36.0".parse()?)?;
/// assert_eq!(configuration.rest.get("maxPods"), Some(200));
/// let misspelt = text.replace("maxPods", "maxPod");
/// assert!(KubeletConfiguration::parse(&misspelt, "v1.36.0".parse()?).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are upstream's, see kubelet/config/v1beta1/types.go")]
pub struct KubeletConfiguration {
    pub(super) api_version: String,
    pub(super) kind: String,
    #[serde(default)]
    pub authentication: KubeletAuthentication,
    #[serde(default)]
    pub authorization: KubeletAuthorization,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup_driver: Option<String>,
    #[serde(default, rename = "clusterDNS", skip_serializing_if = "Vec::is_empty")]
    pub cluster_dns: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_domain: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_runtime_endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthz_bind_address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only_port: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotate_certificates: Option<bool>,
    #[serde(default, rename = "serverTLSBootstrap", skip_serializing_if = "Option::is_none")]
    pub server_tls_bootstrap: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub static_pod_path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_cert_file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_private_key_file: Option<String>,
    /// Every other field, checked against the version.
    #[serde(flatten)]
    pub rest: OtherFields,
}

/// The fields of a configuration file that kboot has no field for, by name, as they came.
///
/// ```
/// use kboot_core::component::KubeletConfiguration;
/// let mut configuration = KubeletConfiguration::default();
/// configuration.rest.set("maxPods", 200)?;
/// assert_eq!(configuration.rest.get("maxPods"), Some(200));
/// assert_eq!(configuration.rest.names().collect::<Vec<_>>(), ["maxPods"]);
/// # Ok::<(), kboot_core::component::ConfigurationError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OtherFields(Map<String, Value>);

impl OtherFields {
    /// The names, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The field of this name as a value of the caller's type; none where it is not there or of another form.
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        T::deserialize(self.0.get(name)?).ok()
    }

    /// Sets a field to whatever serializes.
    ///
    /// # Errors
    /// [`ConfigurationError::Write`] for what JSON cannot hold.
    pub fn set(&mut self, name: &str, value: impl Serialize) -> Result<(), ConfigurationError> {
        let value = serde_json::to_value(value)
            .map_err(|error| ConfigurationError::Write { problem: format!("{name}: {error}") })?;
        self.0.insert(name.to_owned(), value);
        Ok(())
    }
}

/// Who the kubelet lets in.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are upstream's, see kubelet/config/v1beta1/types.go")]
pub struct KubeletAuthentication {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymous: Option<Enabled>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Enabled>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x509: Option<KubeletX509>,
}

/// A way of authentication: whether it is on, and its settings.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are upstream's")]
pub struct Enabled {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    #[serde(flatten)]
    pub rest: OtherFields,
}

impl Enabled {
    pub(super) fn new(enabled: bool) -> Self {
        Self { enabled: Some(enabled), rest: OtherFields::default() }
    }
}

/// Whose client certificates the kubelet takes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are upstream's")]
pub struct KubeletX509 {
    #[serde(default, rename = "clientCAFile", skip_serializing_if = "Option::is_none")]
    pub client_ca_file: Option<String>,
}

/// Who decides what those who are let in may do.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are upstream's")]
pub struct KubeletAuthorization {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    #[serde(flatten)]
    pub rest: OtherFields,
}

/// `kubeproxy.config.k8s.io/v1alpha1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are upstream's, see kube-proxy/config/v1alpha1/types.go")]
pub struct KubeProxyConfiguration {
    pub(super) api_version: String,
    pub(super) kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bind_address: Option<String>,
    #[serde(default)]
    pub client_connection: ClientConnection,
    #[serde(default, rename = "clusterCIDR", skip_serializing_if = "Option::is_none")]
    pub cluster_cidr: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname_override: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Every other field, checked against the version.
    #[serde(flatten)]
    pub rest: OtherFields,
}

/// How a component reaches the API server (`component-base/config/v1alpha1`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are upstream's")]
pub struct ClientConnection {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<String>,
    #[serde(flatten)]
    pub rest: OtherFields,
}

const KUBELET: (&str, &str) = ("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration");
const KUBE_PROXY: (&str, &str) = ("kubeproxy.config.k8s.io/v1alpha1", "KubeProxyConfiguration");

impl Default for KubeletConfiguration {
    fn default() -> Self {
        Self {
            api_version: KUBELET.0.to_owned(),
            kind: KUBELET.1.to_owned(),
            authentication: KubeletAuthentication::default(),
            authorization: KubeletAuthorization::default(),
            address: None,
            cgroup_driver: None,
            cluster_dns: Vec::new(),
            cluster_domain: None,
            container_runtime_endpoint: None,
            healthz_bind_address: None,
            read_only_port: None,
            rotate_certificates: None,
            server_tls_bootstrap: None,
            static_pod_path: None,
            tls_cert_file: None,
            tls_private_key_file: None,
            rest: OtherFields::default(),
        }
    }
}

impl Default for KubeProxyConfiguration {
    fn default() -> Self {
        Self {
            api_version: KUBE_PROXY.0.to_owned(),
            kind: KUBE_PROXY.1.to_owned(),
            bind_address: None,
            client_connection: ClientConnection::default(),
            cluster_cidr: None,
            hostname_override: None,
            mode: None,
            rest: OtherFields::default(),
        }
    }
}

impl KubeletConfiguration {
    /// Reads a file for a version. The kubelet itself only warns of a misspelt field; here it is an error.
    ///
    /// # Errors
    /// [`ConfigurationError`] naming every field that the version does not have and every wrong type.
    pub fn parse(text: &str, version: KubernetesVersion) -> Result<Self, ConfigurationError> {
        parse(
            text,
            Component::Kubelet,
            KUBELET,
            "kubelet.config.k8s.io/v1beta1 KubeletConfiguration",
            version,
        )
    }

    /// The file.
    ///
    /// # Errors
    /// [`ConfigurationError::Write`] where the text cannot be made.
    pub fn to_yaml(&self) -> Result<String, ConfigurationError> {
        write(self)
    }
}

impl KubeProxyConfiguration {
    /// Reads a file for a version.
    ///
    /// # Errors
    /// [`ConfigurationError`] naming every field that the version does not have and every wrong type.
    pub fn parse(text: &str, version: KubernetesVersion) -> Result<Self, ConfigurationError> {
        let wanted = "kubeproxy.config.k8s.io/v1alpha1 KubeProxyConfiguration";
        parse(text, Component::KubeProxy, KUBE_PROXY, wanted, version)
    }

    /// The file.
    ///
    /// # Errors
    /// [`ConfigurationError::Write`] where the text cannot be made.
    pub fn to_yaml(&self) -> Result<String, ConfigurationError> {
        write(self)
    }
}

fn parse<T: DeserializeOwned>(
    text: &str,
    component: Component,
    (api_version, kind): (&str, &str),
    wanted: &'static str,
    version: KubernetesVersion,
) -> Result<T, ConfigurationError> {
    let document = yaml::parse(text).map_err(|problem| ConfigurationError::Yaml { problem })?;
    let is = |key: &str, value: &str| document.get(key).and_then(Value::as_str) == Some(value);
    let Value::Object(mut fields) = document.clone() else { return Err(ConfigurationError::Kind { wanted }) };
    if !is("apiVersion", api_version) || !is("kind", kind) {
        return Err(ConfigurationError::Kind { wanted });
    }
    let problems = fields::check(component, version, &fields);
    if !problems.is_empty() {
        return Err(ConfigurationError::Fields { problems });
    }
    // Null is "not set" for Go, and a wrong type for serde where a field of ours is a list or a map.
    const NEVER_NULL: [&str; 4] = ["authentication", "authorization", "clientConnection", "clusterDNS"];
    fields.retain(|name, value| !(value.is_null() && NEVER_NULL.contains(&name.as_str())));
    serde_json::from_value(Value::Object(fields))
        .map_err(|error| ConfigurationError::Shape { problem: error.to_string() })
}

fn write<T: Serialize>(configuration: &T) -> Result<String, ConfigurationError> {
    let fail = |problem: String| ConfigurationError::Write { problem };
    let value = serde_json::to_value(configuration).map_err(|error| fail(error.to_string()))?;
    yaml::write(&value).map_err(|error| fail(error.to_string()))
}
