//! What other tools' files say of the cluster as a whole: kubeconfigs, kubeadm's configuration, namespaces.

use serde_json::Value;

use super::addition::Addition;
use crate::kubeconfig::server_host;
use crate::net::{ApiEndpoint, Cidr, Host, is_of_one_machine};
use crate::policy::text::escaped;

impl Addition {
    /// Where clients reach the API server: the server of the current context's cluster. Nothing else of a
    /// kubeconfig is kept.
    pub(super) fn kubeconfig(&mut self, value: &Value) {
        let named = |list: &str, name: &str, field: &'static str| {
            let entries = value.get(list).and_then(Value::as_array).into_iter().flatten();
            let mut found = entries.filter(|entry| text(entry, "name") == Some(name));
            found.next().and_then(|entry| entry.get(field)).cloned()
        };
        let clusters = value.get("clusters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let context = text(value, "current-context").filter(|name| !name.is_empty());
        let cluster = match (context, clusters) {
            (Some(context), _) => named("contexts", context, "context")
                .and_then(|context| named("clusters", text(&context, "cluster")?, "cluster")),
            (None, [only]) => only.get("cluster").cloned(),
            (None, _) => None,
        };
        let Some(cluster) = cluster else {
            return self.problem(
                "current-context",
                "names no cluster of this kubeconfig, so it does not say which API server is meant: \
                 `kubectl config view --minify` prints one that does",
            );
        };
        let server = text(&cluster, "server").unwrap_or_default();
        match server_host(server) {
            Some(host) => self.api_server(host),
            None => self.problem("clusters.cluster.server", "is not a URL with a name or an address"),
        }
        if let Some(name) = text(&cluster, "tls-server-name").filter(|name| !name.is_empty()) {
            match name.parse() {
                Ok(name) => self.api_server(name),
                Err(_) => self.problem("clusters.cluster.tls-server-name", "is not a DNS name or an address"),
            }
        }
    }

    /// kubeadm's ClusterConfiguration (`cmd/kubeadm/app/apis/kubeadm/v1beta4/types.go`; the fields read here
    /// are those of every version since v1beta1).
    pub(super) fn kubeadm(&mut self, value: &Value, path: &str) {
        let at = |field: &str| format!("{path}{field}");
        if let Some(endpoint) = text(value, "controlPlaneEndpoint").filter(|text| !text.is_empty()) {
            match endpoint.parse::<ApiEndpoint>() {
                Ok(endpoint) => self.api_server(endpoint.host().clone()),
                Err(error) => self.problem(&at("controlPlaneEndpoint"), error.to_string()),
            }
        }
        let names = value.pointer("/apiServer/certSANs").and_then(Value::as_array);
        for (i, name) in names.into_iter().flatten().enumerate() {
            match name.as_str().unwrap_or_default().parse() {
                Ok(name) => self.api_server(name),
                Err(_) => {
                    self.problem(&at(&format!("apiServer.certSANs[{i}]")), "is not a DNS name or an address")
                }
            }
        }
        let networking = value.get("networking");
        let of_network = |field| networking.and_then(|of| text(of, field)).filter(|text| !text.is_empty());
        if let Some(domain) = of_network("dnsDomain")
            && let Some(domain) = self.parsed(&at("networking.dnsDomain"), Some(domain))
        {
            self.once(&at("networking.dnsDomain"), domain, |facts| &mut facts.dns_domain);
        }
        if let Some(ranges) = of_network("serviceSubnet") {
            let ranges = self.ranges(&at("networking.serviceSubnet"), ranges);
            self.once(&at("networking.serviceSubnet"), ranges, |facts| &mut facts.service_cidrs);
        }
        if let Some(ranges) = of_network("podSubnet") {
            let ranges = self.ranges(&at("networking.podSubnet"), ranges);
            self.once(&at("networking.podSubnet"), ranges, |facts| &mut facts.pod_cidrs);
        }
    }

    /// The ConfigMap kubeadm-config of kube-system, where kubeadm keeps its ClusterConfiguration.
    pub(super) fn config_map(&mut self, value: &Value) {
        const PATH: &str = "data.ClusterConfiguration";
        let configuration = value.pointer("/data/ClusterConfiguration").and_then(Value::as_str);
        let Some(configuration) = configuration else {
            return self.problem(PATH, "is missing: of ConfigMaps, kubeadm-config in kube-system is read");
        };
        match crate::document::yaml::parse_as_go(configuration) {
            Ok(configuration) => self.kubeadm(&configuration, &format!("{PATH}.")),
            Err(problem) => self.problem(PATH, problem),
        }
    }

    /// What `kubectl get namespaces` prints.
    pub(super) fn namespace(&mut self, value: &Value, index: usize) {
        let name = value.get("metadata").and_then(|metadata| text(metadata, "name")).unwrap_or_default();
        self.add_namespace(&format!("items[{index}].metadata.name"), name);
    }

    /// Names and addresses by which everybody reaches themselves say nothing of an API server.
    pub(super) fn api_server(&mut self, name: Host) {
        let is_somebodys = match &name {
            Host::Dns(name) => name != "localhost",
            Host::Ip(address) => is_of_one_machine(*address) && !address.is_loopback(),
        };
        if is_somebodys && !self.facts.api_server.contains(&name) {
            self.facts.api_server.push(name);
        }
    }

    pub(super) fn add_namespace(&mut self, path: &str, name: &str) {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > 63 || !name.bytes().all(plain) {
            self.problem(path, format!("{:?} is not the name of a namespace", escaped(name)));
        } else {
            self.facts.namespaces.insert(name.to_owned());
        }
    }

    /// Ranges with commas between them.
    fn ranges(&mut self, path: &str, text: &str) -> Vec<Cidr> {
        text.split(',').filter_map(|range| self.parsed(path, Some(range.trim()))).collect()
    }
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str)
}
