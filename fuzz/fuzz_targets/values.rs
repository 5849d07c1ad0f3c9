//! Any text as each of the values that stand in one word or line: read or refused, never a panic; and what is read
//! is what it prints as.

#![no_main]
#![expect(clippy::expect_used, reason = "a law that does not hold ends the run")]

use std::net::IpAddr;

use kboot_core::BootstrapToken;
use kboot_core::bundle::ClusterIdentity;
use kboot_core::cluster::{Node, NodeRole, Taint};
use kboot_core::csr::{Signer, check_name};
use kboot_core::identity;
use kboot_core::name::{
    ClusterName, Dns1123Subdomain, FolderPath, Group, ImageReference, LabelKey, LabelValue, Namespace,
    NodeName, UnixName, Username,
};
use kboot_core::net::{ApiEndpoint, Cidr, Host};
use kboot_core::pki::Profile;
use kboot_core::policy::{Glob, Preset};
use kboot_core::time::{Lifetime, Timestamp};
use kboot_core::token::{BootstrapGroup, TokenId, TokenUsage};
use kboot_core::version::KubernetesVersion;
use kboot_core::x509::{KeyAlgorithm, Pin};
use kboot_fuzz::laws::{is_one_line, reads_what_it_prints, rotated};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    names(text);
    times(text);
    addresses(text);
    words(text);
    token(text);
    if let Some((pattern, name)) = text.split_once('\n')
        && text.len() <= 256
    {
        assert_eq!(Glob::new(pattern).matches(name), fits(pattern, name), "{pattern:?} {name:?}");
    }
});

fn names(text: &str) {
    let is_subdomain = reads_what_it_prints::<NodeName>(text).is_some();
    assert_eq!(is_subdomain, reads_what_it_prints::<ClusterName>(text).is_some());
    assert_eq!(is_subdomain, reads_what_it_prints::<Dns1123Subdomain>(text).is_some());
    assert!(is_subdomain || reads_what_it_prints::<Namespace>(text).is_none());
    assert_eq!(
        reads_what_it_prints::<Group>(text).is_some(),
        reads_what_it_prints::<Username>(text).is_some()
    );
    reads_what_it_prints::<FolderPath>(text);
    reads_what_it_prints::<UnixName>(text);
    reads_what_it_prints::<ImageReference>(text);
    reads_what_it_prints::<LabelKey>(text);
    reads_what_it_prints::<LabelValue>(text);
    reads_what_it_prints::<Taint>(text);
    reads_what_it_prints::<ClusterIdentity>(text);
    match text.parse::<Node>() {
        Ok(node) => assert!(node.addresses().contains(&node.address())),
        // It may list several problems.
        Err(error) => assert!(!error.to_string().chars().any(|c| c.is_control() && c != '\n'), "{error}"),
    }
    let user = format!("system:node:{text}");
    assert_eq!(
        identity::node_of_user(&user).map(|node| node.to_string()),
        is_subdomain.then(|| text.to_owned())
    );
    assert!(identity::is_privileged(&user));
    if let Err(error) = check_name(text) {
        is_one_line(&error);
    }
}

fn times(text: &str) {
    let time = reads_what_it_prints::<Timestamp>(text);
    let span = reads_what_it_prints::<Lifetime>(text);
    if let Some(span) = span {
        assert_eq!(Lifetime::from_seconds(span.seconds()), Ok(span));
        if let Ok(after) = Timestamp::EPOCH.after(span) {
            assert_eq!(after.before(span), Ok(Timestamp::EPOCH));
        }
    }
    if let Some(time) = time {
        assert_eq!(Timestamp::from_unix(time.unix()), Ok(time));
    }
    reads_what_it_prints::<KubernetesVersion>(text);
}

fn addresses(text: &str) {
    reads_what_it_prints::<Host>(text);
    if let Some(endpoint) = reads_what_it_prints::<ApiEndpoint>(text) {
        assert_eq!(endpoint.host_port().parse(), Ok(endpoint.clone()));
        let token: BootstrapToken = "abcdef.0123456789abcdef".parse().expect("it is a token");
        let command = token.join_command(&endpoint, &[Pin::from_sha256([7; 32])]);
        assert_eq!(command.expose_secret().split_whitespace().count(), 7, "{endpoint}");
    }
    if let Some(range) = reads_what_it_prints::<Cidr>(text) {
        // As std reads it.
        let (address, bits) = text.split_once('/').expect("a range has a prefix");
        let address: IpAddr = address.parse().expect("and an address");
        assert_eq!(bits.parse(), Ok(range.prefix()), "{text}");
        assert_eq!((range.nth(0), range.is_ipv6()), (Some(address), address.is_ipv6()), "{text}");
        assert!(range.contains(address) && range.overlaps(&range), "{text}");
    }
}

fn words(text: &str) {
    reads_what_it_prints::<NodeRole>(text);
    reads_what_it_prints::<TokenUsage>(text);
    reads_what_it_prints::<BootstrapGroup>(text);
    reads_what_it_prints::<KeyAlgorithm>(text);
    reads_what_it_prints::<Pin>(text);
    reads_what_it_prints::<Signer>(text);
    reads_what_it_prints::<Profile>(text);
    reads_what_it_prints::<Preset>(text);
}

/// Nothing of what might be a token is shown.
fn token(text: &str) {
    let other = rotated(text);
    if reads_what_it_prints::<TokenId>(text).is_none() {
        assert_eq!(other.parse::<TokenId>(), text.parse::<TokenId>());
    }
    match (text.parse::<BootstrapToken>(), other.parse::<BootstrapToken>()) {
        (Ok(token), Ok(_)) => {
            assert_eq!(token.expose_secret().expose_secret(), text);
            assert_eq!(format!("{token:?}"), format!("BootstrapToken({}.[redacted])", token.id()));
        }
        (Err(error), Err(of_other)) => {
            is_one_line(&error);
            assert_eq!(error, of_other);
        }
        (one, other) => panic!("{text:?}: {one:?}, and {other:?}"),
    }
}

/// A second reader of patterns: whether each beginning of the pattern fits each beginning of the name.
fn fits(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let mut row: Vec<bool> = (0..=name.len()).map(|length| length == 0).collect();
    for wanted in pattern.chars() {
        let mut next = vec![wanted == '*' && row.first() == Some(&true)];
        for (index, found) in name.iter().enumerate() {
            let fits_before = row.get(index) == Some(&true);
            next.push(match wanted {
                '*' => row.get(index + 1) == Some(&true) || next.last() == Some(&true),
                wanted => fits_before && (wanted == '?' || wanted == *found),
            });
        }
        row = next;
    }
    row.last() == Some(&true)
}
