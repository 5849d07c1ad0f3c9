//! What to judge readers with: requests and objects, genuine ones as kubelets write them and hostile ones; and for each
//! value of kboot-core a proptest strategy, of what is one and of what is none.
//!
//! | strategies | of |
//! |---|---|
//! | [`strategies`] | certificate requests and their objects |
//! | [`names`] | names of nodes, users, groups, folders, images, labels, taints |
//! | [`addresses`] | hosts, endpoints, ranges, nodes in one word |
//! | [`times`] | points in time, spans, versions |
//! | [`tokens`] | bootstrap tokens, their Secrets, static tokens, pins |
//! | [`certificate`] | certificates |
//! | [`kubeconfigs`] | kubeconfigs |
//! | [`documents`] | cluster files, policies, inventories, contexts |
//! | [`components`] | units, environment files, configuration, objects to apply, `kboot.json` |
//! | `typed` (feature `server`) | kboot-core's own values |
//!
//! Plain data in, octets out. But for `typed` it shares no code with kboot-core, so that what reads there is not tested
//! by what would share its mistakes.

pub mod addresses;
pub mod certificate;
pub mod components;
pub mod der;
pub mod documents;
mod insecure;
pub mod key;
pub mod kubeconfigs;
mod mutation;
mod name;
pub mod names;
mod object;
mod request;
pub mod strategies;
mod text;
pub mod times;
pub mod tokens;
#[cfg(feature = "server")]
pub mod typed;

pub use certificate::Certificate;
pub use insecure::{insecure_fixed_bytes, insecure_fixed_key};
pub use key::{Key, KeyKind};
pub use name::{
    AttributeTypeAndValue, BASIC_CONSTRAINTS, CLIENT_AUTH, CODE_SIGNING, COMMON_NAME, EXTENDED_KEY_USAGE,
    Extension, GeneralName, KEY_USAGE, KUBERNETES_UID, ORGANIZATION, ORGANIZATIONAL_UNIT, Rdn, SERVER_AUTH,
    SUBJECT_ALT_NAME, SUBJECT_KEY_IDENTIFIER, StringTag, go_subject, name,
};
pub use object::{KUBE_APISERVER_CLIENT, KUBE_APISERVER_CLIENT_KUBELET, KUBELET_SERVING, Object};
pub use request::{Attribute, CHALLENGE_PASSWORD, EXTENSION_REQUEST, Pem, Request, Signature, signed};
