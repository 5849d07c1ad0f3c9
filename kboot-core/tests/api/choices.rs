//! The cluster file's choices of layout: kubeconfigs by path, environment files, user, folders, static
//! tokens, images; what they change, and that no key is lost on the way from one to another.

use std::collections::BTreeSet;
use std::path::Path;

use kboot_core::bundle::FileAction;
use kboot_core::cluster::Problem;
use kboot_core::token::StaticToken;
use kboot_core::x509::PrivateKey;
use kboot_core::{ClusterSpec, Env, Kubeconfig, Plan};

fn text(version: &str, more: &str) -> String {
    format!(
        "apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {{name: kubernetes}}
spec:
  kubernetesVersion: {version}
  controlPlaneEndpoint: 192.0.2.1
{more}
  nodes:
  - {{name: one, addresses: [192.0.2.1], roles: [control-plane, etcd, worker]}}
  - {{name: two, addresses: [192.0.2.2], roles: [worker]}}
"
    )
}

fn spec(version: &str, more: &str) -> ClusterSpec {
    text(version, more).parse().unwrap_or_else(|error| panic!("{error}"))
}

fn problems(version: &str, more: &str) -> Vec<String> {
    let error = text(version, more).parse::<ClusterSpec>().expect_err(more);
    error.problems.iter().map(Problem::to_string).collect()
}

fn build(spec: &ClusterSpec, out: &Path) -> Vec<String> {
    let plan = Plan::build(spec, out, &mut Env::system()).unwrap_or_else(|error| panic!("{error:?}"));
    plan.leftovers().iter().map(ToString::to_string).collect()
}

fn read(out: &Path, path: &str) -> String {
    std::fs::read_to_string(out.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every private key on every node, by its public half.
fn keys(folder: &Path) -> BTreeSet<Vec<u8>> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(keys(&path));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        if path.extension().is_some_and(|ending| ending == "key") {
            found.insert(PrivateKey::from_pem(text.as_bytes()).unwrap().public_key().der().to_vec());
        } else if let Ok(kubeconfig) = text.parse::<Kubeconfig>()
            && let Ok((_, key)) = kubeconfig.client_certificate()
        {
            found.insert(key.public_key().der().to_vec());
        }
    }
    found
}

const CERTIFICATES: &str = "  join: {nodeCredentials: certificate, servingCertificates: issued}\n";

#[test]
fn keys_move_between_kubeconfigs_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let embedded = spec("v1.36.0", CERTIFICATES);
    let files = spec("v1.36.0", &format!("{CERTIFICATES}  kubeconfigs: {{certificates: files}}"));
    build(&embedded, out);
    let before = keys(&out.join("nodes"));
    build(&files, out);
    for kubeconfig in
        ["etc/kubernetes/kubelet.conf", "etc/kubernetes/scheduler.conf", "var/lib/kube-proxy/kubeconfig.conf"]
    {
        let text = read(out, &format!("nodes/one/{kubeconfig}"));
        assert!(text.contains("client-key: /etc/kubernetes/pki/") && !text.contains("-data"), "{text}");
    }
    // The administrator's kubeconfig travels, so it holds its key in any case.
    assert!(read(out, "admin.conf").contains("client-key-data"));
    assert_eq!(keys(&out.join("nodes")), before);
    assert!(Plan::of(&files, out, &mut Env::system()).unwrap().is_done());
    let left = build(&embedded, out);
    assert_eq!(keys(&out.join("nodes")), before);
    assert!(left.iter().any(|path| path == "nodes/one/etc/kubernetes/pki/scheduler.key"), "{left:?}");
}

