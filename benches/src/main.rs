//! The whole run: every figure beside what the machine's own cryptography takes, measured in this run.
//!
//! `scripts/bench` builds what it needs and starts it. `kboot-benches decisions` measures decisions and inventories alone.

#![expect(clippy::print_stdout, reason = "a report of figures")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kboot_benches::{Leaf, Limit, Requests, cluster_file};
use kboot_core::name::NodeName;
use kboot_core::net::Host;
use kboot_core::policy::{Inventory, InventoryNode, PolicyContext};
use kboot_core::time::Timestamp;
use kboot_core::{Bundle, CaSet, Env};
use nix::sys::resource::{UsageWho, getrusage};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some("decisions") {
        decisions()?;
        return inventory();
    }
    let kboot = std::env::current_exe()?.with_file_name("kboot");
    if !kboot.is_file() {
        return Err(format!("{} is missing; run scripts/bench", kboot.display()).into());
    }
    let limit = leaf()?;
    decisions()?;
    inventory()?;
    processes(&kboot)?;
    clusters(&kboot, limit)?;
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// One leaf and its limit, in turn, so that both see the machine alike.
fn leaf() -> Result<Duration> {
    const BATCH: u32 = 500;
    let (limit, mut leaf) = (Limit::new(), Leaf::new()?);
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..40 {
        let start = Instant::now();
        for _ in 0..BATCH {
            std::hint::black_box(limit.key_and_signature());
        }
        bare.push(start.elapsed() / BATCH);
        let start = Instant::now();
        for _ in 0..BATCH {
            std::hint::black_box(leaf.issue()?);
        }
        ours.push(start.elapsed() / BATCH);
    }
    let (bare, ours) = (median(bare), median(ours));
    println!("one P-256 leaf (key, certificate, both PEMs)");
    println!("  bare key generation and signature  {bare:>10.1?}");
    println!(
        "  kboot                              {ours:>10.1?}   {:.2} x (at most 1.15)",
        ratio(ours, bare)
    );
    Ok(bare)
}

/// A kubelet's request judged, beside the bare check of its signature.
fn decisions() -> Result<()> {
    const BATCH: u32 = 500;
    let requests = Requests::new()?;
    let (mut bare, mut whole, mut converted, mut alone) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..40 {
        let batch = |work: &dyn Fn()| {
            let start = Instant::now();
            (0..BATCH).for_each(|_| work());
            start.elapsed() / BATCH
        };
        bare.push(batch(&|| {
            std::hint::black_box(requests.check_signature());
        }));
        whole.push(batch(&|| {
            std::hint::black_box(requests.read_and_decide());
        }));
        converted.push(batch(&|| {
            let _ = std::hint::black_box(requests.convert_and_decide());
        }));
        alone.push(batch(&|| {
            std::hint::black_box(requests.decide());
        }));
    }
    let (bare, whole) = (median(bare), median(whole));
    let (converted, alone) = (median(converted), median(alone));
    println!("one decision on a kubelet's P-256 request, ten rules");
    println!("  bare signature check               {bare:>10.1?}");
    println!(
        "  kboot, from PEM with the check     {whole:>10.1?}   {:.2} x (at most 1.08)",
        ratio(whole, bare)
    );
    println!(
        "  kboot, from k8s-openapi's object   {converted:>10.1?}   {:.2} x (at most 1.15)",
        ratio(converted, bare)
    );
    println!(
        "  kboot, read before                 {alone:>10.1?}   {:.0} a second and core (at least 1000000)",
        1.0 / alone.as_secs_f64()
    );
    Ok(())
}

