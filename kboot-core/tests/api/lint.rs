//! Units, environment files and configuration files against a version: what is removed, misspelt or of a
//! wrong type, where it stands, and what takes its place.

use kboot_core::component::{FileFinding, KubeProxyConfiguration, KubeletConfiguration, lint};
use kboot_core::finding::Severity;

/// `FILE: PLACE: severity: problem`, each.
fn findings(version: &str, files: &[(&str, &str)]) -> Vec<String> {
    let findings = lint(files, version.parse().unwrap()).unwrap();
    let line = |FileFinding { file, finding, .. }: &FileFinding| {
        format!("{file}: {}: {}: {}", finding.path, finding.severity, finding.detail)
    };
    findings.iter().map(line).collect()
}

const UNIT: &str = include_str!("../guides/001/kubelet.service");
const SHARED: &str = include_str!("../guides/001/kube-config.env");
const KUBELET: &str = include_str!("../guides/001/kubelet.env");

#[test]
fn a_unit_says_whose_flags_its_variables_hold() {
    let files = [("kubelet.service", UNIT), ("kube-config", SHARED), ("kubelet", KUBELET)];
    // In its own version only the variable that nobody sets is remarkable.
    let own = findings("v1.12.3", &files);
    assert_eq!(
        own,
        [
            "kubelet.service: line 9: warning: $KUBELET_API_SERVER is set in no environment file that was given, so it was not checked"
        ]
    );
    let moved = findings("v1.36.0", &files);
    for (place, problem) in [
        (
            "kube-config: line 1: error",
            "kubelet v1.36.0 has no --logtostderr (removed in 1.26; use the journal)",
        ),
        ("kube-config: line 3: error", "kubelet v1.36.0 has no --allow-privileged (removed in 1.15)"),
        ("kubelet: line 4: error", "kubelet v1.36.0 has no --pod-infra-container-image (removed in 1.35"),
        ("kubelet: line 5: error", "kubelet v1.36.0 has no --log-dir (removed in 1.26"),
    ] {
        let found = moved.iter().any(|line| line.starts_with(place) && line.contains(problem));
        assert!(found, "{place}: {problem} is not among {moved:#?}");
    }
    // KUBE_MASTER is nobody's in this unit, and kubelet's --v stays.
    assert!(!moved.iter().any(|line| line.contains("--v ")), "{moved:#?}");
}

#[test]
fn an_environment_file_alone_is_judged_by_its_names() {
    let found = findings("v1.36.0", &[("/etc/kubernetes/kubelet", KUBELET)]);
    assert!(found.iter().any(|line| line.contains("--log-dir")), "{found:#?}");
    // Of all components, one still has it.
    assert!(findings("v1.36.0", &[("shared", "KUBE_ALLOW_PRIV=--allow-privileged=true\n")]).is_empty());
    assert!(!findings("v1.36.0", &[("shared", "X=--no-such-flag\n")]).is_empty());
}

#[test]
fn flags_that_came_later_are_named_too() {
    let unit = "[Service]\nExecStart=/usr/bin/kubelet --bootstrap-kubeconfig=/a --rotate-certificates\n";
    let found = findings("v1.6.0", &[("u", unit)]);
    assert!(found[0].contains("--bootstrap-kubeconfig (it came with 1.7"), "{found:#?}");
    assert!(found[1].contains("--rotate-certificates (it came with 1.8"), "{found:#?}");
}

#[test]
fn a_flag_is_there_up_to_the_version_that_removed_it() {
    for (flag, last, first_without) in
        [("network-plugin", "v1.23.17", "v1.24.0"), ("allow-privileged", "v1.14.10", "v1.15.0")]
    {
        let unit = format!("[Service]\nExecStart=/usr/bin/kubelet --config=/c --{flag}=x\n");
        assert!(findings(last, &[("u", &unit)]).is_empty(), "{flag} {last}");
        assert_eq!(findings(first_without, &[("u", &unit)]).len(), 1, "{flag} {first_without}");
    }
    // A field likewise.
    // A number of nanoseconds, as kubeadm writes it, or a text.
    for value in ["0", "5s"] {
        let text = format!("{CONFIGURATION}logging: {{flushFrequency: {value}}}\n");
        assert!(findings("v1.34.0", &[("f", &text)]).is_empty(), "{value}");
    }
    let proxy =
        "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nudpIdleTimeout: 250ms\n";
    assert!(findings("v1.25.0", &[("f", proxy)]).is_empty());
    assert_eq!(findings("v1.26.0", &[("f", proxy)]).len(), 1);
    let kubelet = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ntopologyManagerPolicy: none\n";
    assert_eq!(findings("v1.15.0", &[("f", kubelet)]).len(), 1);
    assert!(findings("v1.16.0", &[("f", kubelet)]).is_empty());
}

