//! Merging: its laws, and kubectl's opinion.

use std::path::Path;

use kboot_core::kubeconfig::{Kubeconfig, KubeconfigError, MergeSource, MergeStrategy, Merged, merge};
use kboot_testkit::Oracle;
use proptest::prelude::*;
use serde_json::{Value, json};

fn parse(text: &str) -> Kubeconfig {
    text.parse().unwrap()
}

fn value(config: &Kubeconfig) -> Value {
    serde_json::to_value(config).unwrap()
}

fn merged(texts: &[&str], strategy: MergeStrategy) -> Result<Merged, KubeconfigError> {
    let sources =
        texts.iter().zip('a'..).map(|(text, name)| MergeSource::new(name, format!("/{name}"), parse(text)));
    merge(sources.collect(), strategy)
}

fn said(merged: &Merged) -> Vec<String> {
    merged.changes.iter().map(ToString::to_string).collect()
}

const OURS: &str = "
clusters: [{name: c, cluster: {server: 'https://10.0.0.1', certificate-authority: ca.crt, future: {a: 1}}}]
users: [{name: u, user: {token: ours-secret}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
preferences: {colors: true}
";
const THEIRS: &str = "
clusters: [{name: c, cluster: {server: 'https://10.0.0.1', certificate-authority: ca.crt, future: {a: 2}}}]
users: [{name: u, user: {token: theirs-secret}}, {name: v, user: {tokenFile: ../t}}]
contexts: [{name: x, context: {cluster: c, user: u}}, {name: z, context: {cluster: c, user: v, namespace: ns}}]
current-context: z
preferences: {colors: false}
later: {key: [1]}
";

#[test]
fn two_different_entries_of_one_name_are_an_error_that_names_them_all() {
    let error = merged(&[OURS, THEIRS], MergeStrategy::default()).unwrap_err();
    let text = error.to_string();
    for part in [r#"cluster "c" of "b""#, r#"user "u" of "b""#, r#"key "preferences" of "b""#] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("secret") && !format!("{error:?}").contains("secret"), "{text}");
}

#[test]
fn keep_leaves_the_first() {
    let merged = merged(&[OURS, THEIRS], MergeStrategy::Keep).unwrap();
    let value = value(&merged.kubeconfig);
    assert_eq!(value["clusters"][0]["cluster"]["future"]["a"], 1);
    assert_eq!(value["users"][0]["user"]["token"], "ours-secret");
    assert_eq!(value["users"][1]["user"]["tokenFile"], "/t");
    assert_eq!((&value["current-context"], &value["preferences"]["colors"]), (&json!("x"), &json!(true)));
    assert_eq!(value["later"]["key"], json!([1]));
    assert_eq!(
        said(&merged),
        [
            // Not the same: the authority's file is another one.
            r#"left out cluster "c" of "b": a different one is there"#,
            r#"left out user "u" of "b": a different one is there"#,
            r#"added user "v" from "b""#,
            r#"added context "z" from "b""#,
            // Both use the cluster that was left out.
            r#"context "x" of "b" now leads to another cluster or user of the name that it uses"#,
            r#"context "z" of "b" now leads to another cluster or user of the name that it uses"#,
            r#"left out current context "z" of "b": another one is set"#,
            r#"added key "later" from "b""#,
            r#"left out key "preferences" of "b": a different one is there"#,
        ]
    );
}

#[test]
fn replace_takes_the_later() {
    let merged = merged(&[OURS, THEIRS], MergeStrategy::Replace).unwrap();
    let value = value(&merged.kubeconfig);
    assert_eq!(value["clusters"][0]["cluster"]["future"]["a"], 2);
    assert_eq!(value["clusters"][0]["cluster"]["certificate-authority"], "/b/ca.crt");
    assert_eq!(value["users"][0]["user"]["token"], "theirs-secret");
    assert_eq!(value["preferences"]["colors"], false);
    assert_eq!(value["current-context"], "x");
    assert!(said(&merged).contains(&r#"replaced user "u" with that of "b""#.to_owned()));
}

#[test]
fn rename_keeps_both_and_contexts_follow() {
    let merged = merged(&[OURS, THEIRS, THEIRS], MergeStrategy::Rename).unwrap();
    let value = value(&merged.kubeconfig);
    let names = |list: &str| -> Vec<String> {
        let list = value[list].as_array().unwrap().iter();
        list.map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
    };
    // The third one is the second one from another folder: its paths differ.
    assert_eq!(names("clusters"), ["c", "c-2", "c-3"]);
    assert_eq!(names("users"), ["u", "u-2", "v"]);
    assert_eq!(names("contexts"), ["x", "x-2", "z", "x-3", "z-2"]);
    assert_eq!(value["contexts"][1]["context"], json!({"cluster": "c-2", "user": "u-2"}));
    assert_eq!(value["contexts"][4]["context"], json!({"cluster": "c-3", "user": "v", "namespace": "ns"}));
    let change = said(&merged).into_iter().find(|change| change.contains("current context")).unwrap();
    assert_eq!(change, r#"left out current context "z" of "b": another one is set"#);
    let without_current = OURS.replace("current-context: x", "");
    let merged = self::merged(&[&without_current, THEIRS], MergeStrategy::Rename).unwrap();
    assert_eq!(merged.kubeconfig.current_context, "z");
}

#[test]
fn a_new_name_is_one_that_nobody_has() {
    let with = |names: &str, server: &str| {
        let entry = |name: &str| format!("{{name: {name}, cluster: {{server: '{server}'}}}}");
        format!("clusters: [{}]", names.split(' ').map(entry).collect::<Vec<_>>().join(","))
    };
    let merged =
        merged(&[&with("c", "https://a"), &with("c c-2", "https://b")], MergeStrategy::Rename).unwrap();
    let names: Vec<_> = merged.kubeconfig.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
    assert_eq!(names, ["c", "c-3", "c-2"]);
}

#[test]
fn a_relative_folder_is_refused() {
    let error = merge(vec![MergeSource::new("a", "b", parse(OURS))], MergeStrategy::Keep).unwrap_err();
    assert!(error.to_string().contains("not an absolute path"), "{error}");
}

/// Any kubeconfig with few names, so that they meet; some with keys that kboot does not know.
fn any_config() -> impl Strategy<Value = Value> {
    let name = || "[abc]";
    let cluster = (name(), "https://[12]", prop::option::of(0..2)).prop_map(|(name, server, future)| {
        let mut cluster = json!({"server": server});
        if let Some(future) = future {
            cluster["extensions"] = json!([{"name": "e", "extension": {"future": future}}]);
        }
        (name.clone(), json!({"name": name, "cluster": cluster}))
    });
    let user = (name(), "[12]", any::<bool>()).prop_map(|(name, token, path)| {
        let user = if path {
            json!({"client-certificate": format!("{token}.crt")})
        } else {
            json!({"token": token})
        };
        (name.clone(), json!({"name": name, "user": user}))
    });
    let context = (name(), name(), name())
        .prop_map(|(name, c, u)| (name.clone(), json!({"name": name, "context": {"cluster": c, "user": u}})));
    let list = |entry: BoxedStrategy<(String, Value)>| {
        prop::collection::btree_map(any::<u8>(), entry, 0..4).prop_map(|list| {
            let unique: std::collections::BTreeMap<_, _> = list.into_values().collect();
            unique.into_values().collect::<Vec<_>>()
        })
    };
    (list(cluster.boxed()), list(user.boxed()), list(context.boxed()), "[abc]?").prop_map(
        |(clusters, users, contexts, current)| {
            json!({"apiVersion": "v1", "kind": "Config", "clusters": clusters, "users": users,
                   "contexts": contexts, "current-context": current})
        },
    )
}

fn in_one_folder(configs: &[&Value], strategy: MergeStrategy) -> Result<Merged, KubeconfigError> {
    let sources = configs.iter().map(|config| MergeSource::new("s", "/s", parse(&config.to_string())));
    merge(sources.collect(), strategy)
}

proptest! {
    #[test]
    fn a_merge_with_itself_changes_nothing(config in any_config()) {
        let once = value(&in_one_folder(&[&config], MergeStrategy::Fail).unwrap().kubeconfig);
        for strategy in [MergeStrategy::Fail, MergeStrategy::Keep, MergeStrategy::Replace, MergeStrategy::Rename] {
            let twice = in_one_folder(&[&config, &config], strategy).unwrap();
            prop_assert_eq!(&value(&twice.kubeconfig), &once);
            prop_assert_eq!(said(&twice), Vec::<String>::new());
        }
    }

    #[test]
    fn keep_is_associative(a in any_config(), b in any_config(), c in any_config()) {
        let keep = |configs: &[&Value]| value(&in_one_folder(configs, MergeStrategy::Keep).unwrap().kubeconfig);
        let all = keep(&[&a, &b, &c]);
        prop_assert_eq!(&keep(&[&keep(&[&a, &b]), &c]), &all);
        prop_assert_eq!(&keep(&[&a, &keep(&[&b, &c])]), &all);
    }

    /// Where there is no conflict the strategies agree; where there is one, failing says so.
    #[test]
    fn without_conflict_the_strategy_does_not_matter(a in any_config(), b in any_config()) {
        let merged = |strategy| in_one_folder(&[&a, &b], strategy);
        let keep = merged(MergeStrategy::Keep).unwrap();
        match merged(MergeStrategy::Fail) {
            Ok(fail) => {
                for strategy in [MergeStrategy::Keep, MergeStrategy::Replace, MergeStrategy::Rename] {
                    prop_assert_eq!(value(&merged(strategy).unwrap().kubeconfig), value(&fail.kubeconfig));
                }
            }
            Err(_) => prop_assert!(said(&keep).iter().any(|line| line.starts_with("left out"))),
        }
    }

    /// Under rename nothing is lost: every entry of either file is there, whatever it is called now, and
    /// what is called by a name is what its own file meant.
    #[test]
    fn rename_loses_nothing(a in any_config(), b in any_config()) {
        let merged = value(&in_one_folder(&[&a, &b], MergeStrategy::Rename).unwrap().kubeconfig);
        let a = value(&in_one_folder(&[&a], MergeStrategy::Fail).unwrap().kubeconfig);
        let b = value(&in_one_folder(&[&b], MergeStrategy::Fail).unwrap().kubeconfig);
        for (list, key) in [("clusters", "cluster"), ("users", "user")] {
            for entry in a[list].as_array().unwrap() {
                prop_assert!(merged[list].as_array().unwrap().contains(entry));
            }
            for entry in b[list].as_array().unwrap() {
                prop_assert!(merged[list].as_array().unwrap().iter().any(|there| there[key] == entry[key]));
            }
        }
        // What a context of the second file leads to is the same before and after.
        let found = |config: &Value, list: &str, key: &str, name: &Value| {
            let list = config[list].as_array().unwrap().iter();
            list.clone().find(|entry| entry["name"] == *name).map(|entry| entry[key].clone())
        };
        let ends = |config: &Value, context: &Value| {
            (found(config, "clusters", "cluster", &context["cluster"]),
             found(config, "users", "user", &context["user"]))
        };
        for entry in b["contexts"].as_array().unwrap() {
            let wanted = ends(&b, &entry["context"]);
            let reached = merged["contexts"].as_array().unwrap().iter().any(|there| {
                let (cluster, user) = ends(&merged, &there["context"]);
                (wanted.0.is_none() || wanted.0 == cluster) && (wanted.1.is_none() || wanted.1 == user)
            });
            prop_assert!(reached, "{entry} leads elsewhere in {merged}");
        }
    }
}

fn write(path: &Path, text: &str) {
    kboot_core::bundle::write_new(path, text.as_bytes(), 0o600).unwrap();
}

/// What kubectl makes of `KUBECONFIG=…`, its files embedded.
fn kubectl_flatten(env: &Oracle, folder: &Path, files: &str) -> Value {
    let kubeconfig = format!("KUBECONFIG={files}");
    let command = [&kubeconfig, "kubectl", "config", "view", "--flatten", "--raw", "-o", "json"];
    let verdict = env.run(folder, &command);
    assert!(verdict.accepted, "{verdict}");
    serde_json::from_str(&verdict.stdout).unwrap()
}

#[test]
fn keep_is_what_kubectl_does() {
    let (Some(_), Some(env)) = (Oracle::find("kubectl"), Oracle::find("env")) else { return };
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let pairs = (any_config(), any_config());
    runner
        .run(&pairs, |(a, b)| {
            let folder = tempfile::tempdir().unwrap();
            let mut sources = Vec::new();
            for (name, config) in [("a", &a), ("b", &b)] {
                let own = folder.path().join(name);
                std::fs::create_dir(&own).unwrap();
                for file in ["1.crt", "2.crt"] {
                    write(&own.join(file), &format!("{file} of {name}"));
                }
                write(&own.join("config"), &config.to_string());
                sources.push(MergeSource::new(name, &own, parse(&config.to_string())));
            }
            let ours = merge(sources, MergeStrategy::Keep).unwrap().kubeconfig;
            write(&folder.path().join("merged"), ours.to_yaml().unwrap().expose_secret());
            let theirs = kubectl_flatten(&env, folder.path(), "a/config:b/config");
            prop_assert_eq!(kubectl_flatten(&env, folder.path(), "merged"), theirs);
            Ok(())
        })
        .unwrap();
}

/// Files count from the folder of the kubeconfig that names them.
#[test]
fn files_of_different_folders_are_found() {
    let (Some(_), Some(env)) = (Oracle::find("kubectl"), Oracle::find("env")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut sources = Vec::new();
    for name in ["a", "b"] {
        let own = folder.path().join(name);
        std::fs::create_dir(&own).unwrap();
        write(&own.join("ca.crt"), &format!("authority of {name}"));
        write(&own.join("user.crt"), &format!("certificate of {name}"));
        write(&own.join("user.key"), &format!("key of {name}"));
        let text = format!(
            "{{apiVersion: v1, kind: Config, \
             clusters: [{{name: {name}, cluster: {{server: 'https://{name}', certificate-authority: ca.crt}}}}], \
             users: [{{name: {name}, user: {{client-certificate: ./user.crt, client-key: ../{name}/user.key}}}}]}}"
        );
        write(&own.join("config"), &text);
        sources.push(MergeSource::new(name, &own, parse(&text)));
    }
    let ours = merge(sources, MergeStrategy::Fail).unwrap().kubeconfig;
    write(&folder.path().join("merged"), ours.to_yaml().unwrap().expose_secret());
    let theirs = kubectl_flatten(&env, folder.path(), "a/config:b/config");
    assert!(theirs["users"][1]["user"]["client-key-data"].is_string());
    assert_eq!(kubectl_flatten(&env, folder.path(), "merged"), theirs);
}
