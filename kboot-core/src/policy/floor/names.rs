//! The floor's look at alternative names.

use super::{Case, Findings, FloorObservation as Seen, NameOwner, Number};
use crate::csr::Signer;
use crate::name::is_dns1123_subdomain;
use crate::net::is_of_one_machine;
use crate::policy::Reason;
use crate::policy::evidence::{AskedName, Compared, Owner, Reserved, owner, reserved};
use crate::x509::GeneralName;

pub(super) fn check_alternative_names(case: &Case<'_>, signer: Signer, found: &mut Findings<'_>) {
    if signer == Signer::KubeApiserverClientKubelet && !case.names.is_empty() {
        return found.deny(Reason::AltNamesNotAllowed, Seen::Names);
    }
    let before = found.len();
    let is_of_server = |name: &AskedName<'_>| !matches!(name.compared(), Compared::Other);
    if signer == Signer::KubeletServing && !case.names.iter().any(is_of_server) {
        found.deny(Reason::AltNamesMissing, Seen::NoServerName);
    }
    for (i, name) in case.names.iter().enumerate() {
        if let Some(reason) = violation(name, signer) {
            found.deny(reason, Seen::Name(Number::of(i)));
        } else if signer == Signer::KubeletServing {
            check_server_name(i, name.compared(), case, found);
        }
    }
    if found.is_clean_since(before) {
        found.pass(Seen::Names);
    }
}

/// A name that this signer puts into no certificate, whoever asks.
fn violation(asked: &AskedName<'_>, signer: Signer) -> Option<Reason> {
    if let Compared::Dns(name) = asked.compared() {
        return if name.contains('*') {
            Some(Reason::AltNameWildcard)
        } else {
            (!is_dns1123_subdomain(name) || ends_in_a_number(name)).then_some(Reason::AltNameInvalid)
        };
    }
    match asked.name {
        GeneralName::Dns(_) => None,
        GeneralName::Ip(address) => (!is_of_one_machine(*address)).then_some(Reason::AltNameInvalid),
        GeneralName::InvalidIp(_) => Some(Reason::AltNameInvalid),
        GeneralName::Email(_) | GeneralName::Uri(_) if signer == Signer::KubeletServing => {
            Some(Reason::AltNameKind)
        }
        GeneralName::Email(text) => (!is_plain_email(text)).then_some(Reason::AltNameInvalid),
        GeneralName::Uri(text) => (!is_plain_uri(text)).then_some(Reason::AltNameInvalid),
        GeneralName::OtherName { .. }
        | GeneralName::DirectoryName(_)
        | GeneralName::RegisteredId(_)
        | GeneralName::X400Address(_)
        | GeneralName::EdiPartyName(_) => Some(Reason::AltNameKind),
    }
}

/// A server's name is the node's own, as far as anything is known of whose it is.
fn check_server_name(number: usize, name: Compared<'_>, case: &Case<'_>, found: &mut Findings<'_>) {
    let (node, context) = (case.node.as_ref(), case.context);
    let seen = |owner| Seen::NameOf(Number::of(number), Box::new(owner));
    match (reserved(name, context), owner(name, node, context)) {
        (Some(Reserved::Always(why)), _) => {
            found.deny(Reason::AltNameReserved, seen(NameOwner::Reserved(why)));
        }
        // A single machine may be all of the control plane, and then has the API server's address.
        (_, Owner::Operator) => {}
        // Where no operator says what the node has, its own word is no proof, and neither is there one against it.
        (Some(Reserved::ApiServers), Owner::OwnWord) if !context.is_listed(node) => {
            found.hold(Reason::AltNameReserved, seen(NameOwner::ApiServerOrNode));
        }
        (Some(Reserved::ApiServers), _) => {
            found.deny(Reason::AltNameReserved, seen(NameOwner::ApiServer));
        }
        (Some(Reserved::Unless(why)), _) => {
            found.hold(Reason::AltNameReserved, seen(NameOwner::Reserved(why)));
        }
        (None, Owner::Other(says)) => {
            found.hold(Reason::AltNameOfOther, seen(NameOwner::Other(says)));
        }
        (None, Owner::OwnWord | Owner::Unknown) => {}
    }
}

/// Whether resolvers take a name for an address: getaddrinfo reads 0xc0a80501 and 3232236801 as one (the
/// URL standard's "ends in a number").
fn ends_in_a_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    last.bytes().all(|byte| byte.is_ascii_digit()) || last.strip_prefix("0x").is_some_and(is_hex)
}

fn is_plain_email(text: &str) -> bool {
    let is_plain = |c: u8| c.is_ascii_alphanumeric() || b"._+-".contains(&c);
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && local.bytes().all(is_plain) && is_dns1123_subdomain(&domain.to_ascii_lowercase())
    })
}

/// `SCHEME://HOST/PATH` without anything that a reader would write in another way: kube-controller-manager
/// parses URIs and puts together what it writes into the certificate.
fn is_plain_uri(text: &str) -> bool {
    let is_plain = |c: u8| c.is_ascii_alphanumeric() || b"._~:/@+-".contains(&c);
    text.split_once("://").is_some_and(|(scheme, rest)| {
        !scheme.is_empty()
            && scheme.bytes().all(|c| c.is_ascii_lowercase())
            && !rest.is_empty()
            && rest.bytes().all(is_plain)
    })
}
