use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use super::{Empty, ListType, Schema, Strategic, Type, protobuf, table};

fn field(minor: u32, structure: &str, field: &str) -> Option<super::Field> {
    Schema::of_version(minor).structure(structure).unwrap().fields.get(field).cloned()
}

#[test]
fn every_line_is_read() {
    let mut structs = 0;
    for line in include_str!("kinds.txt").lines().filter(|line| !line.starts_with('#')) {
        let Some(of) = line.strip_prefix(' ') else {
            structs += usize::from(!line.starts_with("= "));
            assert_eq!(line.starts_with("= "), line.split(' ').count() == 5, "{line}");
            continue;
        };
        let there = (20..=37).filter(|minor| table::field(of, *minor).is_some()).count();
        assert!(there > 0, "no version has {line}");
        let (name, field) =
            table::field(of, 37).or_else(|| table::field(of, 20)).or_else(|| table::field(of, 27)).unwrap();
        assert!(of.starts_with(&name), "{line}");
        let typeless = ["apiVersion", "kind", "runningInUserNamespace"].contains(&name.as_str());
        assert!(typeless || field.number.is_some_and(|number| number > 0), "{line}");
        assert_eq!(of.split(' ').nth(2).unwrap().contains('/'), field.inside.is_some(), "{line}");
        assert_eq!(
            of.contains(" merge"),
            matches!(field.of, Type::List { strategic: Strategic::Merge(_), .. }),
            "{line}"
        );
    }
    let schema = Schema::of_version(36);
    assert_eq!(schema.structs.len(), structs);
    assert!(structs > 300 && schema.kinds.len() > 50);
}

#[test]
fn every_type_is_there_that_a_field_or_kind_names() {
    fn named(of: &Type) -> Option<&str> {
        match of {
            Type::Struct(name) => Some(name),
            Type::Map { value: inner, .. } | Type::List { item: inner, .. } => named(inner),
            _ => None,
        }
    }
    let schema = Schema::of_version(37);
    for (.., name) in schema.kinds() {
        assert!(schema.structure(name).is_some_and(|found| found.fields.contains_key("kind")), "{name}");
    }
    for name in schema.structs.keys() {
        let structure = schema.structure(name).unwrap();
        for (field, of) in structure.fields.iter().filter_map(|(field, of)| Some((field, named(&of.of)?))) {
            assert!(schema.structure(of).is_some(), "{name}.{field} is of {of}");
        }
        if let Some(keys) = structure.fields.values().find_map(|field| match &field.of {
            Type::List { list: ListType::Map(keys), item, .. } => Some((keys, item)),
            _ => None,
        }) {
            let item = schema.structure(named(keys.1).unwrap()).unwrap();
            assert!(keys.0.iter().all(|key| item.fields.contains_key(key)), "{name}: {:?}", keys.0);
        }
    }
}

#[test]
fn fields_are_what_upstream_says() {
    let owners = field(36, "meta.v1.ObjectMeta", "ownerReferences").unwrap();
    assert_eq!(owners.number, Some(13));
    let Type::List { list, strategic, .. } = owners.of else { panic!("a list") };
    assert_eq!(list, ListType::Map(vec!["uid".to_owned()]));
    assert_eq!(strategic, Strategic::Merge(Some("uid".to_owned())));
    assert_eq!(field(20, "core.v1.Secret", "data").unwrap().number, Some(2));
    assert_eq!(field(20, "core.v1.SecretKeySelector", "name").unwrap().inside, Some(1));
    assert_eq!(field(20, "core.v1.Event", "reason").unwrap().empty, Empty::LeftOut);
    assert_eq!(field(20, "core.v1.Node", "status").unwrap().empty, Empty::Written);
    assert_eq!(field(20, "coordination.v1.LeaseSpec", "leaseDurationSeconds").unwrap().empty, Empty::Kept);
}

#[test]
fn versions_have_their_fields() {
    let request = "certificates.v1.CertificateSigningRequestSpec";
    assert!(field(21, request, "expirationSeconds").is_none());
    assert!(field(22, request, "expirationSeconds").is_some());
    assert!(field(24, "meta.v1.ObjectMeta", "clusterName").is_some());
    assert!(field(25, "meta.v1.ObjectMeta", "clusterName").is_none());
    assert!(field(37, "certificates.v1.PodCertificateRequestSpec", "pkixPublicKey").is_none());
    assert!(field(35, "certificates.v1beta1.PodCertificateRequestSpec", "pkixPublicKey").is_some());
    let schema = |minor| Schema::of_version(minor);
    assert!(!schema(20).structure("core.v1.NodeSelector").unwrap().atomic);
    assert!(schema(21).structure("core.v1.NodeSelector").unwrap().atomic);
    assert!(schema(20).structure("meta.v1.LabelSelector").unwrap().atomic);
}

