//! Validated names: a value of one of these types is a name that Kubernetes accepts.

use std::fmt;
use std::str::FromStr;

use crate::shown::excerpt;

/// Why a text is not a name of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not a {wanted}: {problem}")]
#[non_exhaustive]
pub struct NameError {
    /// The text, cut to its first 64 characters.
    pub value: String,
    /// What was wanted, for example `node name`.
    pub wanted: &'static str,
    /// What is wrong, and what would be right.
    pub problem: &'static str,
}

impl NameError {
    fn new(value: &str, wanted: &'static str, problem: &'static str) -> Self {
        Self { value: excerpt(value), wanted, problem }
    }
}

const SUBDOMAIN_RULE: &str = "use at most 253 lower-case letters, digits, '-' and '.'; \
     each part between dots starts and ends with a letter or digit and has at most 63 characters";
const LABEL_RULE: &str = "use at most 63 lower-case letters, digits and '-', a letter or digit at both ends";
const PRINCIPAL_RULE: &str = "use 1 to 256 characters without control characters or surrounding blanks";

/// Whether `label` is a DNS-1123 label (`IsDNS1123Label` in apimachinery's validation).
pub(crate) fn is_dns1123_label(label: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = label.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(&first), Some(&last)) => {
            bytes.len() <= 63
                && alphanumeric(first)
                && alphanumeric(last)
                && bytes.iter().all(|&byte| alphanumeric(byte) || byte == b'-')
        }
        _ => false,
    }
}

/// Whether `text` is a DNS-1123 subdomain (`IsDNS1123Subdomain` in apimachinery's validation).
pub(crate) fn is_dns1123_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_dns1123_label)
}

fn is_principal(text: &str) -> bool {
    !text.is_empty() && text.len() <= 256 && text.trim() == text && !text.chars().any(char::is_control)
}

