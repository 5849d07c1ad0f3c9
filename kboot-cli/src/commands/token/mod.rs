//! `kboot token`

mod create;
pub(super) mod online;
pub(super) mod static_token;

use std::path::Path;

use anyhow::Result;
use kboot_core::Env;
use kboot_core::secret::SecretText;
use kboot_core::token::BootstrapToken;

use crate::Answer;
use crate::cli::{StaticToken, Token};
use crate::output;

/// Far more than any token or certificate file.
const MAX_BYTES: usize = 1024 * 1024;

pub(crate) fn run(command: Token) -> Result<Answer> {
    let mut env = Env::system();
    match command {
        Token::Generate { out } => generate(out.as_deref(), &mut env)?,
        Token::Create(arguments) => create::run(*arguments, &mut env)?,
        Token::List { connection, output } => return online::list(&connection, output),
        Token::Delete { ids, connection } => return online::delete(&connection, &ids),
        Token::Check { file, connection, output } => return online::check(&connection, &file, output),
        Token::Static(StaticToken::Create(arguments)) => static_token::create(arguments, &mut env)?,
        Token::Static(StaticToken::Check { file, allow_system_masters, output }) => {
            static_token::check(&file, allow_system_masters, output)?;
        }
    }
    Ok(Answer::Yes)
}

fn generate(out: Option<&Path>, env: &mut Env) -> Result<()> {
    let token = BootstrapToken::generate(env)?.expose_secret();
    output::secret(out, &SecretText::new(format!("{}\n", token.expose_secret())))
}

fn print_line(secret: &SecretText) -> Result<()> {
    output::data(format!("{}\n", secret.expose_secret()).as_bytes())
}
