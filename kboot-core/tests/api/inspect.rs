//! What is read from certificates, requests and kubeconfigs that others made, and whom the verifier believes.

use std::error::Error;
use std::fs;
use std::path::Path;

use crate::common::write;
use kboot_core::inspect::{self, InspectError, Item};
use kboot_core::net::Host;
use kboot_core::pki::{Profile, ProfileOptions, Subject};
use kboot_core::x509::{
    Certificate, CertificateFacts, EncodingAnomaly, ExtendedKeyUsage, ExtensionContent, GeneralName,
    KeyAlgorithm, KeyUsage, SignatureCheck, TlsUsage, Verification, VerificationFailure, X509Error,
};
use kboot_core::{CertificateAuthority, CertificateTemplate, Env, Kubeconfig, PrivateKey};
use kboot_testkit::Oracle;

fn openssl(openssl: &Oracle, folder: &Path, arguments: &[&str]) {
    let verdict = openssl.run(folder, arguments);
    assert!(verdict.accepted, "{arguments:?}: {verdict}");
}

/// A self-signed certificate of openssl's with this subject and these extensions.
fn certificate(
    oracle: &Oracle,
    folder: &Path,
    subject: &str,
    extensions: &str,
) -> Result<Certificate, X509Error> {
    let config = format!(
        "oid_section = oids\n[req]\ndistinguished_name = dn\nprompt = no\n[oids]\nkubernetesUid = 1.3.6.1.4.1.57683.2\n[dn]\n{subject}\n[e]\n{extensions}\n"
    );
    write(folder, "c.cnf", &config);
    let arguments = "req -new -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -config c.cnf -extensions e -days 30 -out c.pem";
    openssl(oracle, folder, &arguments.split(' ').collect::<Vec<_>>());
    Certificate::from_pem(&fs::read(folder.join("c.pem")).unwrap())
}

#[test]
fn who_may_use_a_certificate_is_what_upstreams_authenticator_says() {
    let Some(oracle) = Oracle::find("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let facts = |subject: &str, extensions: &str| -> CertificateFacts {
        certificate(&oracle, folder.path(), subject, extensions).unwrap().facts().clone()
    };
    const LEAF: &str = "basicConstraints=critical,CA:FALSE\n";
    let with = |extensions: &str| format!("{LEAF}{extensions}");
    let client = with("extendedKeyUsage=clientAuth");
    for (subject, extensions, uses) in [
        ("CN=jane", &client, &["client of kube-apiserver as jane"][..]),
        (
            "0.O=system:nodes\n1.O=ops\nCN=system:node:w",
            &client,
            &["client of kube-apiserver as system:node:w in system:nodes, ops"],
        ),
        // The last common name is the user, wherever the others stand.
        ("0.CN=admin\nO=g\n1.CN=jane", &client, &["client of kube-apiserver as jane in g"]),
        (
            "O=system:masters",
            &client,
            &["client of nobody's: without a common name, kube-apiserver knows no user"],
        ),
        ("CN=jane\nkubernetesUid=u-1", &client, &["client of kube-apiserver as jane with UID u-1"]),
        (
            "CN=jane\n0.kubernetesUid=1\n1.kubernetesUid=2",
            &client,
            &["client of nobody's: kube-apiserver refuses several UIDs and an empty one"],
        ),
        (
            "CN=x",
            &with("extendedKeyUsage=serverAuth"),
            &["server for nobody: it has no alternative names, and clients ignore the common name"],
        ),
        (
            "CN=x",
            &with("extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=DNS:a.b,IP:10.0.0.1"),
            &["client of kube-apiserver as x", "server for DNS:a.b, IP:10.0.0.1"],
        ),
        // Go takes a missing extension, and any, for everything.
        ("CN=x", &with("subjectAltName=DNS:a"), &["client of kube-apiserver as x", "server for DNS:a"]),
        (
            "CN=x",
            &with("extendedKeyUsage=anyExtendedKeyUsage\nsubjectAltName=DNS:a"),
            &["client of kube-apiserver as x", "server for DNS:a"],
        ),
        (
            "CN=x",
            &with("extendedKeyUsage=codeSigning"),
            &["nobody: its extended usages are neither client auth nor server auth"],
        ),
        ("CN=x", &"basicConstraints=critical,CA:TRUE".to_owned(), &["certificate authority"]),
        (
            "CN=x",
            &"basicConstraints=critical,CA:TRUE\nkeyUsage=digitalSignature".to_owned(),
            &["nobody: it is an authority whose key usage has no cert sign"],
        ),
    ] {
        assert_eq!(facts(subject, extensions).uses(), uses, "{subject:?} {extensions:?}");
    }
    let odd = facts("CN=x", &with("extendedKeyUsage=serverAuth\nsubjectAltName=DER:30:05:82:03:61:0a:62"));
    assert_eq!(odd.uses(), ["server for DNS:a\\nb"], "on one line, whatever stands in it");
    let all = facts(
        "CN=x\nC=CH",
        "basicConstraints=critical,CA:TRUE,pathlen:3\nkeyUsage=critical,keyCertSign,cRLSign,digitalSignature\n\
         extendedKeyUsage=clientAuth,1.2.3.4\nsubjectAltName=email:a@b.c,URI:http://x/,DNS:d,IP:::1",
    );
    assert_eq!(all.path_length, Some(3));
    assert_eq!(all.key_usages.unwrap().to_words(), ["digital signature", "cert sign", "crl sign"]);
    let usages: Vec<String> = all.extended_usages.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(usages, ["client auth", "1.2.3.4"]);
    assert_eq!(all.other_names, ["email:a@b.c", "URI:http://x/"]);
    assert_eq!(
        (all.alt_names.to_string().as_str(), all.public_key.kind().to_string().as_str()),
        ("DNS:d, IP:::1", "ECDSA P-256")
    );
}

