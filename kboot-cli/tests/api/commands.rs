//! Each command's contract: what it prints where, and its exit code.

use std::os::unix::fs::PermissionsExt;

use crate::common::{CLUSTER, built, kboot, kboot_with, run, succeed, write};
use kboot_core::ClusterSpec;
use kboot_core::token::{BootstrapToken, TokenSecret};

#[test]
fn cluster_init_plan_build_plan() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &str| run(&folder, arguments);
    assert_eq!(run("cluster init cluster.yaml").code, Some(0));
    let again = run("cluster init cluster.yaml");
    assert_eq!(again.code, Some(2));
    assert!(again.stderr.contains("cluster.yaml is there already"), "{}", again.stderr);

    let plan = run("cluster plan -f cluster.yaml --out out");
    assert_eq!(plan.code, Some(1), "{}", plan.stderr);
    assert!(plan.stdout.contains("create   authorities/ca.key"), "{}", plan.stdout);
    assert!(!folder.path().join("out").exists());

    let build = run("cluster build -f cluster.yaml --out out --jobs 2");
    assert_eq!((build.code, build.stdout.as_str()), (Some(0), ""), "{}", build.stderr);
    assert!(build.stderr.contains("created"), "{}", build.stderr);

    let plan = run("cluster plan -f cluster.yaml --out out");
    assert_eq!((plan.code, plan.stdout.as_str()), (Some(0), ""));
    let json: serde_json::Value =
        serde_json::from_str(&run("cluster plan -f cluster.yaml --out out -o json").stdout).unwrap();
    let files = json["files"].as_array().unwrap();
    assert!(files.len() > 40 && files.iter().all(|step| step["action"] == "keep"));
    assert_eq!(json["nodes"], serde_json::json!([]));
    let yaml = run("cluster plan -f cluster.yaml --out out -o yaml").stdout;
    let yaml: serde_json::Value = serde_saphyr::from_str(&yaml).unwrap();
    assert_eq!(yaml, json);
}

#[test]
fn cluster_files_come_from_stdin_too() {
    let folder = tempfile::tempdir().unwrap();
    let outcome =
        kboot_with(folder.path(), &["cluster", "build", "-f", "-", "--out", "out"], CLUSTER.as_bytes());
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
}

#[test]
fn lint_answers_by_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        kboot_core::bundle::write_new(&folder.path().join(name), text.as_bytes(), 0o644).unwrap();
    };
    let run = |arguments: &str| run(&folder, arguments);
    put("kubelet.service", "[Service]\nExecStart=/usr/bin/kubelet --config=/c --network-plugin=cni\n");
    put("open.service", "[Service]\nExecStart=/usr/bin/kubelet --config=/c --anonymous-auth=true\n");
    put("pod.yaml", "apiVersion: v1\nkind: Pod\n");
    let good = run("config lint --kubernetes-version 1.20.2 kubelet.service");
    assert_eq!((good.code, good.stdout.as_str()), (Some(0), ""));
    assert!(good.stderr.contains("nothing found in 1 files for Kubernetes v1.20.2"), "{}", good.stderr);
    let bad = run("config lint --kubernetes-version 1.36 kubelet.service");
    assert_eq!(bad.code, Some(1));
    assert!(
        bad.stdout.starts_with("kubelet.service: line 2: error: kubelet v1.36.0 has no --network-plugin"),
        "{}",
        bad.stdout
    );
    let json = run("config lint --kubernetes-version v1.36.4 kubelet.service -o json").stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (json[0]["severity"].as_str(), json[0]["file"].as_str()),
        (Some("error"), Some("kubelet.service"))
    );
    // A warning is no negative answer.
    let open = run("config lint --kubernetes-version v1.36.4 open.service");
    assert_eq!(open.code, Some(0));
    assert!(open.stdout.contains("warning: the kubelet asks nobody"), "{}", open.stdout);
    // What cannot be read does not hide what can.
    let both = run("config lint --kubernetes-version v1.36.4 pod.yaml kubelet.service");
    assert_eq!(both.code, Some(2));
    assert!(
        both.stdout.contains("--network-plugin") && both.stderr.contains("pod.yaml: expected a systemd unit")
    );
    assert_eq!(run("config lint --kubernetes-version v1.5.0 kubelet.service").code, Some(2));
}

/// Moving past 1.20 without a word about the runtime moves the nodes to another one, and that is said.
#[test]
fn a_move_to_another_runtime_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let build = |version: &str, command: &str| {
        let text = CLUSTER.replace("v1.36.4", version);
        kboot_with(folder.path(), &["cluster", command, "-f", "-", "--out", "out"], text.as_bytes())
    };
    assert_eq!(build("v1.19.0", "build").code, Some(0));
    let plan = build("v1.20.2", "plan");
    assert_eq!(plan.code, Some(1));
    for part in ["runtime of nodes changes from docker to containerd", "etc/docker/daemon.json is left"] {
        assert!(plan.stderr.contains(part), "{part}: {}", plan.stderr);
    }
    assert!(plan.stdout.contains("other After="), "{}", plan.stdout);
}

