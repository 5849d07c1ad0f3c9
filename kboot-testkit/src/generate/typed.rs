//! Strategies of kboot-core's own values.
//!
//! The valid texts of the other modules, parsed; and what is put together of them.

use std::fmt::Debug;
use std::str::FromStr;

use kboot_core::cluster::{CaRole, SubjectDefaults, Taint};
use kboot_core::identity::ClientIdentity;
use kboot_core::name::{
    ClusterName, Dns1123Subdomain, FolderPath, Group, ImageReference, LabelKey, LabelValue, Namespace,
    NodeName, UnixName, Username,
};
use kboot_core::net::{ApiEndpoint, Cidr, Host};
use kboot_core::pki::Subject;
use kboot_core::policy::{ContextDocument, Inventory, Policy};
use kboot_core::time::{Lifetime, Timestamp};
use kboot_core::token::{BootstrapGroup, BootstrapToken, TokenId, TokenSettings, TokenUsage};
use kboot_core::version::KubernetesVersion;
use kboot_core::x509::{
    Certificate, CertificateRequest, KeyAlgorithm, Pin, PrivateKey, SubjectAltNames, TlsUsage,
};
use kboot_core::{CertificateAuthority, CertificateTemplate, ClusterSpec, Env, Kubeconfig, csr};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{
    KeyKind, addresses, certificate, documents, insecure_fixed_bytes, insecure_fixed_key, kubeconfigs, names,
    strategies, times, tokens,
};

/// The texts, parsed.
///
/// ```
/// use kboot_core::name::NodeName;
/// use kboot_testkit::generate::{names, typed::parsed};
/// let _strategy = parsed::<NodeName>(names::subdomain());
/// ```
///
/// # Panics
/// The strategy, where one of the texts is none.
pub fn parsed<T>(texts: impl Strategy<Value = String>) -> impl Strategy<Value = T>
where
    T: FromStr<Err: Debug> + Debug,
{
    texts.prop_map(|text| text.parse().unwrap_or_else(|error| panic!("{text:?}: {error:?}")))
}

