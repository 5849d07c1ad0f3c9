//! One comparison: the guide's result beside kboot's, as a set of differences in words.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kboot_testkit::Oracle;
use serde::Deserialize;
use serde_yaml::Value;

use super::Built;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Comparison {
    Unit(Unit),
    Kubeconfig(Kubeconfig),
    KubeconfigFile(Files),
    Certificate(Certificate),
    Object(Object),
    Lines(Files),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Unit {
    component: String,
    node: String,
    /// The guide's unit, its environment files and its configuration file.
    unit: String,
    #[serde(default)]
    environment: Vec<String>,
    #[serde(default)]
    config: Option<String>,
}

/// The arguments of the guide's four `kubectl config` commands.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Kubeconfig {
    cluster: String,
    server: String,
    user: String,
    context: String,
    #[serde(default)]
    embed: bool,
    authority: String,
    #[serde(default)]
    certificate: Option<String>,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    token: bool,
    ours: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Files {
    theirs: String,
    ours: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Certificate {
    /// A cfssl request, or an openssl configuration with its subject.
    #[serde(default)]
    cfssl: Option<String>,
    #[serde(default)]
    openssl: Option<(String, String)>,
    /// kboot's certificate, in a file or in a kubeconfig.
    ours: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    /// Arguments of kubectl that print the object, or a file.
    #[serde(default)]
    kubectl: Vec<String>,
    #[serde(default)]
    theirs: Option<String>,
    ours: String,
    /// Which of ours: its kind, and its name where it is not the same.
    kind: String,
    #[serde(default)]
    name: Option<String>,
}

type Facts = BTreeMap<String, String>;

/// The differences; nothing where a tool is missing on a developer's machine.
pub(super) fn differences(built: &Built, what: &serde_json::Value) -> Option<BTreeSet<String>> {
    let what: Comparison =
        serde_json::from_value(what.clone()).unwrap_or_else(|error| panic!("{what:?}: {error}"));
    let (theirs, ours) = match what {
        Comparison::Unit(unit) => (unit.theirs(built), unit.ours(built)),
        Comparison::Kubeconfig(kubeconfig) => {
            (flat(&yaml(&kubeconfig.theirs(built)?)), flat(&yaml(&built.output(&kubeconfig.ours))))
        }
        Comparison::KubeconfigFile(files) => (
            flat(&yaml(&built.renamed(&built.fixture(&files.theirs)))),
            flat(&yaml(&built.output(&files.ours))),
        ),
        Comparison::Certificate(certificate) => (certificate.theirs(built)?, certificate.ours(built)?),
        Comparison::Object(object) => (object.theirs(built)?, object.ours(built)),
        Comparison::Lines(files) => (lines(&built.fixture(&files.theirs)), lines(&built.output(&files.ours))),
    };
    let names: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    let differences = names.into_iter().filter_map(|name| match (theirs.get(name), ours.get(name)) {
        (Some(theirs), None) => Some(format!("{name}: guide {}, kboot nothing", short(theirs))),
        (None, Some(ours)) => Some(format!("{name}: guide nothing, kboot {}", short(ours))),
        (Some(theirs), Some(ours)) if theirs != ours => {
            Some(format!("{name}: guide {}, kboot {}", short(theirs), short(ours)))
        }
        _ => None,
    });
    Some(differences.collect())
}

fn write(path: &Path, bytes: &[u8]) {
    kboot_core::bundle::write_new(path, bytes, 0o600).unwrap();
}

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

/// `NAME = VALUE`, or a line that stands for itself.
fn lines(text: &str) -> Facts {
    let pairs = text.lines().map(|line| line.split_once('=').unwrap_or((line, "yes")));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

/// Every leaf with its path. What is empty says nothing.
fn flat(value: &Value) -> Facts {
    let mut facts = Facts::new();
    flatten(value, String::new(), &mut facts);
    facts
}

fn flatten(value: &Value, path: String, facts: &mut Facts) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Mapping(fields) => {
            for (name, value) in fields {
                flatten(value, below(name.as_str().unwrap()), facts);
            }
        }
        Value::Sequence(items) if items.iter().all(|item| !item.is_mapping()) => {
            let items: Vec<String> = items.iter().map(scalar).collect();
            facts.insert(path, items.join(","));
        }
        Value::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(item, format!("{path}[{index}]"), facts);
            }
        }
        Value::Null => {}
        value => {
            facts.insert(path, scalar(value));
        }
    }
}

