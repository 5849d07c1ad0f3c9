//! Whether a request may ever be approved, read as simply as possible: a second opinion on every policy.
//!
//! It knows one cluster by a [`Picture`] and refuses whatever it does not understand. Read it from
//! [`check`] downwards, beside Kubernetes' `pkg/apis/certificates/helpers.go`.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519,
    RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode, Encode, Sequence, Tag};
use ipnet::IpNet;
use serde_json::Value;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::request::CertReq;

use crate::cluster::{Node, Picture};

type Check<T = ()> = Result<T, String>;

/// What is asked for: the subject in two lists, and the alternative names.
struct Asked {
    common_name: String,
    organizations: Vec<String>,
    alt_names: Vec<GeneralName>,
}

/// Who asks, as the API server recorded it.
struct Requestor<'a> {
    username: &'a str,
    groups: Vec<&'a str>,
}

/// Whether this CertificateSigningRequest may be approved in this cluster.
///
/// # Errors
/// Why it may not.
///
/// ```
/// use kboot_testkit::{checker, cluster, corpus};
/// let entry = corpus::all().iter().find(|entry| entry.name == "names-kubernetes").unwrap();
/// let reason = checker::check(&entry.object, &cluster::PICTURE).unwrap_err();
/// assert_eq!(reason, "DNS name kubernetes is not worker-1's");
/// ```
pub fn check(object: &Value, cluster: &Picture<'_>) -> Result<(), String> {
    let spec = &object["spec"];
    need(object["apiVersion"] == "certificates.k8s.io/v1", "not certificates.k8s.io/v1")?;
    need(object["kind"] == "CertificateSigningRequest", "not a CertificateSigningRequest")?;
    let seconds = &spec["expirationSeconds"];
    need(seconds.is_null() || seconds.as_i64().is_some_and(|n| n >= 600), "expirationSeconds under 600")?;

    let username = spec["username"].as_str().unwrap_or_default();
    let who = Requestor { username, groups: texts(&spec["groups"])? };
    need(!who.username.is_empty(), "nobody asks")?;
    need(who.username != "system:anonymous" && !who.is_in("system:unauthenticated"), "asked anonymously")?;

    let usages = texts(&spec["usages"])?;
    let asked = decode(spec["request"].as_str().ok_or("no request")?, usages.contains(&"server auth"))?;
    match spec["signerName"].as_str().unwrap_or_default() {
        "kubernetes.io/kubelet-serving" => {
            node_usages(&usages, "server auth")?;
            serving(&asked, &who, cluster)
        }
        "kubernetes.io/kube-apiserver-client-kubelet" => {
            node_usages(&usages, "client auth")?;
            client(&asked, &who, cluster)
        }
        "kubernetes.io/kube-apiserver-client" => {
            let usages = set(&usages)?;
            need(usages.contains("client auth"), "no client auth")?;
            let known = BTreeSet::from(["client auth", "digital signature", "key encipherment"]);
            need(usages.is_subset(&known), "usages beyond a client's")?;
            user(&asked, &who, cluster)
        }
        _ => Err("not a signer of clients or kubelets".to_owned()),
    }
}

/// A node asks for itself, and only for names and addresses that are its own.
fn serving(asked: &Asked, who: &Requestor<'_>, cluster: &Picture<'_>) -> Check {
    let node = node_of(asked, cluster)?;
    need(who.username == asked.common_name, "another asks for this node")?;
    need(who.is_in("system:nodes"), "the requestor is no node")?;
    need(!asked.alt_names.is_empty(), "no alternative name")?;
    need(asked.alt_names.len() <= 16, "more than 16 alternative names")?;
    for name in &asked.alt_names {
        match name {
            GeneralName::DnsName(name) => {
                let name = name.as_str().to_ascii_lowercase();
                let own = name == node.name || node.dns_names.contains(&name.as_str());
                need(own, format!("DNS name {} is not {}'s", name.escape_debug(), node.name))?;
                need(!reserved_name(&name, cluster.dns_domain), format!("{name} is reserved"))?;
            }
            GeneralName::IpAddress(octets) => {
                let address = address(octets.as_bytes()).ok_or("an address of a wrong length")?;
                let own = node.addresses.iter().any(|own| own.parse() == Ok(address));
                need(own, format!("address {address} is not {}'s", node.name))?;
                need(!reserved_address(address, cluster)?, format!("{address} is reserved"))?;
            }
            _ => return Err("an alternative name that is neither DNS nor IP".to_owned()),
        }
    }
    Ok(())
}

