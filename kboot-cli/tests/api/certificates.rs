//! `kboot ca`, `kboot cert`: authorities and certificates one at a time.

use std::fs;
use std::path::Path;

use crate::common::{built, json, kboot, kboot_with, mode, run, succeed, write};
use kboot_core::Env;
use kboot_core::{
    pki::{CertificateAuthority, Profile, ProfileOptions},
    x509::{Certificate, KeyAlgorithm},
};
use kboot_testkit::Oracle;
use serde_json::Value;

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn an_authority_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let made = succeed(folder, "ca create --out new/pki --country CH --organizational-unit platform");
    assert_eq!(made.stdout, "");
    let out = folder.join("new/pki");
    assert_eq!([mode(&out), mode(&out.join("ca.crt")), mode(&out.join("ca.key"))], [0o700, 0o644, 0o600]);
    assert_eq!(names_in(&out), ["ca.crt", "ca.key"]);
    let certificate = Certificate::from_pem(&fs::read(out.join("ca.crt")).unwrap()).unwrap();
    let facts = certificate.facts();
    assert_eq!(facts.subject, "C=CH, OU=platform, CN=kubernetes");
    assert_eq!(facts.validity.not_after.unix() - facts.validity.not_before.unix(), 10 * 365 * 86_400 + 300);

    let key = fs::read(out.join("ca.key")).unwrap();
    for _ in 0..2 {
        let again = kboot(folder, &["ca", "create", "--out", "new/pki"]);
        assert_eq!(again.code, Some(2));
        assert!(
            again.stderr.contains("is there already") && again.stderr.contains("kboot cert issue --ca"),
            "{}",
            again.stderr
        );
        assert_eq!(fs::read(out.join("ca.key")).unwrap(), key);
        fs::rename(out.join("ca.crt"), folder.join("moved")).ok();
    }
    assert_eq!(names_in(&out), ["ca.key"], "where one of the two is there, the other is not made");
    fs::create_dir(folder.join("half")).unwrap();
    fs::rename(folder.join("moved"), folder.join("half/ca.crt")).unwrap();
    assert_eq!(kboot(folder, &["ca", "create", "--out", "half"]).code, Some(2));
    assert_eq!(names_in(&folder.join("half")), ["ca.crt"], "nor the first without the second");

    write(&folder.join("ca-csr.json"), br#"{"CN": "Kubernetes", "key": {"algo": "rsa", "size": 2048}, "names": [{"C": "US", "O": "Kubernetes"}]}"#);
    succeed(folder, "ca create --out cfssl --cfssl-csr ca-csr.json --cfssljson-names");
    assert_eq!(names_in(&folder.join("cfssl")), ["ca-key.pem", "ca.pem"]);
    succeed(folder, "cert issue --ca cfssl --out cfssl --profile scheduler --cfssljson-names");
    succeed(
        folder,
        "cert verify cfssl/scheduler.pem --certificate-authority cfssl/ca.pem --usage client --key cfssl/scheduler-key.pem",
    );
}