#[test]
fn damaged_extensions_are_not_taken_for_missing_ones() {
    let Some(oracle) = Oracle::find("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    for (extensions, oid) in [
        ("subjectAltName=DER:05:00", "2.5.29.17"),
        ("subjectAltName=DER:30:05:87:03:01:02:03", "2.5.29.17"),
        ("basicConstraints=DER:30:03:02:01", "2.5.29.19"),
        ("extendedKeyUsage=DER:04:00", "2.5.29.37"),
        ("keyUsage=DER:05:00", "2.5.29.15"),
    ] {
        let error = certificate(&oracle, folder.path(), "CN=x", extensions).unwrap_err();
        assert_eq!(error, X509Error::MalformedExtension { oid: oid.to_owned() }, "{extensions}");
    }
    // Two names of one extension, of which a reader may believe either.
    let good =
        certificate(&oracle, folder.path(), "CN=x", "subjectAltName=DNS:a\n1.2.3.4.5=DER:30:03:82:01:62")
            .unwrap();
    let mut der = good.der().to_vec();
    let oid = [0x06, 0x04, 0x2a, 0x03, 0x04, 0x05];
    let at = der.windows(oid.len()).position(|window| window == oid).unwrap();
    // 2.5.29.17 is one octet shorter than 1.2.3.4.5.
    der.splice(at..at + 6, [0x06, 0x03, 0x55, 0x1d, 0x11]);
    for length in outer_lengths(&good, at) {
        der[length] -= 1;
    }
    let error = Certificate::from_der(der).unwrap_err();
    assert_eq!(error, X509Error::MalformedExtension { oid: "2.5.29.17".to_owned() });
}

/// Where the last octets of the lengths of what encloses a place stand.
fn outer_lengths(certificate: &Certificate, place: usize) -> Vec<usize> {
    let der = certificate.der();
    let (mut start, mut found) = (0, Vec::new());
    while start < place {
        let (size, octets) = match der[start + 1] {
            0x82 => (usize::from(der[start + 2]) * 256 + usize::from(der[start + 3]), 3),
            0x81 => (usize::from(der[start + 2]), 2),
            short => (usize::from(short), 1),
        };
        let content = start + 1 + octets;
        if place < content + size && der[start] & 0x20 != 0 {
            found.push(content - 1);
            start = content;
        } else {
            start = content + size;
        }
    }
    found
}

