//! Who may do what: roles and bindings.

use std::time::{Duration, Instant};

use kboot_testkit::Identity;
use serde_json::{Value, json};

use crate::answer::Object;
use crate::api::{Api, MERGE_PATCH};
use crate::runner::scenarios;

scenarios! {
    Full: nothing_is_allowed_by_itself, what_a_refusal_says, a_role_holds_in_its_namespace, a_cluster_role_bound_in_a_namespace,
        a_rule_for_names, a_rule_for_a_subresource, a_rule_for_paths, a_rule_for_all, list_and_watch_are_verbs_of_their_own, a_group, a_service_account_as_subject,
        a_binding_to_a_missing_role, a_bindings_role_stays, a_role_is_validated, default_roles, default_bindings, roles_of_bootstrapping, a_deleted_binding,
        deletecollection_is_a_verb, a_put_that_creates_needs_create, applying_a_new_object_needs_create, namespaces_are_not_deleted_together;
}

pub(crate) const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// A ClusterRole of these rules for a user, and waits until it works.
pub(crate) async fn grant(api: &Api, user: &str, rules: &Value) {
    let name = format!("{}-{user}", api.ns);
    api.post(&format!("{RBAC}/clusterroles"), &json!({"metadata": {"name": name}, "rules": rules}))
        .await
        .expect(201);
    let binding = json!({"metadata": {"name": name}, "roleRef": role("ClusterRole", &name), "subjects": [subject("User", user)]});
    api.post(&format!("{RBAC}/clusterrolebindings"), &binding).await.expect(201);
    // The rule whose right is asked for is among them.
    let rule = &rules[0];
    let (attributes, what) = match &rule["nonResourceURLs"][0] {
        Value::String(path) => {
            (json!({"path": path.replace('*', ""), "verb": rule["verbs"][0]}), "nonResourceAttributes")
        }
        _ => {
            let resource = rule["resources"][0].as_str().unwrap();
            let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
            let attributes = json!({
                "group": rule["apiGroups"][0], "resource": resource, "subresource": subresource, "verb": rule["verbs"][0],
                "name": rule["resourceNames"].get(0), "namespace": api.ns,
            });
            (attributes, "resourceAttributes")
        }
    };
    allowed(api, user, what, &attributes).await;
}

async fn allowed(api: &Api, user: &str, what: &str, attributes: &Value) {
    let review = json!({"spec": {"user": user, what: attributes}});
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let answer =
            api.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", &review).await.expect(201);
        if answer["status"]["allowed"] == true {
            return;
        }
        assert!(Instant::now() < until, "{review} {answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn role(kind: &str, name: &str) -> Value {
    json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name})
}

pub(crate) fn subject(kind: &str, name: &str) -> Value {
    json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name})
}

pub(crate) fn rule(resources: &[&str], verbs: &[&str]) -> Value {
    json!({"apiGroups": [""], "resources": resources, "verbs": verbs})
}

/// Asks until the answer is no refusal.
async fn soon(client: &Api, path: &str) {
    client.until(path, |answer| answer.code != 403).await;
}

pub(crate) fn in_namespace(api: &Api, kind: &str) -> String {
    format!("{RBAC}/namespaces/{}/{kind}", api.ns)
}

async fn nothing_is_allowed_by_itself(api: Api) {
    let jane = api.user(&api.unique("jane"));
    for path in
        [api.things(), "/api/v1/nodes".to_owned(), "/api/v1/namespaces".to_owned(), "/metrics".to_owned()]
    {
        jane.get(&path).await.refused(403, "Forbidden");
    }
    jane.get("/api/v1").await.expect(200);
}

