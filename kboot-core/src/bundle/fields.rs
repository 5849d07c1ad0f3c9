//! What a file says, field by field and without its secrets: what tells two of them apart may be shown to anyone.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;

use super::artifact::{Content, FileKind};
use super::step::FieldChange;
use crate::document::yaml;
use crate::kubeconfig::{Cluster, Kubeconfig, User, without_userinfo};
use crate::shown::hex;
use crate::token::{BootstrapToken, StaticToken};
use crate::x509::{Certificate, PrivateKey};

const NOT_SHOWN: &str = "(not shown)";

/// What is shown of a value, and by what two values are held against each other.
#[derive(PartialEq, Eq)]
struct Field {
    digest: Vec<u8>,
    shown: String,
}

/// The fields of a file by their names.
struct Fields(BTreeMap<String, Field>);

/// What differs between two files of a kind; none where they are texts that anyone may read, line by line.
pub(super) fn changes(kind: FileKind, old: &[u8], new: &Content) -> Option<Vec<FieldChange>> {
    let is_text = match kind {
        FileKind::CaKey
        | FileKind::PrivateKey
        | FileKind::CaCertificate
        | FileKind::Certificate
        | FileKind::Kubeconfig
        | FileKind::StaticTokens => false,
        FileKind::Manifest
        | FileKind::PublicKey
        | FileKind::Unit
        | FileKind::Configuration
        | FileKind::InstallScript
        | FileKind::Inventory => matches!(new, Content::Public(_)),
    };
    // Whatever lies there in the place of a text: a key that somebody put into it is shown to nobody.
    let holds_key = old.windows(12).any(|some| some == b"PRIVATE KEY-");
    if is_text && !holds_key {
        return None;
    }
    let (old, new) = (Fields::of(kind, old), Fields::of(kind, new.expose_bytes()));
    let names: BTreeSet<&String> = old.0.keys().chain(new.0.keys()).collect();
    let differing = names.into_iter().filter(|name| old.0.get(*name) != new.0.get(*name));
    let shown = |fields: &Fields, name: &String| fields.0.get(name).map(|field| field.shown.clone());
    Some(
        differing
            .map(|name| FieldChange { field: name.clone(), from: shown(&old, name), to: shown(&new, name) })
            .collect(),
    )
}

impl Fields {
    fn of(kind: FileKind, bytes: &[u8]) -> Self {
        let mut fields = Self(BTreeMap::new());
        let text = String::from_utf8_lossy(bytes);
        let is_read = match kind {
            FileKind::CaKey | FileKind::PrivateKey => fields.add_key("", bytes),
            FileKind::CaCertificate | FileKind::Certificate => fields.add_certificate("", bytes),
            FileKind::Kubeconfig => fields.add_kubeconfig(&text),
            FileKind::StaticTokens => fields.add_static_tokens(&text),
            FileKind::Manifest => fields.add_secret(&text),
            FileKind::PublicKey
            | FileKind::Unit
            | FileKind::Configuration
            | FileKind::InstallScript
            | FileKind::Inventory => false,
        };
        if !is_read {
            fields.0.clear();
            fields.hide("content", bytes);
        }
        fields
    }

    fn show(&mut self, name: impl Into<String>, value: &(impl ToString + ?Sized)) {
        let shown = value.to_string();
        self.0.insert(name.into(), Field { digest: Vec::new(), shown });
    }

    /// A secret. Passwords are short, and a digest of one would let anyone try guesses: nothing of it is shown.
    fn hide(&mut self, name: impl Into<String>, value: &[u8]) {
        let digest = digest(&SHA256, value).as_ref().to_vec();
        self.0.insert(name.into(), Field { digest, shown: NOT_SHOWN.to_owned() });
    }

    /// A token, by its public half where it has one, else by its digest where it is as long as one that was made at
    /// random, and cannot be guessed.
    fn add_token(&mut self, name: impl Into<String>, token: &str) {
        let digest = digest(&SHA256, token.as_bytes()).as_ref().to_vec();
        let shown = match token.parse::<BootstrapToken>() {
            Ok(bootstrap) => format!("{}.(not shown)", bootstrap.id()),
            Err(_) if token.len() >= 32 => {
                format!("sha256:{}", hex(digest.iter().take(8).copied().collect::<Vec<_>>()))
            }
            Err(_) => NOT_SHOWN.to_owned(),
        };
        self.0.insert(name.into(), Field { digest, shown });
    }

    fn add_key(&mut self, prefix: &str, pem: &[u8]) -> bool {
        let Ok(key) = PrivateKey::from_pem(pem) else { return false };
        self.show(format!("{prefix}publicKey"), &key.public_key().pin());
        true
    }

