//! The examples of `--help` and of the manual pages. The tests read each as a command line.

use clap::Command;

/// A command line, and what it is for.
pub(crate) struct Example {
    pub(crate) what: &'static str,
    pub(crate) line: &'static str,
}

/// The examples of a command, `cluster build` for one; a group has the first one of each of its commands.
pub(crate) fn examples(command: &str) -> Vec<&'static Example> {
    if let Some((_, own)) = EXAMPLES.iter().find(|(name, _)| *name == command) {
        return own.iter().collect();
    }
    let of_group = |name: &str| name.strip_prefix(command).is_some_and(|rest| rest.starts_with(' '));
    EXAMPLES.iter().filter(|(name, _)| of_group(name)).filter_map(|(_, own)| own.first()).collect()
}

/// The command, and all below it, with their examples; `path` is what stands between `kboot` and it.
pub(crate) fn with_examples(command: Command, path: &str) -> Command {
    let lines = examples(path)
        .into_iter()
        .map(|Example { what, line }| format!("  # {what}\n  {}", line.replace('\n', "\n  ")));
    let help = ["Examples:".to_owned()].into_iter().chain(lines).collect::<Vec<_>>().join("\n");
    command.after_help(help).mut_subcommands(|below| {
        let path = format!("{path} {}", below.get_name());
        with_examples(below, path.trim_start())
    })
}

macro_rules! examples {
    ($($command:literal: $($what:literal => $line:literal),+;)+) => {
        &[$(($command, &[$(Example { what: $what, line: $line }),+])),+]
    };
}