/// Whether `text` is a part of a label: its value, or its key's name (`IsValidLabelValue`, `IsQualifiedName`).
fn is_label_value(text: &str) -> bool {
    let ends = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// Whether `text` is the key of a label (`IsQualifiedName` in apimachinery's validation).
fn is_label_key(text: &str) -> bool {
    let (namespace, name) =
        text.split_once('/').map_or((None, text), |(namespace, name)| (Some(namespace), name));
    namespace.is_none_or(is_dns1123_subdomain) && !name.is_empty() && is_label_value(name)
}

fn is_folder(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    text.len() <= 255
        && text.strip_prefix('/').is_some_and(|path| {
            path.split('/').all(|part| !matches!(part, "" | "." | "..") && part.bytes().all(plain))
        })
}

fn is_unix_name(text: &str) -> bool {
    let first = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    text.len() <= 31
        && text.bytes().next().is_some_and(first)
        && text.bytes().all(|byte| first(byte) || byte.is_ascii_digit() || byte == b'-')
}

fn is_image(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte);
    text.len() <= 255
        && text.bytes().all(plain)
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().last().is_some_and(|byte| byte.is_ascii_alphanumeric())
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $wanted:literal, $valid:path, $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// A name that the source code itself spells, or one made of valid names.
            #[allow(dead_code, reason = "not every kind of name is spelt in the source")]
            pub(crate) fn from_static(name: &str) -> Self {
                debug_assert!($valid(name), "{name:?}");
                Self(name.to_owned())
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                if $valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(NameError::new(text, $wanted, $rule))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

name_type!(
    /// A node's name: a DNS-1123 subdomain, so it is also safe as a file name.
    ///
    /// ```
    /// use kboot_core::name::NodeName;
    /// let name: NodeName = "worker-1".parse()?;
    /// assert_eq!(name.as_str(), "worker-1");
    /// assert!("../../etc".parse::<NodeName>().is_err());
    /// # Ok::<(), kboot_core::name::NameError>(())
    /// ```
    NodeName,
    "node name",
    is_dns1123_subdomain,
    SUBDOMAIN_RULE
);
name_type!(
    /// A cluster's name, as in kubeconfigs (`ClusterConfiguration.clusterName`).
    ClusterName,
    "cluster name",
    is_dns1123_subdomain,
    SUBDOMAIN_RULE
);
name_type!(
    /// A lower-case DNS name, for example the cluster's `cluster.local`.
    Dns1123Subdomain,
    "DNS name",
    is_dns1123_subdomain,
    SUBDOMAIN_RULE
);
name_type!(
    /// A namespace's name.
    Namespace,
    "namespace",
    is_dns1123_label,
    LABEL_RULE
);
name_type!(
    /// A group as RBAC sees it; in a client certificate, one organization (O).
    Group,
    "group",
    is_principal,
    PRINCIPAL_RULE
);
name_type!(
    /// A user as RBAC sees it; in a client certificate, the common name (CN).
    Username,
    "user name",
    is_principal,
    PRINCIPAL_RULE
);

name_type!(
    /// An absolute path of a folder on a node, in letters that units and shells take as they are.
    FolderPath,
    "folder",
    is_folder,
    "use an absolute path of letters, digits, '.', '_', '-' and '/', without '.', '..' and a last '/'"
);
name_type!(
    /// The name of a Unix user or group (systemd's strict rule, "User/Group Name Syntax").
    UnixName,
    "user or group",
    is_unix_name,
    "use at most 31 lower-case letters, digits, '_' and '-', a letter or '_' first"
);
name_type!(
    /// A container image as runtimes take it: `[REGISTRY/]NAME[:TAG][@DIGEST]`.
    ImageReference,
    "container image",
    is_image,
    "use [REGISTRY/]NAME[:TAG][@DIGEST], at most 255 letters, digits and any of '._-/:@'"
);

name_type!(
    /// The key of a label or a taint: `[DOMAIN/]NAME`.
    ///
    /// ```
    /// use kboot_core::name::LabelKey;
    /// assert!("example.com/disk".parse::<LabelKey>().is_ok());
    /// assert!("disk type".parse::<LabelKey>().is_err());
    /// ```
    LabelKey,
    "label key",
    is_label_key,
    "use [DOMAIN/]NAME, with a name of at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends"
);
name_type!(
    /// The value of a label or a taint, which may be empty.
    LabelValue,
    "label value",
    is_label_value,
    "use at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends, or nothing"
);

impl NodeName {
    /// The user that a node is in Kubernetes: `system:node:NAME`.
    #[must_use]
    pub fn username(&self) -> Username {
        Username(format!("system:node:{}", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_names() {
        for good in ["a", "worker-1", "10.0.0.1", "k8s-master-1.example.com", &"a".repeat(63)] {
            assert_eq!(good.parse::<NodeName>().unwrap().as_str(), good);
        }
        let long = format!("{}a", "a.".repeat(127));
        for bad in [
            "",
            ".",
            "..",
            "../../etc",
            "a/b",
            "Worker",
            "a_b",
            "-a",
            "a-",
            "a..b",
            "a\0b",
            "ä",
            "a b",
            &long,
            &"a".repeat(64),
        ] {
            assert!(bad.parse::<NodeName>().is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn what_units_name() {
        for good in ["/usr/bin", "/data", "/usr/local/kubernetes-v1.12.3/bin"] {
            assert!(good.parse::<FolderPath>().is_ok(), "{good}");
        }
        for bad in ["", "/", "data", "/data/", "/a/../b", "/a//b", "/a b", "/a%b", "/a$b", "/ä"] {
            assert!(bad.parse::<FolderPath>().is_err(), "{bad:?} was accepted");
        }
        assert!("kube".parse::<UnixName>().is_ok() && "_x-1".parse::<UnixName>().is_ok());
        for bad in ["", "Kube", "1a", "a b", "a:b", &"a".repeat(32)] {
            assert!(bad.parse::<UnixName>().is_err(), "{bad:?} was accepted");
        }
        assert!("registry.example.com:5000/a/pause:3.9@sha256:00".parse::<ImageReference>().is_ok());
        for bad in ["", "a b", "/a", "a:", "a\nb", "a\"b"] {
            assert!(bad.parse::<ImageReference>().is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn labels() {
        for good in ["a", "A_b.c-1", "example.com/disk", &format!("{}/{}", "a".repeat(63), "b".repeat(63))] {
            assert!(good.parse::<LabelKey>().is_ok(), "{good}");
        }
        for bad in ["", "/a", "a/", "a/b/c", "-a", "a_", "A.com/b", "a b", "ä", &"a".repeat(64)] {
            assert!(bad.parse::<LabelKey>().is_err(), "{bad:?} was accepted");
        }
        assert!("".parse::<LabelValue>().is_ok() && "SSD.v1_0".parse::<LabelValue>().is_ok());
        for bad in ["a/b", ".a", "a=", "a,b", &"a".repeat(64)] {
            assert!(bad.parse::<LabelValue>().is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn principals() {
        assert!("system:masters".parse::<Group>().is_ok());
        for bad in ["", " a", "a\n", "a\0", &"a".repeat(257)] {
            assert!(bad.parse::<Group>().is_err(), "{bad:?} was accepted");
        }
    }
}
