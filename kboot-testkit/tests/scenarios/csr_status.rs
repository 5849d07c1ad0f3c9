//! CertificateSigningRequests: what an update, an approval and a status may change.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kboot_testkit::Identity;
use serde_json::json;

use crate::answer::Object;
use crate::api::{Api, MERGE_PATCH};
use crate::csrs::{made, path, with_condition};
use crate::runner::scenarios;

scenarios! {
    Full: an_update_changes_no_spec, an_update_changes_no_status, an_approval_changes_conditions_alone, an_approval_is_true, approved_and_denied_exclude_each_other, a_condition_comes_once, a_decision_stays, a_condition_has_a_type_and_a_status, an_approval_has_times, a_status_decides_nothing, a_status_may_fail_it, a_certificate_is_set_by_the_status, a_certificate_stays, a_certificate_is_one, an_approval_needs_its_version, other_conditions;
}

async fn an_update_changes_no_spec(api: Api) {
    let made = made(&api).await;
    let changed = made
        .clone()
        .with("/spec/signerName", "kit.example.com/b")
        .with("/spec/username", "root")
        .with("/spec/usages", json!(["any"]));
    let now =
        api.put(&path(&api, ""), &changed.with("/metadata/labels", json!({"a": "b"}))).await.expect(200);
    assert_eq!(now["spec"], made["spec"]);
    assert_eq!(now["metadata"]["labels"], json!({"a": "b"}));
}

async fn an_update_changes_no_status(api: Api) {
    let made = made(&api).await;
    let now = api.put(&path(&api, ""), &with_condition(made, "Approved", "True")).await.expect(200);
    assert_eq!(now["status"], json!({}));
}

async fn an_approval_changes_conditions_alone(api: Api) {
    let made = made(&api).await;
    let changed = with_condition(made.clone(), "Approved", "True")
        .with("/status/certificate", "YQ==")
        .with("/spec/signerName", "kit.example.com/b");
    let now = api.put(&path(&api, "/approval"), &changed).await.expect(200);
    assert_eq!(now["spec"], made["spec"]);
    assert_eq!(now["status"].get("certificate"), None);
    assert_eq!(now["status"]["conditions"][0]["type"], "Approved");
    assert_eq!(now["status"]["conditions"][0]["message"], "by a test");
}

async fn an_approval_is_true(api: Api) {
    let made = made(&api).await;
    for kind in ["Approved", "Denied"] {
        for status in ["False", "Unknown"] {
            let answer = api.put(&path(&api, "/approval"), &with_condition(made.clone(), kind, status)).await;
            answer.refused(422, "Invalid");
            assert_eq!(answer.json["details"]["causes"][0]["field"], "status.conditions[0].status");
        }
    }
    let answer = api.put(&path(&api, "/approval"), &with_condition(made, "Approved", "Yes")).await;
    api.see("message", answer.refused(422, "Invalid"));
}

async fn approved_and_denied_exclude_each_other(api: Api) {
    let made = made(&api).await;
    let both = with_condition(with_condition(made.clone(), "Approved", "True"), "Denied", "True");
    let answer = api.put(&path(&api, "/approval"), &both).await;
    api.see("both at once", answer.refused(422, "Invalid"));
    let denied = api.put(&path(&api, "/approval"), &with_condition(made, "Denied", "True")).await.expect(200);
    let answer = api.put(&path(&api, "/approval"), &with_condition(denied, "Approved", "True")).await;
    answer.refused(422, "Invalid");
}

async fn a_condition_comes_once(api: Api) {
    let made = made(&api).await;
    let twice = with_condition(with_condition(made, "Approved", "True"), "Approved", "True");
    let answer = api.put(&path(&api, "/approval"), &twice).await;
    api.see("message", answer.refused(422, "Invalid"));
}

async fn a_decision_stays(api: Api) {
    let made = made(&api).await;
    let approved =
        api.put(&path(&api, "/approval"), &with_condition(made, "Approved", "True")).await.expect(200);
    let without = approved.clone().with("/status/conditions", json!([]));
    let answer = api.put(&path(&api, "/approval"), &without).await;
    api.see("message", answer.refused(422, "Invalid"));
    // Nor does a new reason come through.
    let reworded = approved.with("/status/conditions/0/reason", "Other");
    let answer = api.put(&path(&api, "/approval"), &reworded).await;
    api.see("another reason", format!("{} {}", answer.code, answer.message()));
}

async fn a_condition_has_a_type_and_a_status(api: Api) {
    let made = made(&api).await;
    for (kind, status) in [("", "True"), ("Approved", "")] {
        let answer = api.put(&path(&api, "/approval"), &with_condition(made.clone(), kind, status)).await;
        api.see(&format!("{kind:?} {status:?}"), answer.refused(422, "Invalid"));
    }
}

