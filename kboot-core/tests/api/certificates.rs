//! Every certificate of a bundle before other judges: openssl for chains and content, webpki for
//! purpose and name.

use std::collections::BTreeSet;
use std::fs;

use crate::common::write;
use kboot_core::cluster::CaRole;
use kboot_core::net::Host;
use kboot_core::x509::TlsUsage;
use kboot_core::{Bundle, CaSet, ClusterSpec, Env};
use kboot_core::{
    pki::{CertificateId, Profile},
    x509::Certificate,
};
use kboot_testkit::{Oracle, Purpose, webpki_accepts};

fn cluster(pki: &str) -> ClusterSpec {
    format!(
        "apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {{name: kubernetes}}
spec:
  kubernetesVersion: v1.36.4
  controlPlaneEndpoint: k8s.example.com:6443
  network: {{serviceCIDRs: [10.96.0.0/12, 'fd00:1::/108'], podCIDRs: [10.244.0.0/16, 'fd00:2::/56'], etcdClientSecret: plugin}}
  pki: {pki}
  join: {{nodeCredentials: certificate, servingCertificates: issued}}
  nodes:
  - {{name: master-1, addresses: [192.0.2.1, '2001:db8::1'], roles: [control-plane, etcd, worker]}}
  - {{name: worker-1, addresses: [192.0.2.2, '2001:db8::2'], roles: [worker]}}
"
    )
    .parse()
    .unwrap()
}

/// What `openssl x509 -ext` shows, in kboot's words.
fn openssl_alt_names(text: &str) -> Vec<String> {
    let line =
        text.lines().find(|line| line.contains("DNS:") || line.contains("IP Address:")).unwrap_or_default();
    let names = line.split(',').map(str::trim).filter(|name| !name.is_empty());
    names
        .map(|name| match name.strip_prefix("IP Address:") {
            Some(address) => format!("IP:{}", address.parse::<std::net::IpAddr>().unwrap()),
            None => name.to_owned(),
        })
        .collect()
}

