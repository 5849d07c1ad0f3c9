//! The fields of KubeletConfiguration and KubeProxyConfiguration: which exist, and which kboot keeps.
//!
//! The kubelet itself only warns of a misspelt field (`pkg/kubelet/kubeletconfig/util/codec`), so a
//! typo here would go unnoticed until it hurts.

use serde_json::{Map, Value};

use super::{Component, Findings};
use crate::spec::unknown_name;
use crate::version::KubernetesVersion;

/// Fields of `kubelet.config.k8s.io/v1beta1` in 1.20 (`staging/src/k8s.io/kubelet/config/v1beta1/types.go`).
const KUBELET: &[&str] = &[
    "address",
    "allowedUnsafeSysctls",
    "authentication",
    "authorization",
    "cgroupDriver",
    "cgroupRoot",
    "cgroupsPerQOS",
    "clusterDNS",
    "clusterDomain",
    "configMapAndSecretChangeDetectionStrategy",
    "containerLogMaxFiles",
    "containerLogMaxSize",
    "contentType",
    "cpuCFSQuota",
    "cpuCFSQuotaPeriod",
    "cpuManagerPolicy",
    "cpuManagerReconcilePeriod",
    "enableContentionProfiling",
    "enableControllerAttachDetach",
    "enableDebuggingHandlers",
    "enableServer",
    "enableSystemLogHandler",
    "enforceNodeAllocatable",
    "eventBurst",
    "eventRecordQPS",
    "evictionHard",
    "evictionMaxPodGracePeriod",
    "evictionMinimumReclaim",
    "evictionPressureTransitionPeriod",
    "evictionSoft",
    "evictionSoftGracePeriod",
    "failSwapOn",
    "featureGates",
    "fileCheckFrequency",
    "hairpinMode",
    "healthzBindAddress",
    "healthzPort",
    "httpCheckFrequency",
    "imageGCHighThresholdPercent",
    "imageGCLowThresholdPercent",
    "imageMinimumGCAge",
    "iptablesDropBit",
    "iptablesMasqueradeBit",
    "kernelMemcgNotification",
    "kubeAPIBurst",
    "kubeAPIQPS",
    "kubeReserved",
    "kubeReservedCgroup",
    "kubeletCgroups",
    "logging",
    "makeIPTablesUtilChains",
    "maxOpenFiles",
    "maxPods",
    "nodeLeaseDurationSeconds",
    "nodeStatusMaxImages",
    "nodeStatusReportFrequency",
    "nodeStatusUpdateFrequency",
    "oomScoreAdj",
    "podCIDR",
    "podPidsLimit",
    "podsPerCore",
    "port",
    "protectKernelDefaults",
    "providerID",
    "qosReserved",
    "readOnlyPort",
    "registryBurst",
    "registryPullQPS",
    "reservedSystemCPUs",
    "resolvConf",
    "rotateCertificates",
    "runtimeRequestTimeout",
    "serializeImagePulls",
    "serverTLSBootstrap",
    "showHiddenMetricsForVersion",
    "shutdownGracePeriod",
    "shutdownGracePeriodCriticalPods",
    "staticPodPath",
    "staticPodURL",
    "staticPodURLHeader",
    "streamingConnectionIdleTimeout",
    "syncFrequency",
    "systemCgroups",
    "systemReserved",
    "systemReservedCgroup",
    "tlsCertFile",
    "tlsCipherSuites",
    "tlsMinVersion",
    "tlsPrivateKeyFile",
    "topologyManagerPolicy",
    "topologyManagerScope",
    "volumePluginDir",
    "volumeStatsAggPeriod",
];

/// Fields that came after 1.20 and exist in 1.33.
const KUBELET_NEWER: &[&str] = &[
    "containerLogMaxWorkers",
    "containerLogMonitorInterval",
    "containerRuntimeEndpoint",
    "cpuManagerPolicyOptions",
    "crashLoopBackOff",
    "enableDebugFlagsHandler",
    "enableProfilingHandler",
    "enableSystemLogQuery",
    "failCgroupV1",
    "imageMaximumGCAge",
    "imagePullCredentialsVerificationPolicy",
    "imageServiceEndpoint",
    "localStorageCapacityIsolation",
    "maxParallelImagePulls",
    "memoryManagerPolicy",
    "memorySwap",
    "memoryThrottlingFactor",
    "mergeDefaultEvictionSettings",
    "podLogsDir",
    "preloadedImagesVerificationAllowlist",
    "registerNode",
    "registerWithTaints",
    "reservedMemory",
    "seccompDefault",
    "shutdownGracePeriodByPodPriority",
    "singleProcessOOMKill",
    "topologyManagerPolicyOptions",
    "tracing",
    "userNamespaces",
];

