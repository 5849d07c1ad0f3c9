//! Any bytes as the `kboot.json` of a folder that a build left: read or refused, never a panic; and what is read is
//! what another reader of JSON sees.

#![no_main]
#![expect(clippy::expect_used, reason = "a law that does not hold ends the run")]

use std::fs::File;
use std::io::Write;
use std::sync::LazyLock;

use kboot_core::ClusterSpec;
use kboot_core::bundle::{ClusterIdentity, INVENTORY, join_tokens};
use kboot_core::pki::Existing;
use kboot_core::time::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let in_memory = tempfile::tempdir_in("/dev/shm");
    in_memory.or_else(|_| tempfile::tempdir()).expect("a folder is made")
});
static SPEC: LazyLock<ClusterSpec> =
    LazyLock::new(|| include_str!("../../examples/single-node.yaml").parse().expect("it is a cluster file"));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let folder = FOLDER.path();
    let written = File::create(folder.join(INVENTORY)).and_then(|mut file| file.write_all(data));
    written.expect("it is written");
    match ClusterIdentity::of_folder(folder) {
        Ok(identity) => {
            // serde takes a list for an object as well.
            if let (Some(identity), Ok(document)) = (identity, serde_json::from_slice::<Value>(data))
                && document["cluster"].is_object()
            {
                assert_eq!(document["cluster"]["name"], identity.name().as_str());
                assert_eq!(identity.to_string().parse(), Ok(identity));
            }
        }
        Err(error) => assert!(!error.to_string().contains(char::is_control), "{error:?}"),
    }
    if let Ok(tokens) = join_tokens(folder) {
        assert!(tokens.values().all(|id| id.as_str().len() == 6));
    }
    let now = Timestamp::from_unix(1_800_000_000).expect("it is in range");
    if let Err(error) = Existing::in_folder(&SPEC, folder, now) {
        assert!(!error.to_string().chars().any(|c| c.is_control() && c != '\n'), "{error:?}");
    }
});
