//! What the real server answered to SubjectAccessReviews.

use std::time::Instant;

use serde_json::json;

use super::super::{Decision, authorize, forbidden};
use super::{Memory, question, users};
use crate::server::attributes::Attributes;

#[test]
fn every_answer_is_the_real_servers() {
    let objects = Memory::with_testdata(20);
    let users = users();
    let (mut asked, mut differences) = (0, Vec::new());
    let mut text = "";
    let mut seen: Vec<&str> = Vec::new();
    for row in include_str!("../testdata/answers-1.20.2.tsv").lines().filter(|row| !row.starts_with('#')) {
        let columns: Vec<_> = row.split('\t').collect();
        if !columns[0].is_empty() {
            text = columns[0];
            seen.clear();
        }
        let asked_of: Vec<_> = match columns[2] {
            "*" => users.keys().map(String::as_str).filter(|user| !seen.contains(user)).collect(),
            listed => listed.split(',').collect(),
        };
        let reasons: Vec<_> = columns.get(3).copied().unwrap_or_default().split(" | ").collect();
        for user in asked_of {
            // They came with the questions about escalation.
            if ["delegate", "twice"].contains(&user) {
                continue;
            }
            seen.push(user);
            asked += 1;
            let decision = authorize(&question(&users[user], text), &objects, 20);
            let (Decision::Allow(reason) | Decision::NoOpinion(reason)) = &decision;
            let is_right = decision.is_allowed() == (columns[1] == "yes");
            if !is_right || !reasons.contains(&reason.replace('\n', "\\n").as_str()) {
                differences.push(format!("{user}: {text}: {decision:?}, not {} {reasons:?}", columns[1]));
            }
        }
    }
    assert_eq!(differences, Vec::<String>::new(), "{} of {asked}", differences.len());
    assert_eq!(asked, 2238);
}

#[test]
fn a_refusal_says_who_cannot_do_what_where() {
    let users = users();
    let said = |text: &str, reason: &str| {
        let status = forbidden(&question(&users["jane"], text), reason);
        (status.message, status.details.unwrap())
    };
    let csr = "certificatesigningrequests";
    let (message, details) = said(&format!("list certificates.k8s.io/{csr} - -"), "");
    assert_eq!(
        message,
        format!(
            "{csr}.certificates.k8s.io is forbidden: User \"jane\" cannot list resource \"{csr}\" in API group \
             \"certificates.k8s.io\" at the cluster scope"
        )
    );
    assert_eq!(details, json!({"kind": csr, "group": "certificates.k8s.io"}));
    let (message, details) = said("patch core/pods/status dev web", "why");
    assert_eq!(
        message,
        "pods \"web\" is forbidden: User \"jane\" cannot patch resource \"pods/status\" in API group \"\" in the \
         namespace \"dev\": why"
    );
    assert_eq!(details, json!({"kind": "pods", "name": "web"}));
    let (message, details) = said("get url /a<b>&c", "");
    assert_eq!(message, "forbidden: User \"jane\" cannot get path \"/a&lt;b&gt;&amp;c\"");
    assert_eq!(details, json!({}));
}

/// Not a measurement, a guard: a request costs microseconds, also where every default binding is looked at.
#[test]
fn a_request_is_judged_at_once() {
    let objects = Memory::with_testdata(36);
    let users = users();
    let own = Attributes {
        field_selector: "spec.nodeName=n1".to_owned(),
        ..question(&users["n1"], "list core/pods - -")
    };
    for asked in [
        question(&users["admin"], "get core/nodes - n1"),
        own,
        question(&users["nobody"], "get core/nodes - n1"),
    ] {
        let start = Instant::now();
        for _ in 0..100 {
            authorize(&asked, &objects, 36);
        }
        assert!(start.elapsed().as_millis() < 1000, "{asked:?}: {:?}", start.elapsed() / 100);
    }
}
