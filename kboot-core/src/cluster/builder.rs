//! A cluster file that is made in code: typed values in, the same checks as a file's.

#![expect(clippy::needless_pass_by_value, reason = "who builds a cluster file makes its values on the spot")]

use std::net::IpAddr;

use serde::Serialize;
use serde_json::Value;

use super::document::{
    File, Folders as FolderTexts, Join, KIND, Kubeconfigs, Metadata, Network, Node as NodeTexts, Pki,
    RuntimeChoice, Spec, Subject, Units, User, Verify,
};
use super::write::texts;
use super::{
    CaLayout, ClusterSpec, ControlPlane, Folders, KubeconfigCertificates, Node, NodeCredentials, NodeRole,
    Problem, Runtime, ServingCertificates, SubjectDefaults, SystemUser, Taint, UnitArguments, validate,
};
use crate::document::{API_VERSION, DocumentError, Form, Problems};
use crate::name::{ClusterName, Dns1123Subdomain, ImageReference, LabelKey, LabelValue, NodeName};
use crate::net::{ApiEndpoint, Cidr, Host};
use crate::release::Component;
use crate::time::Lifetime;
use crate::version::KubernetesVersion;
use crate::x509::KeyAlgorithm;

/// A cluster file in the making. What is not set is as in a file that leaves it out; what is set twice is as set
/// last, but for nodes and flags, of which each call adds one.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it builds"]
pub struct ClusterBuilder {
    document: File,
    /// Configurations that are none; everything else waits for the checks of the whole.
    problems: Vec<Problem>,
}

impl ClusterSpec {
    /// A cluster file made in code: its name, the version that files are written for, and where nodes and people
    /// reach the API servers. See [`ClusterSpec`] for an example.
    pub fn builder(name: ClusterName, version: KubernetesVersion, endpoint: ApiEndpoint) -> ClusterBuilder {
        let spec = Spec {
            kubernetes_version: version.to_string(),
            control_plane_endpoint: endpoint.host_port(),
            control_plane: None,
            network: Network::default(),
            pki: Pki::default(),
            join: Join::default(),
            runtime: RuntimeChoice::default(),
            kubeconfigs: Kubeconfigs::default(),
            units: Units::default(),
            user: None,
            folders: FolderTexts::default(),
            verify: None,
            nodes: Vec::new(),
            components: std::collections::BTreeMap::new(),
        };
        let (api_version, kind) = (API_VERSION.to_owned(), KIND.to_owned());
        let document = File { api_version, kind, metadata: Metadata { name: name.to_string() }, spec };
        ClusterBuilder { document, problems: Vec::new() }
    }
}

impl Node {
    /// A machine that stands alone, as a node of a [`ClusterSpec`] stands among others.
    ///
    /// ```
    /// use kboot_core::cluster::{Node, NodeRole};
    /// let node = Node::new("worker-1".parse()?, ["192.0.2.11".parse()?], [NodeRole::Worker])?;
    /// assert!(node.has(NodeRole::Worker));
    /// let error = Node::new("worker-1".parse()?, ["0.0.0.0".parse()?], []).unwrap_err();
    /// assert_eq!(error.problems.len(), 2);
    /// assert_eq!(error.problems[0].to_string(), "addresses[0]: 0.0.0.0 is not an address of one machine");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DocumentError`] with all that is wrong: no address, one that is not of one machine or stands there twice, no
    /// role, the name of a user of the cluster.
    pub fn new(
        name: NodeName,
        addresses: impl IntoIterator<Item = IpAddr>,
        roles: impl IntoIterator<Item = NodeRole>,
    ) -> Result<Self, DocumentError> {
        Ok(validate::node(&node_texts(&name, addresses, roles))?)
    }
}

fn node_texts(
    name: &NodeName,
    addresses: impl IntoIterator<Item = IpAddr>,
    roles: impl IntoIterator<Item = NodeRole>,
) -> NodeTexts {
    NodeTexts {
        name: name.to_string(),
        addresses: texts(addresses),
        roles: roles.into_iter().collect(),
        labels: std::collections::BTreeMap::new(),
        taints: None,
    }
}

