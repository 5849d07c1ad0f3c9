//! Upstream's kubelet joins twice: a cluster of upstream's own servers, and the API server in this process.
//!
//! As root, with a container runtime, on a machine that is thrown away or in namespaces: `real_kubelet [FLAG=VALUE …]`,
//! flags of the kubelet, as `node-ip=10.0.0.7`. `scripts/e2e-testkit` runs it.

#![expect(clippy::print_stdout, reason = "an example")]

use std::time::{Duration, Instant};

use kboot_testkit::k8s_openapi::api::core::v1::Node;
use kboot_testkit::kboot_core::{BootstrapToken, Env, token::TokenSettings};
use kboot_testkit::kube::{self, Api, Client};
use kboot_testkit::server::{ApiServer, Controller};
use kboot_testkit::upstream::{Kubelet, Upstream};
use kboot_testkit::{Identity, tokio};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main(crate = "kboot_testkit::tokio")]
async fn main() -> Result<()> {
    let mut kubelet = Kubelet::locate()?;
    for argument in std::env::args().skip(1) {
        let (flag, value) = argument.split_once('=').ok_or("write FLAG=VALUE")?;
        kubelet = kubelet.with_flag(flag, value);
    }
    let token = BootstrapToken::generate(&mut Env::system())?;

    let real = Upstream::locate()?.with_controller_manager().start().await?;
    real.add_bootstrap_token(&token, &TokenSettings::new()).await?;
    let bootstrap = real.kubeconfig(&Identity::bootstrap(&token))?;
    joins(kubelet.clone(), real.client(&Identity::admin())?, bootstrap.expose_secret()).await?;
    println!("a kubelet is Ready on upstream's servers");

    let version = format!("1.{}", kubelet.minor());
    let api = ApiServer::builder().version(&version).controllers(Controller::ALL).start().await?;
    api.add_bootstrap_token(&token, &TokenSettings::new())?;
    joins(kubelet, api.client(&Identity::admin())?, &api.kubeconfig(&Identity::bootstrap(&token))?).await?;
    println!("a kubelet is Ready on the server in this process");
    Ok(())
}

/// Starts the kubelet, waits until its Node is Ready, and ends it.
async fn joins(kubelet: Kubelet, admin: Client, bootstrap: &str) -> Result<()> {
    let running = kubelet.start("worker-1", bootstrap)?;
    running.ready().await?;
    let until = Instant::now() + Duration::from_secs(60);
    while !is_ready(&Api::<Node>::all(admin.clone()).get("worker-1").await) {
        if Instant::now() > until {
            return Err("its Node is not Ready after a minute".into());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

fn is_ready(node: &kube::Result<Node>) -> bool {
    let status = node.as_ref().ok().and_then(|node| node.status.as_ref());
    let conditions = status.and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|all| all.iter().any(|one| one.type_ == "Ready" && one.status == "True"))
}
