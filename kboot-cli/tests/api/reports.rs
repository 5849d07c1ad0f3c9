//! Every report of the program, on inputs that are always the same: for what looks at all of them.

use std::process::Command;

use serde_json::{Value, json};

use crate::common::requests::{joining, list, serving, with_condition};
use crate::common::{CLUSTER, Outcome, kboot_path, succeed, write};
use crate::node;
use crate::online::{self, REQUESTS, Server, TOKEN, numbered, requests, resources, secret, status};
use kboot_core::Env;
use kboot_core::time::Timestamp;

/// A report: how its golden file is called, what its schema is called, and the command.
pub(crate) struct Report {
    pub(crate) name: &'static str,
    pub(crate) schema: &'static str,
    pub(crate) command: &'static str,
}

const fn of(name: &'static str, schema: &'static str, command: &'static str) -> Report {
    Report { name, schema, command }
}

pub(crate) const REPORTS: [Report; 40] = [
    of("cluster-plan-new", "cluster-plan", "cluster plan --out new"),
    of("cluster-plan-kept", "cluster-plan", "cluster plan"),
    of("cluster-plan-changed", "cluster-plan", "cluster plan -f changed.yaml"),
    of("cluster-plan-diff", "cluster-plan", "cluster plan -f changed.yaml --diff"),
    of("cluster-plan-renewal", "cluster-plan", "cluster plan --renew-before 9700h --rekey"),
    of("cluster-apply", "cluster-apply", "cluster apply --out applied --dry-run --kubeconfig config"),
    of("cluster-push", "cluster-push", "cluster push -f workers.yaml --out workers --dry-run"),
    of("config-lint", "config-lint", "config lint --kubernetes-version 1.36 kubelet.service kubelet.yaml"),
    of("config-lint-good", "config-lint", "config lint --kubernetes-version 1.36 good.yaml"),
    of("cert-inspect", "cert-inspect", "cert inspect long/server.crt long/server.key request.pem"),
    of("cert-inspect-kubeconfig", "cert-inspect", "cert inspect out/admin.conf"),
    of("cert-verify", "cert-verify", "cert verify long/server.crt --certificate-authority pki/ca.crt"),
    of("cert-verify-not", "cert-verify", "cert verify long/server.crt --certificate-authority other/ca.crt"),
    of("cert-expiry", "cert-expiry", "cert expiry out"),
    of("cert-expiry-within", "cert-expiry", "cert expiry out/nodes/one/etc/kubernetes/pki --within 9600h"),
    of("kubeconfig-inspect", "kubeconfig-inspect", "kubeconfig inspect out/admin.conf"),
    of("kubeconfig-inspect-long", "kubeconfig-inspect", "kubeconfig inspect long.conf"),
    of("kubeconfig-check", "kubeconfig-check", "kubeconfig check long.conf"),
    of("kubeconfig-check-good", "kubeconfig-check", "kubeconfig check out/admin.conf"),
    of("csr-list", "csr-list", "csr list --kubeconfig config"),
    of("csr-approve", "csr-settled", "csr approve --policy policy.yaml --dry-run --kubeconfig config"),
    of("csr-approve-by-hand", "csr-settled", "csr approve good --dry-run --kubeconfig config"),
    of("csr-deny", "csr-settled", "csr deny foreign --dry-run --kubeconfig config"),
    of("csr-inspect", "csr-inspect", "csr inspect -f all.json"),
    of("csr-inspect-damaged", "csr-inspect", "csr inspect -f damaged.json"),
    of("csr-explain", "csr-explain", "csr explain --policy policy.yaml -f all.json"),
    of("csr-explain-one", "csr-explain", "csr explain --policy policy.yaml -f foreign.json"),
    of("csr-explain-preset", "csr-explain", "csr explain -f joining.json"),
    of("csr-explain-unreadable", "csr-explain", "csr explain -f unreadable.json"),
    of("csr-simulate", "csr-simulate", "csr simulate --policy policy.yaml -f all.json"),
    of(
        "csr-simulate-against",
        "csr-simulate",
        "csr simulate --policy policy.yaml --against upstream -f all.json",
    ),
    of("policy-check", "policy-check", "policy check policy.yaml"),
    of("policy-check-wrong", "policy-check", "policy check wrong.yaml"),
    of("policy-preset", "policy-preset", "policy preset"),
    of("token-list", "token-list", "token list --kubeconfig config"),
    of("token-check", "token-check", "token check token --kubeconfig config"),
    of("token-static-check", "token-static-check", "token static check tokens.csv"),
    of("node-verify", "node-verify", "node verify worker-1 --kubeconfig config"),
    of(
        "node-verify-all",
        "node-verify-all",
        "node verify worker-1 cp-1 -f external.yaml --kubeconfig config",
    ),
    of("cluster-build", "", "cluster build -f changed.yaml"),
];

