//! A cluster whose authorities' keys are elsewhere, asked one after the other or many at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use kboot_core::bundle::BundleError;
use kboot_core::cluster::{CaRole, NodeRole};
use kboot_core::pki::{
    CertificateId, CertificateTemplate, ClusterAuthority, ClusterPki, Existing, IssueError, Issuer, PkiError,
    ServiceAccountKey, Subject, UnsignedPki,
};
use kboot_core::x509::{
    AsyncSigningKey, Certificate, DigestAlgorithm, KeyAlgorithm, KeyKind, PrivateKey, PublicKey,
    SigningError, SigningKey, X509Error,
};
use kboot_core::{Bundle, CaSet, CertificateAuthority, ClusterSpec, Env, Error, Lifetime};
use kboot_testkit::Oracle;

use crate::common::write;

/// A service with one key, for both ways to ask it.
struct Kms {
    key: PrivateKey,
    /// The signatures that it was asked for, and after how many it fails.
    asked: AtomicUsize,
    most: usize,
    /// How many were asked for at the same time, and the most of these.
    waiting: AtomicUsize,
    widest: AtomicUsize,
}

impl Kms {
    fn new(key: PrivateKey) -> Self {
        let zero = || AtomicUsize::new(0);
        Self { key, asked: zero(), most: usize::MAX, waiting: zero(), widest: zero() }
    }

    fn generate(algorithm: KeyAlgorithm) -> Self {
        Self::new(PrivateKey::generate(algorithm).unwrap())
    }

    fn of(authority: &CertificateAuthority) -> Self {
        Self::new(copy(authority.key()))
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn answer(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        if self.asked.fetch_add(1, Ordering::Relaxed) >= self.most {
            return Err(SigningError::new("the quota is used up"));
        }
        SigningKey::sign(&self.key, message)
    }
}

impl SigningKey for Kms {
    fn algorithm(&self) -> KeyAlgorithm {
        self.key.algorithm()
    }

    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        self.answer(message)
    }
}

impl AsyncSigningKey for Kms {
    fn algorithm(&self) -> KeyAlgorithm {
        self.key.algorithm()
    }

    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed) + 1;
        self.widest.fetch_max(waiting, Ordering::Relaxed);
        LaterOnce(false).await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.answer(message)
    }
}

/// Not ready when asked for the first time; another thread says when it is.
struct LaterOnce(bool);

impl Future for LaterOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        thread::spawn(move || waker.wake());
        Poll::Pending
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// An executor, and the promise that others may run the future on any thread.
fn block_on<T>(future: impl Future<Output = T> + Send) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

fn copy(key: &PrivateKey) -> PrivateKey {
    PrivateKey::from_der(key.to_pkcs8_der().unwrap().expose_secret()).unwrap()
}

fn spec(changes: &str) -> ClusterSpec {
    let nodes: String = (1..=9)
        .map(|n| format!("    - {{name: worker-{n}, addresses: [192.0.2.{}], roles: [worker]}}\n", 20 + n))
        .collect();
    format!(
        "apiVersion: kboot.dev/v1alpha1\nkind: Cluster\nmetadata: {{name: kubernetes}}\nspec:\n  \
         kubernetesVersion: v1.36.4\n  controlPlaneEndpoint: 192.0.2.10:6443\n{changes}  nodes:\n    \
         - {{name: master-1, addresses: [192.0.2.10], roles: [control-plane, etcd]}}\n{nodes}"
    )
    .parse()
    .unwrap()
}

/// All certificates are issued, so kube-controller-manager signs none.
const ISSUED: &str = "  join: {nodeCredentials: certificate, servingCertificates: issued}\n";

/// The authority with a key of the service.
fn authority(spec: &ClusterSpec, role: CaRole, kms: &Kms, env: &mut Env) -> Issuer {
    let unsigned = CaSet::prepare_authority(spec, role, SigningKey::public_key(kms), env).unwrap();
    Issuer::load(unsigned.sign_with(kms).unwrap(), env.now()).unwrap()
}

fn all_elsewhere(spec: &ClusterSpec, env: &mut Env) -> (CaSet, BTreeMap<CaRole, Kms>) {
    let kinds = [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Rsa2048];
    let services: BTreeMap<CaRole, Kms> =
        CaRole::ALL.into_iter().zip(kinds).map(|(role, kind)| (role, Kms::generate(kind))).collect();
    let issuers = services.iter().map(|(role, kms)| (*role, authority(spec, *role, kms, env).into()));
    let authorities = CaSet::complete(spec, issuers.collect(), None, env).unwrap();
    (authorities, services)
}

