//! The cluster file as it is written: texts, before they become values and after. Its JSON Schema is made of these
//! types, and what they say of a field stands in it. The shape of a file was checked against it before, so serde only
//! sorts it into fields.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    CaLayout, ControlPlane, KubeconfigCertificates, NodeCredentials, NodeRole, Runtime, ServingCertificates,
    UnitArguments,
};
use crate::document::{API_VERSION, shared};
use crate::release::Component as ComponentName;
use crate::x509::KeyAlgorithm;

pub(super) const KIND: &str = "Cluster";

/// What is left out of a file: nothing is lost by it.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "kboot cluster file")]
pub(super) struct File {
    #[schemars(extend("enum" = [API_VERSION]))]
    pub(super) api_version: String,
    #[schemars(extend("enum" = [KIND]))]
    pub(super) kind: String,
    pub(super) metadata: Metadata,
    pub(super) spec: Spec,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Metadata {
    /// The cluster's name, as it stands in kubeconfigs.
    pub(super) name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    /// v1.MINOR.PATCH, 1.6 to 1.37. Decides which flags and fields are written.
    pub(super) kubernetes_version: String,
    /// HOST[:PORT] where nodes and people reach the API servers: the one API server, a load balancer or a
    /// floating address. The API servers listen on this port too. Port 6443 by default.
    pub(super) control_plane_endpoint: String,
    /// Whether nodes of this file run the control plane and etcd, or somebody else does. With external the
    /// file has workers alone, and ca.crt and ca.key of who runs the control plane are brought: no authority
    /// and no administrator is made. Default: nodes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) control_plane: Option<ControlPlane>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) network: Network,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) pki: Pki,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) join: Join,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) runtime: RuntimeChoice,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) kubeconfigs: Kubeconfigs,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) units: Units,
    /// Whom kube-apiserver, kube-controller-manager and kube-scheduler run as, and who owns the keys that
    /// they read; made by systemd-sysusers. Default: root.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) user: Option<User>,
    /// Where programs, etcd's too, plug-ins, data and logs lie on every node; data and log folders are made
    /// by systemd-tmpfiles.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) folders: Folders,
    /// Writes manifests/verify.yaml: a web server on every worker and a service in front, to see that pods
    /// and services are reached from everywhere.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) verify: Option<Verify>,
    pub(super) nodes: Vec<Node>,
    /// What to add to, or to change in, what kboot writes.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(schema_with = "components")]
    pub(super) components: BTreeMap<String, Component>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Network {
    /// One or two ranges, of different families. Default: 10.96.0.0/12.
    #[serde(rename = "serviceCIDRs", skip_serializing_if = "is_default")]
    pub(super) service_cidrs: Option<Vec<String>>,
    /// One or two ranges, of the same families. Default: 10.244.0.0/16.
    #[serde(rename = "podCIDRs", skip_serializing_if = "is_default")]
    pub(super) pod_cidrs: Option<Vec<String>>,
    /// Default: cluster.local.
    #[serde(rename = "dnsDomain", skip_serializing_if = "is_default")]
    pub(super) dns_domain: Option<String>,
    /// Addresses of the cluster's DNS service. Default: the tenth address of the first service range.
    #[serde(rename = "clusterDNS", skip_serializing_if = "is_default")]
    pub(super) cluster_dns: Option<Vec<String>>,
    /// Writes a Secret of this name in kube-system with a client certificate of etcd, as network plug-ins
    /// read it that keep their state there (calico: calico-etcd-secrets). Whoever reads it reads and changes
    /// the whole cluster.
    #[serde(rename = "etcdClientSecret", skip_serializing_if = "is_default")]
    pub(super) etcd_client_secret: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Pki {
    /// separate: one authority each for the cluster, etcd and the front proxy. single: one for everything.
    /// Default: separate.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) authorities: Option<CaLayout>,
    /// For every key that is made, the service account key and those in kubeconfigs included. Default:
    /// ecdsa-p256.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(extend("enum" = KeyAlgorithm::ALL.map(|(_, name)| name)))]
    pub(super) key: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) validity: Validity,
    /// Stands in every certificate besides its common name and groups.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) subject: Subject,
    /// Further names and addresses of the API servers.
    #[serde(rename = "apiServerSANs", skip_serializing_if = "is_default")]
    pub(super) api_server_sans: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Validity {
    /// Default: 10y.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) authority: Option<String>,
    /// Default: 1y.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) certificate: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Subject {
    /// Two capital letters.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) country: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) state: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) locality: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) organizational_unit: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Join {
    /// How a kubelet gets its client certificate: by asking with a bootstrap token, by asking with a token
    /// from kube-apiserver's token file, or issued here. Default: bootstrap-token.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) node_credentials: Option<NodeCredentials>,
    /// How a kubelet gets its serving certificate: by a request that someone approves (Kubernetes 1.12 and
    /// later), or issued here. Default: csr, before 1.12 issued.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) serving_certificates: Option<ServingCertificates>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) token: Token,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Token {
    /// How long the bootstrap token lives; 0 is for ever. Default: 24h.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) ttl: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RuntimeChoice {
    /// docker only with Kubernetes before 1.24. Default: containerd, with Kubernetes before 1.20 docker.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) name: Option<Runtime>,
    /// The image of the container that holds a pod's namespaces. Default: the runtime's own.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) sandbox_image: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Kubeconfigs {
    /// Whether the kubeconfigs of components hold certificates and keys, or name their files. The
    /// administrators' always hold them. Default: embedded.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) certificates: Option<KubeconfigCertificates>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Units {
    /// Whether a unit has its program's arguments in ExecStart, or in a file of its own,
    /// /etc/kubernetes/COMPONENT.env, as a variable such as $KUBELET_ARGS. Default: inline.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) arguments: Option<UnitArguments>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct User {
    pub(super) name: String,
    /// Default: the user's name.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) group: Option<String>,
    /// The number of user and group, 1 to 65533. Default: the next that is free.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) id: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Folders {
    /// Default: /usr/bin.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) programs: Option<String>,
    /// Where the container runtime looks for CNI plug-ins; a pod network's own must lie there too.
    /// /usr/lib/cni for Debian's package containernetworking-plugins. Default: the runtime's own, which
    /// upstream is /opt/cni/bin.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) cni_plugins: Option<String>,
    /// The kubelet's data: volumes, pods, plug-ins. Default: /var/lib/kubelet.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) kubelet: Option<String>,
    /// Default: /var/lib/etcd.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) etcd: Option<String>,
    /// A folder for each component's log files, with Kubernetes before 1.26; later versions log to the
    /// journal. Default: none, the journal.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) logs: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Verify {
    /// A web server on port 80, for example nginx:1.27.
    pub(super) image: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Node {
    pub(super) name: String,
    /// The node's own addresses; components listen on and advertise the first.
    pub(super) addresses: Vec<String>,
    pub(super) roles: Vec<NodeRole>,
    /// Labels that the kubelet gives the node when it registers. Of Kubernetes' own, those that a kubelet may set:
    /// kboot cluster push sets a role.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) labels: BTreeMap<String, String>,
    /// KEY[=VALUE]:EFFECT each, with which the kubelet registers the node. Default: for a worker that is of the
    /// control plane too, node-role.kubernetes.io/control-plane:NoSchedule (before Kubernetes 1.24 master), where
    /// there are workers that are not; else none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) taints: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Component {
    /// Fields of the component's configuration file.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) config: Map<String, Value>,
    /// Flags without their dashes.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) extra_args: BTreeMap<String, String>,
}

/// Each component by its own name; the kubelet and kube-proxy have configuration files.
fn components(generator: &mut SchemaGenerator) -> Schema {
    let mut flags = Component::json_schema(generator);
    let configured = shared(generator, "configured", flags.clone());
    if let Some(Value::Object(fields)) = flags.get_mut("properties") {
        fields.remove("config");
    }
    let flags = shared(generator, "flags", flags);
    let fields = ComponentName::ALL.map(|component| match component {
        ComponentName::Kubelet | ComponentName::KubeProxy => (component.field_name(), configured.as_value()),
        _ => (component.field_name(), flags.as_value()),
    });
    let fields: Map<String, Value> =
        fields.into_iter().map(|(name, schema)| (name.to_owned(), schema.clone())).collect();
    json_schema!({"type": "object", "properties": fields})
}