#[test]
fn units_read_their_arguments_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let choices = "  units: {arguments: environment-file}
  user: {name: kube, group: k8s, id: 200}
  folders: {programs: /opt/bin, kubelet: /data/kubelet, etcd: /data/etcd, logs: /data/logs}
  runtime: {sandboxImage: example.com/pause:3.9}
  components: {kubeApiserver: {extraArgs: {audit-log-path: '/a b\\c$d\"e'}}}";
    let spec = spec("v1.20.2", choices);
    build(&spec, folder.path());
    let file = |path: &str| read(folder.path(), &format!("nodes/one/{path}"));

    let unit = file("etc/systemd/system/kube-apiserver.service");
    for line in [
        "User=kube",
        "Group=k8s",
        "EnvironmentFile=/etc/kubernetes/kube-apiserver.env",
        "ExecStart=/opt/bin/kube-apiserver $KUBE_APISERVER_ARGS",
    ] {
        assert!(unit.lines().any(|found| found == line), "{line}:\n{unit}");
    }
    let arguments = file("etc/kubernetes/kube-apiserver.env");
    assert!(arguments.starts_with("KUBE_APISERVER_ARGS=\"--advertise-address=192.0.2.1 \\\n"), "{arguments}");
    // Twice quoted: for the file, and for the words of the command line.
    assert!(arguments.contains(r#"\"--audit-log-path=/a b\\\\c\$d\\\"e\""#), "{arguments}");
    for expected in ["--log-dir=/data/logs/kube-apiserver", "--logtostderr=false"] {
        assert!(arguments.contains(expected), "{expected}: {arguments}");
    }
    assert!(!file("etc/systemd/system/kubelet.service").contains("User="));
    assert!(file("etc/kubernetes/kubelet.env").contains("--root-dir=/data/kubelet"));
    assert!(file("etc/kubernetes/etcd.env").contains("--data-dir=/data/etcd"));
    assert!(file("etc/containerd/config.toml").contains("sandbox_image = \"example.com/pause:3.9\""));

    let users = "g k8s 200\nu kube 200:k8s \"Kubernetes control plane\" / /usr/sbin/nologin\n";
    assert_eq!(file("etc/sysusers.d/kubernetes.conf"), users);
    let entries = file("etc/tmpfiles.d/kubernetes.conf");
    for line in [
        "d /etc/kubernetes/manifests 0755 root root",
        "d /data/kubelet 0700 root root",
        "d /data/etcd 0700 root root",
        "d /data/logs/kubelet 0750 root root",
        "d /data/logs/kube-scheduler 0750 kube k8s",
        "z /etc/kubernetes/pki/ca.key 0600 kube k8s",
        "z /etc/kubernetes/controller-manager.conf 0600 kube k8s",
    ] {
        assert!(entries.lines().any(|found| found == line), "{line}:\n{entries}");
    }
    // What the kubelet and etcd read stays root's.
    for never in ["kubelet.conf", "bootstrap-kubelet", "pki/etcd/", "kube-proxy"] {
        assert!(
            !entries.lines().any(|line| line.starts_with('z') && line.contains(never)),
            "{never}:\n{entries}"
        );
    }
    // A worker has no such user and nothing of it.
    assert!(!folder.path().join("nodes/two/etc/sysusers.d").exists());
    assert!(!read(folder.path(), "nodes/two/etc/tmpfiles.d/kubernetes.conf").contains("kube k8s"));
}

#[test]
fn the_file_of_static_tokens_is_kept_with_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let spec = spec("v1.20.2", "  join: {nodeCredentials: static-token}");
    assert!(spec.warnings().iter().any(|warning| warning.problem.contains("prefer bootstrap-token")));
    build(&spec, out);
    let csv = read(out, "authorities/token.csv");
    let rows = StaticToken::read(&csv).unwrap();
    assert_eq!((rows.len(), rows[0].user().as_str()), (1, "kubelet-bootstrap"));
    assert_eq!(read(out, "nodes/one/etc/kubernetes/token.csv"), csv);
    assert!(!out.join("nodes/two/etc/kubernetes/token.csv").exists());
    assert!(!out.join("manifests/bootstrap-token.yaml").exists());
    assert!(
        read(out, "nodes/one/etc/systemd/system/kube-apiserver.service")
            .contains("--token-auth-file=/etc/kubernetes/token.csv")
    );
    let bootstrap = read(out, "nodes/two/etc/kubernetes/bootstrap-kubelet.conf");
    assert!(bootstrap.contains(rows[0].expose_secret().expose_secret()));
    assert!(Plan::of(&spec, out, &mut Env::system()).unwrap().is_done());

    // A row that someone added goes to the API servers, and the first stays.
    let added = format!("{csv}0123456789abcdef,jane,7,\"dev\"\n");
    std::fs::remove_file(out.join("authorities/token.csv")).unwrap();
    kboot_core::bundle::write_new(&out.join("authorities/token.csv"), added.as_bytes(), 0o600).unwrap();
    build(&spec, out);
    assert_eq!(read(out, "nodes/one/etc/kubernetes/token.csv"), added);
    assert_eq!(read(out, "nodes/two/etc/kubernetes/bootstrap-kubelet.conf"), bootstrap);
}

