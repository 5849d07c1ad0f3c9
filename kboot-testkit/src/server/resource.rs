//! Which resources there are: what discovery says, and where objects are kept.

/// A resource of one version of a group (`metav1.APIResource`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) kind: String,
    pub(crate) namespaced: bool,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    /// `status`, `approval`, `token`…
    pub(crate) subresources: Vec<String>,
    /// Reviews can be created and nothing else.
    pub(crate) is_review: bool,
    /// Of a CustomResourceDefinition.
    pub(crate) is_custom: bool,
}

impl Resource {
    pub(crate) fn is(&self, group: &str, plural: &str) -> bool {
        self.group == group && self.plural == plural
    }

    /// `v1`, `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// One line of `resources.tsv`.
struct Row {
    resource: Resource,
    since: u32,
    until: Option<u32>,
}

impl Row {
    /// `None` for comments and for what is no row (a test reads every line).
    fn parse(line: &str) -> Option<Self> {
        let mut columns = line.split('\t');
        let mut column = || columns.next();
        let group = column().filter(|group| !group.starts_with('#'))?;
        let [version, plural, singular, kind] =
            [column()?, column()?, column()?, column()?].map(str::to_owned);
        let [scope, verbs, short_names, categories, subresources] =
            [column()?, column()?, column()?, column()?, column()?];
        let since = column()?.parse().ok()?;
        let until = match column()? {
            "-" => None,
            minor => Some(minor.parse().ok()?),
        };
        let resource = Resource {
            group: if group == "core" { String::new() } else { group.to_owned() },
            version,
            plural,
            singular,
            kind,
            namespaced: scope == "namespaced",
            short_names: items(short_names),
            categories: items(categories),
            subresources: items(subresources),
            is_review: verbs == "create",
            is_custom: false,
        };
        columns.next().is_none().then_some(Self { resource, since, until })
    }

    fn in_version(mut self, minor: u32) -> Option<Resource> {
        if minor < self.since || self.until.is_some_and(|until| until < minor) {
            return None;
        }
        let subresources = std::mem::take(&mut self.resource.subresources);
        self.resource.subresources =
            subresources.iter().filter_map(|name| subresource_in(name, minor)).collect();
        Some(self.resource)
    }
}

fn items(column: &str) -> Vec<String> {
    column.split(',').filter(|item| *item != "-").map(str::to_owned).collect()
}

/// `resize@33` is there from that minor on.
fn subresource_in(written: &str, minor: u32) -> Option<String> {
    let (name, since) = written.split_once('@').unwrap_or((written, "0"));
    since.parse::<u32>().is_ok_and(|since| since <= minor).then(|| name.to_owned())
}

/// The built-in resources of Kubernetes 1.`minor`.
pub(crate) fn of_version(minor: u32) -> Vec<Resource> {
    let rows = include_str!("resources.tsv").lines().filter_map(Row::parse);
    rows.filter_map(|row| row.in_version(minor)).collect()
}

#[cfg(test)]
mod tests;
