//! `kboot kubeconfig` and `kboot token static`: what they print where, their exit codes, and kubectl's opinion.

use std::os::unix::fs::PermissionsExt;

use crate::common::{CLUSTER, built, kboot_with, mode, run, succeed, write};
use kboot_core::kubeconfig::Kubeconfig;
use kboot_testkit::Oracle;
use serde_json::{Value, json};

fn config(name: &str, server: &str, token: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Config, clusters: [{{name: {name}, cluster: {{server: '{server}'}}}}], \
         users: [{{name: {name}, user: {{token: {token}}}}}], \
         contexts: [{{name: {name}, context: {{cluster: {name}, user: {name}}}}}], current-context: {name}}}"
    )
}

#[test]
fn a_user_gets_a_certificate_and_a_kubeconfig() {
    let folder = built();
    let user = "kubeconfig user --ca out/authorities --server 192.0.2.1 jane --group dev --group ops";
    let outcome =
        run(&folder, &format!("{user} --lifetime 10h --cluster-name c --context-name x --namespace dev"));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("issued O=dev, O=ops, CN=jane until"), "{}", outcome.stderr);
    let config: Kubeconfig = outcome.stdout.parse().unwrap();
    let (cluster, _) = config.current().unwrap();
    assert_eq!((config.current_context.as_str(), cluster.server.as_str()), ("x", "https://192.0.2.1:6443"));
    let (certificate, key) = config.client_certificate().unwrap();
    let facts = certificate.facts();
    assert_eq!(
        (facts.common_name.as_str(), facts.organizations.as_slice()),
        ("jane", ["dev", "ops"].map(str::to_owned).as_slice())
    );
    assert_eq!(facts.validity.not_after.unix() - facts.validity.not_before.unix(), 10 * 3600 + 300);
    assert_eq!(facts.public_key.der(), key.public_key().der());

    let by_files = "kubeconfig user --ca-cert out/authorities/ca.crt --ca-key out/authorities/ca.key \
                    --server 192.0.2.1 system:kube-proxy --key-algorithm rsa-2048 --out proxy.conf"
        .replace("  ", "");
    let outcome = run(&folder, &by_files);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), ""), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("names that begin with system:"), "{}", outcome.stderr);
    assert_eq!(mode(&folder.path().join("proxy.conf")), 0o600);
    let check = "kubeconfig check proxy.conf --certificate-authority out/authorities/ca.crt";
    let outcome = run(&folder, check);
    assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (Some(0), "", ""));

    let masters = user.replace("--group dev", "--group system:masters");
    assert_eq!(run(&folder, &format!("{masters} --allow-system-masters")).code, Some(0));
    for (wrong, said) in [
        (masters, "--allow-system-masters"),
        (user.replace("--group dev", "--group system:nodes"), "both or neither"),
        (user.replace(" jane", " system:anonymous"), "knows otherwise"),
        (user.replace("--ca out/authorities", "--ca nowhere"), "holds no authority"),
        (user.replace("--ca out/authorities", "--ca-cert out/authorities/ca.crt"), "--ca-key"),
        (user.replace("out/authorities", "out/manifests"), "holds no authority"),
        (format!("{user} --lifetime 0"), "single second"),
        (format!("{user} --namespace No_Namespace"), "is not a namespace"),
        (format!("{user} --out proxy.conf"), "is there already"),
    ] {
        let outcome = run(&folder, wrong.replace("  ", " ").trim());
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{wrong}");
        assert!(outcome.stderr.contains(said), "{wrong}: {}", outcome.stderr);
    }
}

