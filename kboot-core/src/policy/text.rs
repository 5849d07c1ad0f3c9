//! The way in which text of a request, which may be hostile, is shown.

use crate::shown::{EXCERPT, cut_in_quotes, push_cut_in_quotes};
use crate::x509::GeneralName;

/// How many of a list are shown.
const SHOWN: usize = 16;

/// A name with its kind, for people.
pub(super) fn described(name: &GeneralName) -> String {
    match name {
        GeneralName::Dns(name) => format!("DNS:{}", escaped(name)),
        GeneralName::Ip(address) => format!("IP:{address}"),
        GeneralName::InvalidIp(octets) => format!("IP of {} octets", octets.len()),
        GeneralName::Email(text) => format!("email:{}", escaped(text)),
        GeneralName::Uri(text) => format!("URI:{}", escaped(text)),
        GeneralName::OtherName { oid, .. } => format!("otherName:{oid}"),
        GeneralName::DirectoryName(_) => "directoryName".to_owned(),
        GeneralName::RegisteredId(oid) => format!("registeredID:{oid}"),
        GeneralName::X400Address(_) => "x400Address".to_owned(),
        GeneralName::EdiPartyName(_) => "ediPartyName".to_owned(),
    }
}

/// Several names; `none` for none.
pub(super) fn described_all<'a>(names: impl Iterator<Item = &'a GeneralName>) -> String {
    joined(names, |all, name| all.push_str(&described(name)))
}

/// Text of the request, cut and with what hides in it written out.
pub(super) fn escaped(text: &str) -> String {
    cut_in_quotes(text, EXCERPT)
}

/// Several such texts; `none` for none.
pub(super) fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    joined(texts, |all, text| push_cut_in_quotes(all, text.as_ref(), EXCERPT))
}

fn joined<T>(items: impl IntoIterator<Item = T>, push: impl Fn(&mut String, T)) -> String {
    let mut count = 0_usize;
    let mut all = String::new();
    for item in items {
        if count < SHOWN {
            if count > 0 {
                all.push_str(", ");
            }
            push(&mut all, item);
        }
        count = count.saturating_add(1);
    }
    match (count, count.saturating_sub(SHOWN)) {
        (0, _) => "none".to_owned(),
        (_, 0) => all,
        (_, more) => format!("{all} and {more} more"),
    }
}