fn judge(spec: &ClusterSpec) {
    let mut env = Env::at(Env::system().now());
    let authorities = CaSet::create(spec, &mut env).unwrap();
    let pki = authorities.issue(spec, &mut env).unwrap();
    let openssl = Oracle::find("openssl");
    let folder = tempfile::tempdir().unwrap();
    let now = u64::try_from(env.now().unix()).unwrap();
    let mut serials = BTreeSet::new();
    let mut judged = 0;
    for (id, issued) in pki.certificates() {
        let node = id.node.as_ref().map(|name| spec.nodes().iter().find(|node| node.name() == name).unwrap());
        let expected = id.profile.template_in(spec, node).unwrap();
        let authority = authorities.get(id.profile.ca().unwrap_or(CaRole::Cluster)).certificate();
        let facts = issued.certificate.facts();
        assert!(serials.insert(facts.serial.clone()), "{id}: serial number used twice");
        assert_eq!(
            facts.validity.not_before.unix(),
            env.now().unix() - 300,
            "{id} is dated back five minutes"
        );
        assert!((14..=16).contains(&facts.serial.len()), "{id}: a serial number has 128 random bits");
        assert!(
            facts.validity.not_after
                <= authorities.get(id.profile.ca().unwrap_or(CaRole::Cluster)).issuer().validity().not_after
        );
        assert_eq!(issued.certificate.facts().public_key.der(), issued.key.public_key().der(), "{id}");

        let purposes: &[Purpose] = match expected.usage() {
            TlsUsage::Client => &[Purpose::Client],
            TlsUsage::Server => &[Purpose::Server],
            TlsUsage::ServerAndClient => &[Purpose::Server, Purpose::Client],
        };
        for purpose in [Purpose::Server, Purpose::Client] {
            let verdict = webpki_accepts(authority.der(), issued.certificate.der(), purpose, now, None);
            assert_eq!(verdict.is_ok(), purposes.contains(&purpose), "{id} as {purpose:?}: {verdict:?}");
        }
        for name in expected
            .alt_names()
            .dns()
            .iter()
            .cloned()
            .chain(expected.alt_names().ips().iter().map(ToString::to_string))
        {
            let name = name.replace('*', "any");
            webpki_accepts(authority.der(), issued.certificate.der(), purposes[0], now, Some(&name))
                .unwrap_or_else(|objection| panic!("{id} for {name}: {objection}"));
        }
        if purposes == [Purpose::Server] {
            assert!(
                webpki_accepts(
                    authority.der(),
                    issued.certificate.der(),
                    Purpose::Server,
                    now,
                    Some("elsewhere.example")
                )
                .is_err()
            );
        }

        let Some(openssl) = &openssl else { continue };
        write(folder.path(), "ca.pem", &authority.to_pem());
        write(folder.path(), "leaf.pem", &issued.certificate.to_pem());
        write(folder.path(), "leaf.key", issued.key.to_pem().unwrap().expose_secret());
        for purpose in purposes {
            let flag = if *purpose == Purpose::Server { "sslserver" } else { "sslclient" };
            let verdict = openssl.run(
                folder.path(),
                &["verify", "-x509_strict", "-purpose", flag, "-CAfile", "ca.pem", "leaf.pem"],
            );
            // Strict mode asks for a subject key identifier in every certificate; upstream's leaves have none.
            let lenient =
                openssl.run(folder.path(), &["verify", "-purpose", flag, "-CAfile", "ca.pem", "leaf.pem"]);
            assert!(lenient.accepted, "{id}: {lenient}");
            assert!(
                verdict.accepted || verdict.to_string().contains("Missing Subject Key Identifier"),
                "{id}: {verdict}"
            );
        }
        let text = openssl
            .run(
                folder.path(),
                &["x509", "-in", "leaf.pem", "-noout", "-subject", "-nameopt", "RFC2253,-dn_rev", "-text"],
            )
            .stdout;
        for group in expected.subject().groups() {
            assert!(text.contains(&format!("O={group}")), "{id} lacks {group}:\n{text}");
        }
        assert!(text.contains(&format!("CN={}", expected.subject().common_name())), "{id}:\n{text}");
        let usages = match expected.usage() {
            TlsUsage::Client => "TLS Web Client Authentication\n",
            TlsUsage::Server => "TLS Web Server Authentication\n",
            TlsUsage::ServerAndClient => "TLS Web Server Authentication, TLS Web Client Authentication\n",
        };
        assert!(text.contains(usages), "{id}:\n{text}");
        assert!(
            text.contains("X509v3 Basic Constraints: critical\n                CA:FALSE"),
            "{id}:\n{text}"
        );
        assert!(
            text.contains(
                "X509v3 Key Usage: critical\n                Digital Signature, Key Encipherment\n"
            ),
            "{id}:\n{text}"
        );
        let wanted: Vec<String> = expected
            .alt_names()
            .to_string()
            .split(", ")
            .filter(|n| !n.is_empty())
            .map(str::to_owned)
            .collect();
        assert_eq!(openssl_alt_names(&text), wanted, "{id}");
        let of_certificate =
            openssl.run(folder.path(), &["x509", "-in", "leaf.pem", "-noout", "-pubkey"]).stdout;
        let of_key = openssl.run(folder.path(), &["pkey", "-in", "leaf.key", "-pubout"]);
        assert_eq!(of_certificate, of_key.stdout, "{id}: {of_key}");
        judged += 1;
    }
    if openssl.is_some() {
        assert_eq!(judged, pki.certificates().count());
    }
}

#[test]
fn ecdsa_p256() {
    judge(&cluster("{}"));
}

#[test]
fn ecdsa_p384_with_a_common_subject() {
    judge(&cluster(
        "{key: ecdsa-p384, subject: {country: JP, state: Tōkyō, locality: Chiyoda, organizationalUnit: System}}",
    ));
}

#[test]
fn rsa_2048_with_one_authority() {
    judge(&cluster(
        "{key: rsa-2048, authorities: single, apiServerSANs: ['*.k8s.example.com', 198.51.100.7]}",
    ));
}