#[test]
fn a_bootstrap_kubeconfig_holds_a_token_that_was_looked_at() {
    let folder = built();
    let bootstrap = "kubeconfig bootstrap --server 192.0.2.1 --certificate-authority out/authorities/ca.crt";
    write(&folder.path().join("token"), b"abcdef.0123456789abcdef\n");
    let outcome = run(&folder, &format!("{bootstrap} --token-file token"));
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    let config: Kubeconfig = outcome.stdout.parse().unwrap();
    assert_eq!(config.current_context, "tls-bootstrap-token-user@kubernetes");
    let token = config.current().unwrap().1.token.as_ref().unwrap();
    assert_eq!(token.expose_secret(), "abcdef.0123456789abcdef");
    let arguments: Vec<_> =
        bootstrap.split(' ').chain(["--token-file", "-", "--user", "kubelet-bootstrap"]).collect();
    let piped = kboot_with(folder.path(), &arguments, b"abcdef.0123456789abcdef");
    assert!(piped.stdout.contains("current-context: kubelet-bootstrap@kubernetes"), "{}", piped.stderr);
    write(&folder.path().join("bad"), b"abcdef.0123456789abcdeF\n");
    for (wrong, said) in [
        (format!("{bootstrap} --token-file bad"), "not a bootstrap token"),
        (format!("{bootstrap} --token-file gone"), "cannot read gone"),
        (bootstrap.to_owned(), "--token-file"),
    ] {
        let outcome = run(&folder, &wrong);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{wrong}");
        assert!(
            outcome.stderr.contains(said) && !outcome.stderr.contains("0123456789"),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn merging_says_what_it_does_and_fails_by_default() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("other")).unwrap();
    let put = |name: &str, text: &str| write(&folder.path().join(name), text.as_bytes());
    put("a", &config("c", "https://a", "token-of-a"));
    put("b", &config("c", "https://b", "token-of-b"));
    put(
        "d",
        &config("d", "https://d", "token-of-d").replace("server:", "certificate-authority: ca.crt, server:"),
    );
    std::fs::rename(folder.path().join("d"), folder.path().join("other/d")).unwrap();

    let outcome = run(&folder, "kubeconfig merge a b other/d --out merged");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""));
    for part in ["cluster \"c\" of \"b\"", "user \"c\" of \"b\"", "--strategy"] {
        assert!(outcome.stderr.contains(part), "{}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("token-of") && !folder.path().join("merged").exists());

    let outcome = run(&folder, "kubeconfig merge a other/d");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("added cluster \"d\" from \"other/d\""), "{}", outcome.stderr);
    let authority =
        format!("certificate-authority: {}/other/ca.crt", folder.path().canonicalize().unwrap().display());
    assert!(outcome.stdout.contains(&authority), "{}", outcome.stdout);

    let server = |strategy: &str| {
        let outcome = run(&folder, &format!("kubeconfig merge a b --strategy {strategy}"));
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        let config: Kubeconfig = outcome.stdout.parse().unwrap();
        let servers: Vec<_> = config.clusters.iter().map(|cluster| cluster.value.server.clone()).collect();
        (servers.join(" "), outcome.stderr)
    };
    let (servers, said) = server("keep");
    assert_eq!(servers, "https://a");
    assert!(said.contains("left out cluster \"c\" of \"b\""), "{said}");
    let (servers, said) = server("replace");
    assert_eq!(servers, "https://b");
    assert!(said.contains("replaced user \"c\" with that of \"b\"") && !said.contains("token-of"), "{said}");
    let (servers, said) = server("rename");
    assert_eq!(servers, "https://a https://b");
    assert!(said.contains("as \"c-2\""), "{said}");

    let written = run(&folder, "kubeconfig merge a a --out merged");
    assert_eq!((written.code, written.stdout.as_str(), written.stderr.as_str()), (Some(0), "", ""));
    assert_eq!(mode(&folder.path().join("merged")), 0o600);
    assert_eq!(run(&folder, "kubeconfig merge a --out merged").code, Some(2));
    let piped = kboot_with(
        folder.path(),
        &["kubeconfig", "merge", "-", "a"],
        config("e", "https://e", "token-of-e").as_bytes(),
    );
    assert!(piped.stdout.contains("https://e") && piped.stdout.contains("https://a"), "{}", piped.stderr);
}

