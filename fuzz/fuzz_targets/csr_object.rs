//! Any bytes as a CertificateSigningRequest of the API, alone, in a list or as a bare request: read or refused, never
//! a panic. What is read is what is written, in JSON and YAML, and what the API's own types hold.

#![no_main]
#![expect(clippy::expect_used, reason = "a law that does not hold ends the run")]

use k8s_openapi::api::certificates::v1::CertificateSigningRequest as KubeRequest;
use kboot_core::csr::{self, CertificateSigningRequest, CsrError, RequestInFile};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    match csr::read(data) {
        Ok(found) => {
            for one in found {
                if let RequestInFile::Object(object) = one {
                    is_what_it_writes(&object);
                }
            }
        }
        Err(error) => is_printable(&error),
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.parse::<CertificateSigningRequest>() {
        Ok(object) => is_what_it_writes(&object),
        Err(error) => is_printable(&error),
    }
    match CertificateSigningRequest::from_json(text) {
        Ok(object) => {
            is_what_it_writes(&object);
            // Where the API's own types read it, they read the same.
            if let Ok(theirs) = serde_json::from_str::<KubeRequest>(text)
                && let Ok(again) = CertificateSigningRequest::try_from(&theirs)
            {
                let ours = (object.name(), object.signer_name(), object.usages(), object.requestor());
                assert_eq!(ours, (again.name(), again.signer_name(), again.usages(), again.requestor()));
                assert_eq!(object.request_pem(), again.request_pem());
                assert_eq!(object.expiration_seconds(), again.expiration_seconds());
            }
        }
        Err(error) => is_printable(&error),
    }
});

fn is_printable(error: &CsrError) {
    let said = error.to_string();
    assert!(!said.is_empty() && !said.chars().any(|c| c.is_control() && c != '\n'), "{said:?}");
}

fn is_what_it_writes(object: &CertificateSigningRequest) {
    let json = object.to_json();
    assert_eq!(CertificateSigningRequest::from_json(&json).as_ref(), Ok(object), "{json}");
    let yaml = object.to_yaml().expect("it can be written");
    assert_eq!(yaml.parse().as_ref(), Ok(object), "{yaml}");
    if let Ok(of_the_api) = KubeRequest::try_from(object) {
        let again = CertificateSigningRequest::try_from(&of_the_api).expect("it was made of an object");
        assert_eq!(again.request_pem(), object.request_pem());
        assert_eq!((again.signer_name(), again.usages()), (object.signer_name(), object.usages()));
        assert_eq!(again.requestor(), object.requestor());
    }
}
