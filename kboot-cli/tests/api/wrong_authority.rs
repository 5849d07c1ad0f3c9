//! etcd's and the front proxy's authorities sign for etcd and the front proxy alone: etcd takes every client of
//! its authority for root, and the API server believes every client of the front proxy's whom it speaks for.

use std::fs;
use std::path::Path;

use crate::common::{CLUSTER, run, succeed, write};

/// A cluster's folder, with a request, and files of other names.
fn prepared(more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("cluster.yaml"), format!("{CLUSTER}{more}").as_bytes());
    succeed(folder.path(), "cluster build -f cluster.yaml --out out");
    succeed(folder.path(), "csr new user jane --group dev --key-out jane.key --out jane.csr");
    folder
}

/// Copies an authority's two files.
fn copy(folder: &Path, from: &str, to: &str) {
    fs::create_dir_all(folder.join(to).parent().unwrap()).unwrap();
    for end in ["crt", "key"] {
        fs::copy(folder.join(format!("{from}.{end}")), folder.join(format!("{to}.{end}"))).unwrap();
    }
}

const SIGN: &str =
    "csr sign -f jane.csr --signer kubernetes.io/kube-apiserver-client --requestor jane --approve-as me";
const USER: &str = "kubeconfig user --server 192.0.2.1 jane --group dev";

/// All ways to a client certificate under the authority of the folder, and a kubelet's serving one.
fn ways(ca: &str) -> Vec<String> {
    vec![
        format!("{SIGN} --ca {ca}"),
        format!("{USER} --ca {ca}"),
        format!("{USER} --ca-cert {ca}/ca.crt --ca-key {ca}/ca.key"),
        format!("cert issue --ca {ca} --out made --profile client --common-name jane"),
        format!("cert issue --ca {ca} --out made --profile peer --common-name system:admin --san 192.0.2.1"),
        format!("cert issue --ca {ca} --out made --profile server --common-name jane --san x --usage client"),
        format!("cert issue --ca {ca} --out made --profile kubelet --node one --san 192.0.2.1"),
        format!("cert issue --ca {ca} --out made --profile kubelet-client --node one"),
        format!("cert issue --ca {ca} --out made --profile kubelet-serving --node one --san 192.0.2.1"),
        format!("cert issue --ca {ca} --out made --profile admin"),
        format!("cert issue --ca {ca} --out made --cfssl-csr jane.json"),
    ]
}

fn refused(folder: &Path, arguments: &str, said: &[&str]) {
    let outcome = run(folder, arguments);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{arguments}: {}", outcome.stderr);
    for said in said {
        assert!(outcome.stderr.contains(said), "{arguments}: {said}: {}", outcome.stderr);
    }
    assert!(!folder.join("made").exists(), "{arguments}");
}

#[test]
fn nobody_becomes_root_in_etcd_or_speaks_for_others() {
    let folder = prepared("");
    let folder = folder.path();
    write(&folder.join("jane.json"), br#"{"CN": "jane"}"#);
    // As `--ca` wants it named, so that the certificate's own name is all that tells.
    copy(folder, "out/authorities/front-proxy-ca", "moved/ca");
    copy(folder, "out/authorities/etcd/ca", "renamed/ca");
    // An authority whose name says nothing, in a folder that does; and a name that others use.
    succeed(folder, "ca create --out odd/etcd --common-name acme");
    succeed(folder, "ca create --out proxy --common-name kubernetes-front-proxy-ca");
    let etcd = ["etcd's", "out/authorities", "apiserver-etcd-client"];
    let front_proxy = ["front proxy's", "out/authorities", "front-proxy-client"];
    for (ca, said) in [
        ("out/authorities/etcd", etcd),
        ("renamed", etcd),
        ("odd/etcd", etcd),
        ("moved", front_proxy),
        ("proxy", front_proxy),
    ] {
        for arguments in ways(ca) {
            refused(folder, &arguments, &said);
        }
    }
    let by_files = "--ca-cert out/authorities/front-proxy-ca.crt --ca-key out/authorities/front-proxy-ca.key";
    refused(folder, &format!("{USER} {by_files}"), &front_proxy);
    // A server that is also a client is a member of etcd, and nothing at a front proxy.
    refused(
        folder,
        "cert issue --ca moved --out made --profile peer --common-name a --san 192.0.2.1",
        &front_proxy,
    );
    let mixed = "cert issue --out made --profile";
    refused(folder, &format!("{mixed} apiserver-etcd-client --ca moved"), &front_proxy);
    refused(folder, &format!("{mixed} front-proxy-client --ca renamed"), &etcd);
    // The folder is what it is, whatever it is called on the command line.
    let inside = run(folder.join("odd/etcd"), &format!("{USER} --ca ."));
    assert!(inside.code == Some(2) && inside.stderr.contains("etcd's"), "{}", inside.stderr);
}

#[test]
fn what_is_etcds_and_the_front_proxys_own_is_made() {
    let folder = prepared("");
    let folder = folder.path();
    copy(folder, "out/authorities/front-proxy-ca", "moved/ca");
    for ca in ["out/authorities", "out/authorities/etcd"] {
        for profile in [
            "apiserver-etcd-client",
            "etcd-healthcheck-client",
            "network-etcd-client",
            "etcd-server --node one --san 192.0.2.1",
            "etcd-peer --node one --san 192.0.2.1",
        ] {
            succeed(folder, &format!("cert issue --ca {ca} --out {ca}/made --profile {profile}"));
        }
    }
    for ca in ["out/authorities", "moved"] {
        succeed(folder, &format!("cert issue --ca {ca} --out {ca}/made2 --profile front-proxy-client"));
    }
    // A member that is called as its owner likes.
    let member = "cert issue --ca out/authorities/etcd --out member --profile peer --common-name etcd-1";
    succeed(folder, &format!("{member} --san 192.0.2.7"));
    write(&folder.join("member.json"), br#"{"CN": "etcd-2", "hosts": ["192.0.2.8"]}"#);
    succeed(folder, "cert issue --ca out/authorities/etcd --out member --cfssl-csr member.json");
    // A server that is no client opens nothing in etcd.
    let server = "cert issue --profile server --common-name proxy --san etcd.example.com --out server";
    succeed(folder, &format!("{server} --ca out/authorities/etcd"));
}

#[test]
fn one_authority_for_everything_signs_everything() {
    let folder = prepared("  pki: {authorities: single}\n");
    let folder = folder.path();
    write(&folder.join("jane.json"), br#"{"CN": "jane"}"#);
    // Some put the one authority where etcd's is looked for, too.
    copy(folder, "out/authorities/ca", "copied/ca");
    copy(folder, "out/authorities/ca", "copied/etcd/ca");
    for ca in ["out/authorities", "copied/etcd"] {
        for (i, arguments) in ways(ca).into_iter().enumerate() {
            succeed(folder, &arguments.replace("--out made", &format!("--out {ca}/made{i}")));
        }
        succeed(
            folder,
            &format!("cert issue --ca {ca} --out {ca}/etcd-client --profile apiserver-etcd-client"),
        );
    }
}
