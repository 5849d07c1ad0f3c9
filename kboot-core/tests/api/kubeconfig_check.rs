//! Checking: a folder of kubeconfigs, with kubectl as the judge.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kboot_core::finding::{Finding, Severity};
use kboot_core::kubeconfig::{CheckEnvironment, FINDING_CODES, Kubeconfig, KubeconfigProblem};
use kboot_core::secret::SecretBytes;
use kboot_core::time::Timestamp;
use kboot_core::{Env, Lifetime};
use kboot_core::{
    pki::CertificateAuthority,
    x509::{Certificate, KeyAlgorithm},
};
use kboot_testkit::{Oracle, Verdict};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kubeconfigs")
}

struct Row {
    file: String,
    kubectl_loads: bool,
    kubectl_connects: bool,
    kboot: String,
    why: String,
}

fn table() -> Vec<Row> {
    let text = std::fs::read_to_string(corpus().join("table.tsv")).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<_> = line.split('\t').collect();
        Row {
            file: cells[0].to_owned(),
            kubectl_loads: cells[1] == "yes",
            kubectl_connects: cells[2] == "yes",
            kboot: cells[3].to_owned(),
            why: cells.get(4).copied().unwrap_or_default().to_owned(),
        }
    });
    rows.collect()
}

fn read(path: &Path) -> std::io::Result<SecretBytes> {
    std::fs::read(path).map(SecretBytes::new)
}

fn now() -> Timestamp {
    "2026-01-02T00:00:00Z".parse().unwrap()
}

fn parsed(file: &str) -> Option<Kubeconfig> {
    std::fs::read_to_string(corpus().join(file)).unwrap().parse().ok()
}

fn findings(config: &Kubeconfig) -> Vec<Finding<KubeconfigProblem>> {
    config.check(&CheckEnvironment::new(now(), corpus(), &read))
}

/// The errors that concern a context: its own, and those of its cluster and its user.
fn concerns(config: &Kubeconfig, context: &str, finding: &Finding<KubeconfigProblem>) -> bool {
    let mut places = vec![format!("contexts[{context}]")];
    if let Some(entry) = config.contexts.iter().find(|entry| entry.name == context) {
        places.push(format!("clusters[{}]", entry.value.cluster));
        places.push(format!("users[{}]", entry.value.user));
    }
    finding.severity == Severity::Error && places.iter().any(|place| finding.path.starts_with(place))
}

/// Whether kubectl came as far as talking to the server of the kubeconfig, or asking for credentials.
fn connects(verdict: &Verdict) -> bool {
    ["127.0.0.1:1 was refused", "Please enter Username", "getting credentials:"]
        .iter()
        .any(|sign| verdict.to_string().contains(sign))
}

