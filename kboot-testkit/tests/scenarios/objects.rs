//! Create, get, update: codes, and what the server sets.

use serde_json::json;

use crate::answer::Object;
use crate::api::Api;
use crate::runner::scenarios;

scenarios! {
    Generic: create_answers_with_the_object, create_again_already_exists, create_needs_a_name, create_refuses_a_bad_name,
        create_refuses_another_namespace, create_refuses_another_kind, create_refuses_another_version,
        create_refuses_a_resource_version, create_sets_what_is_the_servers, create_refuses_a_bad_label,
        create_refuses_a_bad_annotation, create_refuses_too_large_annotations, get_of_what_is_missing, update_answers_with_the_object,
        update_of_what_is_missing, update_refuses_another_name, update_without_a_version, update_that_changes_nothing,
        update_keeps_what_is_the_servers, generate_name_adds_five_characters, generate_name_gives_way_to_name,
        generate_name_is_cut, owner_references_are_validated, a_manager_is_recorded, the_manager_is_the_user_agent,
        concurrent_creates_make_one;
    Full: a_secrets_string_data_becomes_data, a_secrets_type_is_immutable, an_immutable_config_map_stays,
        a_config_maps_keys_are_validated, a_service_account_is_created;
}

async fn create_answers_with_the_object(api: Api) {
    let made = api.create("a", json!({"k": "v"})).await;
    let (version, kind) = api.kind();
    assert_eq!((&made["apiVersion"], &made["kind"]), (&json!(version), &json!(kind)));
    assert_eq!(made["metadata"]["namespace"], api.ns);
    assert_eq!(made["data"], json!({"k": "v"}));
    assert_eq!(made.uid().len(), 36);
    assert!(made.version().parse::<u64>().unwrap() > 0);
    let created = made["metadata"]["creationTimestamp"].as_str().unwrap();
    assert!(created.len() == 20 && created.ends_with('Z'), "{created}");
    assert_eq!(made["metadata"].get("selfLink"), None);
    assert_eq!(api.get(&api.thing("a")).await.expect(200), made);
}