#[test]
fn several_groups_stand_in_one_certificate() {
    use kboot_core::{CertificateAuthority, CertificateTemplate, PrivateKey, x509::KeyAlgorithm};
    let mut env = Env::system();
    let authority =
        CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse().unwrap(), &mut env)
            .unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let template = CertificateTemplate::client("jane".parse().unwrap())
        .with_group("dev".parse().unwrap())
        .with_group("ops".parse().unwrap())
        .with_group("日本".parse().unwrap());
    let certificate = authority.issue(&template, &key, "1y".parse().unwrap(), &mut env).unwrap();
    assert_eq!(certificate.facts().organizations, ["dev", "ops", "日本"]);
    let Some(openssl) = Oracle::find("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "leaf.pem", &certificate.to_pem());
    let subject = openssl.run(
        folder.path(),
        &["x509", "-in", "leaf.pem", "-noout", "-subject", "-nameopt", "utf8,sep_comma_plus"],
    );
    assert_eq!(subject.stdout.trim(), "subject=O=dev,O=ops,O=日本,CN=jane");
}

#[test]
fn nothing_outlives_its_authority() {
    use kboot_core::{CertificateAuthority, CertificateTemplate, PrivateKey, x509::KeyAlgorithm};
    let mut env = Env::system();
    let authority =
        CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "30d".parse().unwrap(), &mut env)
            .unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let template = CertificateTemplate::client("jane".parse().unwrap());
    let certificate = authority.issue(&template, &key, "1y".parse().unwrap(), &mut env).unwrap();
    assert_eq!(certificate.facts().validity, authority.certificate().facts().validity);
    // Past 2050 the encoding of times changes (RFC 5280, 4.1.2.5).
    let old = CertificateAuthority::create(
        "kubernetes",
        KeyAlgorithm::EcdsaP256,
        "100y".parse().unwrap(),
        &mut env,
    )
    .unwrap();
    let long = old.issue(&template, &key, "90y".parse().unwrap(), &mut env).unwrap();
    let Some(openssl) = Oracle::find("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "leaf.pem", &long.to_pem());
    let end = openssl
        .run(folder.path(), &["x509", "-in", "leaf.pem", "-noout", "-enddate", "-dateopt", "iso_8601"])
        .stdout;
    let wanted = long.facts().validity.not_after.to_string().replace('T', " ");
    assert_eq!(end.trim(), format!("notAfter={wanted}"));
}

#[test]
fn private_keys_are_kept_where_they_are_needed() {
    let spec = cluster("{}");
    let mut env = Env::system();
    let authorities = CaSet::create(&spec, &mut env).unwrap();
    let bundle = Bundle::render(&spec, &authorities.issue(&spec, &mut env).unwrap()).unwrap();
    // Everything is issued here, so no node signs anything.
    let keys_of = |bundle: &Bundle, node: &str| -> Vec<String> {
        let below = format!("nodes/{node}/");
        let paths = bundle.artifacts().iter().map(|artifact| artifact.path.as_str());
        paths.filter(|path| path.starts_with(&below) && path.ends_with("ca.key")).map(str::to_owned).collect()
    };
    assert_eq!(keys_of(&bundle, "master-1"), Vec::<String>::new());
    let signing: ClusterSpec = include_str!("../../../examples/three-masters.yaml").parse().unwrap();
    let authorities = CaSet::create(&signing, &mut env).unwrap();
    let bundle = Bundle::render(&signing, &authorities.issue(&signing, &mut env).unwrap()).unwrap();
    assert_eq!(keys_of(&bundle, "k8s-master-1"), ["nodes/k8s-master-1/etc/kubernetes/pki/ca.key"]);
}

