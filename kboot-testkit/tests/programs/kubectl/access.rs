//! Certificates, tokens, and who may do what.

use super::{clusters, request};
use crate::support::{Tool, has, kubectl_of};
use kboot_testkit::Identity;

#[tokio::test]
async fn requests_are_approved_and_denied() {
    for cluster in clusters().await {
        let kubectl = &cluster.kubectl;
        let file = kubectl.write("csr.yaml", format!("{}---\n{}", request("jane"), request("bob")));
        kubectl.ok(&["create", "-f", &file]);
        let said = kubectl.ok(&["certificate", "approve", "jane"]);
        assert_eq!(said, "certificatesigningrequest.certificates.k8s.io/jane approved\n");
        let said = kubectl.ok(&["certificate", "deny", "bob"]);
        assert_eq!(said, "certificatesigningrequest.certificates.k8s.io/bob denied\n");
        has(&kubectl.refused(&["certificate", "approve", "bob"]), &["is already Denied"]);
        kubectl.until(&["get", "csr", "jane"], |text| text.contains("Approved,Issued"));
        has(&kubectl.ok(&["get", "csr", "bob"]), &["Denied"]);
        let reason = "jsonpath={.status.conditions[0].reason}";
        assert_eq!(kubectl.ok(&["get", "csr", "jane", "-o", reason]), "KubectlApprove");
        assert_eq!(kubectl.ok(&["get", "csr", "bob", "-o", reason]), "KubectlDeny");
    }
}

#[tokio::test]
async fn who_may_do_what() {
    for cluster in clusters().await {
        let kubectl = &cluster.kubectl;
        kubectl.ok(&["create", "role", "reader", "--verb=get", "--resource=secrets"]);
        kubectl.ok(&["create", "rolebinding", "reads", "--role=reader", "--user=jane"]);
        let can = |words: &[&str]| kubectl.run(&[&["auth", "can-i"], words].concat());
        let (yes, no) = (can(&["get", "secrets", "--as=jane"]), can(&["get", "nodes", "--as=jane"]));
        assert_eq!((yes.is_ok, yes.out.as_str()), (true, "yes\n"), "{yes:?}");
        assert_eq!((no.is_ok, no.out.as_str()), (false, "no\n"), "{no:?}");
        assert!(can(&["*", "*"]).is_ok);
        assert!(can(&["get", "/healthz", "--as=jane", "--as-group=system:authenticated"]).is_ok);
        assert!(!can(&["get", "secrets", "--as=jane", "-n", "kube-system"]).is_ok);
        let list = kubectl.ok(&["auth", "can-i", "--list", "--as=jane"]);
        has(&list, &["Resources", "selfsubjectaccessreviews.authorization.k8s.io", "secrets", "[/healthz]"]);
        let said = kubectl.run(&["auth", "whoami", "--as=jane", "--as-group=dev", "-o", "yaml"]);
        if cluster.minor >= 28 {
            has(
                &said.out,
                &["username: jane", "- dev\n", "- system:authenticated\n", "creationTimestamp: \"2"],
            );
        } else {
            has(&said.err, &["the selfsubjectreviews API is not enabled in the cluster"]);
        }
        // Jane herself, by certificate.
        let version = format!("1.{}", cluster.minor);
        let program = kubectl_of(&version).unwrap();
        let jane = Tool::kubectl(program, &cluster.api, &Identity::certificate("jane", ["dev"]));
        jane.ok(&["get", "secrets", "none", "--ignore-not-found"]);
        has(
            &jane.refused(&["get", "secrets"]),
            &[
                "Error from server (Forbidden): secrets is forbidden: User \"jane\" cannot list resource \"secrets\"",
            ],
        );
        assert!(!jane.run(&["auth", "can-i", "create", "configmaps"]).is_ok);
    }
}

#[tokio::test]
async fn tokens_of_service_accounts() {
    for cluster in clusters().await {
        let kubectl = &cluster.kubectl;
        kubectl.ok(&["create", "serviceaccount", "robot"]);
        kubectl.ok(&["create", "clusterrole", "sees", "--verb=list", "--resource=nodes"]);
        kubectl.ok(&[
            "create",
            "clusterrolebinding",
            "sees",
            "--clusterrole=sees",
            "--serviceaccount=default:robot",
        ]);
        let token = kubectl.ok(&["create", "token", "robot", "--duration=10m"]);
        let program = kubectl_of(&format!("1.{}", cluster.minor)).unwrap();
        let robot = Tool::kubectl(program, &cluster.api, &Identity::token(token.trim()));
        robot.ok(&["get", "nodes"]);
        has(&robot.refused(&["get", "cm"]), &["User \"system:serviceaccount:default:robot\" cannot list"]);
        has(&kubectl.refused(&["create", "token", "nobody"]), &["serviceaccounts \"nobody\" not found"]);
        kubectl.ok(&["delete", "serviceaccount", "robot"]);
        has(&robot.refused(&["get", "nodes"]), &["Unauthorized"]);
    }
}