async fn create_again_already_exists(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.post(&api.things(), &api.new_thing("a", json!({}))).await;
    let message = answer.refused(409, "AlreadyExists");
    assert_eq!(message, format!(r#"{} "a" already exists"#, api.resource()));
    assert_eq!(answer.json["details"]["name"], "a");
    assert_eq!(answer.json["details"]["kind"], api.generic().1);
}

async fn create_needs_a_name(api: Api) {
    let mut thing = api.new_thing("", json!({}));
    thing["metadata"] = json!({});
    let answer = api.post(&api.things(), &thing).await;
    api.see("message", answer.refused(422, "Invalid"));
    assert!(answer.message().contains("name or generateName is required"), "{}", answer.text);
    assert_eq!(answer.json["details"]["causes"][0]["field"], "metadata.name");
    assert_eq!(answer.json["details"]["causes"][0]["reason"], "FieldValueRequired");
}

async fn create_refuses_a_bad_name(api: Api) {
    for name in ["A", "a_b", "-a", "a.", "a/b", "a b", &"a".repeat(254)] {
        let answer = api.post(&api.things(), &api.new_thing(name, json!({}))).await;
        answer.refused(422, "Invalid");
        assert_eq!(answer.json["details"]["causes"][0]["field"], "metadata.name", "{name}");
    }
    let answer = api.post(&api.things(), &api.new_thing("A", json!({}))).await;
    api.see("message", answer.message());
}

async fn create_refuses_another_namespace(api: Api) {
    let thing = api.new_thing("a", json!({})).with("/metadata/namespace", "elsewhere");
    let answer = api.post(&api.things(), &thing).await;
    api.see("message", answer.refused(400, "BadRequest"));
}

async fn create_refuses_another_kind(api: Api) {
    let thing = api.new_thing("a", json!({})).with("/kind", "Gadget");
    let answer = api.post(&api.things(), &thing).await;
    let refused =
        if api.is_custom() { answer.refused(422, "Invalid") } else { answer.refused(400, "BadRequest") };
    api.see("message", refused);
}

async fn create_refuses_another_version(api: Api) {
    let thing = api.new_thing("a", json!({})).with("/apiVersion", "elsewhere.example.com/v1");
    let answer = api.post(&api.things(), &thing).await;
    api.see("message", answer.refused(400, "BadRequest"));
}

async fn create_refuses_a_resource_version(api: Api) {
    let thing = api.new_thing("a", json!({})).with("/metadata/resourceVersion", "1");
    let answer = api.post(&api.things(), &thing).await;
    api.see("answer", format!("{} {}", answer.code, answer.message()));
    assert!(answer.code >= 400, "{}", answer.text);
    api.get(&api.thing("a")).await.refused(404, "NotFound");
}

async fn create_sets_what_is_the_servers(api: Api) {
    let mut thing = api.new_thing("a", json!({}));
    thing["metadata"]["uid"] = json!("mine");
    thing["metadata"]["creationTimestamp"] = json!("2001-01-01T00:00:00Z");
    thing["metadata"]["selfLink"] = json!("/mine");
    thing["metadata"]["deletionTimestamp"] = json!("2001-01-01T00:00:00Z");
    thing["metadata"]["deletionGracePeriodSeconds"] = json!(7);
    let made = api.post(&api.things(), &thing).await.expect(201);
    assert_ne!(made.uid(), "mine");
    assert_ne!(made["metadata"]["creationTimestamp"], "2001-01-01T00:00:00Z");
    assert_eq!(made["metadata"].get("deletionTimestamp"), None);
    assert_eq!(made["metadata"].get("deletionGracePeriodSeconds"), None);
    api.see("selfLink", &made["metadata"]["selfLink"]);
}

async fn create_refuses_a_bad_label(api: Api) {
    for labels in
        [json!({"a b": "c"}), json!({"a": "b c"}), json!({"a/b/c": "d"}), json!({"a": "b".repeat(64)})]
    {
        let thing = api.new_thing("a", json!({})).with("/metadata/labels", labels);
        let answer = api.post(&api.things(), &thing).await;
        answer.refused(422, "Invalid");
        assert_eq!(answer.json["details"]["causes"][0]["field"], "metadata.labels", "{}", answer.text);
    }
}

async fn create_refuses_a_bad_annotation(api: Api) {
    let thing = api.new_thing("a", json!({})).with("/metadata/annotations", json!({"a b": "c"}));
    let answer = api.post(&api.things(), &thing).await;
    answer.refused(422, "Invalid");
    assert_eq!(answer.json["details"]["causes"][0]["field"], "metadata.annotations");
}

async fn create_refuses_too_large_annotations(api: Api) {
    let fits = "x".repeat(256 * 1024 - 1);
    let thing = |text: &str| api.new_thing("a", json!({})).with("/metadata/annotations", json!({"a": text}));
    let answer = api.post(&api.things(), &thing(&format!("{fits}x"))).await;
    answer.refused(422, "Invalid");
    assert_eq!(answer.json["details"]["causes"][0]["reason"], "FieldValueTooLong");
    api.see("message", answer.message());
    api.post(&api.things(), &thing(&fits)).await.expect(201);
}

async fn get_of_what_is_missing(api: Api) {
    let answer = api.get(&api.thing("a")).await;
    let message = answer.refused(404, "NotFound");
    assert_eq!(message, format!(r#"{} "a" not found"#, api.resource()));
    assert_eq!(answer.json["details"]["name"], "a");
    assert_eq!(answer.json["metadata"], json!({}));
    assert_eq!(answer.json["apiVersion"], "v1");
}

async fn update_answers_with_the_object(api: Api) {
    let made = api.create("a", json!({"k": "v"})).await;
    let now = api.put(&api.thing("a"), &made.clone().with("/data", json!({"k": "w"}))).await.expect(200);
    assert_eq!(now["data"], json!({"k": "w"}));
    assert!(now.version().parse::<u64>().unwrap() > made.version().parse().unwrap());
    assert_eq!(now.uid(), made.uid());
    assert_eq!(api.get(&api.thing("a")).await.expect(200), now);
}

async fn update_of_what_is_missing(api: Api) {
    let answer = api.put(&api.thing("a"), &api.new_thing("a", json!({}))).await;
    api.see("answer", format!("{} {}", answer.code, answer.message()));
    let there = api.create("b", json!({})).await.with("/metadata/name", "a");
    let answer = api.put(&api.thing("a"), &there).await;
    // A version and a uid are about an object that was there.
    api.see("with a version", format!("{} {}", answer.code, answer.json["reason"]));
    api.get(&api.thing("a")).await.refused(404, "NotFound");
}

async fn update_refuses_another_name(api: Api) {
    let made = api.create("a", json!({})).await;
    let answer = api.put(&api.thing("a"), &made.with("/metadata/name", "b")).await;
    api.see("message", answer.refused(400, "BadRequest"));
}

async fn update_without_a_version(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.put(&api.thing("a"), &api.new_thing("a", json!({"k": "v"}))).await;
    if api.is_custom() {
        api.see("message", answer.refused(422, "Invalid"));
    } else {
        assert_eq!(answer.expect(200)["data"], json!({"k": "v"}));
    }
}

async fn update_that_changes_nothing(api: Api) {
    let made = api.create("a", json!({"k": "v"})).await;
    let mut watch = api.watch(&format!("{}?resourceVersion={}", api.things(), made.version())).await;
    let again = api.put(&api.thing("a"), &made).await.expect(200);
    assert_eq!(again.version(), made.version());
    watch.quiet().await;
}

async fn update_keeps_what_is_the_servers(api: Api) {
    let made = api.create("a", json!({})).await;
    let changed = made
        .clone()
        .with("/metadata/creationTimestamp", "2001-01-01T00:00:00Z")
        .with("/data", json!({"k": "v"}));
    let now = api.put(&api.thing("a"), &changed).await.expect(200);
    assert_eq!(now["metadata"]["creationTimestamp"], made["metadata"]["creationTimestamp"]);
    let mut without = now.clone();
    without["metadata"].as_object_mut().unwrap().remove("uid");
    let kept = api.put(&api.thing("a"), &without.with("/data", json!({"k": "w"}))).await.expect(200);
    assert_eq!(kept.uid(), made.uid());
}

async fn generate_name_adds_five_characters(api: Api) {
    let mut thing = api.new_thing("", json!({}));
    thing["metadata"] = json!({"generateName": "job-"});
    let mut names = Vec::new();
    for _ in 0..3 {
        let made = api.post(&api.things(), &thing).await.expect(201);
        let rest = made.name().strip_prefix("job-").unwrap().to_owned();
        assert!(
            rest.len() == 5 && rest.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte)),
            "{rest}"
        );
        assert_eq!(made["metadata"]["generateName"], "job-");
        names.push(rest);
    }
    names.dedup();
    assert_eq!(names.len(), 3);
}

async fn generate_name_gives_way_to_name(api: Api) {
    let thing = api.new_thing("a", json!({})).with("/metadata/generateName", "job-");
    assert_eq!(api.post(&api.things(), &thing).await.expect(201).name(), "a");
    let answer = api.post(&api.things(), &thing).await;
    // Before 1.28 the server takes it for a generated name that was taken.
    if api.minor() < 28 {
        answer.refused(500, "ServerTimeout")
    } else {
        answer.refused(409, "AlreadyExists")
    };
    api.see("message", answer.message());
}

async fn generate_name_is_cut(api: Api) {
    let mut thing = api.new_thing("", json!({}));
    thing["metadata"] = json!({"generateName": "a".repeat(80)});
    let made = api.post(&api.things(), &thing).await.expect(201);
    let letters = made.name().chars().take_while(|letter| *letter == 'a').count();
    api.see("length", made.name().len());
    assert!(letters >= 58 && made.name().len() == 63, "{}", made.name());
}

async fn owner_references_are_validated(api: Api) {
    let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u"});
    let (missing, twice) = (json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "", "uid": ""}]), {
        let controller = owner.clone().with("/controller", true);
        json!([controller.clone(), controller.with("/uid", "v")])
    });
    for (owners, field) in [(missing, "metadata.ownerReferences"), (twice, "metadata.ownerReferences")] {
        let answer = api
            .post(&api.things(), &api.new_thing("a", json!({})).with("/metadata/ownerReferences", owners))
            .await;
        answer.refused(422, "Invalid");
        let at = answer.json["details"]["causes"][0]["field"].as_str().unwrap();
        assert!(at.starts_with(field), "{}", answer.text);
    }
    api.post(&api.things(), &api.new_thing("a", json!({})).with("/metadata/ownerReferences", json!([owner])))
        .await
        .expect(201);
}