#[test]
fn one_line_from_1_15_to_1_36_is_reported() {
    let example =
        include_str!("../../../examples/guides/three-masters-1.15.yaml").replace("rsa-2048", "ecdsa-p256");
    let folder = tempfile::tempdir().unwrap();
    build(&example.parse().unwrap(), folder.path());
    let moved: ClusterSpec = example.replace("v1.15.3", "v1.36.4").parse().unwrap();
    let plan = Plan::of(&moved, folder.path(), &mut Env::system()).unwrap();
    let reason = |path: &str| {
        let step = plan.steps().iter().find(|step| step.path.as_str().ends_with(path)).unwrap();
        assert_eq!(step.action, FileAction::Replace, "{path}");
        step.reason.as_ref().unwrap().to_string()
    };
    let kubelet = reason("k8s-master-1/etc/kubernetes/kubelet.env");
    for part in
        ["without --network-plugin (removed in 1.24", "without --pod-infra-container-image (removed in 1.35"]
    {
        assert!(kubelet.contains(part), "{part}: {kubelet}");
    }
    assert!(reason("k8s-master-1/var/lib/kubelet/config.yaml").contains("with containerRuntimeEndpoint"));
    let api_server = reason("k8s-master-1/etc/kubernetes/kube-apiserver.env");
    for part in ["without --insecure-port (removed in 1.24", "with --service-account-issuer"] {
        assert!(api_server.contains(part), "{part}: {api_server}");
    }
    // No certificate is touched.
    assert!(
        !plan
            .steps()
            .iter()
            .any(|step| step.path.as_str().ends_with(".crt") && step.action != FileAction::Keep)
    );
}

#[test]
fn the_runtime_finds_plug_ins_where_the_cluster_file_says() {
    let folder = tempfile::tempdir().unwrap();
    let nodes_file = |version: &str, more: &str, path: &str| {
        let out = folder.path().join(format!("{version} {more}"));
        build(&spec(version, more), &out);
        read(&out, &format!("nodes/two/{path}"))
    };
    let containerd = "etc/containerd/config.toml";
    // Read by every containerd from 1.3 on; 2.1 and later make a list of it.
    let section = "\n[plugins.\"io.containerd.grpc.v1.cri\".cni]\nbin_dir = \"/usr/lib/cni\"\n\n";
    for version in ["v1.20.2", "v1.36.4"] {
        let text = nodes_file(version, "  folders: {cniPlugins: /usr/lib/cni}", containerd);
        assert_eq!(text.matches(section).count(), 1, "{text}");
        let both = "  runtime: {sandboxImage: example.com/pause:1}\n  folders: {cniPlugins: /usr/lib/cni}";
        let text = nodes_file(version, both, containerd);
        assert!(
            text.contains(section) && text.contains("sandbox_image = \"example.com/pause:1\"\n\n"),
            "{text}"
        );
    }
    let crio = "  runtime: {name: cri-o}\n  folders: {cniPlugins: /usr/lib/cni}";
    let text = nodes_file("v1.36.4", crio, "etc/crio/crio.conf.d/10-kboot.conf");
    assert!(text.ends_with("\n[crio.network]\nplugin_dirs = [\"/usr/lib/cni\"]\n"), "{text}");
    // With Docker the kubelet looks for them itself.
    for version in ["v1.6.0", "v1.12.3", "v1.23.0"] {
        let docker = "  runtime: {name: docker}\n  folders: {cniPlugins: /usr/lib/cni}";
        let text = nodes_file(version, docker, "etc/systemd/system/kubelet.service");
        assert!(text.contains("--cni-bin-dir=/usr/lib/cni"), "{version}: {text}");
    }
    // Another runtime's kubelet has no say, and nobody who said nothing gets more than the default.
    let text = nodes_file("v1.20.2", crio, "etc/systemd/system/kubelet.service");
    assert!(!text.contains("cni"), "{text}");
    for (version, more, path) in [
        ("v1.20.2", "", containerd),
        ("v1.23.0", "  runtime: {name: cri-o}", "etc/crio/crio.conf.d/10-kboot.conf"),
        ("v1.23.0", "  runtime: {name: docker}", "etc/systemd/system/kubelet.service"),
    ] {
        let text = nodes_file(version, more, path);
        assert!(
            !text.contains("bin_dir") && !text.contains("plugin_dirs") && !text.contains("cni-bin-dir"),
            "{text}"
        );
    }
}