#[test]
fn requests_keep_every_attribute() {
    let Some(oracle) = Oracle::find("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = "[req]\ndistinguished_name = dn\nprompt = no\nattributes = a\nreq_extensions = e\n\
        [dn]\n0.O = system:masters\n1.O = system:nodes\nCN = system:node:w\n\
        [a]\nchallengePassword = secret\nunstructuredName = x\n\
        [e]\nsubjectAltName = DNS:w, IP:10.0.0.1, email:a@b.c\nkeyUsage = critical, digitalSignature\n\
        extendedKeyUsage = clientAuth\nbasicConstraints = CA:TRUE\n";
    write(folder.path(), "c.cnf", config);
    let request = "req -new -newkey rsa:2048 -nodes -keyout k.pem -config c.cnf -out c.csr";
    openssl(&oracle, folder.path(), &request.split(' ').collect::<Vec<_>>());
    openssl(&oracle, folder.path(), &["req", "-in", "c.csr", "-outform", "DER", "-out", "c.der"]);
    let pem = fs::read(folder.path().join("c.csr")).unwrap();
    let der = fs::read(folder.path().join("c.der")).unwrap();
    for bytes in [&pem, &der] {
        let found = inspect::read(bytes).unwrap();
        let [inspect::Found { item: Item::Request(request), .. }] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(request.subject().to_string(), "O=system:masters, O=system:nodes, CN=system:node:w");
        let names: Vec<_> = request.alternative_names().map(GeneralName::to_string).collect();
        assert_eq!(names, ["DNS:w", "IP:10.0.0.1", "email:a@b.c"]);
        let contents: Vec<_> = request.extensions().iter().map(|extension| &extension.content).collect();
        assert_eq!(
            contents[1..],
            [
                &ExtensionContent::KeyUsages(KeyUsage::DIGITAL_SIGNATURE),
                &ExtensionContent::ExtendedKeyUsages(vec![ExtendedKeyUsage::ClientAuth]),
                &ExtensionContent::BasicConstraints { is_authority: true },
            ]
        );
        assert_eq!(request.signature(), SignatureCheck::Valid);
        assert_eq!(request.public_key().kind().to_string(), "RSA 2048");
        let attributes = ["1.2.840.113549.1.9.14", "1.2.840.113549.1.9.2", "1.2.840.113549.1.9.7"];
        let mut sorted: Vec<_> =
            request.attributes().iter().map(|attribute| attribute.oid.to_string()).collect();
        sorted.sort_unstable();
        assert_eq!(sorted, attributes);
    }
    let mut forged = der.clone();
    *forged.last_mut().unwrap() ^= 1;
    let [inspect::Found { item: Item::Request(request), .. }] = &inspect::read(&forged).unwrap()[..] else {
        panic!()
    };
    assert_eq!(request.signature(), SignatureCheck::Invalid);
    let mut long = der;
    long.push(0);
    let [inspect::Found { item: Item::Request(request), .. }] = &inspect::read(&long).unwrap()[..] else {
        panic!()
    };
    assert_eq!(request.anomalies(), [EncodingAnomaly::TrailingBytes], "said, not passed over");
}

#[test]
fn files_of_every_kind_are_read_or_refused() {
    let mut env = Env::system();
    let authority =
        CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse().unwrap(), &mut env)
            .unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let template = CertificateTemplate::client("jane".parse().unwrap());
    let jane = authority.issue(&template, &key, "1y".parse().unwrap(), &mut env).unwrap();
    let key_pem = key.to_pem().unwrap();
    let both = format!("{}{}{}", jane.to_pem(), authority.certificate().to_pem(), key_pem.expose_secret());
    let places = |bytes: &[u8]| -> Vec<String> {
        let found = inspect::read(bytes).unwrap();
        found
            .iter()
            .map(|found| match &found.item {
                Item::Certificate(certificate) => {
                    format!("{} {}", found.place, certificate.facts().subject).trim().to_owned()
                }
                Item::PrivateKey { algorithm, public_key } => {
                    assert_eq!(public_key.as_ref(), Some(key.public_key()));
                    format!("{} {}", found.place, algorithm.unwrap())
                }
                Item::Reference { path } => format!("{} -> {path}", found.place),
                other => panic!("{other:?}"),
            })
            .collect()
    };
    assert_eq!(places(both.as_bytes()), ["block 1 CN=jane", "block 2 CN=kubernetes", "block 3 ecdsa-p256"]);
    assert_eq!(places(jane.der()), ["CN=jane"]);
    assert_eq!(places(format!("Certificate:\n  Data: …\n{}", jane.to_pem()).as_bytes()), ["CN=jane"]);
    let debug = format!("{:?}", inspect::read(both.as_bytes()).unwrap());
    let secret = key_pem.expose_secret().lines().nth(1).unwrap();
    assert!(!debug.contains(secret));

    let kubeconfig = Kubeconfig::for_cluster("c", &"10.0.0.1".parse().unwrap())
        .trusting(authority.certificate())
        .as_user("jane")
        .with_certificate(&jane, &key)
        .build()
        .unwrap()
        .to_yaml()
        .unwrap();
    assert_eq!(
        places(kubeconfig.expose_secret().as_bytes()),
        [
            "clusters[0].cluster.certificate-authority-data CN=kubernetes",
            "users[0].user.client-certificate-data CN=jane",
            "users[0].user.client-key-data ecdsa-p256",
        ]
    );
    let naming = "{\"apiVersion\": \"v1\", \"kind\": \"Config\", \"users\": [{\"name\": \"a\", \"user\": {\"client-certificate\": \"a.crt\", \"client-key\": \"a.key\"}}]}";
    assert_eq!(places(naming.as_bytes()), ["users[0].user.client-certificate -> a.crt"]);

    let mut trailing = jane.der().to_vec();
    trailing.push(0);
    let inner = {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(&trailing);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    };
    let mut after = jane.to_pem().into_bytes();
    after.extend(b"\0\x01\x02");
    let cut = jane.to_pem();
    let damaged =
        "apiVersion: v1\nkind: Config\nusers: [{name: a, user: {client-certificate-data: LS0tCg==}}]\n";
    for (name, bytes, problem) in [
        ("empty", Vec::new(), "the file is empty"),
        ("trailing octets after DER", trailing, "not valid DER"),
        ("trailing octets within PEM", inner.into_bytes(), "not valid DER"),
        ("trailing octets after PEM", after, "control characters"),
        ("cut", cut.as_bytes()[..cut.len() - 40].to_vec(), "cut short"),
        (
            "another block",
            b"-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n".to_vec(),
            "its PEM blocks are \"DH PARAMETERS\"",
        ),
        ("text", b"hello\n".to_vec(), "neither PEM, DER nor a kubeconfig"),
        ("binary", vec![0xff, 0xfe, 0, 1], "neither text nor DER"),
        (
            "a kubeconfig with a damaged certificate",
            damaged.as_bytes().to_vec(),
            "users[0].user.client-certificate-data",
        ),
        ("a kubeconfig that is none", b"kind: Config\nusers: 3\n".to_vec(), "wrong type"),
        ("another document", b"kind: Deployment\nmetadata: {name: Config}\n".to_vec(), "neither PEM"),
    ] {
        let error = inspect::read(&bytes).expect_err(name);
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        let error = format!("{error}{cause}");
        assert!(error.contains(problem), "{name}: {error}");
    }
    assert!(matches!(
        inspect::certificates(key.public_key_pem().as_bytes()),
        Err(InspectError::X509(X509Error::NoCertificate))
    ));
}

