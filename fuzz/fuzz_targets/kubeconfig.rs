//! Any text as a kubeconfig: read or refused, never a panic. What is read is what is written and read again, what
//! kube's own type holds, and what another reader of YAML sees; checks, summaries and merges take all of it.

#![no_main]
#![expect(clippy::expect_used, reason = "a law that does not hold ends the run")]

use std::io;
use std::path::Path;

use kboot_core::BootstrapToken;
use kboot_core::kubeconfig::{CheckEnvironment, Kubeconfig, MergeSource, MergeStrategy, merge};
use kboot_core::secret::{SecretBytes, SecretText};
use kboot_core::time::Timestamp;
use kboot_fuzz::laws::{is_one_line, libyaml, rotated};
use kube::config::Kubeconfig as KubeKubeconfig;
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut kubeconfig = match text.parse::<Kubeconfig>() {
        Ok(kubeconfig) => kubeconfig,
        Err(error) => return is_readable(&error.to_string()),
    };
    let written = kubeconfig.to_yaml().expect("what is read can be written");
    let written = written.expose_secret();
    let again: Kubeconfig = written.parse().unwrap_or_else(|error| panic!("{error}\n{written}"));
    assert_eq!(again.to_yaml().expect("as before").expose_secret(), written);
    agrees(text, &kubeconfig);

    if let Ok(of_kube) = KubeKubeconfig::try_from(&kubeconfig) {
        let again = Kubeconfig::try_from(&of_kube).expect("kube's form was made of a kubeconfig");
        assert_eq!(without_nulls(&again), without_nulls(&kubeconfig));
    }
    let _ = kubeconfig.client_certificate();
    let sources = vec![
        MergeSource::new("one", "/a", again),
        MergeSource::new("two", "/b", written.parse().expect("as before")),
    ];
    if let Err(error) = merge(sources, MergeStrategy::Rename) {
        is_readable(&error.to_string());
    }
    looked_into(&mut kubeconfig);
    let _ = kubeconfig.resolve_paths(Path::new("/etc/kubernetes"));
});

/// What a field says that says nothing is kept here, and not by kube.
fn without_nulls(kubeconfig: &Kubeconfig) -> Value {
    fn strip(value: &mut Value) {
        if let Value::Object(fields) = value {
            fields.retain(|_, field| !field.is_null());
        }
        let fields: Vec<&mut Value> = match value {
            Value::Object(fields) => fields.values_mut().collect(),
            Value::Array(list) => list.iter_mut().collect(),
            _ => Vec::new(),
        };
        fields.into_iter().for_each(strip);
    }
    let mut value = serde_json::to_value(kubeconfig).expect("it can be written");
    strip(&mut value);
    value
}

fn is_readable(error: &str) {
    assert!(!error.chars().any(|c| c.is_control() && c != '\n'), "{error:?}");
}

/// Names and servers as another reader of YAML sees them, where it sees texts.
fn agrees(text: &str, kubeconfig: &Kubeconfig) {
    let Some([document]) = libyaml(text).and_then(|documents| <[Value; 1]>::try_from(documents).ok()) else {
        return;
    };
    let at = |pointer: String| document.pointer(&pointer).and_then(Value::as_str);
    let same = |theirs: Option<&str>, ours: &str| {
        assert!(theirs.is_none_or(|theirs| theirs == ours), "{ours:?}\n{text}")
    };
    let count = |list: &str| document.get(list).and_then(Value::as_array).map(Vec::len);
    same(at("/current-context".to_owned()), &kubeconfig.current_context);
    assert!(count("clusters").is_none_or(|count| count == kubeconfig.clusters.len()), "{text}");
    assert!(count("users").is_none_or(|count| count == kubeconfig.users.len()), "{text}");
    for (index, cluster) in kubeconfig.clusters.iter().enumerate() {
        same(at(format!("/clusters/{index}/name")), &cluster.name);
        same(at(format!("/clusters/{index}/cluster/server")), &cluster.value.server);
    }
    for (index, context) in kubeconfig.contexts.iter().enumerate() {
        same(at(format!("/contexts/{index}/context/user")), &context.value.user);
    }
    for (index, user) in kubeconfig.users.iter().enumerate() {
        same(at(format!("/users/{index}/name")), &user.name);
        if let Some(token) = &user.value.token {
            same(at(format!("/users/{index}/user/token")), token.expose_secret());
        }
    }
}

/// Its findings and its summary show no token: they are the same whatever it is.
fn looked_into(kubeconfig: &mut Kubeconfig) {
    let said = findings(kubeconfig);
    for token in kubeconfig.users.iter_mut().filter_map(|user| user.value.token.as_mut()) {
        let other = match token.expose_secret().parse::<BootstrapToken>() {
            Ok(token) => format!("{}.{}", token.id(), rotated(token.secret_half().expose_secret())),
            Err(_) => rotated(token.expose_secret()),
        };
        *token = SecretText::new(other);
    }
    assert_eq!(findings(kubeconfig), said);
}

fn findings(kubeconfig: &Kubeconfig) -> String {
    let read = |_: &Path| -> io::Result<SecretBytes> { Err(io::ErrorKind::NotFound.into()) };
    let now = Timestamp::from_unix(1_800_000_000).expect("it is in range");
    let environment = CheckEnvironment::new(now, "/etc/kubernetes", &read).with_mode(0o644);
    let mut said = format!("{kubeconfig:?} {:?}", kubeconfig.summary(&environment));
    for finding in kubeconfig.check(&environment) {
        is_one_line(&finding.detail);
        said.push_str(&finding.detail.to_string());
        said.push_str(&finding.path);
    }
    said
}
