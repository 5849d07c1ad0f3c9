//! What is known besides a request, from files: a context document, a cluster file, and what kubectl prints
//! of Nodes and requests.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::IpAddr;
use std::str::FromStr;

use serde_json::Value;

use super::PolicyContext;
use super::addition::Addition;
use super::document::{FORM, KIND};
use super::facts::Facts;
use crate::csr::{CertificateSigningRequest, ListError, Requestor};
use crate::document::json::{is_json, is_part, strict_value};
use crate::document::json_stream::{Item, each_object, read_yaml};
use crate::document::{Document, DocumentError, Form, Schema};
use crate::policy::Nodes;
use crate::time::Timestamp;

/// The facts of one or more files, from which [`ContextDocument::context`] makes a [`PolicyContext`].
///
/// A file is a `CsrContext`, a kboot cluster file, a kubeconfig (for the API server of its current context),
/// kubeadm's `ClusterConfiguration` or the ConfigMap kubeadm-config that holds it, or what `kubectl get` prints of
/// nodes, csr and namespaces with `-o json` or `-o yaml`. The key of a request belongs to the common name of
/// its certificate, or to who asked. Files add up; where two contradict each other, the second is refused.
/// [`ContextDocument::builder`] says the same in code, and [`ContextDocument::to_yaml`] writes it.
///
/// ```
/// use kboot_core::{Env, policy::ContextDocument};
/// let mut document = ContextDocument::default();
/// document.add("
/// apiVersion: kboot.dev/v1alpha1
/// kind: CsrContext
/// spec:
///   cluster: {serviceCIDRs: [10.96.0.0/12]}
///   nodes: [{name: worker-1, addresses: [192.168.5.21]}]
/// ")?;
/// let context = document.context(Env::system().now());
/// assert_eq!(context.nodes.map(|nodes| nodes.len()), Some(1));
/// # Ok::<(), kboot_core::document::DocumentError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContextDocument(pub(super) Facts);

impl ContextDocument {
    /// Adds the facts of a file.
    ///
    /// # Errors
    /// [`DocumentError`] with the path of each problem; nothing was added then.
    pub fn add(&mut self, text: &str) -> Result<(), DocumentError> {
        self.read(text.as_bytes()).map_err(|error| error.located_in(text))
    }

    /// Adds the facts of a file from a reader. JSON is read object by object, so that a list may be of any length; YAML may
    /// have 16 MiB.
    ///
    /// # Errors
    /// As [`ContextDocument::add`].
    pub fn read(&mut self, reader: impl Read) -> Result<(), DocumentError> {
        let mut addition = Addition::to(self.0.clone());
        let (is_json, reader) =
            is_json(reader).map_err(ListError::from).map_err(|error| unreadable(&error))?;
        if is_json {
            let mut index = 0_usize;
            let outcome = each_object(reader, crate::document::yaml::MAX_BYTES, |item| {
                match item {
                    Item::Object { text, list_kind } => match strict_value(text) {
                        Ok(value) => addition.object(&value, list_kind, index),
                        Err(error) => addition.problem(&format!("items[{index}]"), error.to_string()),
                    },
                    Item::EndOfList { kind, is_partial } => {
                        addition.end_of_list(kind, index == 0, is_partial);
                    }
                }
                index = index.saturating_add(1);
                if addition.is_hopeless() { Err(Ended::Hopeless) } else { Ok(()) }
            });
            if let Err(Ended::Unreadable(error)) = outcome {
                return Err(unreadable(&error));
            }
        } else {
            let (value, text) = read_yaml(reader).map_err(|error| unreadable(&error))?;
            let kind = value.get("kind").and_then(Value::as_str);
            match value.get("items").and_then(Value::as_array) {
                Some(items) => {
                    items.iter().enumerate().for_each(|(i, item)| addition.object(item, kind, i));
                    addition.end_of_list(kind, items.is_empty(), is_part(&value));
                }
                None => addition.object(&value, None, 0),
            }
            self.0 = addition.finish().map_err(|error| error.located_in(&text))?;
            return Ok(());
        }
        self.0 = addition.finish()?;
        Ok(())
    }