macro_rules! parsed {
    ($($(#[$doc:meta])* $name:ident: $of:ty = $texts:expr;)*) => {
        $($(#[$doc])* pub fn $name() -> impl Strategy<Value = $of> { parsed($texts) })*
    };
}

parsed! {
    /// Names of nodes.
    node_name: NodeName = names::subdomain();
    /// Names of clusters.
    cluster_name: ClusterName = names::subdomain();
    /// Names of objects.
    object_name: Dns1123Subdomain = names::subdomain();
    /// Namespaces.
    namespace: Namespace = names::label();
    /// Names of users.
    username: Username = names::principal();
    /// Names of groups.
    group: Group = names::principal();
    /// Folders.
    folder_path: FolderPath = names::folder_path();
    /// Names of users of machines.
    unix_name: UnixName = names::unix_name();
    /// Container images.
    image_reference: ImageReference = names::image_reference();
    /// Keys of labels.
    label_key: LabelKey = names::label_key();
    /// Values of labels.
    label_value: LabelValue = names::label_value();
    /// Taints.
    taint: Taint = names::taint();
    /// Hosts.
    host: Host = addresses::host();
    /// Endpoints.
    endpoint: ApiEndpoint = addresses::endpoint();
    /// Ranges.
    cidr: Cidr = addresses::cidr();
    /// Points in time.
    timestamp: Timestamp = times::timestamp();
    /// Spans of time.
    lifetime: Lifetime = times::lifetime();
    /// Versions.
    version: KubernetesVersion = times::version();
    /// Ids of bootstrap tokens.
    token_id: TokenId = tokens::token_id();
    /// Bootstrap tokens.
    bootstrap_token: BootstrapToken = tokens::bootstrap_token();
    /// Groups that tokens give.
    bootstrap_group: BootstrapGroup = names::bootstrap_group();
    /// Pins.
    pin: Pin = tokens::pin();
    /// Cluster files.
    cluster_spec: ClusterSpec = documents::cluster_file().prop_map(|document| document.to_string());
    /// Policies.
    policy: Policy = documents::policy().prop_map(|document| document.to_string());
    /// Inventories.
    inventory: Inventory = documents::inventory().prop_map(|document| document.to_string());
    /// Contexts.
    context: ContextDocument = documents::context().prop_map(|document| document.to_string());
    /// Kubeconfigs.
    kubeconfig: Kubeconfig = kubeconfigs::kubeconfig().prop_map(|document| document.to_string());
    /// CertificateSigningRequests of the API, genuine ones.
    certificate_signing_request: csr::CertificateSigningRequest =
        strategies::genuine().prop_map(|case| case.json().to_string());
}

/// Settings of bootstrap tokens.
pub fn token_settings() -> impl Strategy<Value = TokenSettings> {
    let usages = subsequence(TokenUsage::ALL.to_vec(), 1..=2);
    (usages, option::of(timestamp()), "[ -~]{0,40}", vec(bootstrap_group(), 0..3)).prop_map(
        |(usages, expiration, description, groups)| {
            let settings = TokenSettings::new()
                .with_usages(&usages)
                .with_expiration(expiration)
                .with_description(&description);
            if groups.is_empty() || !usages.contains(&TokenUsage::Authentication) {
                return settings.without_groups();
            }
            groups.into_iter().fold(settings, TokenSettings::with_group)
        },
    )
}

/// Alternative names.
pub fn alt_names() -> impl Strategy<Value = SubjectAltNames> {
    vec(host(), 0..6).prop_map(|hosts| hosts.into_iter().collect())
}

/// Users and groups to whom a client certificate may be given.
pub fn client_identity() -> impl Strategy<Value = ClientIdentity> {
    (username(), vec(group(), 0..3)).prop_filter_map("an identity that may be given", |(user, groups)| {
        ClientIdentity::new(user, groups).ok()
    })
}

/// Subjects.
pub fn subject() -> impl Strategy<Value = Subject> {
    let defaults = (option::of("[A-Z]{2}"), option::of("[A-Za-z]{1,12}"))
        .prop_map(|(country, locality)| SubjectDefaults { country, locality, ..SubjectDefaults::default() });
    // A name in a certificate has 64 characters at most (RFC 5280, appendix A).
    let name = || parsed::<Username>("[A-Za-z0-9][-A-Za-z0-9:@._ ]{0,24}[A-Za-z0-9]");
    let group = parsed::<Group>("[a-z][a-z:-]{0,24}[a-z]");
    (name(), vec(group, 0..3), defaults).prop_map(|(user, groups, defaults)| {
        groups.into_iter().fold(Subject::new(user), Subject::with_group).with_defaults(&defaults)
    })
}

/// Contents of certificates, of clients and of servers.
pub fn certificate_template() -> impl Strategy<Value = CertificateTemplate> {
    let usage = select(vec![TlsUsage::Client, TlsUsage::Server, TlsUsage::ServerAndClient]);
    (
        parsed::<Username>("[A-Za-z0-9][-A-Za-z0-9:@._]{0,24}"),
        alt_names(),
        usage,
        vec(parsed::<Group>("[a-z]{1,12}"), 0..3),
    )
        .prop_map(|(user, alt_names, usage, groups)| {
            let template =
                CertificateTemplate::server(user, alt_names).with_usage(usage).with_ca_role(CaRole::Cluster);
            groups.into_iter().fold(template, CertificateTemplate::with_group)
        })
}

/// Certificates, read.
///
/// # Panics
/// The strategy, where kboot-core refuses one.
#[expect(clippy::expect_used, reason = "a strategy of valid certificates has one that is not")]
pub fn certificate() -> impl Strategy<Value = Certificate> {
    certificate::certificate()
        .prop_map(|certificate| Certificate::from_der(certificate.der()).expect("it is a certificate"))
}

/// Requests, read: genuine ones.
///
/// # Panics
/// The strategy, where kboot-core refuses one.
#[expect(clippy::expect_used, reason = "a strategy of valid requests has one that is not")]
pub fn certificate_request() -> impl Strategy<Value = CertificateRequest> {
    strategies::genuine()
        .prop_map(|case| CertificateRequest::from_der(&case.request.der()).expect("it is a request"))
}

/// Private keys that everybody has: see [`insecure_fixed_key`].
pub fn insecure_private_key() -> impl Strategy<Value = PrivateKey> {
    let algorithm = prop_oneof![
        4 => Just(KeyAlgorithm::EcdsaP256),
        2 => Just(KeyAlgorithm::EcdsaP384),
        1 => Just(KeyAlgorithm::Rsa2048),
    ];
    (algorithm, any::<u64>()).prop_map(|(algorithm, seed)| insecure_fixed_private_key(algorithm, seed))
}

/// A private key that everybody has, the same for a seed in each run: see [`insecure_fixed_key`].
///
/// ```
/// use kboot_core::x509::KeyAlgorithm;
/// use kboot_testkit::generate::typed::insecure_fixed_private_key;
/// let key = insecure_fixed_private_key(KeyAlgorithm::EcdsaP256, 1);
/// assert_eq!(key.public_key(), insecure_fixed_private_key(KeyAlgorithm::EcdsaP256, 1).public_key());
/// ```
///
/// # Panics
/// Where kboot-core refuses the key.
#[must_use]
#[expect(clippy::expect_used, reason = "a test without keys has failed")]
pub fn insecure_fixed_private_key(algorithm: KeyAlgorithm, seed: u64) -> PrivateKey {
    let kind = match algorithm {
        KeyAlgorithm::EcdsaP256 => KeyKind::P256,
        KeyAlgorithm::EcdsaP384 => KeyKind::P384,
        KeyAlgorithm::Rsa3072 => KeyKind::Rsa3072,
        KeyAlgorithm::Rsa4096 => KeyKind::Rsa4096,
        _ => KeyKind::Rsa2048,
    };
    PrivateKey::from_der(&insecure_fixed_key(kind, seed).pkcs8()).expect("it is a key")
}

/// A stopped clock, and random bytes that are the same for a seed in each run: see [`insecure_fixed_bytes`].
///
/// ```
/// use kboot_core::{BootstrapToken, time::Timestamp};
/// use kboot_testkit::generate::typed::insecure_fixed_env;
/// let token = || BootstrapToken::generate(&mut insecure_fixed_env(Timestamp::EPOCH, 1)).unwrap();
/// assert!(token().equals(&token()));
/// ```
#[must_use]
pub fn insecure_fixed_env(now: Timestamp, seed: u64) -> Env {
    Env::fixed(now, insecure_fixed_bytes(seed))
}

/// An authority that everybody can sign with, the same for a seed in each run, from the year 2020 on; with RSA its
/// certificate is the same to the octet.
///
/// # Panics
/// Where the name is none of a user, or kboot-core cannot make it.
#[must_use]
#[expect(clippy::expect_used, reason = "a test without an authority has failed")]
pub fn insecure_fixed_authority(
    common_name: &str,
    algorithm: KeyAlgorithm,
    seed: u64,
) -> CertificateAuthority {
    let now = "2020-01-01T00:00:00Z".parse().expect("it is a time");
    let lifetime = Lifetime::from_days(365 * 100).expect("it is in range");
    let subject = Subject::new(common_name.parse().expect("it is the name of a user"));
    let key = insecure_fixed_private_key(algorithm, seed);
    CertificateAuthority::with_key(&subject, key, lifetime, &mut insecure_fixed_env(now, seed))
        .expect("it is made")
}
