//! Values of one word or line.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use kboot_core::BootstrapToken;
use kboot_core::bundle::ClusterIdentity;
use kboot_core::cluster::{Node, Taint};
use kboot_core::name::{
    ClusterName, Dns1123Subdomain, FolderPath, Group, ImageReference, LabelKey, LabelValue, Namespace,
    NodeName, UnixName, Username,
};
use kboot_core::net::{ApiEndpoint, Cidr, Host};
use kboot_core::time::{Lifetime, Timestamp};
use kboot_core::token::{BootstrapGroup, TokenId};
use kboot_core::version::KubernetesVersion;
use kboot_core::x509::Pin;
use kboot_testkit::generate::{addresses, names, times, tokens};
use kboot_testkit::proptest::prelude::*;

fn is_read<T: FromStr<Err: Debug> + Display + PartialEq + Debug>(text: &str) {
    let value: T = text.parse().unwrap_or_else(|error| panic!("{text:?}: {error:?}"));
    assert_eq!(value.to_string().parse::<T>().unwrap(), value, "{text:?}");
}

fn is_refused<T: FromStr<Err: Display>>(text: &str) {
    let Err(error) = text.parse::<T>() else { panic!("{text:?} was accepted") };
    let said = error.to_string();
    assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{said:?}");
}

proptest! {
    #[test]
    fn names_that_are_names(
        label in names::label(), name in names::subdomain(), principal in names::principal(),
        folder in names::folder_path(), user in names::unix_name(), image in names::image_reference(),
        key in names::label_key(), value in names::label_value(), taint in names::taint(),
        group in names::bootstrap_group(),
    ) {
        is_read::<Namespace>(&label);
        is_read::<NodeName>(&name);
        is_read::<ClusterName>(&name);
        is_read::<Dns1123Subdomain>(&name);
        is_read::<Username>(&principal);
        is_read::<Group>(&principal);
        is_read::<FolderPath>(&folder);
        is_read::<UnixName>(&user);
        is_read::<ImageReference>(&image);
        is_read::<LabelKey>(&key);
        is_read::<LabelValue>(&value);
        is_read::<Taint>(&taint);
        is_read::<BootstrapGroup>(&group);
    }

    #[test]
    fn names_that_are_none(
        label in names::hostile_label(), name in names::hostile_subdomain(),
        principal in names::hostile_principal(), folder in names::hostile_folder_path(),
        user in names::hostile_unix_name(), image in names::hostile_image_reference(),
        key in names::hostile_label_key(), value in names::hostile_label_value(),
        taint in names::hostile_taint(), group in names::hostile_bootstrap_group(),
    ) {
        is_refused::<Namespace>(&label);
        is_refused::<NodeName>(&name);
        is_refused::<ClusterName>(&name);
        is_refused::<Username>(&principal);
        is_refused::<Group>(&principal);
        is_refused::<FolderPath>(&folder);
        is_refused::<UnixName>(&user);
        is_refused::<ImageReference>(&image);
        is_refused::<LabelKey>(&key);
        is_refused::<LabelValue>(&value);
        is_refused::<Taint>(&taint);
        is_refused::<BootstrapGroup>(&group);
    }

    #[test]
    fn addresses_that_are_addresses(
        host in addresses::host(), endpoint in addresses::endpoint(), range in addresses::cidr(),
        node in addresses::node_argument(), cluster in addresses::cluster_identity(), name in addresses::dns_name(),
    ) {
        is_read::<Host>(&host);
        is_read::<Host>(&name);
        is_read::<ApiEndpoint>(&endpoint);
        is_read::<Cidr>(&range);
        is_read::<ClusterIdentity>(&cluster);
        prop_assert!(node.parse::<Node>().is_ok(), "{:?}", node.parse::<Node>());
    }

    #[test]
    fn addresses_that_are_none(
        host in addresses::hostile_host(), endpoint in addresses::hostile_endpoint(), range in addresses::hostile_cidr(),
        node in addresses::hostile_node_argument(), cluster in addresses::hostile_cluster_identity(),
    ) {
        is_refused::<Host>(&host);
        is_refused::<ApiEndpoint>(&endpoint);
        is_refused::<Cidr>(&range);
        is_refused::<Node>(&node);
        is_refused::<ClusterIdentity>(&cluster);
    }

    #[test]
    fn times_and_versions(time in times::timestamp(), span in times::lifetime(), version in times::version()) {
        is_read::<Timestamp>(&time);
        is_read::<Lifetime>(&span);
        is_read::<KubernetesVersion>(&version);
    }

    #[test]
    fn times_and_versions_that_are_none(
        time in times::hostile_timestamp(), span in times::hostile_lifetime(),
        version in times::hostile_version(),
    ) {
        is_refused::<Timestamp>(&time);
        is_refused::<Lifetime>(&span);
        is_refused::<KubernetesVersion>(&version);
    }

    #[test]
    fn tokens_and_pins(id in tokens::token_id(), token in tokens::bootstrap_token(), pin in tokens::pin()) {
        is_read::<TokenId>(&id);
        is_read::<Pin>(&pin);
        let read: BootstrapToken = token.parse().unwrap();
        prop_assert!(read.expose_secret().expose_secret() == token);
    }

    #[test]
    fn tokens_and_pins_that_are_none(token in tokens::hostile_bootstrap_token(), pin in tokens::hostile_pin()) {
        is_refused::<BootstrapToken>(&token);
        is_refused::<Pin>(&pin);
    }
}