#[test]
fn a_variable_is_its_units_whatever_it_is_called() {
    let unit = "[Service]\nExecStart=-/usr/bin/kubelet --config=/c ${KUBE_PROXY_EXTRA}\n";
    let environment = "KUBE_PROXY_EXTRA=--cgroup-driver=systemd\n";
    assert!(findings("v1.20.2", &[("u", unit), ("e", environment)]).is_empty());
    // Alone it is taken for kube-proxy's, which has no such flag.
    assert_eq!(findings("v1.20.2", &[("e", environment)]).len(), 1);
}

#[test]
fn misspelt_flags_are_certain_where_the_table_is_complete() {
    let unit = "[Service]\nExecStart=/usr/bin/kubelet \\\n  # a remark\n  --config=/c --max-pod 10\n";
    let complete = lint(&[("u", unit)], "v1.20.2".parse().unwrap()).unwrap();
    assert_eq!((complete[0].finding.severity, complete.len()), (Severity::Error, 1));
    assert!(complete[0].finding.detail.to_string().contains("did you mean --max-pods?"));
    let not = lint(&[("u", unit)], "v1.29.0".parse().unwrap()).unwrap();
    assert_eq!(not[0].finding.severity, Severity::Warning);
}

/// What 1.36.2 itself said of its flags, where the table had it otherwise or did not know.
#[test]
fn the_flags_of_1_36_are_those_of_its_binaries() {
    let problem_of = |version: &str, component: &str, flag: &str| -> Option<(Severity, String)> {
        let unit = format!("[Service]\nExecStart=/usr/bin/{component} --{flag}=1\n");
        let found = lint(&[("u", &unit)], version.parse().unwrap()).unwrap();
        let mut found =
            found.into_iter().map(|found| (found.finding.severity, found.finding.detail.to_string()));
        found.find(|(_, p)| p.contains(flag))
    };
    for (component, flag) in [
        ("kube-controller-manager", "concurrent-resourceclaim-syncs"),
        ("kubelet", "max-housekeeping-interval"),
        ("kube-proxy", "boot-id-file"),
        ("kube-proxy", "machine-id-file"),
        ("kube-apiserver", "kubelet-port"),
    ] {
        assert_eq!(problem_of("v1.36.2", component, flag), None, "{component} --{flag}");
    }
    for (version, component, flag, problem) in [
        (
            "v1.36.2",
            "kube-controller-manager",
            "concurrent-resource-claim-syncs",
            "; did you mean --concurrent-resourceclaim-syncs?",
        ),
        ("v1.36.2", "kubelet", "tls-curve-preferences", ""),
        ("v1.36.2", "kube-proxy", "proxy-port-range", " (removed in 1.31)"),
        // Between two versions that are known, nobody has looked.
        ("v1.36.2", "kube-proxy", "cleanup-ipvs", " (removed in 1.36 or before; use --cleanup)"),
        ("v1.36.2", "kube-apiserver", "ssh-user", " (removed in 1.35 or before)"),
        ("v1.20.2", "kube-apiserver", "google-json-key", " (removed in 1.20 or before)"),
        ("v1.20.2", "kube-proxy", "boot-id-file", " (it came after 1.20)"),
        ("v1.20.2", "kube-scheduler", "pod-max-in-unschedulable-pods-duration", " (it came after 1.20)"),
        (
            "v1.20.2",
            "kube-controller-manager",
            "concurrent-rc-syncs",
            " (it came after 1.20; use --concurrent_rc_syncs)",
        ),
    ] {
        let expected = format!("{component} {version} has no --{flag}{problem}");
        let (severity, found) =
            problem_of(version, component, flag).unwrap_or_else(|| panic!("nothing: {expected}"));
        assert_eq!(severity, Severity::Error, "{found}");
        assert!(found.starts_with(&expected), "{found}\n{expected}");
    }
    let field = format!("{CONFIGURATION}draManagerReconcilePeriod: 60s\n");
    assert_eq!(findings("v1.36.2", &[("f", &field)]).len(), 1);
    assert!(findings("v1.37.0", &[("f", &field)]).is_empty());
    for component in ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet"]
    {
        let found = problem_of("v1.36.2", component, "no-such-flag");
        assert_eq!(found.map(|(severity, _)| severity), Some(Severity::Error), "{component}");
    }
}

