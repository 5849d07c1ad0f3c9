//! `kube`'s kubeconfig, held against its own reading of kboot's text.

use kboot_core::kubeconfig::{Kubeconfig, KubeconfigError};
use kube::config::{ExecConfig, Kubeconfig as KubeKubeconfig, NamedExtension};
use serde_json::Value;

const FULL: &str = r#"
apiVersion: v1
kind: Config
preferences: {colors: true, extensions: [{name: e, extension: {a: 1}}], later: [1]}
extensions: [{name: e, extension: {a: 1}}]
future: {key: [1, 2]}
current-context: x
clusters:
- name: c
  cluster:
    server: "https://10.0.0.1:6443"
    certificate-authority: /ca.crt
    certificate-authority-data: aGVsbG8=
    disable-compression: true
    insecure-skip-tls-verify: false
    proxy-url: "http://proxy"
    tls-server-name: api
    extensions: [{name: e, extension: {a: 1}}]
    future: 1
  note: kept
- {name: empty, cluster: {server: ""}}
contexts:
- name: x
  context: {cluster: c, user: u, namespace: ns, extensions: [{name: e, extension: {a: 1}}], future: 1}
  note: kept
users:
- name: u
  user:
    as: someone
    as-groups: [a, b]
    as-uid: "1"
    as-user-extra: {k: [v]}
    auth-provider: {name: oidc, config: {id-token: hidden-a}, future: 1}
    client-certificate: /u.crt
    client-certificate-data: aGVsbG8=
    client-key: /u.key
    client-key-data: aGVsbG8=
    exec:
      apiVersion: client.authentication.k8s.io/v1
      args: [a]
      command: x
      env: [{name: A, value: hidden-b}]
      installHint: get it
      interactiveMode: IfAvailable
      provideClusterInfo: true
      future: 1
    extensions: [{name: e, extension: {a: 1}}]
    password: hidden-c
    token: hidden-d
    tokenFile: /token
    username: me
    future: 1
  note: kept
"#;

fn read(text: &str) -> Kubeconfig {
    text.parse().unwrap()
}

fn text_of(kubeconfig: &Kubeconfig) -> String {
    kubeconfig.to_yaml().unwrap().expose_secret().to_owned()
}

#[test]
fn every_field_is_carried_both_ways() {
    for text in [FULL, ""] {
        let ours = read(text);
        let theirs = KubeKubeconfig::try_from(&ours).unwrap();
        let as_they_read: KubeKubeconfig = serde_yaml::from_str(&text_of(&ours)).unwrap();
        let value = |kubeconfig: &KubeKubeconfig| serde_json::to_value(kubeconfig).unwrap();
        let mut wanted = value(&as_they_read);
        // An empty text is a text that is not there.
        for pointer in ["/current-context", "/clusters/1/cluster/server"] {
            if wanted.pointer(pointer).is_some_and(|text| text == "") {
                let (parent, key) = pointer.rsplit_once('/').unwrap();
                wanted.pointer_mut(parent).and_then(Value::as_object_mut).unwrap().remove(key);
            }
        }
        assert_eq!(value(&theirs), wanted);
        assert_eq!(text_of(&Kubeconfig::try_from(&theirs).unwrap()), text_of(&ours));
    }
}

#[test]
fn what_kube_does_not_hold_is_named() {
    for (from, to, path) in [
        ("interactiveMode: IfAvailable", "interactiveMode: Sometimes", "users[u].exec.interactiveMode"),
        ("preferences: {colors: true,", "preferences: {colors: blue,", "preferences"),
        (
            "extensions: [{name: e, extension: {a: 1}}]\nfuture",
            "extensions: [{name: e}]\nfuture",
            "extensions",
        ),
        (
            "namespace: ns, extensions: [{name: e,",
            "namespace: ns, extensions: [{x: 1, name: e,",
            "contexts[x].extensions",
        ),
    ] {
        let changed = FULL.replacen(from, to, 1);
        assert_ne!(changed, FULL);
        let error = KubeKubeconfig::try_from(&read(&changed)).unwrap_err();
        assert!(matches!(&error, KubeconfigError::Field { path: of, .. } if of == path), "{error}");
        assert!(!error.to_string().contains("hidden"), "{error}");
    }
}

#[test]
fn what_no_file_holds_is_named() {
    let theirs = || KubeKubeconfig::try_from(&read(FULL)).unwrap();
    let changed = |change: &dyn Fn(&mut KubeKubeconfig)| {
        let mut changed = theirs();
        change(&mut changed);
        Kubeconfig::try_from(&changed).map(|_| ()).unwrap_err()
    };
    fn exec(of: &mut KubeKubeconfig) -> &mut ExecConfig {
        of.auth_infos[0].auth_info.as_mut().unwrap().exec.as_mut().unwrap()
    }
    fn user(of: &mut KubeKubeconfig) -> &mut kube::config::AuthInfo {
        of.auth_infos[0].auth_info.as_mut().unwrap()
    }
    for (error, wanted) in [
        (changed(&|of| exec(of).drop_env = Some(vec![])), "users[u].exec.drop_env: is in no"),
        (changed(&|of| exec(of).cluster = Some(Default::default())), "users[u].exec.cluster: is in no"),
        (
            changed(&|of| exec(of).env = Some(vec![[("other".to_owned(), String::new())].into()])),
            "users[u].exec.env: has a key",
        ),
        (
            changed(&|of| user(of).client_key_data = Some("hidden!".into())),
            "users[u].client-key-data: is not",
        ),
        (
            changed(&|of| {
                of.clusters[0].cluster.as_mut().unwrap().certificate_authority_data = Some("!".into())
            }),
            "clusters[c].certificate-authority-data: is not",
        ),
        (changed(&|of| of.kind = Some("Secret".to_owned())), "not a kubeconfig: it is v1 Secret"),
        (changed(&|of| of.contexts.push(of.contexts[0].clone())), "not a kubeconfig: two context entries"),
    ] {
        assert!(error.to_string().starts_with(wanted), "{error}");
        assert!(!error.to_string().contains("hidden"), "{error}");
    }
    let mut extended = theirs();
    extended.extensions = Some(vec![NamedExtension { name: "added".to_owned(), extension: Value::Null }]);
    assert!(text_of(&Kubeconfig::try_from(&extended).unwrap()).contains("name: added"));
}