/// The cluster's network: `spec.network`, and who is at its head.
impl ClusterBuilder {
    /// Who runs the control plane and etcd. Default: nodes of the cluster file.
    ///
    /// [`ControlPlane::External`] is for who installs workers alone. Such a cluster has the authority that is
    /// brought and never makes one, and nobody is made an administrator.
    ///
    /// ```
    /// use kboot_core::cluster::{ClusterSpec, ControlPlane, NodeRole};
    /// let spec = ClusterSpec::builder("kubernetes".parse()?, "v1.36.4".parse()?, "192.0.2.1".parse()?)
    ///     .with_control_plane(ControlPlane::External)
    ///     .with_node("worker-1".parse()?, ["192.0.2.11".parse()?], [NodeRole::Worker])
    ///     .build()?;
    /// assert_eq!(spec.nodes().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_control_plane(mut self, control_plane: ControlPlane) -> Self {
        self.document.spec.control_plane = Some(control_plane);
        self
    }

    /// The ranges of services: one, or two of different families. Default: 10.96.0.0/12.
    pub fn with_service_cidrs(mut self, ranges: impl IntoIterator<Item = Cidr>) -> Self {
        self.document.spec.network.service_cidrs = Some(texts(ranges));
        self
    }

    /// The ranges of pods, of the same families. Default: 10.244.0.0/16.
    pub fn with_pod_cidrs(mut self, ranges: impl IntoIterator<Item = Cidr>) -> Self {
        self.document.spec.network.pod_cidrs = Some(texts(ranges));
        self
    }

    /// The domain of services' names. Default: cluster.local.
    pub fn with_dns_domain(mut self, domain: Dns1123Subdomain) -> Self {
        self.document.spec.network.dns_domain = Some(domain.to_string());
        self
    }

    /// The addresses of the cluster's DNS service. Default: the tenth address of the first range of services.
    pub fn with_cluster_dns(mut self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.document.spec.network.cluster_dns = Some(texts(addresses));
        self
    }

    /// Writes a Secret of this name in kube-system with a client certificate of etcd, for network plug-ins that
    /// keep their state there. Whoever reads it reads and changes the whole cluster.
    pub fn with_etcd_client_secret(mut self, name: Dns1123Subdomain) -> Self {
        self.document.spec.network.etcd_client_secret = Some(name.to_string());
        self
    }
}

/// Certificates: `spec.pki`.
impl ClusterBuilder {
    /// Whether etcd and the front proxy have authorities of their own. Default: they do.
    pub fn with_authorities(mut self, layout: CaLayout) -> Self {
        self.document.spec.pki.authorities = Some(layout);
        self
    }

    /// What every key that is made is. Default: ECDSA on P-256.
    pub fn with_key_algorithm(mut self, algorithm: KeyAlgorithm) -> Self {
        self.document.spec.pki.key = Some(algorithm.to_string());
        self
    }

    /// How long an authority's certificate lives. Default: 10 years.
    pub fn with_authority_lifetime(mut self, lifetime: Lifetime) -> Self {
        self.document.spec.pki.validity.authority = Some(lifetime.to_string());
        self
    }

    /// How long every other certificate lives. Default: a year.
    pub fn with_certificate_lifetime(mut self, lifetime: Lifetime) -> Self {
        self.document.spec.pki.validity.certificate = Some(lifetime.to_string());
        self
    }

    /// What stands in every certificate besides its common name and groups. Default: nothing.
    pub fn with_subject(mut self, subject: SubjectDefaults) -> Self {
        self.document.spec.pki.subject = Subject::from(&subject);
        self
    }

    /// Further names and addresses of the API servers. Default: none.
    pub fn with_api_server_sans(mut self, names: impl IntoIterator<Item = Host>) -> Self {
        self.document.spec.pki.api_server_sans = texts(names);
        self
    }
}

/// How nodes join: `spec.join`.
impl ClusterBuilder {
    /// How a kubelet comes by its client certificate. Default: with a bootstrap token.
    pub fn with_node_credentials(mut self, credentials: NodeCredentials) -> Self {
        self.document.spec.join.node_credentials = Some(credentials);
        self
    }

    /// How a kubelet comes by its serving certificate. Default: by request, before Kubernetes 1.12 issued.
    pub fn with_serving_certificates(mut self, certificates: ServingCertificates) -> Self {
        self.document.spec.join.serving_certificates = Some(certificates);
        self
    }

    /// How long the bootstrap token lives; [`Lifetime::ZERO`] is for ever. Default: a day.
    pub fn with_token_ttl(mut self, lifetime: Lifetime) -> Self {
        self.document.spec.join.token.ttl = Some(lifetime.to_string());
        self
    }

    /// What the bootstrap token's Secret says of it. Default: nothing.
    pub fn with_token_description(mut self, description: impl Into<String>) -> Self {
        self.document.spec.join.token.description = Some(description.into());
        self
    }
}

/// Machines, and what runs on them.
impl ClusterBuilder {
    /// Adds a machine: its own addresses, of which its components listen on and advertise the first, and what it
    /// does.
    pub fn with_node(
        mut self,
        name: NodeName,
        addresses: impl IntoIterator<Item = IpAddr>,
        roles: impl IntoIterator<Item = NodeRole>,
    ) -> Self {
        self.document.spec.nodes.push(node_texts(&name, addresses, roles));
        self
    }