/// A value in a message. Certificates and keys are long and differ in every run, and so do times.
fn short(value: &str) -> &str {
    let is_time = value.len() == 20 && value.ends_with('Z') && value.as_bytes()[10] == b'T';
    match value.len() {
        20 if is_time => "a time",
        length if length > 200 => "a long text",
        _ => value,
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        value => serde_yaml::to_string(value).unwrap().trim().to_owned(),
    }
}

impl Unit {
    fn theirs(&self, built: &Built) -> Facts {
        let environment: String =
            self.environment.iter().map(|name| built.renamed(&built.fixture(name))).collect();
        let config = self.config.as_ref().map(|name| built.renamed(&built.fixture(name)));
        self.facts(&built.renamed(&built.fixture(&self.unit)), &environment, config.as_deref())
    }

    fn ours(&self, built: &Built) -> Facts {
        let node = |path: &str| {
            std::fs::read_to_string(built.folder.path().join(format!("nodes/{}/{path}", self.node))).ok()
        };
        let component = &self.component;
        let unit = node(&format!("etc/systemd/system/{component}.service")).unwrap();
        let environment = node(&format!("etc/kubernetes/{component}.env")).unwrap_or_default();
        let config = match component.as_str() {
            "kubelet" => node("var/lib/kubelet/config.yaml"),
            "kube-proxy" => node("var/lib/kube-proxy/config.conf"),
            _ => None,
        };
        self.facts(&unit, &environment, config.as_deref())
    }

    /// The directives as `[Section] Name`, the arguments as `--flag`, and for kubelet and kube-proxy a
    /// setting under its field's name wherever it stands.
    fn facts(&self, unit: &str, environment: &str, config: Option<&str>) -> Facts {
        let mut facts = config.map(|config| flat(&yaml(config))).unwrap_or_default();
        let variables = assignments(environment);
        let mut section = String::new();
        for line in joined(unit) {
            if let Some(name) = line.strip_prefix('[') {
                section = format!("[{name}");
                continue;
            }
            let Some((name, value)) = line.split_once('=') else { continue };
            match name {
                "ExecStart" => {
                    let words = value.split_whitespace().flat_map(|word| match word.strip_prefix('$') {
                        Some(variable) => variables.get(variable).cloned().unwrap_or_default(),
                        None => vec![word.to_owned()],
                    });
                    let mut words = words.peekable();
                    facts.insert("program".to_owned(), words.next().unwrap());
                    while let Some(word) = words.next() {
                        let word = word.strip_prefix("--").unwrap_or_else(|| panic!("{word} is no flag"));
                        let (flag, value) = match word.split_once('=') {
                            Some((flag, value)) => (flag, value.to_owned()),
                            None => match words.next_if(|next| !next.starts_with("--")) {
                                Some(value) => (word, value),
                                None => (word, "true".to_owned()),
                            },
                        };
                        facts.insert(self.setting(flag), value);
                    }
                }
                // Which files they are is the table of files' business.
                "EnvironmentFile" => {}
                name => {
                    let entry = facts.entry(format!("{section} {name}")).or_default();
                    let separator = if entry.is_empty() { "" } else { " " };
                    entry.push_str(&format!("{separator}{value}"));
                }
            }
        }
        facts
    }

    /// The field that says the same as a flag, where there is one.
    fn setting(&self, flag: &str) -> String {
        let kind = match self.component.as_str() {
            "kubelet" => "KubeletConfiguration",
            "kube-proxy" => "KubeProxyConfiguration",
            _ => return format!("--{flag}"),
        };
        let rows = include_str!("../../../src/release/fields.tsv")
            .lines()
            .map(|row| row.split('\t').collect::<Vec<_>>());
        let mut fields =
            rows.filter(|row| row[0] == kind && row.len() > 5 && row[5] == flag).map(|row| row[1].to_owned());
        fields.next().unwrap_or_else(|| format!("--{flag}"))
    }
}