async fn a_manager_is_recorded(api: Api) {
    let made = api
        .post(&format!("{}?fieldManager=me", api.things()), &api.new_thing("a", json!({"k": "v"})))
        .await
        .expect(201);
    let entry = &made["metadata"]["managedFields"][0];
    assert_eq!(entry["manager"], "me");
    assert_eq!(entry["operation"], "Update");
    assert_eq!(entry["fieldsType"], "FieldsV1");
    assert_eq!(entry["apiVersion"], api.kind().0);
    assert_eq!(entry["fieldsV1"]["f:data"]["f:k"], json!({}));
    let long = "m".repeat(129);
    let answer =
        api.post(&format!("{}?fieldManager={long}", api.things()), &api.new_thing("b", json!({}))).await;
    api.see("message", answer.refused(422, "Invalid").replace(&long, "MMM"));
}

async fn the_manager_is_the_user_agent(api: Api) {
    let headers = [("content-type", "application/json"), ("user-agent", "kit/1.0 (linux)")];
    let made = api
        .raw("POST", &api.things(), &headers, api.new_thing("a", json!({"k": "v"})).to_string())
        .await
        .expect(201);
    assert_eq!(made["metadata"]["managedFields"][0]["manager"], "kit");
}

async fn concurrent_creates_make_one(api: Api) {
    let path = api.things();
    let creates = (0..8).map(|number| {
        let (api, path) = (api.clone(), path.clone());
        async move { api.post(&path, &api.new_thing("a", json!({"by": number.to_string()}))).await.code }
    });
    let mut codes = futures::future::join_all(creates).await;
    codes.sort_unstable();
    assert_eq!(codes, [[201].as_slice(), &[409; 7]].concat());
}

