//! Units and configuration files by version: golden files for one node, and laws for every version.
//!
//! `KBOOT_UPDATE_GOLDEN=1 cargo test -p kboot-core --test api components` writes the golden files anew.

use std::path::Path;

use kboot_core::bundle::Content;
use kboot_core::cluster::Node;
use kboot_core::component::{Component, KubeProxyConfiguration, KubeletConfiguration};
use kboot_core::version::KubernetesVersion;
use kboot_core::{Bundle, CaSet, ClusterSpec, Env};
use kboot_testkit::{Oracle, upstream_program};

const VERSIONS: [&str; 6] = ["v1.20.2", "v1.33.0", "v1.34.0", "v1.35.0", "v1.36.4", "v1.37.0"];

fn cluster(version: &str, more: &str) -> ClusterSpec {
    let text = format!(
        "apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {{name: kubernetes}}
spec:
  kubernetesVersion: {version}
  controlPlaneEndpoint: 192.0.2.1
{more}
  nodes:
  - {{name: one, addresses: [192.0.2.1, '2001:db8::1'], roles: [control-plane, etcd, worker]}}
  - {{name: two, addresses: [192.0.2.2, '2001:db8::2'], roles: [worker]}}
"
    );
    text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The files without secrets and without certificates, one after the other.
fn plain_files(spec: &ClusterSpec) -> String {
    let mut env = Env::system();
    let authorities = CaSet::create(spec, &mut env).unwrap();
    let bundle = Bundle::render(spec, &authorities.issue(spec, &mut env).unwrap()).unwrap();
    let mut text = String::new();
    for artifact in bundle.artifacts() {
        let path = artifact.path.as_str();
        match &artifact.content {
            Content::Public(content)
                if !path.ends_with(".crt") && !path.ends_with(".pub") && path != "kboot.json" =>
            {
                text.push_str(&format!("=== {path}\n{content}\n"));
            }
            _ => {}
        }
    }
    text
}

fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("KBOOT_UPDATE_GOLDEN").is_some() {
        let _ = std::fs::remove_file(&path);
        kboot_core::bundle::write_new(&path, text.as_bytes(), 0o644).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap();
    for (line, (found, wanted)) in text.lines().zip(wanted.lines()).enumerate() {
        assert_eq!(found, wanted, "{name}, line {}", line + 1);
    }
    assert_eq!(text.lines().count(), wanted.lines().count(), "{name}");
}

#[test]
fn golden_files() {
    let of_1_6 = "  network: {dnsDomain: example.local}\n  components: {kubelet: {config: {maxPods: 200}}}";
    golden("v1.6.txt", &plain_files(&cluster("v1.6.13", of_1_6)));
    golden("v1.20.txt", &plain_files(&cluster("v1.20.2", "  runtime: {name: docker}")));
    golden("v1.36.txt", &plain_files(&cluster("v1.36.4", "")));
    let everything = "  join: {nodeCredentials: certificate, servingCertificates: issued}
  runtime: {name: cri-o}
  pki: {authorities: single}
  network: {serviceCIDRs: [10.96.0.0/16, 'fd00:1::/112'], podCIDRs: [10.244.0.0/16, 'fd00:2::/56'], dnsDomain: example.local}
  components:
    kubelet: {config: {maxPods: 200, authentication: {webhook: {cacheTTL: 1m}}}, extraArgs: {v: '2'}}
    kubeProxy: {config: {mode: ipvs}}
    kubeApiserver: {extraArgs: {audit-log-path: '/var/log/100%/a b\"$HOME'}}";
    golden("v1.37-issued.txt", &plain_files(&cluster("v1.37.0", everything)));
}

/// What upstream removed must not appear, and what it needs must.
#[test]
fn no_version_gets_a_flag_that_it_does_not_know() {
    for version in VERSIONS {
        let text = plain_files(&cluster(version, ""));
        let old = version.starts_with("v1.20");
        for (needle, since_old_only) in [
            ("--insecure-port=0", true),
            ("--port=0", true),
            ("--container-runtime=remote", true),
            ("--container-runtime-endpoint=", true),
            ("containerRuntimeEndpoint: unix:///run/containerd/containerd.sock", false),
        ] {
            assert_eq!(text.contains(needle), since_old_only == old, "{needle} with {version}");
        }
        for never in [
            "--network-plugin",
            "--pod-infra-container-image",
            "--kubelet-https",
            "--address=",
            "--logtostderr",
        ] {
            assert!(!text.contains(never), "{never} with {version}");
        }
        for always in [
            "--authorization-mode=Node,RBAC",
            "--client-cert-auth=true",
            "--peer-client-cert-auth=true",
            "--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt",
            "readOnlyPort: 0",
            "mode: Webhook",
            "rotateCertificates: true",
        ] {
            assert!(text.contains(always), "{always} with {version}");
        }
    }
}

/// The binaries are of the version that `KUBEBUILDER_ASSETS` has, else of 1.20; etcd's are not among them.
fn real_binaries(folder: &Path) -> Vec<(Component, Oracle, String)> {
    let components = Component::ALL.into_iter().filter(|component| *component != Component::Etcd);
    let found = components.map_while(|component| {
        let binary = upstream_program(component.as_str())?;
        let said = binary.run(folder, &["--version"]).to_string();
        let version = said.split_whitespace().find(|word| word.starts_with("v1.")).unwrap().to_owned();
        Some((component, binary, version))
    });
    found.collect()
}

/// Where the table is complete, every flag that a real binary shows is one that lint takes.
#[test]
fn the_table_has_every_flag_of_the_real_binaries() {
    let folder = tempfile::tempdir().unwrap();
    for (component, binary, version) in real_binaries(folder.path()) {
        let help = binary.run(folder.path(), &["--help"]).to_string();
        let shown = help.lines().filter_map(|line| {
            let line = line.trim_start();
            let line = line.split_once(", --").map_or(line, |(_, long)| long);
            let name = line.trim_start_matches("--").split([' ', '=']).next()?;
            let is_flag = line.starts_with("--") || line.starts_with(name);
            let is_name = name.len() > 1
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            (is_flag && is_name && help.contains(&format!("--{name} "))).then(|| name.to_owned())
        });
        let flags: Vec<String> = shown.filter(|name| name != "help" && name != "version").collect();
        assert!(flags.len() > 40, "{component}: {flags:?}");
        let arguments: String = flags.iter().map(|flag| format!(" --{flag}=x")).collect();
        let unit = format!("[Service]\nExecStart=/usr/bin/{component}{arguments}\n");
        let findings = kboot_core::component::lint(&[("u", &unit)], version.parse().unwrap()).unwrap();
        let unknown: Vec<String> = findings
            .iter()
            .map(|found| found.finding.detail.to_string())
            .filter(|problem| problem.contains(" has no --"))
            .collect();
        assert!(unknown.is_empty(), "{component}: {unknown:#?}");
    }
}

/// The other way round: no flag of a complete list is made up.
#[test]
fn the_real_binaries_have_every_flag_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let table = include_str!("../../src/release/flags.tsv");
    for (component, binary, version) in real_binaries(folder.path()) {
        let help = binary.run(folder.path(), &["--help"]).to_string();
        let of_component = format!("{component}\t");
        let flags =
            table.lines().filter_map(|line| line.strip_prefix(of_component.as_str())?.split('\t').next());
        let is_in_this_version = |flag: &&str| {
            let unit = format!("[Service]\nExecStart=/usr/bin/{component} --{flag}=x\n");
            let findings = kboot_core::component::lint(&[("u", &unit)], version.parse().unwrap()).unwrap();
            !findings.iter().any(|found| found.finding.detail.to_string().contains(&format!("--{flag} (")))
                && !findings.iter().any(|found| found.finding.detail.to_string().contains(" has no --"))
        };
        let flags: Vec<&str> = flags.filter(is_in_this_version).collect();
        assert!(flags.len() > 40, "{component}: {flags:?}");
        // Whether it is one that --help hides, the binary itself says.
        for flag in flags.into_iter().filter(|flag| !help.contains(&format!("--{flag} "))) {
            let said = binary.run(folder.path(), &[format!("--{flag}=x"), "--help".to_owned()]).to_string();
            assert!(!said.contains("unknown flag"), "{component} {version} has no --{flag}");
        }
    }
}

