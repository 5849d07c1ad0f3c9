//! JSON that says two things at once, and files of nothing but mistakes.

use std::io::Read;

use kboot_core::ClusterSpec;
use kboot_core::csr::{CertificateSigningRequest, ListError, read, read_list};
use kboot_core::policy::{ContextDocument, Inventory, Policy};

/// What a list of requests says of its first one.
fn listed(text: &str) -> String {
    let mut said = String::new();
    let outcome = read_list::<ListError>(text.as_bytes(), |_, object| {
        said += &object.err().map(|error| error.to_string()).unwrap_or_default();
        Ok(())
    });
    outcome.map_or_else(|error| error.to_string(), |_| said)
}

#[test]
fn equal_keys_are_refused_at_any_depth() {
    let request = r#"{"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
        "metadata": {"name": "a"}, "spec": {"request": "", "signerName": "example.com/x", "usages": ["client auth"]}}"#;
    let right = CertificateSigningRequest::from_json(request).map(|_| ()).map_err(|error| error.to_string());
    assert_eq!(right, Ok(()));
    for (from, to, key) in [
        (r#""name": "a""#, r#""name": "a", "name": "b""#, "name"),
        (r#""name": "a""#, r#""labels": {"x": 1, "x": 1}"#, "x"),
        (r#""name": "a""#, r#""n": [[{"deep": {"k\u0065y": 1, "key": 2}}]]"#, "key"),
        (r#""request": """#, r#""request": "", "extra": {"a": ["1"], "a": ["2"]}"#, "a"),
        (r#""request": """#, r#""request": "", "request": """#, "request"),
        (r#""metadata""#, r#""spec": {}, "metadata""#, "spec"),
        (r#""metadata""#, r#""unknown": 1, "unknown": 2, "metadata""#, "unknown"),
        (r#""metadata""#, r#""x": {"\u202e": 1, "\u202e": 1}, "metadata""#, "\\u{202e}"),
    ] {
        let twice = request.replace(from, to);
        assert_ne!(twice, request);
        let said = format!("the key \"{key}\" stands there twice");
        let typed =
            r#"{"kind": "CertificateSigningRequestList", "apiVersion": "certificates.k8s.io/v1", "items": ["#;
        let problems = [
            CertificateSigningRequest::from_json(&twice).unwrap_err().to_string(),
            read(twice.as_bytes()).unwrap_err().to_string(),
            listed(&twice),
            listed(&format!("[{twice}]")),
            listed(&format!(r#"{{"kind": "List", "items": [{twice}]}}"#)),
            listed(&format!("{typed}{twice}]}}")),
            ContextDocument::default().add(&twice).unwrap_err().to_string(),
            ContextDocument::default().add(&format!("[{twice}]")).unwrap_err().to_string(),
        ];
        for problem in problems {
            assert!(problem.contains(&said), "{twice}: {problem}");
        }
    }
    // What surrounds the objects.
    for list in [
        r#"{"kind": "NodeList", "kind": "CertificateSigningRequestList", "items": []}"#,
        r#"{"kind": "NodeList", "metadata": {"a": 1, "a": 2}, "items": []}"#,
        r#"{"kind": "NodeList", "items": [], "items": []}"#,
    ] {
        assert!(listed(list).contains("twice"), "{list}: {}", listed(list));
        let problem = ContextDocument::default().add(list).unwrap_err().to_string();
        assert!(problem.contains("twice"), "{list}: {problem}");
    }
}

#[test]
fn our_own_documents_say_each_thing_once() {
    let context = r#"{"apiVersion": "kboot.dev/v1alpha1", "kind": "CsrContext", "spec":
        {"dns": {"a.example.com": ["192.0.2.1"], "a.example.com": ["192.0.2.2"]}}}"#;
    let problem = ContextDocument::default().add(context).unwrap_err().to_string();
    assert!(problem.contains("the key \"a.example.com\" stands there twice"), "{problem}");
    let inventory = r#"{"apiVersion": "kboot.dev/v1alpha1", "kind": "NodeInventory", "nodes": [],
        "nodes": [{"name": "one", "addresses": ["192.0.2.1"]}]}"#;
    assert!(inventory.parse::<Inventory>().unwrap_err().to_string().contains("nodes"));
    let policy =
        r#"{"apiVersion": "kboot.dev/v1alpha1", "kind": "CsrPolicy", "spec": {"rules": [], "rules": []}}"#;
    assert!(policy.parse::<Policy>().unwrap_err().to_string().contains("rules"));
    let cluster = r#"{"apiVersion": "kboot.dev/v1alpha1", "kind": "Cluster", "kind": "Cluster"}"#;
    assert!(cluster.parse::<ClusterSpec>().unwrap_err().to_string().contains("kind"));
}

/// So many bytes of a text again and again.
fn endless(text: &'static str) -> impl Read {
    struct Endless(&'static [u8], usize);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            for byte in buffer.iter_mut() {
                *byte = self.0[self.1 % self.0.len()];
                self.1 += 1;
            }
            Ok(buffer.len())
        }
    }
    Endless(text.as_bytes(), 0)
}

/// As many problems as are kept of any file.
const MOST: usize = 1000;

#[test]
fn a_context_of_nothing_but_mistakes_ends() {
    for (start, text) in [
        ("", "{}\n"),
        ("[{}", ",{}"),
        (r#"{"kind": "NodeList", "items": [{}"#, r#", {"metadata": {"name": "one"}}"#),
        (r#"{"items": [{}"#, r#", {"kind": "CertificateSigningRequest", "metadata": {}}"#),
        ("", r#"{"kind": "CsrContext"} "#),
        ("[{}", r#", {"a": 1, "a": 1}"#),
    ] {
        let error = ContextDocument::default().read(start.as_bytes().chain(endless(text))).unwrap_err();
        assert!(error.problems.len() <= MOST, "{text}: {}", error.problems.len());
        assert!(error.to_string().starts_with("at least 1000 problems:"), "{text}: {error}");
    }
    let whole = format!("items: [{}]", "{},".repeat(200_000));
    let error = ContextDocument::default().add(&whole).unwrap_err();
    assert_eq!(error.problems.len(), MOST);
}

#[test]
fn other_files_keep_as_few_problems() {
    let many = |count: usize, text: &str| text.repeat(count);
    let inventory = |nodes: &str| {
        format!("{{apiVersion: kboot.dev/v1alpha1, kind: NodeInventory, nodes: [{nodes}]}}")
            .parse::<Inventory>()
            .unwrap_err()
            .problems
            .len()
    };
    assert_eq!(inventory(&many(50_000, "{},")), MOST);
    assert_eq!(inventory(&many(50_000, "{name: A_},")), MOST);
    assert_eq!(inventory(&format!("{{name: one, addresses: [{}]}}", many(50_000, "'_',"))), MOST);
    let policy = |rules: &str| {
        format!("{{apiVersion: kboot.dev/v1alpha1, kind: CsrPolicy, metadata: {{name: p}}, spec: {{rules: [{rules}]}}}}")
            .parse::<Policy>()
            .unwrap_err()
            .problems
            .len()
    };
    assert_eq!(policy(&many(50_000, "{},")), MOST);
    assert!(policy(&many(20_000, "{name: '_', signer: '_', decision: approve},")) <= MOST);
    let cluster = format!(
        "{{apiVersion: kboot.dev/v1alpha1, kind: Cluster, metadata: {{name: c}}, spec: {{kubernetesVersion: v1.36.4, \
         controlPlaneEndpoint: 192.0.2.1, nodes: [{}]}}}}",
        many(50_000, "{name: A_, addresses: ['_'], roles: [worker]},")
    );
    assert_eq!(cluster.parse::<ClusterSpec>().unwrap_err().problems.len(), MOST);
}