/// A node renews for itself; a machine that has not joined comes with its own bootstrap token.
fn client(asked: &Asked, who: &Requestor<'_>, cluster: &Picture<'_>) -> Check {
    let node = node_of(asked, cluster)?;
    need(asked.alt_names.is_empty(), "alternative names in a client certificate")?;
    if who.username == asked.common_name {
        return Ok(());
    }
    need(who.username == format!("system:bootstrap:{}", node.token_id), "not this machine's token")?;
    need(who.is_in("system:bootstrappers:kubeadm:default-node-token"), "not a token for joining")?;
    need(!node.joined, "a token for a node that has joined")
}

/// A person asks for itself or an issuer for its pipelines, in no group but theirs.
fn user(asked: &Asked, who: &Requestor<'_>, cluster: &Picture<'_>) -> Check {
    need(asked.alt_names.is_empty(), "alternative names in a person's certificate")?;
    for identity in asked.organizations.iter().chain([&asked.common_name]) {
        let identity = identity.trim().to_lowercase();
        let privileged = identity.starts_with("system:")
            || identity.starts_with("kube")
            || identity == "front-proxy-client";
        need(!privileged, format!("{} is privileged", identity.escape_debug()))?;
    }
    let mut entitled = cluster.users.iter().filter(|user| {
        who.username == user.requestor
            && match user.pattern.strip_suffix('*') {
                Some(prefix) => asked.common_name.starts_with(prefix),
                None => asked.common_name == user.pattern,
            }
    });
    let may = |group: &String, groups: &[&str]| groups.contains(&group.as_str());
    let found = entitled.any(|user| asked.organizations.iter().all(|group| may(group, user.groups)));
    need(found, "the requestor may not have this name with these groups")
}

/// The machine that the subject names: exactly O=system:nodes and CN=system:node:NAME, NAME known.
fn node_of<'a>(asked: &Asked, cluster: &Picture<'a>) -> Check<&'a Node> {
    need(asked.organizations == ["system:nodes"], "the organization is not exactly system:nodes")?;
    let name = asked.common_name.strip_prefix("system:node:").ok_or("the common name is no node's")?;
    cluster.nodes.iter().find(|node| node.name == name).ok_or_else(|| "no such machine".to_owned())
}

fn node_usages(usages: &[&str], purpose: &str) -> Check {
    let usages = set(usages)?;
    let without = BTreeSet::from(["digital signature", purpose]);
    let with = BTreeSet::from(["digital signature", "key encipherment", purpose]);
    need(usages == without || usages == with, "usages are not a kubelet's")
}

fn reserved_name(name: &str, domain: &str) -> bool {
    let short = ["default", "kube-system", "kube-public", "kube-node-lease"];
    ["localhost", "localhost.localdomain", "ip6-localhost", "kubernetes"].contains(&name)
        || name.rsplit_once('.').is_some_and(|(_, namespace)| short.contains(&namespace))
        || name.ends_with(".svc")
        || name.ends_with(&format!(".svc.{domain}"))
}

fn reserved_address(address: IpAddr, cluster: &Picture<'_>) -> Check<bool> {
    let mapped = matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some());
    let broadcast = address == IpAddr::V4(Ipv4Addr::BROADCAST);
    let link_local = match address {
        IpAddr::V4(v4) => v4.octets().starts_with(&[169, 254]),
        IpAddr::V6(v6) => v6.segments().first().is_some_and(|first| first & 0xffc0 == 0xfe80),
    };
    let mut reserved = link_local
        || mapped
        || broadcast
        || address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast();
    for range in cluster.service_ranges {
        let range: IpNet = range.parse().map_err(|_| format!("{range} is no range"))?;
        reserved |= range.contains(&address);
    }
    Ok(reserved)
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(|octets| IpAddr::V6(Ipv6Addr::from(octets)))).ok()
}

