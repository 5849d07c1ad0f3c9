//! What the floor looks at, and what it sees there.

use std::fmt;

use crate::csr::CertificateSigningRequest;
use crate::identity::node_of;
use crate::policy::KeyOwner;
use crate::policy::number::Number;
use crate::policy::text::{described, described_all, escaped, list};
use crate::x509::ObjectIdentifier;
use crate::x509::{AttributeTypeAndValue, EncodingAnomaly, ExtensionContent, SignatureCheck};

/// What the floor looks at, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FloorClause {
    /// Whether some rule is for the signer.
    Signer,
    /// PEM, DER and PKCS#10.
    Encoding,
    /// The public key, and whose it is.
    Key,
    /// Whether the request was signed by its own key.
    Signature,
    /// The request's attributes.
    Attributes,
    /// The extensions that it asks for.
    Extensions,
    /// The form of the subject.
    Subject,
    /// The identity of a node.
    Node,
    /// The identity of a user.
    Identity,
    /// The alternative names.
    AlternativeNames,
    /// `spec.usages`.
    Usages,
    /// `spec.expirationSeconds`.
    Expiration,
    /// Who sent it.
    Requestor,
}

impl FloorClause {
    /// The clause's name in a trace.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signer => "signer",
            Self::Encoding => "encoding",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Attributes => "attributes",
            Self::Extensions => "extensions",
            Self::Subject => "subject",
            Self::Node => "node",
            Self::Identity => "identity",
            Self::AlternativeNames => "alternative names",
            Self::Usages => "usages",
            Self::Expiration => "expiration",
            Self::Requestor => "requestor",
        }
    }
}

/// What the floor saw. A number is that of an attribute, an extension or a name of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) enum FloorObservation {
    SignerName,
    Unreadable,
    Odd(EncodingAnomaly),
    OneRequest,
    KeyKind,
    /// Somebody has the key, or asked with it.
    KeyOf(Box<KeyOwner>),
    Signature,
    AttributeTwice(Number),
    Attribute(Number),
    NoAttributes,
    ExtensionTwice(Number),
    AsksForAuthority,
    ExtensionUsages(Number),
    Extension(Number),
    UnknownExtension(Number),
    Extensions,
    Uid,
    SubjectAttribute(Number),
    SubjectText(Number),
    NoText,
    NoCommonName,
    CommonNameCount(Number),
    Subject,
    Organizations,
    CommonNames,
    Node,
    /// Of the common names and, after them, the organizations.
    ReservedIdentity(Number),
    NoReservedIdentity,
    Names,
    NoServerName,
    Name(Number),
    NameOf(Number, Box<NameOwner>),
    Usages,
    Lifetime,
    Sender,
    NoSender,
}

/// Whose a name is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) enum NameOwner {
    Reserved(&'static str),
    ApiServer,
    /// A Node says that it has it, and no operator says anything.
    ApiServerOrNode,
    Other(String),
}

impl fmt::Display for NameOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reserved(why) => why,
            Self::ApiServer => "the API server's",
            Self::ApiServerOrNode => "the API server's, and in the Node's status",
            Self::Other(says) => says,
        })
    }
}

impl FloorObservation {
    /// The clause that looks at it.
    pub(in crate::policy) fn clause(&self) -> FloorClause {
        match self {
            Self::SignerName => FloorClause::Signer,
            Self::Unreadable | Self::Odd(_) | Self::OneRequest => FloorClause::Encoding,
            Self::KeyKind | Self::KeyOf(_) => FloorClause::Key,
            Self::Signature => FloorClause::Signature,
            Self::AttributeTwice(_) | Self::Attribute(_) | Self::NoAttributes => FloorClause::Attributes,
            Self::ExtensionTwice(_)
            | Self::AsksForAuthority
            | Self::ExtensionUsages(_)
            | Self::Extension(_)
            | Self::UnknownExtension(_)
            | Self::Extensions => FloorClause::Extensions,
            Self::Uid
            | Self::SubjectAttribute(_)
            | Self::SubjectText(_)
            | Self::NoText
            | Self::NoCommonName
            | Self::CommonNameCount(_)
            | Self::Subject => FloorClause::Subject,
            Self::Organizations | Self::CommonNames | Self::Node => FloorClause::Node,
            Self::ReservedIdentity(_) | Self::NoReservedIdentity => FloorClause::Identity,
            Self::Names | Self::NoServerName | Self::Name(_) | Self::NameOf(..) => {
                FloorClause::AlternativeNames
            }
            Self::Usages => FloorClause::Usages,
            Self::Lifetime => FloorClause::Expiration,
            Self::Sender | Self::NoSender => FloorClause::Requestor,
        }
    }

    /// What was seen, in the words of the request.
    pub(in crate::policy) fn tell(
        &self,
        object: &CertificateSigningRequest,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        match self {
            Self::SignerName => f.write_str(&escaped(object.signer_name())),
            Self::Usages => f.write_str(&list(object.usages())),
            Self::Lifetime => match object.expiration_seconds() {
                Some(seconds) => write!(f, "{seconds} seconds"),
                None => f.write_str("the signer's own"),
            },
            Self::Sender => f.write_str(&escaped(&object.requestor().username)),
            Self::NoSender => f.write_str("no user name"),
            Self::Unreadable => match object.request() {
                Err(error) => write!(f, "{error}"),
                Ok(_) => Ok(()),
            },
            _ => self.tell_of_request(object, f),
        }
    }

