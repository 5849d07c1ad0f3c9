use std::collections::BTreeSet;

use super::{Resource, Row, of_version};

fn find<'r>(resources: &'r [Resource], group: &str, plural: &str) -> Option<&'r Resource> {
    resources.iter().find(|resource| resource.group == group && resource.plural == plural)
}

#[test]
fn every_line_is_a_row() {
    for line in include_str!("../resources.tsv").lines().filter(|line| !line.starts_with('#')) {
        let row = Row::parse(line).unwrap_or_else(|| panic!("no row: {line}"));
        assert!(line.contains("\tnamespaced\t") != line.contains("\tcluster\t"), "{line}");
        assert!(line.contains("\tall\t") || line.contains("\tcreate\t"), "{line}");
        assert!((20..=37).contains(&row.since) && row.until.is_none_or(|until| row.since <= until), "{line}");
        assert!(row.resource.kind.to_lowercase().starts_with(&row.resource.singular), "{line}");
        for subresource in &row.resource.subresources {
            let since = subresource.split_once('@').map_or("20", |(_, since)| since);
            assert!((20..=37).contains(&since.parse::<u32>().unwrap()), "{line}");
        }
    }
}

#[test]
fn a_minor_serves_one_version_of_each() {
    for minor in 20..=37 {
        let resources = of_version(minor);
        assert!(resources.len() > 50, "1.{minor} has {}", resources.len());
        let names: BTreeSet<_> = resources.iter().map(|each| (&each.group, &each.plural)).collect();
        assert_eq!(names.len(), resources.len(), "1.{minor}");
        let short: Vec<_> =
            resources.iter().flat_map(|each| &each.short_names).filter(|name| *name != "ev").collect();
        assert_eq!(short.iter().collect::<BTreeSet<_>>().len(), short.len(), "1.{minor}");
    }
}

#[test]
fn versions_differ_as_upstreams_do() {
    let (old, middle, new) = (of_version(20), of_version(36), of_version(37));
    assert_eq!(find(&old, "policy", "poddisruptionbudgets").unwrap().api_version(), "policy/v1beta1");
    assert_eq!(find(&new, "policy", "poddisruptionbudgets").unwrap().api_version(), "policy/v1");
    assert_eq!(find(&of_version(34), "certificates.k8s.io", "podcertificaterequests"), None);
    assert_eq!(find(&middle, "certificates.k8s.io", "podcertificaterequests").unwrap().version, "v1beta1");
    assert_eq!(find(&new, "certificates.k8s.io", "podcertificaterequests").unwrap().version, "v1");
    assert_eq!(find(&old, "authentication.k8s.io", "selfsubjectreviews"), None);
    assert!(find(&new, "authentication.k8s.io", "selfsubjectreviews").unwrap().is_review);
    let pods = |resources: &[Resource]| find(resources, "", "pods").unwrap().subresources.join(",");
    assert_eq!(pods(&old), "attach,binding,eviction,exec,log,portforward,proxy,status");
    assert!(pods(&new).contains("ephemeralcontainers") && pods(&new).contains("resize"));
}

#[test]
fn requests_for_certificates_are_what_bootstrapping_asks_for() {
    let resources = of_version(36);
    let requests = find(&resources, "certificates.k8s.io", "certificatesigningrequests").unwrap();
    assert_eq!(requests.api_version(), "certificates.k8s.io/v1");
    assert_eq!((requests.kind.as_str(), requests.namespaced), ("CertificateSigningRequest", false));
    assert_eq!(requests.short_names, ["csr"]);
    assert_eq!(requests.subresources, ["approval", "status"]);
    assert!(!requests.is_review);
}
