//! `kboot cert expiry`: certificates wherever they are, and how long they have.

use std::fs;
use std::os::unix::fs::symlink;

use crate::common::{CLUSTER, run, succeed, write};
use kboot_core::{CertificateTemplate, Env, Kubeconfig};
use kboot_core::{
    pki::CertificateAuthority,
    x509::{Certificate, KeyAlgorithm, PrivateKey},
};
use serde_json::Value;

/// A certificate made 50 days ago that ends in so many days from now, and its key.
fn ending(authority: &CertificateAuthority, days: i64) -> (String, String) {
    let ago = Env::system().now().before("50d".parse().unwrap()).unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let life = format!("{}d1h", 50 + days).parse().unwrap();
    let user = format!("ends-in-{days}").replace("--", "-minus-").parse().unwrap();
    let certificate =
        authority.issue(&CertificateTemplate::client(user), &key, life, &mut Env::at(ago)).unwrap();
    (certificate.to_pem(), key.to_pem().unwrap().expose_secret().to_owned())
}

#[test]
fn expiry_is_found_wherever_certificates_are() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    let outside = folder.path().join("outside");
    for name in ["tree/pki/etcd", "tree/kubelet", "outside"] {
        fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    let ago = Env::system().now().before("100d".parse().unwrap()).unwrap();
    let authority = CertificateAuthority::create(
        "kubernetes",
        KeyAlgorithm::EcdsaP256,
        "10y".parse().unwrap(),
        &mut Env::at(ago),
    )
    .unwrap();
    let put = |path: &str, text: &str| write(&tree.join(path), text.as_bytes());
    let run = |arguments: &str| run(&folder, &format!("cert expiry tree {arguments}"));
    let subjects = || -> Vec<(String, String)> {
        let outcome = run("--within 30d -o json");
        let list: Value = serde_json::from_str(&outcome.stdout).unwrap();
        let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
        list.as_array()
            .unwrap()
            .iter()
            .map(|entry| (text(entry, "subject"), text(entry, "urgency")))
            .collect()
    };
    put("pki/ca.crt", &authority.certificate().to_pem());
    put("pki/notes.txt", "hello\n");
    put("pki/service.yaml", "kind: Service\nmetadata: {name: x}\n");
    write(&tree.join("pki/data"), &[0x30, 0x82, 0xff, 0, 1]);
    put("pki/etcd/server.crt", &ending(&authority, 40).0);
    assert_eq!(run("--within 30d").code, Some(0));
    assert_eq!(run("--within 41d").code, Some(1));
    assert_eq!(run("").code, Some(0));

    // A kubelet's folder: what it replaced does not count.
    let (certificate, key) = ending(&authority, 20);
    put("kubelet/kubelet-client-2025-01-01-00-00-00.pem", &ending(&authority, -10).0);
    put("kubelet/kubelet-client-2026-01-01-00-00-00.pem", &(certificate + &key));
    let current = tree.join("kubelet/kubelet-client-current.pem");
    symlink(tree.join("kubelet/kubelet-client-2026-01-01-00-00-00.pem"), &current).unwrap();
    let expected = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(name, urgency)| (format!("CN={name}"), (*urgency).to_owned())).collect()
    };
    assert_eq!(
        subjects(),
        expected(&[("ends-in-20", "soon"), ("ends-in-40", "later"), ("kubernetes", "later")])
    );
    assert_eq!(run("").code, Some(0), "nothing has expired");

    // A kubeconfig holds one and names another, beyond the folder.
    let (certificate, key) = ending(&authority, 10);
    let config = Kubeconfig::for_cluster("c", &"10.0.0.1".parse().unwrap())
        .trusting(authority.certificate())
        .as_user("u")
        .with_certificate(
            &Certificate::from_pem(certificate.as_bytes()).unwrap(),
            &PrivateKey::from_pem(key.as_bytes()).unwrap(),
        )
        .build()
        .unwrap();
    put("admin.conf", config.to_yaml().unwrap().expose_secret());
    write(&outside.join("named.crt"), ending(&authority, 5).0.as_bytes());
    put(
        "kubelet.conf",
        "apiVersion: v1\nkind: Config\nusers: [{name: a, user: {client-certificate: ../outside/named.crt, client-key: k}}]\n",
    );
    let found: Vec<_> = subjects().into_iter().map(|(subject, _)| subject).collect();
    assert_eq!(
        found,
        ["CN=ends-in-5", "CN=ends-in-10", "CN=ends-in-20", "CN=ends-in-40", "CN=kubernetes", "CN=kubernetes"]
    );

    let table = run("--within 30d");
    assert_eq!(table.code, Some(1));
    let place = |what: &str| table.stdout.find(what).unwrap_or_else(|| panic!("{what}: {}", table.stdout));
    assert!(
        place("WITHIN 30d") < place("ends-in-20")
            && place("ends-in-20") < place("LATER")
            && place("LATER") < place("ends-in-40")
    );
    assert!(!table.stdout.contains('\u{1b}'), "no colour where nobody sees it");

    // What cannot be read is named, and is no good news.
    put("pki/etcd/broken.crt", "-----BEGIN CERTIFICATE-----\nMIIB");
    symlink("/etc/passwd", tree.join("pki/link")).unwrap();
    let unread = run("");
    assert_eq!(unread.code, Some(2), "{}", unread.stderr);
    assert!(
        unread.stderr.contains("tree/pki/etcd/broken.crt: ")
            && unread.stderr.contains("tree/pki/link: it links to"),
        "{}",
        unread.stderr
    );

    put("old.crt", &ending(&authority, -1).0);
    let expired = run("");
    assert_eq!(expired.code, Some(1), "that something has expired is said first");
    assert!(expired.stdout.starts_with("EXPIRED\n"), "{}", expired.stdout);

    let metrics = run("-o prometheus").stdout;
    let mut lines = metrics.lines();
    assert!(lines.next().unwrap().starts_with("# HELP kboot_certificate_not_after_seconds "));
    assert_eq!(lines.next(), Some("# TYPE kboot_certificate_not_after_seconds gauge"));
    let series: Vec<_> = lines.collect();
    assert_eq!(series.len(), 7, "{metrics}");
    for line in series {
        let (labels, value) = line.rsplit_once(' ').unwrap();
        assert!(
            labels.starts_with("kboot_certificate_not_after_seconds{path=\"tree/")
                || labels.contains("/../outside/"),
            "{line}"
        );
        assert!(labels.ends_with("\"}") && value.parse::<i64>().unwrap() > 1_700_000_000, "{line}");
    }
    for form in ["yaml", "json"] {
        let outcome = run(&format!("-o {form}"));
        assert!(
            outcome.code == Some(1) && outcome.stdout.contains("\"remainingSeconds\":"),
            "{}",
            outcome.stdout
        );
    }
}

