//! kboot's kubeconfig from and to that of `kube`, without text between. Every field is carried, or refused by its name.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::config::{
    AuthInfo, AuthProviderConfig, Cluster as KubeCluster, Context as KubeContext, ExecConfig,
    ExecInteractiveMode, Kubeconfig as KubeKubeconfig, NamedAuthInfo, NamedCluster, NamedContext,
    NamedExtension, Preferences,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::kubeconfig::{
    AuthProvider, Cluster, Context, Exec, ExecVariable, Kubeconfig, KubeconfigError, Named, Unknown, User,
};
use crate::secret::{SecretBytes, SecretText};

type Other = BTreeMap<String, Value>;

/// For [`kube::Config::from_custom_kubeconfig`]. From here on nothing redacts the settings of an auth-provider and the
/// variables of a plug-in: kube has plain texts for them.
///
/// ```
/// use kboot_core::kubeconfig::Kubeconfig;
/// let kubeconfig: Kubeconfig = "
/// clusters: [{name: c, cluster: {server: 'https://192.168.0.1:6443'}}]
/// users: [{name: u, user: {token: abcdef.0123456789abcdef}}]
/// ".parse()?;
/// let of_kube = kube::config::Kubeconfig::try_from(&kubeconfig)?;
/// assert_eq!(of_kube.clusters[0].name, "c");
/// let again = Kubeconfig::try_from(&of_kube)?;
/// assert_eq!(again.to_yaml()?.expose_secret(), kubeconfig.to_yaml()?.expose_secret());
/// # Ok::<(), kboot_core::kubeconfig::KubeconfigError>(())
/// ```
impl TryFrom<&Kubeconfig> for KubeKubeconfig {
    type Error = KubeconfigError;

    /// # Errors
    /// [`KubeconfigError::Field`] for what kube has no place for: an unknown `interactiveMode`, an extension or
    /// preferences of another form.
    fn try_from(kubeconfig: &Kubeconfig) -> Result<Self, KubeconfigError> {
        let Kubeconfig { api_version, clusters, contexts, current_context, kind, users, unknown } =
            kubeconfig;
        let mut other = others(unknown);
        let preferences = take::<Preferences>(&mut other, "", "preferences")?;
        let extensions = take::<Vec<NamedExtension>>(&mut other, "", "extensions")?;
        let clusters = clusters.iter().map(|Named { name, value, unknown }| {
            let cluster = Some(cluster_to_kube(&at("clusters", name), value)?);
            Ok(NamedCluster { name: name.clone(), cluster, other: others(unknown) })
        });
        let contexts = contexts.iter().map(|Named { name, value, unknown }| {
            let context = Some(context_to_kube(&at("contexts", name), value)?);
            Ok(NamedContext { name: name.clone(), context, other: others(unknown) })
        });
        let users = users.iter().map(|Named { name, value, unknown }| {
            let auth_info = Some(user_to_kube(&at("users", name), value)?);
            Ok(NamedAuthInfo { name: name.clone(), auth_info, other: others(unknown) })
        });
        Ok(Self {
            preferences,
            clusters: clusters.collect::<Result<_, KubeconfigError>>()?,
            auth_infos: users.collect::<Result<_, KubeconfigError>>()?,
            contexts: contexts.collect::<Result<_, KubeconfigError>>()?,
            current_context: filled(current_context),
            extensions,
            kind: Some(kind.clone()),
            api_version: Some(api_version.clone()),
            other,
        })
    }
}

fn cluster_to_kube(path: &str, cluster: &Cluster) -> Result<KubeCluster, KubeconfigError> {
    let Cluster {
        certificate_authority,
        certificate_authority_data,
        disable_compression,
        insecure_skip_tls_verify,
        proxy_url,
        server,
        tls_server_name,
        unknown,
    } = cluster;
    let mut other = others(unknown);
    Ok(KubeCluster {
        server: filled(server),
        insecure_skip_tls_verify: *insecure_skip_tls_verify,
        certificate_authority: certificate_authority.clone(),
        certificate_authority_data: certificate_authority_data.as_ref().map(|data| STANDARD.encode(data)),
        proxy_url: proxy_url.clone(),
        disable_compression: *disable_compression,
        tls_server_name: tls_server_name.clone(),
        extensions: take(&mut other, path, "extensions")?,
        other,
    })
}

