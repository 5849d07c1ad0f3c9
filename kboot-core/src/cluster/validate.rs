//! From texts to values, with the checks that look at more than one field.

mod machines;
mod network;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::IpAddr;
use std::str::FromStr;

pub(super) use machines::{default_runtime, node};
use machines::{folders, nodes, registered_twice, runtime, system_user, workers_alone};
pub(super) use network::{DNS_DOMAIN, POD_RANGE, SERVICE_RANGE, default_cluster_dns};
use network::{addresses, network};

use super::document::{self, File};
use super::{
    CaLayout, ClusterSpec, ControlPlane, Join, JoinTokenSpec, NodeCredentials, Overrides, Pki, Problem,
    ServingCertificates, SubjectDefaults,
};
use crate::document::Problems;
use crate::finding::Severity;
use crate::net::{ApiEndpoint, Host, machine_address};
use crate::release::{Component, gates, overrides};
use crate::time::Lifetime;
use crate::version::KubernetesVersion;
use crate::x509::KeyAlgorithm;

// What stands where the file says nothing; the schema tells people the same.
pub(super) const KEY: &str = "ecdsa-p256";
pub(super) const AUTHORITY_VALIDITY: &str = "10y";
pub(super) const CERTIFICATE_VALIDITY: &str = "1y";
pub(super) const TOKEN_TTL: &str = "24h";

/// Problems as they are found; every step goes on with what it has.
#[derive(Default)]
struct Found {
    problems: Problems,
    /// Whether only what a text says by itself is looked at: the file is not whole, so what its fields say of each
    /// other is not known.
    is_partial: bool,
}

impl Found {
    fn add(&mut self, path: impl AsRef<str>, problem: impl Into<String>) {
        if !self.is_partial {
            self.add_text(path, problem);
        }
    }

    /// What is wrong with a text, whatever else the file says.
    fn add_text(&mut self, path: impl AsRef<str>, problem: impl Into<String>) {
        self.problems.push(Problem::new(path.as_ref(), problem));
    }

    fn parse<T: FromStr<Err: Display>>(&mut self, path: &str, text: &str) -> Option<T> {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.add_text(path, error.to_string());
                None
            }
        }
    }

    /// Each address with its index; those that are wrong are left out.
    fn addresses(&mut self, path: &str, texts: &[String]) -> Vec<(usize, IpAddr)> {
        let mut read = Vec::with_capacity(texts.len());
        for (i, text) in texts.iter().enumerate() {
            match machine_address(text) {
                Ok(address) => read.push((i, address)),
                Err(error) => self.add_text(format!("{path}[{i}]"), error.to_string()),
            }
        }
        read
    }

    /// Each item with its index; those that are wrong are left out.
    fn parse_all<T: FromStr<Err: Display>>(&mut self, path: &str, texts: &[String]) -> Vec<(usize, T)> {
        let items = texts.iter().enumerate();
        items.filter_map(|(i, text)| Some((i, self.parse(&format!("{path}[{i}]"), text)?))).collect()
    }
}

pub(super) fn validate(document: File) -> Result<ClusterSpec, Vec<Problem>> {
    checked(Found::default(), document)
}

/// What is wrong with the texts of a file that is not whole.
pub(super) fn wrong_texts(document: File) -> Vec<Problem> {
    checked(Found { is_partial: true, ..Found::default() }, document).err().unwrap_or_default()
}

fn checked(mut found: Found, document: File) -> Result<ClusterSpec, Vec<Problem>> {
    let mut warnings = Found::default();
    let File { api_version: _, kind: _, metadata, spec } = document;
    let name = found.parse("metadata.name", &metadata.name);
    let version = found.parse::<KubernetesVersion>("spec.kubernetesVersion", &spec.kubernetes_version);
    let endpoint = found.parse::<ApiEndpoint>("spec.controlPlaneEndpoint", &spec.control_plane_endpoint);
    let control_plane = spec.control_plane.unwrap_or_default();
    if control_plane == ControlPlane::External {
        workers_alone(&mut found, &spec);
    }
    let network = network(&mut found, &spec.network, version);
    let pki = pki(&mut found, &mut warnings, spec.pki, control_plane);
    let join = join(&mut found, &mut warnings, spec.join, version);
    let runtime_name = runtime(&mut found, spec.runtime.name, version);
    let sandbox_image =
        spec.runtime.sandbox_image.and_then(|image| found.parse("spec.runtime.sandboxImage", &image));
    let verify_image = spec.verify.and_then(|verify| found.parse("spec.verify.image", &verify.image));
    let user = spec.user.and_then(|user| system_user(&mut found, &user));
    let folders = folders(&mut found, &mut warnings, &spec.folders, version);
    let nodes = nodes(&mut found, &mut warnings, spec.nodes, control_plane);
    if let Some(network) = &network {
        addresses(&mut found, network, &nodes, endpoint.as_ref());
        let has_dual_stack = version.is_none_or(|version| gates::DUAL_STACK.contains(version));
        if network.service_cidrs.len() == 2 && !has_dual_stack {
            found.add("spec.network.serviceCIDRs", "two address families need Kubernetes 1.23 or later");
        }
    }
    let components = components(&mut found, &mut warnings, spec.components, version);
    registered_twice(&mut found, &nodes, &components);
    match (name, version, endpoint, network, pki, join) {
        (
            Some(name),
            Some(kubernetes_version),
            Some(control_plane_endpoint),
            Some(network),
            Some(pki),
            Some(join),
        ) if found.problems.is_empty() => Ok(ClusterSpec {
            name,
            kubernetes_version,
            control_plane_endpoint,
            control_plane,
            network,
            pki,
            join,
            runtime: runtime_name,
            sandbox_image,
            kubeconfig_certificates: spec.kubeconfigs.certificates.unwrap_or_default(),
            unit_arguments: spec.units.arguments.unwrap_or_default(),
            user,
            folders,
            verify_image,
            nodes,
            components,
            warnings: warnings.problems.into(),
        }),
        _ => Err(found.problems.into()),
    }
}