/// What hand-install guides make, each by one command, before openssl.
#[test]
fn each_profile_makes_what_its_name_says() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeed(folder, "ca create --out pki");
    for (arguments, uses) in [
        ("kube-proxy", &["client of kube-apiserver as system:kube-proxy"][..]),
        ("controller-manager", &["client of kube-apiserver as system:kube-controller-manager"]),
        ("scheduler", &["client of kube-apiserver as system:kube-scheduler"]),
        ("admin", &["client of kube-apiserver as kubernetes-admin in kubeadm:cluster-admins"]),
        (
            "super-admin --allow-system-masters",
            &["client of kube-apiserver as kubernetes-super-admin in system:masters"],
        ),
        (
            "kubelet-client --node worker-1",
            &["client of kube-apiserver as system:node:worker-1 in system:nodes"],
        ),
        ("kubelet-serving --node worker-1 --san 192.168.5.21", &["server for DNS:worker-1, IP:192.168.5.21"]),
        (
            "kubelet --node worker-1 --san worker-1 --san 192.168.5.21 --lifetime 1000d",
            &[
                "client of kube-apiserver as system:node:worker-1 in system:nodes",
                "server for DNS:worker-1, IP:192.168.5.21",
            ],
        ),
        (
            "kubelet-client --node worker-1 --san worker-1,192.168.5.21 --usage client --usage server --lifetime 1000d --file-name both",
            &[
                "client of kube-apiserver as system:node:worker-1 in system:nodes",
                "server for DNS:worker-1, IP:192.168.5.21",
            ],
        ),
        (
            "apiserver --san 10.96.0.1 --san 192.0.2.1",
            &[
                "server for DNS:kubernetes, DNS:kubernetes.default, DNS:kubernetes.default.svc, IP:10.96.0.1, IP:192.0.2.1",
            ],
        ),
        (
            "etcd-peer --node etcd-1 --san 192.0.2.1",
            &[
                "client of kube-apiserver as etcd-1",
                "server for DNS:etcd-1, DNS:localhost, IP:192.0.2.1, IP:127.0.0.1, IP:::1",
            ],
        ),
        (
            "client --common-name jane --group dev --group ops",
            &["client of kube-apiserver as jane in dev, ops"],
        ),
        ("server --common-name web --san web.example", &["server for DNS:web.example"]),
        (
            "peer --common-name p --san 10.0.0.1 --key-algorithm rsa-2048",
            &["client of kube-apiserver as p", "server for IP:10.0.0.1"],
        ),
    ] {
        let profile = arguments.split(' ').next().unwrap();
        succeed(folder, &format!("cert issue --ca pki --out out --profile {arguments}"));
        let name = match profile {
            "client" => "jane",
            "server" => "web",
            "peer" => "p",
            _ if arguments.contains("--file-name") => "both",
            profile => profile,
        };
        let found = json(folder, &format!("cert inspect out/{name}.crt -o json"));
        assert_eq!(found[0]["uses"], serde_json::json!(uses), "{arguments}");
        assert_eq!(mode(&folder.join(format!("out/{name}.key"))), 0o600);
        if arguments.contains("1000d") {
            let pem = fs::read(folder.join(format!("out/{name}.crt"))).unwrap();
            let validity = Certificate::from_pem(&pem).unwrap().facts().validity;
            assert_eq!(validity.not_after.unix() - validity.not_before.unix(), 1000 * 86_400 + 300);
        }
        succeed(
            folder,
            &format!("cert verify out/{name}.crt --certificate-authority pki/ca.crt --key out/{name}.key"),
        );
        if let Some(openssl) = Oracle::find("openssl") {
            let path = format!("out/{name}.crt");
            let verdict = openssl.run(folder, &["verify", "-CAfile", "pki/ca.crt", &path]);
            assert!(verdict.accepted, "{arguments}: {verdict}");
        }
    }
}

#[test]
fn the_authority_is_found_where_a_cluster_has_it() {
    let folder = built();
    let folder = folder.path();
    for (profile, issuer) in [
        ("kube-proxy", "kubernetes"),
        ("apiserver-etcd-client", "etcd-ca"),
        ("front-proxy-client", "front-proxy-ca"),
    ] {
        succeed(folder, &format!("cert issue --ca out/authorities --out made --profile {profile}"));
        let found = json(folder, &format!("cert inspect made/{profile}.crt -o json"));
        assert_eq!(found[0]["issuer"], format!("CN={issuer}"));
    }
    // What a node gets is read whole, kubeconfigs included.
    let all = json(folder, "cert inspect out/nodes/one -o json");
    let kinds = |kind: &str| all.as_array().unwrap().iter().filter(|entry| entry["kind"] == kind).count();
    assert!(
        kinds("Certificate") > 10 && kinds("PrivateKey") > 8,
        "{} {}",
        kinds("Certificate"),
        kinds("PrivateKey")
    );
    let embedded = |entry: &&Value| entry["path"].as_str().unwrap().contains("client-certificate-data");
    assert!(all.as_array().unwrap().iter().filter(embedded).count() >= 2);
}

