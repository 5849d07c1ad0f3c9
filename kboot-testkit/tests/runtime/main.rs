//! kube's runtime on the API server in the process while everything goes wrong for a minute: a reflector that has lost no event,
//! a controller that has come to every object, a lease that is renewed.

#![cfg(feature = "server")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kboot_testkit::Identity;
use kboot_testkit::server::ApiServer;
use kube::api::{Api, DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::utils::Backoff;
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Client, ResourceExt};
use serde_json::json;

const TIME: Duration = Duration::from_secs(60);
const OBJECTS: usize = 40;

/// kube's own waits double up to a minute: a watch would sleep through most of the faults, and after the last of them for longer
/// than this test waits.
struct Soon;

impl Iterator for Soon {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(Duration::from_millis(100))
    }
}

impl Backoff for Soon {
    fn reset(&mut self) {}
}

/// What goes wrong, one thing after the other.
async fn faults(api: &mut ApiServer, until: Instant) {
    let mut round = 0_u32;
    while Instant::now() < until {
        round += 1;
        match round % 9 {
            0 => api.faults().drop_watches(),
            1 => {
                api.faults().on("watch", "configmaps").too_many_requests(1).times(2);
                api.faults().drop_watches();
            }
            2 => {
                api.faults().stall_watches();
                tokio::time::sleep(Duration::from_millis(300)).await;
                api.faults().resume_watches();
            }
            3 => {
                api.compact();
                api.faults().drop_watches();
            }
            4 => drop(api.faults().on("PUT", "configmaps/*").conflict().times(5)),
            5 => drop(api.faults().on("PATCH", "*/*").internal_error().times(5)),
            6 => drop(api.faults().on("list", "configmaps").drop_connection().times(2)),
            7 => drop(api.faults().on("PATCH", "secrets/*").lose_answer().times(3)),
            _ => api.restart().await.unwrap(),
        }
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
    api.faults().clear();
}

/// Tries until it is done: what goes wrong here is not what is tested.
async fn surely<T, F: Future<Output = kube::Result<T>>>(mut run: impl FnMut() -> F) -> Option<T> {
    for _ in 0..200 {
        match run().await {
            Ok(done) => return Some(done),
            Err(kube::Error::Api(status)) if [404, 409].contains(&status.code) => return None,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    panic!("200 tries were not enough");
}

async fn writes(client: Client, is_over: Arc<AtomicBool>) -> usize {
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    let (delete, write) = (DeleteParams::default(), PostParams::default());
    let mut number = 0_usize;
    while !is_over.load(Ordering::Relaxed) {
        number += 1;
        let name = format!("map-{}", number % OBJECTS);
        let data = Some(BTreeMap::from([("number".to_owned(), number.to_string())]));
        let map = ConfigMap {
            metadata: ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() },
            data,
            ..ConfigMap::default()
        };
        if number.is_multiple_of(7) {
            surely(|| maps.delete(&name, &delete)).await;
        }
        if surely(|| maps.create(&write, &map)).await.is_none() {
            surely(|| maps.replace(&name, &write, &map)).await;
        }
    }
    number
}

struct Context {
    client: Client,
    reconciled: AtomicUsize,
}

/// Every ConfigMap gets a Secret that says its number.
async fn reconcile(map: Arc<ConfigMap>, context: Arc<Context>) -> Result<Action, kube::Error> {
    let secrets: Api<Secret> = Api::default_namespaced(context.client.clone());
    let number = map.data.as_ref().and_then(|data| data.get("number")).cloned().unwrap_or_default();
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"number": number}});
    secrets.patch(&map.name_any(), &PatchParams::apply("controller").force(), &Patch::Apply(secret)).await?;
    context.reconciled.fetch_add(1, Ordering::Relaxed);
    Ok(Action::await_change())
}

fn again(_: Arc<ConfigMap>, _: &kube::Error, _: Arc<Context>) -> Action {
    Action::requeue(Duration::from_millis(100))
}

async fn renew(client: Client, is_over: Arc<AtomicBool>) -> usize {
    let leases: Api<Lease> = Api::default_namespaced(client);
    let mut renewed = 0;
    while !is_over.load(Ordering::Relaxed) {
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "spec": {"holderIdentity": "me", "leaseTransitions": renewed},
        });
        let apply = PatchParams::apply("leader").force();
        if leases.patch("leader", &apply, &Patch::Apply(&lease)).await.is_ok() {
            renewed += 1;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    renewed
}

fn state(maps: impl IntoIterator<Item = ConfigMap>) -> BTreeMap<String, (Option<String>, String)> {
    let of = |map: ConfigMap| {
        let number = map.data.as_ref().and_then(|data| data.get("number")).cloned().unwrap_or_default();
        (map.name_any(), (map.resource_version(), number))
    };
    maps.into_iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_in_a_minute_of_faults() {
    for version in ["1.36", "1.20"] {
        let mut api = ApiServer::builder().version(version).start().await.unwrap();
        let client = api.client(&Identity::admin()).unwrap();
        let maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
        let is_over = Arc::new(AtomicBool::new(false));

        let (seen, writer) = reflector::store();
        let config = if version == "1.36" {
            watcher::Config::default().streaming_lists()
        } else {
            watcher::Config::default()
        };
        let failures = Arc::new(AtomicUsize::new(0));
        let failed = Arc::clone(&failures);
        let reflected = watcher(maps.clone(), config).backoff(Soon).reflect(writer).for_each(move |event| {
            failed.fetch_add(usize::from(event.is_err()), Ordering::Relaxed);
            async {}
        });
        let reflected = tokio::spawn(reflected);

        let context = Arc::new(Context { client: client.clone(), reconciled: AtomicUsize::new(0) });
        let controller = Controller::new(maps.clone(), watcher::Config::default())
            .trigger_backoff(Soon)
            .run(reconcile, again, Arc::clone(&context))
            .for_each(|_| async {});
        let controller = tokio::spawn(controller);
        let writing = tokio::spawn(writes(client.clone(), Arc::clone(&is_over)));
        let renewing = tokio::spawn(renew(client.clone(), Arc::clone(&is_over)));

        faults(&mut api, Instant::now() + TIME / 2).await;
        is_over.store(true, Ordering::Relaxed);
        let (written, renewed) = (writing.await.unwrap(), renewing.await.unwrap());
        let failures = failures.load(Ordering::Relaxed);
        assert!(
            written > 100 && renewed > 20 && failures > 10,
            "{version}: {written} writes, {renewed} renewals, {failures} failures of the reflector's watch"
        );

        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let stored = state(maps.list(&ListParams::default()).await.unwrap().items);
            let reflected = state(seen.state().iter().map(|map| ConfigMap::clone(map)));
            let secrets: Api<Secret> = Api::default_namespaced(client.clone());
            let told: BTreeMap<_, _> = secrets
                .list(&ListParams::default())
                .await
                .unwrap()
                .items
                .into_iter()
                .map(|secret| {
                    let number = secret
                        .data
                        .as_ref()
                        .and_then(|data| data.get("number"))
                        .map(|number| number.0.clone());
                    (secret.name_any(), String::from_utf8(number.unwrap_or_default()).unwrap())
                })
                .collect();
            let is_told = stored.iter().all(|(name, (_, number))| told.get(name) == Some(number));
            if stored == reflected && is_told {
                break;
            }
            assert!(
                Instant::now() < until,
                "{version}: stored {stored:?}, reflected {reflected:?}, told {told:?}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(context.reconciled.load(Ordering::Relaxed) >= OBJECTS / 2);
        reflected.abort();
        controller.abort();
    }
}