#[test]
fn choices_are_checked() {
    for (version, choice, problem) in [
        ("v1.20.2", "  user: {name: Kube}", "spec.user.name: \"Kube\" is not a user or group"),
        ("v1.20.2", "  user: {name: root}", "spec.user.name: root is what"),
        ("v1.20.2", "  user: {name: kube, id: 0}", "spec.user.id: must be 1 to 65533"),
        ("v1.20.2", "  user: {name: kube, id: 65534}", "spec.user.id: must be 1 to 65533"),
        ("v1.20.2", "  user: {name: kube, id: -1}", "spec.user.id: must be a whole number"),
        (
            "v1.20.2",
            "  user: {name: kube, id: '200'}",
            "spec.user.id: must be a whole number, found the text \"200\"",
        ),
        ("v1.20.2", "  folders: {programs: bin}", "spec.folders.programs: \"bin\" is not a folder"),
        ("v1.20.2", "  folders: {kubelet: '/data/../etc'}", "spec.folders.kubelet: "),
        ("v1.20.2", "  folders: {etcd: '/a b'}", "spec.folders.etcd: "),
        (
            "v1.20.2",
            "  folders: {cniPlugins: lib/cni}",
            "spec.folders.cniPlugins: \"lib/cni\" is not a folder",
        ),
        ("v1.20.2", "  folders: {cniPlugins: '/a\"]'}", "spec.folders.cniPlugins: "),
        ("v1.20.2", "  folders: {cniPlugins: '/a/../b'}", "spec.folders.cniPlugins: "),
        ("v1.20.2", "  folders: {cniPlugins: [/a]}", "spec.folders.cniPlugins: must be a text"),
        ("v1.20.2", "  runtime: {sandboxImage: 'a\"b'}", "spec.runtime.sandboxImage: "),
        ("v1.20.2", "  verify: {image: ''}", "spec.verify.image: "),
        ("v1.20.2", "  verify: {}", "spec.verify.image: is missing"),
        (
            "v1.20.2",
            "  units: {arguments: file}",
            "spec.units.arguments: \"file\" is not one of inline, environment-file",
        ),
        (
            "v1.20.2",
            "  kubeconfigs: {certificate: files}",
            "spec.kubeconfigs.certificate: unknown field; did you mean certificates?",
        ),
        ("v1.20.2", "  network: {etcdClientSecret: 'A B'}", "spec.network.etcdClientSecret: "),
        (
            "v1.11.0",
            "  join: {servingCertificates: csr}",
            "spec.join.servingCertificates: kubelets ask for serving",
        ),
        ("v1.24.0", "  runtime: {name: docker}", "spec.runtime.name: Kubernetes v1.24.0 has no dockershim"),
        (
            "v1.9.0",
            "  components: {kubelet: {config: {nodeLeaseDurationSeconds: 40}}}",
            "reads flags alone and has none for this field",
        ),
        ("v1.36.0", "  components: {kubelet: {extraArgs: {network-plugin: cni}}}", "removed in 1.24"),
        ("v1.15.0", "  components: {kubelet: {config: {topologyManagerPolicy: none}}}", "it came with 1.16"),
        ("v1.20.2", "  components: {kubelet: {extraArgs: {root-dir: /data}}}", "is not for changing"),
        ("v1.20.2", "  user: {name: nobody}", "is shared with other programs"),
        ("v1.20.2", "  user: {name: kube, group: root}", "is shared with other programs"),
        ("v1.20.2", "  folders: {kubelet: /etc}", "/etc is the system's"),
        ("v1.20.2", "  folders: {etcd: /var/lib}", "/var/lib is the system's"),
        ("v1.20.2", "  folders: {logs: /usr/log}", "/usr/log is the system's"),
        ("v1.20.2", "  folders: {kubelet: /data, etcd: /data}", "each needs its own"),
        ("v1.20.2", "  network: {etcdClientSecret: metrics-server-certificate}", "another Secret"),
        // A dot in a name must not make it the path of a guarded field, and no text may end a line.
        ("v1.9.0", "  components: {kubelet: {config: {'authorization.mode': AlwaysAllow}}}", "unknown field"),
        (
            "v1.36.0",
            "  components: {kubelet: {config: {'authentication.anonymous.enabled': true}}}",
            "unknown field",
        ),
        ("v1.36.0", "  components: {kubelet: {config: {'registerWithTaints[]': {}}}}", "unknown field"),
        (
            "v1.8.0",
            "  components: {kubeProxy: {config: {'clientConnection.kubeconfig': /x}}}",
            "unknown field",
        ),
        (
            "v1.9.0",
            "  components: {kubelet: {config: {resolvConf: \"/a\\0ExecStartPre=/b\"}}}",
            "must not hold control characters",
        ),
        (
            "v1.9.0",
            "  components: {kubelet: {config: {evictionHard: {\"a\\nb\": '1'}}}}",
            "must not hold control characters",
        ),
        (
            "v1.36.0",
            "  components: {kubelet: {config: {containerRuntimeEndpoint: 'tcp://x:1'}}}",
            "is not for changing",
        ),
        ("v1.36.0", "  components: {kubelet: {config: {staticPodURL: 'http://x'}}}", "is not for changing"),
        (
            "v1.7.0",
            "  components: {kubeApiserver: {extraArgs: {insecure-allow-any-token: 'true'}}}",
            "is not for changing",
        ),
        (
            "v1.20.2",
            "  components: {kubeApiserver: {extraArgs: {admission-control: AlwaysAdmit}}}",
            "use enable-admission-plugins",
        ),
        (
            "v1.20.2",
            "  components: {kubeApiserver: {extraArgs: {disable-admission-plugins: '\"NodeRestriction\"'}}}",
            "it stays on",
        ),
        (
            "v1.20.2",
            "  components: {kubeControllerManager: {extraArgs: {requestheader-username-headers: User-Agent}}}",
            "is not for changing",
        ),
        (
            "v1.20.2",
            "  components: {kubeScheduler: {extraArgs: {requestheader-client-ca-file: /x}}}",
            "is not for changing",
        ),
        (
            "v1.20.2",
            "  components: {kubelet: {extraArgs: {manifest-url: 'http://x'}}}",
            "is not for changing",
        ),
    ] {
        let found = problems(version, choice);
        assert!(found.iter().any(|line| line.contains(problem)), "{choice}: {found:#?}");
    }
    let logs = spec("v1.36.0", "  folders: {logs: /data}");
    assert!(logs.warnings()[0].problem.contains("logs go to the journal"));
}