/// The request in base64 of PEM, as strict as can be.
fn decode(base64: &str, serving: bool) -> Check<Asked> {
    let text = STANDARD.decode(base64).map_err(|_| "the request is not base64")?;
    let der = pem(std::str::from_utf8(&text).map_err(|_| "the request is not text")?)?;
    let request = CertReq::from_der(&der).map_err(|e| format!("not PKCS#10: {e}"))?;
    need(request.to_der().ok().as_ref() == Some(&der), "not written in DER")?;
    signature(&request)?;

    let mut asked = Asked { common_name: String::new(), organizations: vec![], alt_names: vec![] };
    let mut common_names = Vec::new();
    for attribute in request.info.subject.iter() {
        let (tag, octets) = (der::Tagged::tag(&attribute.value), attribute.value.value());
        match attribute.oid.to_string().as_str() {
            "2.5.4.3" => common_names.push(subject_text(tag, octets)?),
            "2.5.4.10" => asked.organizations.push(subject_text(tag, octets)?),
            oid => return Err(format!("subject attribute {oid}")),
        }
    }
    need(common_names.len() == 1, "not exactly one common name")?;
    asked.common_name = common_names.concat();

    need(request.info.attributes.len() <= 1, "more than one attribute")?;
    for attribute in request.info.attributes.iter() {
        need(
            attribute.oid.to_string() == "1.2.840.113549.1.9.14",
            "an attribute that is no extensionRequest",
        )?;
        need(attribute.values.len() == 1, "not one value in extensionRequest")?;
        let value = attribute.values.iter().next().and_then(|value| value.to_der().ok()).unwrap_or_default();
        let list = Vec::<Extension>::from_der(&value).map_err(|e| format!("extensions: {e}"))?;
        need(list.to_der().ok().as_ref() == Some(&value), "extensions not written in DER")?;
        let mut seen = BTreeSet::new();
        for extension in &list {
            need(seen.insert(extension.extn_id), "an extension twice")?;
            extension_is_harmless(extension, serving, &mut asked)?;
        }
    }
    Ok(asked)
}

/// One block, without headers; text around it is nobody's.
fn pem(text: &str) -> Check<Vec<u8>> {
    need(text.len() <= 64 * 1024, "more than 64 KiB")?;
    need(text.matches("-----BEGIN").count() == 1, "not one PEM block")?;
    let start = text.split_once("-----BEGIN CERTIFICATE REQUEST-----").ok_or("another PEM label")?.1;
    let body = start.split_once("-----END CERTIFICATE REQUEST-----").ok_or("no end of the block")?.0;
    let body: String = body.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    STANDARD.decode(body).map_err(|e| format!("the block is not base64: {e}"))
}

fn subject_text(tag: Tag, octets: &[u8]) -> Check<String> {
    let text = std::str::from_utf8(octets).map_err(|_| "a subject that is not text")?;
    let printable = |c: char| c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c);
    let right = match tag {
        Tag::Utf8String => true,
        Tag::PrintableString => text.chars().all(printable),
        Tag::Ia5String => text.is_ascii(),
        _ => false,
    };
    need(right, "a subject in another kind of text")?;
    need(
        !text.is_empty()
            && text.chars().all(|c| c == ' ' || !(c.is_control() || c.is_whitespace()))
            && text.trim() == text,
        "a subject's text is odd",
    )?;
    Ok(text.to_owned())
}

/// The five extensions that a request may have; the values of three are few enough to compare whole.
fn extension_is_harmless(extension: &Extension, serving: bool, asked: &mut Asked) -> Check {
    const DIGITAL_SIGNATURE: &[u8] = &[0x03, 0x02, 0x07, 0x80];
    const KEY_ENCIPHERMENT: &[u8] = &[0x03, 0x02, 0x05, 0x20];
    const BOTH: &[u8] = &[0x03, 0x02, 0x05, 0xa0];
    const SERVER_AUTH: &[u8] = b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01";
    const CLIENT_AUTH: &[u8] = b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02";
    const NO_AUTHORITY: &[u8] = &[0x30, 0x00];
    let value = extension.extn_value.as_bytes();
    match extension.extn_id.to_string().as_str() {
        "2.5.29.17" => {
            let names = SubjectAltName::from_der(value).map_err(|e| format!("alternative names: {e}"))?;
            need(names.to_der().ok().as_deref() == Some(value), "alternative names not written in DER")?;
            need(!names.0.is_empty(), "an empty list of alternative names")?;
            asked.alt_names = names.0;
            Ok(())
        }
        "2.5.29.15" => need([DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, BOTH].contains(&value), "key usage"),
        "2.5.29.37" => need(value == if serving { SERVER_AUTH } else { CLIENT_AUTH }, "extended key usage"),
        "2.5.29.19" => need(value == NO_AUTHORITY, "asks to be an authority"),
        "2.5.29.14" => der::asn1::OctetString::from_der(value).map(|_| ()).map_err(|e| e.to_string()),
        oid => Err(format!("extension {oid}")),
    }
}

