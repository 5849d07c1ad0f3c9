//! Any bytes as a cluster file: read or refused, never a panic; what is read is what is written, and has units and
//! flags for each of its nodes.

#![no_main]
#![expect(clippy::expect_used, reason = "a law that does not hold ends the run")]

use kboot_core::ClusterSpec;
use kboot_core::component::Component;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.parse::<ClusterSpec>() {
        Ok(spec) => {
            let written = spec.to_yaml().expect("what is read can be written");
            assert_eq!(written.parse().as_ref(), Ok(&spec), "{written}");
            for node in spec.nodes().iter().take(3) {
                for component in Component::ALL.into_iter().filter(|component| component.runs_on(node)) {
                    let unit = component.unit(&spec, node).to_string();
                    // One command line, whatever the file's texts hold.
                    assert_eq!(unit.matches("\nExecStart=").count(), 1, "{unit}");
                    assert!(!unit.contains('\0'), "{unit}");
                }
            }
        }
        Err(error) => assert!(!error.problems.is_empty()),
    }
});