fn context_to_kube(path: &str, context: &Context) -> Result<KubeContext, KubeconfigError> {
    let Context { cluster, namespace, user, unknown } = context;
    let mut other = others(unknown);
    Ok(KubeContext {
        cluster: cluster.clone(),
        user: filled(user),
        namespace: namespace.clone(),
        extensions: take(&mut other, path, "extensions")?,
        other,
    })
}

fn user_to_kube(path: &str, user: &User) -> Result<AuthInfo, KubeconfigError> {
    let User {
        as_user,
        as_groups,
        as_uid,
        as_user_extra,
        auth_provider,
        client_certificate,
        client_certificate_data,
        client_key,
        client_key_data,
        exec,
        password,
        token,
        token_file,
        username,
        unknown,
    } = user;
    let mut other = others(unknown);
    let secret = |text: &SecretText| SecretString::from(text.expose_secret());
    let exec = exec.as_ref().map(|exec| exec_to_kube(path, exec)).transpose()?;
    Ok(AuthInfo {
        username: username.clone(),
        password: password.as_ref().map(secret),
        token: token.as_ref().map(secret),
        token_file: token_file.clone(),
        client_certificate: client_certificate.clone(),
        client_certificate_data: client_certificate_data.as_ref().map(|data| STANDARD.encode(data)),
        client_key: client_key.clone(),
        client_key_data: client_key_data
            .as_ref()
            .map(|data| SecretString::from(STANDARD.encode(data.expose_secret()))),
        impersonate: as_user.clone(),
        impersonate_uid: as_uid.clone(),
        impersonate_groups: listed(as_groups),
        impersonate_user_extra: (!as_user_extra.is_empty())
            .then(|| as_user_extra.clone().into_iter().collect()),
        extensions: take(&mut other, path, "extensions")?,
        auth_provider: auth_provider.as_ref().map(|provider| AuthProviderConfig {
            name: provider.name.clone(),
            config: plain(provider.config.iter()),
            other: others(&provider.unknown),
        }),
        exec,
        other,
    })
}

fn exec_to_kube(path: &str, exec: &Exec) -> Result<ExecConfig, KubeconfigError> {
    let Exec {
        api_version,
        args,
        command,
        env,
        install_hint,
        interactive_mode,
        provide_cluster_info,
        unknown,
    } = exec;
    let interactive_mode = match interactive_mode.as_deref() {
        None => None,
        Some("Never") => Some(ExecInteractiveMode::Never),
        Some("IfAvailable") => Some(ExecInteractiveMode::IfAvailable),
        Some("Always") => Some(ExecInteractiveMode::Always),
        Some(_) => {
            let problem = "must be Never, IfAvailable or Always";
            return Err(refused(path, "exec.interactiveMode", problem));
        }
    };
    let variable = |ExecVariable { name, value }: &ExecVariable| {
        HashMap::from([
            ("name".to_owned(), name.clone()),
            ("value".to_owned(), value.expose_secret().to_owned()),
        ])
    };
    let env: Vec<_> = env.iter().map(variable).collect();
    Ok(ExecConfig {
        api_version: filled(api_version),
        command: filled(command),
        args: listed(args),
        env: (!env.is_empty()).then_some(env),
        drop_env: None,
        install_hint: install_hint.clone(),
        interactive_mode,
        provide_cluster_info: *provide_cluster_info,
        cluster: None,
        other: others(unknown),
    })
}

/// As if it was read from kube's text.
impl TryFrom<&KubeKubeconfig> for Kubeconfig {
    type Error = KubeconfigError;