    /// Says every Node of the cluster anew, whatever files have said of them: Nodes come and go. A context that was made
    /// from these facts keeps those of its time; in it, one Node is changed by [`Nodes::insert`] and
    /// [`Nodes::remove`].
    ///
    /// ```
    /// use kboot_core::policy::{ContextDocument, Nodes};
    /// let mut document = ContextDocument::default();
    /// document.add("{apiVersion: kboot.dev/v1alpha1, kind: CsrContext, spec: {nodes: [{name: worker-1}]}}")?;
    /// document.set_nodes(Nodes::default());
    /// let mut context = document.context("2026-01-02T15:04:05Z".parse()?);
    /// assert_eq!(context.nodes, Some(Nodes::default()));
    /// if let Some(nodes) = &mut context.nodes {
    ///     nodes.insert("worker-2".parse()?, ["192.168.5.22".parse()?].into_iter().collect());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_nodes(&mut self, nodes: Nodes) {
        self.0.nodes = Some(nodes);
    }

    /// The time that a file states, in place of the clock.
    #[must_use]
    pub fn now(&self) -> Option<Timestamp> {
        self.0.now
    }

    /// The answers of DNS that the files hold.
    #[must_use]
    pub fn dns(&self) -> &BTreeMap<String, Vec<IpAddr>> {
        &self.0.dns
    }

    /// Whether this request is one of those that the files list, so that the history counts it already.
    #[must_use]
    pub fn lists(&self, object: &CertificateSigningRequest) -> bool {
        self.0.known_requests.contains(object.name())
    }

    /// A context of these facts, at the time that they state or else at this.
    #[must_use]
    pub fn context(&self, clock: Timestamp) -> PolicyContext<'_> {
        let mut context = PolicyContext::at(self.0.now.unwrap_or(clock));
        if let Some(domain) = &self.0.dns_domain {
            context.dns_domain = domain.clone();
        }
        if let Some(lifetime) = self.0.signer_lifetime {
            context.signer_lifetime = lifetime;
        }
        context.service_cidrs = self.0.service_cidrs.clone().unwrap_or_default();
        context.pod_cidrs = self.0.pod_cidrs.clone().unwrap_or_default();
        context.namespaces = self.0.namespaces.clone();
        context.api_server = self.0.api_server.iter().cloned().collect();
        context.machines = self.0.machines.clone();
        context.nodes = self.0.nodes.clone();
        context.served = self.0.served.clone();
        context.resolver = (!self.0.dns.is_empty()).then_some(&self.0.dns);
        for ((user, groups), reviews) in &self.0.access_reviews {
            let requestor =
                groups.iter().fold(Requestor::user(user), |requestor, group| requestor.with_group(group));
            context.set_access(&requestor, *reviews);
        }
        context.key_owners = self.0.key_owners.clone();
        context.history = self.0.history.clone();
        context
    }
}

impl Document for ContextDocument {
    const KIND: &'static str = KIND;
}

impl Form for ContextDocument {
    fn form() -> &'static Schema {
        &FORM
    }
}

impl FromStr for ContextDocument {
    type Err = DocumentError;

    /// Reads one file, as [`ContextDocument::add`] adds it.
    fn from_str(text: &str) -> Result<Self, DocumentError> {
        let mut document = Self::default();
        document.add(text)?;
        Ok(document)
    }
}

/// Why a file is not read to its end.
enum Ended {
    Unreadable(ListError),
    Hopeless,
}

impl From<ListError> for Ended {
    fn from(error: ListError) -> Self {
        Self::Unreadable(error)
    }
}

fn unreadable(error: &ListError) -> DocumentError {
    DocumentError::one("", error.in_full())
}
