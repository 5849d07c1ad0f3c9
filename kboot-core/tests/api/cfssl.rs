//! cfssl's files, read as cfssl reads them; the certificates that come of them, beside cfssl's own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::common::write;
use kboot_core::{CertificateAuthority, Env};
use kboot_core::{
    pki::{CfsslRequest, PkiError, SigningProfile},
    x509::PrivateKey,
};
use kboot_testkit::Oracle;

/// As guides write it, and a profile each for servers and clients.
const CONFIG: &str = r#"{
  "signing": {
    "default": {"expiry": "87600h"},
    "profiles": {
      "kubernetes": {
        "usages": ["signing", "key encipherment", "server auth", "client auth"],
        "expiry": "87600h"
      },
      "server": {"usages": ["signing", "key encipherment", "server auth"], "expiry": "8760h"},
      "client": {"usages": ["digital signature", "client auth"], "expiry": "1h30m"}
    }
  }
}"#;

const AUTHORITIES: [&str; 3] = [
    r#"{"CN": "kubernetes", "key": {"algo": "rsa", "size": 2048}, "ca": {"expiry": "175200h"},
        "names": [{"C": "CN", "ST": "BeiJing", "L": "BeiJing", "O": "k8s", "OU": "System"}]}"#,
    r#"{"CN": "Kubernetes", "key": {"algo": "ecdsa", "size": 256},
        "names": [{"C": "US", "L": "Portland", "O": "Kubernetes", "OU": "CA", "ST": "Oregon"}]}"#,
    r#"{"CN": "etcd", "key": {"algo": "rsa", "size": 4096}, "hosts": [],
        "ca": {"expiry": "175200h", "pathlen": 0, "pathlenzero": true}}"#,
];

/// The authority, the request, the profile.
const LEAVES: [(usize, &str, Option<&str>); 6] = [
    (
        0,
        r#"{"CN": "system:kube-proxy", "hosts": [], "key": {"algo": "rsa", "size": 2048},
            "names": [{"C": "CN", "ST": "BeiJing", "L": "BeiJing", "O": "k8s", "OU": "System"}]}"#,
        Some("kubernetes"),
    ),
    (
        0,
        r#"{"CN": "kubernetes", "key": {"algo": "ecdsa", "size": 256}, "names": [{"C": "US", "O": "Kubernetes"}],
            "hosts": ["10.32.0.1", "127.0.0.1", "kubernetes", "kubernetes.default", "fd00::1", "kubernetes.default.svc.cluster.local"]}"#,
        Some("server"),
    ),
    (
        1,
        r#"{"CN": "jane", "key": {"algo": "ecdsa", "size": 384}, "serialnumber": "7",
            "names": [{"O": "ops", "OU": "a", "L": "Zürich"}, {"O": "dev", "OU": "b"}, {"O": "an auditor", "C": "CH"}]}"#,
        Some("client"),
    ),
    (
        2,
        r#"{"CN": "etcd-1", "hosts": ["192.0.2.1"], "key": {"algo": "rsa", "size": 4096}}"#,
        Some("kubernetes"),
    ),
    (0, r#"{"cn": "no configuration", "Names": [{"o": "g"}], "ca": null}"#, None),
    (0, r#"{"CN": "an empty host", "hosts": [""]}"#, Some("client")),
];

/// What differs from cfssl's certificates, and why.
const DIFFERENCES: [(&str, &str, &str); 7] = [
    (
        "authority",
        "key usage",
        "as kubeadm: also digital signature and key encipherment, but no CRL sign, because no component reads a CRL",
    ),
    ("authority", "alternative names", "as kubeadm: the common name, where it is a DNS name"),
    ("authority", "signature", "SHA-256 for every RSA key; cfssl takes SHA-512 for 4096 bits"),
    ("leaf", "signature", "SHA-256 for every RSA key; cfssl takes SHA-512 for 4096 bits"),
    ("leaf", "subject key identifier", "as kubeadm: only an authority has one"),
    ("leaf", "alternative names", "an empty host is left out; cfssl writes an empty DNS name"),
    (
        "leaf and authority",
        "life",
        "the life asked for begins now, after five minutes of backdating; cfssl's ends five minutes early",
    ),
];

/// What openssl reads from a certificate.
fn properties(openssl: &Oracle, folder: &Path, file: &str) -> BTreeMap<&'static str, String> {
    let run = |arguments: &[&str]| {
        let verdict = openssl.run(folder, &[&["x509", "-in", file, "-noout"], arguments].concat());
        assert!(verdict.accepted, "{file}: {verdict}");
        verdict.stdout
    };
    let text = run(&["-text"]);
    let line = |start: &str| {
        let found = text.lines().map(str::trim).find(|line| line.starts_with(start));
        found.unwrap_or_default().to_owned()
    };
    let extension = |name: &str| run(&["-ext", name]);
    let seconds = |flag: &str| {
        let date = run(&[flag, "-dateopt", "iso_8601"]);
        let date = date.trim().split_once('=').unwrap().1.replace(' ', "T");
        date.parse::<kboot_core::time::Timestamp>().unwrap().unix()
    };
    let names = |text: String| {
        let mut names: Vec<_> = text
            .lines()
            .skip(1)
            .flat_map(|line| line.split(", "))
            .map(|name| name.trim().to_owned())
            .collect();
        names.sort();
        names.join(", ")
    };
    BTreeMap::from([
        ("subject", run(&["-subject", "-nameopt", "RFC2253"])),
        ("issuer", run(&["-issuer", "-nameopt", "RFC2253"])),
        ("alternative names", names(extension("subjectAltName"))),
        ("key usage", extension("keyUsage")),
        ("extended key usage", extension("extendedKeyUsage")),
        ("basic constraints", extension("basicConstraints")),
        ("key", line("Public Key Algorithm") + &line("Public-Key") + &line("NIST CURVE")),
        ("signature", line("Signature Algorithm")),
        ("subject key identifier", text.contains("X509v3 Subject Key Identifier").to_string()),
        ("authority key identifier", text.contains("X509v3 Authority Key Identifier").to_string()),
        ("life", (seconds("-enddate") - seconds("-startdate")).to_string()),
    ])
}