/// Before `--enable-admission-plugins` the whole list is replaced; NodeRestriction stays in it.
#[test]
fn node_restriction_stays_in_an_old_list_too() {
    let folder = tempfile::tempdir().unwrap();
    build(
        &spec("v1.9.0", "  components: {kubeApiserver: {extraArgs: {admission-control: LimitRanger}}}"),
        folder.path(),
    );
    let unit = read(folder.path(), "nodes/one/etc/systemd/system/kube-apiserver.service");
    assert!(unit.contains("--admission-control=NodeRestriction,LimitRanger"), "{unit}");
}

/// A run from kubeconfigs to files that is killed anywhere leaves every key where the next run finds it.
#[test]
fn a_killed_move_to_files_loses_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let files = spec("v1.36.0", &format!("{CERTIFICATES}  kubeconfigs: {{certificates: files}}"));
    build(&spec("v1.36.0", CERTIFICATES), out);
    let before = keys(&out.join("nodes"));
    let plan = Plan::of(&files, out, &mut Env::system()).unwrap();
    // Files are written in the plan's order: each kubeconfig that loses its key comes after the key's file.
    let place = |path: &str| plan.steps().iter().position(|step| step.path.as_str() == path).unwrap();
    for (key, kubeconfig) in [
        ("etc/kubernetes/pki/kube-proxy.key", "var/lib/kube-proxy/kubeconfig.conf"),
        ("etc/kubernetes/pki/kubelet-client.key", "etc/kubernetes/kubelet.conf"),
        ("etc/kubernetes/pki/scheduler.key", "etc/kubernetes/scheduler.conf"),
    ] {
        assert!(place(&format!("nodes/one/{key}")) < place(&format!("nodes/one/{kubeconfig}")), "{key}");
    }
    // One node has gone the whole way, the other lost its kubeconfig's key and has no file.
    build(&files, out);
    for ending in ["key", "crt"] {
        std::fs::remove_file(out.join(format!("nodes/one/etc/kubernetes/pki/kube-proxy.{ending}"))).unwrap();
    }
    build(&files, out);
    assert_eq!(keys(&out.join("nodes")), before);
}