#[test]
fn tokens() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &str| run(&folder, arguments);
    let generated = run("token generate");
    assert_eq!((generated.code, generated.stderr.as_str()), (Some(0), ""));
    assert!(generated.stdout.trim_end().parse::<BootstrapToken>().is_ok());

    let secret = run(
        "token create --lifetime 2h --description nodes --group system:bootstrappers:a --group system:bootstrappers:b",
    );
    let (_, settings) = TokenSecret::read(&secret.stdout).unwrap();
    assert_eq!(settings.groups().len(), 2);
    assert_eq!(settings.description(), "nodes");
    assert!(settings.expiration().is_some());
    let json = run("token create --lifetime 0 -o json");
    assert!(TokenSecret::read(&json.stdout).unwrap().1.expiration().is_none());
    let _: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();

    write(&folder.path().join("token"), generated.stdout.as_bytes());
    let same = run("token create --token-file token -o token");
    assert_eq!(same.stdout, generated.stdout);
    let piped = kboot_with(
        folder.path(),
        &["token", "create", "--token-file", "-", "-o", "token"],
        generated.stdout.as_bytes(),
    );
    assert_eq!(piped.stdout, generated.stdout);

    write(&folder.path().join("cluster.yaml"), CLUSTER.as_bytes());
    assert_eq!(run("cluster build -f cluster.yaml --out out").code, Some(0));
    let join = "--print-join-command --server 192.0.2.1 --certificate-authority out/authorities/ca.crt";
    let both = run(&format!("token create --token-file token -o token {join}"));
    let line = both.stdout.lines().nth(1).unwrap();
    assert!(
        line.starts_with(&format!(
            "kubeadm join 192.0.2.1:6443 --token {} --discovery-token-ca-cert-hash sha256:",
            generated.stdout.trim_end()
        )),
        "{line}"
    );
    let manifest = run(&format!("token create {join}")).stdout;
    assert!(manifest.starts_with("# kubeadm join ") && TokenSecret::read(&manifest).is_ok());
    assert_eq!(run(&format!("token create -o json {join}")).code, Some(2));

    for (wrong, said) in [
        ("token create --lifetime 1w", "is not a lifetime"),
        ("token create --usage signing,other", "signing or authentication"),
        ("token create --group system:masters", "bootstrap group"),
        (
            "token create --usage signing --group system:bootstrappers:a",
            "groups need the usage authentication",
        ),
        ("token create --token-file out/authorities/ca.crt", "not a bootstrap token"),
        ("token create --token-file missing", "cannot read missing"),
        ("token create --print-join-command", "--server"),
    ] {
        let outcome = run(wrong);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{wrong}");
        assert!(outcome.stderr.contains(said), "{wrong}: {}", outcome.stderr);
    }
    // Signing alone is a token without groups, where kubeadm fails on its own default.
    assert_eq!(run("token create --usage signing").code, Some(0));
}

#[test]
fn kubeconfigs() {
    let folder = built();
    let run = |arguments: &str| run(&folder, arguments);
    let base = "kubeconfig build --server 192.0.2.1 --certificate-authority out/authorities/ca.crt --user u";
    let pki = "out/nodes/one/etc/kubernetes/pki";
    let certificate = format!(
        "--client-certificate {pki}/front-proxy-client.crt --client-key {pki}/front-proxy-client.key"
    );

    let by_path = run(&format!("{base} {certificate}")).stdout;
    assert!(
        by_path.contains("client-key: /") && by_path.contains("/out/nodes/one") && !by_path.contains("-data"),
        "{by_path}"
    );
    let embedded = run(&format!("{base} {certificate} --embed-certs --context-name c --namespace n")).stdout;
    let config: kboot_core::Kubeconfig = embedded.parse().unwrap();
    assert_eq!(config.current_context, "c");
    assert!(config.client_certificate().is_ok());
    assert!(run(&format!("{base} --token-path /run/token")).stdout.contains("tokenFile: /run/token"));
    assert!(
        run(&format!("{base} --exec-command helper --exec-arg --x --exec-arg y"))
            .stdout
            .contains("command: helper")
    );

    // As kubectl has it.
    let said = |value: &str| {
        run(&format!("{base} {certificate} --embed-certs={value} --context-name c --namespace n")).stdout
    };
    assert_eq!(said("true"), embedded);
    assert!(!said("false").contains("client-key-data"));
    let written = run(&format!("{base} {certificate} --embed-certs --out user.conf"));
    assert_eq!((written.code, written.stdout.as_str()), (Some(0), ""));
    let mode = std::fs::metadata(folder.path().join("user.conf")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(run(&format!("{base} --token-path /x --out user.conf")).code, Some(2));

    for (wrong, said) in [
        (base.to_owned(), "required"),
        (format!("{base} --client-certificate {pki}/ca.crt"), "--client-key"),
        (
            format!("{base} --client-certificate {pki}/ca.crt --client-key {pki}/apiserver.key"),
            "does not belong to",
        ),
        (format!("{base} --token-path /x --exec-command y"), "cannot be used with"),
        (format!("{base} --token-file out/authorities/ca.crt"), "does not hold one token"),
        (base.replace("ca.crt", "ca.key") + " --token-path /x", "no certificate found"),
    ] {
        let outcome = run(&wrong);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{wrong}: {}", outcome.stdout);
        assert!(outcome.stderr.contains(said), "{wrong}: {}", outcome.stderr);
    }
}

#[test]
fn schema_and_completions() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| kboot(folder.path(), arguments);
    let schema: serde_json::Value = serde_json::from_str(&run(&["schema", "cluster"]).stdout).unwrap();
    assert!(schema["properties"]["spec"]["properties"]["nodes"].is_object());
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(run(&["completions", shell]).stdout.contains("kboot"), "{shell}");
    }
    assert_eq!(run(&["nonsense"]).code, Some(2));
    assert_eq!(run(&["--help"]).code, Some(0));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("set -o pipefail; {} schema cluster | head -c 1", crate::common::kboot_path());
    let output =
        std::process::Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
}

