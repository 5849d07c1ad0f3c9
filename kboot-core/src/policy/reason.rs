//! Why a request was refused: stable words, what each means, and what to do.

use std::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $message:literal, $hint:literal;)*) => {
        /// The reason of a decision: a stable word for scripts, a sentence that holds nothing of the
        /// request for its condition, and what a person can do.
        ///
        /// ```
        /// use kboot_core::policy::Reason;
        /// assert_eq!(Reason::NodeName.as_str(), "node-name");
        /// assert_eq!(Reason::find("node-name"), Some(Reason::NodeName));
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $(#[doc = $message] $name,)*
        }

        impl Reason {
            /// All reasons.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The word as Kubernetes writes the reason of a condition: `NodeName` for `node-name`.
            #[must_use]
            pub fn as_camel_case(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)* }
            }

            /// What a person can do about it.
            #[must_use]
            pub fn hint(self) -> &'static str {
                match self { $(Self::$name => $hint,)* }
            }
        }
    };
}

reasons! {
    SignerNotRuled = "signer-not-ruled", "No rule of the policy names this signer.",
        "Nothing to do if another approver looks after this signer; else add a rule that names it.";
    TooLarge = "too-large", "The request is larger than any kubelet's.",
        "Ask the sender for a request with fewer names or a smaller key.";
    NotPem = "not-pem", "The request is not PEM.", "The sender must send a PEM block CERTIFICATE REQUEST.";
    BadBase64 = "bad-base64", "The inside of the PEM block is not base64.",
        "The sender must send the PEM block as it was made.";
    WrongPemLabel = "wrong-pem-label", "The PEM block is not a CERTIFICATE REQUEST.",
        "The sender must send a request, not a certificate or a key.";
    Malformed = "malformed", "The request is not strict DER of PKCS#10.",
        "The sender must make the request with another tool.";
    TooManyNames = "too-many-names", "The request has more than a thousand names, attributes or extensions.",
        "Ask the sender for a request with fewer names.";
    PemHeaders = "pem-headers", "There are headers inside the PEM block.",
        "The sender must send the PEM block without headers.";
    SecondBlock = "second-block", "There is more than one PEM block.", "The sender must send one request at a time.";
    TrailingBytes = "trailing-bytes", "There are bytes after the request in its PEM block.",
        "The sender must make the request with another tool.";
    UnknownVersion = "unknown-version", "The request has a version that PKCS#10 does not have.",
        "The sender must make the request with another tool.";
    SignatureWrong = "signature-wrong", "The request was not signed by the key it asks a certificate for.",
        "The sender must prove that it has the key: sign the request with it.";
    SignatureWeak = "signature-weak", "The request is signed with MD5 or SHA-1.",
        "The sender must sign with SHA-256 or better.";
    SignatureUnknown = "signature-unknown", "The algorithm of the request's signature is not one that kboot verifies.",
        "Use ECDSA or RSA (PKCS#1 v1.5) with SHA-2, or Ed25519; or have somebody verify it elsewhere.";
    KeyWeak = "key-weak", "The key is too weak: RSA below 2048 bits, a bad exponent, a curve below 256 bits, or a point of small order.",
        "The sender must make a stronger key: ECDSA P-256 or RSA 2048.";
    KeyOversized = "key-oversized", "The RSA key has more than 8192 bits.",
        "Use RSA 4096 or ECDSA P-256; each handshake with a larger one costs servers dearly.";
    KeyUnknown = "key-unknown", "The key's algorithm or curve is not one that kboot knows.",
        "Use ECDSA P-256, P-384, P-521, Ed25519, or RSA from 2048 to 8192 bits.";
    KeyReused = "key-reused", "The key belongs to another identity already.",
        "The sender must make a key of its own; find out how it came to have this one.";
    AttributeRepeated = "attribute-repeated", "The request states an attribute more than once.",
        "The sender must make the request with another tool.";
    AttributeUnknown = "attribute-unknown", "The request has an attribute that kboot does not know.",
        "Make the request without it (openssl's challengePassword is one); kboot approves it for nobody.";
    ExtensionRepeated = "extension-repeated", "The request asks for an extension more than once.",
        "The sender must make the request with another tool.";
    ExtensionMalformed = "extension-malformed", "The request asks for an extension whose value is damaged.",
        "The sender must make the request with another tool.";
    AsksForAuthority = "asks-for-authority", "The request asks for a certificate authority.",
        "Find out who sent it; no component asks for this.";
    ExtensionUsages = "extension-usages", "The request's own usages go beyond those of the signer.",
        "The sender must ask the right signer, or leave the usages out of the request.";
    ExtensionUnknown = "extension-unknown", "The request asks for an extension that kboot does not know.",
        "Make the request without it; kboot approves it for nobody.";
    SubjectText = "subject-text", "A value of the subject is empty, no plain text, or has control characters or blanks around it.",
        "The sender must write the subject as UTF8String or PrintableString.";
    SubjectUid = "subject-uid", "The subject states a user's UID, which Kubernetes 1.33 and later believes.",
        "Find out who sent it; the UID is the authenticator's to say.";
    SubjectAttribute = "subject-attribute", "The subject has more than a common name and organizations.",
        "Make the request with CN and O alone: nothing else means anything to Kubernetes.";
    CommonNameMissing = "common-name-missing", "The subject has no common name, so its holder would be nobody.",
        "The sender must state the user as the common name.";
    CommonNameRepeated = "common-name-repeated", "The subject has more than one common name.",
        "Find out who sent it; readers differ in which one they believe.";
    Organization = "organization", "The organization is not system:nodes alone.",
        "A kubelet's request has the organization system:nodes and no other.";
    NodeName = "node-name", "The common name is not system:node: and a node's name.",
        "A kubelet's request has the common name system:node:NAME.";
    PrivilegedIdentity = "privileged-identity", "The request asks for a privileged or reserved user or group.",
        "Use a user and groups of your own and bind roles to them; see `kboot kubeconfig user`.";
    AltNamesNotAllowed = "alt-names-not-allowed", "A kubelet's client certificate has no alternative names.",
        "The sender must leave them out.";
    AltNamesMissing = "alt-names-missing", "A serving certificate needs a DNS name or an address.",
        "See whether the node has addresses in its status: `kubectl get node -o wide`.";
    AltNameKind = "alt-name-kind", "An alternative name is of a kind that this signer's certificates do not have.",
        "The sender must ask for DNS names and addresses alone.";
    AltNameWildcard = "alt-name-wildcard", "An alternative name is a wildcard.",
        "The sender must ask for the node's own names.";
    AltNameInvalid = "alt-name-invalid", "An alternative name is not a plain DNS name, address of one machine, e-mail address or URI.",
        "The sender must ask for plain names: no wildcards, underscores, queries or special addresses.";
    AltNameReserved = "alt-name-reserved", "An alternative name is no node's: the API server's, a service's, a pod's, link-local, or every machine's own.",
        "Find out who sent it: with this certificate it could stand in for another. Where the node really has it, an inventory or the cluster file must say so.";
    AltNameOfOther = "alt-name-of-other", "An alternative name is another node's, or another Node claims it as well.",
        "See who has it (`kubectl get nodes -o wide`) and what runs on the node that sent it; an inventory or the cluster file settles whose it is.";
    UsagesRepeated = "usages-repeated", "A usage stands there twice.", "The sender must state each usage once.";
    Usages = "usages", "The usages are not a set that this signer accepts.",
        "Kubelets: digital signature and client auth, or server auth for serving; key encipherment may be added. Users: client auth, and digital signature or key encipherment.";
    ExpirationTooShort = "expiration-too-short", "expirationSeconds is less than 600.",
        "The sender must ask for ten minutes at least.";
    RequestorUnknown = "requestor-unknown", "It is not known who sent the request.",
        "Give the object as the API server holds it (`kubectl get csr NAME -o yaml`), or say who sent it (`--requestor`, `--group`).";
    RequestorAnonymous = "requestor-anonymous", "Nobody in particular sent the request.",
        "Take the right to create requests from system:anonymous and system:unauthenticated.";
    RequestorOtherNode = "requestor-other-node", "A node asks for the identity of another node.",
        "Find out what runs on the node that sent it.";
    RequestorNotNode = "requestor-not-node", "The sender is not the node: no user of its name in the group system:nodes.",
        "The node's own kubelet must ask, with its client certificate.";
    RuleApproves = "rule-approves", "A rule approves it.", "Nothing.";
    PersonApproves = "person-approves", "A person approves it.", "Nothing.";
    RuleDenies = "rule-denies", "A rule denies it.", "See the rule.";
    RuleHolds = "rule-holds", "A rule leaves it to a person.",
        "See who asks and for what; then `kboot csr approve NAME`, or write a rule that approves it.";
    NoRule = "no-rule", "No rule matches it.",
        "See which condition each rule misses; change the policy or the facts, or have a person decide.";
    ApiServerUnknown = "api-server-unknown", "It is not known well enough which names and addresses are the API server's, and what vouches for the requested ones cannot tell.",
        "Say its names, its addresses and the services' ranges: give the cluster file, kubeadm's ClusterConfiguration, a kubeconfig, and what they leave out in a CsrContext with cluster: {apiServer: [...], serviceCIDRs: [...]}.";
    NodeJoined = "node-joined", "The node has joined already, and somebody else asks for its identity.",
        "If its machine is gone or was made anew, delete the Node (`kubectl delete node NAME`) and decide again; or approve as a person, once it is known who asks.";
    FactsUnknown = "facts-unknown", "The decision depends on something that is not known.",
        "Supply the missing facts (the Node, the inventory, DNS answers, earlier requests) and decide again.";
}

impl Reason {
    /// The reason with this word.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == word)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