#[test]
fn the_verifier_and_openssl_agree() {
    let Some(oracle) = Oracle::find("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut env = Env::at(Env::system().now());
    let now = env.now();
    let mut past = Env::at(now.before("30d".parse().unwrap()).unwrap());
    let mut future = Env::at(now.after("30d".parse().unwrap()).unwrap());
    let make = |env: &mut Env, name: &str, life: &str| {
        CertificateAuthority::create(name, KeyAlgorithm::EcdsaP256, life.parse().unwrap(), env).unwrap()
    };
    let authority = make(&mut past, "kubernetes", "10y");
    let other = make(&mut past, "kubernetes", "10y");
    let expired = make(&mut past, "kubernetes", "1d");
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let mut options = ProfileOptions::default();
    options.common_name = Some("x".parse().unwrap());
    options.alt_names =
        vec!["a.example".parse().unwrap(), "10.0.0.1".parse().unwrap(), "*.w.example".parse().unwrap()];
    let template = |profile: &str| profile.parse::<Profile>().unwrap().template(&options).unwrap();
    let issue = |by: &CertificateAuthority, profile: &str, env: &mut Env, life: &str| {
        by.issue(&template(profile), &key, life.parse().unwrap(), env).unwrap()
    };
    let client = issue(&authority, "client", &mut env, "1y");
    let server = issue(&authority, "server", &mut env, "1y");
    let peer = issue(&authority, "peer", &mut env, "1y");
    let over = issue(&authority, "peer", &mut past, "1d");
    let early = issue(&authority, "peer", &mut future, "1d");
    let of_expired = issue(&expired, "peer", &mut past, "1d");
    let name = |name: &str| Some(name.parse::<Host>().unwrap());
    use TlsUsage::{Client, Server, ServerAndClient};
    let ca = authority.certificate();
    for (what, certificate, trusted, usage, at, reason) in [
        ("a client", &client, ca, Some(Client), None, ""),
        ("any usage", &client, ca, None, None, ""),
        ("any usage of a server", &server, ca, None, None, ""),
        ("a client as server", &client, ca, Some(Server), None, "do not allow it to be a server"),
        ("a server as client", &server, ca, Some(Client), None, "do not allow it to be a client"),
        ("a server as both", &server, ca, Some(ServerAndClient), None, "do not allow it to be a client"),
        ("a peer as both", &peer, ca, Some(ServerAndClient), None, ""),
        ("a server's name", &server, ca, Some(Server), name("a.example"), ""),
        ("a server's address", &server, ca, Some(Server), name("10.0.0.1"), ""),
        ("a wildcard", &server, ca, Some(Server), name("b.w.example"), ""),
        ("past a wildcard", &server, ca, Some(Server), name("c.b.w.example"), "it is not for c.b.w.example"),
        (
            "another name",
            &server,
            ca,
            Some(Server),
            name("b.example"),
            "it is not for b.example: it is for DNS",
        ),
        ("another address", &server, ca, Some(Server), name("10.0.0.2"), "it is not for 10.0.0.2"),
        ("an expired one", &over, ca, None, None, "it expired on"),
        ("one of tomorrow", &early, ca, None, None, "it is not valid before"),
        (
            "another authority of this name",
            &client,
            other.certificate(),
            None,
            None,
            "its signature is not the authority's",
        ),
        ("a leaf as authority", &client, &peer, None, None, "is not one: it may not sign"),
        ("an expired authority", &of_expired, expired.certificate(), None, None, "it expired on"),
        (
            "a live leaf of an expired authority",
            &client,
            expired.certificate(),
            None,
            None,
            "is not valid now: it expired",
        ),
        ("an authority", ca, ca, None, None, "it is a certificate authority's"),
    ] {
        let authorities = [trusted.clone()];
        let mut verification = Verification::new(&authorities, now);
        verification.usage = usage;
        verification.name = at.clone();
        let objection = verification.objection(certificate).unwrap();
        assert_eq!(objection.is_none(), reason.is_empty(), "{what}: {objection:?}");
        assert!(objection.map(|failure| failure.to_string()).unwrap_or_default().contains(reason), "{what}");

        write(folder.path(), "ca.pem", &trusted.to_pem());
        write(folder.path(), "leaf.pem", &certificate.to_pem());
        let sides: &[&str] = match usage {
            Some(Client) => &["sslclient"],
            Some(Server) => &["sslserver"],
            Some(ServerAndClient) => &["sslserver", "sslclient"],
            None => &["any"],
        };
        let accepted = sides.iter().all(|side| {
            let mut arguments = vec!["verify", "-purpose", side, "-CAfile", "ca.pem"];
            let text = at.as_ref().map(ToString::to_string).unwrap_or_default();
            match at {
                Some(Host::Dns(_)) => arguments.extend(["-verify_hostname", &text]),
                Some(_) => arguments.extend(["-verify_ip", &text]),
                None => {}
            }
            arguments.push("leaf.pem");
            oracle.run(folder.path(), &arguments).accepted
        });
        // openssl takes an authority's certificate from a peer.
        assert_eq!(accepted, reason.is_empty() || what == "an authority", "{what}: openssl");
    }
}

#[test]
fn authorities_between_are_followed() {
    let Some(oracle) = Oracle::find("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut env = Env::system();
    let subject = Subject::new("root".parse().unwrap());
    let root_key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let root =
        CertificateAuthority::with_path_length(&subject, root_key, "10y".parse().unwrap(), Some(1), &mut env)
            .unwrap();
    write(folder.path(), "root.pem", &root.certificate().to_pem());
    write(folder.path(), "root.key", root.key().to_pem().unwrap().expose_secret());
    write(
        folder.path(),
        "e.cnf",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n",
    );
    for command in [
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout between.key -subj /CN=between -out between.csr",
        "x509 -req -in between.csr -CA root.pem -CAkey root.key -days 100 -extfile e.cnf -out between.pem",
    ] {
        openssl(&oracle, folder.path(), &command.split(' ').collect::<Vec<_>>());
    }
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let between =
        CertificateAuthority::from_pem(&read("between.pem"), &read("between.key"), env.now()).unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let template = CertificateTemplate::client("jane".parse().unwrap());
    let leaf = between.issue(&template, &key, "1d".parse().unwrap(), &mut env).unwrap();
    let (authorities, intermediates) = ([root.certificate().clone()], [between.certificate().clone()]);
    let mut verification = Verification::new(&authorities, env.now());
    assert_eq!(verification.objection(&leaf).unwrap(), Some(VerificationFailure::UnknownIssuer));
    assert_eq!(VerificationFailure::UnknownIssuer.to_string(), "none of the authorities signed it");
    verification.intermediates = &intermediates;
    assert_eq!(verification.objection(&leaf).unwrap(), None);

    // One between that may not sign, though it is an authority: webpki does not look, openssl does.
    write(
        folder.path(),
        "f.cnf",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\n",
    );
    let command =
        "x509 -req -in between.csr -CA root.pem -CAkey root.key -days 100 -extfile f.cnf -out idle.pem";
    openssl(&oracle, folder.path(), &command.split(' ').collect::<Vec<_>>());
    let idle = [Certificate::from_pem(&read("idle.pem")).unwrap()];
    verification.intermediates = &idle;
    assert_eq!(verification.objection(&leaf).unwrap(), Some(VerificationFailure::UnknownIssuer));
    write(folder.path(), "leaf.pem", &leaf.to_pem());
    let command = "verify -purpose sslclient -CAfile root.pem -untrusted idle.pem leaf.pem";
    assert!(!oracle.run(folder.path(), &command.split(' ').collect::<Vec<_>>()).accepted);

    // What Go and openssl ask of a trusted authority, and webpki does not.
    let key_id = root.certificate().facts().key_id.clone().unwrap();
    let key_id: String = key_id.iter().map(|byte| format!("{byte:02x}")).collect();
    let self_signed = |name: &str, extensions: &str| {
        let config = format!(
            "[req]\nstring_mask=nombstr\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=root\n[e]\nsubjectKeyIdentifier={key_id}\n{extensions}\n"
        );
        write(folder.path(), "r.cnf", &config);
        let command =
            format!("req -new -x509 -key root.key -config r.cnf -extensions e -days 30 -out {name}.pem");
        openssl(&oracle, folder.path(), &command.split(' ').collect::<Vec<_>>());
        Certificate::from_pem(&read(&format!("{name}.pem"))).unwrap()
    };
    for (name, constraints, said) in [
        ("wide", "", None),
        ("narrow", ",pathlen:0", Some("allows no further authority")),
        ("servers", "\nextendedKeyUsage=serverAuth", Some("may not sign for this usage")),
    ] {
        let extensions =
            format!("keyUsage=critical,keyCertSign\nbasicConstraints=critical,CA:TRUE{constraints}");
        let authorities = [self_signed(name, &extensions)];
        let mut verification = Verification::new(&authorities, env.now());
        verification.intermediates = &intermediates;
        verification.usage = Some(TlsUsage::Client);
        let objection = verification.objection(&leaf).unwrap();
        assert_eq!(objection.is_none(), said.is_none(), "{name}: {objection:?}");
        assert!(
            said.is_none_or(|said| objection.as_ref().unwrap().to_string().contains(said)),
            "{name}: {objection:?}"
        );
        let command = format!("verify -purpose sslclient -CAfile {name}.pem -untrusted between.pem leaf.pem");
        let judged = oracle.run(folder.path(), &command.split(' ').collect::<Vec<_>>());
        assert_eq!(judged.accepted, said.is_none(), "{name}: {judged}");
    }
}
