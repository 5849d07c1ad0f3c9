//! Certificates held against what they should be.

use kboot_core::time::{Lifetime, Timestamp};
use kboot_core::x509::{Certificate, PublicKey};

use super::{Difference, Differences, texts};

/// Begins an assertion about a certificate.
///
/// ```should_panic
/// use kboot_core::{Env, pki::{CertificateAuthority, CertificateTemplate}, x509::{KeyAlgorithm, PrivateKey}};
/// use kboot_testkit::assert;
/// # fn issue() -> Result<(CertificateAuthority, kboot_core::x509::Certificate), kboot_core::Error> {
/// # let mut env = Env::system();
/// # let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut env)?;
/// # let template = CertificateTemplate::client("jane".parse()?).with_group("dev".parse()?);
/// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// # let certificate = authority.issue(&template, &key, "30d".parse()?, &mut env)?;
/// # Ok((authority, certificate))
/// # }
/// # let (authority, certificate) = issue().unwrap();
/// assert::certificate(&certificate)
///     .common_name("jane")
///     .organizations(["dev", "ops"])
///     .usages(["digital signature", "key encipherment", "client auth"])
///     .issued_by(authority.certificate())
///     .check();
/// // the certificate of O=dev, CN=jane is not as expected:
/// //   organizations    expected dev, ops
/// //                    found    dev
/// ```
pub fn certificate(certificate: &Certificate) -> ExpectedCertificate<'_> {
    ExpectedCertificate { certificate, differences: Differences::default() }
}

/// What a certificate should be; see [`certificate`].
#[derive(Debug, Clone)]
#[must_use = "nothing is asserted before check()"]
pub struct ExpectedCertificate<'a> {
    certificate: &'a Certificate,
    differences: Differences,
}

impl ExpectedCertificate<'_> {
    /// The whole subject, as openssl shows it: `O=system:nodes, CN=system:node:w1`.
    pub fn subject(mut self, subject: &str) -> Self {
        self.differences.compare("subject", subject, &self.certificate.facts().subject);
        self
    }

    /// The common name: of a client certificate, the user.
    pub fn common_name(mut self, name: &str) -> Self {
        self.differences.compare("common name", name, &self.certificate.facts().common_name);
        self
    }

    /// All organizations, in any order: of a client certificate, the groups.
    pub fn organizations<T: ToString>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        let found = self.certificate.facts().organizations.clone();
        self.differences.compare_sets("organizations", texts(names), found);
        self
    }

    /// All alternative names, in any order: `worker-1`, `10.0.0.5`.
    pub fn names<T: ToString>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        let facts = self.certificate.facts();
        let (dns, ips) =
            (facts.alt_names.dns().iter().cloned(), facts.alt_names.ips().iter().map(ToString::to_string));
        let found = dns.chain(ips).chain(facts.other_names.iter().cloned()).collect();
        self.differences.compare_sets("names", texts(names), found);
        self
    }

    /// All usages and extended usages, in any order and in Kubernetes' words: `digital signature`, `server auth`.
    pub fn usages<T: ToString>(mut self, usages: impl IntoIterator<Item = T>) -> Self {
        let facts = self.certificate.facts();
        let of_key = facts.key_usages.into_iter().flat_map(|usages| usages.to_words()).map(str::to_owned);
        let extended = facts.extended_usages.iter().flatten().map(ToString::to_string);
        self.differences.compare_sets("usages", texts(usages), of_key.chain(extended).collect());
        self
    }

    /// Who issued it: by name, and by signature.
    pub fn issued_by(mut self, authority: &Certificate) -> Self {
        let (found, issuer) = (&self.certificate.facts().issuer, &authority.facts().subject);
        self.differences.compare("issuer", issuer, found);
        if !self.certificate.is_signed_by(authority) {
            let found = "of another key".to_owned();
            self.differences.0.push(Difference {
                what: "signature",
                expected: format!("of {issuer}'s key"),
                found,
            });
        }
        self
    }

    /// The key that it certifies.
    pub fn key(mut self, key: &PublicKey) -> Self {
        self.differences.compare(
            "key",
            key.pin().to_string(),
            self.certificate.facts().public_key.pin().to_string(),
        );
        self
    }

    /// A moment at which it is valid.
    pub fn valid_at(mut self, moment: Timestamp) -> Self {
        let validity = self.certificate.facts().validity;
        if !validity.contains(moment) {
            self.differences.0.push(Difference {
                what: "validity",
                expected: format!("to hold {moment}"),
                found: format!("{} to {}", validity.not_before, validity.not_after),
            });
        }
        self
    }

    /// How long it lives from this moment on, but for a minute.
    pub fn lives(mut self, from: Timestamp, lifetime: Lifetime) -> Self {
        let not_after = self.certificate.facts().validity.not_after;
        let end = from.unix().saturating_add(lifetime.seconds());
        if end.abs_diff(not_after.unix()) > 60 {
            let expected =
                Timestamp::from_unix(end).map_or_else(|error| error.to_string(), |end| end.to_string());
            self.differences.compare("end", expected, not_after.to_string());
        }
        self
    }

    /// Whether it may sign certificates.
    pub fn authority(mut self, is: bool) -> Self {
        let word = |is| if is { "an authority" } else { "no authority" };
        self.differences.compare("basic constraints", word(is), word(self.certificate.facts().is_authority));
        self
    }

    /// What differs.
    #[must_use]
    pub fn differences(self) -> Vec<Difference> {
        self.differences.0
    }

    /// Panics where something differs, with all that does.
    ///
    /// # Panics
    /// Where something differs.
    #[track_caller]
    pub fn check(self) {
        self.differences.check(&format!("the certificate of {}", self.certificate.facts().subject), "");
    }
}
