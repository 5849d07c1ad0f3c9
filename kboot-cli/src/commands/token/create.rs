//! `kboot token create`

use anyhow::{Context, Result, bail};
use kboot_core::policy::{Policy, token_rule};
use kboot_core::token::{BootstrapGroup, BootstrapToken, TokenSettings, TokenUsage};
use kboot_core::x509::Certificate;
use kboot_core::{Env, bundle, online};

use super::{MAX_BYTES, print_line};
use crate::cli::{TokenCreate, TokenFormat};
use crate::commands::connection::with_cluster;
use crate::{input, output};

/// Upstream's ClusterRole by which its approver takes requests (`bootstrappolicy/policy.go`).
const NODE_CLIENT: &str = "system:certificates.k8s.io:certificatesigningrequests:nodeclient";

pub(super) fn run(arguments: TokenCreate, env: &mut Env) -> Result<()> {
    if arguments.node.is_some() {
        if !arguments.usages.contains(&TokenUsage::Authentication) {
            bail!("--node: nobody becomes a node by a token without the usage authentication");
        }
        // `kboot cluster build` and kubeadm bind it to NODE_CLIENT.
        if arguments.groups.iter().any(|group| group.as_str() == BootstrapGroup::DEFAULT) {
            bail!(
                "--group {}: the manifests of kboot and kubeadm bind this group to {NODE_CLIENT}, so \
                 kube-controller-manager would approve any node's name for the token, not that of --node alone; \
                 leave --group out",
                BootstrapGroup::DEFAULT
            );
        }
    }
    let token = match &arguments.token_file {
        None => BootstrapToken::generate(env)?,
        Some(file) => {
            let text = input::secret_text(file, MAX_BYTES)?;
            text.expose_secret().trim_end().parse().with_context(|| input::name(file))?
        }
    };
    let of_node = arguments.node.as_ref().map(|node| format!("for {node}"));
    let description = arguments.description.clone().or(of_node).unwrap_or_default();
    let settings = TokenSettings::new()
        .with_ttl(arguments.lifetime, env.now())?
        .with_usages(&arguments.usages)
        .with_description(&description);
    let groups = match (&arguments.node, arguments.groups.is_empty()) {
        (Some(_), true) if arguments.usages.contains(&TokenUsage::Authentication) => {
            vec![BootstrapGroup::ONE_NODE.parse()?]
        }
        _ => arguments.groups,
    };
    let settings = groups.into_iter().fold(settings, TokenSettings::with_group);
    let secret = token.secret(&settings)?;
    let join_command =
        match (arguments.print_join_command, &arguments.server, &arguments.certificate_authority) {
            (true, Some(server), Some(file)) => {
                let authority = Certificate::from_pem(&input::bytes(file, MAX_BYTES)?)
                    .with_context(|| input::name(file))?;
                Some(token.join_command(server, &[authority.facts().public_key.pin()]))
            }
            _ => None,
        };
    let default = if arguments.apply { TokenFormat::Token } else { TokenFormat::Yaml };
    let format = arguments.output.unwrap_or(default);
    if format == TokenFormat::Json && join_command.is_some() {
        bail!("JSON has no place for the join command; use -o yaml or -o token");
    }
    if let (Some(node), Some(file)) = (&arguments.node, &arguments.rule_out) {
        let policy = Policy::new([token_rule(token.id(), node, arguments.one_shot)])?.to_yaml()?;
        let said = format!(
            "# Whoever has the bootstrap token {} may become the node {node}, and no other.",
            token.id()
        );
        bundle::write_new(file, format!("{said}\n{policy}").as_bytes(), 0o644)?;
        output::tell(&format!(
            "{}: the rule that ties the token to {node}; a policy with it decides. kube-controller-manager knows \
             no such rule, so the token's groups must not be bound to {NODE_CLIENT}",
            input::name(file)
        ));
    }
    if arguments.apply {
        let id = token.id();
        with_cluster(&arguments.connection, async |client, limit| {
            match online::token::create(&client, &secret, limit).await {
                Err(error) if error.status() == Some(409) => {
                    bail!("the cluster has a token {id} already: kboot token delete {id}, or take another")
                }
                created => Ok(created?),
            }
        })?;
        output::tell(&format!("the cluster has the token {id}"));
    }
    match (format, join_command) {
        (TokenFormat::Json, _) => output::data(secret.to_json()?.expose_secret().as_bytes()),
        (TokenFormat::Yaml, join_command) => {
            if let Some(command) = join_command {
                output::data(format!("# {}\n", command.expose_secret()).as_bytes())?;
            }
            output::data(secret.to_yaml()?.expose_secret().as_bytes())
        }
        (TokenFormat::Token, join_command) => {
            print_line(&token.expose_secret())?;
            join_command.map_or(Ok(()), |command| print_line(&command))
        }
    }
}
