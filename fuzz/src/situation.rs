//! A request, who sent it, what is known besides and the rules, chosen by bytes. Zeros choose what is genuine,
//! so that each byte other than zero is a step away from an approval.

use arbitrary::{Result, Unstructured};
use kboot_core::policy::Policy;
use kboot_core::{csr::CertificateSigningRequest, x509::CertificateRequest};
use kboot_testkit::cluster::NODES;
use kboot_testkit::generate::strategies::{Case, Mutation};
use kboot_testkit::generate::{
    AttributeTypeAndValue, COMMON_NAME, Extension, GeneralName, KUBE_APISERVER_CLIENT,
    KUBE_APISERVER_CLIENT_KUBELET, KUBELET_SERVING, Key, KeyKind, ORGANIZATION, Object, Pem, Request,
    StringTag, der,
};

use crate::known::Known;
use crate::rules;

/// What is judged.
#[non_exhaustive]
pub struct Situation {
    /// The request with its object.
    pub object: CertificateSigningRequest,
    /// The last thing done to it, where no policy may approve it since.
    pub mutation: Option<Mutation>,
    /// The rules.
    pub policy: Policy,
    /// The same with one more at the end.
    pub longer: Policy,
    /// What is known.
    pub known: Known,
    /// The same, less what is not known after all.
    pub hidden: Known,
}

impl Situation {
    /// Chooses everything. None where the object is none of the API.
    ///
    /// # Errors
    /// Where the bytes are too few.
    pub fn choose(mut u: Unstructured<'_>) -> Result<Option<Self>> {
        let (policy, longer) = rules::choose(&mut u)?;
        let (mut case, is_bootstrap) = genuine(&mut u)?;
        let known = Known::choose(&mut u, &case.request.key, is_bootstrap)?;
        let hidden = known.without(u.arbitrary()?);
        for _ in 0..u.int_in_range(0..=3)? {
            bend(&mut u, &mut case)?;
        }
        let mut last = None;
        for _ in 0..u.int_in_range(0..=2)? {
            let mutation = *u.choose(&Mutation::for_signer(&case.object.signer_name))?;
            mutation.apply(&mut case);
            last = Some(mutation).filter(|mutation| mutation.code != "no-rule");
        }
        let object = CertificateSigningRequest::from_json(&case.json().to_string());
        Ok(object.ok().map(|object| Self { object, mutation: last, policy, longer, known, hidden }))
    }
}

/// A case that some policy approves, and whether it is a node's first.
fn genuine(u: &mut Unstructured<'_>) -> Result<(Case, bool)> {
    let node = u.choose(NODES)?;
    let kinds =
        [KeyKind::P256, KeyKind::Ed25519, KeyKind::P256, KeyKind::Ed25519, KeyKind::P384, KeyKind::Rsa2048];
    let kind = *u.choose(&kinds)?;
    let which = u.int_in_range(0..=3)?;
    let (request, object) = match which {
        0 => {
            let mut names = vec![GeneralName::dns(node.name)];
            names.extend(node.dns_names.iter().map(|name| GeneralName::dns(name)));
            names.extend(node.addresses.iter().map(|address| GeneralName::ip(address)));
            names.truncate(9 - u.int_in_range(1..=8_usize)?);
            (Request::kubelet_serving(node.name, &names), Object::kubelet_serving(node.name, Vec::new()))
        }
        1 => (Request::kubelet_client(node.name), Object::kubelet_client(node.name, Vec::new())),
        2 => (Request::kubelet_client(node.name), Object::kubelet_bootstrap(node.token_id, Vec::new())),
        _ => (
            Request::user("jane", &["dev"]),
            Object::user("jane", &["dev", "system:authenticated"], Vec::new()),
        ),
    };
    Ok((Case::new(request.with_key(Key::shared(kind)), object), which == 2))
}

const TEXTS: [&str; 20] = [
    "worker-1",
    "worker-2",
    "system:node:worker-1",
    "system:node:master-1",
    "system:node:",
    "system:nodes",
    "jane",
    "jenkins-nightly",
    "dev",
    "ops",
    "system:masters",
    "kubeadm:cluster-admins",
    "kubernetes-admin",
    "192.168.5.21",
    "10.96.0.1",
    "kubernetes.default.svc",
    "worker-1.example.com",
    "console.bank.example",
    "*",
    "",
];

fn text<'a>(u: &mut Unstructured<'a>) -> Result<&'a str> {
    if u.ratio(1, 4)? { u.arbitrary() } else { u.choose(&TEXTS).copied() }
}