#[test]
fn cfssls_files_make_cfssls_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeed(folder, "ca create --out pki");
    write(
        &folder.join("kube-proxy-csr.json"),
        br#"{"CN": "system:kube-proxy", "hosts": [], "key": {"algo": "rsa", "size": 2048},
        "names": [{"C": "CN", "ST": "BeiJing", "L": "BeiJing", "O": "k8s", "OU": "System"}]}"#,
    );
    write(&folder.join("ca-config.json"), br#"{"signing": {"default": {"expiry": "87600h"}, "profiles": {
        "kubernetes": {"usages": ["signing", "key encipherment", "server auth", "client auth"], "expiry": "87600h"},
        "century": {"usages": ["signing", "client auth"], "expiry": "876000h"}}}}"#);
    let issue = "cert issue --ca pki --out out --cfssl-csr kube-proxy-csr.json --cfssl-config ca-config.json";
    let made = succeed(folder, &format!("{issue} --cfssl-profile kubernetes --cfssljson-names"));
    assert_eq!(names_in(&folder.join("out")), ["kube-proxy-key.pem", "kube-proxy.pem"]);
    let found = json(folder, "cert inspect out/kube-proxy.pem -o json");
    assert_eq!(found[0]["subject"], "C=CN, ST=BeiJing, L=BeiJing, O=k8s, OU=System, CN=system:kube-proxy");
    assert_eq!(found[0]["key"], "RSA 2048");
    assert!(made.stderr.contains("kube-proxy.pem"), "{}", made.stderr);
    succeed(
        folder,
        &format!("{issue} --cfssl-profile kubernetes --san 10.0.0.1,proxy --file-name with-names"),
    );
    let found = json(folder, "cert inspect out/with-names.crt -o json");
    assert_eq!(found[0]["uses"][1], "server for DNS:proxy, IP:10.0.0.1");
    succeed(
        folder,
        "cert issue --ca pki --out out --cfssl-csr kube-proxy-csr.json --lifetime 30d --file-name short",
    );

    let too_long = run(folder, &format!("{issue} --cfssl-profile century --file-name x"));
    assert_eq!(too_long.code, Some(2));
    assert!(
        too_long
            .stderr
            .contains("ca-config.json: signing.profiles.century.expiry: a lifetime of 100y is longer"),
        "{}",
        too_long.stderr
    );
    let masters = br#"{"CN": "admin", "names": [{"O": "system:masters"}]}"#;
    let arguments = ["cert", "issue", "--ca", "pki", "--out", "out", "--cfssl-csr", "-"];
    let refused = kboot_with(folder, &[&arguments[..], &["--file-name", "admin"]].concat(), masters);
    assert!(
        refused.code == Some(2) && refused.stderr.contains("--allow-system-masters"),
        "{}",
        refused.stderr
    );
    let unnamed = kboot_with(folder, &arguments, br#"{"CN": "x"}"#);
    assert!(unnamed.code == Some(2) && unnamed.stderr.contains("--file-name"), "{}", unnamed.stderr);
    let allowed = kboot_with(
        folder,
        &[&arguments[..], &["--file-name", "admin", "--allow-system-masters"]].concat(),
        masters,
    );
    assert_eq!(allowed.code, Some(0), "{}", allowed.stderr);
}

