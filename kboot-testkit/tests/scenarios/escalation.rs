//! Who may give what to whom, and who may be somebody else.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api::{Api, MERGE_PATCH};
use crate::rbac::{grant, in_namespace, role, rule, subject};
use crate::runner::scenarios;

scenarios! {
    Full: nobody_gives_what_it_has_not, updates_are_held_to_what_one_has, escalate_gives_all, nobody_binds_what_it_has_not, bind_binds, impersonation_needs_a_right, impersonation_of_a_user, impersonation_of_a_group, impersonation_of_a_service_account, impersonation_of_what_is_no_service_account, impersonation_in_other_letters, groups_alone_are_nobody;
}

async fn security(api: &Api, verbs: &[&str]) -> Api {
    let user = api.unique("security");
    let all = [&["create", "update", "patch", "get"][..], verbs].concat();
    let rules = json!([
        rule(&["configmaps"], &["get"]),
        {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "clusterroles", "rolebindings", "clusterrolebindings"],
            "verbs": all},
    ]);
    grant(api, &user, &rules).await;
    api.user(&user)
}

async fn nobody_gives_what_it_has_not(api: Api) {
    let security = security(&api, &[]).await;
    let path = in_namespace(&api, "roles");
    let role = |rules: Value| json!({"metadata": {"name": "a"}, "rules": rules});
    let answer = security.post(&path, &role(json!([rule(&["secrets"], &["get", "list"])]))).await;
    api.see("message", answer.refused(403, "Forbidden").replace(&api.unique("security"), "USER"));
    security
        .post(&path, &role(json!([rule(&["configmaps"], &["get", "list"])])))
        .await
        .refused(403, "Forbidden");
    security.post(&path, &role(json!([rule(&["*"], &["get"])]))).await.refused(403, "Forbidden");
    security.post(&path, &role(json!([rule(&["configmaps"], &["get"])]))).await.expect(201);
}

async fn updates_are_held_to_what_one_has(api: Api) {
    let security = security(&api, &[]).await;
    let path = in_namespace(&api, "roles");
    api.post(&path, &json!({"metadata": {"name": "a"}, "rules": [rule(&["secrets"], &["get"])]}))
        .await
        .expect(201);
    // Also about what was there, but for what the garbage collector writes.
    let patch = json!({"metadata": {"labels": {"a": "b"}}});
    security.patch(&format!("{path}/a"), MERGE_PATCH, &patch).await.refused(403, "Forbidden");
    let patch = json!({"metadata": {"finalizers": []}});
    security.patch(&format!("{path}/a"), MERGE_PATCH, &patch).await.expect(200);
    let patch = json!({"rules": [rule(&["secrets"], &["get", "list"])]});
    security.patch(&format!("{path}/a"), MERGE_PATCH, &patch).await.refused(403, "Forbidden");
}

async fn escalate_gives_all(api: Api) {
    let security = security(&api, &["escalate"]).await;
    let role = json!({"metadata": {"name": "a"}, "rules": [rule(&["secrets"], &["*"])]});
    security.post(&in_namespace(&api, "roles"), &role).await.expect(201);
}

async fn nobody_binds_what_it_has_not(api: Api) {
    let security = security(&api, &[]).await;
    let path = in_namespace(&api, "rolebindings");
    let binding = |name: &str| json!({"metadata": {"name": "a"}, "roleRef": role("ClusterRole", name), "subjects": [subject("User", "jane")]});
    let answer = security.post(&path, &binding("cluster-admin")).await;
    api.see("message", answer.refused(403, "Forbidden").replace(&api.unique("security"), "USER"));
    let own = format!("{}-{}", api.ns, api.unique("security"));
    security.post(&path, &binding(&own)).await.expect(201);
}

async fn bind_binds(api: Api) {
    let security = security(&api, &["bind"]).await;
    let binding = json!({"metadata": {"name": "a"}, "roleRef": role("ClusterRole", "cluster-admin"), "subjects": [subject("User", "jane")]});
    security.post(&in_namespace(&api, "rolebindings"), &binding).await.expect(201);
}