fn paths(bundle: &Bundle) -> BTreeSet<String> {
    bundle.artifacts().iter().map(|file| file.path.to_string()).collect()
}

/// Holds a cluster from elsewhere against the one that kboot makes with its own keys.
fn check(spec: &ClusterSpec, authorities: CaSet, pki: UnsignedPki) {
    assert_eq!(pki.unsigned().count(), 0);
    // It outlives the authorities' own value.
    let pki: Box<dyn std::any::Any> = Box::new(pki.complete().unwrap());
    drop(authorities);
    let pki = pki.downcast::<ClusterPki>().unwrap();
    let mut env = Env::system();
    let here = CaSet::create(spec, &mut env).unwrap();
    let expected = here.issue(spec, &mut env).unwrap();
    let ids =
        |pki: &ClusterPki| -> Vec<CertificateId> { pki.certificates().map(|(id, _)| id.clone()).collect() };
    assert_eq!(ids(&pki), ids(&expected));
    for (id, issued) in pki.certificates() {
        let authority = pki.authorities().get(id.profile.ca().unwrap()).certificate();
        assert!(issued.certificate.is_signed_by(authority), "{id}");
        let (found, wanted) = (issued.certificate.facts(), expected.get(id).unwrap().certificate.facts());
        assert_eq!((&found.subject, &found.alt_names), (&wanted.subject, &wanted.alt_names), "{id}");
        assert_eq!(found.public_key, *issued.key.public_key(), "{id}");
    }
    let mut wanted = paths(&Bundle::render(spec, &expected).unwrap());
    for role in here.layout().authorities() {
        assert!(wanted.remove(&format!("authorities/{}.key", role.base_name())));
    }
    assert_eq!(paths(&Bundle::render(spec, &pki).unwrap()), wanted);
}

#[test]
fn a_cluster_is_built_without_an_authoritys_key() {
    for layout in ["", "  pki: {authorities: single}\n"] {
        let spec = spec(&format!("{ISSUED}{layout}"));
        let mut env = Env::system();
        let (authorities, services) = all_elsewhere(&spec, &mut env);
        let mut pki = authorities.prepare(&spec, Existing::default(), &mut env).unwrap();
        for &role in authorities.layout().authorities() {
            pki.sign_with(role, &services[&role]).unwrap();
        }
        check(&spec, authorities, pki);
    }
}

#[test]
fn signatures_are_waited_for_many_at_a_time() {
    let spec = spec(ISSUED);
    let mut env = Env::system();
    let (authorities, services) = all_elsewhere(&spec, &mut env);
    let mut pki = authorities.prepare(&spec, Existing::default(), &mut env).unwrap();
    block_on(async {
        for (role, kms) in &services {
            pki.sign_with_async(*role, kms).await.unwrap();
        }
    });
    assert_eq!(services[&CaRole::Cluster].widest.load(Ordering::Relaxed), 16);
    check(&spec, authorities, pki);
}

/// etcd and the front proxy have their keys here.
#[test]
fn authorities_here_sign_here() {
    let spec = spec(ISSUED);
    let mut env = Env::system();
    let kms = Kms::generate(KeyAlgorithm::EcdsaP256);
    let cluster = authority(&spec, CaRole::Cluster, &kms, &mut env);
    let authorities =
        CaSet::complete(&spec, BTreeMap::from([(CaRole::Cluster, cluster.into())]), None, &mut env).unwrap();
    assert!(matches!(authorities.get(CaRole::Etcd), ClusterAuthority::Here(_)));
    assert!(authorities.get(CaRole::Cluster).key().is_none());
    let mut pki = authorities.prepare(&spec, Existing::default(), &mut env).unwrap();
    assert!(pki.unsigned().all(|(id, _)| id.profile.ca() == Some(CaRole::Cluster)));
    let own = authorities.get(CaRole::Etcd).key().unwrap();
    pki.sign_with(CaRole::Etcd, own).unwrap();

    let stranger = Kms::generate(KeyAlgorithm::EcdsaP256);
    let mismatch = X509Error::KeyMismatch { subject: "CN=kubernetes".to_owned() };
    assert_eq!(pki.sign_with(CaRole::Cluster, &stranger).unwrap_err(), mismatch);
    assert_eq!(block_on(pki.sign_with_async(CaRole::Cluster, &stranger)).unwrap_err(), mismatch);
    assert_eq!(stranger.asked(), 0);

    let waiting = pki.unsigned().count();
    let error = pki.complete().unwrap_err();
    assert!(
        matches!(error, PkiError::Unsigned { authority: CaRole::Cluster, count, .. } if count == waiting)
    );
    let error = authorities.issue(&spec, &mut env).unwrap_err();
    assert!(matches!(error, IssueError::Pki(PkiError::Unsigned { .. })), "{error}");
    assert!(error.to_string().contains("admin"), "{error}");
}