    /// The labels that the kubelet of a machine gives its node. Default: none.
    ///
    /// ```
    /// use kboot_core::cluster::{ClusterSpec, NodeRole};
    /// let spec = ClusterSpec::builder("kubernetes".parse()?, "v1.36.4".parse()?, "192.0.2.1".parse()?)
    ///     .with_node("one".parse()?, ["192.0.2.1".parse()?], [NodeRole::ControlPlane, NodeRole::Etcd])
    ///     .with_node("two".parse()?, ["192.0.2.2".parse()?], [NodeRole::Worker])
    ///     .with_node_labels(&"two".parse()?, [("disk".parse()?, "ssd".parse()?)])
    ///     .with_node_taints(&"two".parse()?, ["dedicated=db:NoSchedule".parse()?])
    ///     .build()?;
    /// assert_eq!(spec.nodes()[1].labels().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_node_labels(
        mut self,
        node: &NodeName,
        labels: impl IntoIterator<Item = (LabelKey, LabelValue)>,
    ) -> Self {
        let labels = labels.into_iter().map(|(key, value)| (key.to_string(), value.to_string()));
        if let Some(node) = self.node(node) {
            node.labels = labels.collect();
        }
        self
    }

    /// The taints that the kubelet of a machine registers its node with, none for an empty list. Default: see
    /// [`ClusterSpec::taints_of`].
    pub fn with_node_taints(mut self, node: &NodeName, taints: impl IntoIterator<Item = Taint>) -> Self {
        if let Some(node) = self.node(node) {
            node.taints = Some(texts(taints));
        }
        self
    }

    /// A machine that was added before; that there is none is a problem.
    fn node(&mut self, name: &NodeName) -> Option<&mut NodeTexts> {
        let found = self.document.spec.nodes.iter_mut().find(|node| node.name == name.as_str());
        if found.is_none() {
            self.problems.push(Problem::new("spec.nodes", format!("no node is called {name}")));
        }
        found
    }

    /// What runs containers. Default: containerd, with Kubernetes before 1.20 Docker.
    pub fn with_runtime(mut self, runtime: Runtime) -> Self {
        self.document.spec.runtime.name = Some(runtime);
        self
    }

    /// The image of the container that holds a pod's namespaces. Default: the runtime's own.
    pub fn with_sandbox_image(mut self, image: ImageReference) -> Self {
        self.document.spec.runtime.sandbox_image = Some(image.to_string());
        self
    }

    /// Whether the components' kubeconfigs hold certificates and keys, or name their files. Default: they hold
    /// them.
    pub fn with_kubeconfig_certificates(mut self, certificates: KubeconfigCertificates) -> Self {
        self.document.spec.kubeconfigs.certificates = Some(certificates);
        self
    }

    /// Where units have their programs' arguments. Default: in `ExecStart`.
    pub fn with_unit_arguments(mut self, arguments: UnitArguments) -> Self {
        self.document.spec.units.arguments = Some(arguments);
        self
    }

    /// Whom the control plane runs as. Default: root.
    pub fn with_user(mut self, user: SystemUser) -> Self {
        self.document.spec.user = Some(User::from(&user));
        self
    }

    /// Where programs, plug-ins, data and logs lie on every node.
    pub fn with_folders(mut self, folders: Folders) -> Self {
        self.document.spec.folders = FolderTexts::from(&folders);
        self
    }

    /// Writes `manifests/verify.yaml`: this image, a web server on port 80, on every worker, and a service in
    /// front.
    pub fn with_verify_image(mut self, image: ImageReference) -> Self {
        self.document.spec.verify = Some(Verify { image: image.to_string() });
        self
    }

    /// Fields of a component's configuration file, which take the place of what kboot writes: any value that
    /// serializes as a map. The kubelet and kube-proxy have such files.
    pub fn with_config(mut self, component: Component, config: impl Serialize) -> Self {
        let field = component.field_name();
        let problem = match serde_json::to_value(config) {
            Ok(Value::Object(fields)) => {
                self.document.spec.components.entry(field.to_owned()).or_default().config = fields;
                return self;
            }
            Ok(_) => "must be a map of fields of the configuration file".to_owned(),
            Err(error) => format!("cannot be written as JSON: {error}"),
        };
        self.problems.push(Problem::new(&format!("spec.components.{field}.config"), problem));
        self
    }

    /// A flag that a component gets besides those that kboot writes, without its dashes, or in their place.
    pub fn with_extra_arg(
        mut self,
        component: Component,
        flag: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        let overrides = self.document.spec.components.entry(component.field_name().to_owned()).or_default();
        overrides.extra_args.insert(flag.into(), value.into());
        self
    }

    /// The cluster file, checked as one that is read.
    ///
    /// # Errors
    /// [`DocumentError`] with everything that is wrong, each problem with the path that its field has in a file.
    pub fn build(self) -> Result<ClusterSpec, DocumentError> {
        let Self { document, problems } = self;
        let mut problems = Problems::from(problems);
        match serde_json::to_value(&document) {
            Ok(value) => problems.extend(ClusterSpec::form().check(&value)),
            Err(error) => problems.push(Problem::new("", format!("cannot be written as JSON: {error}"))),
        }
        match validate::validate(document) {
            Ok(spec) if problems.is_empty() => return Ok(spec),
            Ok(_) => {}
            Err(more) => problems.extend(more),
        }
        Err(problems.into())
    }
}