    fn tell_of_request(&self, object: &CertificateSigningRequest, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(request) = object.request().ok() else { return Ok(()) };
        let attribute = |number: &Number| request.attributes().get(number.index()).map(|one| one.oid);
        let extension = |number: &Number| request.extensions().get(number.index());
        let oid = |number: &Number| extension(number).map(|one| one.oid);
        let subject = |number: &Number| request.subject_attributes().nth(number.index());
        let name = |number: &Number| {
            request.alternative_names().nth(number.index()).map(described).unwrap_or_default()
        };
        match self {
            Self::Odd(oddity) => f.write_str(in_words(*oddity)),
            Self::OneRequest => write!(f, "one request of {} bytes", request.der().len()),
            Self::KeyKind => write!(f, "{}", request.public_key().kind()),
            Self::KeyOf(owner) => match &**owner {
                KeyOwner::Authority => f.write_str("it is the authority's own"),
                KeyOwner::User(user) => write!(f, "it is {}'s already", escaped(user)),
                KeyOwner::Requested { user, requestor } => {
                    write!(f, "{} asked for {} with it", escaped(requestor), escaped(user))
                }
            },
            Self::Signature => f.write_str(match request.signature() {
                SignatureCheck::Valid => "made by the request's own key",
                SignatureCheck::Invalid => "not made by the request's key",
                SignatureCheck::Weak => "made with MD5 or SHA-1",
                SignatureCheck::Unknown => "its algorithm is not verified here",
            }),
            Self::AttributeTwice(number) => told(attribute(number), " stands there twice", f),
            Self::Attribute(number) => told(attribute(number), "", f),
            Self::NoAttributes => f.write_str("none but the extensions"),
            Self::ExtensionTwice(number) => told(oid(number), " stands there twice", f),
            Self::AsksForAuthority => f.write_str("CA:TRUE"),
            Self::ExtensionUsages(number) => match extension(number).map(|one| &one.content) {
                Some(ExtensionContent::KeyUsages(usages)) => write!(f, "{usages}"),
                Some(ExtensionContent::ExtendedKeyUsages(usages)) => {
                    f.write_str(&list(usages.iter().map(ToString::to_string)))
                }
                _ => Ok(()),
            },
            Self::Extension(number) => told(oid(number), "", f),
            Self::UnknownExtension(number) => {
                let is_critical = extension(number).is_some_and(|one| one.critical);
                told(oid(number), if is_critical { ", critical" } else { "" }, f)
            }
            Self::Extensions => match request.extensions().len() {
                0 => f.write_str("none"),
                count => write!(f, "{count}, understood"),
            },
            Self::Uid => f.write_str("a UID"),
            Self::SubjectAttribute(number) => told(subject(number).map(|one| one.oid), "", f),
            Self::SubjectText(number) => {
                let text = subject(number).and_then(|one: &AttributeTypeAndValue| one.text.as_deref());
                f.write_str(&escaped(text.unwrap_or_default()))
            }
            Self::NoText => f.write_str("a value that is no text"),
            Self::NoCommonName => f.write_str("no common name"),
            Self::CommonNameCount(count) => write!(f, "{} common names", count.index()),
            Self::Subject => {
                write!(f, "CN={}, O={}", list(request.common_names()), list(request.organizations()))
            }
            Self::Organizations => f.write_str(&list(request.organizations())),
            Self::CommonNames => f.write_str(&list(request.common_names())),
            Self::Node => match object.request().ok().and_then(node_of) {
                Some(node) => write!(f, "{node}"),
                None => Ok(()),
            },
            Self::ReservedIdentity(number) => {
                let mut identities = request.common_names().chain(request.organizations());
                f.write_str(&escaped(identities.nth(number.index()).unwrap_or_default()))
            }
            Self::NoReservedIdentity => f.write_str("not a reserved one"),
            Self::Names => f.write_str(&described_all(request.alternative_names())),
            Self::NoServerName => f.write_str("neither a DNS name nor an address"),
            Self::Name(number) => f.write_str(&name(number)),
            Self::NameOf(number, owner) => write!(f, "{}: {owner}", name(number)),
            Self::SignerName
            | Self::Usages
            | Self::Lifetime
            | Self::Sender
            | Self::NoSender
            | Self::Unreadable => Ok(()),
        }
    }
}

fn in_words(oddity: EncodingAnomaly) -> &'static str {
    match oddity {
        EncodingAnomaly::SurroundingText => "text around the PEM block",
        EncodingAnomaly::PemHeaders => "headers inside the PEM block",
        EncodingAnomaly::SecondBlock => "more after the PEM block",
        EncodingAnomaly::TrailingBytes => "bytes after the request",
        EncodingAnomaly::UnknownVersion => "a version other than 0",
    }
}

/// An object identifier, and what is to say of it; a number that is none's says nothing.
fn told(oid: Option<ObjectIdentifier>, rest: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    oid.map_or(Ok(()), |oid| write!(f, "{oid}{rest}"))
}
