//! A cluster of upstream's programs that runs.

use std::sync::Arc;
use std::time::Duration;

use kboot_core::online::apply::{self, Manifest};
use kboot_core::secret::SecretText;
use kboot_core::token::TokenSettings;
use kboot_core::x509::Certificate;
use kboot_core::{BootstrapToken, online, rbac};
use kube::{Client, Config};
use serde_json::{Value, json};

use super::error::UpstreamError;
use super::nursery::Nursery;
use super::pki::Pki;
use crate::identity::Identity;

/// A request may take so long.
const LIMIT: Duration = Duration::from_secs(30);

/// A cluster that runs until this is dropped. What its programs write is shown where that happens in a panic.
#[derive(Debug)]
pub struct Running {
    pub(super) nursery: Nursery,
    pub(super) pki: Arc<Pki>,
    pub(super) port: u16,
    pub(super) etcd: u16,
    pub(super) minor: u32,
}

impl Running {
    /// Where the API server is: `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The cluster's authority.
    #[must_use]
    pub fn authority(&self) -> &Certificate {
        self.pki.authority.certificate()
    }

    /// The minor version of kube-apiserver.
    #[must_use]
    pub fn minor(&self) -> u32 {
        self.minor
    }

    /// A client; it needs a tokio runtime around it. It repeats nothing by itself.
    ///
    /// # Errors
    /// [`UpstreamError::Credentials`] for a user or a group that no certificate can name.
    pub fn client(&self, identity: &Identity) -> Result<Client, UpstreamError> {
        client(&self.pki, identity, &self.url())
    }

    /// A kubeconfig with everything in it.
    ///
    /// # Errors
    /// [`UpstreamError::Credentials`] for a user or a group that no certificate can name.
    pub fn kubeconfig(&self, identity: &Identity) -> Result<SecretText, UpstreamError> {
        self.pki.kubeconfig(identity, self.port)
    }

    /// Puts a bootstrap token and the roles of TLS bootstrapping into the cluster, as `kubeadm init` does.
    ///
    /// # Errors
    /// [`UpstreamError::Credentials`] where the settings make no Secret, or the API server does not take it.
    pub async fn add_bootstrap_token(
        &self,
        token: &BootstrapToken,
        settings: &TokenSettings,
    ) -> Result<(), UpstreamError> {
        let client = self.client(&Identity::admin())?;
        let secret = token.secret(settings).map_err(UpstreamError::credentials("a bootstrap token"))?;
        online::token::create(&client, &secret, LIMIT)
            .await
            .map_err(UpstreamError::credentials("a token's Secret"))?;
        const ROLES: &str = "the roles of TLS bootstrapping";
        for binding in rbac::tls_bootstrapping() {
            let yaml = binding.to_yaml().map_err(UpstreamError::credentials(ROLES))?;
            let manifests = Manifest::read(&yaml).map_err(UpstreamError::credentials(ROLES))?;
            let planned = apply::plan(&client, &manifests, false, LIMIT).await;
            for one in planned.map_err(UpstreamError::credentials(ROLES))? {
                one.apply(&client, LIMIT).await.map_err(UpstreamError::credentials(ROLES))?;
            }
        }
        Ok(())
    }

    /// Has etcd forget the past: a list that continues from before, and one of an old version, get 410 from now on.
    ///
    /// # Errors
    /// [`UpstreamError::Etcd`] where etcd does not do it.
    pub async fn compact(&self) -> Result<(), UpstreamError> {
        compact(self.etcd).await
    }
}

pub(super) fn client(pki: &Pki, identity: &Identity, url: &str) -> Result<Client, UpstreamError> {
    let what = || format!("a client for {identity:?}");
    let mut config = Config::new(url.parse().map_err(UpstreamError::credentials(what()))?);
    config.root_cert = Some(vec![pki.authority.certificate().der().to_vec()]);
    config.auth_info = pki.auth_info(identity)?;
    config.default_retry = false;
    Client::try_from(config).map_err(UpstreamError::credentials(what()))
}

/// A client of a program that takes HTTP on loopback.
pub(super) fn plain_client(program: &str, port: u16) -> Result<Client, UpstreamError> {
    let what = || format!("a client of {program}");
    let url = format!("http://127.0.0.1:{port}");
    let mut config = Config::new(url.parse().map_err(UpstreamError::credentials(what()))?);
    config.default_retry = false;
    Client::try_from(config).map_err(UpstreamError::credentials(what()))
}

/// By etcd's JSON, so that no protocol buffers are needed.
pub(super) async fn compact(port: u16) -> Result<(), UpstreamError> {
    let client = plain_client("etcd", port)?;
    // The key "a": what is asked for is the revision in the answer's header.
    let now = post(&client, "/v3/kv/range", &json!({"key": "YQ=="})).await?;
    let Some(revision) = now.pointer("/header/revision").and_then(Value::as_str) else {
        return Err(UpstreamError::Etcd(format!("no revision in {now}")));
    };
    post(&client, "/v3/kv/compaction", &json!({"revision": revision, "physical": true})).await?;
    Ok(())
}

async fn post(client: &Client, path: &str, body: &Value) -> Result<Value, UpstreamError> {
    let request = http::Request::post(path).body(body.to_string().into_bytes());
    let request = request.map_err(UpstreamError::credentials("a request to etcd"))?;
    client.request(request).await.map_err(|error| UpstreamError::Etcd(format!("{path}: {error}")))
}
