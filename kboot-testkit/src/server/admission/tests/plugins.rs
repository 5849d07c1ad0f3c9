//! Admission plug-ins, beyond what `upstream-1.20.json` has of them.

#![allow(clippy::type_complexity, reason = "tests")]

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Store, admin, csrs, namespaces, node, of_kind, resource};
use crate::generate::{Object, Request};
use crate::server::admission::{Phase, admit};
use crate::server::attributes::{Attributes, User};
use crate::server::resource::Resource;
use crate::server::status::Status;

/// What is asked of admission; the least that a case needs is filled in.
struct Asked<'a> {
    resource: &'a Resource,
    subresource: &'a str,
    user: User,
    old: Option<Value>,
    new: Option<Value>,
    may: &'a [(&'a str, &'a str)],
    minor: u32,
}

impl<'a> Asked<'a> {
    fn create(resource: &'a Resource, user: User, new: Value) -> Self {
        Self { resource, subresource: "", user, old: None, new: Some(new), may: &[], minor: 36 }
    }

    fn of(&self, store: &Store) -> Result<(), Status> {
        let object = self.new.as_ref().or(self.old.as_ref()).unwrap();
        let of_old =
            |at: &str| self.old.as_ref().unwrap_or(object).pointer(at).and_then(Value::as_str).unwrap_or("");
        let attributes = Attributes {
            user: Arc::new(self.user.clone()),
            group: self.resource.group.clone(),
            resource: self.resource.plural.clone(),
            subresource: self.subresource.to_owned(),
            namespace: of_old("/metadata/namespace").to_owned(),
            name: of_old("/metadata/name").to_owned(),
            ..Attributes::default()
        };
        let allowed = |asked: &Attributes| self.may.contains(&(asked.verb.as_str(), asked.name.as_str()));
        let at = |phase| {
            let (old, new) = (self.old.as_ref(), self.new.as_ref());
            admit(phase, &attributes, self.resource, old, new, store, &allowed, self.minor)
        };
        at(Phase::Mutating).and_then(|()| at(Phase::Validating))
    }

    fn refused(&self, store: &Store) -> String {
        self.of(store).err().map(|status| status.message).unwrap_or_default()
    }
}

fn named(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "default"}})
}

#[test]
fn namespaces_have_to_be_there_and_to_stay() {
    let config_maps = of_kind("cm");
    let store = namespaces()
        .with("namespaces", json!({"metadata": {"name": "going"}, "status": {"phase": "Terminating"}}));
    let inside = |namespace: &str| json!({"metadata": {"name": "a", "namespace": namespace}});
    let missing = Asked::create(&config_maps, admin(), inside("nowhere")).of(&store).unwrap_err();
    assert_eq!((missing.code, missing.message.as_str()), (404, "namespaces \"nowhere\" not found"));
    let going = Asked::create(&config_maps, admin(), inside("going")).of(&store).unwrap_err();
    let expected = "configmaps \"a\" is forbidden: unable to create new content in namespace going because it is \
                    being terminated";
    assert_eq!((going.code, going.message.as_str()), (403, expected));
    assert_eq!(
        going.details.unwrap()["causes"],
        json!([{"reason": "NamespaceTerminating", "message": "namespace going is being terminated",
            "field": "metadata.namespace"}])
    );
    // What is there already can be changed and deleted.
    let change =
        Asked { old: Some(inside("going")), ..Asked::create(&config_maps, admin(), inside("going")) };
    assert_eq!(change.refused(&store), "");
    let delete = Asked { new: None, ..change };
    assert_eq!(delete.refused(&store), "");
}

#[test]
fn some_namespaces_stay() {
    let namespace = of_kind("ns");
    let delete = |name: &str| {
        let asked = Asked::create(&namespace, admin(), json!({}));
        Asked { old: Some(json!({"metadata": {"name": name}})), new: None, ..asked }.refused(&namespaces())
    };
    for name in ["default", "kube-system", "kube-public"] {
        let expected = format!("namespaces {name:?} is forbidden: this namespace may not be deleted");
        assert_eq!(delete(name), expected);
    }
    assert_eq!(delete("kube-node-lease"), "");
}

fn csr(object: &Object) -> Value {
    let mut object = object.json();
    object["metadata"] = json!({"name": "csr-1"});
    object
}