/// What one node among 5,000 has, said anew, beside the bare check of a signature.
fn inventory() -> Result<()> {
    const BATCH: u32 = 500;
    let node = |number: u32, network: u8| {
        let [_, b, c, d] = number.to_be_bytes();
        InventoryNode::new().with_address([network, b, c, d].into())
    };
    let names = (0..5000).map(|number| format!("worker-{number}").parse());
    let names = names.collect::<std::result::Result<Vec<NodeName>, _>>()?;
    let mut inventory =
        Inventory::from_nodes(names.iter().cloned().zip((0..).map(|number| node(number, 10))))?;
    let requests = Requests::new()?;
    let address = |number: u32, network: u8| {
        let [_, b, c, d] = number.to_be_bytes();
        std::iter::once(Host::Ip([network, b, c, d].into()))
    };
    let mut context = PolicyContext::at(Timestamp::EPOCH);
    let status = (0..).map(|number| address(number, 10).collect());
    let nodes = context.nodes.insert(names.iter().cloned().zip(status).collect());
    let (mut bare, mut change, mut status) = (Vec::new(), Vec::new(), Vec::new());
    for network in 11..51 {
        let start = Instant::now();
        for _ in 0..BATCH {
            std::hint::black_box(requests.check_signature());
        }
        bare.push(start.elapsed() / BATCH);
        let start = Instant::now();
        for (name, number) in names.iter().zip(0..BATCH) {
            inventory.insert(name.clone(), node(number, network))?;
        }
        change.push(start.elapsed() / BATCH);
        let start = Instant::now();
        for (name, number) in names.iter().zip(0..BATCH) {
            nodes.insert(name.clone(), address(number, network).collect());
        }
        status.push(start.elapsed() / BATCH);
    }
    let bare = median(bare);
    println!("one node among 5,000 changed");
    println!("  bare signature check               {bare:>10.1?}");
    for (what, change) in [("inventory", median(change)), ("Nodes of a context", median(status))] {
        println!("  kboot, {what:<28}{change:>10.1?}   {:.2} x (at most 0.2)", ratio(change, bare));
    }
    Ok(())
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

fn run(kboot: &Path, folder: &Path, arguments: &[&str]) -> Result<Duration> {
    let start = Instant::now();
    let output = Command::new(kboot).args(arguments).current_dir(folder).stdin(Stdio::null()).output()?;
    let took = start.elapsed();
    if !output.status.success() {
        return Err(format!("kboot {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(took)
}

fn processes(kboot: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    kboot_core::bundle::write_new(&folder.path().join("cluster.yaml"), cluster_file(1).as_bytes(), 0o644)?;
    run(kboot, folder.path(), &["cluster", "build", "-f", "cluster.yaml", "--out", "out"])?;
    let pki = "out/nodes/master/etc/kubernetes/pki";
    let (certificate, key) =
        (format!("{pki}/front-proxy-client.crt"), format!("{pki}/front-proxy-client.key"));
    println!("whole processes, median of 50");
    let build = [
        "kubeconfig",
        "build",
        "--server",
        "10.0.0.1",
        "--certificate-authority",
        "out/authorities/ca.crt",
        "--user",
        "u",
        "--client-certificate",
        &certificate,
        "--client-key",
        &key,
        "--embed-certs",
    ];
    let baseline =
        median((0..50).map(|_| run(Path::new("/bin/true"), folder.path(), &[])).collect::<Result<_>>()?);
    println!("  /bin/true                          {baseline:>10.1?}");
    for (name, arguments) in
        [("kboot token generate", &["token", "generate"][..]), ("kboot kubeconfig build", &build)]
    {
        let times = (0..50).map(|_| run(kboot, folder.path(), arguments)).collect::<Result<Vec<_>>>()?;
        println!("  {name:<34} {:>10.1?}   (at most 5 ms)", median(times));
    }
    Ok(())
}

/// Every size into a folder of its own, removed at the end only: ext4 is slow to reuse what was deleted a
/// moment ago, and that is not what is measured.
fn clusters(kboot: &Path, limit: Duration) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let threads = std::thread::available_parallelism()?.get();
    println!("kboot cluster build, client and serving certificate for each node, {threads} threads");
    for nodes in [100, 1000, 2000, 5000] {
        let file = format!("{nodes}.yaml");
        kboot_core::bundle::write_new(&folder.path().join(&file), cluster_file(nodes).as_bytes(), 0o644)?;
        let took =
            run(kboot, folder.path(), &["cluster", "build", "-f", &file, "--out", &nodes.to_string()])?;
        let memory = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss() / 1024;
        let per_node = took / u32::try_from(nodes)?;
        let bare = limit * u32::try_from(2 * nodes)? / u32::try_from(threads)?;
        println!(
            "  {nodes:>5} nodes {took:>10.2?}  {per_node:>8.0?} a node  {memory:>4} MiB  (bare cryptography: {bare:.2?})"
        );
    }
    stages(&folder.path().join("stages"), 5000)
}

fn stages(out: &PathBuf, nodes: usize) -> Result<()> {
    let text = cluster_file(nodes);
    let mut clock = Instant::now();
    let mut lap = |name: &str| {
        println!("    {name:<32} {:>10.2?}", clock.elapsed());
        clock = Instant::now();
    };
    println!("  where the time goes, {nodes} nodes");
    let spec = text.parse()?;
    lap("reading the cluster file");
    let mut env = Env::system();
    let authorities = CaSet::create(&spec, &mut env)?;
    let pki = authorities.issue(&spec, &mut env)?;
    lap("keys and certificates");
    let bundle = Bundle::render(&spec, &pki)?;
    lap("rendering");
    let plan = bundle.plan(out)?;
    lap("comparing with the folder");
    plan.apply()?;
    lap("writing, flushing, renaming");
    Ok(())
}
