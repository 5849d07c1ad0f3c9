//! Kernel modules and settings that a worker needs (kubernetes.io, "Container Runtimes").

use super::{PlainFile, kube_proxy};
use crate::net::Cidr;
use crate::spec::ClusterSpec;

pub(super) fn files(spec: &ClusterSpec) -> [PlainFile; 2] {
    let mut modules = vec!["overlay", "br_netfilter"];
    if kube_proxy::mode(spec) == Some("ipvs") {
        // pkg/util/ipvs: GetRequiredIPVSModules
        modules.extend(["ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh", "nf_conntrack"]);
    }
    let mut settings = vec![
        "net.bridge.bridge-nf-call-iptables = 1",
        "net.bridge.bridge-nf-call-ip6tables = 1",
        "net.ipv4.ip_forward = 1",
    ];
    if spec.network.pod_cidrs.iter().any(Cidr::is_ipv6) {
        settings.push("net.ipv6.conf.all.forwarding = 1");
    }
    let lines = |lines: Vec<&str>| lines.join("\n") + "\n";
    [
        PlainFile { path: "/etc/modules-load.d/kubernetes.conf", content: lines(modules) },
        PlainFile { path: "/etc/sysctl.d/99-kubernetes.conf", content: lines(settings) },
    ]
}