#[test]
fn a_token_goes_to_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let generate = succeed(&folder, "token generate --out token");
    assert_eq!(generate.stdout, "");
    let text = std::fs::read_to_string(folder.path().join("token")).unwrap();
    text.trim_end().parse::<BootstrapToken>().unwrap();
    let mode = std::fs::metadata(folder.path().join("token")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert_eq!(run(&folder, "token generate --out token").code, Some(2), "nothing is overwritten");
}

#[test]
fn a_plan_says_what_comes_next() {
    let folder = tempfile::tempdir().unwrap();
    succeed(&folder, "cluster init cluster.yaml");
    let plan = run(&folder, "cluster plan");
    assert!(plan.stderr.contains("next: kboot cluster build -f cluster.yaml --out out"), "{}", plan.stderr);
    let build = succeed(&folder, "cluster build").stderr;
    let told = "kboot: on node-1, as root, with its script and its folder; so:
kboot: next: scp -r out/install/node-1.sh out/nodes/node-1 root@192.168.20.31: && ssh root@192.168.20.31 sh node-1.sh
kboot: next: once an API server answers, kboot cluster apply --out out --kubeconfig out/super-admin.conf
";
    assert!(build.ends_with(told), "{build}");
    assert!(folder.path().join("out/install/node-1.sh").is_file());
    assert!(!run(&folder, "cluster plan").stderr.contains("next:"), "there is nothing to do");
    assert!(!succeed(&folder, "cluster build").stderr.contains("next"), "there is nothing to bring");
}

#[test]
fn init_writes_the_machines_that_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let told = "cluster init cluster.yaml --cluster-name prod --node cp1=10.0.0.11:control-plane,etcd --node w1=10.0.0.21,[fd00::21]";
    assert!(succeed(&folder, told).stderr.contains("next: "), "init says what comes next");
    let spec: ClusterSpec =
        std::fs::read_to_string(folder.path().join("cluster.yaml")).unwrap().parse().unwrap();
    let names: Vec<&str> = spec.nodes().iter().map(|node| node.name().as_str()).collect();
    assert_eq!((spec.name().as_str(), names), ("prod", vec!["cp1", "w1"]));
    assert_eq!(spec.nodes()[1].addresses().len(), 2);
    // Every other field is still explained.
    let example = succeed(&folder, "cluster init").stdout;
    let told = std::fs::read_to_string(folder.path().join("cluster.yaml")).unwrap();
    for comment in example.lines().filter(|line| line.trim_start().starts_with('#')) {
        assert!(told.lines().any(|line| line == comment), "{comment:?}");
    }
    for (node, wanted) in [
        ("w1", "is not NAME=ADDRESS"),
        ("w1=", "is not NAME=ADDRESS"),
        ("W1=10.0.0.1", "is not a node name"),
        ("w1=10.0.0.1/24", "is not an address of a node"),
        ("w1=fd00::1", "is not an address of a node"),
        ("w1=[10.0.0.1]", "is not an address of a node"),
        ("w1=10.0.0.1,", "is not an address of a node"),
        ("w1=10.0.0.1:", "is not a role"),
        ("w1=10.0.0.1:master", "is not a role"),
        ("w1=127.0.0.1", "is not an address of one machine"),
        ("w1=10.0.0.21", "no node has the role control-plane"),
    ] {
        let refused = run(&folder, &format!("cluster init --node {node}"));
        assert!(refused.code != Some(0) && refused.stderr.contains(wanted), "{node}: {}", refused.stderr);
    }
}
