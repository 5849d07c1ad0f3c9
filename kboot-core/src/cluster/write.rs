//! From values back to the cluster file, defaults left out.

use std::fmt::Display;

use super::ClusterSpec;
use super::document::{
    Component, File, Folders, Join, KIND, Kubeconfigs, Metadata, Network, Node, Pki, RuntimeChoice, Spec,
    Subject, Token, Units, User, Validity, Verify,
};
use super::validate::{
    AUTHORITY_VALIDITY, CERTIFICATE_VALIDITY, DNS_DOMAIN, KEY, POD_RANGE, SERVICE_RANGE, TOKEN_TTL,
    default_authorities, default_cluster_dns, default_runtime, default_serving_certificates,
};
use super::{CaLayout, Overrides, SubjectDefaults, SystemUser};
use crate::document::{API_VERSION, Unwritable, yaml};

pub(super) fn texts<T: Display>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}

impl ClusterSpec {
    /// The cluster file in YAML. It reads back as the same value; what is as by default is left out.
    ///
    /// Files of more than [`MAX_BYTES`](super::MAX_BYTES), some 100,000 nodes, are written and not read.
    ///
    /// ```
    /// # use kboot_core::cluster::{COMMENTED_EXAMPLE, ClusterSpec};
    /// let spec: ClusterSpec = COMMENTED_EXAMPLE.parse()?;
    /// assert_eq!(spec.to_yaml()?.parse::<ClusterSpec>()?, spec);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Unwritable`] where the writer of YAML refuses a value; none that it refuses is known.
    pub fn to_yaml(&self) -> Result<String, Unwritable> {
        yaml::write(&File::from(self))
    }
}

impl From<&ClusterSpec> for File {
    fn from(spec: &ClusterSpec) -> Self {
        let version = Some(spec.kubernetes_version);
        let components = spec.components.iter();
        Self {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            metadata: Metadata { name: spec.name.to_string() },
            spec: Spec {
                kubernetes_version: spec.kubernetes_version.to_string(),
                control_plane_endpoint: spec.control_plane_endpoint.host_port(),
                control_plane: other_than(spec.control_plane, &Default::default()),
                network: network(&spec.network),
                pki: pki(&spec.pki, default_authorities(spec.control_plane)),
                join: Join {
                    node_credentials: other_than(spec.join.node_credentials, &Default::default()),
                    serving_certificates: other_than(
                        spec.join.serving_certificates,
                        &default_serving_certificates(version),
                    ),
                    token: Token {
                        ttl: text_other_than(&spec.join.token.ttl, TOKEN_TTL),
                        description: other_than(spec.join.token.description.clone(), &String::new()),
                    },
                },
                runtime: RuntimeChoice {
                    name: other_than(spec.runtime, &default_runtime(version)),
                    sandbox_image: spec.sandbox_image.as_ref().map(ToString::to_string),
                },
                kubeconfigs: Kubeconfigs {
                    certificates: other_than(spec.kubeconfig_certificates, &Default::default()),
                },
                units: Units { arguments: other_than(spec.unit_arguments, &Default::default()) },
                user: spec.user.as_ref().map(User::from),
                folders: Folders::from(&spec.folders),
                verify: spec.verify_image.as_ref().map(|image| Verify { image: image.to_string() }),
                nodes: spec.nodes.iter().map(Node::from).collect(),
                components: components
                    .map(|(component, overrides)| {
                        (component.field_name().to_owned(), Component::from(overrides))
                    })
                    .collect(),
            },
        }
    }
}

/// None for the default, which the file leaves out.
fn other_than<T: PartialEq>(value: T, default: &T) -> Option<T> {
    (value != *default).then_some(value)
}

/// None for the default, however it is spelt.
fn text_other_than<T: Display + PartialEq + std::str::FromStr>(value: &T, default: &str) -> Option<String> {
    (default.parse::<T>().ok().as_ref() != Some(value)).then(|| value.to_string())
}

fn network(network: &super::Network) -> Network {
    let ranges =
        |ranges: &[crate::net::Cidr], default: &str| other_than(texts(ranges), &vec![default.to_owned()]);
    let has_default_dns = network.cluster_dns == default_cluster_dns(&network.service_cidrs);
    Network {
        service_cidrs: ranges(&network.service_cidrs, SERVICE_RANGE),
        pod_cidrs: ranges(&network.pod_cidrs, POD_RANGE),
        dns_domain: text_other_than(&network.dns_domain, DNS_DOMAIN),
        cluster_dns: (!has_default_dns).then(|| texts(&network.cluster_dns)),
        etcd_client_secret: network.etcd_client_secret.as_ref().map(ToString::to_string),
    }
}

fn pki(pki: &super::Pki, default_authorities: CaLayout) -> Pki {
    Pki {
        authorities: other_than(pki.authorities, &default_authorities),
        key: text_other_than(&pki.key, KEY),
        validity: Validity {
            authority: text_other_than(&pki.authority_lifetime, AUTHORITY_VALIDITY),
            certificate: text_other_than(&pki.certificate_lifetime, CERTIFICATE_VALIDITY),
        },
        subject: Subject::from(&pki.subject),
        api_server_sans: texts(&pki.api_server_sans),
    }
}

impl From<&SubjectDefaults> for Subject {
    fn from(subject: &SubjectDefaults) -> Self {
        let SubjectDefaults { country, state, locality, organizational_unit } = subject.clone();
        Self { country, state, locality, organizational_unit }
    }
}

impl From<&SystemUser> for User {
    fn from(user: &SystemUser) -> Self {
        Self {
            name: user.name.to_string(),
            group: (user.group != user.name).then(|| user.group.to_string()),
            id: user.id.map(u64::from),
        }
    }
}

impl From<&super::Folders> for Folders {
    fn from(folders: &super::Folders) -> Self {
        let super::Folders { programs, cni_plugins, kubelet, etcd, logs } = folders;
        let [programs, cni_plugins, kubelet, etcd, logs] = [programs, cni_plugins, kubelet, etcd, logs]
            .map(|folder| folder.as_ref().map(ToString::to_string));
        Self { programs, cni_plugins, kubelet, etcd, logs }
    }
}

impl From<&super::Node> for Node {
    fn from(node: &super::Node) -> Self {
        let labels = node.labels.iter().map(|(key, value)| (key.to_string(), value.to_string()));
        Self {
            name: node.name.to_string(),
            addresses: texts(&node.addresses),
            roles: node.roles.clone(),
            labels: labels.collect(),
            taints: node.taints.as_ref().map(texts),
        }
    }
}

impl From<&Overrides> for Component {
    fn from(overrides: &Overrides) -> Self {
        Self { config: overrides.config.clone(), extra_args: overrides.extra_args.clone() }
    }
}