#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

/// The key is a strong one and has signed the request.
fn signature(request: &CertReq) -> Check {
    let info = &request.info.public_key;
    let key = info.subject_public_key.as_bytes().ok_or("a key of odd bits")?;
    let parameters = info.algorithm.parameters.as_ref();
    let curve =
        parameters.and_then(|any| any.decode_as::<ObjectIdentifier>().ok()).map(|oid| oid.to_string());
    let kind = info.algorithm.oid.to_string();
    let algorithm: &'static dyn VerificationAlgorithm =
        match (kind.as_str(), curve.as_deref(), request.algorithm.oid.to_string().as_str()) {
            ("1.2.840.10045.2.1", Some("1.2.840.10045.3.1.7"), "1.2.840.10045.4.3.2") => {
                &ECDSA_P256_SHA256_ASN1
            }
            ("1.2.840.10045.2.1", Some("1.3.132.0.34"), "1.2.840.10045.4.3.3") => &ECDSA_P384_SHA384_ASN1,
            ("1.2.840.10045.2.1", Some("1.3.132.0.35"), "1.2.840.10045.4.3.4") => &ECDSA_P521_SHA512_ASN1,
            ("1.3.101.112", None, "1.3.101.112") => {
                need(!anybody_signs_for(key), "an Ed25519 key that anybody signs for")?;
                &ED25519
            }
            ("1.2.840.113549.1.1.1", None, "1.2.840.113549.1.1.11") => {
                let rsa = RsaPublicKey::from_der(key).map_err(|e| format!("RSA key: {e}"))?;
                let bits = rsa.modulus.as_bytes().len() * 8;
                let leading = rsa.modulus.as_bytes().first().map_or(8, |octet| octet.leading_zeros());
                need(leading == 0 && (2048..=8192).contains(&bits), "an RSA key of an odd size")?;
                need(rsa.exponent.as_bytes() == [1, 0, 1], "an RSA exponent that is not 65537")?;
                &RSA_PKCS1_2048_8192_SHA256
            }
            _ => return Err("a key or a signature that is not known".to_owned()),
        };
    let message = request.info.to_der().map_err(|e| e.to_string())?;
    let octets = request.signature.as_bytes().ok_or("a signature of odd bits")?;
    UnparsedPublicKey::new(algorithm, key)
        .verify(&message, octets)
        .map_err(|_| "the signature is wrong".to_owned())
}

/// Whether the neutral element and zero pass for a signature by this key: for a point of small order they do for
/// one text in eight, at least.
fn anybody_signs_for(key: &[u8]) -> bool {
    let forged = [&[1][..], &[0; 63]].concat();
    (0..64_u8).any(|text| UnparsedPublicKey::new(&ED25519, key).verify(&[text], &forged).is_ok())
}

impl Requestor<'_> {
    fn is_in(&self, group: &str) -> bool {
        self.groups.contains(&group)
    }
}

fn need(holds: bool, otherwise: impl Into<String>) -> Check {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

fn set<'a>(list: &[&'a str]) -> Check<BTreeSet<&'a str>> {
    let set: BTreeSet<&str> = list.iter().copied().collect();
    need(set.len() == list.len(), "a usage twice")?;
    Ok(set)
}

fn texts(list: &Value) -> Check<Vec<&str>> {
    let Some(list) = list.as_array() else {
        return if list.is_null() { Ok(Vec::new()) } else { Err("not a list of texts".to_owned()) };
    };
    list.iter().map(|text| text.as_str().ok_or_else(|| "not a list of texts".to_owned())).collect()
}
