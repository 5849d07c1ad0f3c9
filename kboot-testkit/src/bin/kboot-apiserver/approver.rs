//! Approving by a policy, as `kboot csr approve --watch` does, with an identity of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use kboot_core::Env;
use kboot_core::csr::Signer;
use kboot_core::document::DocumentError;
use kboot_core::net::Host;
use kboot_core::online::csr::{Approver, Event, Outcome, Settled};
use kboot_core::policy::{Inventory, Policy, PolicyContext};
use kboot_core::shown::{cut, escaped};
use serde_json::{Value, json};

/// Who approves.
pub(crate) const NAME: &str = "kboot-approver";
/// Where the server is, by the names in its certificate.
const API_SERVER: [&str; 3] = ["127.0.0.1", "10.96.0.1", "localhost"];
const SERVICES: &str = "10.96.0.0/12";
/// Of each question to the API server.
const LIMIT: Duration = Duration::from_secs(30);

/// A policy, and the inventories that it names, from files beside it.
pub(crate) struct Loaded {
    policy: Policy,
    inventories: BTreeMap<String, Inventory>,
}

impl Loaded {
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        let policy: Policy = document(file)?;
        let folder = file.parent().unwrap_or_else(|| Path::new(""));
        let names: BTreeSet<&str> = policy.inventories().collect();
        let inventories = names
            .into_iter()
            .map(|name| Ok((name.to_owned(), document(&folder.join(name))?)))
            .collect::<Result<_, String>>()?;
        Ok(Self { policy, inventories })
    }

    /// What it needs and nothing else: a role, and its binding.
    pub(crate) fn roles(&self) -> [Value; 2] {
        let signers: Vec<&str> =
            Signer::ALL.into_iter().filter(|signer| self.decides_for(*signer)).map(Signer::as_str).collect();
        let requests = "certificates.k8s.io";
        let mut rules = vec![
            rule(requests, &["certificatesigningrequests"], &["get", "list", "watch"]),
            rule(requests, &["certificatesigningrequests/approval"], &["update"]),
            json!({"apiGroups": [requests], "resources": ["signers"], "resourceNames": signers, "verbs": ["approve"]}),
            rule("", &["nodes", "namespaces"], &["list"]),
            rule("", &["services", "endpoints", "configmaps"], &["get"]),
        ];
        if self.policy.rules().iter().any(|rule| rule.access().is_some()) {
            rules.push(rule("authorization.k8s.io", &["subjectaccessreviews"], &["create"]));
        }
        let metadata = json!({"name": NAME});
        let of = |kind: &str| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata});
        let (mut role, mut binding) = (of("ClusterRole"), of("ClusterRoleBinding"));
        let group = "rbac.authorization.k8s.io";
        role["rules"] = rules.into();
        binding["roleRef"] = json!({"apiGroup": group, "kind": "ClusterRole", "name": NAME});
        binding["subjects"] = json!([{"apiGroup": group, "kind": "User", "name": NAME}]);
        [role, binding]
    }

    fn decides_for(&self, signer: Signer) -> bool {
        self.policy.rules().iter().any(|rule| rule.signer() == signer)
    }

    fn is_concerned(&self, settled: &Settled) -> bool {
        settled.request.signer().is_some_and(|signer| self.decides_for(signer))
    }

    fn context(&self) -> PolicyContext<'_> {
        let mut context = PolicyContext::at(Env::system().now());
        context.inventories = self.inventories.clone();
        // What kubeadm's ConfigMaps say elsewhere: this cluster's API server, and the range that its Service is in.
        context.api_server = API_SERVER.iter().filter_map(|name| name.parse::<Host>().ok()).collect();
        context.service_cidrs = SERVICES.parse().into_iter().collect();
        context
    }

    /// Approves until it is dropped, and tells what became of each request.
    pub(crate) async fn approve(&self, client: &kube::Client, mut tell: impl FnMut(&str)) {
        let approver = Approver::by_policy(&self.policy, LIMIT);
        loop {
            let each = |event: Event| {
                match event {
                    // What the policy says nothing of is for others, who are as fast.
                    Event::Settled(settled) if !self.is_concerned(&settled) => {}
                    Event::Settled(settled) => tell(&line(&settled)),
                    Event::Failed(error) => tell(&format!("the approver failed, and goes on: {error}")),
                    _ => {}
                }
                ControlFlow::Continue(())
            };
            if let Err(error) = approver.watch(client, || self.context(), each).await {
                tell(&format!("the approver failed, and goes on: {error}"));
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// A rule of a role.
fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> Value {
    json!({"apiGroups": [group], "resources": resources, "verbs": verbs})
}

fn line(settled: &Settled) -> String {
    let request = &settled.request;
    let signer = request.signer_name();
    let signer = cut(signer.strip_prefix("kubernetes.io/").unwrap_or(signer), 253);
    let decided = match (&settled.outcome, &settled.decision) {
        (Outcome::Approved, _) => "approved".to_owned(),
        (Outcome::Left, Some(decision)) => format!("left pending: {}", decision.message()),
        (outcome, _) => format!("nothing to do ({outcome:?})"),
    };
    let (name, user) = (cut(request.name(), 253), cut(&request.requestor().username, 253));
    format!("{name}, {signer} of {user}: {}", escaped(&decided))
}

fn document<D: std::str::FromStr<Err = DocumentError>>(file: &Path) -> Result<D, String> {
    let name = escaped(&file.to_string_lossy());
    let text = fs::read_to_string(file).map_err(|error| format!("cannot read {name}: {error}"))?;
    text.parse().map_err(|error: DocumentError| error.in_file(&name))
}
