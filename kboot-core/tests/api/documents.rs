//! What kboot writes, read by others: every YAML file by libyaml's family, every kubeconfig by kubectl.

use kboot_core::kubeconfig::Kubeconfig;
use kboot_core::token::{BootstrapToken, TokenSecret, TokenSettings};
use kboot_core::{Bundle, CaSet, ClusterSpec, Env};
use kboot_testkit::Oracle;
use proptest::prelude::*;
use serde_json::Value;

fn bundles() -> Vec<Bundle> {
    let single = include_str!("../../../examples/single-node.yaml").to_owned();
    let three = include_str!("../../../examples/three-masters.yaml").to_owned();
    let issued = three
        .replace("bootstrap-token", "certificate")
        .replace("servingCertificates: csr", "servingCertificates: issued");
    let old = single.replace("v1.36.4", "v1.20.2");
    [single, three, issued, old]
        .iter()
        .map(|text| {
            let spec: ClusterSpec = text.parse().unwrap();
            let mut env = Env::system();
            let authorities = CaSet::create(&spec, &mut env).unwrap();
            Bundle::render(&spec, &authorities.issue(&spec, &mut env).unwrap()).unwrap()
        })
        .collect()
}

/// The value as kboot's own reader sees it.
fn ours(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap()
}

fn theirs(text: &str) -> Vec<Value> {
    use serde::Deserialize;
    serde_yaml::Deserializer::from_str(text).map(|document| Value::deserialize(document).unwrap()).collect()
}

#[test]
fn every_yaml_file_means_the_same_to_libyaml() {
    let mut read = 0;
    for bundle in bundles() {
        for artifact in bundle.artifacts() {
            let path = artifact.path.as_str();
            if ![".yaml", ".conf"].iter().any(|ending| path.ends_with(ending)) || path.contains(".d/") {
                continue;
            }
            let text = std::str::from_utf8(artifact.content.expose_bytes()).unwrap();
            assert_eq!(ours(text), theirs(text), "{path}");
            assert!(theirs(text).iter().all(Value::is_object), "{path}");
            read += 1;
        }
    }
    assert!(read > 60, "only {read} files were read");
}