async fn a_secrets_string_data_becomes_data(api: Api) {
    let path = format!("/api/v1/namespaces/{}/secrets", api.ns);
    let secret = json!({"metadata": {"name": "s"}, "data": {"a": "YQ=="}, "stringData": {"b": "b"}});
    let made = api.post(&path, &secret).await.expect(201);
    assert_eq!(made["data"], json!({"a": "YQ==", "b": "Yg=="}));
    assert_eq!(made.get("stringData"), None);
    assert_eq!(made["type"], "Opaque");
}

async fn a_secrets_type_is_immutable(api: Api) {
    let path = format!("/api/v1/namespaces/{}/secrets", api.ns);
    let made =
        api.post(&path, &json!({"metadata": {"name": "s"}, "type": "kit.example.com/a"})).await.expect(201);
    let answer = api.put(&format!("{path}/s"), &made.with("/type", "kit.example.com/b")).await;
    api.see("message", answer.refused(422, "Invalid"));
}

async fn an_immutable_config_map_stays(api: Api) {
    let made = api
        .post(&api.things(), &api.new_thing("a", json!({"k": "v"})).with("/immutable", true))
        .await
        .expect(201);
    for changed in [made.clone().with("/data", json!({"k": "w"})), made.with("/immutable", false)] {
        let answer = api.put(&api.thing("a"), &changed).await;
        api.see("message", answer.refused(422, "Invalid"));
    }
}

async fn a_config_maps_keys_are_validated(api: Api) {
    for key in ["a b", "", "a/b", ".."] {
        let answer = api.post(&api.things(), &api.new_thing("a", json!({key: "v"}))).await;
        answer.refused(422, "Invalid");
    }
    let answer = api.post(&api.things(), &api.new_thing("a", json!({"k": 1}))).await;
    api.see("a number", answer.refused(400, "BadRequest"));
}

async fn a_service_account_is_created(api: Api) {
    let path = format!("/api/v1/namespaces/{}/serviceaccounts", api.ns);
    let made = api.post(&path, &json!({"metadata": {"name": "robot"}})).await.expect(201);
    assert_eq!((&made["kind"], &made["apiVersion"]), (&json!("ServiceAccount"), &json!("v1")));
}
