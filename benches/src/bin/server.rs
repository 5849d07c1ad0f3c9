//! The test kit's API server: start, writes, watchers, memory; and the real kube-apiserver with etcd on the same work.

#![expect(clippy::print_stdout, reason = "a report of figures")]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kboot_core::token::TokenSettings;
use kboot_core::{BootstrapToken, Env};
use kboot_testkit::Identity;
use kboot_testkit::kubelet::VirtualKubelet;
use kboot_testkit::server::{ApiServer, Controller};
use kboot_testkit::upstream::Upstream;
use kube::api::{Api, ObjectMeta, PostParams, WatchEvent, WatchParams};
use kube::{Client, ResourceExt};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const CLIENTS: usize = 8;
const WATCHERS: usize = 1000;
const NODES: u32 = 1000;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run())
}

async fn run() -> Result<()> {
    let mut starts = Vec::new();
    for _ in 0..21 {
        let start = Instant::now();
        let api = ApiServer::builder().start().await?;
        starts.push(start.elapsed());
        drop(api);
    }
    starts.sort_unstable();
    println!("the API server in the process");
    println!(
        "  start, median of {}                {:>10.1?}   (at most 50 ms)",
        starts.len(),
        starts[starts.len() / 2]
    );

    let api = ApiServer::builder().start().await?;
    let clients: Vec<Client> =
        (0..CLIENTS).map(|_| api.client(&Identity::admin())).collect::<std::result::Result<_, _>>()?;
    let rate = writes(&clients, 20_000).await?;
    println!("  small writes by {CLIENTS} clients          {rate:>8.0}/s   (at least 5,000/s)");
    let (rate, delay) = watched(&clients, 2_000).await?;
    println!(
        "  the same with {WATCHERS} watchers, each of an object of its own  {rate:.0}/s, each told within {delay:.1?}"
    );
    let before = resident()?;
    for round in 0..5 {
        changes(&clients, 20_000).await?;
        println!(
            "  memory after {:>6} more requests     {:>10} KiB (before: {before} KiB)",
            (round + 1) * 20_000,
            resident()?
        );
    }
    drop(api);
    let api = ApiServer::builder().controllers(Controller::ALL).start().await?;
    let token = BootstrapToken::generate(&mut Env::system())?;
    api.add_bootstrap_token(&token, &TokenSettings::new())?;
    let took = nodes("1.36", &api.kubeconfig(&Identity::bootstrap(&token))?).await?;
    println!("  {NODES} virtual kubelets are ready          {took:>10.1?}   (at most 10 s)");
    drop(api);

    let start = Instant::now();
    let real = Upstream::locate()?.with_controller_manager().start().await?;
    println!("kube-apiserver 1.{} with etcd", real.minor());
    println!("  start                                {:>10.1?}", start.elapsed());
    let clients: Vec<Client> =
        (0..CLIENTS).map(|_| real.client(&Identity::admin())).collect::<std::result::Result<_, _>>()?;
    println!("  small writes by {CLIENTS} clients          {:>8.0}/s", writes(&clients, 8_000).await?);
    let (rate, delay) = watched(&clients, 2_000).await?;
    println!("  the same with {WATCHERS} watchers              {rate:>8.0}/s, each told within {delay:.1?}");
    let token = BootstrapToken::generate(&mut Env::system())?;
    real.add_bootstrap_token(&token, &TokenSettings::new()).await?;
    // Of its own version: it approves no request without the usages of its time.
    let version = format!("1.{}", real.minor());
    let took = nodes(&version, real.kubeconfig(&Identity::bootstrap(&token))?.expose_secret()).await?;
    println!("  {NODES} virtual kubelets are ready          {took:>10.1?}");
    Ok(())
}

fn map(name: &str, data: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        data: Some([("key".to_owned(), data.to_owned())].into()),
        ..ConfigMap::default()
    }
}

