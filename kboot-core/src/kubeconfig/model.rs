//! The kubeconfig document (`clientcmd/api/v1/types.go`); keys that kboot does not know stay in it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::userinfo::without_userinfo;
use super::{KubeconfigError, forms};
use crate::secret::{SecretBytes, SecretText};
use crate::shown;

/// Keys that kboot has no field for, kept as they came; `Debug` shows their names alone.
#[derive(Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Unknown(BTreeMap<String, Value>);

impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A kubeconfig.
#[derive(Debug, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are upstream's, see clientcmd/api/v1/types.go")]
pub struct Kubeconfig {
    #[serde(rename = "apiVersion", default = "api_version", deserialize_with = "forms::null_is_empty")]
    pub api_version: String,
    #[serde(default, deserialize_with = "forms::null_is_empty")]
    pub clusters: Vec<Named<Cluster>>,
    #[serde(default, deserialize_with = "forms::null_is_empty")]
    pub contexts: Vec<Named<Context>>,
    #[serde(rename = "current-context", default, deserialize_with = "forms::null_is_empty")]
    pub current_context: String,
    #[serde(default = "kind", deserialize_with = "forms::null_is_empty")]
    pub kind: String,
    #[serde(default, deserialize_with = "forms::null_is_empty")]
    pub users: Vec<Named<User>>,
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// An entry of one of a kubeconfig's lists.
#[derive(Debug)]
#[non_exhaustive]
#[expect(missing_docs, reason = "a name and what it names")]
pub struct Named<T> {
    pub name: String,
    pub value: T,
    pub unknown: Unknown,
}

/// Where a cluster is reached and what proves that it is the right one.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are upstream's, see clientcmd/api/v1/types.go")]
pub struct Cluster {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_authority: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "forms::base64_bytes")]
    pub certificate_authority_data: Option<Vec<u8>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable_compression: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insecure_skip_tls_verify: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_url: Option<String>,
    #[serde(default, deserialize_with = "forms::null_is_empty")]
    pub server: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_server_name: Option<String>,
    #[serde(flatten)]
    pub unknown: Unknown,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            certificate_authority,
            certificate_authority_data,
            disable_compression,
            insecure_skip_tls_verify,
            proxy_url,
            server,
            tls_server_name,
            unknown,
        } = self;
        // A URL may hold a password.
        f.debug_struct("Cluster")
            .field("certificate_authority", certificate_authority)
            .field("certificate_authority_data", certificate_authority_data)
            .field("disable_compression", disable_compression)
            .field("insecure_skip_tls_verify", insecure_skip_tls_verify)
            .field("proxy_url", &proxy_url.as_deref().map(without_userinfo))
            .field("server", &without_userinfo(server))
            .field("tls_server_name", tls_server_name)
            .field("unknown", unknown)
            .finish()
    }
}

/// Which user talks to which cluster.
#[derive(Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are upstream's, see clientcmd/api/v1/types.go")]
pub struct Context {
    #[serde(default, deserialize_with = "forms::null_is_empty")]
    pub cluster: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(default, deserialize_with = "forms::null_is_empty")]
    pub user: String,
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A user's credentials.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are upstream's, see clientcmd/api/v1/types.go")]
pub struct User {
    /// The user to act as (`as`; upstream's field is `Impersonate`).
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub as_user: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "forms::null_is_empty")]
    pub as_groups: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_uid: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "forms::null_is_empty")]
    pub as_user_extra: BTreeMap<String, Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_provider: Option<AuthProvider>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "forms::base64_bytes")]
    pub client_certificate_data: Option<Vec<u8>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "forms::base64_secret")]
    pub client_key_data: Option<SecretBytes>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec: Option<Exec>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "forms::secret_text")]
    pub password: Option<SecretText>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "forms::secret_text")]
    pub token: Option<SecretText>,
    /// Upstream spells this one key in camel case.
    #[serde(default, rename = "tokenFile", skip_serializing_if = "Option::is_none")]
    pub token_file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A way to log in that is built into the client, and its settings, which hold tokens.
