//! Any bytes as cfssl's JSON: read or refused with a path, never a panic; and what is read can be encoded.

#![no_main]
#![expect(clippy::expect_used, reason = "a law that does not hold ends the run")]

use kboot_core::pki::{CfsslRequest, SigningProfile};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(request) = CfsslRequest::from_json(data) {
        assert!(!request.subject.common_name().as_str().is_empty());
        if request.authority.is_none() {
            let template = request.template(&SigningProfile::default()).expect("it is for no authority");
            assert_eq!(template.alt_names(), &request.alt_names);
        }
    }
    for name in [None, Some("kubernetes")] {
        match SigningProfile::from_json(data, name) {
            Ok(profile) => assert!(profile.lifetime.seconds() > 0),
            Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
        }
    }
});