const CONFIGURATION: &str = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";

#[test]
fn configuration_files_are_checked_field_by_field() {
    for (field, problem) in [
        ("maxPod: 1", "maxPod: error: unknown field; did you mean maxPods?"),
        ("maxPods: ten", "maxPods: error: must be a whole number"),
        ("maxPods: '10'", "maxPods: error: must be a whole number"),
        ("failSwapOn: 'yes'", "failSwapOn: error: must be true or false"),
        ("clusterDNS: 10.0.0.1", "clusterDNS: error: must be a list"),
        ("clusterDNS: [1]", "clusterDNS[0]: error: must be a text"),
        ("syncFrequency: 60", "syncFrequency: error: must be a duration"),
        ("syncFrequency: 1d", "syncFrequency: error: must be a duration"),
        (
            "authentication: {webhok: {}}",
            "authentication.webhok: error: unknown field; did you mean webhook?",
        ),
        (
            "authentication: {webhook: {cacheTTL: 1}}",
            "authentication.webhook.cacheTTL: error: must be a duration",
        ),
        ("evictionHard: {memory.available: 100}", "evictionHard.memory.available: error: must be a text"),
        ("evictionHard: [a]", "evictionHard: error: must be a map"),
        (
            "'authentication.anonymous.enabled': true",
            "authentication.anonymous.enabled: error: unknown field",
        ),
        ("seccompDefault: true", "seccompDefault: error: kubelet v1.20.2 has no such field (it came with 1."),
    ] {
        let text = format!("{CONFIGURATION}{field}\n");
        let found = findings("v1.20.2", &[("f", &text)]);
        assert_eq!(found.len(), 1, "{field}: {found:#?}");
        assert!(found[0].starts_with(&format!("f: {problem}")), "{field}: {found:#?}");
        assert!(KubeletConfiguration::parse(&text, "v1.20.2".parse().unwrap()).is_err(), "{field}");
    }
    for good in
        ["syncFrequency: 1h2m3.5s", "syncFrequency: '0'", "maxPods: null", "qosReserved: {memory: 50%}"]
    {
        let text = format!("{CONFIGURATION}{good}\n");
        assert!(findings("v1.20.2", &[("f", &text)]).is_empty(), "{good}");
        assert!(KubeletConfiguration::parse(&text, "v1.20.2".parse().unwrap()).is_ok(), "{good}");
    }
    let proxy =
        "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nudpIdleTimeout: 250ms\n";
    assert!(findings("v1.20.2", &[("f", proxy)]).is_empty());
    assert!(
        findings("v1.36.0", &[("f", proxy)])[0]
            .contains("udpIdleTimeout: error: kube-proxy v1.36.0 has no such field (removed in 1.26)")
    );
    assert!(KubeProxyConfiguration::parse(proxy, "v1.36.0".parse().unwrap()).is_err());
}

#[test]
fn versions_without_a_file_say_so() {
    let found = findings("v1.9.0", &[("f", CONFIGURATION)]);
    assert!(found[0].contains("kubelet v1.9.0 reads flags alone; this file came with 1.10"), "{found:#?}");
}

#[test]
fn what_is_none_of_the_kinds_is_an_error() {
    for (text, problem) in [
        ("", "it is empty"),
        ("# nothing\n", "it is empty"),
        ("a: [", "expected a systemd unit"),
        ("kind: Pod\napiVersion: v1\n", "expected a systemd unit"),
        (
            "kind: KubeletConfiguration\napiVersion: v1\n",
            "KubeletConfiguration is kubelet.config.k8s.io/v1beta1",
        ),
        ("[Service\nExecStart=/usr/bin/kubelet\n", "a section needs ']'"),
        ("[Service]\nnonsense\n", "line 2: expected a section or NAME=VALUE"),
        ("A=\"--a\n", "line 1: A begins a quote that does not end"),
        ("A=1\nB C\n", "line 2: expected NAME=VALUE"),
    ] {
        let error = lint(&[("f", text)], "v1.20.2".parse().unwrap()).unwrap_err().to_string();
        assert!(error.starts_with("f: ") && error.contains(problem), "{text:?}: {error}");
    }
}