async fn what_a_refusal_says(api: Api) {
    let jane = api.user("jane");
    let ns = &api.ns;
    for (answer, expected) in [
        (jane.get(&api.thing("a")).await, format!(r#"configmaps "a" is forbidden: User "jane" cannot get resource "configmaps" in API group "" in the namespace "{ns}""#)),
        (jane.get("/api/v1/nodes").await, r#"nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope"#.to_owned()),
        (jane.get("/metrics").await, r#"forbidden: User "jane" cannot get path "/metrics""#.to_owned()),
        (jane.get(&format!("/api/v1/namespaces/{ns}/pods/a/log")).await, format!(r#"pods "a" is forbidden: User "jane" cannot get resource "pods/log" in API group "" in the namespace "{ns}""#)),
        (jane.delete(&api.things()).await, format!(r#"configmaps is forbidden: User "jane" cannot deletecollection resource "configmaps" in API group "" in the namespace "{ns}""#)),
        (jane.patch(&api.thing("a"), MERGE_PATCH, &json!({})).await, format!(r#"configmaps "a" is forbidden: User "jane" cannot patch resource "configmaps" in API group "" in the namespace "{ns}""#)),
    ] {
        assert_eq!(answer.refused(403, "Forbidden"), expected);
    }
    let answer = jane.get(&api.thing("a")).await;
    assert_eq!(
        (&answer.json["details"]["name"], &answer.json["details"]["kind"]),
        (&json!("a"), &json!("configmaps"))
    );
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

async fn a_role_holds_in_its_namespace(api: Api) {
    let other = api.namespace("other").await;
    let role_object =
        json!({"metadata": {"name": "reader"}, "rules": [rule(&["configmaps"], &["get", "list"])]});
    api.post(&in_namespace(&api, "roles"), &role_object).await.expect(201);
    let binding = json!({"metadata": {"name": "jane"}, "roleRef": role("Role", "reader"), "subjects": [subject("User", "jane")]});
    api.post(&in_namespace(&api, "rolebindings"), &binding).await.expect(201);
    let jane = api.user("jane");
    soon(&jane, &api.things()).await;
    jane.post(&api.things(), &api.new_thing("a", json!({}))).await.refused(403, "Forbidden");
    jane.get(&api.things_in(&other)).await.refused(403, "Forbidden");
    jane.get("/api/v1/configmaps").await.refused(403, "Forbidden");
}

async fn a_cluster_role_bound_in_a_namespace(api: Api) {
    let binding = json!({"metadata": {"name": "jane"}, "roleRef": role("ClusterRole", "cluster-admin"), "subjects": [subject("User", "jane")]});
    api.post(&in_namespace(&api, "rolebindings"), &binding).await.expect(201);
    let jane = api.user("jane");
    soon(&jane, &api.things()).await;
    jane.get(&format!("/api/v1/namespaces/{}/secrets", api.ns)).await.expect(200);
    jane.get("/api/v1/nodes").await.refused(403, "Forbidden");
}

async fn a_rule_for_names(api: Api) {
    let user = api.unique("jane");
    grant(&api, &user, &json!([{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a"], "verbs": ["get", "list", "create"]}])).await;
    let jane = api.user(&user);
    api.create("a", json!({})).await;
    jane.get(&api.thing("a")).await.expect(200);
    jane.get(&api.thing("b")).await.refused(403, "Forbidden");
    // A list and a creation have no name, but for the one of a field selector.
    jane.get(&api.things()).await.refused(403, "Forbidden");
    jane.post(&api.things(), &api.new_thing("a", json!({}))).await.refused(403, "Forbidden");
    jane.get(&format!("{}?fieldSelector=metadata.name%3Da", api.things())).await.expect(200);
}

async fn a_rule_for_a_subresource(api: Api) {
    let user = api.unique("jane");
    grant(&api, &user, &json!([rule(&["nodes/status"], &["get", "patch"])])).await;
    let jane = api.user(&user);
    jane.get("/api/v1/nodes/nobody/status").await.refused(404, "NotFound");
    jane.get("/api/v1/nodes/nobody").await.refused(403, "Forbidden");
}

async fn a_rule_for_paths(api: Api) {
    let user = api.unique("jane");
    grant(&api, &user, &json!([{"nonResourceURLs": ["/metrics", "/logs/*"], "verbs": ["get"]}])).await;
    let jane = api.user(&user);
    assert_eq!(jane.raw("GET", "/metrics", &[], "").await.code, 200);
    assert_ne!(jane.get("/logs/nothing").await.code, 403);
    jane.get("/metrics/more").await.refused(403, "Forbidden");
    jane.post("/metrics", &json!({})).await.refused(403, "Forbidden");
}

async fn a_rule_for_all(api: Api) {
    let user = api.unique("jane");
    grant(&api, &user, &json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])).await;
    let jane = api.user(&user);
    jane.get("/api/v1/nodes/nobody/status").await.refused(404, "NotFound");
    jane.post(&api.things(), &api.new_thing("a", json!({}))).await.expect(201);
    assert_eq!(jane.raw("GET", "/metrics", &[], "").await.code, 403);
}

async fn list_and_watch_are_verbs_of_their_own(api: Api) {
    let user = api.unique("jane");
    grant(&api, &user, &json!([rule(&["configmaps"], &["list"])])).await;
    let jane = api.user(&user);
    jane.get(&api.things()).await.expect(200);
    let Err(answer) = jane.try_watch(&api.things()).await else { panic!("served") };
    assert!(answer.refused(403, "Forbidden").contains("cannot watch resource"));
    jane.get(&api.thing("a")).await.refused(403, "Forbidden");
}

async fn a_group(api: Api) {
    let group = api.unique("dev");
    let subjects = [subject("Group", &group)];
    let binding = json!({"metadata": {"name": "dev"}, "roleRef": role("ClusterRole", "cluster-admin"), "subjects": subjects});
    api.post(&in_namespace(&api, "rolebindings"), &binding).await.expect(201);
    soon(&api.as_(Identity::certificate("jane", [group])), &api.things()).await;
    api.user("jane").get(&api.things()).await.refused(403, "Forbidden");
}

async fn a_service_account_as_subject(api: Api) {
    let subjects = json!([{"kind": "ServiceAccount", "name": "robot", "namespace": api.ns}]);
    let binding = json!({"metadata": {"name": "robot"}, "roleRef": role("ClusterRole", "cluster-admin"), "subjects": subjects});
    api.post(&in_namespace(&api, "rolebindings"), &binding).await.expect(201);
    // A certificate of that name is as good.
    let robot = api.user(&format!("system:serviceaccount:{}:robot", api.ns));
    soon(&robot, &api.things()).await;
}

async fn a_binding_to_a_missing_role(api: Api) {
    let binding = json!({"metadata": {"name": "jane"}, "roleRef": role("Role", "nothing"), "subjects": [subject("User", "jane")]});
    api.post(&in_namespace(&api, "rolebindings"), &binding).await.expect(201);
    let jane = api.user("jane");
    let until = Instant::now() + Duration::from_secs(10);
    // That it is missing is said to whom it is bound, once the authorizer knows of the binding.
    let mut answer = jane.get(&api.things()).await;
    while !answer.message().contains("not found") && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(25)).await;
        answer = jane.get(&api.things()).await;
    }
    api.see("message", answer.refused(403, "Forbidden"));
}

/// Somebody who may write roles and bindings, and read config maps.
async fn a_bindings_role_stays(api: Api) {
    let path = in_namespace(&api, "rolebindings");
    let binding = json!({"metadata": {"name": "a"}, "roleRef": role("ClusterRole", "view"), "subjects": [subject("User", "jane")]});
    api.post(&path, &binding).await.expect(201);
    let answer = api.patch(&format!("{path}/a"), MERGE_PATCH, &json!({"roleRef": {"name": "edit"}})).await;
    api.see("message", answer.refused(422, "Invalid"));
}

async fn a_role_is_validated(api: Api) {
    for (rules, field) in [
        (json!([{"apiGroups": [""], "resources": ["pods"], "verbs": []}]), "rules[0].verbs"),
        (json!([{"resources": ["pods"], "verbs": ["get"]}]), "rules[0].apiGroups"),
        (json!([{"apiGroups": [""], "verbs": ["get"]}]), "rules[0].resources"),
        (json!([{"nonResourceURLs": ["/a"], "verbs": ["get"]}]), "rules[0].nonResourceURLs"),
    ] {
        let answer =
            api.post(&in_namespace(&api, "roles"), &json!({"metadata": {"name": "a"}, "rules": rules})).await;
        answer.refused(422, "Invalid");
        assert_eq!(answer.json["details"]["causes"][0]["field"], field);
        api.see(field, answer.message());
    }
    let bad = json!({"metadata": {"name": "a"}, "roleRef": {"kind": "Part", "name": ""}, "subjects": [{"kind": "Thing", "name": ""}]});
    let answer = api.post(&in_namespace(&api, "rolebindings"), &bad).await;
    api.see("a binding", answer.refused(422, "Invalid"));
}

async fn default_roles(api: Api) {
    for name in [
        "cluster-admin",
        "admin",
        "edit",
        "view",
        "system:node",
        "system:node-proxier",
        "system:kube-controller-manager",
        "system:kube-scheduler",
        "system:discovery",
        "system:public-info-viewer",
        "system:basic-user",
        "system:kubelet-api-admin",
        "system:auth-delegator",
    ] {
        let role = api.get(&format!("{RBAC}/clusterroles/{name}")).await.expect(200);
        assert_eq!(role["metadata"]["labels"]["kubernetes.io/bootstrapping"], "rbac-defaults", "{name}");
        assert_eq!(
            role["metadata"]["annotations"]["rbac.authorization.kubernetes.io/autoupdate"], "true",
            "{name}"
        );
    }
    let all = json!([
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ]);
    assert_eq!(api.get(&format!("{RBAC}/clusterroles/cluster-admin")).await.expect(200)["rules"], all);
}

async fn default_bindings(api: Api) {
    let binding = api.get(&format!("{RBAC}/clusterrolebindings/cluster-admin")).await.expect(200);
    assert_eq!(binding["subjects"], json!([subject("Group", "system:masters")]));
    let binding = api.get(&format!("{RBAC}/clusterrolebindings/system:node")).await.expect(200);
    assert!(
        binding.get("subjects").is_none_or(|subjects| subjects.is_null() || *subjects == json!([])),
        "{binding}"
    );
    let binding = api.get(&format!("{RBAC}/clusterrolebindings/system:public-info-viewer")).await.expect(200);
    assert_eq!(binding["subjects"].as_array().unwrap().len(), 2);
    for name in ["bootstrap-signer", "token-cleaner"] {
        let path = format!("{RBAC}/namespaces/kube-system/rolebindings/system:controller:{name}");
        let binding = api.get(&path).await.expect(200);
        assert_eq!(
            binding["subjects"],
            json!([{"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}])
        );
    }
}

async fn roles_of_bootstrapping(api: Api) {
    let mut role = api.get(&format!("{RBAC}/clusterroles/system:node-bootstrapper")).await.expect(200);
    let verbs = json!(["create", "get", "list", "watch"]);
    let csrs = |resource: &str, verbs: Value| json!([{"apiGroups": ["certificates.k8s.io"], "resources": [resource], "verbs": verbs}]);
    assert_eq!(role["rules"].take(), csrs("certificatesigningrequests", verbs));
    for what in ["nodeclient", "selfnodeclient"] {
        let mut role = api
            .get(&format!("{RBAC}/clusterroles/system:certificates.k8s.io:certificatesigningrequests:{what}"))
            .await
            .expect(200);
        assert_eq!(
            role["rules"].take(),
            csrs(&format!("certificatesigningrequests/{what}"), json!(["create"]))
        );
    }
    let missing = "system:certificates.k8s.io:certificatesigningrequests:selfnodeserver";
    api.get(&format!("{RBAC}/clusterroles/{missing}")).await.refused(404, "NotFound");
    let bindings = api.get(&format!("{RBAC}/clusterrolebindings")).await.expect(200);
    let bound = |name: &str| {
        bindings.items().iter().any(|one| {
            one["roleRef"]["name"] == name
                && one["metadata"]["labels"]["kubernetes.io/bootstrapping"] == "rbac-defaults"
        })
    };
    assert!(!bound("system:node-bootstrapper"));
    assert!(bound("system:node-proxier"));
}

async fn a_deleted_binding(api: Api) {
    let binding = json!({"metadata": {"name": "jane"}, "roleRef": role("ClusterRole", "cluster-admin"), "subjects": [subject("User", "jane")]});
    api.post(&in_namespace(&api, "rolebindings"), &binding).await.expect(201);
    let jane = api.user("jane");
    soon(&jane, &api.things()).await;
    api.delete(&format!("{}/jane", in_namespace(&api, "rolebindings"))).await.expect(200);
    jane.until(&api.things(), |answer| answer.code == 403).await;
}

async fn deletecollection_is_a_verb(api: Api) {
    let user = api.unique("jane");
    grant(&api, &user, &json!([rule(&["configmaps"], &["delete", "get"])])).await;
    let jane = api.user(&user);
    jane.delete(&api.things()).await.refused(403, "Forbidden");
    jane.delete(&api.thing("a")).await.refused(404, "NotFound");
}

async fn a_put_that_creates_needs_create(api: Api) {
    let user = api.unique("jane");
    let rules =
        json!([{"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["update", "get"]}]);
    grant(&api, &user, &rules).await;
    let path = format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases/a", api.ns);
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "a"}, "spec": {"holderIdentity": "x"}});
    let answer = api.user(&user).put(&path, &lease).await;
    api.see("answer", answer.refused(403, "Forbidden"));
    api.get(&path).await.refused(404, "NotFound");
}

async fn applying_a_new_object_needs_create(api: Api) {
    let user = api.unique("jane");
    grant(&api, &user, &json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["patch", "get"]}]))
        .await;
    let path = format!("/api/v1/namespaces/{}/configmaps/a", api.ns);
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "b"}});
    let answer = api.user(&user).apply(&path, "me", &map).await;
    api.see("answer", answer.refused(403, "Forbidden"));
    api.get(&path).await.refused(404, "NotFound");
}

async fn namespaces_are_not_deleted_together(api: Api) {
    let answer = api.delete("/api/v1/namespaces?labelSelector=of%3Dnobody").await;
    answer.refused(405, "MethodNotAllowed");
}