#[test]
fn approving_and_signing_take_a_permission_for_the_signer() {
    let csrs = csrs();
    let old = csr(&Object::kubelet_client("worker-1", Request::kubelet_client("worker-1").pem()));
    let mut new = old.clone();
    new["status"] = json!({"conditions": [{"type": "Approved", "status": "True"}]});
    let signer = "kubernetes.io/kube-apiserver-client-kubelet";
    for (subresource, verb) in [("approval", "approve"), ("status", "sign")] {
        let refused = |may: &[(&str, &str)], new: &Value| {
            let asked = Asked::create(&csrs, admin(), new.clone());
            Asked { subresource, old: Some(old.clone()), may, ..asked }.refused(&Store::default())
        };
        let message = format!(
            "certificatesigningrequests.certificates.k8s.io \"csr-1\" is forbidden: user not permitted to {verb} \
             requests with signerName {signer:?}"
        );
        assert_eq!(refused(&[], &new), message);
        assert_eq!(refused(&[(verb, "kubernetes.io/kubelet-serving"), ("create", signer)], &new), message);
        assert_eq!(refused(&[(verb, signer)], &new), "");
        assert_eq!(refused(&[(verb, "kubernetes.io/*")], &new), "");
        // The new object's signer says nothing.
        let mut other = new.clone();
        other["spec"]["signerName"] = "a.example/b".into();
        assert_eq!(refused(&[(verb, "a.example/b")], &other), message);
        // A status that stays as it was takes no permission, an approval does.
        assert_eq!(refused(&[], &old), if verb == "sign" { "" } else { &message });
    }
}

#[test]
fn bundles_take_a_permission_for_the_signer() {
    let bundles = resource("certificates.k8s.io", "clustertrustbundles", "ClusterTrustBundle", false, &[]);
    let bundle =
        |signer: &str| json!({"metadata": {"name": "b"}, "spec": {"signerName": signer, "trustBundle": "x"}});
    let message = "clustertrustbundles.certificates.k8s.io \"b\" is forbidden: user not permitted to attest for \
                   signerName \"a.example/b\"";
    let asked = Asked::create(&bundles, admin(), bundle("a.example/b"));
    assert_eq!(asked.refused(&Store::default()), message);
    let unchanged = Asked { old: Some(bundle("a.example/b")), ..asked };
    assert_eq!(unchanged.refused(&Store::default()), "");
    assert_eq!(Asked::create(&bundles, admin(), bundle("")).refused(&Store::default()), "");
}

#[test]
fn kubelets_ask_for_themselves_from_1_31_on() {
    let csrs = csrs();
    let asks = |requested: &str, user: User, minor| {
        let new = csr(&Object::kubelet_client("x", Request::kubelet_client(requested).pem()));
        Asked { minor, ..Asked::create(&csrs, user, new) }.refused(&Store::default())
    };
    let message = "certificatesigningrequests.certificates.k8s.io \"csr-1\" is forbidden: can only create a node CSR \
                   with CN=system:node:node-1";
    assert_eq!(asks("node-1", node("node-1"), 36), "");
    assert_eq!(asks("other", node("node-1"), 31), message);
    assert_eq!(asks("other", node("node-1"), 30), "");
    assert_eq!(asks("other", admin(), 36), "");
}

#[test]
fn kubelets_make_mirror_pods_alone() {
    let pods = resource("", "pods", "Pod", true, &["status", "eviction"]);
    let store = namespaces().with("nodes", json!({"metadata": {"name": "node-1", "uid": "1"}})).with(
        "pods",
        json!({"metadata": {"name": "theirs", "namespace": "default"}, "spec": {"nodeName": "node-2"}}),
    );
    let mirror = json!({
        "metadata": {
            "name": "a", "namespace": "default",
            "annotations": {"kubernetes.io/config.mirror": "x"},
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Node", "name": "node-1", "uid": "1", "controller": true}],
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "c"}]},
    });
    let makes = |change: &dyn Fn(&mut Value)| {
        let mut pod = mirror.clone();
        change(&mut pod);
        let refused = Asked { minor: 20, ..Asked::create(&pods, node("node-1"), pod) }.refused(&store);
        refused.trim_start_matches("pods \"a\" is forbidden: ").to_owned()
    };
    assert_eq!(makes(&|_| ()), "");
    let cases: [(&dyn Fn(&mut Value), &str); 8] = [
        (
            &|pod| pod["metadata"]["annotations"] = json!({}),
            "pod does not have \"kubernetes.io/config.mirror\" annotation, node \"node-1\" can only create mirror pods",
        ),
        (
            &|pod| pod["spec"]["nodeName"] = "node-2".into(),
            "node \"node-1\" can only create pods with spec.nodeName set to itself",
        ),
        (
            &|pod| pod["metadata"]["ownerReferences"] = json!([]),
            "node \"node-1\" can only create pods with an owner reference set to itself",
        ),
        (
            &|pod| pod["metadata"]["ownerReferences"][0]["uid"] = "2".into(),
            "node node-1 UID mismatch: expected 2 got 1",
        ),
        (
            &|pod| pod["spec"]["serviceAccountName"] = "x".into(),
            "a mirror pod may not reference service accounts",
        ),
        (
            &|pod| pod["spec"]["containers"][0]["envFrom"] = json!([{"secretRef": {"name": "x"}}]),
            "a mirror pod may not reference secrets",
        ),
        (
            &|pod| pod["spec"]["volumes"] = json!([{"projected": {"sources": [{"configMap": {}}]}}]),
            "node \"node-1\" can not create pods that reference configmaps",
        ),
        (
            &|pod| pod["spec"]["volumes"] = json!([{"persistentVolumeClaim": {"claimName": "x"}}]),
            "node \"node-1\" can not create pods that reference persistentvolumeclaims",
        ),
    ];
    for (change, message) in cases {
        assert_eq!(makes(change), message);
    }
    let delete =
        Asked { old: Some(named("theirs")), new: None, ..Asked::create(&pods, node("node-1"), json!({})) };
    assert_eq!(
        delete.refused(&store),
        "pods \"theirs\" is forbidden: node \"node-1\" can only delete pods with spec.nodeName set to itself"
    );
}

