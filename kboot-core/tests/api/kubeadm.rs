//! The profile table beside what kubeadm v1.20.2 makes for the same cluster, field by field. Every
//! difference that is meant stands in [`DIFFERENCES`] with its reason; any other fails.

use std::collections::BTreeMap;
use std::path::Path;

use kboot_core::kubeconfig::Kubeconfig;
use kboot_core::x509::Certificate;
use kboot_core::{ClusterSpec, Env, Plan};
use kboot_testkit::{Oracle, upstream_program};

/// File, field, kubeadm 1.20's value, kboot's value, why.
const DIFFERENCES: &[(&str, &str, &str, &str, &str)] = &[
    (
        "*",
        "serial",
        "varies",
        "varies",
        "random on both sides; kboot's has 128 bits, 1.20's authorities had 0",
    ),
    (
        "apiserver-kubelet-client.crt",
        "O",
        "system:masters",
        "",
        "kube-apiserver may use kubelets and nothing else: its user is bound to system:kubelet-api-admin",
    ),
    (
        "apiserver-etcd-client.crt",
        "O",
        "system:masters",
        "",
        "as upstream since 1.29 (kubernetes/kubernetes 120521): etcd knows no groups",
    ),
    (
        "etcd/healthcheck-client.crt",
        "O",
        "system:masters",
        "",
        "as upstream since 1.29 (kubernetes/kubernetes 119859)",
    ),
    (
        "admin.conf",
        "O",
        "system:masters",
        "kubeadm:cluster-admins",
        "as upstream since 1.29: a group that can be taken back",
    ),
    ("ca.crt", "SAN", "", "DNS:kubernetes", "as upstream since 1.22"),
    ("etcd/ca.crt", "SAN", "", "DNS:etcd-ca", "as upstream since 1.22"),
    ("front-proxy-ca.crt", "SAN", "", "DNS:front-proxy-ca", "as upstream since 1.22"),
    ("leaf", "basic constraints", "absent", "critical CA:FALSE", "as upstream since 1.31"),
];

const CLUSTER: &str = "
apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {name: kubernetes}
spec:
  kubernetesVersion: v1.20.2
  controlPlaneEndpoint: k8s.example.com:6443
  network: {serviceCIDRs: [10.96.0.0/12], dnsDomain: cluster.local}
  pki: {key: rsa-2048, apiServerSANs: [other.example.com, 198.51.100.9]}
  nodes:
  - {name: master-1, addresses: [192.0.2.1], roles: [control-plane, etcd]}
";

const KUBEADM: &str = "
apiVersion: kubeadm.k8s.io/v1beta2
kind: InitConfiguration
nodeRegistration: {name: master-1}
localAPIEndpoint: {advertiseAddress: 192.0.2.1, bindPort: 6443}
---
apiVersion: kubeadm.k8s.io/v1beta2
kind: ClusterConfiguration
kubernetesVersion: v1.20.2
clusterName: kubernetes
controlPlaneEndpoint: k8s.example.com:6443
networking: {serviceSubnet: 10.96.0.0/12, dnsDomain: cluster.local}
apiServer: {certSANs: [other.example.com, 198.51.100.9]}
certificatesDir: DIR/pki
";

/// A certificate's fields as openssl shows them.
fn fields(openssl: &Oracle, folder: &Path, file: &str) -> BTreeMap<&'static str, String> {
    let show = |arguments: &[&str]| {
        let verdict = openssl.run(folder, &[&["x509", "-in", file, "-noout"], arguments].concat());
        assert!(verdict.accepted, "{file}: {verdict}");
        verdict.stdout
    };
    let extension = |name: &str| {
        let text = openssl.run(folder, &["x509", "-in", file, "-noout", "-ext", name]).stdout;
        let mut lines = text.lines().map(str::trim);
        let critical = lines.next().is_some_and(|title| title.ends_with("critical"));
        let value = lines.collect::<Vec<_>>().join(" ");
        if critical { format!("critical {value}") } else { value }
    };
    let subject = show(&["-subject", "-nameopt", "RFC2253,sep_multiline"]);
    let attribute = |name: &str| {
        let prefix = format!("{name}=");
        let values = subject.lines().filter_map(|line| line.trim().strip_prefix(&prefix));
        values.collect::<Vec<_>>().join(",")
    };
    let mut names: Vec<String> =
        extension("subjectAltName").split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect();
    names.sort();
    let text = show(&["-text"]);
    let algorithm = text.lines().find(|line| line.contains("Signature Algorithm")).unwrap_or_default();
    BTreeMap::from([
        ("CN", attribute("CN")),
        ("O", attribute("O")),
        ("SAN", names.join(", ")),
        ("key usage", extension("keyUsage")),
        ("extended key usage", extension("extendedKeyUsage")),
        ("basic constraints", extension("basicConstraints")),
        ("signature", algorithm.trim().to_owned()),
        ("key", text.lines().find(|line| line.contains("Public-Key")).unwrap_or_default().trim().to_owned()),
        (
            "version",
            text.lines().find(|line| line.contains("Version:")).unwrap_or_default().trim().to_owned(),
        ),
    ])
}