    fn add_certificate(&mut self, prefix: &str, pem: &[u8]) -> bool {
        let Ok(certificate) = Certificate::from_pem(pem) else { return false };
        let facts = certificate.facts();
        let mut show = |name: &str, value: String| self.show(format!("{prefix}{name}"), &value);
        show("subject", facts.subject.clone());
        show("issuer", facts.issuer.clone());
        show("names", facts.alt_names.to_string());
        show("notBefore", facts.validity.not_before.to_string());
        show("notAfter", facts.validity.not_after.to_string());
        show("serial", facts.serial_hex());
        show("publicKey", facts.public_key.pin().to_string());
        if let Some(usages) = &facts.extended_usages {
            show("usages", usages.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        }
        true
    }

    /// A certificate or a key, or else a secret.
    fn add_pem(&mut self, name: &str, pem: &[u8]) {
        let prefix = format!("{name}.");
        if !self.add_key(&prefix, pem) && !self.add_certificate(&prefix, pem) {
            self.hide(name, pem);
        }
    }

    fn add_kubeconfig(&mut self, text: &str) -> bool {
        let Ok(Kubeconfig { clusters, contexts, current_context, users, .. }) = text.parse::<Kubeconfig>()
        else {
            return false;
        };
        self.show("current-context", &current_context);
        // Where there is one of them, as in all that kboot writes, its fields need no name before them.
        let prefix = |list: &str, name: &str, count: usize| match count {
            1 => String::new(),
            _ => format!("{list}[{name}]."),
        };
        for cluster in &clusters {
            self.add_cluster(&prefix("clusters", &cluster.name, clusters.len()), &cluster.value);
        }
        for user in &users {
            self.add_user(&prefix("users", &user.name, users.len()), &user.value);
        }
        for context in &contexts {
            let (at, value) = (prefix("contexts", &context.name, contexts.len()), &context.value);
            self.show(format!("{at}cluster"), &value.cluster);
            self.show(format!("{at}user"), &value.user);
            if let Some(namespace) = &value.namespace {
                self.show(format!("{at}namespace"), namespace);
            }
        }
        true
    }

    fn add_cluster(&mut self, prefix: &str, cluster: &Cluster) {
        self.show(format!("{prefix}server"), &without_userinfo(&cluster.server));
        if let Some(proxy) = &cluster.proxy_url {
            self.show(format!("{prefix}proxy-url"), &without_userinfo(proxy));
        }
        if let Some(name) = &cluster.tls_server_name {
            self.show(format!("{prefix}tls-server-name"), name);
        }
        if let Some(is_skipped) = cluster.insecure_skip_tls_verify {
            self.show(format!("{prefix}insecure-skip-tls-verify"), &is_skipped);
        }
        if let Some(file) = &cluster.certificate_authority {
            self.show(format!("{prefix}certificate-authority"), file);
        }
        if let Some(pem) = &cluster.certificate_authority_data {
            self.add_pem(&format!("{prefix}certificate-authority-data"), pem);
        }
    }

    fn add_user(&mut self, prefix: &str, user: &User) {
        for (name, file) in [
            ("client-certificate", &user.client_certificate),
            ("client-key", &user.client_key),
            ("tokenFile", &user.token_file),
            ("username", &user.username),
        ] {
            if let Some(file) = file {
                self.show(format!("{prefix}{name}"), file);
            }
        }
        if let Some(pem) = &user.client_certificate_data {
            self.add_pem(&format!("{prefix}client-certificate-data"), pem);
        }
        if let Some(pem) = &user.client_key_data {
            self.add_pem(&format!("{prefix}client-key-data"), pem.expose_secret());
        }
        if let Some(token) = &user.token {
            self.add_token(format!("{prefix}token"), token.expose_secret());
        }
        if let Some(password) = &user.password {
            self.hide(format!("{prefix}password"), password.expose_secret().as_bytes());
        }
    }

    fn add_static_tokens(&mut self, text: &str) -> bool {
        let Ok(rows) = StaticToken::read(text) else { return false };
        for row in rows {
            let groups: Vec<&str> = row.groups().iter().map(|group| group.as_str()).collect();
            let name = format!("{} (uid {}, groups {})", row.user(), row.uid(), groups.join(","));
            self.add_token(name, row.expose_secret().expose_secret());
        }
        true
    }

    fn add_secret(&mut self, text: &str) -> bool {
        /// What stands in a bootstrap token's Secret and is none (`cluster-bootstrap/token/api/types.go`).
        const PUBLIC: [&str; 6] = [
            "token-id",
            "expiration",
            "description",
            "auth-extra-groups",
            "usage-bootstrap-authentication",
            "usage-bootstrap-signing",
        ];
        let Ok(object) = yaml::parse(text) else { return false };
        let text_at = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        if text_at("/kind") != Some("Secret") {
            return false;
        }
        for (name, pointer) in
            [("name", "/metadata/name"), ("namespace", "/metadata/namespace"), ("type", "/type")]
        {
            self.show(name, text_at(pointer).unwrap_or_default());
        }
        let data = object.get("stringData").and_then(Value::as_object);
        for (key, value) in data.into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            match PUBLIC.contains(&key.as_str()) {
                true => self.show(key, value),
                false => self.add_pem(key, value.as_bytes()),
            }
        }
        // kboot writes none; whoever did has put secrets there.
        if let Some(data) = object.get("data") {
            self.hide("data", data.to_string().as_bytes());
        }
        true
    }
}