#[test]
fn keys_are_read_in_every_form_that_openssl_writes() {
    use kboot_core::PrivateKey;
    let Some(openssl) = Oracle::find("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &str| {
        let verdict = openssl.run(folder.path(), &arguments.split(' ').collect::<Vec<_>>());
        assert!(verdict.accepted, "openssl {arguments}: {verdict}");
    };
    run("ecparam -name prime256v1 -genkey -out sec1-p256.pem"); // with EC PARAMETERS before it
    run("ecparam -name secp384r1 -genkey -noout -out sec1-p384.pem");
    run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out pkcs8-p256.pem");
    for bits in [2048, 3072, 4096] {
        run(&format!("genrsa -traditional -out pkcs1-{bits}.pem {bits}"));
        run(&format!("pkcs8 -topk8 -nocrypt -in pkcs1-{bits}.pem -out pkcs8-{bits}.pem"));
    }
    let mut read = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let key = PrivateKey::from_pem(&fs::read(&path).unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let public = openssl.run(folder.path(), &["pkey", "-in", &name, "-pubout"]).stdout;
        assert_eq!(key.public_key_pem(), public, "{name}");
        let written = key.to_pem().unwrap();
        let label = if name.contains("-p") { "EC PRIVATE KEY" } else { "RSA PRIVATE KEY" };
        assert!(written.expose_secret().starts_with(&format!("-----BEGIN {label}-----")), "{name}");
        read += 1;
    }
    assert_eq!(read, 9);
    run("genrsa -traditional -out weak.pem 1024");
    run("ecparam -name secp521r1 -genkey -noout -out p521.pem");
    run("genpkey -algorithm ed25519 -out ed25519.pem");
    for name in ["weak.pem", "p521.pem", "ed25519.pem"] {
        assert!(
            PrivateKey::from_pem(&fs::read(folder.path().join(name)).unwrap()).is_err(),
            "{name} was accepted"
        );
    }
}

#[test]
fn the_pin_is_the_one_that_kubeadm_documents() {
    use kboot_core::{CertificateAuthority, x509::KeyAlgorithm};
    let Some(openssl) = Oracle::find("openssl") else { return };
    let authority = CertificateAuthority::create(
        "kubernetes",
        KeyAlgorithm::EcdsaP256,
        "10y".parse().unwrap(),
        &mut Env::system(),
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "ca.pem", &authority.certificate().to_pem());
    for step in
        ["x509 -pubkey -noout -in ca.pem -out pub.pem", "pkey -pubin -in pub.pem -outform der -out pub.der"]
    {
        assert!(openssl.run(folder.path(), &step.split(' ').collect::<Vec<_>>()).accepted);
    }
    let digest = openssl.run(folder.path(), &["dgst", "-sha256", "-r", "pub.der"]).stdout;
    assert_eq!(authority.pin().to_string(), format!("sha256:{}", digest.split(' ').next().unwrap()));
}

/// The certificates that kubeadm does not make, spelt out; the others are held against kubeadm's own.
#[test]
fn certificates_that_upstream_leaves_to_others() {
    use Profile as Role;
    let spec = cluster("{}");
    let mut env = Env::system();
    let authorities = CaSet::create(&spec, &mut env).unwrap();
    let pki = authorities.issue(&spec, &mut env).unwrap();
    let master = spec.nodes()[0].name();
    let node_names = "DNS:master-1, IP:192.0.2.1, IP:2001:db8::1";
    let metrics_names = "DNS:metrics-server, DNS:metrics-server.kube-system, DNS:metrics-server.kube-system.svc, \
                         DNS:metrics-server.kube-system.svc.cluster.local";
    let of_node = |role| CertificateId::of_node(role, master);
    let mut left: BTreeSet<Role> = Role::ALL.iter().copied().collect();
    // Those of `kubeadm init phase certs` and `kubeconfig`, and those that nobody has without asking.
    for held_elsewhere in [
        Role::ApiServer,
        Role::ApiServerKubeletClient,
        Role::ApiServerEtcdClient,
        Role::FrontProxyClient,
        Role::EtcdServer,
        Role::EtcdPeer,
        Role::EtcdHealthcheckClient,
        Role::ControllerManager,
        Role::Scheduler,
        Role::Admin,
        Role::Kubelet,
        Role::Client,
        Role::Server,
        Role::Peer,
    ] {
        assert!(left.remove(&held_elsewhere), "{held_elsewhere}");
    }
    for (id, common_name, groups, names) in [
        (of_node(Role::KubeletClient), "system:node:master-1", &["system:nodes"][..], ""),
        (of_node(Role::KubeletServing), "system:node:master-1", &["system:nodes"], node_names),
        (CertificateId::of_cluster(Role::KubeProxy), "system:kube-proxy", &[], ""),
        (CertificateId::of_cluster(Role::MetricsServer), "metrics-server", &[], metrics_names),
        (CertificateId::of_cluster(Role::SuperAdmin), "kubernetes-super-admin", &["system:masters"], ""),
        (CertificateId::of_cluster(Role::NetworkEtcdClient), "network-plugin", &[], ""),
    ] {
        assert!(left.remove(&id.profile), "{id}");
        let facts = pki.get(&id).unwrap().certificate.facts();
        assert_eq!(
            (facts.common_name.as_str(), facts.organizations.as_slice()),
            (common_name, &groups.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>()[..]),
            "{id}"
        );
        assert_eq!(facts.alt_names.to_string(), names, "{id}");
    }
    assert!(left.is_empty(), "nothing is said of {left:?}");
}