fn listed(file: &str, field: &str, theirs: &str, ours: &str) -> bool {
    let is_leaf = !file.ends_with("ca.crt");
    DIFFERENCES.iter().any(|(of, what, upstream, kboot, _)| {
        let absent = |value: &str| if value == "absent" { String::new() } else { value.to_owned() };
        (*of == file || (*of == "leaf" && is_leaf))
            && *what == field
            && absent(upstream) == theirs
            && *kboot == ours
    })
}

#[test]
fn kboot_makes_what_kubeadm_makes() {
    let (Some(kubeadm), Some(openssl)) = (upstream_program("kubeadm"), Oracle::find("openssl")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let write = |name: &str, text: &[u8]| {
        kboot_core::bundle::write_new(&folder.path().join(name), text, 0o600).unwrap();
    };
    write("kubeadm.yaml", KUBEADM.replace("DIR", path).as_bytes());
    for phase in [
        &["init", "phase", "certs", "all", "--config", "kubeadm.yaml"][..],
        &["init", "phase", "kubeconfig", "all", "--config", "kubeadm.yaml", "--kubeconfig-dir", path],
    ] {
        let verdict = kubeadm.run(folder.path(), phase);
        assert!(verdict.accepted, "kubeadm {phase:?}: {verdict}");
    }
    let out = tempfile::tempdir().unwrap();
    let spec: ClusterSpec = CLUSTER.parse().unwrap();
    let _ = Plan::build(&spec, out.path(), &mut Env::system()).unwrap();

    let node = out.path().join("nodes/master-1/etc/kubernetes");
    let mut compared = 0;
    let mut unlisted = Vec::new();
    let mut compare = |file: &str, theirs: &Path, ours: &Path| {
        let theirs = fields(&openssl, folder.path(), theirs.to_str().unwrap());
        let ours = fields(&openssl, folder.path(), ours.to_str().unwrap());
        for (field, value) in &theirs {
            if value != &ours[field] && !listed(file, field, value, &ours[field]) {
                unlisted.push(format!("{file} {field}: kubeadm {value:?}, kboot {:?}", ours[field]));
            }
        }
        compared += 1;
    };
    let files = [
        "ca.crt",
        "apiserver.crt",
        "apiserver-kubelet-client.crt",
        "apiserver-etcd-client.crt",
        "front-proxy-ca.crt",
        "front-proxy-client.crt",
        "etcd/ca.crt",
        "etcd/server.crt",
        "etcd/peer.crt",
        "etcd/healthcheck-client.crt",
    ];
    for file in files {
        compare(file, &folder.path().join("pki").join(file), &node.join("pki").join(file));
    }
    for (file, ours) in [
        ("admin.conf", out.path().join("admin.conf")),
        ("controller-manager.conf", node.join("controller-manager.conf")),
        ("scheduler.conf", node.join("scheduler.conf")),
    ] {
        let read = |path: &Path| std::fs::read_to_string(path).unwrap().parse::<Kubeconfig>().unwrap();
        let (theirs, ours) = (read(&folder.path().join(file)), read(&ours));
        let (their_cluster, _) = theirs.current().unwrap();
        let (our_cluster, _) = ours.current().unwrap();
        assert_eq!(theirs.current_context, ours.current_context, "{file}");
        assert_eq!(their_cluster.server, our_cluster.server, "{file}");
        assert!(
            their_cluster.certificate_authority_data.is_some()
                && our_cluster.certificate_authority_data.is_some()
        );
        let save = |name: &str, certificate: &Certificate| write(name, certificate.to_pem().as_bytes());
        save(&format!("{file}.theirs"), &theirs.client_certificate().unwrap().0);
        save(&format!("{file}.ours"), &ours.client_certificate().unwrap().0);
        compare(
            file,
            &folder.path().join(format!("{file}.theirs")),
            &folder.path().join(format!("{file}.ours")),
        );
    }
    assert_eq!(unlisted, Vec::<String>::new());
    assert_eq!(compared, 13);
    // What is listed must be true: a difference that is gone is struck off.
    for (file, field, theirs, ours, _) in DIFFERENCES.iter().filter(|(_, field, ..)| *field == "O") {
        let certificate = match file.strip_suffix(".conf") {
            Some(_) => {
                (folder.path().join(format!("{file}.theirs")), folder.path().join(format!("{file}.ours")))
            }
            None => (folder.path().join("pki").join(file), node.join("pki").join(file)),
        };
        let shown = |path: &Path| fields(&openssl, folder.path(), path.to_str().unwrap())[field].clone();
        assert_eq!(
            (shown(&certificate.0).as_str(), shown(&certificate.1).as_str()),
            (*theirs, *ours),
            "{file}"
        );
    }
}
