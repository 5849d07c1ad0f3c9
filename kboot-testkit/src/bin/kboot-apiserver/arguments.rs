//! What the program is told.

use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) const HELP: &str = "\
Serves the Kubernetes API on loopback, for trying things and for tests: in memory, with a control plane's controllers

Usage: kboot-apiserver --kubeconfig FILE [OPTIONS]

Options:
      --kubeconfig FILE        Write an administrator's kubeconfig here, mode 0600, when the server is ready. One that
                               an earlier run has left there is replaced; everything else stays, and is an error
      --kubernetes-version V   The version of Kubernetes, 1.20 to 1.37, for example 1.36; default: the newest
      --port N                 The port to listen on; default: a free one
      --nodes N                Virtual kubelets, node-1 to node-N, join by a bootstrap token, two in a second
      --approver POLICY        Approve requests for certificates by this policy file, as kboot csr approve --watch does;
                               without it kubelets' serving certificates stay pending, as on a real control plane
  -h, --help                   Print help
  -V, --version                Print version

It serves until it gets SIGINT or SIGTERM.

Example:
  kboot-apiserver --kubeconfig demo.conf --nodes 3
  kubectl --kubeconfig demo.conf get nodes --watch
";

/// What it is told to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Help,
    Version,
    Serve(Arguments),
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) kubeconfig: PathBuf,
    pub(crate) version: Option<String>,
    pub(crate) port: u16,
    pub(crate) nodes: u32,
    pub(crate) approver: Option<PathBuf>,
}

pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Told, String> {
    use lexopt::Arg::{Long, Short, Value};
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut read = Arguments::default();
    let mut given: Vec<String> = Vec::new();
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        let flag = match argument {
            Short('h') | Long("help") => return Ok(Told::Help),
            Short('V') | Long("version") => return Ok(Told::Version),
            Long(flag) => flag.to_owned(),
            Short(letter) => return Err(format!("unexpected argument '-{letter}'")),
            Value(value) => return Err(format!("unexpected argument '{}'", shown(&value))),
        };
        if given.contains(&flag) {
            return Err(format!("the argument '--{flag}' cannot be used multiple times"));
        }
        let mut value = || {
            parser.value().map_err(|_| format!("a value is required for '--{flag}' but none was supplied"))
        };
        match flag.as_str() {
            "kubeconfig" => read.kubeconfig = value()?.into(),
            "kubernetes-version" => read.version = Some(shown(&value()?)),
            "port" => read.port = number(&flag, &value()?, "a port, 0 to 65535")?,
            "nodes" => read.nodes = number(&flag, &value()?, "a number")?,
            "approver" => read.approver = Some(value()?.into()),
            _ => return Err(format!("unexpected argument '--{flag}'")),
        }
        given.push(flag);
    }
    if read.kubeconfig.as_os_str().is_empty() {
        return Err("the following required argument was not provided: --kubeconfig FILE".to_owned());
    }
    Ok(Told::Serve(read))
}

fn number<N: std::str::FromStr>(flag: &str, value: &OsString, wanted: &str) -> Result<N, String> {
    let text = shown(value);
    text.parse().map_err(|_| format!("invalid value '{text}' for '--{flag}': not {wanted}"))
}

fn shown(value: &OsString) -> String {
    kboot_core::shown::cut(&value.to_string_lossy(), 253)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_words(text: &str) -> Result<Told, String> {
        read(text.split_whitespace().map(OsString::from))
    }

    #[test]
    fn everything_at_once() {
        let told =
            read_words("--kubeconfig a --kubernetes-version=1.36 --port 6443 --nodes 3 --approver p.yaml");
        let expected = Arguments {
            kubeconfig: "a".into(),
            version: Some("1.36".to_owned()),
            port: 6443,
            nodes: 3,
            approver: Some("p.yaml".into()),
        };
        assert_eq!(told, Ok(Told::Serve(expected)));
        assert_eq!(read_words("-h --what"), Ok(Told::Help));
        assert_eq!(read_words("--kubeconfig a -V"), Ok(Told::Version));
    }

    #[test]
    fn mistakes_are_named() {
        for (words, said) in [
            ("", "the following required argument was not provided: --kubeconfig FILE"),
            ("--kubeconfig", "a value is required for '--kubeconfig' but none was supplied"),
            ("--kubeconfig a --node 3", "unexpected argument '--node'"),
            ("--kubeconfig a -x", "unexpected argument '-x'"),
            ("--kubeconfig a more", "unexpected argument 'more'"),
            ("--kubeconfig a --kubeconfig b", "the argument '--kubeconfig' cannot be used multiple times"),
            ("--kubeconfig a --port 70000", "invalid value '70000' for '--port': not a port, 0 to 65535"),
            ("--kubeconfig a --nodes many", "invalid value 'many' for '--nodes': not a number"),
        ] {
            assert_eq!(read_words(words), Err(said.to_owned()), "{words}");
        }
    }
}
