//! `create`, `apply`, `edit`, `patch`, `label`, `delete`, `diff`.

use std::os::unix::fs::PermissionsExt;

use super::{Cluster, clusters};
use crate::support::{Tool, has};

fn config_map(data: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, labels: {{x: \"1\"}}}}\ndata: {{{data}}}\n"
    )
}

fn data(kubectl: &Tool) -> String {
    kubectl.ok(&["get", "cm", "a", "-o", "jsonpath={.data}"])
}

#[tokio::test]
async fn what_create_makes() {
    for Cluster { kubectl, .. } in clusters().await {
        for (words, made) in [
            ("namespace n1", "namespace/n1"),
            ("configmap c1 --from-literal=a=b", "configmap/c1"),
            ("secret generic s1 --from-literal=a=b", "secret/s1"),
            (
                "secret docker-registry s2 --docker-server=s --docker-username=u --docker-password=p",
                "secret/s2",
            ),
            ("serviceaccount a1", "serviceaccount/a1"),
            ("role r1 --verb=get --resource=secrets", "role.rbac.authorization.k8s.io/r1"),
            ("rolebinding b1 --role=r1 --group=dev", "rolebinding.rbac.authorization.k8s.io/b1"),
            ("clusterrole r1 --verb=get --resource=nodes", "clusterrole.rbac.authorization.k8s.io/r1"),
            ("clusterrole r2 --aggregation-rule=a=b", "clusterrole.rbac.authorization.k8s.io/r2"),
            (
                "clusterrolebinding b1 --clusterrole=r1 --user=jane",
                "clusterrolebinding.rbac.authorization.k8s.io/b1",
            ),
        ] {
            let words: Vec<_> = ["create"].into_iter().chain(words.split(' ')).collect();
            let dry = kubectl.ok(&[&words, &["--dry-run=server"][..]].concat());
            assert_eq!(dry, format!("{made} created (server dry run)\n"));
            has(&kubectl.refused(&["get", made]), &["NotFound"]);
            assert_eq!(kubectl.ok(&words), format!("{made} created\n"));
            has(&kubectl.refused(&words), &["already exists"]);
        }
        has(
            &kubectl.refused(&["create", "namespace", "Upper"]),
            &["a lowercase RFC 1123 label must consist of"],
        );
        has(&kubectl.refused(&["create", "sa", "x", "-n", "none"]), &["namespaces \"none\" not found"]);
        let file = kubectl.write("bad.yaml", config_map("a: b").replace("data", "datum"));
        has(&kubectl.refused(&["create", "-f", &file]), &["datum"]);
    }
}

#[tokio::test]
async fn apply_by_the_client() {
    for Cluster { kubectl, .. } in clusters().await {
        let two = kubectl.write("two.yaml", config_map("one: \"1\", two: \"2\""));
        let one = kubectl.write("one.yaml", config_map("one: \"9\""));
        assert_eq!(kubectl.ok(&["apply", "-f", &two]), "configmap/a created\n");
        assert_eq!(kubectl.ok(&["apply", "-f", &two]), "configmap/a unchanged\n");
        let said = kubectl.run(&["diff", "-f", &one]);
        has(&said.out, &["-  one: \"1\"", "-  two: \"2\"", "+  one: \"9\""]);
        assert!(!said.is_ok);
        // What others have written stays.
        kubectl.ok(&["patch", "cm", "a", "--type=merge", "-p", r#"{"data":{"other":"3"}}"#]);
        assert_eq!(kubectl.ok(&["apply", "-f", &one]), "configmap/a configured\n");
        assert_eq!(data(&kubectl), r#"{"one":"9","other":"3"}"#);
        assert_eq!(
            kubectl.ok(&["apply", "-f", &two, "--dry-run=server"]),
            "configmap/a configured (server dry run)\n"
        );
        assert_eq!(data(&kubectl), r#"{"one":"9","other":"3"}"#);
        assert_eq!(kubectl.ok(&["diff", "-f", &one]), "");
    }
}

#[tokio::test]
async fn apply_by_the_server() {
    for Cluster { kubectl, .. } in clusters().await {
        let mine = kubectl.write("mine.yaml", config_map("one: \"1\", two: \"2\""));
        let less = kubectl.write("less.yaml", config_map("one: \"1\""));
        let theirs = kubectl.write("theirs.yaml", config_map("one: \"9\""));
        let apply = ["apply", "--server-side", "-f"];
        assert_eq!(kubectl.ok(&[&apply[..], &[&mine]].concat()), "configmap/a serverside-applied\n");
        let other = [&apply[..], &[&theirs, "--field-manager=other"]].concat();
        has(
            &kubectl.refused(&other),
            &["Apply failed with 1 conflict: conflict with \"kubectl\"", ".data.one"],
        );
        kubectl.ok(&[&other[..], &["--force-conflicts"]].concat());
        assert_eq!(data(&kubectl), r#"{"one":"9","two":"2"}"#);
        has(&kubectl.refused(&[&apply[..], &[&less]].concat()), &["conflict with \"other\""]);
        // What is no longer applied by anybody goes.
        kubectl.ok(&[&apply[..], &[&less, "--force-conflicts"]].concat());
        assert_eq!(data(&kubectl), r#"{"one":"1"}"#);
        let shown = kubectl.ok(&["get", "cm", "a", "-o", "yaml", "--show-managed-fields"]);
        has(&shown, &["manager: kubectl\n    operation: Apply", "f:one: {}"]);
        assert_eq!(kubectl.ok(&["diff", "--server-side", "-f", &less]), "");
        // From the one way of applying to the other and back.
        kubectl.ok(&["delete", "cm", "a"]);
        kubectl.ok(&["apply", "-f", &mine]);
        kubectl.ok(&[&apply[..], &[&less]].concat());
        assert_eq!(data(&kubectl), r#"{"one":"1"}"#);
    }
}

#[tokio::test]
async fn edit_patch_label_annotate_replace() {
    for Cluster { kubectl, .. } in clusters().await {
        let file = kubectl.write("a.yaml", config_map("one: \"1\""));
        kubectl.ok(&["create", "-f", &file]);
        let editor = kubectl.write("editor", "#!/bin/sh\nsed -i 's/one: \"1\"/one: edited/' \"$1\"\n");
        std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o700)).unwrap();
        let output = kubectl.command(&["edit", "cm", "a"]).env("KUBE_EDITOR", &editor).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "configmap/a edited\n");
        assert_eq!(data(&kubectl), r#"{"one":"edited"}"#);
        for (kind, patch) in [
            ("strategic", r#"{"data":{"s":"1"}}"#),
            ("merge", r#"{"data":{"m":"2","one":null}}"#),
            (
                "json",
                r#"[{"op":"test","path":"/data/m","value":"2"},{"op":"add","path":"/data/j","value":"3"}]"#,
            ),
        ] {
            let said = kubectl.ok(&["patch", "cm", "a", "--type", kind, "-p", patch]);
            assert_eq!(said, "configmap/a patched\n");
        }
        assert_eq!(data(&kubectl), r#"{"j":"3","m":"2","s":"1"}"#);
        let said = kubectl.ok(&["patch", "cm", "a", "-p", "{}"]);
        assert_eq!(said, "configmap/a patched (no change)\n");
        kubectl.refused(&[
            "patch",
            "cm",
            "a",
            "--type=json",
            "-p",
            r#"[{"op":"remove","path":"/data/none"}]"#,
        ]);
        kubectl.ok(&["label", "cm", "a", "l=1"]);
        has(&kubectl.refused(&["label", "cm", "a", "l=2"]), &["--overwrite is false"]);
        kubectl.ok(&["label", "cm", "a", "l=2", "--overwrite"]);
        assert_eq!(kubectl.ok(&["get", "cm", "-l", "l=2", "-o", "name"]), "configmap/a\n");
        kubectl.ok(&["label", "cm", "a", "l-"]);
        kubectl.ok(&["annotate", "cm", "a", "note=1"]);
        has(&kubectl.ok(&["get", "cm", "a", "-o", "yaml"]), &["annotations:\n    note: \"1\""]);
        kubectl.ok(&["replace", "-f", &file]);
        assert_eq!(data(&kubectl), r#"{"one":"1"}"#);
        // A node's lists are merged by their keys.
        let node = "apiVersion: v1\nkind: Node\nmetadata: {name: w1}\nspec: {taints: [{key: a, effect: NoSchedule}]}\n";
        kubectl.ok(&["create", "-f", &kubectl.write("node.yaml", node)]);
        kubectl.ok(&["taint", "node", "w1", "b=c:NoExecute"]);
        kubectl.ok(&["cordon", "w1"]);
        let keys = "jsonpath={.spec.unschedulable} {.spec.taints[*].key}";
        has(&kubectl.ok(&["get", "node", "w1", "-o", keys]), &["true ", "a", "b"]);
        kubectl.ok(&["taint", "node", "w1", "a-"]);
        kubectl.ok(&["uncordon", "w1"]);
    }
}

#[tokio::test]
async fn deletes_wait_and_cascade() {
    for Cluster { kubectl, .. } in clusters().await {
        kubectl.ok(&["create", "cm", "owner"]);
        let uid = kubectl.ok(&["get", "cm", "owner", "-o", "jsonpath={.metadata.uid}"]);
        let owned = |name: &str| {
            let owner = format!(
                "{{apiVersion: v1, kind: ConfigMap, name: owner, uid: {uid}, blockOwnerDeletion: true}}"
            );
            let text = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, ownerReferences: [{owner}]}}\n"
            );
            kubectl.ok(&["create", "-f", &kubectl.write("owned.yaml", text)]);
        };
        owned("one");
        owned("two");
        kubectl.ok(&["delete", "cm", "owner", "--cascade=foreground", "--timeout=60s"]);
        for name in ["owner", "one", "two"] {
            has(&kubectl.refused(&["get", "cm", name]), &["NotFound"]);
        }
        kubectl.ok(&["create", "namespace", "n1"]);
        kubectl.ok(&["create", "cm", "inside", "-n", "n1"]);
        kubectl.ok(&["delete", "namespace", "n1", "--timeout=60s"]);
        has(&kubectl.refused(&["get", "namespace", "n1"]), &["NotFound"]);
        kubectl.ok(&["create", "cm", "kept"]);
        kubectl.ok(&["delete", "cm", "kept", "--dry-run=server"]);
        kubectl.ok(&["get", "cm", "kept"]);
        // A finalizer holds it until somebody takes it away.
        kubectl.ok(&["patch", "cm", "kept", "-p", r#"{"metadata":{"finalizers":["a.b/c"]}}"#]);
        kubectl.ok(&["delete", "cm", "kept", "--wait=false"]);
        kubectl.ok(&[
            "patch",
            "cm",
            "kept",
            "--type=json",
            "-p",
            r#"[{"op":"remove","path":"/metadata/finalizers"}]"#,
        ]);
        has(&kubectl.refused(&["get", "cm", "kept"]), &["NotFound"]);
        kubectl.ok(&["create", "cm", "l1"]);
        kubectl.ok(&["label", "cm", "l1", "a=b"]);
        kubectl.ok(&["delete", "cm", "-l", "a=b"]);
        kubectl.ok(&["delete", "cm", "--all"]);
        has(
            &kubectl.refused(&["delete", "cm", "none"]),
            &["Error from server (NotFound): configmaps \"none\" not found"],
        );
    }
}