#[test]
fn kinds_that_are_not_known_are_anything() {
    let schema = Schema::of_version(36);
    assert_eq!(schema.of_kind("", "v1", "Node"), Type::Struct("core.v1.Node".to_owned()));
    assert_eq!(schema.of_kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition"), Type::Any);
    assert_eq!(schema.of_kind("example.org", "v1", "Node"), Type::Any);
    assert_eq!(
        schema.of_kind("apps", "v1", "DeleteOptions"),
        Type::Struct("meta.v1.DeleteOptions".to_owned())
    );
}

#[test]
fn a_schema_is_there_in_well_under_5_ms() {
    let best = (0..20).map(|_| {
        let start = Instant::now();
        assert!(table::read(36).structure("core.v1.Node").is_some());
        start.elapsed()
    });
    assert!(best.min().unwrap() < Duration::from_millis(5));
}

/// A value of a type, with some of its fields.
fn value_of(schema: &Schema, of: &Type, narrow: bool, depth: u32) -> BoxedStrategy<Value> {
    match of {
        Type::Any => prop_oneof![Just(json!({"a": [1, null, "x"], "b": {}})), Just(json!({}))].boxed(),
        Type::String => {
            prop_oneof![Just(String::new()), "[a-zä\"\\\\\u{1F600}]{1,9}"].prop_map(Value::from).boxed()
        }
        Type::Integer if narrow => any::<i32>().prop_map(Value::from).boxed(),
        Type::Integer => any::<i64>().prop_map(Value::from).boxed(),
        Type::Number => any::<i32>().prop_map(|number| f64::from(number).into()).boxed(),
        Type::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        Type::Bytes => {
            prop::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| STANDARD.encode(bytes).into()).boxed()
        }
        Type::Time | Type::MicroTime => {
            let moment = (0_u32..9999, 1_u32..13, 1_u32..29, 0_u32..60, 0_u32..1_000_000);
            let written = moment.prop_map(|(year, month, day, second, micro)| {
                format!("{year:04}-{month:02}-{day:02}T23:59:{second:02}.{micro:06}+01:00").into()
            });
            written.boxed()
        }
        Type::Quantity => "[1-9][0-9]{0,8}(m|k|Mi|Gi|e3|)".prop_map(Value::from).boxed(),
        Type::IntOrString => {
            prop_oneof![any::<i32>().prop_map(Value::from), "[0-9a-z%]{0,5}".prop_map(Value::from)].boxed()
        }
        Type::Map { value, .. } => {
            let entries =
                prop::collection::btree_map("[a-z./]{0,5}", value_of(schema, value, narrow, depth + 1), 0..3);
            entries.prop_map(|entries| entries.into_iter().collect()).boxed()
        }
        Type::List { item, .. } => prop::collection::vec(value_of(schema, item, narrow, depth + 1), 0..3)
            .prop_map(Value::from)
            .boxed(),
        Type::Struct(name) => {
            let structure = schema.structure(name).unwrap();
            let mut object = Just(json!({})).boxed();
            for (name, field) in &structure.fields {
                let typed = depth == 0 && ["kind", "apiVersion"].contains(&name.as_str());
                if typed || depth > 5 || field.number.is_none() {
                    continue;
                }
                let (name, likely) = (name.clone(), if depth < 2 { 0.7 } else { 0.2 });
                let some =
                    prop::option::weighted(likely, value_of(schema, &field.of, field.narrow, depth + 1));
                let with = (object, some).prop_map(move |(mut object, some)| {
                    if let Some(value) = some {
                        object[&name] = value;
                    }
                    object
                });
                object = with.boxed();
            }
            object
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    /// What has been read once is read as it is, and comes back from protobuf as it is.
    #[test]
    fn objects_of_all_kinds_are_read_and_written(seed in any::<u64>()) {
        let schema = Schema::of_version(36);
        for (group, version, kind, _) in schema.kinds() {
            let of = schema.of_kind(group, version, kind);
            let strategy = value_of(&schema, &of, false, 0);
            let mut bytes = seed.to_le_bytes().repeat(4);
            bytes.rotate_left(kind.len() % 8);
            let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
            let mut runner = TestRunner::new_with_rng(Config::default(), random);
            let mut object = strategy.new_tree(&mut runner).unwrap().current();
            object["kind"] = kind.into();
            object["apiVersion"] = format!("{group}/{version}").trim_start_matches('/').into();
            let (read, unknown) = schema.decode(&of, object).unwrap();
            prop_assert_eq!(unknown, Vec::<String>::new());
            prop_assert_eq!(&schema.decode(&of, read.clone()).unwrap().0, &read);
            let bytes = protobuf::encode(&schema, &read).unwrap();
            prop_assert_eq!(protobuf::decode(&schema, &bytes).unwrap(), read);
        }
    }
}