#[test]
fn bad_files_are_one_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| write(&folder.path().join(name), text.as_bytes());
    put("good", &config("c", "https://a", "token-of-a"));
    put("twice", &config("c", "https://a", "token-of-a").replace("users: [", "users: [{name: c}, "));
    put("number", &config("c", "https://a", "12345678"));
    put("version", "apiVersion: v2\nkind: Config\n");
    put("yes", &config("yes", "https://a", "token-of-a"));
    put("broken", "token-of-a: [");
    for (file, said) in [
        ("twice", "two user entries are named \"c\""),
        ("number", "wrong type"),
        ("version", "expected v1 Config"),
        ("yes", "is a boolean to kubectl"),
        ("broken", "not readable as YAML"),
        ("gone", "cannot read gone"),
    ] {
        for command in ["merge good", "merge", "inspect", "check"] {
            let out = if command.starts_with("merge") { " --out new" } else { "" };
            let outcome = run(&folder, &format!("kubeconfig {command} {file}{out}"));
            assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{command} {file}");
            let lines: Vec<_> = outcome.stderr.lines().collect();
            assert!(lines.len() == 1 && lines[0].contains(said) && lines[0].contains(file), "{lines:?}");
            assert!(
                !outcome.stderr.contains("token-of") && !outcome.stderr.contains("12345678"),
                "{lines:?}"
            );
            assert!(!folder.path().join("new").exists());
        }
    }
    // An empty file is an empty configuration to kubectl, which then goes to localhost:8080.
    put("empty", "");
    assert_eq!(run(&folder, "kubeconfig merge good empty").code, Some(2));
    for command in ["check", "inspect"] {
        let outcome = run(&folder, &format!("kubeconfig {command} empty"));
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""));
        assert!(outcome.stderr.contains("empty is empty"), "{}", outcome.stderr);
    }
}

#[test]
fn inspecting_shows_everything_but_secrets() {
    let folder = built();
    let table = run(&folder, "kubeconfig inspect out/admin.conf");
    assert_eq!((table.code, table.stderr.as_str()), (Some(0), ""));
    for part in
        ["CURRENT", "*", "https://192.0.2.1:6443", "CN=kubernetes", "certificate", "O=kubeadm:cluster-admins"]
    {
        assert!(table.stdout.contains(part), "{}", table.stdout);
    }
    let json: Value =
        serde_json::from_str(&run(&folder, "kubeconfig inspect out/admin.conf -o json").stdout).unwrap();
    assert_eq!(json["users"][0]["certificate"]["organizations"], json!(["kubeadm:cluster-admins"]));
    assert_eq!(json["users"][0]["credentials"], json!(["certificate"]));
    let yaml = run(&folder, "kubeconfig inspect out/admin.conf -o yaml").stdout;
    assert!(yaml.contains("currentContext: kubernetes-admin@kubernetes"), "{yaml}");
    write(&folder.path().join("token.conf"), config("c", "https://a", "abcdef.0123456789abcdef").as_bytes());
    for format in ["table", "json", "yaml"] {
        let shown = run(&folder, &format!("kubeconfig inspect token.conf -o {format}")).stdout;
        assert!(shown.contains("abcdef") && !shown.contains("0123456789"), "{shown}");
        let keys = run(&folder, &format!("kubeconfig inspect out/admin.conf -o {format}")).stdout;
        assert!(!keys.contains("LS0t") && !keys.contains("PRIVATE"), "{keys}");
    }
    // A name from a stranger's file does not write to the terminal.
    write(&folder.path().join("evil"), br#"{users: [{name: "a\u001b[2Jb", user: {token: t}}]}"#);
    for command in ["inspect evil", "check evil"] {
        let shown = run(&folder, &format!("kubeconfig {command}")).stdout;
        assert!(shown.contains("\\u{1b}") && !shown.contains('\u{1b}'), "{shown:?}");
    }
}

#[test]
fn checking_answers_with_its_exit_code() {
    let folder = built();
    let outcome = run(&folder, "kubeconfig check out/admin.conf out/nodes/one/etc/kubernetes/scheduler.conf");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), ""));
    // Warnings alone are no "no".
    let masters = run(&folder, "kubeconfig check out/super-admin.conf");
    assert_eq!(masters.code, Some(0));
    assert!(
        masters.stdout.contains("out/super-admin.conf: warning: users[")
            && masters.stdout.contains("(system-masters)"),
        "{}",
        masters.stdout
    );

    std::fs::set_permissions(folder.path().join("out/admin.conf"), std::fs::Permissions::from_mode(0o644))
        .unwrap();
    let loose = run(&folder, "kubeconfig check out/admin.conf -o json");
    let json: Value = serde_json::from_str(&loose.stdout).unwrap();
    assert_eq!(json[0]["code"], "loose-mode");
    assert_eq!((&json[0]["severity"], &json[0]["file"]), (&json!("warning"), &json!("out/admin.conf")));

    let another = built();
    let authority = another.path().join("out/authorities/ca.crt");
    let stale = run(
        &folder,
        &format!("kubeconfig check out/admin.conf --certificate-authority {}", authority.display()),
    );
    assert_eq!(stale.code, Some(1));
    for code in ["(authority-differs)", "(client-certificate-foreign)"] {
        assert!(stale.stdout.contains(code), "{}", stale.stdout);
    }

    write(&folder.path().join("bad"), config("c", "", "t").as_bytes());
    let bad = run(&folder, "kubeconfig check bad out/admin.conf gone");
    assert_eq!(bad.code, Some(2), "what cannot be read weighs more");
    assert!(
        bad.stdout.contains("bad: error: clusters[c].server") && bad.stderr.contains("cannot read gone"),
        "{}",
        bad.stdout
    );
    assert_eq!(run(&folder, "kubeconfig check bad -o yaml").code, Some(1));
    let piped = kboot_with(folder.path(), &["kubeconfig", "check", "-"], config("c", "", "t").as_bytes());
    assert!(piped.code == Some(1) && piped.stdout.starts_with("stdin: error:"), "{}", piped.stdout);
}