#[test]
fn what_is_signed_stays_so_and_the_rest_is_asked_for_again() {
    let spec = spec(ISSUED);
    let mut env = Env::system();
    let kms = Kms::generate(KeyAlgorithm::EcdsaP256);
    let cluster = authority(&spec, CaRole::Cluster, &kms, &mut env);
    let existing = BTreeMap::from([(CaRole::Cluster, cluster.into())]);
    let authorities = CaSet::complete(&spec, existing, None, &mut env).unwrap();
    for is_async in [false, true] {
        let mut pki = authorities.prepare(&spec, Existing::default(), &mut env).unwrap();
        let all = pki.unsigned().count();
        let weak = Kms { most: 5, ..Kms::new(copy(&kms.key)) };
        let mut ask = |kms: &Kms| {
            if is_async {
                block_on(pki.sign_with_async(CaRole::Cluster, kms))
            } else {
                pki.sign_with(CaRole::Cluster, kms)
            }
        };
        let error = ask(&weak).unwrap_err();
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "the quota is used up");
        let strong = Kms::new(copy(&kms.key));
        ask(&strong).unwrap();
        assert_eq!(strong.asked(), all - 5);
        ask(&strong).unwrap();
        assert_eq!(strong.asked(), all - 5);

        // A second build asks for nothing that is there.
        let pki = pki.complete().unwrap();
        let mut existing = Existing::default();
        existing.certificates = pki
            .certificates()
            .map(|(id, issued)| (id.clone(), (copy(&issued.key), Some(issued.certificate.clone()))))
            .collect();
        let admin = pki.certificates().find(|(id, _)| id.profile.as_str() == "admin").unwrap().0;
        existing.certificates.get_mut(admin).unwrap().1 = None;
        let again = authorities.prepare(&spec, existing, &mut env).unwrap();
        assert_eq!(again.unsigned().map(|(id, _)| id).collect::<Vec<_>>(), [admin]);
    }
}

/// The folder has everything but the authorities' keys, and another build finds it there.
#[test]
fn a_folder_needs_no_authoritys_key() {
    let spec = spec(ISSUED);
    let mut env = Env::system();
    let (authorities, services) = all_elsewhere(&spec, &mut env);
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("out");
    let plan = |authorities: &CaSet, env: &mut Env| {
        let existing = Existing::in_folder(&spec, &root, env.now()).unwrap();
        let mut pki = authorities.prepare(&spec, existing, env).unwrap();
        let count = pki.unsigned().count();
        for (role, kms) in &services {
            pki.sign_with(*role, kms).unwrap();
        }
        (count, Bundle::render(&spec, &pki.complete().unwrap()).unwrap().plan(&root).unwrap())
    };
    let (first, built) = plan(&authorities, &mut env);
    assert!(first > 20);
    built.apply().unwrap();

    let read = |path: &str| std::fs::read(root.join(path)).unwrap();
    let load = |role: CaRole| {
        let pem = read(&format!("authorities/{}.crt", role.base_name()));
        (role, Issuer::load(Certificate::from_pem(&pem).unwrap(), Env::system().now()).unwrap().into())
    };
    let service_account = ServiceAccountKey::new(PrivateKey::from_pem(&read("authorities/sa.key")).unwrap());
    let found = CaRole::ALL.into_iter().map(load).collect();
    let authorities = CaSet::complete(&spec, found, Some(service_account), &mut env).unwrap();
    let (second, again) = plan(&authorities, &mut env);
    assert_eq!(second, 0);
    assert!(again.is_done());
    let another = ClusterSpec::builder(
        "other".parse().unwrap(),
        "v1.36.4".parse().unwrap(),
        "192.0.2.99".parse().unwrap(),
    );
    let another = another
        .with_node(
            "master-9".parse().unwrap(),
            ["192.0.2.99".parse().unwrap()],
            [NodeRole::ControlPlane, NodeRole::Etcd],
        )
        .build()
        .unwrap();
    let error = Existing::in_folder(&another, &root, env.now()).unwrap_err();
    assert!(matches!(error, BundleError::AnotherCluster { .. }), "{error}");
}

