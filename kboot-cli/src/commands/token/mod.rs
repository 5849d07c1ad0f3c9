//! `kboot token`

mod create;
mod static_token;

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
        Token::Generate => print_line(&BootstrapToken::generate(&mut env)?.expose_secret())?,
        Token::Create(arguments) => create::run(arguments, &mut env)?,
        Token::Static(StaticToken::Create(arguments)) => static_token::create(arguments, &mut env)?,
        Token::Static(StaticToken::Check { file, allow_system_masters, output }) => {
            static_token::check(&file, allow_system_masters, output)?;
        }
    }
    Ok(Answer::Yes)
}

fn print_line(secret: &SecretText) -> Result<()> {
    output::data(format!("{}\n", secret.expose_secret()).as_bytes())
}
