//! `kboot token`

use std::path::Path;

use anyhow::{Context, Result, bail};
use kboot_core::pki::{Certificate, pin_of};
use kboot_core::policy::token_rule;
use kboot_core::secret::SecretText;
use kboot_core::token::{BootstrapGroup, BootstrapToken, StaticToken, SystemMasters, TokenSettings, Usage};
use kboot_core::{Env, bundle};
use serde_json::{Value, json};

use crate::Answer;
use crate::cli::{self, ListFormat, StaticTokenCreate, Token, TokenCreate, TokenFormat};
use crate::{input, output};

/// Far more than any token or certificate file.
const MAX_BYTES: usize = 1024 * 1024;

pub(crate) fn run(command: Token) -> Result<Answer> {
    let mut env = Env::system();
    match command {
        Token::Generate => print_line(&BootstrapToken::generate(&mut env)?.expose_secret())?,
        Token::Create(arguments) => create(arguments, &mut env)?,
        Token::Static(cli::StaticToken::Create(arguments)) => create_static(arguments, &mut env)?,
        Token::Static(cli::StaticToken::Check { file, allow_system_masters, output }) => {
            check_static(&file, allow_system_masters, output)?;
        }
    }
    Ok(Answer::Yes)
}

/// Upstream's ClusterRole by which its approver takes requests (`bootstrappolicy/policy.go`).
const NODE_CLIENT: &str = "system:certificates.k8s.io:certificatesigningrequests:nodeclient";

fn print_line(secret: &SecretText) -> Result<()> {
    output::data(format!("{}\n", secret.expose_secret()).as_bytes())
}

fn create(arguments: TokenCreate, env: &mut Env) -> Result<()> {
    if arguments.node.is_some() {
        if !arguments.usages.contains(&Usage::Authentication) {
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
        .ttl(arguments.ttl, env.now())?
        .usages(&arguments.usages)
        .description(&description);
    let groups = match (&arguments.node, arguments.groups.is_empty()) {
        (Some(_), true) if arguments.usages.contains(&Usage::Authentication) => {
            vec![BootstrapGroup::ONE_NODE.parse()?]
        }
        _ => arguments.groups,
    };
    let settings = groups.into_iter().fold(settings, TokenSettings::group);
    let secret = token.secret(&settings)?;
    let join_command =
        match (arguments.print_join_command, &arguments.server, &arguments.certificate_authority) {
            (true, Some(server), Some(file)) => {
                let authority = Certificate::from_pem(&input::bytes(file, MAX_BYTES)?)
                    .with_context(|| input::name(file))?;
                Some(token.join_command(server, &[pin_of(&authority.facts()?.public_key_der)]))
            }
            _ => None,
        };
    if arguments.output == TokenFormat::Json && join_command.is_some() {
        bail!("JSON has no place for the join command; use -o yaml or -o token");
    }
    if let (Some(node), Some(file)) = (&arguments.node, &arguments.rule_out) {
        bundle::write_new(file, token_rule(token.id(), node, arguments.one_shot).as_bytes(), 0o644)?;
        output::tell(&format!(
            "{}: the rule that ties the token to {node}; a policy with it decides. kube-controller-manager knows \
             no such rule, so the token's groups must not be bound to {NODE_CLIENT}",
            input::name(file)
        ));
    }
    match (arguments.output, join_command) {
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

const STATIC_TOKENS: &str = "warning: a static token has no end: it works until kube-apiserver is restarted \
    without it; bootstrap tokens (kboot token create) end by themselves";

fn masters(are_allowed: bool) -> SystemMasters {
    if are_allowed { SystemMasters::Allowed } else { SystemMasters::Refused }
}

fn create_static(arguments: StaticTokenCreate, env: &mut Env) -> Result<()> {
    let StaticTokenCreate { user, uid, groups, allow_system_masters, out } = arguments;
    let token = StaticToken::generate(user, &uid, groups, masters(allow_system_masters), env)?;
    output::secret(out.as_deref(), &token.to_csv())?;
    warn_of([&token]);
    Ok(())
}

fn check_static(file: &Path, allow_system_masters: bool, format: ListFormat) -> Result<()> {
    let text = input::secret_text(file, MAX_BYTES)?;
    if text.expose_secret().trim().is_empty() {
        bail!("{}: it is empty", input::name(file));
    }
    let tokens = StaticToken::read(text.expose_secret(), masters(allow_system_masters))
        .with_context(|| input::name(file))?;
    let groups = |token: &StaticToken| token.groups().iter().map(ToString::to_string).collect::<Vec<_>>();
    let list: Vec<Value> = tokens
        .iter()
        .map(|token| json!({"user": token.user().as_str(), "uid": token.uid(), "groups": groups(token)}))
        .collect();
    let rows: Vec<_> = tokens
        .iter()
        .map(|token| vec![token.user().to_string(), token.uid().to_owned(), groups(token).join(",")])
        .collect();
    output::list(format, &Value::Array(list), &output::table(&["USER", "UID", "GROUPS"], &rows))?;
    warn_of(&tokens);
    Ok(())
}

fn warn_of<'a>(tokens: impl IntoIterator<Item = &'a StaticToken>) {
    for token in tokens.into_iter().filter(|token| token.groups().is_empty()) {
        output::tell(&format!("warning: the user {:?} is in no group", token.user()));
    }
    output::tell(STATIC_TOKENS);
}