#[test]
fn a_control_plane_that_signs_needs_the_key() {
    let mut env = Env::system();
    for joins in [
        "",
        "  join: {nodeCredentials: static-token, servingCertificates: issued}\n",
        "  join: {nodeCredentials: certificate, servingCertificates: csr}\n",
    ] {
        let signing = spec(joins);
        let (authorities, services) = all_elsewhere(&signing, &mut env);
        let asked = services[&CaRole::Cluster].asked();
        let error = authorities.prepare(&signing, Existing::default(), &mut env).unwrap_err();
        let wanted = PkiError::SignersNeedKey { subject: "CN=kubernetes".to_owned() };
        assert_eq!(error, IssueError::Pki(wanted.clone()), "{joins}");
        assert!(error.to_string().contains("spec.join.nodeCredentials: certificate"), "{error}");

        // Nor is a bundle of one made from the certificates of the other.
        let issued = spec(ISSUED);
        let mut pki = authorities.prepare(&issued, Existing::default(), &mut env).unwrap();
        for (role, kms) in &services {
            pki.sign_with(*role, kms).unwrap();
        }
        assert!(services[&CaRole::Cluster].asked() > asked);
        let error = Bundle::render(&signing, &pki.complete().unwrap()).unwrap_err();
        assert!(matches!(&error, Error::Pki(found) if *found == wanted), "{error}");
        // Only the cluster's signs there.
        let kept = CaRole::ALL.into_iter().skip(1).map(|role| {
            (role, ClusterAuthority::from(authority(&signing, role, &services[&role], &mut env)))
        });
        let kept = kept.collect();
        let authorities = CaSet::complete(&signing, kept, None, &mut env).unwrap();
        assert!(authorities.prepare(&signing, Existing::default(), &mut env).is_ok());
    }
}

/// Their control plane signs, wherever it has its key.
#[test]
fn workers_alone_need_no_key_to_join() {
    let text = "apiVersion: kboot.dev/v1alpha1\nkind: Cluster\nmetadata: {name: kubernetes}\nspec:\n  \
                kubernetesVersion: v1.36.4\n  controlPlaneEndpoint: 192.0.2.10:6443\n  controlPlane: external\n  \
                nodes: [{name: worker-1, addresses: [192.0.2.11], roles: [worker]}]\n";
    let workers: ClusterSpec = text.parse().unwrap();
    let mut env = Env::system();
    let kms = Kms::generate(KeyAlgorithm::EcdsaP256);
    let error = CaSet::prepare_authority(&workers, CaRole::Cluster, SigningKey::public_key(&kms), &mut env);
    assert_eq!(error.unwrap_err(), PkiError::AuthorityElsewhere);
    let cluster = authority(&spec(""), CaRole::Cluster, &kms, &mut env);
    let existing = BTreeMap::from([(CaRole::Cluster, cluster.into())]);
    let authorities = CaSet::complete(&workers, existing, None, &mut env).unwrap();
    let mut pki = authorities.prepare(&workers, Existing::default(), &mut env).unwrap();
    pki.sign_with(CaRole::Cluster, &kms).unwrap();
    let bundle = Bundle::render(&workers, &pki.complete().unwrap()).unwrap();
    assert!(paths(&bundle).contains("authorities/ca.crt"));
    assert!(!paths(&bundle).iter().any(|path| path.ends_with("ca.key")));
}