#[test]
fn kubectl_reads_every_kubeconfig() {
    let Some(kubectl) = Oracle::find("kubectl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundles().remove(2);
    let mut read = 0;
    for (index, artifact) in bundle.artifacts().iter().enumerate() {
        let text = std::str::from_utf8(artifact.content.expose_bytes()).unwrap();
        if !text.contains("kind: Config\n") {
            continue;
        }
        let file = format!("{index}.conf");
        kboot_core::bundle::write_new(&folder.path().join(&file), text.as_bytes(), 0o600).unwrap();
        let arguments = ["--kubeconfig", &file, "config", "view", "--minify", "--raw", "-o", "json"];
        let verdict = kubectl.run(folder.path(), &arguments);
        assert!(verdict.accepted, "{}: {verdict}", artifact.path);
        // Not only readable: the same configuration, key for key.
        let mut seen: Value = serde_json::from_str(&verdict.stdout).unwrap();
        seen.as_object_mut().unwrap().remove("preferences");
        assert_eq!(seen, theirs(text)[0], "{}", artifact.path);
        read += 1;
    }
    assert!(read >= 14, "only {read} kubeconfigs were read");
}

/// kube is what Rust programs read kubeconfigs with.
#[test]
fn kube_reads_every_kubeconfig() {
    use kboot_core::secret::SecretBytes;
    let mut read = 0;
    for artifact in bundles().iter().flat_map(Bundle::artifacts) {
        let text = std::str::from_utf8(artifact.content.expose_bytes()).unwrap();
        if !text.contains("kind: Config\n") {
            continue;
        }
        let theirs = kube::config::Kubeconfig::from_yaml(text)
            .unwrap_or_else(|error| panic!("{}: {error}", artifact.path));
        let ours: Kubeconfig = text.parse().unwrap();
        assert_eq!(theirs.current_context.as_deref(), Some(ours.current_context.as_str()));
        let cluster = theirs.clusters[0].cluster.as_ref().unwrap();
        assert_eq!(cluster.server.as_deref(), Some(ours.current().unwrap().0.server.as_str()));
        let user = theirs.auth_infos[0].auth_info.as_ref().unwrap();
        let (_, our_user) = ours.current().unwrap();
        assert_eq!(
            user.client_key_data.is_some(),
            our_user.client_key_data.as_ref().map(SecretBytes::expose_secret).is_some()
        );
        assert_eq!(user.token.is_some(), our_user.token.is_some());
        read += 1;
    }
    assert!(read > 20, "only {read} kubeconfigs were read");
}

#[test]
fn every_credential_is_one_that_kubectl_takes() {
    use kboot_core::kubeconfig::Exec;
    let Some(kubectl) = Oracle::find("kubectl") else { return };
    let folder = tempfile::tempdir().unwrap();
    for name in ["ca.crt", "a.crt", "a.key", "token"] {
        kboot_core::bundle::write_new(&folder.path().join(name), b"x", 0o600).unwrap();
    }
    let user =
        || Kubeconfig::for_cluster("c", &"10.0.0.1".parse().unwrap()).trusting_file("ca.crt").as_user("u");
    let token = BootstrapToken::generate(&mut Env::system()).unwrap();
    for (name, config, pointer, value) in [
        ("files", user().with_certificate_files("a.crt", "a.key"), "/users/0/user/client-key", "a.key"),
        ("token", user().with_token(&token), "/users/0/user/token", token.expose_secret().expose_secret()),
        ("token-file", user().with_token_file("token"), "/users/0/user/tokenFile", "token"),
        (
            "exec",
            user().with_exec(Exec::new("helper", &["--a".to_owned()])),
            "/users/0/user/exec/command",
            "helper",
        ),
    ] {
        let text = config.with_namespace("dev").build().unwrap().to_yaml().unwrap();
        let file = format!("{name}.conf");
        kboot_core::bundle::write_new(&folder.path().join(&file), text.expose_secret().as_bytes(), 0o600)
            .unwrap();
        let view = ["--kubeconfig", &file, "config", "view", "--minify", "--raw", "-o", "json"];
        let verdict = kubectl.run(folder.path(), &view);
        assert!(verdict.accepted, "{name}: {verdict}");
        let seen: Value = serde_json::from_str(&verdict.stdout).unwrap();
        let found = seen.pointer(pointer).and_then(Value::as_str).unwrap();
        assert!(found == value || found.ends_with(&format!("/{value}")), "{name}: {found}");
    }
}

#[test]
fn kubectl_and_kboot_know_the_same_token_secret() {
    let Some(kubectl) = Oracle::find("kubectl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "create",
        "secret",
        "generic",
        "bootstrap-token-abcdef",
        "-n",
        "kube-system",
        "--type=bootstrap.kubernetes.io/token",
        "--from-literal=token-id=abcdef",
        "--from-literal=token-secret=0123456789abcdef",
        "--from-literal=usage-bootstrap-authentication=true",
        "--from-literal=expiration=2030-01-01T00:00:00Z",
        "--dry-run=client",
        "-o",
        "yaml",
    ];
    let verdict = kubectl.run(folder.path(), &arguments);
    assert!(verdict.accepted, "{verdict}");
    let (token, settings) = TokenSecret::read(&verdict.stdout).unwrap();
    assert!(token.equals(&"abcdef.0123456789abcdef".parse().unwrap()));
    assert_eq!(settings.expiration().unwrap().to_string(), "2030-01-01T00:00:00Z");
    assert!(settings.groups().is_empty());
}

#[test]
fn wrong_values_of_a_token_secret_are_named() {
    let token: BootstrapToken = "abcdef.0123456789abcdef".parse().unwrap();
    let right = token
        .secret(&TokenSettings::new().with_ttl("1h".parse().unwrap(), Env::system().now()).unwrap())
        .unwrap();
    let right = right.to_yaml().unwrap().expose_secret().to_owned();
    assert!(TokenSecret::read(&right).is_ok());
    for (from, to, named) in [
        ("kind: Secret", "kind: ConfigMap", "kind"),
        ("namespace: kube-system", "namespace: default", "metadata.namespace"),
        ("name: bootstrap-token-abcdef", "name: bootstrap-token-abcdeg", "metadata.name"),
        ("type: bootstrap.kubernetes.io/token", "type: Opaque", "type"),
        ("token-id: abcdef", "token-id: ABCDEF", "6 characters"),
        ("token-secret: 0123456789abcdef", "token-secret: 0123456789abcde", "16 characters"),
        ("token-secret: 0123456789abcdef", "token-other: x", "token-secret"),
        ("usage-bootstrap-signing: \"true\"", "usage-bootstrap-signing: \"True\"", "usage-bootstrap-signing"),
        ("usage-bootstrap-signing: \"true\"", "usage-bootstrap-signing: true", "usage-bootstrap-signing"),
        ("expiration: \"", "expiration: \"x", "expiration"),
        ("default-node-token", "default-node-token, system:bootstrappers:a", "bootstrap group"),
        ("system:bootstrappers:kubeadm", "system:masters:kubeadm", "bootstrap group"),
        (
            "usage-bootstrap-authentication: \"true\"",
            "usage-bootstrap-authentication: \"false\"",
            "authentication",
        ),
    ] {
        assert!(right.contains(from), "{from:?} is not in\n{right}");
        let error = TokenSecret::read(&right.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(named), "{to:?}: {error}");
        assert!(!error.contains("0123456789abcde"), "{error} shows the token");
    }
}

proptest! {
    /// A token can look like a number (123456.7890123456789012, 1e3456.…): it must stay a text.
    #[test]
    fn tokens_stay_texts(token in "[a-z0-9]{6}\\.[a-z0-9]{16}|[0-9]{6}\\.[0-9]{16}|[0-9]e[0-9]{4}\\.[0-9]{16}|0x[0-9a-f]{4}\\.[0-9]{16}") {
        let token: BootstrapToken = token.parse().unwrap();
        let whole = token.expose_secret();
        let config = Kubeconfig::for_cluster("c", &"10.0.0.1".parse().unwrap())
            .trusting_file("ca").as_user("u").with_token(&token).build().unwrap();
        let text = config.to_yaml().unwrap();
        prop_assert_eq!(&theirs(text.expose_secret())[0]["users"][0]["user"]["token"], whole.expose_secret());
        let secret = token.secret(&TokenSettings::new()).unwrap().to_yaml().unwrap();
        let data = &theirs(secret.expose_secret())[0]["stringData"];
        prop_assert_eq!(data["token-id"].as_str().unwrap(), token.id().as_str());
        prop_assert_eq!(data["token-secret"].as_str().unwrap(), token.secret_half().expose_secret());
        let (again, _) = TokenSecret::read(secret.expose_secret()).unwrap();
        prop_assert!(again.equals(&token));
    }

    /// Names and free texts come through another reader unchanged, whatever YAML could take them for.
    #[test]
    fn texts_stay_texts(name in "[a-z0-9]{1,8}|null|true|yes|no|on|off|1e3|0x1f|12:30:45|2026-01-02|~|\\.inf", note in "\\PC{1,40}") {
        let config = Kubeconfig::for_cluster(&name, &"10.0.0.1".parse().unwrap())
            .trusting_file(&note).as_user(&name).with_token_file(&note).with_namespace(&note).build().unwrap();
        let text = config.to_yaml().unwrap();
        let seen = &theirs(text.expose_secret())[0];
        prop_assert_eq!(seen["clusters"][0]["name"].as_str(), Some(name.as_str()));
        prop_assert_eq!(seen["users"][0]["user"]["tokenFile"].as_str(), Some(note.as_str()));
        prop_assert_eq!(seen["contexts"][0]["context"]["namespace"].as_str(), Some(note.as_str()));
        let again = text.expose_secret().parse::<Kubeconfig>().unwrap().to_yaml().unwrap();
        prop_assert_eq!(again.expose_secret(), text.expose_secret());
    }
}

/// What `Kubeconfig::check` would call an error is not built.
#[test]
fn nothing_that_a_kubeconfig_needs_is_empty() {
    let build = |cluster: &str, authority: &str, user: &str| {
        let builder = Kubeconfig::for_cluster(cluster, &"10.0.0.1".parse().unwrap());
        builder.trusting_file(authority).as_user(user).with_token_file("token").build()
    };
    assert!(build("c", "ca", "u").is_ok());
    for (cluster, authority, user, what) in [
        ("", "ca", "u", "the cluster's name"),
        ("c", "", "u", "certificate-authority"),
        ("c", "ca", "", "the user's name"),
    ] {
        let error = build(cluster, authority, user).unwrap_err();
        assert_eq!(error.to_string(), format!("not a kubeconfig: {what} is empty"));
    }
}