    /// # Errors
    /// [`KubeconfigError::Field`] for what no kubeconfig file holds: data that is not base64, a variable of a plug-in that
    /// is more than name and value, `drop_env` and `cluster` of a plug-in; [`KubeconfigError::Malformed`] for another
    /// version or kind and for names that are there twice, as in a file.
    fn try_from(kubeconfig: &KubeKubeconfig) -> Result<Self, KubeconfigError> {
        let mut unknown = Unknowns::of("", &kubeconfig.other)?;
        unknown.put("preferences", kubeconfig.preferences.as_ref())?;
        unknown.put("extensions", kubeconfig.extensions.as_ref())?;
        let mut read = Self::empty();
        read.api_version = kubeconfig.api_version.clone().unwrap_or(read.api_version);
        read.kind = kubeconfig.kind.clone().unwrap_or(read.kind);
        read.current_context = kubeconfig.current_context.clone().unwrap_or_default();
        read.unknown = unknown.found;
        for NamedCluster { name, cluster, other } in &kubeconfig.clusters {
            let path = at("clusters", name);
            let value = cluster.as_ref().map(|cluster| cluster_of_kube(&path, cluster)).transpose()?;
            read.clusters.push(named(&path, name, value, other)?);
        }
        for NamedContext { name, context, other } in &kubeconfig.contexts {
            let path = at("contexts", name);
            let value = context.as_ref().map(|context| context_of_kube(&path, context)).transpose()?;
            read.contexts.push(named(&path, name, value, other)?);
        }
        for NamedAuthInfo { name, auth_info, other } in &kubeconfig.auth_infos {
            let path = at("users", name);
            let value = auth_info.as_ref().map(|user| user_of_kube(&path, user)).transpose()?;
            read.users.push(named(&path, name, value, other)?);
        }
        read.checked()
    }
}

fn named<T: Default>(
    path: &str,
    name: &str,
    value: Option<T>,
    other: &Other,
) -> Result<Named<T>, KubeconfigError> {
    let unknown = Unknowns::of(path, other)?.found;
    Ok(Named { name: name.to_owned(), value: value.unwrap_or_default(), unknown })
}

fn cluster_of_kube(path: &str, cluster: &KubeCluster) -> Result<Cluster, KubeconfigError> {
    let mut unknown = Unknowns::of(path, &cluster.other)?;
    unknown.put("extensions", cluster.extensions.as_ref())?;
    Ok(Cluster {
        certificate_authority: cluster.certificate_authority.clone(),
        certificate_authority_data: decoded(
            path,
            "certificate-authority-data",
            cluster.certificate_authority_data.as_deref(),
        )?,
        disable_compression: cluster.disable_compression,
        insecure_skip_tls_verify: cluster.insecure_skip_tls_verify,
        proxy_url: cluster.proxy_url.clone(),
        server: cluster.server.clone().unwrap_or_default(),
        tls_server_name: cluster.tls_server_name.clone(),
        unknown: unknown.found,
    })
}

fn context_of_kube(path: &str, context: &KubeContext) -> Result<Context, KubeconfigError> {
    let mut unknown = Unknowns::of(path, &context.other)?;
    unknown.put("extensions", context.extensions.as_ref())?;
    Ok(Context {
        cluster: context.cluster.clone(),
        namespace: context.namespace.clone(),
        user: context.user.clone().unwrap_or_default(),
        unknown: unknown.found,
    })
}

fn user_of_kube(path: &str, user: &AuthInfo) -> Result<User, KubeconfigError> {
    let mut unknown = Unknowns::of(path, &user.other)?;
    unknown.put("extensions", user.extensions.as_ref())?;
    let secret = |text: &SecretString| SecretText::new(text.expose_secret().to_owned());
    let key = user.client_key_data.as_ref().map(ExposeSecret::expose_secret);
    Ok(User {
        as_user: user.impersonate.clone(),
        as_groups: user.impersonate_groups.clone().unwrap_or_default(),
        as_uid: user.impersonate_uid.clone(),
        as_user_extra: user.impersonate_user_extra.clone().unwrap_or_default().into_iter().collect(),
        auth_provider: user.auth_provider.as_ref().map(|one| provider_of_kube(path, one)).transpose()?,
        client_certificate: user.client_certificate.clone(),
        client_certificate_data: decoded(
            path,
            "client-certificate-data",
            user.client_certificate_data.as_deref(),
        )?,
        client_key: user.client_key.clone(),
        client_key_data: decoded(path, "client-key-data", key)?.map(SecretBytes::new),
        exec: user.exec.as_ref().map(|exec| exec_of_kube(path, exec)).transpose()?,
        password: user.password.as_ref().map(secret),
        token: user.token.as_ref().map(secret),
        token_file: user.token_file.clone(),
        username: user.username.clone(),
        unknown: unknown.found,
    })
}

fn provider_of_kube(path: &str, provider: &AuthProviderConfig) -> Result<AuthProvider, KubeconfigError> {
    let unknown = Unknowns::of(path, &provider.other)?.found;
    Ok(AuthProvider { config: secrets(&provider.config), name: provider.name.clone(), unknown })
}