/// kubeadm's drop-in has its arguments in `Environment=`.
#[test]
fn variables_of_the_unit_itself_are_read() {
    let unit = "[Service]\nEnvironment=\"A=--config=/c --network-plugin=cni\" B=--v=2\nExecStart=\nExecStart=/usr/bin/kubelet $A $B\n";
    let found = findings("v1.36.0", &[("u", unit)]);
    assert!(found.len() == 1 && found[0].contains("--network-plugin"), "{found:#?}");
}

/// What lets in whoever asks is a warning, said or by default.
#[test]
fn insecure_settings_are_named() {
    let kubelet = |arguments: &str| {
        let unit = format!("[Service]\nExecStart=/usr/bin/kubelet {arguments}\n");
        findings("v1.13.0", &[("u", &unit)])
    };
    assert_eq!(kubelet("--kubeconfig=/k").len(), 3);
    assert!(kubelet("--config=/c").is_empty());
    assert!(kubelet("--anonymous-auth=false --authorization-mode=Webhook --read-only-port=0").is_empty());
    for open in [
        "--anonymous-auth",
        "--anonymous-auth=true",
        "--authorization-mode=AlwaysAllow",
        "--read-only-port=10255",
    ] {
        let found = kubelet(&format!("--config=/c {open}"));
        assert!(found.len() == 1 && found[0].contains(": warning: the kubelet "), "{open}: {found:#?}");
    }
    let api_server = |arguments: &str| {
        let unit = format!("[Service]\nExecStart=/usr/bin/kube-apiserver {arguments}\n");
        findings("v1.13.0", &[("u", &unit)])
    };
    assert!(api_server("--authorization-mode=Node,RBAC --insecure-port=0").is_empty());
    for (open, said) in [
        ("--insecure-port=0", "lets everyone do everything"),
        ("--authorization-mode=RBAC,AlwaysAllow --insecure-port=0", "lets everyone do everything"),
        ("--authorization-mode=RBAC", "port 8080"),
        ("--authorization-mode=RBAC --insecure-port=8080", "--insecure-port lets everyone"),
        (
            "--authorization-mode=RBAC --insecure-port=0 --client-ca-file=/ca --requestheader-client-ca-file=/ca",
            "may speak for any user",
        ),
    ] {
        let found = api_server(open);
        assert!(found.len() == 1 && found[0].contains(said), "{open}: {found:#?}");
    }
    let own = "--authorization-mode=RBAC --insecure-port=0 --client-ca-file=/ca --requestheader-client-ca-file=/front";
    assert!(api_server(own).is_empty());
    let configuration = format!(
        "{CONFIGURATION}authentication: {{anonymous: {{enabled: true}}}}\nauthorization: {{mode: AlwaysAllow}}\nreadOnlyPort: 10255\n"
    );
    assert_eq!(findings("v1.20.2", &[("f", &configuration)]).len(), 3);
    // What cannot be seen is not judged by its default.
    let hidden = kubelet("$KUBELET_ARGS");
    assert!(
        hidden.len() == 1 && hidden[0].contains("$KUBELET_ARGS is set in no environment file"),
        "{hidden:#?}"
    );
}

/// The whole of guide 002, as it stands: what its own version and a new one have against it.
#[test]
fn a_guide_as_it_stands() {
    let files = [
        ("kubelet.yaml", include_str!("../guides/002/kubelet.yaml")),
        ("kube-proxy.yaml", include_str!("../guides/002/kube-proxy.yaml")),
        ("apiserver", include_str!("../guides/002/kube-apiserver.env")),
        ("kube-apiserver.service", include_str!("../guides/002/kube-apiserver.service")),
    ];
    let own = findings("v1.15.3", &files);
    assert_eq!(
        own,
        ["kubelet.yaml: topologyManagerPolicy: error: kubelet v1.15.3 has no such field (it came with 1.16)"]
    );
    let moved = findings("v1.36.0", &files);
    for flag in ["--insecure-port", "--kubelet-https", "--logtostderr"] {
        assert!(moved.iter().any(|line| line.contains(flag)), "{flag}: {moved:#?}");
    }
}

mod laws {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\[Service\\]\nExecStart=/usr/bin/kubelet )?[-a-z=\"'\\\\$%{}\n #;]{0,200}") {
            let _ = kboot_core::component::lint(&[("f", text.as_str())], "v1.20.2".parse().unwrap());
        }
    }
}