/// One change, for better or worse.
fn bend(u: &mut Unstructured<'_>, case: &mut Case) -> Result<()> {
    let Case { request, object, .. } = case;
    match u.int_in_range(0..=11)? {
        0 => object.username = Some(text(u)?.to_owned()),
        1 => object.groups.push(text(u)?.to_owned()),
        2 => {
            object.expiration_seconds =
                Some(*u.choose(&[600, 86_400, 31_536_000, 599, 31_536_001, i64::MAX, -1])?)
        }
        3 => {
            let signers = [KUBELET_SERVING, KUBE_APISERVER_CLIENT_KUBELET, KUBE_APISERVER_CLIENT];
            object.signer_name = (*u.choose(&signers)?).to_owned();
        }
        4 => {
            let all = ["digital signature", "key encipherment", "client auth", "server auth", "code signing"];
            let bits: u8 = u.arbitrary()?;
            let chosen = all.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1);
            object.usages = chosen.map(|(_, usage)| (*usage).to_owned()).collect();
        }
        5 => {
            let kind =
                [StringTag::Printable, StringTag::Utf8, StringTag::Ia5, StringTag::Teletex, StringTag::Bmp];
            let oid =
                *u.choose(&[COMMON_NAME, ORGANIZATION, "2.5.4.11", "1.3.6.1.4.1.57683.2", "2.5.4.5"])?;
            let attribute = AttributeTypeAndValue::text(oid, *u.choose(&kind)?, text(u)?);
            match request.subject.iter_mut().flatten().find(|one| one.oid == oid) {
                Some(old) if u.ratio(3, 4)? => *old = attribute,
                _ => request.subject.push(vec![attribute]),
            }
        }
        6 => {
            let index = u.choose_index(request.subject.len() + 1)?;
            if index < request.subject.len() {
                request.subject.remove(index);
            }
        }
        7 => {
            let names = names(u)?;
            *request = request.clone().with_alt_names(&names);
        }
        8 => {
            for extension in request.extensions.iter_mut().flatten() {
                extension.value = Extension::alt_names(&names(u)?).value;
            }
        }
        9 => {
            let extension = match u.int_in_range(0..=4)? {
                0 => Extension::key_usage(&[*u.choose(&[0, 2, 1, 5, 6, 8])?]),
                1 => Extension::extended_key_usage(&[*u.choose(&[
                    "1.3.6.1.5.5.7.3.2",
                    "1.3.6.1.5.5.7.3.1",
                    "2.5.29.37.0",
                ])?]),
                2 => Extension::basic_constraints(u.arbitrary()?),
                3 => Extension::raw("2.5.29.14", u.arbitrary()?),
                _ => Extension::raw("2.5.29.30", u.arbitrary()?).critical(),
            };
            *request = request.clone().with_extension(extension);
        }
        10 => "2026-01-15T08:59:59Z".clone_into(&mut object.creation_timestamp),
        _ => {
            let kind = *u.choose(&["Approved", "Denied", "Failed", "Other"])?;
            object.conditions.push((kind.to_owned(), "x".to_owned(), "y".to_owned()));
        }
    }
    Ok(())
}

fn names(u: &mut Unstructured<'_>) -> Result<Vec<GeneralName>> {
    let mut names = Vec::new();
    for _ in 0..u.int_in_range(0..=4)? {
        names.push(match u.int_in_range(0..=8)? {
            0..=2 => GeneralName::dns(text(u)?),
            3 => GeneralName::Ip(u.arbitrary()?),
            4 => GeneralName::ip(u.choose(&["192.168.5.21", "fd00:5::22", "10.96.0.1", "127.0.0.1"])?),
            5 => GeneralName::Email(text(u)?.to_owned()),
            6 => GeneralName::Uri(text(u)?.to_owned()),
            7 => GeneralName::IpOctets(u.arbitrary()?),
            _ => GeneralName::Raw(u.arbitrary()?),
        });
    }
    Ok(names)
}

/// A request of these octets, whatever they are, but with a key that signs it; and sent by the one that it names,
/// to each of the signers.
#[must_use]
pub fn signed_anew(octets: &[u8]) -> Vec<CertificateSigningRequest> {
    let key = Key::shared(KeyKind::Ed25519);
    let Some(pem) = with_key(octets, &key) else { return Vec::new() };
    let user = CertificateRequest::from_pem(pem.as_bytes()).ok();
    let user = user.iter().flat_map(CertificateRequest::common_names).next().unwrap_or("jane");
    let objects = [
        Object::user(user, &["dev"], pem.as_str()),
        Object::kubelet_client("", pem.as_str()),
        Object::kubelet_serving("", pem.as_str()),
    ];
    let from_user =
        objects.into_iter().map(|object| Object { username: Some(user.to_owned()), ..object }.json());
    from_user.filter_map(|json| CertificateSigningRequest::from_json(&json.to_string()).ok()).collect()
}

fn with_key(octets: &[u8], key: &Key) -> Option<String> {
    let [info, _, _] = fields(octets)?;
    let [version, subject, _, attributes] = fields(info)?;
    let info = der::sequence([version, subject, &key.public_key_info(), attributes]);
    let signature = der::bit_string(&key.sign(&info));
    Some(Pem::default().text(&der::sequence([info, key.signature_algorithm(), signature])))
}

/// The elements of a SEQUENCE of so many.
fn fields<const N: usize>(octets: &[u8]) -> Option<[&[u8]; N]> {
    let (0x30, mut rest) = (*octets.first()?, content(octets)?.0) else { return None };
    let mut found = Vec::new();
    while !rest.is_empty() {
        let after = content(rest)?.1;
        found.push(&rest[..rest.len() - after.len()]);
        rest = after;
    }
    found.try_into().ok()
}

/// The content of the first element, and what follows it.
fn content(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, start) = match *octets.get(1)? {
        0x81 => (usize::from(*octets.get(2)?), 3),
        0x82 => (usize::from(u16::from_be_bytes([*octets.get(2)?, *octets.get(3)?])), 4),
        short => (usize::from(short), 2),
    };
    octets.get(start..)?.split_at_checked(length)
}