#[test]
fn kubectl_takes_what_user_bootstrap_and_merge_write() {
    let Some(kubectl) = Oracle::find("kubectl") else { return };
    let folder = built();
    write(&folder.path().join("token"), b"abcdef.0123456789abcdef");
    for command in [
        "user --ca out/authorities --server 127.0.0.1:1 jane --out user.conf",
        "bootstrap --certificate-authority out/authorities/ca.crt --server 127.0.0.1:1 --token-file token --out bootstrap.conf",
        "merge user.conf bootstrap.conf --out merged.conf",
    ] {
        let outcome = run(&folder, &format!("kubeconfig {command}"));
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    }
    for (file, context) in [
        ("user.conf", "jane@kubernetes"),
        ("bootstrap.conf", "tls-bootstrap-token-user@kubernetes"),
        ("merged.conf", "jane@kubernetes"),
        ("merged.conf", "tls-bootstrap-token-user@kubernetes"),
    ] {
        let verdict = kubectl
            .run(folder.path(), &["get", "--raw", "/version", "--kubeconfig", file, "--context", context]);
        assert!(verdict.stderr.contains("127.0.0.1:1 was refused"), "{file}, {context}: {verdict}");
    }
}

#[test]
fn static_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let create =
        "token static create --user kubelet-bootstrap --uid 10001 --group system:bootstrappers --group b";
    let outcome = run(&folder, create);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let (token, rest) = outcome.stdout.split_at(32);
    assert!(token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{}", outcome.stdout);
    assert_eq!(rest, ",kubelet-bootstrap,10001,\"system:bootstrappers,b\"\n");
    assert!(outcome.stderr.contains("until kube-apiserver is restarted"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains(token));

    assert_eq!(run(&folder, &format!("{create} --out token.csv")).code, Some(0));
    assert_eq!(mode(&folder.path().join("token.csv")), 0o600);
    assert_eq!(run(&folder, &format!("{create} --out token.csv")).code, Some(2));
    let check = run(&folder, "token static check token.csv");
    assert_eq!(check.code, Some(0), "{}", check.stderr);
    assert!(check.stdout.contains("kubelet-bootstrap   10001   system:bootstrappers, b"), "{}", check.stdout);
    let secret = std::fs::read_to_string(folder.path().join("token.csv")).unwrap()[..32].to_owned();
    let json = run(&folder, "token static check token.csv -o json").stdout;
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()[0]["groups"][1], "b");
    assert!(!json.contains(&secret) && !check.stdout.contains(&secret));

    let read = |rows: &[u8]| kboot_with(folder.path(), &["token", "static", "check", "-"], rows);
    let none = read(b"secret-token,jane,1,\"\"\n");
    assert_eq!(none.code, Some(0));
    assert!(none.stderr.contains("\"jane\" is in no group"), "{}", none.stderr);
    for (rows, said) in [
        ("secret-token,jane\n", "line 1: it has fewer than four columns"),
        ("secret-token,jane,1\n", "line 1: it has three columns, and no groups"),
        ("", "it is empty"),
        ("a,b,c,d\nsecret-token,jane\n", "line 2: it has fewer than four columns"),
        (",jane,1,g\n", "line 1: the token is empty"),
        ("secret-token,,1,g\n", "line 1: the user is empty"),
        ("secret-token,jane,,g\n", "line 1: the uid is empty"),
        ("secret-token,jane,1,g\nsecret-token,joe,2,g\n", "line 2: the token is that of line 1"),
        ("secret-token,jane,1,system:masters\n", "line 1: the group system:masters"),
        ("secret-token,\"jane,1\n", "line 1: a quote is not closed"),
    ] {
        let outcome = read(rows.as_bytes());
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{rows}");
        assert!(
            outcome.stderr.contains(said) && !outcome.stderr.contains("secret-token"),
            "{}",
            outcome.stderr
        );
    }
    let masters = create.replace("--group b", "--group system:masters");
    assert_eq!(run(&folder, &masters).code, Some(2));
    let allowed = run(&folder, &format!("{masters} --allow-system-masters"));
    assert_eq!(allowed.code, Some(0));
    let arguments = ["token", "static", "check", "-", "--allow-system-masters"];
    assert_eq!(kboot_with(folder.path(), &arguments, allowed.stdout.as_bytes()).code, Some(0));
    for wrong in [
        "token static create --user u",
        "token static create --uid 1",
        "token static create --user u --uid 1 --group a,b",
    ] {
        assert_eq!(run(&folder, wrong).code, Some(2), "{wrong}");
    }

    // As a kubeconfig: any token will do.
    write(&folder.path().join("cluster.yaml"), CLUSTER.as_bytes());
    assert_eq!(run(&folder, "cluster build -f cluster.yaml --out out").code, Some(0));
    write(&folder.path().join("token"), secret.as_bytes());
    let config = run(
        &folder,
        "kubeconfig build --server 192.0.2.1 --certificate-authority out/authorities/ca.crt --user u --token-file token",
    );
    assert!(config.stdout.contains(&secret), "{}", config.stderr);
}