/// A folder with all that the commands read, and the cluster that they ask.
pub(crate) struct World {
    pub(crate) server: Server,
}

impl World {
    pub(crate) fn new() -> Self {
        let now = Env::system().now();
        let created = |mut object: Value| {
            object["metadata"]["creationTimestamp"] = json!(before(now, "80h"));
            object
        };
        let long = "node-csr-c69HXe7aYcqkS1bKmH4faEnHAWxn6i2bHZ2mD04jZyQ";
        let good = created(serving("good", "worker-1", &["worker-1", "192.168.5.21"]));
        let foreign =
            created(serving("foreign", "worker-1", &["192.168.5.22", "worker-1.nodes.example.com"]));
        let join = created(joining(long, "worker-2"));
        let denied = with_condition(
            created(serving("denied", "worker-1", &["192.168.5.21"])),
            "Denied",
            "not now, and not ever, by the person who looks after it",
        );
        let all = [good, foreign, join, denied];
        let objects: Vec<Value> = all.iter().map(|object| numbered(object.clone(), "1")).collect();
        let server = Server::new(move |call, _| {
            let path = call.path.as_str();
            match call.method.as_str() {
                "PATCH" if path.contains("/secrets/s") => conflict(),
                "PATCH" | "PUT" => (200, call.json()),
                _ if path.starts_with(&format!("{REQUESTS}?")) => requests(&objects),
                _ if path.starts_with(&format!("{REQUESTS}/")) => (200, objects[1].clone()),
                _ if path.contains("/kube-system/secrets?") => tokens(),
                _ if path.contains("/kube-system/secrets/bootstrap-token-abcdef") => (200, token(&[])),
                _ if path.contains("worker-1")
                    || path.starts_with("/version")
                    || path.contains("/events")
                    || path.contains("/pods") =>
                {
                    let answer = node::stuck(path).unwrap_or_else(|| (404, "{}".to_owned()));
                    let then = before(now, "2400h");
                    (answer.0, raw(&answer.1.replace("2026-01-01T00:00:00Z", &then)))
                }
                _ => match resources(path) {
                    (404, _) => online::facts(path),
                    found => found,
                },
            }
        });
        let world = Self { server };
        world.fill(&all, long);
        world
    }