#[test]
fn a_new_authority_elsewhere_is_what_it_would_be_here() {
    let now = Env::system().now();
    let env = || Env::fixed(now, |buffer| buffer.fill(7));
    for (algorithm, name) in KeyAlgorithm::ALL {
        let kms = Kms::generate(algorithm);
        let subject = Subject::new("kubernetes".parse().unwrap());
        let here =
            CertificateAuthority::with_key(&subject, copy(&kms.key), Lifetime::ONE_YEAR, &mut env()).unwrap();
        let unsigned = Issuer::prepare_self_signed(
            &subject,
            SigningKey::public_key(&kms),
            Lifetime::ONE_YEAR,
            &mut env(),
        )
        .unwrap();
        let there = block_on(unsigned.sign_with_async(&kms)).unwrap();
        assert!(there.is_signed_by(&there), "{name}");
        let tbs = unsigned.to_be_signed();
        let contains =
            |certificate: &Certificate| certificate.der().windows(tbs.len()).any(|part| part == tbs);
        assert!(contains(&there) && contains(here.certificate()), "{name}");

        let stranger = Kms::generate(algorithm);
        assert!(matches!(unsigned.sign_with(&stranger), Err(X509Error::KeyMismatch { .. })), "{name}");
        let forged = stranger.answer(tbs).unwrap();
        assert!(matches!(unsigned.assemble(&forged), Err(X509Error::WrongSignature { .. })), "{name}");
    }
    // Ed25519 (RFC 8410, 4)
    let ed25519 = [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00".as_slice(), &[7; 32]].concat();
    let key = PublicKey::from_der(&ed25519).unwrap();
    let subject = Subject::new("kubernetes".parse().unwrap());
    let error = Issuer::prepare_self_signed(&subject, &key, Lifetime::ONE_YEAR, &mut env()).unwrap_err();
    assert_eq!(error, PkiError::X509(X509Error::UnsupportedKind { kind: KeyKind::Ed25519 }));
    let key = Kms::generate(KeyAlgorithm::EcdsaP256);
    let none = Issuer::prepare_self_signed(&subject, key.key.public_key(), Lifetime::ZERO, &mut env());
    assert_eq!(none.unwrap_err(), PkiError::EmptyValidity);
}

/// A service that gives another key's signatures.
struct Liar(Kms, PublicKey);

impl AsyncSigningKey for Liar {
    fn algorithm(&self) -> KeyAlgorithm {
        self.0.key.algorithm()
    }

    fn public_key(&self) -> &PublicKey {
        &self.1
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        self.0.answer(message)
    }
}

#[test]
fn an_answer_that_was_waited_for_is_checked() {
    let mut env = Env::system();
    let lifetime = Lifetime::ONE_YEAR;
    let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, lifetime, &mut env);
    let authority = authority.unwrap();
    let (kms, key) = (Kms::of(&authority), PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap());
    let template = CertificateTemplate::client("jane".parse().unwrap());
    let unsigned = authority.issuer().prepare(&template, key.public_key(), lifetime, &mut env).unwrap();
    // On another thread, as a task of its own would be.
    let certificate = thread::scope(|scope| {
        scope.spawn(|| block_on(unsigned.sign_with_async(&kms))).join().unwrap().unwrap()
    });
    assert!(certificate.is_signed_by(authority.certificate()));
    let liar = Liar(Kms::generate(KeyAlgorithm::EcdsaP256), authority.key().public_key().clone());
    let error = block_on(unsigned.sign_with_async(&liar)).unwrap_err();
    assert!(matches!(error, X509Error::WrongSignature { .. }), "{error}");
    let error = block_on(unsigned.sign_with_async(&liar.0)).unwrap_err();
    assert!(matches!(error, X509Error::KeyMismatch { .. }), "{error}");
    assert_eq!(liar.0.asked(), 1);
}

/// openssl as a KMS that never sees the certificate.
#[test]
fn a_digest_is_enough_to_sign() {
    let Some(openssl) = Oracle::find("openssl") else { return };
    for (algorithm, name) in KeyAlgorithm::ALL {
        let mut env = Env::system();
        let authority =
            CertificateAuthority::create("kubernetes", algorithm, Lifetime::ONE_YEAR, &mut env).unwrap();
        let template = CertificateTemplate::client("jane".parse().unwrap());
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let unsigned = authority
            .issuer()
            .prepare(&template, key.public_key(), "30d".parse().unwrap(), &mut env)
            .unwrap();
        let digest = unsigned.digest();
        assert_eq!(digest, unsigned.signature_algorithm().digest(unsigned.to_be_signed()));
        let option = match digest.algorithm() {
            DigestAlgorithm::Sha256 => "digest:sha256",
            DigestAlgorithm::Sha384 => "digest:sha384",
            other => panic!("{other}"),
        };
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "ca.key", authority.key().to_pem().unwrap().expose_secret());
        kboot_core::bundle::write_new(&folder.path().join("digest"), digest.as_ref(), 0o600).unwrap();
        let arguments = [
            "pkeyutl",
            "-sign",
            "-inkey",
            "ca.key",
            "-in",
            "digest",
            "-out",
            "signature",
            "-pkeyopt",
            option,
        ];
        let verdict = openssl.run(folder.path(), &arguments);
        assert!(verdict.accepted, "{name}: {verdict}");
        let signature = std::fs::read(folder.path().join("signature")).unwrap();
        let certificate = unsigned.assemble(&signature).unwrap();
        assert!(certificate.is_signed_by(authority.certificate()), "{name}");
    }
}
