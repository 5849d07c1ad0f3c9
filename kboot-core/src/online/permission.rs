//! What a user is not allowed, in the words of RBAC.

use std::fmt;

use http::Method;

use crate::shown::cut;

/// A permission that a call needs, and how a role has to say it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permission {
    /// `list`, `update`, …
    pub verb: String,
    /// The API group; empty for the core's.
    pub group: String,
    /// The resource in the plural, with its subresource: `certificatesigningrequests/approval`.
    pub resource: String,
    /// The one object that it is about, where roles name it: a signer.
    pub name: Option<String>,
    /// The namespace; none for what is the whole cluster's.
    pub namespace: Option<String>,
}

impl Permission {
    /// Which permission a refused call lacks; none where the path is no resource's.
    ///
    /// The call says nearly everything (`RequestInfoFactory` in apiserver's `endpoints/request/requestinfo.go`). The
    /// API server's message is asked for what it cannot say: that an apply creates, and that whoever approves needs
    /// the signer too (`plugin/pkg/admission/certificates/approval`).
    pub(super) fn that_lacks(method: &Method, path: &str, message: &str) -> Option<Self> {
        if let Some((_, rest)) = message.split_once("permitted to approve requests with signerName \"") {
            return Some(Self {
                verb: "approve".to_owned(),
                group: "certificates.k8s.io".to_owned(),
                resource: "signers".to_owned(),
                name: rest.split('"').next().map(|name| cut(name, 253)),
                namespace: None,
            });
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        let group = match segments.next()? {
            "api" => "",
            "apis" => segments.next()?,
            _ => return None,
        };
        segments.next()?;
        let rest: Vec<&str> = segments.collect();
        let (namespace, rest) = match rest.as_slice() {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
            rest => (None, rest),
        };
        let (resource, name, subresource) = match rest {
            [resource] => (*resource, None, None),
            [resource, name] => (*resource, Some(*name), None),
            [resource, name, subresource, ..] => (*resource, Some(*name), Some(*subresource)),
            [] => return None,
        };
        let said = message.split_once(" cannot ").and_then(|(_, rest)| rest.split(' ').next());
        let verb = match (method.as_str(), name) {
            ("PATCH", _) if said == Some("create") => "create",
            ("GET", Some(_)) => "get",
            ("GET", None) if query.contains("watch=true") => "watch",
            ("GET", None) => "list",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", _) => "delete",
            _ => return None,
        };
        Some(Self {
            verb: verb.to_owned(),
            group: group.to_owned(),
            resource: subresource.map_or_else(|| resource.to_owned(), |sub| format!("{resource}/{sub}")),
            name: None,
            namespace: namespace.map(str::to_owned),
        })
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, group, resource, name, namespace } = self;
        let kind = match namespace {
            Some(namespace) => format!("Role in {namespace}"),
            None => "ClusterRole".to_owned(),
        };
        let group = if group.is_empty() { "\"\"" } else { group };
        write!(f, "{kind} with apiGroups: [{group}], resources: [{resource}], ")?;
        if let Some(name) = name {
            write!(f, "resourceNames: [{name}], ")?;
        }
        write!(f, "verbs: [{verb}]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_and_its_refusal_say_which_rule_lacks() {
        let lacks = |method: Method, path: &str, message: &str| {
            Permission::that_lacks(&method, path, message).map(|lacking| lacking.to_string())
        };
        let requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
        for (method, path, message, rule) in [
            (
                Method::GET,
                format!("{requests}?limit=250"),
                "",
                "ClusterRole with apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [list]",
            ),
            (
                Method::GET,
                format!("{requests}?watch=true"),
                "",
                "ClusterRole with apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [watch]",
            ),
            (
                Method::PUT,
                format!("{requests}/a/approval"),
                "",
                "ClusterRole with apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/approval], \
                 verbs: [update]",
            ),
            (
                Method::PUT,
                format!("{requests}/a/approval"),
                "certificatesigningrequests.certificates.k8s.io \"a\" is forbidden: user not permitted to approve \
                 requests with signerName \"kubernetes.io/kubelet-serving\"",
                "ClusterRole with apiGroups: [certificates.k8s.io], resources: [signers], resourceNames: \
                 [kubernetes.io/kubelet-serving], verbs: [approve]",
            ),
            (
                Method::GET,
                "/api/v1/namespaces/kube-system/secrets/a".to_owned(),
                "",
                "Role in kube-system with apiGroups: [\"\"], resources: [secrets], verbs: [get]",
            ),
            (
                Method::PATCH,
                "/api/v1/namespaces/kube-system/secrets/a?dryRun=All".to_owned(),
                "secrets \"a\" is forbidden: User \"u\" cannot create resource \"secrets\" in API group \"\"",
                "Role in kube-system with apiGroups: [\"\"], resources: [secrets], verbs: [create]",
            ),
            (
                Method::GET,
                "/api/v1/namespaces/kube-system".to_owned(),
                "",
                "ClusterRole with apiGroups: [\"\"], resources: [namespaces], verbs: [get]",
            ),
            (
                Method::GET,
                "/api/v1/nodes/worker-1/proxy/metrics".to_owned(),
                "",
                "ClusterRole with apiGroups: [\"\"], resources: [nodes/proxy], verbs: [get]",
            ),
        ] {
            assert_eq!(lacks(method, &path, message).as_deref(), Some(rule), "{path}");
        }
        assert_eq!(lacks(Method::GET, "/version", ""), None);
    }
}