/// Everything that a user's kubeconfig needs stands in an output folder.
#[test]
fn a_users_kubeconfig_comes_from_an_output_folder() {
    let folder = built();
    let identity = "kubernetes@https://192.0.2.1:6443";
    for arguments in ["kubeconfig user jane", "kubeconfig user jane --ca out/authorities"] {
        let text = succeed(&folder, arguments).stdout;
        let kubeconfig: Kubeconfig = text.parse().unwrap();
        let [cluster] = kubeconfig.clusters.as_slice() else { panic!("{text}") };
        assert_eq!(format!("{}@{}", cluster.name, cluster.value.server), identity, "{arguments}");
    }
    let other = succeed(&folder, "kubeconfig user jane --server 192.0.2.9 --cluster-name prod").stdout;
    assert!(other.contains("https://192.0.2.9:6443") && other.contains("name: prod"), "{other}");
    succeed(&folder, "ca create --out pki");
    let nowhere = run(&folder, "kubeconfig user jane --ca pki");
    assert!(nowhere.code == Some(2) && nowhere.stderr.contains("--server is missing"), "{}", nowhere.stderr);
    write(&folder.path().join("out/kboot.json"), b"{");
    let damaged = run(&folder, "kubeconfig user jane");
    assert!(damaged.code == Some(2) && damaged.stderr.contains("kboot.json"), "{}", damaged.stderr);
}
