//! What each namespace is given: the service account `default` (`pkg/controller/serviceaccount`) and the cluster's
//! authority (`pkg/controller/certificates/rootcacertpublisher`).

use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Authority, CONFIG_MAPS, Cluster, Key, NAMESPACES, Reconciler};
use crate::server::admission::field::text;
use crate::server::admission::set;

const SERVICE_ACCOUNTS: (&str, &str) = ("", "serviceaccounts");

pub(super) struct ServiceAccount;

pub(super) struct RootCaPublisher {
    pub(super) authority: Arc<Authority>,
}

/// Namespaces that are there to stay and concerned by a change in them or of them.
fn active(cluster: &dyn Cluster, changed: Option<&Key>) -> Vec<String> {
    let is_active = |namespace: &&Arc<Value>| text(namespace, "/status/phase") != "Terminating";
    let name = |namespace: &Arc<Value>| text(namespace, "/metadata/name").to_owned();
    let found = match changed {
        None => cluster.list(NAMESPACES.0, NAMESPACES.1, ""),
        Some(key) => {
            let wanted = if key.resource == NAMESPACES.1 { &key.name } else { &key.namespace };
            cluster.get(NAMESPACES.0, NAMESPACES.1, "", wanted).into_iter().collect()
        }
    };
    found.iter().filter(is_active).map(name).collect()
}

impl Reconciler for ServiceAccount {
    fn watches(&self) -> &'static [(&'static str, &'static str)] {
        &[NAMESPACES, SERVICE_ACCOUNTS]
    }

    fn reconcile(&self, cluster: &dyn Cluster, changed: Option<&Key>) -> Option<OffsetDateTime> {
        const BY: &str = "system:serviceaccount:kube-system:service-account-controller";
        for namespace in active(cluster, changed) {
            if cluster.get(SERVICE_ACCOUNTS.0, SERVICE_ACCOUNTS.1, &namespace, "default").is_none() {
                let account = json!({
                    "apiVersion": "v1", "kind": "ServiceAccount",
                    "metadata": {"name": "default", "namespace": namespace},
                });
                // Another may have been faster.
                let _ = cluster.create(BY, SERVICE_ACCOUNTS, &namespace, account);
            }
        }
        None
    }
}

impl Reconciler for RootCaPublisher {
    fn watches(&self) -> &'static [(&'static str, &'static str)] {
        &[NAMESPACES, CONFIG_MAPS]
    }

    fn reconcile(&self, cluster: &dyn Cluster, changed: Option<&Key>) -> Option<OffsetDateTime> {
        const BY: &str = "system:serviceaccount:kube-system:root-ca-cert-publisher";
        const NAME: &str = "kube-root-ca.crt";
        if changed.is_some_and(|key| key.resource == CONFIG_MAPS.1 && key.name != NAME) {
            return None;
        }
        let data = json!({"ca.crt": self.authority.pem()});
        for namespace in active(cluster, changed) {
            // Writes that fail have been overtaken by a change, after which they are made again.
            match cluster.get(CONFIG_MAPS.0, CONFIG_MAPS.1, &namespace, NAME) {
                None => {
                    let map = json!({
                        "apiVersion": "v1", "kind": "ConfigMap",
                        "metadata": {"name": NAME, "namespace": namespace}, "data": data,
                    });
                    let _ = cluster.create(BY, CONFIG_MAPS, &namespace, map);
                }
                Some(found) if found.get("data") != Some(&data) => {
                    let mut map = Value::clone(&found);
                    set(&mut map, &["data"], data.clone());
                    let _ = cluster.update(BY, CONFIG_MAPS, "", map);
                }
                Some(_) => {}
            }
        }
        None
    }
}
