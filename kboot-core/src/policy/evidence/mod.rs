//! What is known of whose a name or an address is, and who says so.

mod belonging;
mod inventory;
mod inventory_file;
mod loopback;
mod nodes;
mod owner;
mod reserved;
mod source;

use std::borrow::Cow;
use std::net::IpAddr;

pub use inventory::{Inventory, InventoryNode};
pub(super) use inventory_file::normalised;
pub use nodes::Nodes;
pub(crate) use nodes::address_of_node;
pub(super) use owner::{Owner, owner};
pub(super) use reserved::{Reserved, reserved};
pub use source::NameSource;
pub(super) use source::{Doubt, Question, Vouched};

use crate::x509::GeneralName;

/// A name that a request asks for, made ready for comparing once.
#[derive(Debug)]
pub(super) struct AskedName<'a> {
    pub(super) name: &'a GeneralName,
    /// A DNS name in lower case.
    lower: Cow<'a, str>,
}

impl<'a> AskedName<'a> {
    pub(super) fn new(name: &'a GeneralName) -> Self {
        let lower = match name {
            GeneralName::Dns(text) if text.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                Cow::Owned(text.to_ascii_lowercase())
            }
            GeneralName::Dns(text) => Cow::Borrowed(text.as_str()),
            _ => Cow::Borrowed(""),
        };
        Self { name, lower }
    }

    pub(super) fn compared(&self) -> Compared<'_> {
        match self.name {
            GeneralName::Dns(_) => Compared::Dns(&self.lower),
            GeneralName::Ip(address) => Compared::Ip(*address),
            _ => Compared::Other,
        }
    }
}

/// A name as it is compared.
#[derive(Debug, Clone, Copy)]
pub(super) enum Compared<'a> {
    /// In lower case.
    Dns(&'a str),
    Ip(IpAddr),
    /// Of a kind that no server has.
    Other,
}