#[test]
fn kubelets_get_tokens_for_their_pods() {
    let accounts = of_kind("sa");
    let pod = |name: &str, node: &str| {
        json!({"metadata": {"name": name, "namespace": "default", "uid": name}, "spec": {"nodeName": node,
            "volumes": [{"projected": {"sources": [{"serviceAccountToken": {"audience": "vault"}}]}}]}})
    };
    let store = namespaces().with("pods", pod("mine", "node-1")).with("pods", pod("theirs", "node-2"));
    let asks = |reference: Value, audiences: &[&str], minor| {
        let mut new = named("default");
        new["spec"] = json!({"boundObjectRef": reference, "audiences": audiences});
        let asked = Asked::create(&accounts, node("node-1"), new);
        let refused = Asked { subresource: "token", minor, ..asked }.refused(&store);
        refused.trim_start_matches("serviceaccounts \"default\" is forbidden: ").to_owned()
    };
    let to = |name: &str, uid: &str| json!({"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid});
    assert_eq!(asks(to("mine", "mine"), &["any"], 20), "");
    assert_eq!(asks(Value::Null, &[], 20), "node requested token not bound to a pod");
    assert_eq!(asks(to("mine", ""), &[], 20), "node requested token with a pod binding without a uid");
    assert_eq!(asks(to("gone", "x"), &[], 20), "pod \"gone\" not found");
    let mismatch = "does not match the UID in record. The object might have been deleted and then recreated";
    let message = format!("the UID in the bound object reference (x) {mismatch}");
    assert_eq!(asks(to("mine", "x"), &[], 20), message.replace("record", "record (mine)"));
    assert_eq!(asks(to("mine", "x"), &[], 36), message);
    let elsewhere = "node requested token bound to a pod scheduled on a different node";
    assert_eq!(asks(to("theirs", "theirs"), &[], 20), elsewhere);
    assert_eq!(asks(to("mine", "mine"), &["vault"], 36), "");
    assert_eq!(
        asks(to("mine", "mine"), &["other"], 36),
        "audience \"other\" not found in pod spec volume, system:node:node-1 is not authorized to request tokens for \
         this audience"
    );
}

#[test]
fn kubelets_get_certificates_for_their_pods() {
    let requests =
        resource("certificates.k8s.io", "podcertificaterequests", "PodCertificateRequest", true, &["status"]);
    let store = namespaces()
        .with("nodes", json!({"metadata": {"name": "node-1", "uid": "n"}}))
        .with("serviceaccounts", json!({"metadata": {"name": "default", "namespace": "default", "uid": "s"}}))
        .with(
            "pods",
            json!({"metadata": {"name": "mine", "namespace": "default", "uid": "p"},
                "spec": {"nodeName": "node-1", "serviceAccountName": "default"}}),
        );
    let asks = |field: &str, value: &str| {
        let mut new = named("a");
        new["spec"] = json!({
            "nodeName": "node-1", "nodeUID": "n", "podName": "mine", "podUID": "p",
            "serviceAccountName": "default", "serviceAccountUID": "s",
        });
        new["spec"][field] = value.into();
        Asked::create(&requests, node("node-1"), new)
            .of(&store)
            .map_err(|status| (status.code, status.message))
    };
    assert_eq!(asks("podName", "mine"), Ok(()));
    let code = |field, value| asks(field, value).unwrap_err().0;
    assert_eq!(code("nodeName", "node-2"), 403);
    assert_eq!(code("serviceAccountName", "other"), 403);
    assert_eq!(code("podName", "gone"), 404);
    for field in ["nodeUID", "podUID", "serviceAccountUID"] {
        assert_eq!(code(field, "x"), 500, "{field}");
    }
    let (_, message) = asks("podUID", "x").unwrap_err();
    let expected = "PodCertificateRequest for pod \"default/mine\" contains pod UID (\"x\") which differs from running \
                    pod \"p\"";
    assert_eq!(message, expected);
}