    fn fill(&self, all: &[Value], long: &str) {
        let folder = self.server.folder.path();
        let file = |name: &str, content: &str| write(&folder.join(name), content.as_bytes());
        let lives = "  pki: {validity: {certificate: 9600h, authority: 90000h}}\n  nodes:";
        let cluster = CLUSTER.replace("  nodes:", lives);
        file("cluster.yaml", &cluster);
        let external = CLUSTER.replace("  nodes:", "  controlPlane: external\n  nodes:");
        file("external.yaml", &external.replace("control-plane, etcd, ", ""));
        let worker = "\n  - {name: worker-1, addresses: [192.0.2.2], roles: [worker]}\n";
        let changed = cluster.trim_end().to_owned() + worker;
        file(
            "changed.yaml",
            &changed.replace("v1.36.4", "v1.37.0").replace("192.0.2.1\n", "k8s.example.com\n"),
        );
        succeed(folder, "cluster build --out out");
        // A certificate that a plan makes in the same second would begin when the one that is there does.
        std::thread::sleep(std::time::Duration::from_secs(1));
        // Of workers alone nobody is asked how they are.
        let workers = "controlPlane: external\n  controlPlaneEndpoint:";
        let roles = "roles: [worker]";
        let workers = CLUSTER
            .replace("controlPlaneEndpoint:", workers)
            .replace("roles: [control-plane, etcd, worker]", roles);
        file("workers.yaml", &workers);
        succeed(folder, "ca create --out workers/authorities");
        succeed(folder, "cluster build -f workers.yaml --out workers");
        succeed(folder, "ca create --out pki --lifetime 90000h");
        succeed(folder, "ca create --out other");
        let names = "--san a.very.long.name.of.a.server.example.com --san b.example.com --san 192.0.2.7 --san 2001:db8::7";
        succeed(
            folder,
            &format!(
                "cert issue --ca pki --out long --profile server --common-name server --lifetime 9600h {names}"
            ),
        );
        succeed(
            folder,
            "csr new node-serving worker-1 --san worker-1 --san 192.168.5.21 --key-out request.key --out request.pem",
        );
        succeed(
            folder,
            "token static create --user kubelet-bootstrap --uid 10001 --group system:bootstrappers --group system:bootstrappers:workers-of-the-first-hall --out tokens.csv",
        );
        file(
            "kubelet.service",
            "[Service]\nExecStart=/usr/bin/kubelet --nonsense=1 --config=/var/lib/kubelet/config.yaml --container-runtime=remote\n",
        );
        file(
            "kubelet.yaml",
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPodz: 10\nclusterDNS: 10.96.0.10\n",
        );
        file(
            "good.yaml",
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPods: 10\n",
        );
        file("long.conf", &long_kubeconfig());
        file("all.json", &list(all));
        file("foreign.json", &all[1].to_string());
        file("joining.json", &all[2].to_string());
        let mut damaged = all[0].clone();
        damaged["spec"]["request"] = json!(
            "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlJQgotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K"
        );
        file("damaged.json", &damaged.to_string());
        file("unreadable.json", r#"{"kind": "List", "apiVersion": "v1", "items": [{"kind": "Pod"}]}"#);
        file(
            "wrong.yaml",
            "apiVersion: kboot.dev/v1alpha1\nkind: CsrPolicy\nspec:\n  rules:\n  - {name: a, signer: kubernetes.io/kubelet-servin, decision: approve}\n  - {name: a, signer: kubernetes.io/kubelet-serving, decison: deny}\n",
        );
        file("token", TOKEN);
        online::manifests(&self.server, "applied");
        // What is renewed must end later than what is there.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert!(long.len() > 50, "a name that is wider than a column");
    }

    /// What a command prints on a screen of so many columns; nobody says how many where none is given.
    pub(crate) fn shown(&self, command: &str, columns: Option<usize>) -> Outcome {
        let folder = self.server.folder.path();
        let mut program = Command::new(kboot_path());
        program.args(command.split_whitespace()).current_dir(folder);
        program.env_remove("KUBECONFIG").env_remove("COLUMNS").env("HOME", folder);
        if let Some(columns) = columns {
            program.env("COLUMNS", columns.to_string());
        }
        let output = program.output().unwrap();
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The time so long before another.
fn before(now: Timestamp, span: &str) -> String {
    now.before(span.parse().unwrap()).unwrap().to_string()
}

fn raw(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn token(more: &[(&str, &str)]) -> Value {
    let fields = [
        ("token-id", "abcdef"),
        ("token-secret", "0123456789abcdef"),
        ("usage-bootstrap-authentication", "true"),
        ("usage-bootstrap-signing", "true"),
        ("auth-extra-groups", "system:bootstrappers:kubeadm:default-node-token"),
        ("description", "for the first nodes of the second hall"),
    ];
    secret(&[&fields[..], more].concat(), "bootstrap.kubernetes.io/token")
}

fn tokens() -> (u16, Value) {
    let ended = token(&[("expiration", "2020-01-01T00:00:00Z")]);
    online::list("Secret", "v1", &[token(&[]), ended, secret(&[], "bootstrap.kubernetes.io/token")])
}

fn conflict() -> (u16, Value) {
    let cause = json!({"reason": "FieldManagerConflict", "message": "conflict with \"kubectl-client-side-apply\" using v1", "field": ".data.k"});
    let (code, mut body) = status(409, "Apply failed");
    body["reason"] = json!("Conflict");
    body["details"] = json!({"causes": [cause]});
    (code, body)
}

/// As `aws eks update-kubeconfig` writes them.
fn long_kubeconfig() -> String {
    let arn = "arn:aws:eks:eu-central-1:123456789012:cluster/production";
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": arn,
        "clusters": [{"name": arn, "cluster": {"server": "https://0123456789ABCDEF0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com", "insecure-skip-tls-verify": true}}],
        "contexts": [{"name": arn, "context": {"cluster": arn, "user": arn, "namespace": "kube-system"}}, {"name": "short", "context": {"cluster": "missing", "user": arn}}],
        "users": [{"name": arn, "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "aws", "interactiveMode": "Never", "args": ["eks", "get-token"]}}}],
    })
    .to_string()
}
