//! Which certificate authorities a cluster has.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one of a cluster's certificate authorities is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a new authority must be thought of everywhere")]
pub enum CaRole {
    /// Signs everything that talks to the API server.
    Cluster,
    /// Signs etcd's servers, peers and clients, so that no node certificate opens etcd.
    Etcd,
    /// Signs the aggregator's client certificate, so that no user certificate passes for the aggregator.
    FrontProxy,
}

impl CaRole {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::Cluster, Self::Etcd, Self::FrontProxy];

    /// The common name that upstream gives it (kubeadm's certlist.go).
    #[must_use]
    pub fn common_name(self) -> &'static str {
        match self {
            Self::Cluster => "kubernetes",
            Self::Etcd => "etcd-ca",
            Self::FrontProxy => "front-proxy-ca",
        }
    }

    /// The name of the authority's files below `/etc/kubernetes/pki`, without the ending.
    #[must_use]
    pub fn base_name(self) -> &'static str {
        match self {
            Self::Cluster => "ca",
            Self::Etcd => "etcd/ca",
            Self::FrontProxy => "front-proxy-ca",
        }
    }

    /// The authority that a certificate's common name speaks of, as kubeadm, kops, k3s and others name theirs:
    /// `etcd-ca`, `etcd-clients-ca`, `kubernetes-front-proxy-ca`, `kubernetes`. None where it says nothing.
    #[must_use]
    pub fn of_common_name(name: &str) -> Option<Self> {
        Self::apart(name).or_else(|| {
            let is_clusters = words(name).any(|word| word == "kubernetes" || word == "k8s");
            is_clusters.then_some(Self::Cluster)
        })
    }

    /// The authority that a certificate's path speaks of: etcd's for `etcd/ca.crt` and `etcd-ca.pem`, the front
    /// proxy's for `front-proxy-ca.crt`. None where it says nothing, as `ca.crt` alone.
    #[must_use]
    pub fn of_path(path: &Path) -> Option<Self> {
        let text = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
        let file = text(path.file_stem()).unwrap_or_default();
        let folder = text(path.parent().and_then(Path::file_name)).unwrap_or_default();
        // A folder may be called after all that is in it.
        let folder = Self::apart(&folder).filter(|_| {
            let mut rest =
                words(&folder).filter(|word| !matches!(word.as_str(), "ca" | "pki" | "certs" | "tls"));
            matches!(
                (rest.next().as_deref(), rest.next().as_deref(), rest.next()),
                (Some("etcd" | "frontproxy"), None, None) | (Some("front"), Some("proxy"), None)
            )
        });
        Self::apart(&file).or(folder)
    }

    /// etcd's or the front proxy's, where a name has it among its words.
    fn apart(name: &str) -> Option<Self> {
        if words(name).any(|word| word == "etcd") {
            return Some(Self::Etcd);
        }
        let joined: String = words(name).collect();
        // After the API server's flags --requestheader-*, and the aggregator that they are for.
        let is_proxy = ["frontproxy", "requestheader", "aggregator"].iter().any(|word| joined.contains(word));
        is_proxy.then_some(Self::FrontProxy)
    }
}

fn words(name: &str) -> impl Iterator<Item = String> {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
}

/// Whether etcd and the aggregator have authorities of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the cluster file's two values")]
pub enum CaLayout {
    /// One each for the cluster, etcd and the front proxy, as upstream.
    #[default]
    Separate,
    /// One for everything, as hand-install guides do.
    Single,
}

impl CaLayout {
    /// The authority whose certificate does the work of `role`.
    #[must_use]
    pub fn effective(self, role: CaRole) -> CaRole {
        match self {
            Self::Separate => role,
            Self::Single => CaRole::Cluster,
        }
    }

    /// The authorities that exist.
    #[must_use]
    pub fn authorities(self) -> &'static [CaRole] {
        match self {
            Self::Separate => &CaRole::ALL,
            Self::Single => &[CaRole::Cluster],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_known_by_their_names() {
        use CaRole::{Cluster, Etcd, FrontProxy};
        for (name, is) in [
            ("etcd-ca", Some(Etcd)),
            ("etcd-server-ca@1700000000", Some(Etcd)),
            ("openshift-etcd_etcd-signer@1700000000", Some(Etcd)),
            ("kubernetes-etcd-ca", Some(Etcd)),
            ("ETCD CA", Some(Etcd)),
            ("front-proxy-ca", Some(FrontProxy)),
            ("kubernetes-front-proxy-ca", Some(FrontProxy)),
            ("k3s-request-header-ca@1700000000", Some(FrontProxy)),
            ("apiserver-aggregator-ca", Some(FrontProxy)),
            ("kubernetes", Some(Cluster)),
            ("Kubernetes CA", Some(Cluster)),
            ("getcd.example.com", None),
            ("ca", None),
            ("", None),
        ] {
            assert_eq!(CaRole::of_common_name(name), is, "{name}");
        }
        for (path, is) in [
            ("/out/authorities/etcd/ca.crt", Some(Etcd)),
            ("/etc/kubernetes/pki/etcd-ca.pem", Some(Etcd)),
            ("/etcd-pki/ca.pem", Some(Etcd)),
            ("/pki/front-proxy-ca.crt", Some(FrontProxy)),
            ("/pki/front-proxy/ca.crt", Some(FrontProxy)),
            ("/pki/ca.crt", None),
            ("/etcd/pki/ca.crt", None),
            ("/kubernetes-and-etcd/ca.crt", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(CaRole::of_path(Path::new(path)), is, "{path}");
        }
        for role in CaRole::ALL {
            assert_eq!(CaRole::of_common_name(role.common_name()), Some(role));
        }
    }
}