#[test]
fn the_real_binaries_know_every_flag_that_is_written() {
    let folder = tempfile::tempdir().unwrap();
    for (component, binary, version) in real_binaries(folder.path()) {
        let spec = cluster(&version, "");
        let help = binary.run(folder.path(), &["--help"]).to_string();
        let unit = component.unit(&spec, &spec.nodes()[0]).to_string();
        let flags = unit.lines().filter_map(|line| line.trim().strip_prefix("--")?.split(['=', ' ']).next());
        let mut known = 0;
        for flag in flags {
            // 1.20 hides the two flags that turn insecure serving off.
            assert!(
                help.contains(&format!("--{flag} ")) || ["insecure-port", "port"].contains(&flag),
                "{component} --{flag}"
            );
            known += 1;
        }
        assert!(known > 0, "{component}:\n{unit}");
    }
}

/// What one component has on one node needs no certificate, and is what the whole bundle has there.
#[test]
fn a_components_files_are_those_of_the_bundle() {
    for minor in KubernetesVersion::MINORS {
        let more = "  units: {arguments: environment-file}
  components: {kubelet: {config: {maxPods: 200}}, kubeProxy: {config: {mode: ipvs}}}";
        let spec = cluster(&format!("v1.{minor}.0"), more);
        let mut env = Env::system();
        let pki = CaSet::create(&spec, &mut env).unwrap();
        let bundle = Bundle::render(&spec, &pki.issue(&spec, &mut env).unwrap()).unwrap();
        let names: Vec<_> = bundle.nodes().map(|(name, _)| name).collect();
        assert_eq!(names, spec.nodes().iter().map(Node::name).collect::<Vec<_>>());
        for (node, (_, in_bundle)) in spec.nodes().iter().zip(bundle.nodes()) {
            let mut configurations = [
                KubeletConfiguration::for_node(&spec, node).unwrap().map(|of| of.to_yaml().unwrap()),
                KubeProxyConfiguration::for_node(&spec, node).unwrap().map(|of| of.to_yaml().unwrap()),
            ]
            .into_iter()
            .flatten();
            for component in Component::ALL.into_iter().filter(|component| component.runs_on(node)) {
                for file in component.files(&spec, node).unwrap() {
                    let there = in_bundle.iter().find(|artifact| artifact.path_on_node() == Some(file.path));
                    let Some(Content::Public(content)) = there.map(|artifact| &artifact.content) else {
                        panic!("1.{minor}: {} of {component} is not {}'s", file.path, node.name());
                    };
                    assert_eq!(file.content, **content, "1.{minor} {}", file.path);
                    if file.path.contains("config") {
                        assert_eq!(configurations.next().as_deref(), Some(&*file.content), "1.{minor}");
                    }
                }
            }
            assert_eq!(configurations.next(), None, "1.{minor}");
        }
    }
}