async fn an_approval_has_times(api: Api) {
    let made = made(&api).await;
    let now = api.put(&path(&api, "/approval"), &with_condition(made, "Approved", "True")).await.expect(200);
    let condition = &now["status"]["conditions"][0];
    for field in ["lastUpdateTime", "lastTransitionTime"] {
        assert!(condition[field].as_str().is_some_and(|time| time.len() == 20), "{condition}");
    }
}

async fn a_status_decides_nothing(api: Api) {
    let made = made(&api).await;
    for kind in ["Approved", "Denied"] {
        let answer = api.put(&path(&api, "/status"), &with_condition(made.clone(), kind, "True")).await;
        api.see(kind, answer.refused(422, "Invalid"));
    }
}

async fn a_status_may_fail_it(api: Api) {
    let made = made(&api).await;
    let failed = api.put(&path(&api, "/status"), &with_condition(made, "Failed", "True")).await.expect(200);
    let answer = api.put(&path(&api, "/status"), &failed.with("/status/conditions", json!([]))).await;
    api.see("message", answer.refused(422, "Invalid"));
}

fn certificate() -> String {
    use kboot_core::Env;
    use kboot_core::pki::CertificateAuthority;
    use kboot_core::x509::KeyAlgorithm;
    let lifetime = "90d".parse().unwrap();
    CertificateAuthority::create("a", KeyAlgorithm::EcdsaP256, lifetime, &mut Env::system())
        .unwrap()
        .certificate()
        .to_pem()
}

async fn a_certificate_is_set_by_the_status(api: Api) {
    let made = made(&api).await;
    let text = STANDARD.encode(certificate());
    let now =
        api.put(&path(&api, "/status"), &made.with("/status/certificate", text.clone())).await.expect(200);
    // Whether it is approved and whose certificate it is, nobody asks here.
    assert_eq!(now["status"]["certificate"], text);
}

async fn a_certificate_stays(api: Api) {
    let made = made(&api).await;
    let issued = api
        .put(&path(&api, "/status"), &made.with("/status/certificate", STANDARD.encode(certificate())))
        .await
        .expect(200);
    let other = issued.clone().with("/status/certificate", STANDARD.encode(certificate()));
    let answer = api.put(&path(&api, "/status"), &other).await;
    api.see("message", answer.refused(422, "Invalid"));
    assert_eq!(answer.json["details"]["causes"][0]["field"], "status.certificate");
}

async fn a_certificate_is_one(api: Api) {
    let made = made(&api).await;
    let pem = certificate();
    let lines: Vec<_> = pem.lines().collect();
    let header = pem.replacen('\n', "\nA: b\n\n", 1);
    for (what, text) in [
        ("no PEM", "nonsense".to_owned()),
        ("another block", pem.replace("CERTIFICATE", "PUBLIC KEY")),
        (
            "no certificate inside",
            "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".to_owned(),
        ),
        ("a header", header),
        ("another block after it", format!("{pem}{}", pem.replace("CERTIFICATE", "PUBLIC KEY"))),
    ] {
        let answer = api
            .put(&path(&api, "/status"), &made.clone().with("/status/certificate", STANDARD.encode(text)))
            .await;
        answer.refused(422, "Invalid");
        api.see(what, answer.message().rsplit("\": ").next().unwrap_or_default());
    }
    assert!(lines.len() > 2);
    let around = format!("a comment\n{pem}between\n{pem}");
    api.put(&path(&api, "/status"), &made.with("/status/certificate", STANDARD.encode(around)))
        .await
        .expect(200);
}

async fn an_approval_needs_its_version(api: Api) {
    let made = made(&api).await;
    api.patch(&path(&api, ""), MERGE_PATCH, &json!({"metadata": {"labels": {"a": "b"}}})).await.expect(200);
    api.put(&path(&api, "/approval"), &with_condition(made, "Approved", "True"))
        .await
        .refused(409, "Conflict");
    let patch = json!({"status": {"conditions": [{"type": "Approved", "status": "True", "reason": "Test"}]}});
    let now = api.patch(&path(&api, "/approval"), MERGE_PATCH, &patch).await.expect(200);
    assert_eq!(now["status"]["conditions"][0]["reason"], "Test");
}

async fn other_conditions(api: Api) {
    let made = made(&api).await;
    let now = api.put(&path(&api, "/status"), &with_condition(made, "Checked", "False")).await.expect(200);
    assert_eq!(now["status"]["conditions"][0]["type"], "Checked");
    // These may go again.
    let now = api.put(&path(&api, "/status"), &now.with("/status/conditions", json!([]))).await.expect(200);
    assert!(now["status"].get("conditions").is_none_or(|conditions| conditions == &json!([])));
    let jane = api.as_(Identity::certificate::<String>("jane", []));
    jane.get(&path(&api, "/status")).await.refused(403, "Forbidden");
}