#[derive(Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are upstream's, see clientcmd/api/v1/types.go")]
pub struct AuthProvider {
    // Upstream writes null for no settings.
    #[serde(default, with = "forms::secret_map")]
    pub config: BTreeMap<String, SecretText>,
    #[serde(default, deserialize_with = "forms::null_is_empty")]
    pub name: String,
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A program that prints credentials (`client.authentication.k8s.io`).
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are upstream's, see clientcmd/api/v1/types.go")]
pub struct Exec {
    #[serde(default, deserialize_with = "forms::null_is_empty")]
    pub api_version: String,
    #[serde(default, deserialize_with = "forms::null_is_empty")]
    pub args: Vec<String>,
    #[serde(default, deserialize_with = "forms::null_is_empty")]
    pub command: String,
    #[serde(default, deserialize_with = "forms::null_is_empty")]
    pub env: Vec<ExecVariable>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install_hint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interactive_mode: Option<String>,
    #[serde(default)]
    pub provide_cluster_info: bool,
    #[serde(flatten)]
    pub unknown: Unknown,
}

impl Exec {
    /// A command that speaks `client.authentication.k8s.io/v1` and asks nothing at the terminal.
    #[must_use]
    pub fn new(command: &str, args: &[String]) -> Self {
        Self {
            api_version: "client.authentication.k8s.io/v1".to_owned(),
            command: command.to_owned(),
            args: args.to_vec(),
            // Required for v1 (clientcmd/validation.go).
            interactive_mode: Some("Never".to_owned()),
            ..Self::default()
        }
    }
}

/// An environment variable for an [`Exec`] command.
#[derive(Debug, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "a name and a value")]
pub struct ExecVariable {
    #[serde(default, deserialize_with = "forms::null_is_empty")]
    pub name: String,
    #[serde(default = "no_secret", with = "forms::plain_secret_text")]
    pub value: SecretText,
}

impl Unknown {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    pub(crate) fn insert(&mut self, key: String, value: Value) {
        self.0.insert(key, value);
    }

    pub(crate) fn into_entries(self) -> impl Iterator<Item = (String, Value)> {
        self.0.into_iter()
    }
}

impl Kubeconfig {
    pub(crate) fn empty() -> Self {
        Self {
            api_version: api_version(),
            clusters: Vec::new(),
            contexts: Vec::new(),
            current_context: String::new(),
            kind: kind(),
            users: Vec::new(),
            unknown: Unknown::default(),
        }
    }

    /// # Errors
    /// [`KubeconfigError::Malformed`] for another version or kind, and for names that are there twice.
    pub(crate) fn checked(self) -> Result<Self, KubeconfigError> {
        let malformed = |problem: String| KubeconfigError::Malformed { problem };
        if self.api_version != "v1" || self.kind != "Config" {
            return Err(malformed(format!(
                "it is {} {}, expected v1 Config",
                shown::escaped(&self.api_version),
                shown::escaped(&self.kind)
            )));
        }
        for (what, names) in [
            ("cluster", names(&self.clusters)),
            ("context", names(&self.contexts)),
            ("user", names(&self.users)),
        ] {
            let mut seen = std::collections::BTreeSet::new();
            if let Some(twice) = names.into_iter().find(|name| !seen.insert(*name)) {
                return Err(malformed(format!("two {what} entries are named {twice:?}")));
            }
        }
        Ok(self)
    }

    /// The document as YAML, keys in kubectl's order. It holds the credentials: hence a secret.
    ///
    /// # Errors
    /// [`KubeconfigError::Malformed`] where the text cannot be made.
    pub fn to_yaml(&self) -> Result<SecretText, KubeconfigError> {
        crate::document::yaml::write(self)
            .map(SecretText::new)
            .map_err(|_| KubeconfigError::Malformed { problem: "it cannot be written as YAML".to_owned() })
    }

    /// The cluster and user of the current context.
    ///
    /// # Errors
    /// [`KubeconfigError::CurrentContext`] naming the link that is missing.
    pub fn current(&self) -> Result<(&Cluster, &User), KubeconfigError> {
        let missing = |problem: String| KubeconfigError::CurrentContext { problem };
        let name = &self.current_context;
        let context = find(&self.contexts, name)
            .ok_or_else(|| missing(format!("there is no context named {name:?}")))?;
        let cluster = find(&self.clusters, &context.cluster)
            .ok_or_else(|| missing(format!("there is no cluster named {:?}", context.cluster)))?;
        let user = find(&self.users, &context.user)
            .ok_or_else(|| missing(format!("there is no user named {:?}", context.user)))?;
        Ok((cluster, user))
    }
}

fn find<'a, T>(list: &'a [Named<T>], name: &str) -> Option<&'a T> {
    list.iter().find(|entry| entry.name == name).map(|entry| &entry.value)
}

