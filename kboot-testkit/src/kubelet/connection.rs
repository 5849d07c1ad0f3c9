//! How a virtual kubelet talks to the API server.

use std::error::Error;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use http::{Method, Request};
use kboot_core::x509::{Certificate, PrivateKey};
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use kube::core::WatchEvent;
use kube::{Client, Config};
use serde_json::Value;

use super::error::KubeletError;

/// Where the API server is and how it is known, and the client with which a kubelet bootstraps. Clones share it.
#[derive(Clone)]
pub(super) struct Connection {
    config: Config,
    pub(super) bootstrap: Api,
}

impl Connection {
    pub(super) async fn of_kubeconfig(yaml: &str) -> Result<Self, KubeletError> {
        let wrong = |error| KubeletError::Kubeconfig(Box::new(error));
        let kubeconfig = Kubeconfig::from_yaml(yaml).map_err(wrong)?;
        let options = KubeConfigOptions::default();
        Self::of_config(Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(wrong)?)
    }

    pub(super) fn of_config(config: Config) -> Result<Self, KubeletError> {
        let bootstrap = client(config.clone())?;
        let mut config = config;
        config.auth_info = AuthInfo::default();
        Ok(Self { config, bootstrap })
    }

    /// The client that a certificate makes.
    pub(super) fn with_certificate(
        &self,
        certificate: &Certificate,
        key: &PrivateKey,
    ) -> Result<Api, KubeletError> {
        let key = key.to_pem().map_err(|error| KubeletError::Setting(Box::new(error.into())))?;
        let mut config = self.config.clone();
        config.auth_info.client_certificate_data = Some(STANDARD.encode(certificate.to_pem()));
        config.auth_info.client_key_data = Some(STANDARD.encode(key.expose_secret()).into());
        client(config)
    }
}

fn client(config: Config) -> Result<Api, KubeletError> {
    Client::try_from(config).map(Api).map_err(|error| KubeletError::Client(Box::new(error)))
}

/// One identity at the API server.
#[derive(Clone)]
pub(super) struct Api(Client);

pub(super) const JSON: &str = "application/json";
pub(super) const STRATEGIC: &str = "application/strategic-merge-patch+json";

impl Api {
    pub(super) async fn get(&self, path: &str) -> Result<Value, kube::Error> {
        self.0.request(request(Method::GET, path, Vec::new(), JSON)?).await
    }

    pub(super) async fn create(&self, path: &str, object: String) -> Result<Value, kube::Error> {
        self.0.request(request(Method::POST, path, object.into_bytes(), JSON)?).await
    }

    pub(super) async fn update(&self, path: &str, object: &Value) -> Result<Value, kube::Error> {
        self.0.request(request(Method::PUT, path, object.to_string().into_bytes(), JSON)?).await
    }

    pub(super) async fn patch(&self, path: &str, patch: &Value) -> Result<Value, kube::Error> {
        self.0.request(request(Method::PATCH, path, patch.to_string().into_bytes(), STRATEGIC)?).await
    }

    /// Objects as a watch brings them, until it ends or tells an error; `None` for one that was deleted.
    pub(super) async fn watch(
        &self,
        path: &str,
    ) -> Result<impl futures::Stream<Item = Option<Value>> + Unpin + use<>, kube::Error> {
        let events = self.0.request_events::<Value>(request(Method::GET, path, Vec::new(), JSON)?).await?;
        let events = events.take_while(|event| {
            std::future::ready(matches!(event, Ok(event) if !matches!(event, WatchEvent::Error(_))))
        });
        let objects = events.filter_map(|event| {
            std::future::ready(match event {
                Ok(WatchEvent::Added(object) | WatchEvent::Modified(object)) => Some(Some(object)),
                Ok(WatchEvent::Deleted(_)) => Some(None),
                _ => None,
            })
        });
        Ok(Box::pin(objects))
    }
}

fn request(method: Method, path: &str, body: Vec<u8>, kind: &str) -> Result<Request<Vec<u8>>, kube::Error> {
    let request = Request::builder().method(method).uri(path).header(http::header::CONTENT_TYPE, kind);
    request.body(body).map_err(kube::Error::HttpError)
}

/// Whether the API server answered with this status.
pub(super) fn is_code(error: &kube::Error, code: u16) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == code)
}

/// What went wrong, on one line.
pub(super) fn said(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if status.reason.is_empty() => {
            format!("{}: {}", status.code, status.message)
        }
        kube::Error::Api(status) => format!("{} {}: {}", status.code, status.reason, status.message),
        other => {
            let causes = std::iter::successors(other.source(), |cause: &&dyn Error| (*cause).source());
            causes.fold(other.to_string(), |mut text, cause| {
                let cause = cause.to_string();
                if !text.contains(&cause) {
                    text = format!("{text}: {cause}");
                }
                text
            })
        }
    }
}
