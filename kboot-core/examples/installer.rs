//! An installer: the cluster is made of values, its files stay in memory, and each machine gets one document, an Ignition
//! configuration. `cargo run -p kboot-core --example installer`
//!
//! What Ignition cannot do before the first boot, such as a user that a file belongs to, systemd-sysusers does with files
//! that are among the node's.

#![expect(clippy::print_stdout, reason = "a report")]

use std::error::Error;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kboot_core::bundle::{Artifact, FileKind};
use kboot_core::cluster::NodeRole;
use kboot_core::release::Component;
use kboot_core::{Bundle, CaSet, ClusterSpec, Env};
use serde::Serialize;

/// A configuration of Ignition 3.4 (coreos.github.io/ignition/configuration-v3_4).
#[derive(Serialize)]
struct Ignition {
    ignition: Version,
    storage: Storage,
    systemd: Systemd,
}

#[derive(Serialize)]
struct Version {
    version: &'static str,
}

#[derive(Serialize)]
struct Storage {
    files: Vec<File>,
}

#[derive(Serialize)]
struct File {
    path: String,
    mode: u32,
    overwrite: bool,
    contents: Contents,
}

#[derive(Serialize)]
struct Contents {
    source: String,
}

#[derive(Serialize)]
struct Systemd {
    units: Vec<Unit>,
}

#[derive(Serialize)]
struct Unit {
    name: String,
    enabled: bool,
}

/// Three machines for the control plane and two workers, as somebody's own inventory would say it.
fn cluster() -> Result<ClusterSpec, Box<dyn Error>> {
    let masters = ["10.0.0.11", "10.0.0.12", "10.0.0.13"];
    let workers = ["10.0.0.21", "10.0.0.22"];
    let mut builder = ClusterSpec::builder("prod".parse()?, "v1.36.4".parse()?, "10.0.0.10:6443".parse()?)
        .with_certificate_lifetime("90d".parse()?)
        .with_config(Component::Kubelet, serde_json::json!({"maxPods": 200}));
    for (roles, name, addresses) in [
        (&[NodeRole::ControlPlane, NodeRole::Etcd][..], "master", &masters[..]),
        (&[NodeRole::Worker], "worker", &workers),
    ] {
        for (number, address) in addresses.iter().enumerate() {
            let address: IpAddr = address.parse()?;
            let name = format!("{name}-{}", number + 1);
            builder = builder.with_node(name.parse()?, [address], roles.iter().copied());
        }
    }
    // Everything that does not fit together is in one error.
    Ok(builder.build()?)
}

fn document(files: &[Artifact]) -> Ignition {
    let mut units = Vec::new();
    let mut written = Vec::with_capacity(files.len());
    for file in files {
        let Some(path) = file.path_on_node() else { continue };
        let source = format!("data:;base64,{}", STANDARD.encode(file.content.expose_bytes()));
        let contents = Contents { source };
        written.push(File { path: path.to_owned(), mode: file.mode(), overwrite: true, contents });
        let unit = path.strip_prefix("/etc/systemd/system/").filter(|name| !name.contains('/'));
        if let (FileKind::Unit, Some(name)) = (file.kind, unit) {
            units.push(Unit { name: name.to_owned(), enabled: true });
        }
    }
    let (storage, systemd) = (Storage { files: written }, Systemd { units });
    Ignition { ignition: Version { version: "3.4.0" }, storage, systemd }
}

fn main() -> Result<(), Box<dyn Error>> {
    let spec = cluster()?;
    let mut env = Env::system();
    // Keep them: the next run is to issue from the same ones.
    let authorities = CaSet::create(&spec, &mut env)?;
    let bundle = Bundle::render(&spec, &authorities.issue(&spec, &mut env)?)?;
    for (node, files) in bundle.nodes() {
        let document = serde_json::to_vec(&document(files))?;
        // It holds the node's keys; hand it to that machine alone.
        println!("{node}: {} files in {} KiB", files.len(), document.len() / 1024);
    }
    Ok(())
}