#[test]
fn paths_in_a_nodes_folder_are_that_nodes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let two =
        "  - {name: two, addresses: [192.0.2.2], roles: [worker]}\n  kubeconfigs: {certificates: files}\n";
    write(&folder.join("cluster.yaml"), format!("{CLUSTER}{two}").as_bytes());
    succeed(folder, "cluster build -f cluster.yaml --out out");
    for (from, arguments) in [
        ("", "cert expiry out"),
        ("", "cert expiry out/nodes/two"),
        ("out/nodes/two/etc", "cert expiry ."),
        ("out", "cert inspect nodes"),
        ("out/nodes/one/etc/kubernetes", "cert inspect scheduler.conf"),
        ("", "kubeconfig check out/nodes/one/etc/kubernetes/scheduler.conf"),
        ("out/nodes", "kubeconfig check two/var/lib/kube-proxy/kubeconfig.conf"),
    ] {
        let outcome = run(folder.join(from), arguments);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{arguments}");
    }
    let inspected = run(folder, "kubeconfig inspect out/nodes/two/var/lib/kube-proxy/kubeconfig.conf").stdout;
    assert!(inspected.contains("CN=system:kube-proxy"), "{inspected}");
    // Another node's file is not this one's.
    fs::remove_file(folder.join("out/nodes/two/etc/kubernetes/pki/kube-proxy.crt")).unwrap();
    let outcome = run(folder, "cert expiry out");
    assert_eq!(outcome.code, Some(2));
    assert_eq!(outcome.stderr.matches("warning").count(), 1, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("out/nodes/two/var/lib/kube-proxy/kubeconfig.conf"),
        "{}",
        outcome.stderr
    );
    // Elsewhere a path is what it says, also below a folder of that name.
    fs::create_dir_all(folder.join("nodes/one/etc")).unwrap();
    fs::copy(
        folder.join("out/nodes/one/etc/kubernetes/scheduler.conf"),
        folder.join("nodes/one/etc/scheduler.conf"),
    )
    .unwrap();
    assert_eq!(run(folder, "cert expiry nodes").code, Some(2));
}