/// Lines of 70 columns at most: with what `--help` and a manual page put before them, and the `kubectl` of a plug-in,
/// they fit on 80.
const EXAMPLES: &[(&str, &[Example])] = examples! {
    "":
        "From nothing to every file of every node" => "kboot cluster init cluster.yaml",
        "Look at cluster.yaml, then" => "kboot cluster build",
        "What is wrong with a node, once it runs" => "kboot node verify cp1";
    "cluster init":
        "One machine of the control plane" => "kboot cluster init new.yaml --node cp1=10.0.0.11:control-plane,etcd",
        "Be asked" => "kboot cluster init";
    "cluster plan":
        "What build would do with cluster.yaml and out" => "kboot cluster plan",
        "What would change inside files" => "kboot cluster plan --diff",
        "What a renewal of all that ends within 45 days would do" => "kboot cluster plan --renew-before 45d";
    "cluster apply":
        "As soon as an API server answers" => "kboot cluster apply --kubeconfig out/super-admin.conf",
        "What it would change" => "kboot cluster apply --kubeconfig out/admin.conf --dry-run";
    "cluster build":
        "From cluster.yaml into out" => "kboot cluster build",
        "Every month" => "kboot cluster build --renew-before 45d",
        "Another file and folder" => "kboot cluster build -f prod.yaml --out prod";
    "ca create":
        "An authority for five years" => "kboot ca create --out pki --lifetime 5y";
    "cert issue":
        "A server's certificate" => "kboot cert issue --ca pki --out www --profile server --common-name www",
        "A kubelet's, by the cluster's authority" =>
            "kboot cert issue --ca out/authorities --out w1 \\\n    --profile kubelet --node w1";
    "cert inspect":
        "Everything in a folder" => "kboot cert inspect /etc/kubernetes/pki",
        "What a server shows" => "openssl s_client -connect cp1:6443 </dev/null | kboot cert inspect -";
    "cert verify":
        "Whether clients of 10.0.0.11 will believe it" =>
            "kboot cert verify apiserver.crt --server-name 10.0.0.11 \\\n    --certificate-authority ca.crt";
    "cert expiry":
        "All certificates of an output folder" => "kboot cert expiry out",
        "Exit 1 where one ends within 30 days" => "kboot cert expiry /etc/kubernetes --within 30d";
    "config lint":
        "Before an upgrade" => "kboot config lint --kubernetes-version 1.36 kubelet.service";
    "token generate":
        "Into a file that only you can read" => "kboot token generate --out token";
    "token create":
        "A token for two hours, into the cluster" => "kboot token create --lifetime 2h --apply",
        "Its Secret, for kubectl" => "kboot token create | kubectl apply -f -";
    "token list":
        "Which there are, and when they end" => "kboot token list";
    "token delete":
        "By the six characters before the dot" => "kboot token delete abcdef";
    "token check":
        "Why a node's token is refused" => "kboot token check token";
    "token static create":
        "A row for --token-auth-file" => "kboot token static create --user jane --uid 1001 --group dev";
    "token static check":
        "Who is in a file" => "kboot token static check token.csv";
    "kubeconfig build":
        "With a token that is there" =>
            "kboot kubeconfig build --server 10.0.0.11 --user ci \\\n    --certificate-authority ca.crt --token-file token";
    "kubeconfig user":
        "A certificate for three months, by out/authorities" =>
            "kboot kubeconfig user jane --group dev --lifetime 90d --out jane.conf";
    "kubeconfig bootstrap":
        "For the nodes of 10.0.0.11" =>
            "kboot kubeconfig bootstrap --server 10.0.0.11 \\\n    --certificate-authority ca.crt --token-file token";
    "kubeconfig merge":
        "Two into one" => "kboot kubeconfig merge ~/.kube/config new.conf --out both.conf";
    "kubeconfig inspect":
        "What is in your own" => "kboot kubeconfig inspect ~/.kube/config";
    "kubeconfig check":
        "Whether the administrator's will work" => "kboot kubeconfig check out/admin.conf";
    "csr list":
        "Which there are, and what became of them" => "kboot csr list";
    "csr approve":
        "One that you looked at" => "kboot csr approve csr-8x2vz",
        "What kubelets ask for, for as long as it runs" =>
            "kboot csr approve --preset kubelet-serving --watch",
        "By a policy and your nodes" => "kboot csr approve --policy policy.yaml --inventory cluster.yaml";
    "csr deny":
        "With the reason" => "kboot csr deny csr-8x2vz --message 'not a node of ours'";
    "csr new node-client":
        "For kubectl create" => "kboot csr new node-client w1 --key-out w1.key -o yaml";
    "csr new node-serving":
        "With both of its names" =>
            "kboot csr new node-serving w1 --san w1,10.0.0.21 --key-out w1.key";
    "csr new user":
        "A key and a request" => "kboot csr new user jane --group dev --key-out jane.key --out jane.csr";
    "csr inspect":
        "Everything that a request asks for" => "kboot csr inspect -f jane.csr";
    "csr explain":
        "Why a request is pending" => "kubectl get csr csr-8x2vz -o yaml | kboot csr explain -f -",
        "What your policy would say" => "kboot csr explain -f requests.yaml --policy policy.yaml";
    "csr simulate":
        "A policy against what was decided" =>
            "kubectl get csr -o json | kboot csr simulate -f - --policy policy.yaml";
    "csr sign":
        "What you approve" =>
            "kboot csr sign -f jane.csr --ca out/authorities --requestor jane \\\n    --signer kubernetes.io/kube-apiserver-client --approve-as you";
    "policy check":
        "What each rule does" => "kboot policy check policy.yaml";
    "policy preset":
        "Which there are" => "kboot policy preset",
        "One to begin with" => "kboot policy preset kubelet-serving > policy.yaml";
    "node verify":
        "As whom the current context says" => "kboot node verify w1",
        "For a program" => "kboot node verify w1 --kubeconfig out/admin.conf -o json";
    "schema cluster":
        "For an editor" => "kboot schema cluster > cluster.schema.json";
    "schema policy":
        "For an editor" => "kboot schema policy > policy.schema.json";
    "schema inventory":
        "For an editor" => "kboot schema inventory > inventory.schema.json";
    "schema context":
        "For an editor" => "kboot schema context > context.schema.json";
    "schema output":
        "Of `kboot csr list -o json`" => "kboot schema output csr-list > csr-list.schema.json";
    "completions":
        "In this bash" => "source <(kboot completions bash)";
    "man":
        "One page" => "kboot man cluster build | man -l -",
        "All of them" => "kboot man --out man1";
};

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn leaves(command: &Command, path: &str, found: &mut Vec<String>) {
        for below in command.get_subcommands() {
            let path = format!("{path} {}", below.get_name()).trim_start().to_owned();
            if below.has_subcommands() {
                leaves(below, &path, found);
            } else {
                found.push(path);
            }
        }
    }

    #[test]
    fn every_command_has_an_example() {
        let mut commands = vec![String::new()];
        leaves(&Cli::command(), "", &mut commands);
        let mut named: Vec<&str> = EXAMPLES.iter().map(|(name, _)| *name).collect();
        commands.sort();
        named.sort_unstable();
        assert_eq!(named, commands);
    }

    /// The words of a command line of ours, as a shell makes them of what stands in the table.
    fn words(line: &str) -> Vec<String> {
        let ours =
            line.split('|').map(|part| part.trim().trim_start_matches("source <(").trim_end_matches(')'));
        let ours = ours.into_iter().find(|part| part.starts_with("kboot ")).unwrap();
        let ours = ours.split(['>', '<']).next().unwrap().replace("\\\n", " ");
        let quoted = ours.split('\'').enumerate();
        quoted
            .flat_map(|(i, part)| match i % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            })
            .collect()
    }

    #[test]
    fn every_example_is_a_command_line() {
        for (command, own) in EXAMPLES {
            for Example { what, line } in *own {
                let words = words(line);
                let of_command = format!("kboot {command}");
                assert!(words.join(" ").starts_with(of_command.trim()), "{line} is no example of {command}");
                if let Err(error) = Cli::command().try_get_matches_from(&words) {
                    panic!("{line}: {error}");
                }
                assert!(line.lines().chain([*what]).all(|line| line.len() <= 70), "{line}");
            }
        }
    }
}
