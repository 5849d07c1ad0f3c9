//! A marker is planted in every type that holds a secret, and looked for in everything printable.

use kboot_core::kubeconfig::{Exec, Kubeconfig, MergeSource, MergeStrategy, merge};
use kboot_core::secret::{SecretBytes, SecretText};
use kboot_core::token::{BootstrapToken, StaticToken, TokenSecret, TokenSettings};
use kboot_core::{Bundle, CaSet, ClusterSpec, Env, PrivateKey};

const MARKER: &str = "m4rkerm4rkerm4rk";

fn clean(what: &str, shown: &str) {
    assert!(!shown.contains(MARKER), "{what} shows its secret: {shown}");
    assert!(!shown.contains("PRIVATE KEY"), "{what} shows a key");
}

#[test]
fn nothing_printable_shows_a_secret() {
    let token: BootstrapToken = format!("abcdef.{MARKER}").parse().unwrap();
    clean("BootstrapToken", &format!("{token:?} {token:#?}"));
    clean("SecretText", &format!("{:?}", SecretText::new(MARKER.to_owned())));
    clean("SecretBytes", &format!("{:?}", SecretBytes::new(MARKER.into())));
    let secret = token.secret(&TokenSettings::new()).unwrap();
    clean("TokenSecret", &format!("{secret:?}"));
    let join = token.join_command(&"10.0.0.1".parse().unwrap(), &[]);
    clean("the join command", &format!("{join:?}"));

    let user = || Kubeconfig::for_cluster("c", &"10.0.0.1".parse().unwrap()).trusting_file("ca").as_user("u");
    let config = user().with_token(&token);
    clean("KubeconfigBuilder", &format!("{config:?}"));
    clean("Kubeconfig", &format!("{:#?}", config.build().unwrap()));
    clean("Exec", &format!("{:?}", user().with_exec(Exec::new("x", &[])).build().unwrap()));
    let read: Kubeconfig = format!(
        "users: [{{name: u, user: {{password: {MARKER}, future-secret: {MARKER}, exec: {{env: [{{name: A, value: {MARKER}}}]}}}}}}]"
    )
    .parse()
    .unwrap();
    clean("Kubeconfig", &format!("{read:?}"));

    let static_token = &StaticToken::read(&format!("{MARKER},u,1,g")).unwrap()[0];
    clean("StaticToken", &format!("{static_token:?} {static_token:#?}"));

    let spec: ClusterSpec = include_str!("../../../examples/single-node.yaml").parse().unwrap();
    let mut env = Env::system();
    let authorities = CaSet::create(&spec, &mut env).unwrap();
    let pki = authorities.issue(&spec, &mut env).unwrap();
    clean("CaSet", &format!("{authorities:?}"));
    clean("ClusterPki", &format!("{pki:?}"));
    let whole = pki.token().unwrap().token.secret_half().expose_secret().to_owned();
    let bundle = Bundle::render(&spec, &pki).unwrap();
    let shown = format!("{bundle:?}");
    clean("Bundle", &shown);
    assert!(!shown.contains(&whole) && !format!("{pki:?}").contains(&whole));
}

#[test]
fn no_error_shows_a_secret() {
    let whole = format!("abcdef.{MARKER}");
    for wrong in [format!("{whole}x"), format!("{whole}\n"), format!("x{whole}"), MARKER.to_owned()] {
        let error = wrong.parse::<BootstrapToken>().unwrap_err();
        clean("a token's error", &format!("{error} {error:?}"));
    }
    for wrong in [
        format!("stringData: {{token-secret: {MARKER}}}"),
        format!("apiVersion: v1\nkind: {MARKER}"),
        format!("token-secret: {MARKER}: {MARKER}"),
        format!(
            "{{apiVersion: v1, kind: Secret, type: bootstrap.kubernetes.io/token, metadata: {{name: a, namespace: kube-system}}, \
             stringData: {{token-id: abcdef.{MARKER}, token-secret: x}}}}"
        ),
    ] {
        let error = TokenSecret::read(&wrong).unwrap_err();
        clean("a Secret's error", &format!("{error} {error:?}"));
    }
    for wrong in [
        format!("users: [{{name: a, user: {{token: [{MARKER}]}}}}]"),
        format!("users: {MARKER}"),
        format!("users: [{{name: a, user: {{client-key-data: '{MARKER}!'}}}}]"),
    ] {
        let error = wrong.parse::<Kubeconfig>().unwrap_err();
        clean("a kubeconfig's error", &format!("{error} {error:?}"));
    }
    for wrong in [
        MARKER.to_owned(),
        format!("a,{MARKER},"),
        format!("{MARKER},u,1\n{MARKER},u,1"),
        format!("\"{MARKER}"),
    ] {
        let error = StaticToken::read(&wrong).unwrap_err();
        clean("a static token's error", &format!("{error} {error:?}"));
    }
    let source = |token: &str| {
        let config: Kubeconfig = format!("users: [{{name: a, user: {{token: {token}}}}}]").parse().unwrap();
        MergeSource::new("s", "/", config)
    };
    let sources = vec![source(MARKER), source("other")];
    clean("MergeSource", &format!("{sources:?}"));
    let error = merge(sources, MergeStrategy::Fail).unwrap_err();
    clean("a merge's error", &format!("{error} {error:?}"));
    let merged = merge(vec![source("other"), source(MARKER)], MergeStrategy::Replace).unwrap();
    clean("Merged", &format!("{merged:?} {}", merged.changes[0]));
    let pem = format!("-----BEGIN EC PRIVATE KEY-----\n{MARKER}\n-----END EC PRIVATE KEY-----\n");
    let error = PrivateKey::from_pem(pem.as_bytes()).unwrap_err();
    clean("a key's error", &format!("{error} {error:?}"));
}
