//! Names of nodes that are no names of folders on Windows.

use super::artifact::Bundle;
use super::error::BundleError;

/// Names of devices; with any ending they are still the devices (learn.microsoft.com, "Naming Files, Paths, and
/// Namespaces").
const DEVICES: [&str; 4] = ["aux", "con", "nul", "prn"];
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];

/// Refuses a node whose folder Windows would not make. What else it refuses, a dot at the end, capitals that are the same
/// name, no node is called.
pub(super) fn check(bundle: &Bundle) -> Result<(), BundleError> {
    let mut nodes = bundle.artifacts.iter().filter_map(|artifact| artifact.node.as_ref());
    match nodes.find(|node| is_device(node.as_str())) {
        Some(node) => Err(BundleError::NodeName { node: node.clone() }),
        None => Ok(()),
    }
}

/// Whether Windows takes a name, in lower case, for a device's.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    let is_numbered = |device: &&str| {
        let number = stem.strip_prefix(*device);
        number.is_some_and(|number| matches!(number.as_bytes(), [b'1'..=b'9']))
    };
    DEVICES.contains(&stem) || NUMBERED_DEVICES.iter().any(is_numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_no_names_of_folders() {
        for name in ["con", "prn", "aux", "nul", "com1", "com9", "lpt1", "lpt9", "nul.txt", "con.example.com"]
        {
            assert!(is_device(name), "{name}");
        }
        for name in
            ["console", "a.con", "com", "com0", "com10", "lpt", "worker-1", "null", "com1-a", "nul-1.example"]
        {
            assert!(!is_device(name), "{name}");
        }
    }
}
