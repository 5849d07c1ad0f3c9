//! Where the cluster file leaves a choice: each one's values, under the names that the file has for them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who runs the control plane and etcd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the cluster file's two values")]
pub enum ControlPlane {
    /// Nodes of the cluster file.
    #[default]
    Nodes,
    /// Somebody else, whose authority is brought: the cluster file has workers alone.
    External,
}

/// How a kubelet comes by its client certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the cluster file's three values")]
pub enum NodeCredentials {
    /// It asks for one, showing a bootstrap token.
    #[default]
    BootstrapToken,
    /// It asks for one, showing a token from kube-apiserver's token file.
    StaticToken,
    /// kboot issues it.
    Certificate,
}

/// How a kubelet comes by its serving certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the cluster file's two values")]
pub enum ServingCertificates {
    /// It asks for one, and someone approves the request.
    #[default]
    Csr,
    /// kboot issues it.
    Issued,
}

/// What runs containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the cluster file's three values")]
pub enum Runtime {
    /// containerd.
    #[default]
    Containerd,
    /// CRI-O.
    #[serde(rename = "cri-o")]
    Crio,
    /// Docker, through the kubelet's dockershim, which Kubernetes 1.24 removed.
    Docker,
}

/// What the components' kubeconfigs say of certificates and keys. The administrators' always hold them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the cluster file's two values")]
pub enum KubeconfigCertificates {
    /// They hold them.
    #[default]
    Embedded,
    /// They name their files.
    Files,
}

/// Where a unit has its program's arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the cluster file's two values")]
pub enum UnitArguments {
    /// In `ExecStart`.
    #[default]
    Inline,
    /// In a variable of a file of its own, `/etc/kubernetes/COMPONENT.env`.
    EnvironmentFile,
}