#[test]
fn a_lifetime_is_counted_from_now() {
    use kboot_core::pki::PkiError;
    use kboot_core::{CertificateAuthority, CertificateTemplate, KeyAlgorithm, PrivateKey};
    let now = Env::system().now();
    let authority = CertificateAuthority::create(
        "kubernetes",
        KeyAlgorithm::EcdsaP256,
        "10y".parse().unwrap(),
        &mut Env::at(now),
    )
    .unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let template = CertificateTemplate::client("jane".parse().unwrap());
    let issue =
        |lifetime: &str, env: &mut Env| authority.issue(&template, &key, lifetime.parse().unwrap(), env);
    let short = issue("3m", &mut Env::at(now)).unwrap().facts().validity;
    assert_eq!((short.not_before.unix(), short.not_after.unix()), (now.unix() - 300, now.unix() + 180));
    assert_eq!(issue("0", &mut Env::at(now)).unwrap_err(), PkiError::EmptyValidity);
    let too_late = now.after("11y".parse().unwrap()).unwrap();
    assert_eq!(issue("1h", &mut Env::at(too_late)).unwrap_err(), PkiError::EmptyValidity);
}

/// The paths of the certificates that a bundle holds as files, with the id that each belongs to.
#[test]
fn every_certificate_reaches_its_file() {
    let spec = cluster("{}");
    let mut env = Env::system();
    let authorities = CaSet::create(&spec, &mut env).unwrap();
    let pki = authorities.issue(&spec, &mut env).unwrap();
    let bundle = Bundle::render(&spec, &pki).unwrap();
    let file = |path: &str| {
        let artifact = bundle.artifacts().iter().find(|artifact| artifact.path.as_str() == path);
        Certificate::from_pem(artifact.unwrap_or_else(|| panic!("{path} is missing")).content.expose_bytes())
            .unwrap()
    };
    let master = spec.nodes()[0].name();
    for (path, role) in [
        ("apiserver.crt", Profile::ApiServer),
        ("apiserver-kubelet-client.crt", Profile::ApiServerKubeletClient),
        ("apiserver-etcd-client.crt", Profile::ApiServerEtcdClient),
        ("front-proxy-client.crt", Profile::FrontProxyClient),
        ("etcd/server.crt", Profile::EtcdServer),
        ("etcd/peer.crt", Profile::EtcdPeer),
        ("etcd/healthcheck-client.crt", Profile::EtcdHealthcheckClient),
    ] {
        let issued = pki.get(&CertificateId::of_node(role, master)).unwrap();
        assert_eq!(file(&format!("nodes/master-1/etc/kubernetes/pki/{path}")), issued.certificate);
    }
    let serving = pki.get(&CertificateId::of_node(Profile::KubeletServing, master)).unwrap();
    assert_eq!(file("nodes/master-1/var/lib/kubelet/pki/kubelet.crt"), serving.certificate);
    let names: Vec<Host> = vec!["master-1".parse().unwrap()];
    assert_eq!(
        serving.certificate.facts().alt_names.dns(),
        names.iter().map(ToString::to_string).collect::<Vec<_>>()
    );
}