/// How long it takes until the virtual kubelets are ready: request, approval, signature, Node.
async fn nodes(version: &str, kubeconfig: &str) -> Result<Duration> {
    let start = Instant::now();
    let kubelets = VirtualKubelet::builder("node").version(version).without_serving();
    let fleet = kubelets.start_many(NODES, kubeconfig).await?;
    fleet.wait_until_ready(Duration::from_secs(300)).await?;
    Ok(start.elapsed())
}

/// New objects a second.
async fn writes(clients: &[Client], count: usize) -> Result<f64> {
    let start = Instant::now();
    let each = count / clients.len();
    let tasks = clients.iter().cloned().enumerate().map(|(index, client)| {
        tokio::spawn(async move {
            let maps: Api<ConfigMap> = Api::default_namespaced(client);
            for number in 0..each {
                maps.create(&PostParams::default(), &map(&format!("w{index}-{number}"), "value")).await?;
            }
            Ok::<_, kube::Error>(())
        })
    });
    for task in tasks.collect::<Vec<tokio::task::JoinHandle<kube::Result<()>>>>() {
        task.await??;
    }
    Ok(per_second(count, start.elapsed()))
}

/// Changes of the objects that `writes` made, which store nothing more.
async fn changes(clients: &[Client], count: usize) -> Result<()> {
    let each = count / clients.len();
    let tasks = clients.iter().cloned().enumerate().map(|(index, client)| {
        tokio::spawn(async move {
            let maps: Api<ConfigMap> = Api::default_namespaced(client);
            for number in 0..each {
                let changed = map(&format!("w{index}-{}", number % 100), &number.to_string());
                maps.replace(&changed.name_any(), &PostParams::default(), &changed).await?;
            }
            Ok::<_, kube::Error>(())
        })
    });
    for task in tasks.collect::<Vec<tokio::task::JoinHandle<kube::Result<()>>>>() {
        task.await??;
    }
    Ok(())
}

/// Changes a second while each of a thousand watchers waits for its own object, and the longest time until one was told.
async fn watched(clients: &[Client], count: usize) -> Result<(f64, Duration)> {
    let mut watching: Vec<tokio::task::JoinHandle<kube::Result<Duration>>> = Vec::new();
    for number in 0..WATCHERS {
        let client = clients[number % clients.len()].clone();
        watching.push(tokio::spawn(async move {
            let maps: Api<ConfigMap> = Api::default_namespaced(client);
            let name = format!("w0-{}", number % WATCHERS);
            let params = WatchParams::default().fields(&format!("metadata.name={name}"));
            let mut events = maps.watch(&params, "0").await?.boxed();
            let mut longest = Duration::ZERO;
            while let Some(event) = events.next().await {
                if let WatchEvent::Modified(map) = event? {
                    let Some(sent) = map.data.as_ref().and_then(|data| data.get("sent")) else { continue };
                    if sent == "end" {
                        break;
                    }
                    let sent = Duration::from_nanos(sent.parse().unwrap_or(0));
                    longest = longest.max(elapsed().saturating_sub(sent));
                }
            }
            Ok::<_, kube::Error>(longest)
        }));
    }
    // All of them are there once the server has answered each.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let maps: Api<ConfigMap> = Api::default_namespaced(clients[0].clone());
    let start = Instant::now();
    for number in 0..count {
        let mut changed = map(&format!("w0-{}", number % WATCHERS), "value");
        changed.data = Some([("sent".to_owned(), elapsed().as_nanos().to_string())].into());
        maps.replace(&changed.name_any(), &PostParams::default(), &changed).await?;
    }
    let rate = per_second(count, start.elapsed());
    for number in 0..WATCHERS {
        let mut last = map(&format!("w0-{number}"), "value");
        last.data = Some([("sent".to_owned(), "end".to_owned())].into());
        maps.replace(&last.name_any(), &PostParams::default(), &last).await?;
    }
    let mut longest = Duration::ZERO;
    for task in watching {
        longest = longest.max(task.await??);
    }
    Ok((rate, longest))
}

/// Since the first call: what writers and watchers of one process count from.
fn elapsed() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

fn per_second(count: usize, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / time.as_secs_f64()
}

/// This process's memory now, in KiB.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
