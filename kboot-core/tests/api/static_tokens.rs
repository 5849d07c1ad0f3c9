//! Static tokens, with a real kube-apiserver as the judge.

use kboot_core::Env;
use kboot_core::token::StaticToken;
use kboot_core::{KeyAlgorithm, PrivateKey};

/// kube-apiserver reads its tokens, then fails on a policy file that is not there: it says which of the two
/// it stumbled over, and never comes to etcd.
#[test]
fn kube_apiserver_reads_what_kboot_writes_and_kboot_refuses_what_it_refuses() {
    let Some(apiserver) = kboot_testkit::upstream_program("kube-apiserver") else { return };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        let _ = std::fs::remove_file(&path);
        kboot_core::bundle::write_new(&path, text.as_bytes(), 0o600).unwrap();
    };
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    write("sa.key", key.to_pem().unwrap().expose_secret());
    let accepts = |rows: &str| {
        write("token.csv", rows);
        let arguments = [
            "--token-auth-file=token.csv",
            "--authorization-mode=ABAC",
            "--authorization-policy-file=not-there",
            "--etcd-servers=http://127.0.0.1:1",
            "--cert-dir=certs",
            "--service-account-issuer=x",
            "--service-account-signing-key-file=sa.key",
            "--service-account-key-file=sa.key",
        ];
        let verdict = apiserver.run(folder.path(), &arguments);
        let good = verdict.stderr.contains("open not-there");
        assert!(
            good || verdict.stderr.contains("columns") || verdict.stderr.contains("parse error"),
            "{verdict}"
        );
        good
    };
    let written: String =
        [("a", vec!["g"]), ("b \"c\", d", vec![]), ("e", vec!["f", "system:nodes", "h\"i"])]
            .into_iter()
            .map(|(user, groups)| {
                let groups = groups.into_iter().map(|group| group.parse().unwrap()).collect();
                let token =
                    StaticToken::generate(user.parse().unwrap(), "1", groups, &mut Env::system()).unwrap();
                token.to_csv().expose_secret().to_owned()
            })
            .collect();
    assert!(accepts(&written), "{written}");
    // Whether both take it, and whether kboot is stricter.
    for (rows, upstream, ours) in [
        ("a,u,1\n", true, false),
        ("a,u,1,\n", true, true),
        ("a,u,1,\"\"\n", true, true),
        ("a,u,1,\"g,h\"\r\n\r\nb,v,2,g", true, true),
        ("\"a\",\"u\"\"v\",\"1\",\"g\"", true, true),
        ("a,u\n", false, false),
        ("a,u,1,g\n  \n", false, false),
        ("a,u\"v,1\n", false, false),
        ("a,\"u\"v,1\n", false, false),
        ("a,\"u,1\n", false, false),
        ("a,u,1,g\nb\n", false, false),
        ("", true, true),
        (",u,1,g\n", true, false),
        ("a,,1,g\n", true, false),
        ("a,u,,g\n", true, false),
        ("a,u,1,g\na,v,2,g\n", true, false),
        ("a,u,1,g,h\n", true, false),
        ("a,u,1,\"g, h\"\n", true, false),
        ("a,u,1,system:masters\n", true, false),
    ] {
        assert_eq!((accepts(rows), StaticToken::read(rows).is_ok()), (upstream, ours), "{rows:?}");
    }
}