/// Lines without comments, a backslash at the end joining the next.
fn joined(text: &str) -> Vec<String> {
    let text = text.replace("\\\n", " ");
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

fn assignments(text: &str) -> BTreeMap<String, Vec<String>> {
    let pairs = joined(text).into_iter().map(|line| {
        let (name, value) = line.split_once('=').unwrap();
        let words = value.trim_matches('"').split_whitespace().map(str::to_owned).collect();
        (name.to_owned(), words)
    });
    pairs.collect()
}

impl Kubeconfig {
    fn theirs(&self, built: &Built) -> Option<String> {
        let kubectl = Oracle::find("kubectl")?;
        let folder = tempfile::tempdir().unwrap();
        let config = |arguments: &[&str]| {
            let arguments = ["config", "--kubeconfig=theirs"].into_iter().chain(arguments.iter().copied());
            let output = kubectl.run(folder.path(), &arguments.collect::<Vec<_>>());
            assert!(output.accepted, "{output}");
        };
        // What is embedded is read: the guide's files hold what kboot issued.
        if self.embed {
            let ours: kboot_core::Kubeconfig = built.output(&self.ours).parse().unwrap();
            let write = |name: &str, bytes: &[u8]| write(&folder.path().join(name), bytes);
            let authority = std::fs::read(built.folder.path().join("authorities/ca.crt")).unwrap();
            write(&self.authority, &authority);
            if let (Some(certificate), Some(key)) = (&self.certificate, &self.key) {
                let (issued, private) = ours.client_certificate().unwrap();
                write(certificate, issued.to_pem().as_bytes());
                write(key, private.to_pem().unwrap().expose_secret().as_bytes());
            }
        }
        let file = str::to_owned;
        let embed = format!("--embed-certs={}", self.embed);
        let server = format!("--server={}", self.server);
        let authority = format!("--certificate-authority={}", file(&self.authority));
        config(&["set-cluster", &self.cluster, &authority, &embed, &server]);
        let mut credentials = vec!["set-credentials".to_owned(), self.user.clone()];
        if self.token {
            let ours = yaml(&built.output(&self.ours));
            credentials.push(format!("--token={}", ours["users"][0]["user"]["token"].as_str().unwrap()));
        }
        if let (Some(certificate), Some(key)) = (&self.certificate, &self.key) {
            credentials.push(format!("--client-certificate={}", file(certificate)));
            credentials.push(format!("--client-key={}", file(key)));
            credentials.push(embed);
        }
        config(&credentials.iter().map(String::as_str).collect::<Vec<_>>());
        let (cluster, user) = (format!("--cluster={}", self.cluster), format!("--user={}", self.user));
        config(&["set-context", &self.context, &cluster, &user]);
        config(&["use-context", &self.context]);
        let text = std::fs::read_to_string(folder.path().join("theirs")).unwrap();
        Some(built.renamed(&text))
    }
}

impl Certificate {
    fn theirs(&self, built: &Built) -> Option<Facts> {
        let folder = tempfile::tempdir().unwrap();
        let authority = built.folder.path().join("authorities");
        let (certificate, key) = (authority.join("ca.crt"), authority.join("ca.key"));
        let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
        let path = |name: &str| built.fixtures.join(name).to_str().unwrap().to_owned();
        if let Some(request) = &self.cfssl {
            let cfssl = Oracle::find("cfssl")?;
            let (ca, ca_key) = (format!("-ca={certificate}"), format!("-ca-key={key}"));
            let config = format!("-config={}", path("ca-config.json"));
            let output = cfssl.run(
                folder.path(),
                &["gencert", &ca, &ca_key, &config, "-profile=kubernetes", &path(request)],
            );
            assert!(output.accepted, "{output}");
            let json: Value = serde_yaml::from_str(&output.stdout).unwrap();
            write(&folder.path().join("theirs.pem"), json["cert"].as_str().unwrap().as_bytes());
        }
        if let Some((config, subject)) = &self.openssl {
            let openssl = Oracle::find("openssl")?;
            let run = |arguments: &[&str]| {
                let output = openssl.run(folder.path(), arguments);
                assert!(output.accepted, "{output}");
            };
            run(&["genrsa", "-out", "k.key", "2048"]);
            run(&[
                "req",
                "-new",
                "-key",
                "k.key",
                "-subj",
                subject,
                "-out",
                "r.csr",
                "-config",
                &path(config),
            ]);
            run(&[
                "x509",
                "-req",
                "-in",
                "r.csr",
                "-CA",
                certificate,
                "-CAkey",
                key,
                "-set_serial",
                "1",
                "-out",
                "theirs.pem",
                "-extensions",
                "v3_req",
                "-extfile",
                &path(config),
                "-days",
                "1000",
            ]);
        }
        facts_of_certificate(folder.path())
    }

    fn ours(&self, built: &Built) -> Option<Facts> {
        let folder = tempfile::tempdir().unwrap();
        let text = built.output(&self.ours);
        let pem = match self.ours.ends_with(".crt") {
            true => text,
            false => {
                let kubeconfig: kboot_core::Kubeconfig = text.parse().unwrap();
                kubeconfig.client_certificate().unwrap().0.to_pem()
            }
        };
        write(&folder.path().join("theirs.pem"), pem.as_bytes());
        facts_of_certificate(folder.path())
    }
}

/// What openssl says of `theirs.pem`.
fn facts_of_certificate(folder: &Path) -> Option<Facts> {
    let openssl = Oracle::find("openssl")?;
    let arguments = [
        "x509",
        "-in",
        "theirs.pem",
        "-noout",
        "-subject",
        "-nameopt",
        "RFC2253",
        "-ext",
        "keyUsage,extendedKeyUsage,subjectAltName,basicConstraints",
    ];
    let output = openssl.run(folder, &arguments);
    assert!(output.accepted, "{output}");
    let mut facts = Facts::new();
    let mut name = String::new();
    for line in output.stdout.lines().map(str::trim) {
        if let Some(subject) = line.strip_prefix("subject=") {
            for part in subject.split(',') {
                let (attribute, value) = part.split_once('=').unwrap();
                facts.insert(format!("subject {attribute}"), value.to_owned());
            }
        } else if let Some(extension) = line.strip_suffix(": critical").or_else(|| line.strip_suffix(':')) {
            name = extension.trim_start_matches("X509v3 ").to_owned();
        } else {
            facts.insert(name.clone(), line.to_owned());
        }
    }
    Some(facts)
}

impl Object {
    fn theirs(&self, built: &Built) -> Option<Facts> {
        let text = match &self.theirs {
            Some(file) => built.fixture(file),
            None => {
                let kubectl = Oracle::find("kubectl")?;
                let token = || yaml(&built.output("manifests/bootstrap-token.yaml"))["stringData"].clone();
                let arguments: Vec<String> = self
                    .kubectl
                    .iter()
                    .map(|argument| match argument.contains("TOKEN-") {
                        true => argument
                            .replace("TOKEN-ID", token()["token-id"].as_str().unwrap())
                            .replace("TOKEN-SECRET", token()["token-secret"].as_str().unwrap()),
                        false => argument.clone(),
                    })
                    .chain(["--dry-run=client".to_owned(), "-o=yaml".to_owned()])
                    .collect();
                let folder = tempfile::tempdir().unwrap();
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                let output = kubectl.run(folder.path(), &arguments);
                assert!(output.accepted, "{output}");
                output.stdout
            }
        };
        Some(self.facts(&text, None))
    }

    fn ours(&self, built: &Built) -> Facts {
        self.facts(&built.output(&self.ours), self.name.as_deref())
    }

    /// The object of the wanted kind and name; Secrets' data as text.
    fn facts(&self, text: &str, name: Option<&str>) -> Facts {
        use base64::Engine;
        let documents =
            serde_yaml::Deserializer::from_str(text).map(|document| Value::deserialize(document).unwrap());
        let wanted = |object: &Value| {
            object["kind"].as_str() == Some(self.kind.as_str())
                && name.is_none_or(|name| object["metadata"]["name"].as_str() == Some(name))
        };
        let mut object =
            documents.into_iter().find(wanted).unwrap_or_else(|| panic!("no {} in\n{text}", self.kind));
        if let Value::Mapping(fields) = &mut object
            && let Some(Value::Mapping(data)) = fields.remove("data")
        {
            let decoded = data.into_iter().map(|(key, value)| {
                let bytes =
                    base64::engine::general_purpose::STANDARD.decode(value.as_str().unwrap()).unwrap();
                (key, Value::String(String::from_utf8(bytes).unwrap()))
            });
            fields.insert("stringData".into(), Value::Mapping(decoded.collect()));
        }
        let mut facts = flat(&object);
        // kubectl writes it, and it says nothing.
        facts.remove("metadata.creationTimestamp");
        facts
    }
}