/// Fields of `kubeproxy.config.k8s.io/v1alpha1` in 1.20 (`staging/src/k8s.io/kube-proxy/config/v1alpha1/types.go`).
const KUBE_PROXY: &[&str] = &[
    "bindAddress",
    "bindAddressHardFail",
    "clientConnection",
    "clusterCIDR",
    "configSyncPeriod",
    "conntrack",
    "detectLocalMode",
    "enableProfiling",
    "featureGates",
    "healthzBindAddress",
    "hostnameOverride",
    "iptables",
    "ipvs",
    "metricsBindAddress",
    "mode",
    "nodePortAddresses",
    "oomScoreAdj",
    "portRange",
    "showHiddenMetricsForVersion",
    "udpIdleTimeout",
    "winkernel",
];

/// Gone by 1.33 and come by 1.33.
const KUBE_PROXY_GONE: &[&str] = &["udpIdleTimeout"];
const KUBE_PROXY_NEWER: &[&str] = &["detectLocal", "logging", "nftables", "windowsRunAsService"];

/// What no cluster file may say, by JSON pointer: the kubelet always knows who asks, and always asks
/// the API server whether they may.
const GUARDED: &[(Component, &str)] = &[
    (Component::Kubelet, "/apiVersion"),
    (Component::Kubelet, "/kind"),
    (Component::Kubelet, "/authentication/anonymous"),
    (Component::Kubelet, "/authentication/webhook/enabled"),
    (Component::Kubelet, "/authentication/x509"),
    (Component::Kubelet, "/authorization/mode"),
    (Component::Kubelet, "/readOnlyPort"),
    (Component::Kubelet, "/serverTLSBootstrap"),
    (Component::KubeProxy, "/apiVersion"),
    (Component::KubeProxy, "/kind"),
    (Component::KubeProxy, "/clientConnection/kubeconfig"),
    (Component::KubeProxy, "/hostnameOverride"),
];

fn known(component: Component, version: KubernetesVersion) -> Vec<&'static str> {
    let newer = version.minor() > 20;
    match component {
        Component::Kubelet if newer => KUBELET.iter().chain(KUBELET_NEWER).copied().collect(),
        Component::Kubelet => KUBELET.to_vec(),
        Component::KubeProxy if newer => {
            let kept = KUBE_PROXY.iter().filter(|field| !KUBE_PROXY_GONE.contains(field));
            kept.chain(KUBE_PROXY_NEWER).copied().collect()
        }
        Component::KubeProxy => KUBE_PROXY.to_vec(),
        _ => Vec::new(),
    }
}

/// Checks the cluster file's `config` of a component.
pub(super) fn check(
    component: Component,
    version: KubernetesVersion,
    config: &Map<String, Value>,
    found: &mut Findings,
) {
    let known = known(component, version);
    for name in config.keys().filter(|name| !["apiVersion", "kind"].contains(&name.as_str())) {
        if !known.contains(&name.as_str()) {
            let problem = unknown_name("field", known.iter().copied(), name);
            found.errors.push((format!("config.{name}"), format!("{problem} ({component} {version})")));
        }
    }
    // The container runtime's configuration takes this value over.
    if let Some(driver) = config.get("cgroupDriver")
        && component == Component::Kubelet
        && !matches!(driver.as_str(), Some("systemd" | "cgroupfs"))
    {
        found.errors.push(("config.cgroupDriver".to_owned(), "must be systemd or cgroupfs".to_owned()));
    }
    let config = Value::Object(config.clone());
    for (_, pointer) in
        GUARDED.iter().filter(|(of, pointer)| *of == component && config.pointer(pointer).is_some())
    {
        let field = format!("config{}", pointer.replace('/', "."));
        found.errors.push((field, format!("is not for changing: kboot sets it for {component}")));
    }
    for section in ["authentication", "authorization", "clientConnection"] {
        let replaced = config.get(section).is_some_and(|value| !value.is_object());
        if replaced && known.contains(&section) {
            found.errors.push((format!("config.{section}"), "must be a map".to_owned()));
        }
    }
    for pointer in ["/authentication/webhook"] {
        if component == Component::Kubelet && config.pointer(pointer).is_some_and(|value| !value.is_object())
        {
            found.errors.push((format!("config{}", pointer.replace('/', ".")), "must be a map".to_owned()));
        }
    }
}