/// An authority that ends sooner than the certificate would: the certificate ends with it, and kboot says so.
#[test]
fn a_certificate_ends_with_its_authority() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("pki")).unwrap();
    let ago = Env::system().now().before("5d".parse().unwrap()).unwrap();
    let authority = CertificateAuthority::create(
        "old",
        KeyAlgorithm::EcdsaP256,
        "10d".parse().unwrap(),
        &mut Env::at(ago),
    )
    .unwrap();
    write(&folder.join("pki/ca.crt"), authority.certificate().to_pem().as_bytes());
    write(&folder.join("pki/ca.key"), authority.key().to_pem().unwrap().expose_secret().as_bytes());
    let made = succeed(folder, "cert issue --ca pki --out out --profile scheduler --lifetime 9d");
    assert!(
        made.stderr.contains("note: a lifetime of 9d would have outlived the authority"),
        "{}",
        made.stderr
    );
    let found = json(folder, "cert inspect out/scheduler.crt -o json");
    assert_eq!(found[0]["notAfter"], authority.validity().not_after.to_string());
}

#[test]
fn what_is_wrong_is_said_and_nothing_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeed(folder, "ca create --out pki");
    succeed(folder, "cert issue --ca pki --out pki --profile scheduler");
    let pem = fs::read(folder.join("pki/scheduler.crt")).unwrap();
    let make = |name: &str, certificate: &[u8], key: &[u8]| {
        fs::create_dir(folder.join(name)).unwrap();
        write(&folder.join(name).join("ca.crt"), certificate);
        write(&folder.join(name).join("ca.key"), key);
    };
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    make("mismatch", &read("pki/ca.crt"), &read("pki/scheduler.key"));
    make("leaf", &pem, &read("pki/scheduler.key"));
    make("no-key", &read("pki/ca.crt"), b"");
    make("key-as-certificate", &read("pki/ca.key"), &read("pki/ca.key"));
    make("two", &[read("pki/ca.crt"), read("pki/ca.crt")].concat(), &read("pki/ca.key"));
    let long_ago = Env::system().now().before("2d".parse().unwrap()).unwrap();
    let expired = CertificateAuthority::create(
        "old",
        KeyAlgorithm::EcdsaP256,
        "1d".parse().unwrap(),
        &mut Env::at(long_ago),
    )
    .unwrap();
    make(
        "expired",
        expired.certificate().to_pem().as_bytes(),
        expired.key().to_pem().unwrap().expose_secret().as_bytes(),
    );
    fs::create_dir(folder.join("empty")).unwrap();
    write(&folder.join("misspelt.json"), br#"{"CN": "a", "host": ["b"]}"#);
    write(
        &folder.join("century.json"),
        br#"{"signing": {"default": {"usages": ["signing", "client auth"], "expiry": "876000h"}}}"#,
    );
    write(&folder.join("good.json"), br#"{"CN": "a"}"#);
    write(&folder.join("empty.json"), b"");
    write(&folder.join("garbage.crt"), &[&pem[..], b"\0garbage"].concat());
    write(&folder.join("empty.crt"), b"");
    write(&folder.join("huge.crt"), &vec![b'x'; 2 * 1024 * 1024]);
    for (arguments, said) in [
        (
            "cert issue --ca mismatch --out out --profile scheduler",
            "mismatch/ca.crt: the private key does not belong",
        ),
        ("cert issue --ca leaf --out out --profile scheduler", "is not a certificate authority"),
        ("cert issue --ca no-key --out out --profile scheduler", "no-key/ca.key: no private key found"),
        ("cert issue --ca key-as-certificate --out out --profile scheduler", "ca.crt: no certificate found"),
        ("cert issue --ca two --out out --profile scheduler", "2 certificates found"),
        ("cert issue --ca expired --out out --profile scheduler", "is valid from"),
        ("cert issue --ca empty --out out --profile scheduler", "holds no authority"),
        ("cert issue --ca missing --out out --profile scheduler", "holds no authority"),
        ("cert issue --ca pki --out pki --profile scheduler", "is there already and is not overwritten"),
        ("cert issue --ca pki --out pki/ca.crt --profile scheduler", "cannot"),
        ("cert issue --ca pki --out out --profile schedular", "is not a profile: use apiserver"),
        ("cert issue --ca pki --out out", "required"),
        ("cert issue --ca pki --out out --profile kubelet", "say which"),
        ("cert issue --ca pki --out out --profile kube-proxy --node a", "no node in particular"),
        ("cert issue --ca pki --out out --profile kube-proxy --common-name a", "common name of its own"),
        ("cert issue --ca pki --out out --profile client", "needs a common name"),
        ("cert issue --ca pki --out out --profile apiserver", "give the names"),
        ("cert issue --ca pki --out out --profile server --common-name a", "give the names"),
        ("cert issue --ca pki --out out --profile client --common-name a/b", "cannot be a file's name"),
        (
            "cert issue --ca pki --out out --profile client --common-name a --file-name ../b",
            "cannot be a file's name",
        ),
        ("cert issue --ca pki --out out --profile super-admin", "--allow-system-masters"),
        (
            "cert issue --ca pki --out out --profile kube-proxy --group system:masters",
            "--allow-system-masters",
        ),
        (
            "cert issue --ca pki --out out --profile scheduler --lifetime 20y",
            "--lifetime: a lifetime of 20y is longer",
        ),
        (
            "cert issue --ca pki --out out --profile scheduler --lifetime 0",
            "not be valid for a single second",
        ),
        (
            "cert issue --ca pki --out out --profile server --common-name a --san A_B",
            "not an alternative name",
        ),
        (
            "cert issue --ca pki --out out --cfssl-csr misspelt.json",
            "misspelt.json: host: unknown field; did you mean hosts?",
        ),
        ("cert issue --ca pki --out out --cfssl-csr empty.json", "empty.json: not readable as JSON"),
        (
            "cert issue --ca pki --out out --cfssl-csr good.json --cfssl-config century.json",
            "century.json: signing.default.expiry: a lifetime of 100y",
        ),
        ("cert issue --ca pki --out out --cfssl-csr good.json --profile scheduler", "cannot be used with"),
        ("cert issue --ca pki --out out --cfssl-csr good.json --group g", "cannot be used with"),
        ("ca create --out out --country Switzerland", "--country must be two capital letters"),
        ("ca create --out out --lifetime 0", "not be valid for a single second"),
        ("ca create --out out --key-algorithm dsa", "is not a key algorithm"),
        ("ca create --out out --cfssl-csr misspelt.json", "misspelt.json: host"),
        ("cert inspect garbage.crt", "garbage.crt: no certificate"),
        (
            "cert inspect empty.crt",
            "empty.crt: no certificate, certificate request, key or kubeconfig: the file is empty",
        ),
        ("cert inspect huge.crt", "huge.crt is larger than 1024 KiB"),
        ("cert inspect missing.crt", "cannot read missing.crt"),
        ("cert inspect empty", "empty holds no certificate"),
        ("cert verify empty.crt --certificate-authority pki/ca.crt", "the file is empty"),
        ("cert verify pki/scheduler.key --certificate-authority pki/ca.crt", "no certificate found"),
        ("cert verify pki/scheduler.crt --certificate-authority garbage.crt", "garbage.crt: "),
        (
            "cert verify pki/scheduler.crt --certificate-authority pki/ca.crt --key pki/ca.crt",
            "no private key found",
        ),
        ("cert expiry empty", "holds no certificate"),
        ("cert expiry missing", "cannot read missing"),
    ] {
        let before = names_in(folder);
        let outcome = run(folder, arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{arguments}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(said), "{arguments}: {}", outcome.stderr);
        assert!(
            !outcome.stderr.contains("PRIVATE") || said.contains("key found"),
            "{arguments}: {}",
            outcome.stderr
        );
        assert_eq!(names_in(folder), before, "{arguments}");
    }
}

#[test]
fn inspection_never_shows_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeed(folder, "ca create --out pki");
    let secret = fs::read_to_string(folder.join("pki/ca.key")).unwrap();
    for form in ["table", "json", "yaml"] {
        let outcome = succeed(folder, &format!("cert inspect pki -o {form}"));
        let shown = outcome.stdout + &outcome.stderr;
        assert!(
            secret.lines().filter(|line| !line.starts_with("---")).all(|line| !shown.contains(line)),
            "{form}"
        );
        assert!(shown.contains("ecdsa-p256"), "{form}");
    }
    // A name that would rewrite the terminal stays on its line.
    let mut env = Env::system();
    let authority =
        CertificateAuthority::create("a", KeyAlgorithm::EcdsaP256, "1d".parse().unwrap(), &mut env).unwrap();
    let mut der = authority.certificate().der().to_vec();
    let at = der.windows(3).position(|window| window == [0x13, 1, b'a']).unwrap();
    der[at] = 0x0c;
    der[at + 2] = 0x1b;
    write(&folder.join("odd.der"), &der);
    for form in ["table", "json", "yaml"] {
        let outcome = succeed(folder, &format!("cert inspect odd.der -o {form}"));
        assert!(!outcome.stdout.contains('\u{1b}'), "{form}: {:?}", outcome.stdout);
    }
}

