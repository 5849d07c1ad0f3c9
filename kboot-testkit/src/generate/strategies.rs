//! proptest strategies: genuine requests of one cluster, and what makes them worse.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{GeneralName, Key, KeyKind, Object, Request, signed};
use crate::cluster::{NODES, Node, Picture, USERS};

pub use super::mutation::{Case, Mutation};

/// Kinds of keys that are quick to sign with.
fn kind() -> impl Strategy<Value = KeyKind> {
    prop_oneof![
        8 => Just(KeyKind::P256),
        1 => Just(KeyKind::P384),
        1 => Just(KeyKind::P521),
        1 => Just(KeyKind::Ed25519),
        1 => Just(KeyKind::Rsa2048),
    ]
}

fn expiration() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![
        Just(None),
        Just(Some(600)),
        Just(Some(86_400)),
        Just(Some(31_536_000)),
        (600..100_000_i64).prop_map(Some)
    ]
}

fn usages(last: &'static str) -> impl Strategy<Value = Vec<String>> {
    any::<bool>().prop_map(move |encipherment| {
        let all = ["digital signature", "key encipherment", last];
        all.iter()
            .filter(|usage| encipherment || **usage != "key encipherment")
            .map(|usage| (*usage).to_owned())
            .collect()
    })
}

/// A genuine request for a serving certificate by a node of the cluster.
pub fn serving() -> impl Strategy<Value = Case> {
    serving_of(kind(), NODES)
}

/// As [`serving`], with keys of these kinds and by a node of another cluster.
///
/// ```
/// use kboot_testkit::cluster::PICTURE;
/// use kboot_testkit::generate::{KeyKind, strategies::serving_with};
/// let _of_p256_alone = serving_with(&[KeyKind::P256], &PICTURE);
/// ```
///
/// # Panics
/// The strategy, where no kind is given or no node has joined.
pub fn serving_with(kinds: &[KeyKind], picture: &Picture<'static>) -> impl Strategy<Value = Case> + use<> {
    serving_of(select(kinds.to_vec()), picture.nodes)
}

fn serving_of(kind: impl Strategy<Value = KeyKind>, nodes: &'static [Node]) -> impl Strategy<Value = Case> {
    let joined: Vec<Node> = nodes.iter().copied().filter(|node| node.joined).collect();
    let node = select(joined);
    let names = node.prop_flat_map(|node| {
        let mut all: Vec<GeneralName> = vec![GeneralName::dns(node.name)];
        all.extend(node.dns_names.iter().map(|name| GeneralName::dns(name)));
        all.extend(node.addresses.iter().map(|address| GeneralName::ip(address)));
        let count = all.len();
        (Just(node), subsequence(all, 1..=count))
    });
    (names, kind, usages("server auth"), expiration()).prop_map(
        |((node, names), kind, usages, expiration)| {
            let request = Request::kubelet_serving(node.name, &names).with_key(Key::shared(kind));
            let object = Object::kubelet_serving(node.name, Vec::new());
            Case::new(request, Object { usages, expiration_seconds: expiration, ..object })
        },
    )
}

/// A genuine request for a client certificate: a first one by the machine's own bootstrap token, or the
/// renewal of a node that has joined.
pub fn client() -> impl Strategy<Value = Case> {
    client_of(kind(), NODES)
}

/// As [`client`], with keys of these kinds and for a node of another cluster.
///
/// # Panics
/// The strategy, where no kind is given or there is no node.
pub fn client_with(kinds: &[KeyKind], picture: &Picture<'static>) -> impl Strategy<Value = Case> + use<> {
    client_of(select(kinds.to_vec()), picture.nodes)
}

fn client_of(kind: impl Strategy<Value = KeyKind>, nodes: &'static [Node]) -> impl Strategy<Value = Case> {
    (select(nodes), kind, usages("client auth"), expiration()).prop_map(|(node, kind, usages, expiration)| {
        let request = Request::kubelet_client(node.name).with_key(Key::shared(kind));
        let object = if node.joined {
            Object::kubelet_client(node.name, Vec::new())
        } else {
            Object::kubelet_bootstrap(node.token_id, Vec::new())
        };
        Case::new(request, Object { usages, expiration_seconds: expiration, ..object })
    })
}

/// A genuine request of a person for a client certificate of their own.
pub fn user() -> impl Strategy<Value = Case> {
    let usages = subsequence(vec!["digital signature", "key encipherment"], 0..=2);
    (select(USERS), kind(), usages, expiration()).prop_map(|(user, kind, mut usages, expiration)| {
        usages.push("client auth");
        let request = Request::user(user.name, user.groups).with_key(Key::shared(kind));
        let mut groups = user.groups.to_vec();
        groups.push("system:authenticated");
        let object = Object::user(user.requestor, &groups, Vec::new()).with_usages(&usages);
        Case::new(request, Object { expiration_seconds: expiration, ..object })
    })
}

/// A genuine request to any of the three signers.
pub fn genuine() -> impl Strategy<Value = Case> {
    prop_oneof![serving(), client(), user()]
}

/// A mutation that suits a signer.
pub fn mutation(signer: &str) -> impl Strategy<Value = Mutation> + use<> {
    select(Mutation::for_signer(signer))
}

/// A genuine case and what makes it worse, not yet applied: none, one, or several.
pub fn mutations() -> impl Strategy<Value = (Case, Vec<Mutation>)> {
    genuine().prop_flat_map(|case| {
        let all = Mutation::for_signer(&case.object.signer_name);
        let some = prop_oneof![
            1 => Just(Vec::new()),
            3 => proptest::collection::vec(select(all.clone()), 1),
            1 => proptest::collection::vec(select(all), 2..4),
        ];
        (Just(case), some)
    })
}

/// A genuine case with a few octets of what is signed changed, left out or doubled, and then signed rightly:
/// hardly any of them is PKCS#10 still.
pub fn corrupted() -> impl Strategy<Value = Case> {
    let edit = (any::<prop::sample::Index>(), 0..4_u8, any::<u8>());
    (genuine(), proptest::collection::vec(edit, 1..4)).prop_map(|(mut case, edits)| {
        let mut info = case.request.info();
        for (at, kind, octet) in edits {
            let at = at.index(info.len());
            match kind {
                0 => info[at] = octet,
                1 => info[at] ^= 1 << (octet % 8),
                2 => info.insert(at, octet),
                _ => drop(info.remove(at)),
            }
        }
        let text = case.pem.text(&signed(&info, &case.request.key));
        case.base64 = Some(STANDARD.encode(text));
        case
    })
}

/// A case: genuine, made worse in one way or several, or corrupted.
pub fn case() -> impl Strategy<Value = Case> {
    let worse = mutations().prop_map(|(mut case, mutations)| {
        for mutation in &mutations {
            mutation.apply(&mut case);
        }
        case
    });
    prop_oneof![4 => worse, 1 => corrupted()]
}