impl FromStr for Kubeconfig {
    type Err = KubeconfigError;
    /// Reads YAML or JSON as clientcmd does; duplicate names and other versions are errors.
    fn from_str(text: &str) -> Result<Self, KubeconfigError> {
        let parsed =
            crate::document::yaml::parse(text).map_err(|problem| KubeconfigError::Yaml { problem })?;
        if crate::document::yaml::parse_as_go(text).is_ok_and(|go| go != parsed) {
            return Err(KubeconfigError::GoBoolean);
        }
        let value = match parsed {
            // An empty file is an empty configuration (clientcmd/loader.go).
            Value::Null => Value::Object(serde_json::Map::new()),
            value => value,
        };
        let malformed = |problem: String| KubeconfigError::Malformed { problem };
        // serde's own message may quote the value it did not expect, and that may be a token.
        let config: Self = serde_json::from_value(value).map_err(|_| {
            malformed("a field has the wrong type (texts are quoted, *-data is base64)".to_owned())
        })?;
        config.checked()
    }
}

fn names<T>(list: &[Named<T>]) -> Vec<&str> {
    list.iter().map(|entry| entry.name.as_str()).collect()
}

fn api_version() -> String {
    "v1".to_owned()
}

fn kind() -> String {
    "Config".to_owned()
}

fn no_secret() -> SecretText {
    SecretText::new(String::new())
}

/// The key under which each list holds its value.
pub(super) trait Entry {
    const KEY: &'static str;
}
impl Entry for Cluster {
    const KEY: &'static str = "cluster";
}
impl Entry for Context {
    const KEY: &'static str = "context";
}
impl Entry for User {
    const KEY: &'static str = "user";
}

impl<T: Entry + Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        // Keys in alphabetical order, as kubectl writes them.
        if T::KEY < "name" {
            map.serialize_entry(T::KEY, &self.value)?;
        }
        map.serialize_entry("name", &self.name)?;
        if T::KEY > "name" {
            map.serialize_entry(T::KEY, &self.value)?;
        }
        for (key, value) in &self.unknown.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de, T: Entry + serde::de::DeserializeOwned + Default> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let mut map = BTreeMap::<String, Value>::deserialize(deserializer)?;
        let name = match map.remove("name") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(name)) => name,
            Some(_) => return Err(D::Error::custom("name")),
        };
        let value = match map.remove(T::KEY) {
            None | Some(Value::Null) => T::default(),
            Some(value) => serde_json::from_value(value).map_err(|_| D::Error::custom(T::KEY))?,
        };
        Ok(Self { name, value, unknown: Unknown(map) })
    }
}

impl<T> Named<T> {
    pub(super) fn new(name: &str, value: T) -> Self {
        Self { name: name.to_owned(), value, unknown: Unknown::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"
apiVersion: v1
kind: Config
preferences: {colors: true}
clusters:
- name: c
  cluster: {server: "https://10.0.0.1:6443", certificate-authority-data: aGVsbG8=, disable-compression: true}
contexts:
- name: x
  context: {cluster: c, user: u, namespace: ns, extensions: [{name: e, extension: {a: 1}}]}
current-context: x
users:
- name: u
  user:
    token: "123456.7890123456789012"
    as: someone
    exec: {apiVersion: client.authentication.k8s.io/v1, command: x, args: null, env: [{name: A, value: B}]}
future: {key: [1, 2]}
"#;

    #[test]
    fn unknown_keys_survive() {
        let config: Kubeconfig = SAMPLE.parse().unwrap();
        let text = config.to_yaml().unwrap();
        let again: Value = crate::document::yaml::parse(text.expose_secret()).unwrap();
        for pointer in [
            "/preferences/colors",
            "/future/key/1",
            "/clusters/0/cluster/disable-compression",
            "/users/0/user/as",
            "/contexts/0/context/extensions/0/extension/a",
        ] {
            assert!(again.pointer(pointer).is_some(), "{pointer} is lost in\n{}", text.expose_secret());
        }
        assert_eq!(again["users"][0]["user"]["token"], "123456.7890123456789012");
        assert_eq!(again["clusters"][0]["cluster"]["certificate-authority-data"], "aGVsbG8=");
    }

    #[test]
    fn what_upstream_refuses_is_refused() {
        for (bad, problem) in [
            ("apiVersion: v2\nkind: Config", "v2"),
            ("kind: Secret", "Secret"),
            ("users: [{name: a}, {name: a}]", "two user entries"),
            ("clusters: 3", "wrong type"),
            ("users: [{name: a, user: {client-key-data: '*'}}]", "wrong type"),
            ("a: [", "YAML"),
            ("a: 1\na: 2", "YAML"),
        ] {
            let error = bad.parse::<Kubeconfig>().unwrap_err().to_string();
            assert!(error.contains(problem), "{bad:?}: {error}");
        }
        assert!("".parse::<Kubeconfig>().unwrap().current().is_err());
    }

    #[test]
    fn errors_never_show_a_token() {
        let bad = "users: [{name: a, user: {token: [topsecret]}}]";
        assert!(!bad.parse::<Kubeconfig>().unwrap_err().to_string().contains("topsecret"));
    }
}