/// What a choice leaves behind is named: secrets, other programs' files, what kubectl would still apply.
#[test]
fn what_a_choice_leaves_behind_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let all = "  user: {name: kube}\n  verify: {image: nginx}\n  runtime: {name: docker}";
    build(&spec("v1.20.2", all), folder.path());
    let left = build(&spec("v1.20.2", "  pki: {authorities: single}"), folder.path());
    for path in [
        "manifests/verify.yaml",
        "authorities/etcd/ca.key",
        "authorities/front-proxy-ca.key",
        "nodes/one/etc/docker/daemon.json",
        "nodes/one/etc/systemd/system/docker.service.d/kubernetes.conf",
        "nodes/one/etc/sysusers.d/kubernetes.conf",
    ] {
        assert!(left.iter().any(|left| left == path), "{path}: {left:#?}");
    }
}

/// What stands in manifests besides roles and tokens comes only when it is asked for.
#[test]
fn manifests_that_someone_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    build(&spec("v1.36.0", ""), folder.path());
    let names = |out: &Path| -> BTreeSet<String> {
        std::fs::read_dir(out.join("manifests"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    assert_eq!(
        names(folder.path()).into_iter().collect::<Vec<_>>(),
        ["bootstrap-token.yaml", "metrics-server-certificate.yaml", "rbac.yaml"]
    );
    let asked = spec(
        "v1.36.0",
        "  verify: {image: 'nginx:1.27'}\n  network: {etcdClientSecret: calico-etcd-secrets}",
    );
    build(&asked, folder.path());
    assert!(
        names(folder.path()).is_superset(&["etcd-client.yaml".to_owned(), "verify.yaml".to_owned()].into())
    );
    let verify = read(folder.path(), "manifests/verify.yaml");
    assert!(verify.contains("apiVersion: apps/v1") && verify.contains("image: nginx:1.27"), "{verify}");
    // apps/v1 came with 1.9, rbac/v1 with 1.8.
    for (version, workload, roles) in [
        ("v1.7.0", "extensions/v1beta1", "v1beta1"),
        ("v1.8.0", "extensions/v1beta1", "v1"),
        ("v1.9.0", "apps/v1", "v1"),
    ] {
        let old = tempfile::tempdir().unwrap();
        build(&spec(version, "  verify: {image: nginx}"), old.path());
        assert!(
            read(old.path(), "manifests/verify.yaml").contains(&format!("apiVersion: {workload}\n")),
            "{version}"
        );
        let rbac = read(old.path(), "manifests/rbac.yaml");
        assert!(
            rbac.contains(&format!("apiVersion: rbac.authorization.k8s.io/{roles}\n")),
            "{version}: {rbac}"
        );
    }
    let client = read(folder.path(), "manifests/etcd-client.yaml");
    assert!(client.contains("name: calico-etcd-secrets") && client.contains("etcd-ca: "), "{client}");
    let inventory = read(folder.path(), "kboot.json");
    assert!(inventory.contains("network-etcd-client"));
    assert!(Plan::of(&asked, folder.path(), &mut Env::system()).unwrap().is_done());
}
