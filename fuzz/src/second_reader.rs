//! A request as another reader sees it: x509-parser, which shares no code with kboot's own.

use kboot_core::x509::{self, CertificateRequest, EncodingAnomaly};
use kboot_testkit::generate::CHALLENGE_PASSWORD;
use kboot_testkit::generate::der::oid_content;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;

/// What x509-parser reads in `der`, and what it leaves after the request.
///
/// # Errors
/// Where it reads nothing.
pub fn read(der: &[u8]) -> Result<(X509CertificationRequest<'_>, &[u8]), String> {
    let (rest, request) = X509CertificationRequest::from_der(der).map_err(|error| error.to_string())?;
    Ok((request, rest))
}

/// The first text of an attribute's values that both readers can take, in order.
#[must_use]
pub fn texts(request: &X509CertificationRequest<'_>, oid: &str) -> Vec<String> {
    let all = request.certification_request_info.subject.iter_attributes();
    all.filter(|attribute| attribute.attr_type().as_bytes() == oid_content(oid))
        .map(|attribute| String::from_utf8_lossy(attribute.attr_value().data).into_owned())
        .collect()
}

/// Panics where the two readers see different things.
pub fn agree(ours: &CertificateRequest) {
    let (theirs, rest) = match read(ours.der()) {
        Ok(read) => read,
        Err(error) => {
            assert!(only_ours_reads(ours), "x509-parser does not read it: {error}");
            return;
        }
    };
    let info = &theirs.certification_request_info;
    assert_eq!(ours.anomalies().contains(&EncodingAnomaly::TrailingBytes), !rest.is_empty());
    assert_eq!(ours.anomalies().contains(&EncodingAnomaly::UnknownVersion), info.version.0 != 0);
    assert_eq!(ours.subject().der(), info.subject.as_raw());
    assert_eq!(ours.public_key().der(), info.subject_pki.raw);

    let names: Vec<Vec<_>> = info.subject.iter_rdn().map(|rdn| rdn.iter().collect()).collect();
    let our_names = ours.subject().relative_names();
    assert_eq!(our_names.len(), names.len());
    for (ours, theirs) in our_names.iter().zip(names) {
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert_eq!(ours.oid.as_bytes(), theirs.attr_type().as_bytes());
            let value = theirs.attr_value();
            assert_eq!(ours.value.first().map(|tag| u32::from(tag & 0x1f)), Some(value.tag().0.min(0x1f)));
            assert!(ours.value.ends_with(value.data) && ours.value.len() <= value.data.len() + 8);
            if let Some(text) = &ours.text {
                assert_eq!(text.as_bytes(), value.data);
            }
        }
    }

    assert_eq!(ours.attributes().len(), info.attributes().len());
    for (ours, theirs) in ours.attributes().iter().zip(info.attributes()) {
        assert_eq!(ours.oid.as_bytes(), theirs.oid.as_bytes());
    }
    // x509-parser reads the first value of each extensionRequest alone.
    let first_values_alone = ours.attributes().iter().all(|attribute| attribute.values.len() < 2);
    let lists = info.attributes().iter().filter_map(|attribute| match attribute.parsed_attribute() {
        ParsedCriAttribute::ExtensionRequest(list) => Some(&list.extensions),
        _ => None,
    });
    let extensions: Vec<_> = lists.flatten().collect();
    if !first_values_alone {
        return;
    }
    assert_eq!(ours.extensions().len(), extensions.len());
    let mut their_names = Vec::new();
    for (ours, theirs) in ours.extensions().iter().zip(&extensions) {
        assert_eq!(ours.oid.as_bytes(), theirs.oid.as_bytes());
        assert_eq!((ours.critical, ours.value.as_slice()), (theirs.critical, theirs.value));
        if let ParsedExtension::SubjectAlternativeName(names) = theirs.parsed_extension()
            && matches!(ours.content, x509::ExtensionContent::AlternativeNames(_))
        {
            their_names.extend(&names.general_names);
        }
    }
    let our_names: Vec<_> = ours.alternative_names().collect();
    assert_eq!(our_names.len(), their_names.len());
    for (ours, theirs) in our_names.into_iter().zip(their_names) {
        assert!(is_same_name(ours, theirs), "{ours:?} is not {theirs:?}");
    }
}

fn is_same_name(ours: &x509::GeneralName, theirs: &GeneralName<'_>) -> bool {
    match (ours, theirs) {
        (x509::GeneralName::Dns(ours), GeneralName::DNSName(theirs))
        | (x509::GeneralName::Email(ours), GeneralName::RFC822Name(theirs))
        | (x509::GeneralName::Uri(ours), GeneralName::URI(theirs)) => ours == theirs,
        (x509::GeneralName::Ip(std::net::IpAddr::V4(ours)), GeneralName::IPAddress(theirs)) => {
            ours.octets() == *theirs
        }
        (x509::GeneralName::Ip(std::net::IpAddr::V6(ours)), GeneralName::IPAddress(theirs)) => {
            ours.octets() == *theirs
        }
        (x509::GeneralName::InvalidIp(ours), GeneralName::IPAddress(theirs)) => ours == theirs,
        (x509::GeneralName::OtherName { oid, value }, GeneralName::OtherName(their_oid, rest)) => {
            oid.as_bytes() == their_oid.as_bytes() && value.ends_with(rest)
        }
        // What is inside a directory name is nothing to kboot, which refuses all of them; the other reader
        // stops at what it does not understand there.
        (x509::GeneralName::DirectoryName(_), GeneralName::DirectoryName(_)) => true,
        (x509::GeneralName::DirectoryName(ours), GeneralName::Invalid(tag, theirs)) => {
            tag.0 == 4 && ours == theirs
        }
        (x509::GeneralName::RegisteredId(ours), GeneralName::RegisteredID(theirs)) => {
            ours.as_bytes() == theirs.as_bytes()
        }
        (x509::GeneralName::X400Address(ours), GeneralName::X400Address(theirs))
        | (x509::GeneralName::EdiPartyName(ours), GeneralName::EDIPartyName(theirs)) => ours == theirs.data,
        _ => false,
    }
}

/// Whether it has something that kboot keeps as bytes for the policy to refuse, and x509-parser cannot pass
/// over.
fn only_ours_reads(request: &CertificateRequest) -> bool {
    // A number that is no version: negative, or beyond 32 bits.
    request.anomalies().contains(&EncodingAnomaly::UnknownVersion)
        // A password that is none of the five kinds of text.
        || request.attributes().iter().any(|attribute| attribute.oid.as_bytes() == oid_content(CHALLENGE_PASSWORD))
}