fn run(oracle: &Oracle, folder: &Path, arguments: &[&str]) -> String {
    let verdict = oracle.run(folder, arguments);
    assert!(verdict.accepted, "{arguments:?}: {verdict}");
    verdict.stdout
}

#[test]
fn certificates_are_those_of_cfssl_but_for_what_is_listed() {
    let (Some(cfssl), Some(cfssljson), Some(openssl)) =
        (Oracle::find("cfssl"), Oracle::find("cfssljson"), Oracle::find("openssl"))
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut env = Env::system();
    let mut found = BTreeSet::new();
    let mut compare = |kind: &'static str, name: &str| {
        let theirs = properties(&openssl, folder, &format!("{name}.pem"));
        let ours = properties(&openssl, folder, &format!("{name}.kboot"));
        for (property, theirs) in &theirs {
            if *property == "life" {
                let (theirs, ours): (i64, i64) = (theirs.parse().unwrap(), ours["life"].parse().unwrap());
                assert_eq!(ours, theirs + 300, "{name}");
            } else if ours[property] != *theirs {
                let is_listed = DIFFERENCES.iter().any(|(k, p, _)| *k == kind && p == property);
                assert!(is_listed, "{name}: {property} is {:?}, cfssl's {theirs:?}", ours[property]);
                found.insert((kind, *property));
            }
        }
    };
    write(folder, "config.json", CONFIG);
    let mut authorities = Vec::new();
    for (i, request) in AUTHORITIES.into_iter().enumerate() {
        let name = format!("ca{i}");
        write(folder, &format!("{name}.json"), request);
        write(folder, "out.json", &run(&cfssl, folder, &["gencert", "-initca", &format!("{name}.json")]));
        run(&cfssljson, folder, &["-f", "out.json", "-bare", &name]);
        let authority =
            CfsslRequest::from_json(request.as_bytes()).unwrap().create_authority(&mut env).unwrap();
        write(folder, &format!("{name}.kboot"), &authority.certificate().to_pem());
        compare("authority", &name);
        authorities.push(authority);
    }
    for (i, (authority, request, profile)) in LEAVES.into_iter().enumerate() {
        let name = format!("leaf{i}");
        write(folder, &format!("{name}.json"), request);
        let (certificate, key) = (format!("ca{authority}.pem"), format!("ca{authority}-key.pem"));
        let mut arguments = vec!["gencert", "-ca", &certificate, "-ca-key", &key];
        if let Some(profile) = profile {
            arguments.extend(["-config", "config.json", "-profile", profile]);
        }
        let file = format!("{name}.json");
        arguments.push(&file);
        write(folder, "out.json", &run(&cfssl, folder, &arguments));
        run(&cfssljson, folder, &["-f", "out.json", "-bare", &name]);
        let request = CfsslRequest::from_json(request.as_bytes()).unwrap();
        let profile = match profile {
            Some(_) => SigningProfile::from_json(CONFIG.as_bytes(), profile).unwrap(),
            None => SigningProfile::default(),
        };
        let key = PrivateKey::generate(request.key).unwrap();
        let template = request.template(&profile).unwrap();
        let certificate = authorities[authority].issue(&template, &key, profile.lifetime, &mut env).unwrap();
        write(folder, &format!("{name}.kboot"), &certificate.to_pem());
        compare("leaf", &name);
    }
    let listed: BTreeSet<_> = DIFFERENCES
        .into_iter()
        .filter(|(kind, _, _)| *kind != "leaf and authority")
        .map(|(kind, property, _)| (kind, property))
        .collect();
    assert_eq!(found, listed, "every difference that is listed is there");
}

