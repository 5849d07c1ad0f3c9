//! What holds on every system. `scripts/other-systems` runs it on the branches for others, too.

use std::fs::File;

use kboot_core::bundle::{BundleError, FileAction, HAS_MODES, exposures, write_all_new, write_new};
use kboot_core::{Bundle, CaSet, ClusterSpec, Env, Error, Plan};

fn cluster(node: &str) -> ClusterSpec {
    include_str!("../../src/cluster/single-node.yaml")
        .replace("name: node-1", &format!("name: {node}"))
        .parse()
        .unwrap()
}

#[test]
fn a_folder_is_built_kept_and_locked() {
    let (spec, folder) = (cluster("node-1"), tempfile::tempdir().unwrap());
    let out = &folder.path().join("out");
    let build = || Plan::build(&spec, out, &mut Env::system());
    assert!(build().unwrap().steps().iter().all(|step| step.action == FileAction::Create));
    let key = std::fs::read(out.join("authorities/ca.key")).unwrap();
    std::fs::remove_file(out.join("admin.conf")).unwrap();
    assert_eq!(build().unwrap().count(FileAction::Create), 1);
    assert!(build().unwrap().is_done());
    assert_eq!(std::fs::read(out.join("authorities/ca.key")).unwrap(), key);

    let path = if HAS_MODES { out.clone() } else { out.join(".kboot-lock") };
    let lock = File::open(path).unwrap();
    lock.lock().unwrap();
    assert!(matches!(build(), Err(Error::Bundle(BundleError::Locked { path })) if path == *out));
    drop(lock);
    assert!(build().is_ok());
}

#[test]
fn what_was_left_half_written_is_removed_and_what_is_no_file_is_named() {
    let (spec, folder) = (cluster("node-1"), tempfile::tempdir().unwrap());
    let out = folder.path();
    std::fs::create_dir(out.join("authorities")).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(out.join("authorities"), std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .unwrap();
    File::create(out.join("authorities/.ca.key.kboot-tmp")).unwrap();
    std::fs::create_dir(out.join("admin.conf")).unwrap();
    let built = Plan::build(&spec, out, &mut Env::system());
    assert!(matches!(built, Err(Error::Bundle(BundleError::UnexpectedKind { .. }))), "{built:?}");
    std::fs::remove_dir(out.join("admin.conf")).unwrap();
    assert!(Plan::build(&spec, out, &mut Env::system()).is_ok());
    assert!(!out.join("authorities/.ca.key.kboot-tmp").exists());
}

#[test]
fn a_new_file_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    write_new(&path, b"one", 0o600).unwrap();
    assert!(matches!(write_new(&path, b"two", 0o600), Err(BundleError::Exists { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), b"one");
    let files: [(&str, &[u8], u32); 2] = [("other", b"two", 0o600), ("key", b"two", 0o600)];
    assert!(write_all_new(folder.path(), &files).is_err());
    assert!(!folder.path().join("other").exists());
    assert!(exposures(folder.path()).unwrap().is_empty());
}

#[test]
fn a_node_whose_name_is_a_device_is_named_where_windows_would_refuse_its_folder() {
    for name in ["nul", "con.example.com", "lpt9"] {
        let (spec, folder, mut env) = (cluster(name), tempfile::tempdir().unwrap(), Env::system());
        let authorities = CaSet::create(&spec, &mut env).unwrap();
        let bundle = Bundle::render(&spec, &authorities.issue(&spec, &mut env).unwrap()).unwrap();
        let planned = [
            bundle.plan(folder.path()).map_err(Error::from).err(),
            Plan::of(&spec, folder.path(), &mut env).err(),
            Plan::build(&spec, folder.path(), &mut env).err(),
        ];
        for error in planned {
            match error {
                Some(Error::Bundle(BundleError::NodeName { node }))
                    if !HAS_MODES && node.as_str() == name => {}
                None if HAS_MODES => {}
                error => panic!("{name}: {error:?}"),
            }
        }
    }
}
