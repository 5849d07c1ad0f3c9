//! Requests and API objects to judge with: genuine ones as kubelets write them, and hostile ones.
//!
//! Plain data in, octets out. It shares no code with kboot-core, so that what reads requests there is
//! not tested by what would share its mistakes.

pub mod der;
pub mod key;
mod mutation;
mod name;
mod object;
mod request;
pub mod strategies;

pub use key::{Key, KeyKind};
pub use name::{
    AttributeTypeAndValue, BASIC_CONSTRAINTS, CLIENT_AUTH, CODE_SIGNING, COMMON_NAME, EXTENDED_KEY_USAGE,
    Extension, GeneralName, KEY_USAGE, KUBERNETES_UID, ORGANIZATION, ORGANIZATIONAL_UNIT, Rdn, SERVER_AUTH,
    SUBJECT_ALT_NAME, SUBJECT_KEY_IDENTIFIER, StringTag, go_subject, name,
};
pub use object::{KUBE_APISERVER_CLIENT, KUBE_APISERVER_CLIENT_KUBELET, KUBELET_SERVING, Object};
pub use request::{Attribute, CHALLENGE_PASSWORD, EXTENSION_REQUEST, Pem, Request, Signature, signed};
