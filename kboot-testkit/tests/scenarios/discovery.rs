//! What a server says of itself.

use serde_json::{Value, json};

use crate::api::Api;
use crate::runner::scenarios;

scenarios! {
    Generic: the_version, health, the_resources_of_a_version, the_versions_of_a_group, an_unknown_version;
    Full: core_versions, all_groups, resources_of_bootstrapping, an_open_api_document, custom_resources_turn_up, who_may_ask;
}

async fn the_version(api: Api) {
    let version = api.get("/version").await.expect(200);
    assert_eq!(version["major"], "1");
    assert_eq!(version["minor"].as_str().unwrap().trim_end_matches('+'), api.minor().to_string());
    assert!(version["gitVersion"].as_str().unwrap().starts_with("v1."));
    for field in ["gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform"] {
        assert!(version[field].is_string(), "{field}: {version}");
    }
}

async fn health(api: Api) {
    for path in ["/healthz", "/livez", "/readyz", "/readyz/ping", "/livez/ping"] {
        let answer = api.raw("GET", path, &[], "").await;
        assert_eq!((answer.code, answer.text.as_str()), (200, "ok"), "{path}");
        assert!(answer.header("content-type").starts_with("text/plain"));
    }
    let answer = api.raw("GET", "/readyz?verbose", &[], "").await;
    assert!(answer.text.contains("[+]ping ok\n"), "{}", answer.text);
    assert!(answer.text.ends_with("check passed\n"), "{}", answer.text);
}

fn of_name<'a>(list: &'a Value, name: &str) -> &'a Value {
    let found = list["resources"].as_array().unwrap().iter().find(|resource| resource["name"] == name);
    found.unwrap_or(&Value::Null)
}

async fn the_resources_of_a_version(api: Api) {
    let (base, plural) = api.generic();
    let list = api.get(base).await.expect(200);
    assert_eq!(list["kind"], "APIResourceList");
    assert_eq!(list["groupVersion"], api.kind().0);
    let resource = of_name(&list, plural);
    assert_eq!((&resource["kind"], &resource["namespaced"]), (&json!(api.kind().1), &json!(true)));
    let mut verbs: Vec<_> =
        resource["verbs"].as_array().unwrap().iter().map(|verb| verb.as_str().unwrap()).collect();
    verbs.sort_unstable();
    assert_eq!(verbs, ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]);
    assert!(resource["storageVersionHash"].is_string());
    if api.is_custom() {
        assert_eq!(of_name(&list, "things/status")["verbs"], json!(["get", "patch", "update"]));
    } else {
        assert_eq!(resource["shortNames"], json!(["cm"]));
    }
}

async fn the_versions_of_a_group(api: Api) {
    let group = api.get("/apis/kit.example.com").await.expect(200);
    assert_eq!(group["kind"], "APIGroup");
    assert_eq!(group["preferredVersion"], json!({"groupVersion": "kit.example.com/v1", "version": "v1"}));
}

async fn an_unknown_version(api: Api) {
    for path in ["/apis/kit.example.com/v9", "/apis/nothing.example.com", "/apis/nothing.example.com/v1"] {
        let answer = api.get(path).await;
        assert_eq!(answer.code, 404, "{path}: {}", answer.text);
        api.see(path, &answer.text);
    }
}

async fn core_versions(api: Api) {
    let versions = api.get("/api").await.expect(200);
    assert_eq!((&versions["kind"], &versions["versions"]), (&json!("APIVersions"), &json!(["v1"])));
}

async fn all_groups(api: Api) {
    let groups = api.get("/apis").await.expect(200);
    assert_eq!(groups["kind"], "APIGroupList");
    let names: Vec<_> =
        groups["groups"].as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect();
    for name in [
        "certificates.k8s.io",
        "rbac.authorization.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "coordination.k8s.io",
        "apiextensions.k8s.io",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
}

async fn resources_of_bootstrapping(api: Api) {
    let core = api.get("/api/v1").await.expect(200);
    for (name, namespaced) in [
        ("secrets", true),
        ("nodes", false),
        ("namespaces", false),
        ("serviceaccounts", true),
        ("events", true),
    ] {
        assert_eq!(of_name(&core, name)["namespaced"], namespaced, "{name}");
    }
    assert_eq!(of_name(&core, "serviceaccounts/token")["kind"], "TokenRequest");
    let certificates = api.get("/apis/certificates.k8s.io/v1").await.expect(200);
    assert_eq!(of_name(&certificates, "certificatesigningrequests")["shortNames"], json!(["csr"]));
    for name in ["certificatesigningrequests/approval", "certificatesigningrequests/status"] {
        assert_eq!(of_name(&certificates, name)["kind"], "CertificateSigningRequest");
    }
    let rbac = api.get("/apis/rbac.authorization.k8s.io/v1").await.expect(200);
    for name in ["roles", "rolebindings", "clusterroles", "clusterrolebindings"] {
        assert!(of_name(&rbac, name)["verbs"].is_array());
    }
    assert_eq!(
        of_name(&api.get("/apis/authorization.k8s.io/v1").await.expect(200), "subjectaccessreviews")["verbs"],
        json!(["create"])
    );
}

async fn an_open_api_document(api: Api) {
    let document = api.get("/openapi/v2").await.expect(200);
    assert_eq!(document["swagger"], "2.0");
    assert!(document["definitions"]["io.k8s.api.core.v1.ConfigMap"].is_object());
    if api.minor() >= 27 {
        assert!(api.get("/openapi/v3").await.expect(200)["paths"]["api/v1"].is_object());
    }
}

async fn custom_resources_turn_up(api: Api) {
    let groups = api.until("/apis", |answer| answer.text.contains("kit.example.com")).await;
    groups.expect(200);
}

async fn who_may_ask(api: Api) {
    let anonymous = api.as_(kboot_testkit::Identity::anonymous());
    for path in ["/version", "/healthz", "/readyz", "/livez"] {
        assert_eq!(anonymous.raw("GET", path, &[], "").await.code, 200, "{path}");
    }
    for path in ["/api", "/apis", "/openapi/v2"] {
        anonymous.get(path).await.refused(403, "Forbidden");
        assert_eq!(api.user("somebody").get(path).await.code, 200, "{path}");
    }
}
