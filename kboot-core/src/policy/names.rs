//! The floor's look at alternative names, and the way in which hostile text is shown.

use super::floor::{Findings, node_of};
use super::owner::{Owner, owner};
use super::reserved::{Reserved, reserved};
use super::{Code, Context};
use crate::csr::{AlternativeName, CertificateRequest, Signer};
use crate::name::{NodeName, is_dns1123_subdomain};
use crate::net::is_of_one_machine;
use crate::shown::escape_quotes_too;

const NAME: &str = "alternative names";

pub(super) fn check_alternative_names(
    request: &CertificateRequest,
    signer: Signer,
    context: &Context<'_>,
    found: &mut Findings,
) {
    let names: Vec<&AlternativeName> = request.alternative_names().collect();
    if signer == Signer::KubeApiserverClientKubelet && !names.is_empty() {
        return found.deny(NAME, Code::AltNamesNotAllowed, shown(&names));
    }
    let before = found.clauses.len();
    if signer == Signer::KubeletServing
        && !names.iter().any(|name| matches!(name, AlternativeName::Dns(_) | AlternativeName::Ip(_)))
    {
        found.deny(NAME, Code::AltNamesMissing, "neither a DNS name nor an address".to_owned());
    }
    let node = node_of(request);
    for name in &names {
        if let Some(code) = violation(name, signer) {
            found.deny(NAME, code, described(name));
        } else if signer == Signer::KubeletServing {
            check_server_name(name, node.as_ref(), context, found);
        }
    }
    if found.clauses.len() == before {
        found.pass(NAME, if names.is_empty() { "none".to_owned() } else { shown(&names) });
    }
}

/// A name that this signer puts into no certificate, whoever asks.
fn violation(name: &AlternativeName, signer: Signer) -> Option<Code> {
    match name {
        AlternativeName::Dns(name) => {
            let name = name.to_ascii_lowercase();
            if name.contains('*') {
                Some(Code::AltNameWildcard)
            } else {
                (!is_dns1123_subdomain(&name) || ends_in_a_number(&name)).then_some(Code::AltNameInvalid)
            }
        }
        AlternativeName::Ip(address) => (!is_of_one_machine(*address)).then_some(Code::AltNameInvalid),
        AlternativeName::InvalidIp(_) => Some(Code::AltNameInvalid),
        AlternativeName::Email(_) | AlternativeName::Uri(_) if signer == Signer::KubeletServing => {
            Some(Code::AltNameKind)
        }
        AlternativeName::Email(text) => (!is_plain_email(text)).then_some(Code::AltNameInvalid),
        AlternativeName::Uri(text) => (!is_plain_uri(text)).then_some(Code::AltNameInvalid),
        AlternativeName::OtherName { .. }
        | AlternativeName::DirectoryName(_)
        | AlternativeName::RegisteredId(_)
        | AlternativeName::X400Address(_)
        | AlternativeName::EdiPartyName(_) => Some(Code::AltNameKind),
    }
}

/// A server's name is the node's own, as far as anything is known of whose it is.
fn check_server_name(
    name: &AlternativeName,
    node: Option<&NodeName>,
    context: &Context<'_>,
    found: &mut Findings,
) {
    let owner = owner(name, node, context);
    let saw = |why: &str| format!("{}: {why}", described(name));
    match (reserved(name, context), owner) {
        (Some(Reserved::Always(why)), _) => found.deny(NAME, Code::AltNameReserved, saw(why)),
        // A single machine may be all of the control plane, and then has the API server's address.
        (_, Owner::Operator) => {}
        // Where no operator says what the node has, its own word is no proof, and neither is there one against it.
        (Some(Reserved::ApiServers), Owner::OwnWord) if !context.is_listed(node) => {
            found.hold(NAME, Code::AltNameReserved, saw("the API server's, and in the Node's status"));
        }
        (Some(Reserved::ApiServers), _) => found.deny(NAME, Code::AltNameReserved, saw("the API server's")),
        (Some(Reserved::Unless(why)), _) => found.hold(NAME, Code::AltNameReserved, saw(why)),
        (None, Owner::Other(says)) => found.hold(NAME, Code::AltNameOfOther, saw(&says)),
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

/// A name with its kind, for people.
pub(super) fn described(name: &AlternativeName) -> String {
    match name {
        AlternativeName::Dns(name) => format!("DNS:{}", escaped(name)),
        AlternativeName::Ip(address) => format!("IP:{address}"),
        AlternativeName::InvalidIp(octets) => format!("IP of {} octets", octets.len()),
        AlternativeName::Email(text) => format!("email:{}", escaped(text)),
        AlternativeName::Uri(text) => format!("URI:{}", escaped(text)),
        AlternativeName::OtherName { oid, .. } => format!("otherName:{oid}"),
        AlternativeName::DirectoryName(_) => "directoryName".to_owned(),
        AlternativeName::RegisteredId(oid) => format!("registeredID:{oid}"),
        AlternativeName::X400Address(_) => "x400Address".to_owned(),
        AlternativeName::EdiPartyName(_) => "ediPartyName".to_owned(),
    }
}

/// How many of a list are shown.
const SHOWN: usize = 16;

fn shown(names: &[&AlternativeName]) -> String {
    let texts = names.iter().take(SHOWN).map(|name| described(name)).collect::<Vec<_>>().join(", ");
    with_rest(texts, names.len())
}

/// Text of the request, cut and with what hides in it written out.
pub(super) fn escaped(text: &str) -> String {
    let mut all = String::with_capacity(text.len().min(64));
    push_escaped(&mut all, text);
    all
}

fn push_escaped(all: &mut String, text: &str) {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\'' | b'\\');
    // Nearly every name; a decision would spend most of its time on going through them by characters.
    if text.len() <= 64 && text.bytes().all(is_plain) {
        all.push_str(text);
    } else {
        all.extend(text.chars().take(64).flat_map(escape_quotes_too));
        if text.chars().nth(64).is_some() {
            all.push('…');
        }
    }
}

/// Several such texts; `none` for none.
pub(super) fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let mut count = 0_usize;
    let mut all = String::new();
    for text in texts {
        if count < SHOWN {
            if count > 0 {
                all.push_str(", ");
            }
            push_escaped(&mut all, text.as_ref());
        }
        count = count.saturating_add(1);
    }
    if count == 0 { "none".to_owned() } else { with_rest(all, count) }
}

fn with_rest(texts: String, count: usize) -> String {
    match count.saturating_sub(SHOWN) {
        0 => texts,
        more => format!("{texts} and {more} more"),
    }
}