/// etcd and the front proxy belong to the control plane, and so do their authorities.
pub(super) fn default_authorities(control_plane: ControlPlane) -> CaLayout {
    match control_plane {
        ControlPlane::Nodes => CaLayout::Separate,
        ControlPlane::External => CaLayout::Single,
    }
}

fn pki(
    found: &mut Found,
    warnings: &mut Found,
    pki: document::Pki,
    control_plane: ControlPlane,
) -> Option<Pki> {
    let authorities = pki.authorities.unwrap_or_else(|| default_authorities(control_plane));
    if pki.authorities == Some(CaLayout::Single) {
        warnings.add(
            "spec.pki.authorities",
            "with a single authority every certificate of the cluster, a kubelet's too, is accepted by etcd; \
             prefer separate",
        );
    }
    let key = found.parse::<KeyAlgorithm>("spec.pki.key", pki.key.as_deref().unwrap_or(KEY));
    let lifetime = |found: &mut Found, path: &str, text: Option<String>, default: &str| {
        let lifetime = found.parse::<Lifetime>(path, text.as_deref().unwrap_or(default))?;
        if lifetime <= Lifetime::BACKDATE {
            found.add(path, "must be longer than five minutes");
        }
        Some(lifetime)
    };
    let authority =
        lifetime(found, "spec.pki.validity.authority", pki.validity.authority, AUTHORITY_VALIDITY);
    let certificate =
        lifetime(found, "spec.pki.validity.certificate", pki.validity.certificate, CERTIFICATE_VALIDITY);
    if let (Some(authority), Some(certificate)) = (authority, certificate)
        && certificate > authority
    {
        found.add(
            "spec.pki.validity.certificate",
            format!(
                "{certificate} is longer than its authority's {authority}; nothing outlives its authority"
            ),
        );
    }
    // Nothing may reach past the year 9999; a cluster built in this century has room for 7,900 years.
    if let (Some(lifetime), Ok(most)) = (authority, Lifetime::from_days(1000 * 365))
        && lifetime > most
    {
        found.add("spec.pki.validity.authority", "must be at most 1000y");
    }
    let document::Subject { country, state, locality, organizational_unit } = pki.subject;
    let subject = SubjectDefaults { country, state, locality, organizational_unit };
    for (field, problem) in subject.problems() {
        found.add(format!("spec.pki.subject.{field}"), problem);
    }
    let names = found.parse_all::<Host>("spec.pki.apiServerSANs", &pki.api_server_sans);
    Some(Pki {
        authorities,
        key: key?,
        authority_lifetime: authority?,
        certificate_lifetime: certificate?,
        subject,
        api_server_sans: names.into_iter().map(|(_, name)| name).collect(),
    })
}

/// Kubelets ask for them as soon as they can.
pub(super) fn default_serving_certificates(version: Option<KubernetesVersion>) -> ServingCertificates {
    if version.is_none_or(|version| gates::SERVING_REQUESTS.contains(version)) {
        ServingCertificates::Csr
    } else {
        ServingCertificates::Issued
    }
}

fn join(
    found: &mut Found,
    warnings: &mut Found,
    join: document::Join,
    version: Option<KubernetesVersion>,
) -> Option<Join> {
    let asks_for_serving = default_serving_certificates(version) == ServingCertificates::Csr;
    if !asks_for_serving && join.serving_certificates == Some(ServingCertificates::Csr) {
        found.add(
            "spec.join.servingCertificates",
            "kubelets ask for serving certificates from Kubernetes 1.12 on; use issued",
        );
    }
    if join.node_credentials == Some(NodeCredentials::StaticToken) {
        warnings.add(
            "spec.join.nodeCredentials",
            "a static token lives until kube-apiserver restarts without it; prefer bootstrap-token",
        );
    }
    let description = join.token.description.unwrap_or_default();
    if description.chars().any(char::is_control) {
        found.add("spec.join.token.description", "must not hold control characters");
    }
    let ttl = found.parse("spec.join.token.ttl", join.token.ttl.as_deref().unwrap_or(TOKEN_TTL))?;
    if ttl == Lifetime::ZERO {
        warnings.add("spec.join.token.ttl", "a bootstrap token that never ends lets machines in for ever");
    }
    Some(Join {
        node_credentials: join.node_credentials.unwrap_or_default(),
        serving_certificates: join
            .serving_certificates
            .unwrap_or_else(|| default_serving_certificates(version)),
        token: JoinTokenSpec { ttl, description },
    })
}

fn components(
    found: &mut Found,
    warnings: &mut Found,
    components: BTreeMap<String, document::Component>,
    version: Option<KubernetesVersion>,
) -> BTreeMap<Component, Overrides> {
    let mut valid = BTreeMap::new();
    for (key, document::Component { config, extra_args }) in components {
        let Some(component) = Component::ALL.into_iter().find(|component| component.field_name() == key)
        else {
            continue;
        };
        let overrides = Overrides { config, extra_args };
        if let Some(version) = version {
            for finding in overrides::check(component, version, &overrides.config, &overrides.extra_args) {
                let list = if finding.severity == Severity::Error { &mut *found } else { &mut *warnings };
                list.add(format!("spec.components.{key}.{}", finding.path), finding.detail.to_string());
            }
        }
        valid.insert(component, overrides);
    }
    valid
}