#[test]
fn verification_answers_by_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeed(folder, "ca create --out pki");
    succeed(folder, "ca create --out other");
    succeed(folder, "cert issue --ca pki --out out --profile server --common-name a --san a.example");
    succeed(folder, "cert issue --ca pki --out out --profile scheduler");
    for (arguments, code, said) in [
        ("out/a.crt --certificate-authority pki/ca.crt", 0, "valid until"),
        (
            "out/a.crt --certificate-authority pki/ca.crt --usage server --server-name a.example --key out/a.key",
            0,
            "valid until",
        ),
        (
            "out/a.crt --certificate-authority pki/ca.crt --usage client",
            1,
            "not valid: its usages do not allow it to be a client",
        ),
        ("out/a.crt --certificate-authority pki/ca.crt --usage server --usage client", 1, "to be a client"),
        (
            "out/a.crt --certificate-authority pki/ca.crt --server-name b.example",
            1,
            "it is not for b.example",
        ),
        (
            "out/a.crt --certificate-authority pki/ca.crt --key out/scheduler.key",
            1,
            "out/scheduler.key does not belong to it",
        ),
        ("out/a.crt --certificate-authority other/ca.crt", 1, "not valid"),
        ("out/a.crt --certificate-authority out/scheduler.crt", 1, "may not sign certificates"),
    ] {
        let arguments = format!("cert verify {arguments}");
        let outcome = run(folder, &arguments);
        assert_eq!(outcome.code, Some(code), "{arguments}: {}{}", outcome.stdout, outcome.stderr);
        assert!(outcome.stdout.contains(said), "{arguments}: {}", outcome.stdout);
        let outcome = run(folder, &format!("{arguments} -o json"));
        let answer: Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!((answer["valid"] == true, outcome.code), (code == 0, Some(code)));
    }
    let pem = fs::read(folder.join("out/a.crt")).unwrap();
    assert_eq!(
        kboot_with(folder, &["cert", "verify", "-", "--certificate-authority", "pki/ca.crt"], &pem).code,
        Some(0)
    );
}

#[test]
fn a_profile_of_the_library_is_one_of_the_commands() {
    let help = kboot(Path::new("."), &["cert", "issue", "--help"]).stdout;
    let words: Vec<_> = help.split(|c: char| !(c.is_alphanumeric() || c == '-')).collect();
    for profile in Profile::ALL {
        assert!(words.contains(&profile.as_str()), "{profile} is missing in --help");
    }
    let mut options = ProfileOptions::default();
    options.node = Some("a".parse().unwrap());
    assert!(Profile::Kubelet.template(&options).is_ok());
}