async fn as_user(api: &Api, client: &Api, headers: &[(&str, &str)]) -> crate::answer::Answer {
    client.raw("GET", &api.thing("a"), headers, "").await
}

async fn impersonation_needs_a_right(api: Api) {
    let jane = api.user("jane");
    let answer = as_user(&api, &jane, &[("impersonate-user", "root")]).await;
    assert_eq!(
        answer.refused(403, "Forbidden"),
        r#"users "root" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster scope"#
    );
    let answer =
        as_user(&api, &jane, &[("impersonate-user", "root"), ("impersonate-group", "system:masters")]).await;
    answer.refused(403, "Forbidden");
}

async fn impersonation_of_a_user(api: Api) {
    let answer = as_user(&api, &api, &[("impersonate-user", "joe")]).await;
    assert!(answer.refused(403, "Forbidden").contains(r#"User "joe" cannot get"#));
    // Who is impersonated is authenticated.
    let answer = api.raw("GET", "/api", &[("impersonate-user", "joe")], "").await;
    assert_eq!(answer.code, 200);
    let user = api.unique("jane");
    grant(&api, &user, &json!([{"apiGroups": [""], "resources": ["users"], "resourceNames": ["joe"], "verbs": ["impersonate"]}])).await;
    let jane = api.user(&user);
    assert!(
        as_user(&api, &jane, &[("impersonate-user", "joe")])
            .await
            .refused(403, "Forbidden")
            .contains(r#"User "joe""#)
    );
    assert!(
        as_user(&api, &jane, &[("impersonate-user", "jim")])
            .await
            .refused(403, "Forbidden")
            .contains("cannot impersonate")
    );
}

async fn impersonation_of_a_group(api: Api) {
    let answer =
        as_user(&api, &api, &[("impersonate-user", "joe"), ("impersonate-group", "system:masters")]).await;
    answer.refused(404, "NotFound");
}

async fn impersonation_of_a_service_account(api: Api) {
    let name = format!("system:serviceaccount:{}:robot", api.ns);
    let binding = json!({"metadata": {"name": "robots"}, "roleRef": role("ClusterRole", "cluster-admin"), "subjects": [subject("Group", &format!("system:serviceaccounts:{}", api.ns))]});
    api.post(&in_namespace(&api, "rolebindings"), &binding).await.expect(201);
    // Its groups come with it.
    let until = Instant::now() + Duration::from_secs(10);
    while as_user(&api, &api, &[("impersonate-user", &name)]).await.code != 404 {
        assert!(Instant::now() < until);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn groups_alone_are_nobody(api: Api) {
    let answer = as_user(&api, &api, &[("impersonate-group", "system:masters")]).await;
    api.see("answer", format!("{} {}", answer.code, answer.said()));
    assert!(answer.code >= 400);
}

/// Who may be any service account is no user whose name only begins like one.
async fn impersonation_of_what_is_no_service_account(api: Api) {
    let user = api.unique("jane");
    grant(
        &api,
        &user,
        &json!([{"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["impersonate"]}]),
    )
    .await;
    let jane = api.user(&user);
    for name in ["a:b:c", ":x", "a:", "A:c", "a:B", "a:../x"] {
        let name = format!("system:serviceaccount:{name}");
        let answer = as_user(&api, &jane, &[("impersonate-user", &name)]).await;
        api.see(&name, answer.refused(403, "Forbidden"));
    }
}

/// A name that is lost on the way would leave who asks with all rights.
async fn impersonation_in_other_letters(api: Api) {
    let answer = api.raw("GET", "/api/v1/nodes", &[("impersonate-user", "jürgen")], "").await;
    api.see("user", answer.refused(403, "Forbidden"));
    let user = api.unique("jane");
    grant(&api, &user, &json!([{"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"]}])).await;
    let words = [("impersonate-user", "joe"), ("impersonate-group", "büro")];
    let answer = as_user(&api, &api.user(&user), &words).await;
    api.see("group", answer.refused(403, "Forbidden"));
}