/// cfssl itself signs what nothing accepts once the authority is gone.
#[test]
fn nothing_outlives_its_authority_though_cfssl_lets_it() {
    let mut env = Env::system();
    let authority =
        CfsslRequest::from_json(AUTHORITIES[1].as_bytes()).unwrap().create_authority(&mut env).unwrap();
    let profile = SigningProfile::from_json(CONFIG.as_bytes(), Some("kubernetes")).unwrap();
    let refused = authority.check_lifetime(profile.lifetime).unwrap_err();
    assert!(matches!(refused, PkiError::OutlivesAuthority { .. }), "{refused}");
    assert!(authority.check_lifetime("5y".parse().unwrap()).is_ok());

    let (Some(cfssl), Some(openssl)) = (Oracle::find("cfssl"), Oracle::find("openssl")) else { return };
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "config.json", CONFIG);
    write(folder.path(), "leaf.json", LEAVES[0].1);
    write(folder.path(), "ca.pem", &authority.certificate().to_pem());
    write(folder.path(), "ca-key.pem", authority.key().to_pem().unwrap().expose_secret());
    let arguments = [
        "gencert",
        "-ca",
        "ca.pem",
        "-ca-key",
        "ca-key.pem",
        "-config",
        "config.json",
        "-profile",
        "kubernetes",
        "leaf.json",
    ];
    let out: serde_json::Value = serde_json::from_str(&run(&cfssl, folder.path(), &arguments)).unwrap();
    write(folder.path(), "leaf.pem", out["cert"].as_str().unwrap());
    let life = properties(&openssl, folder.path(), "leaf.pem")["life"].clone();
    assert_eq!(life, (87600 * 3600).to_string(), "cfssl gives ten years under an authority of five");
}

