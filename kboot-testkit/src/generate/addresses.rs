//! Texts that are addresses, names of hosts, endpoints and ranges, and what only looks like them.
//!
//! Every `hostile_…` text must be refused.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::names;
use super::text::{NOWHERE, one_of, spoiled};

/// An IPv4 address that a machine can have.
pub fn ipv4() -> impl Strategy<Value = Ipv4Addr> {
    (select(&[10_u8, 172, 192, 198, 203][..]), any::<[u8; 3]>())
        .prop_map(|(a, [b, c, d])| Ipv4Addr::new(a, b, c, d))
}

/// An IPv6 address that a machine can have.
pub fn ipv6() -> impl Strategy<Value = Ipv6Addr> {
    let part = prop_oneof![Just(0_u16), any::<u16>()];
    (select(&[0x2001_u16, 0xfd00, 0xfe80][..]), vec(part, 6), any::<u16>()).prop_map(
        |(first, middle, last)| {
            let mut parts = [first, 0, 0, 0, 0, 0, 0, last];
            parts.iter_mut().skip(1).zip(middle).for_each(|(part, value)| *part = value);
            Ipv6Addr::from(parts)
        },
    )
}

/// An address of either kind.
pub fn address() -> impl Strategy<Value = String> {
    prop_oneof![
        ipv4().prop_map(|address| address.to_string()),
        ipv6().prop_map(|address| address.to_string())
    ]
}

/// A DNS name that nobody reads as an address.
pub fn dns_name() -> impl Strategy<Value = String> {
    let last = "[a-z]([-a-z0-9]{0,10}[a-z])?";
    (vec(names::label(), 0..3), last).prop_map(|(mut labels, last)| {
        labels.insert(0, "n".to_owned());
        labels.push(last);
        labels.join(".")
    })
}

/// What a certificate can be for: an address, a DNS name, or one with `*.` before it.
pub fn host() -> impl Strategy<Value = String> {
    prop_oneof![address(), dns_name(), dns_name().prop_map(|name| format!("*.{name}"))]
}

/// What is no host.
pub fn hostile_host() -> impl Strategy<Value = String> {
    const FIXED: &[&str] = &[
        "*",
        "*.",
        "*.*.a",
        "a.*.b",
        "a*.b",
        "10.0.0",
        "10.0.0.256",
        "010.0.0.1x",
        "10.0.0.1-9",
        "10.0.0.1/8",
        "0xa000001",
        "127.1",
        "1.2.3.4.5",
        "[fd00::1]",
        "fd00::1%eth0",
        "::ffff:10.0.0.1",
        "fd00:::1",
        "a:6443",
        "http://a",
        "user@a",
        "a.",
    ];
    prop_oneof![one_of(FIXED), spoiled(host(), NOWHERE), names::hostile_subdomain()]
}

/// `HOST[:PORT]` or `https://HOST:PORT`, where the API server is reached.
pub fn endpoint() -> impl Strategy<Value = String> {
    let port = 1..=u16::MAX;
    let v4 = ipv4().prop_map(|address| address.to_string());
    let v6 = ipv6().prop_map(|address| format!("[{address}]"));
    let host = prop_oneof![v4, v6, dns_name()];
    (host, port, 0..4_u8).prop_map(|(host, port, form)| match form {
        0 => host,
        1 => format!("{host}:{port}"),
        2 => format!("https://{host}:{port}/"),
        _ => format!("https://{host}:{port}"),
    })
}

/// What is no endpoint of an API server.
pub fn hostile_endpoint() -> impl Strategy<Value = String> {
    const FIXED: &[&str] = &[
        "",
        "https://",
        "https://a",
        "http://a:80",
        "https://a:6443/b",
        "https://u:p@a:6443",
        "a:0",
        "a:65536",
        "a:+1",
        "a: 1",
        "a:",
        ":6443",
        "*.a:6443",
        "0.0.0.0",
        "[::]",
        "224.0.0.1",
        "255.255.255.255",
        "::ffff:10.0.0.1",
        "[fd00::1",
        "fd00::1]",
        "[10.0.0.1]:1",
        "[fd00::1]6443",
        "unix:///a",
        "https://https://a:1",
        "a?b",
        "a#b",
    ];
    prop_oneof![one_of(FIXED), spoiled(endpoint(), NOWHERE)]
}

/// `ADDRESS/BITS` without a bit set past its prefix.
pub fn cidr() -> impl Strategy<Value = String> {
    let v4 = (ipv4(), 8..=32_u32).prop_map(|(address, bits)| {
        let mask = u32::MAX.checked_shl(32 - bits).unwrap_or_default();
        format!("{}/{bits}", Ipv4Addr::from(u32::from(address) & mask))
    });
    let v6 = (ipv6(), 16..=128_u32).prop_map(|(address, bits)| {
        let mask = u128::MAX.checked_shl(128 - bits).unwrap_or_default();
        format!("{}/{bits}", Ipv6Addr::from(u128::from(address) & mask))
    });
    prop_oneof![v4, v6]
}

/// What is no range.
pub fn hostile_cidr() -> impl Strategy<Value = String> {
    const FIXED: &[&str] = &[
        "",
        "/",
        "/8",
        "10.0.0.0",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/8/8",
        "10.0.0.1/8",
        "010.0.0.0/8",
        "10.0.0.0/255.0.0.0",
        "fd00::/129",
        "fd00::1/64",
        "::ffff:10.0.0.0/104",
        "a/8",
        "[fd00::]/8",
    ];
    prop_oneof![one_of(FIXED), spoiled(cidr(), NOWHERE)]
}

/// A node in one word, `NAME=ADDRESS[,ADDRESS][:ROLE,…]`.
pub fn node_argument() -> impl Strategy<Value = String> {
    let addresses = prop_oneof![
        ipv4().prop_map(|address| address.to_string()),
        ipv6().prop_map(|address| format!("[{address}]")),
        (ipv4(), ipv6()).prop_map(|(v4, v6)| format!("{v4},[{v6}]")),
    ];
    let roles = subsequence(vec!["control-plane", "etcd", "worker"], 0..=3);
    (dns_name(), addresses, roles).prop_map(|(name, addresses, roles)| {
        let roles = if roles.is_empty() { String::new() } else { format!(":{}", roles.join(",")) };
        format!("{name}={addresses}{roles}")
    })
}

/// What is no node.
pub fn hostile_node_argument() -> impl Strategy<Value = String> {
    const FIXED: &[&str] = &[
        "",
        "a",
        "a=",
        "=10.0.0.1",
        "a=b",
        "a=10.0.0.1:",
        "a=10.0.0.1:master",
        "a=10.0.0.1:6443",
        "a=fd00::1",
        "a=[10.0.0.1]",
        "a=10.0.0.1/8",
        "a=10.0.0.1,",
        "a=10.0.0.1:worker,",
        "A=10.0.0.1",
        "a=0.0.0.0",
    ];
    prop_oneof![one_of(FIXED), spoiled(node_argument(), NOWHERE)]
}

/// `NAME@ENDPOINT`, which tells clusters apart.
pub fn cluster_identity() -> impl Strategy<Value = String> {
    (names::subdomain(), endpoint()).prop_map(|(name, endpoint)| format!("{name}@{endpoint}"))
}

/// What names no cluster.
pub fn hostile_cluster_identity() -> impl Strategy<Value = String> {
    prop_oneof![
        one_of(&["", "@", "a@", "@10.0.0.1", "a", "a@b@c", "A@10.0.0.1"]),
        spoiled(cluster_identity(), NOWHERE),
    ]
}
