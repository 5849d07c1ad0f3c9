//! Documents, files and certificates.

use std::fmt::Display;
use std::io::Write;

use kboot_core::bundle::{ClusterIdentity, join_tokens};
use kboot_core::component::{KubeletConfiguration, lint};
use kboot_core::policy::{ContextDocument, Inventory, Policy};
use kboot_core::token::{StaticToken, TokenSecret};
use kboot_core::version::KubernetesVersion;
use kboot_core::x509::Certificate;
use kboot_core::{ClusterSpec, Kubeconfig};
use kboot_testkit::generate::{certificate, components, documents, kubeconfigs, tokens};
use kboot_testkit::proptest::prelude::*;
use serde_json::Value;

fn read<T: std::str::FromStr<Err: Display>>(document: &Value) -> T {
    document.to_string().parse().unwrap_or_else(|error| panic!("{error}\n{document:#}"))
}

fn is_refused<T: std::str::FromStr<Err: Display>>(text: &str) {
    assert!(text.parse::<T>().is_err(), "accepted:\n{text}");
}

fn latest() -> KubernetesVersion {
    KubernetesVersion::LATEST
}

proptest! {
    #[test]
    fn files_that_people_write(
        cluster in documents::cluster_file(), policy in documents::policy(), inventory in documents::inventory(),
        context in documents::context(),
    ) {
        let cluster = read::<ClusterSpec>(&cluster);
        prop_assert_eq!(&cluster.to_yaml().unwrap().parse::<ClusterSpec>().unwrap(), &cluster);
        let policy = read::<Policy>(&policy);
        prop_assert_eq!(&policy.to_yaml().unwrap().parse::<Policy>().unwrap(), &policy);
        read::<Inventory>(&inventory);
        read::<ContextDocument>(&context);
    }

    #[test]
    fn files_that_are_wrong(
        cluster in documents::hostile_cluster_file(), policy in documents::hostile_policy(),
        inventory in documents::hostile_inventory(), context in documents::hostile_context(),
    ) {
        is_refused::<ClusterSpec>(&cluster.to_string());
        is_refused::<Policy>(&policy.to_string());
        is_refused::<Inventory>(&inventory.to_string());
        is_refused::<ContextDocument>(&context.to_string());
    }

    #[test]
    fn kubeconfigs(kubeconfig in kubeconfigs::kubeconfig()) {
        let kubeconfig = read::<Kubeconfig>(&kubeconfig);
        prop_assert!(kubeconfig.current().is_ok());
        let written = kubeconfig.to_yaml().unwrap();
        let again: Kubeconfig = written.expose_secret().parse().unwrap();
        prop_assert!(again.to_yaml().unwrap().equals(&written));
    }

    #[test]
    fn kubeconfigs_that_are_none(text in kubeconfigs::hostile_kubeconfig()) {
        is_refused::<Kubeconfig>(&text);
    }

    #[test]
    fn secrets_of_tokens(secret in tokens::token_secret(), file in tokens::static_tokens()) {
        let (token, settings) = TokenSecret::read(&secret.to_string()).unwrap();
        let written = token.secret(&settings).unwrap().to_yaml().unwrap();
        prop_assert_eq!(TokenSecret::read(written.expose_secret()).unwrap().1, settings);
        prop_assert_eq!(StaticToken::read(&file).unwrap().len(), file.lines().count());
    }

    #[test]
    fn secrets_that_are_none(secret in tokens::hostile_token_secret(), file in tokens::hostile_static_tokens()) {
        let secret = secret.to_string();
        prop_assert!(TokenSecret::read(&secret).is_err(), "{}", secret);
        prop_assert!(StaticToken::read(&file).is_err(), "{}", file);
    }

    #[test]
    fn what_components_read(
        unit in components::unit(), environment in components::environment_file(),
        configuration in components::kubelet_configuration(),
    ) {
        let configuration = configuration.to_string();
        let files = [("a.service", unit.as_str()), ("a.env", environment.as_str()), ("a.yaml", configuration.as_str())];
        for finding in lint(&files, latest()).unwrap() {
            let line = finding.finding.path.strip_prefix("line ").map_or(1, |line| line.parse().unwrap());
            let (_, text) = files.iter().find(|(name, _)| *name == finding.file).unwrap();
            prop_assert!((1..=text.lines().count()).contains(&line));
        }
        prop_assert!(KubeletConfiguration::parse(&configuration, latest()).is_ok());
    }

    #[test]
    fn what_no_component_reads(text in components::hostile_component_file()) {
        prop_assert!(lint(&[("a", &text)], latest()).is_err(), "{}", text);
    }

    #[cfg(feature = "server")]
    #[test]
    fn what_is_applied(text in components::bindings(), hostile in components::hostile_manifest()) {
        use kboot_core::online::apply::Manifest;
        prop_assert_eq!(Manifest::read(&text).unwrap().len(), text.matches("\n---\n").count() + 1);
        prop_assert!(Manifest::read(&hostile).is_err(), "{}", hostile);
    }

    #[test]
    fn records_of_folders(record in components::folder_record(), hostile in components::hostile_folder_record()) {
        let folder = tempfile::tempdir().unwrap();
        let written = |text: &str| {
            let mut file = std::fs::File::create(folder.path().join("kboot.json")).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        written(&record.to_string());
        let identity = ClusterIdentity::of_folder(folder.path()).unwrap().unwrap();
        prop_assert_eq!(&record["cluster"]["name"], identity.name().as_str());
        prop_assert!(join_tokens(folder.path()).unwrap().len() <= record["joinTokens"].as_array().unwrap().len());
        written(&hostile);
        prop_assert!(ClusterIdentity::of_folder(folder.path()).is_err(), "{}", hostile);
    }

    #[test]
    fn certificates(certificate in certificate::certificate()) {
        let read = Certificate::from_der(certificate.der()).unwrap();
        prop_assert_eq!(&read.facts().serial, &certificate.serial);
        prop_assert_eq!(read.facts().public_key.der(), certificate.key.public_key_info());
        prop_assert!(read.is_signed_by(&read));
    }

    #[test]
    fn certificates_that_are_none(der in certificate::hostile_certificate()) {
        prop_assert!(Certificate::from_der(der).is_err());
    }
}