#[test]
fn what_is_wrong_with_a_request_is_named() {
    for (json, path, problem) in [
        ("", "", "not readable as JSON"),
        ("{\"CN\": \"a\"} x", "", "trailing characters"),
        ("{\"CN\": \"a\"", "", "EOF"),
        ("[]", "", "must be an object"),
        ("null", "", "must be an object"),
        ("{}", "CN", "is missing"),
        (r#"{"CN": ""}"#, "CN", "is missing"),
        (r#"{"CN": 1}"#, "CN", "must be a text"),
        (r#"{"CN": "a", "cn": "b"}"#, "cn", "stands there twice"),
        (r#"{"CN": "a", "expire": "1h"}"#, "expire", "unknown field"),
        (r#"{"CN": "a", "name": []}"#, "name", "did you mean names?"),
        (r#"{"CN": "a\nb"}"#, "CN", "control characters"),
        (r#"{"CN": "a", "names": {"O": "x"}}"#, "names", "must be a list"),
        (r#"{"CN": "a", "names": [{"O": "x"}, {"CN": "b"}]}"#, "names[1].CN", "unknown field"),
        (r#"{"CN": "a", "names": [{"O": " x"}]}"#, "names[0].O", "is not a group"),
        (r#"{"CN": "a", "names": [{"C": "China"}]}"#, "names[0].C", "two letters"),
        (r#"{"CN": "a", "names": [{"SerialNumber": "1"}]}"#, "names[0].SerialNumber", "beside CN"),
        (r#"{"CN": "a", "hosts": "b"}"#, "hosts", "must be a list"),
        (r#"{"CN": "a", "hosts": ["ok", "jane@example.com"]}"#, "hosts[1]", "e-mail address"),
        (r#"{"CN": "a", "hosts": ["https://example.com/"]}"#, "hosts[0]", "is a URI"),
        (r#"{"CN": "a", "hosts": ["Foo.Example"]}"#, "hosts[0]", "lower-case"),
        (r#"{"CN": "a", "hosts": ["192.168.5.256"]}"#, "hosts[0]", "IP address"),
        (r#"{"CN": "a", "key": {"algo": "rsa"}}"#, "key.size", "2048, 3072 or 4096"),
        (r#"{"CN": "a", "key": {"algo": "rsa", "size": 1024}}"#, "key.size", "2048"),
        (r#"{"CN": "a", "key": {"algo": "ecdsa", "size": 521}}"#, "key.size", "256 or 384"),
        (r#"{"CN": "a", "key": {"algo": "ed25519"}}"#, "key.algo", "ecdsa or rsa"),
        (r#"{"CN": "a", "key": {"size": 25.6}}"#, "key.size", "whole number"),
        (r#"{"CN": "a", "ca": {"expiry": "10y"}}"#, "ca.expiry", "write hours"),
        (r#"{"CN": "a", "ca": {"expiry": "-1h"}}"#, "ca.expiry", "write hours"),
        (r#"{"CN": "a", "ca": {"expiry": "0h"}}"#, "ca.expiry", "no time at all"),
        (r#"{"CN": "a", "ca": {"expiry": "99999999h"}}"#, "ca.expiry", "write hours"),
        (r#"{"CN": "a", "ca": {"pathlen": -1}}"#, "ca.pathlen", "0 to 255"),
        (r#"{"CN": "a", "ca": {"pathlen": 1, "pathlenzero": true}}"#, "ca.pathlenzero", "contradicts"),
        (r#"{"CN": "a", "ca": {"backdate": "1h"}}"#, "ca.backdate", "five minutes"),
        (r#"{"CN": "a", "extensions": [{"id": [1]}]}"#, "extensions", "is not supported"),
    ] {
        let error = CfsslRequest::from_json(json.as_bytes()).expect_err(json);
        assert_eq!(error.path, path, "{json}: {error}");
        assert!(error.problem.contains(problem), "{json}: {error}");
    }
    let deep = "[".repeat(100_000);
    assert!(CfsslRequest::from_json(deep.as_bytes()).is_err());
    let empty = r#"{"CN": "a", "extensions": [], "delegation_enabled": false, "crl_url": ""}"#;
    assert!(CfsslRequest::from_json(empty.as_bytes()).is_ok(), "what says nothing does no harm");
    let of_authority = CfsslRequest::from_json(AUTHORITIES[0].as_bytes()).unwrap();
    assert_eq!(of_authority.template(&SigningProfile::default()).unwrap_err().path, "ca");
    let with_hosts = br#"{"CN": "a", "hosts": ["10.0.0.1"]}"#;
    let refused =
        CfsslRequest::from_json(with_hosts).unwrap().create_authority(&mut Env::system()).unwrap_err();
    assert!(refused.to_string().starts_with("hosts: "), "{refused}");
}

#[test]
fn what_is_wrong_with_a_configuration_is_named() {
    let profile = |fields: &str| format!(r#"{{"signing": {{"profiles": {{"p": {{{fields}}}}}}}}}"#);
    let good = r#""usages": ["signing", "client auth"], "expiry": "1h""#;
    assert!(SigningProfile::from_json(profile(good).as_bytes(), Some("p")).is_ok());
    let with = |field: &str| profile(&format!("{good}, {field}"));
    for (json, path, problem) in [
        ("{}".to_owned(), "signing", "is missing"),
        (r#"{"signing": {}}"#.to_owned(), "signing.profiles.p", "is not there"),
        (r#"{"signing": {"profile": {}}}"#.to_owned(), "signing.profile", "did you mean profiles?"),
        (with(r#""expire": "2h""#), "signing.profiles.p.expire", "did you mean expiry?"),
        (with(r#""Expiry": "2h""#), "signing.profiles.p.Expiry", "twice"),
        (with(r#""auth_key": "k""#), "signing.profiles.p.auth_key", "is not supported"),
        (with(r#""remote": "r""#), "signing.profiles.p.remote", "is not supported"),
        (with(r#""crl_url": "http://x""#), "signing.profiles.p.crl_url", "is not supported"),
        (with(r#""policies": [{"ID": "1.2"}]"#), "signing.profiles.p.policies", "is not supported"),
        (with(r#""name_whitelist": "x""#), "signing.profiles.p.name_whitelist", "is not supported"),
        (with(r#""ocsp_no_check": true"#), "signing.profiles.p.ocsp_no_check", "is not supported"),
        (with(r#""ca_constraint": {"is_ca": true}"#), "signing.profiles.p", "makes an authority"),
        (with(r#""is_ca": true"#), "signing.profiles.p", "makes an authority"),
        (with(r#""backdate": "48h""#), "signing.profiles.p.backdate", "five minutes"),
        (profile(r#""usages": ["signing", "client auth"]"#), "signing.profiles.p.expiry", "is missing"),
        (profile(r#""expiry": "1h""#), "signing.profiles.p.usages", "must hold server auth"),
        (
            profile(r#""usages": ["signing", "key encipherment"], "expiry": "1h""#),
            "signing.profiles.p.usages",
            "must hold server auth",
        ),
        (
            profile(r#""usages": ["key encipherment", "server auth"], "expiry": "1h""#),
            "signing.profiles.p.usages",
            "must hold signing",
        ),
        (
            profile(r#""usages": ["signing", "cert sign", "client auth"], "expiry": "1h""#),
            "signing.profiles.p.usages[1]",
            "authorities alone",
        ),
        (
            profile(r#""usages": ["signing", "digital signing", "client auth"], "expiry": "1h""#),
            "signing.profiles.p.usages[1]",
            "not a usage that cfssl knows",
        ),
        (
            profile(r#""usages": ["signing", "any"], "expiry": "1h""#),
            "signing.profiles.p.usages[1]",
            "is not supported",
        ),
    ] {
        let error = SigningProfile::from_json(json.as_bytes(), Some("p")).expect_err(&json);
        assert_eq!(error.path, path, "{json}: {error}");
        assert!(error.problem.contains(problem), "{json}: {error}");
    }
    let misspelt = SigningProfile::from_json(CONFIG.as_bytes(), Some("kubernete")).unwrap_err();
    assert!(misspelt.to_string().contains("did you mean \"kubernetes\"?"), "{misspelt}");
    // The default of guides has no usages: it serves nothing but those who name no profile.
    assert_eq!(
        SigningProfile::from_json(CONFIG.as_bytes(), None).unwrap_err().path,
        "signing.default.usages"
    );
    // Another profile may ask for what kboot does not do.
    let other = r#"{"auth_keys": {"k": {"type": "standard", "key": "0123456789abcdef"}}, "remotes": {}, "signing": {"profiles": {
        "ca": {"usages": ["cert sign"], "expiry": "1h", "ca_constraint": {"is_ca": true, "max_path_len": 0, "max_path_len_zero": true}},
        "p": {"usages": ["signing", "client auth"], "expiry": "1h", "backdate": "5m", "remote": "", "policies": []}}}}"#;
    assert!(SigningProfile::from_json(other.as_bytes(), Some("p")).is_ok());
    // No error shows an authentication key.
    let broken = other.replace("\"remotes\"", "\"remotes");
    let error = SigningProfile::from_json(broken.as_bytes(), Some("p")).unwrap_err().to_string();
    assert!(!error.contains("0123456789abcdef"), "{error}");
}

#[test]
fn an_authoritys_name_and_life_are_read() {
    let request = CfsslRequest::from_json(AUTHORITIES[2].as_bytes()).unwrap();
    let authority: CertificateAuthority = request.create_authority(&mut Env::system()).unwrap();
    let facts = authority.certificate().facts();
    assert_eq!((facts.path_length, facts.public_key.kind().to_string().as_str()), (Some(0), "RSA 4096"));
    let five_years = CfsslRequest::from_json(AUTHORITIES[1].as_bytes()).unwrap();
    let authority = five_years.create_authority(&mut Env::system()).unwrap();
    let facts = authority.certificate().facts();
    assert_eq!(facts.path_length, None);
    assert_eq!(facts.validity.not_after.unix() - facts.validity.not_before.unix(), 5 * 365 * 86_400 + 300);
}
