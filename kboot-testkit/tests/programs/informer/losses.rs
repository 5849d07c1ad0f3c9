//! Something is wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kboot_testkit::Identity;
use kboot_testkit::server::ApiServer;
use kube::Client;
use serde_json::{Value, json};

use super::program::{Informer, object};
use super::{Mode, SECRETS, THINGS, filled, in_default, secret, thing};
use crate::support::send;

const WATCHED: [&str; 2] = [SECRETS, THINGS];

/// Objects come, change and go without an end; what is refused or broken off is not what is tested.
async fn writes(admin: Client, is_over: Arc<AtomicBool>) -> usize {
    let mut number = 0_usize;
    while !is_over.load(Ordering::Relaxed) {
        number += 1;
        let name = format!("{}", number % 30);
        for (resource, mut object) in
            [(SECRETS, secret(&format!("of-{name}"))), (THINGS, thing(&format!("of-{name}")))]
        {
            let at = format!("{}/of-{name}", in_default(resource));
            if number.is_multiple_of(7) {
                let _ = send(&admin, http::Request::delete(&at), &json!({})).await;
            }
            if send(&admin, http::Request::post(in_default(resource)), &object).await.is_err() {
                object["metadata"] = json!({"labels": {"number": number.to_string()}});
                let patch = http::Request::patch(&at).header("content-type", "application/merge-patch+json");
                let _ = admin.request::<Value>(patch.body(object.to_string().into_bytes()).unwrap()).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    number
}

/// Waits until the informer has asked in this way (in any, where there is none) for both resources, and sees on; all
/// that it asked for since.
async fn comes_again(informer: &mut Informer, before: usize, way: &str) -> Vec<String> {
    for plural in ["secrets", "things"] {
        let asks = |line: &String| line.starts_with(way) && line.ends_with(plural);
        informer
            .until(&format!("{way} {plural}"), |informer| informer.said("asks")[before..].iter().any(asks));
        let sees = |informer: &Informer| {
            let of_it = format!(" {plural} ");
            informer.events().iter().filter(|line| line.contains(&of_it)).count()
        };
        let seen = sees(informer);
        informer.until("sees on", |informer| sees(informer) > seen + 10);
    }
    let mut asked = informer.said("asks").split_off(before);
    asked.sort();
    asked
}

async fn nothing_is_lost(mode: Mode) {
    let (mut api, admin) = filled("1.36", 100).await;
    let kubeconfig = api.kubeconfig(&Identity::admin()).unwrap();
    let Some(mut informer) = Informer::start(&kubeconfig, mode, &[], &WATCHED) else { return };
    informer.synced(WATCHED.len());
    let is_over = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn(writes(admin.clone(), Arc::clone(&is_over)));
    tokio::time::sleep(Duration::from_millis(1500)).await;

    // The watches end: they are taken up where they were.
    let before = informer.said("asks").len();
    api.faults().drop_watches();
    let asked = comes_again(&mut informer, before, "watch").await;
    assert_eq!(asked, ["watch secrets", "watch things"], "{mode:?}");
    tokio::time::sleep(Duration::from_millis(1500)).await;

    // They end, and the server sends away who comes, for a while.
    api.faults().on("watch", "*").too_many_requests(1).times(2);
    api.faults().drop_watches();
    tokio::time::sleep(Duration::from_millis(1500)).await;

    // What happened while nothing came through is forgotten before it is told.
    let before = informer.said("asks").len();
    stall(&api).await;
    let anew = if mode.watch_lists { "watch-list" } else { "list" };
    comes_again(&mut informer, before, anew).await;

    // What they knew last is too old when they come again.
    let before = informer.said("asks").len();
    api.faults().on("watch", "*").gone().times(2);
    api.faults().drop_watches();
    comes_again(&mut informer, before, anew).await;

    let is_list = |line: &String| line.starts_with("list ");
    assert_eq!(informer.said("asks").iter().any(is_list), !mode.watch_lists, "{mode:?}: {}", informer.log());

    // All connections end, and the server listens no more for a moment.
    let before = informer.said("asks").len();
    api.stop().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    api.restart().await.unwrap();
    comes_again(&mut informer, before, "").await;

    is_over.store(true, Ordering::Relaxed);
    let written = writing.await.unwrap();
    assert!(written > 100, "{written} writes");
    informer.until_it_holds(&admin, &WATCHED).await;
    // Who has but listened to the events knows the same.
    let mut told = super::program::Objects::new();
    for event in informer.events() {
        let (word, line) = event.split_once(' ').unwrap();
        let (name, version) = object(line).unwrap();
        match word {
            "delete" => assert!(told.remove(&name).is_some(), "{event}: it was not there"),
            _ => drop(told.insert(name, version)),
        }
    }
    assert_eq!(told, informer.holds(), "{}", informer.log());
    eprintln!("{mode:?}: {written} writes, asked: {:?}", informer.said("asks"));
    informer.ends_well();
}

/// Nothing comes through until what happened meanwhile is forgotten.
async fn stall(api: &ApiServer) {
    api.faults().stall_watches();
    tokio::time::sleep(Duration::from_millis(700)).await;
    api.compact();
    api.faults().resume_watches();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_with_watch_lists() {
    for protobuf in [false, true] {
        nothing_is_lost(Mode { watch_lists: true, protobuf }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_without_watch_lists() {
    for protobuf in [false, true] {
        nothing_is_lost(Mode { watch_lists: false, protobuf }).await;
    }
}
