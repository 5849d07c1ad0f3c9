//! What the fuzz targets share.
//!
//! Which target reads what of kboot-core, and what it is held to besides not panicking. "Written": what is read can
//! be written, and is the same when it is read again.
//!
//! - `values`: `FromStr` of all names, `Host`, `ApiEndpoint`, `Cidr`, `Timestamp`, `Lifetime`, `KubernetesVersion`,
//!   `Taint`, `Node`, `NodeRole`, `ClusterIdentity`, `TokenId`, `BootstrapToken`, `TokenUsage`, `BootstrapGroup`,
//!   `KeyAlgorithm`, `Pin`, `Signer`, `Profile`, `Preset`; `check_name`, `node_of_user`, `Glob`, `join_command`.
//!   Written; std on ranges; a second matcher of patterns; refusals are one line.
//! - `token`: `TokenSecret::read`, `StaticToken::read`, `read_unrestricted_static_tokens`. Written; refusals show
//!   no token.
//! - `kubeconfig`: `Kubeconfig`, `client_certificate`, `check`, `summary`, `merge`, `resolve_paths`. Written;
//!   kube's type; serde_yaml.
//! - `keys`: `PrivateKey` and `PublicKey` in PEM and DER, `CertificateAuthority::from_pem`,
//!   `Certificate::all_from_pem`. Written in each form; x509-parser.
//! - `inspect`: `inspect::read`, `Certificate::from_der`, `DistinguishedName`, `Verification`. x509-cert.
//! - `cfssl`: `CfsslRequest::from_json`, `SigningProfile::from_json`. What is read can be encoded.
//! - `csr_decode`: `CertificateRequest::from_pem`, `from_der`. x509-parser.
//! - `csr_object`: `csr::read`, `CertificateSigningRequest::from_json`, `FromStr`. Written in JSON and YAML;
//!   k8s-openapi.
//! - `csr_policy`: requests by shape, against a policy. Plain facts of the request.
//! - `policy_document`: `Policy`, `Inventory`, `ContextDocument::read`, `read_list`. Written; serde_yaml; nobody
//!   privileged is approved.
//! - `cluster_file`: `ClusterSpec`. Written; units and flags of its nodes.
//! - `units`: `component::lint`, `KubeletConfiguration::parse`, `KubeProxyConfiguration::parse`. Written; findings
//!   are of lines that are there.
//! - `manifests`: `Manifest::read`. serde_yaml.
//! - `folder_record`: `ClusterIdentity::of_folder`, `join_tokens`, `Existing::in_folder` of a `kboot.json`.
//!   serde_json.
//!
//! Of the test kit, `server`: requests in a row to its API server. What is refused stores nothing; what is stored is
//! read; a question has one answer; the anonymous get what is public.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    missing_debug_implementations,
    reason = "a law that does not hold ends the run"
)]

pub mod known;
pub mod laws;
pub mod plain_facts;
pub mod rules;
pub mod second_reader;
pub mod situation;