fn exec_of_kube(path: &str, exec: &ExecConfig) -> Result<Exec, KubeconfigError> {
    if exec.drop_env.is_some() {
        return Err(refused(path, "exec.drop_env", "is in no kubeconfig file"));
    }
    if exec.cluster.is_some() {
        return Err(refused(path, "exec.cluster", "is in no kubeconfig file: set provide_cluster_info"));
    }
    let variable = |variable: &HashMap<String, String>| {
        let is_known = variable.keys().all(|key| key == "name" || key == "value");
        let text = |key: &str| variable.get(key).cloned().unwrap_or_default();
        if is_known {
            Ok(ExecVariable { name: text("name"), value: SecretText::new(text("value")) })
        } else {
            Err(refused(path, "exec.env", "has a key besides name and value"))
        }
    };
    let mode = exec.interactive_mode.as_ref().map(|mode| match mode {
        ExecInteractiveMode::Never => "Never",
        ExecInteractiveMode::IfAvailable => "IfAvailable",
        ExecInteractiveMode::Always => "Always",
    });
    Ok(Exec {
        api_version: exec.api_version.clone().unwrap_or_default(),
        args: exec.args.clone().unwrap_or_default(),
        command: exec.command.clone().unwrap_or_default(),
        env: exec.env.iter().flatten().map(variable).collect::<Result<_, _>>()?,
        install_hint: exec.install_hint.clone(),
        interactive_mode: mode.map(str::to_owned),
        provide_cluster_info: exec.provide_cluster_info,
        unknown: Unknowns::of(path, &exec.other)?.found,
    })
}

/// The keys that kboot has no field for, of one part of a kubeconfig.
struct Unknowns<'a> {
    path: &'a str,
    found: Unknown,
}

impl<'a> Unknowns<'a> {
    fn of(path: &'a str, other: &Other) -> Result<Self, KubeconfigError> {
        let mut unknowns = Self { path, found: Unknown::default() };
        for (key, value) in other {
            unknowns.put(key, Some(value))?;
        }
        Ok(unknowns)
    }

    fn put(&mut self, key: &str, value: Option<&impl Serialize>) -> Result<(), KubeconfigError> {
        let Some(value) = value else { return Ok(()) };
        let value = serde_json::to_value(value).map_err(|_| refused(self.path, key, "cannot be written"))?;
        self.found.insert(key.to_owned(), value);
        Ok(())
    }
}

fn others(unknown: &Unknown) -> Other {
    unknown.clone().into_entries().collect()
}

/// A key that kube has a type for, where nothing of its value is lost in it.
fn take<T: DeserializeOwned + Serialize>(
    other: &mut Other,
    path: &str,
    key: &str,
) -> Result<Option<T>, KubeconfigError> {
    let Some(value) = other.remove(key).filter(|value| !value.is_null()) else { return Ok(None) };
    let typed = T::deserialize(&value).ok();
    let is_same = |typed: &T| serde_json::to_value(typed).is_ok_and(|again| again == value);
    let problem = "is of a form that kube's type does not hold";
    typed.filter(is_same).map(Some).ok_or_else(|| refused(path, key, problem))
}

fn decoded(path: &str, key: &str, text: Option<&str>) -> Result<Option<Vec<u8>>, KubeconfigError> {
    let decoded = text.map(|text| STANDARD.decode(text)).transpose();
    decoded.map_err(|_| refused(path, key, "is not base64"))
}

fn plain<'a>(entries: impl Iterator<Item = (&'a String, &'a SecretText)>) -> HashMap<String, String> {
    entries.map(|(key, value)| (key.clone(), value.expose_secret().to_owned())).collect()
}

fn secrets(entries: &HashMap<String, String>) -> BTreeMap<String, SecretText> {
    entries.iter().map(|(key, value)| (key.clone(), SecretText::new(value.clone()))).collect()
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn listed(texts: &[String]) -> Option<Vec<String>> {
    (!texts.is_empty()).then(|| texts.to_vec())
}

fn at(list: &str, name: &str) -> String {
    format!("{list}[{}].", crate::shown::cut(name, 64))
}

fn refused(path: &str, field: &str, problem: &str) -> KubeconfigError {
    KubeconfigError::Field { path: format!("{path}{field}"), problem: problem.to_owned() }
}