#[test]
fn kboot_finds_what_the_table_says() {
    let mut seen = BTreeSet::new();
    for row in table() {
        let found = match parsed(&row.file) {
            None => "unreadable".to_owned(),
            Some(config) => {
                let findings = findings(&config);
                let words = findings.iter().map(|finding| format!("{}:{}", finding.severity, finding.code()));
                seen.insert(row.file.clone());
                words.collect::<Vec<_>>().join(" ")
            }
        };
        assert_eq!(if found.is_empty() { "-" } else { &found }, row.kboot, "{}", row.file);
    }
    assert!(seen.len() > 60);
    let files =
        std::fs::read_dir(corpus()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let kubeconfigs: BTreeSet<_> =
        files.filter(|file| file.ends_with(".yaml") || file == "good.json").collect();
    assert_eq!(kubeconfigs, table().into_iter().map(|row| row.file).collect(), "a file is not in the table");
}

#[test]
fn kubectl_refuses_what_kboot_calls_an_error() {
    let Some(kubectl) = Oracle::find("kubectl") else { return };
    for Row { file, kubectl_loads, kubectl_connects, kboot: _, why } in table() {
        let loads = kubectl.run(&corpus(), &["config", "view", "--kubeconfig", &file]);
        assert_eq!(loads.accepted, kubectl_loads, "{file}: {loads}");
        let version = ["get", "--raw", "/version", "--kubeconfig", &file];
        let verdict = kubectl.run(&corpus(), &version);
        assert_eq!(connects(&verdict), kubectl_connects, "{file}: {verdict}");

        let config = parsed(&file);
        let kboot_connects = config.as_ref().is_some_and(|config| {
            !findings(config).iter().any(|finding| {
                concerns(config, &config.current_context, finding)
                    || (finding.severity == Severity::Error
                        && ["(file)", "current-context"].contains(&finding.path.as_str()))
            })
        });
        let agree = config.is_some() == kubectl_loads && kboot_connects == kubectl_connects;
        assert_eq!(agree, why.is_empty(), "{file}: kubectl says {verdict}");
        let Some(config) = config.filter(|_| why.is_empty()) else { continue };
        for context in config.contexts.iter().map(|context| context.name.as_str()) {
            let verdict = kubectl.run(&corpus(), &[&version[..], &["--context", context]].concat());
            let errors: Vec<_> =
                findings(&config).into_iter().filter(|finding| concerns(&config, context, finding)).collect();
            assert_eq!(connects(&verdict), errors.is_empty(), "{file}, {context}: {verdict} {errors:?}");
        }
    }
}

/// Written again by kboot, a kubeconfig is to kubectl what it was.
#[test]
fn what_kboot_writes_again_means_the_same() {
    let Some(kubectl) = Oracle::find("kubectl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let view = |file: &Path| {
        let file = file.to_str().unwrap();
        kubectl.run(&corpus(), &["config", "view", "--raw", "-o", "json", "--kubeconfig", file])
    };
    for row in table() {
        let Some(config) = parsed(&row.file) else { continue };
        let copy = folder.path().join(&row.file);
        let text = config.to_yaml().unwrap();
        kboot_core::bundle::write_new(&copy, text.expose_secret().as_bytes(), 0o600).unwrap();
        let (before, after) = (view(&corpus().join(&row.file)), view(&copy));
        // Go tells an absent list or map from an empty one, and nothing else does.
        let json = |verdict: &Verdict| -> serde_json::Value {
            serde_json::from_str(&verdict.stdout.replace(": null", ": []").replace(": {}", ": []")).unwrap()
        };
        assert_eq!(json(&after), json(&before), "{}", row.file);
        let again: Kubeconfig = text.expose_secret().parse().unwrap();
        assert_eq!(again.to_yaml().unwrap().expose_secret(), text.expose_secret());
    }
}

#[test]
fn unknown_fields_come_out_again() {
    let text = parsed("good-unknown-fields.yaml").unwrap().to_yaml().unwrap();
    let value: serde_json::Value = serde_yaml::from_str(text.expose_secret()).unwrap();
    for (pointer, wanted) in [
        ("/preferences/colors", serde_json::json!(true)),
        ("/future-of-document/b", serde_json::json!([null, 1.5])),
        ("/clusters/0/cluster/future-of-cluster/a", serde_json::json!([1])),
        ("/clusters/0/cluster/disable-compression", serde_json::json!(true)),
        ("/clusters/0/cluster/extensions/0/extension/version", serde_json::json!("v1.30.0")),
        ("/users/0/user/future-of-user", serde_json::json!(1)),
        ("/contexts/0/context/future-of-context", serde_json::json!("text")),
    ] {
        assert_eq!(value.pointer(pointer), Some(&wanted), "{pointer}");
    }
}

/// What kubectl reads as a number, a boolean or nothing, kboot does not take for a text.
#[test]
fn plain_words_mean_what_they_mean_to_kubectl() {
    let Some(kubectl) = Oracle::find("kubectl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let words = "y n yes no on off Y N Yes True TRUE 0o17 0777 0x1F 1_000 0b11 +1 1e3 .inf .nan ~ Null null \
                 2026-01-02 12:30:45 << 1. .5 -1 0xg 'y' \"1\" a-b true";
    let mut differ = Vec::new();
    for (index, word) in words.split_whitespace().enumerate() {
        let text = format!("apiVersion: v1\nkind: Config\nusers:\n- name: u\n  user:\n    token: {word}\n");
        let file = format!("{index}.yaml");
        kboot_core::bundle::write_new(&folder.path().join(&file), text.as_bytes(), 0o600).unwrap();
        let view =
            ["config", "view", "--raw", "--kubeconfig", &file, "-o", "jsonpath={.users[0].user.token}"];
        let verdict = kubectl.run(folder.path(), &view);
        let theirs = verdict.accepted.then_some(verdict.stdout);
        let ours = text.parse::<Kubeconfig>().ok().map(|config| {
            let token = config.users[0].value.token.as_ref();
            token.map(|token| token.expose_secret().to_owned()).unwrap_or_default()
        });
        if ours != theirs {
            differ.push(format!("{word}: kubectl {theirs:?}, kboot {ours:?}"));
        }
    }
    assert_eq!(differ, Vec::<String>::new());
}

fn config(user: &str, cluster: &str) -> Kubeconfig {
    format!(
        "{{clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:1', {cluster}}}}}], \
         users: [{{name: u, user: {{{user}}}}}], \
         contexts: [{{name: x, context: {{cluster: c, user: u}}}}], current-context: x}}"
    )
    .parse()
    .unwrap()
}

fn codes(findings: &[Finding<KubeconfigProblem>]) -> Vec<&str> {
    findings.iter().map(|finding| finding.code()).collect()
}

#[test]
fn an_expected_authority_is_looked_for() {
    let ours = Certificate::from_pem(&std::fs::read(corpus().join("ca.crt")).unwrap()).unwrap();
    let mut env = Env::at(now());
    let lifetime: Lifetime = "1y".parse().unwrap();
    let another = CertificateAuthority::create("ca", KeyAlgorithm::EcdsaP256, lifetime, &mut env)
        .unwrap()
        .certificate()
        .clone();
    let user = "client-certificate: jane.crt, client-key: jane.key";
    for (cluster, authority, wanted) in [
        ("certificate-authority: ca.crt", &ours, vec![]),
        ("certificate-authority: ca.crt", &another, vec!["authority-differs", "client-certificate-foreign"]),
        ("", &ours, vec!["authority-differs"]),
        ("insecure-skip-tls-verify: true", &ours, vec!["insecure-skip-tls-verify"]),
    ] {
        let around = CheckEnvironment::new(now(), corpus(), &read).with_authority(authority);
        assert_eq!(codes(&config(user, cluster).check(&around)), wanted, "{cluster}");
    }
}

#[test]
fn a_file_that_others_can_read_is_named_if_it_holds_a_secret() {
    for (user, mode, loose) in [
        ("token: abcdef.0123456789abcdef", 0o644, true),
        ("token: abcdef.0123456789abcdef", 0o640, true),
        ("token: abcdef.0123456789abcdef", 0o600, false),
        ("client-key-data: aGVsbG8=, client-certificate: jane.crt", 0o604, true),
        ("exec: {env: [{name: A, value: b}]}", 0o604, true),
        ("tokenFile: token", 0o644, false),
        ("client-certificate: jane.crt, client-key: jane.key", 0o644, false),
    ] {
        let around = CheckEnvironment::new(now(), corpus(), &read).with_mode(mode);
        let findings = config(user, "").check(&around);
        assert_eq!(codes(&findings).contains(&"loose-mode"), loose, "{user} {mode:o}: {findings:?}");
    }
}

#[test]
fn every_code_is_tested() {
    let text = std::fs::read_to_string(corpus().join("table.tsv")).unwrap();
    let here = include_str!("kubeconfig_check.rs");
    for code in FINDING_CODES {
        let quoted = format!("\"{code}\"");
        assert!(text.contains(&format!(":{code}")) || here.contains(&quoted), "{code} is not tested");
    }
}

#[test]
fn findings_and_summaries_show_no_secret() {
    const MARKER: &str = "m4rkerm4rkerm4rk";
    let config = config(
        &format!(
            "token: abcdef.{MARKER}, password: {MARKER}, username: a, client-key-data: bTRya2VybTRya2VybTRyaw==, \
             client-certificate-data: bTRya2VybTRya2VybTRyaw==, as-groups: [a], \
             auth-provider: {{name: oidc, config: {{refresh-token: {MARKER}}}}}, \
             exec: {{command: a, env: [{{name: A, value: {MARKER}}}]}}"
        ),
        &format!("proxy-url: 'http://a:{MARKER}@b:x', certificate-authority-data: aGVsbG8="),
    );
    let around = CheckEnvironment::new(now(), corpus(), &read).with_mode(0o666);
    let findings = config.check(&around);
    assert!(findings.len() > 8, "{findings:?}");
    let mut shown = format!("{findings:?} {:?} {around:?} {config:?}", config.summary(&around));
    shown += &serde_json::to_string(&config.summary(&around)).unwrap();
    let server: Kubeconfig =
        format!("clusters: [{{name: c, cluster: {{server: 'https://a:{MARKER}@b:1'}}}}]").parse().unwrap();
    shown += &format!("{:?} {:?}", server.check(&around), server.summary(&around));
    assert!(!shown.contains(MARKER), "{shown}");
}

#[test]
fn summaries() {
    let around = CheckEnvironment::new(now(), corpus(), &read);
    let summary = parsed("good-certificate-files.yaml").unwrap().summary(&around);
    let value = serde_json::to_value(&summary).unwrap();
    assert_eq!(value["currentContext"], "x");
    assert_eq!(value["clusters"][0]["server"], "https://127.0.0.1:1");
    assert_eq!(value["clusters"][0]["authorities"][0]["subject"], "CN=ca");
    assert_eq!(value["users"][0]["credentials"], serde_json::json!(["certificate"]));
    let certificate = &value["users"][0]["certificate"];
    assert_eq!(certificate["organizations"], serde_json::json!(["dev", "ops"]));
    assert_eq!(certificate["notAfter"], "2118-01-01T00:00:00Z");
    assert_eq!(certificate["validNow"], true);
    let expired = parsed("stricter-certificate-expired.yaml").unwrap().summary(&around);
    assert!(!expired.users[0].certificate.as_ref().unwrap().valid_now);
    let bootstrap = parsed("good-bootstrap-token.yaml").unwrap().summary(&around);
    assert_eq!(bootstrap.users[0].bootstrap_token_id.as_deref(), Some("abcdef"));
    let exec = parsed("good-exec-v1.yaml").unwrap().summary(&around);
    assert_eq!(exec.users[0].command.as_deref(), Some("cat"));
}
