//! Any text as the Secret of a bootstrap token and as a file of static tokens: read or refused, never a panic, never
//! with the token in the refusal; and what is read is what is written.

#![no_main]
#![expect(clippy::expect_used, reason = "a law that does not hold ends the run")]

use kboot_core::danger::read_unrestricted_static_tokens;
use kboot_core::token::{StaticToken, TokenError, TokenSecret};
use kboot_fuzz::laws::{is_one_line, rotated};
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match TokenSecret::read(text) {
        Ok((token, settings)) => {
            let secret = token.secret(&settings).expect("the settings were accepted");
            for written in [secret.to_yaml(), secret.to_json()] {
                let written = written.expect("it can be written");
                let (again, same) = TokenSecret::read(written.expose_secret()).expect("it can be read");
                assert!(again.equals(&token));
                assert_eq!(same, settings);
            }
            assert!(!format!("{token:?} {secret:?}").contains(token.secret_half().expose_secret()));
        }
        Err(error) => hides(&error, text),
    }
    match StaticToken::read(text) {
        Ok(tokens) => {
            let rows: String = tokens.iter().map(|token| token.to_csv().expose_secret().to_owned()).collect();
            let again = StaticToken::read(&rows).expect("what is written can be read");
            assert_eq!(again.len(), tokens.len());
            for (again, token) in again.iter().zip(&tokens) {
                assert!(again.expose_secret().equals(token.expose_secret()));
                assert_eq!(
                    (again.user(), again.uid(), again.groups()),
                    (token.user(), token.uid(), token.groups())
                );
            }
            let all = read_unrestricted_static_tokens(text).expect("it takes more");
            assert_eq!(all.len(), tokens.len());
        }
        Err(error) => {
            is_printable(&error);
            let _ = read_unrestricted_static_tokens(text);
        }
    }
});

fn is_printable(error: &TokenError) {
    let said = error.to_string();
    assert!(!said.is_empty() && !said.contains(char::is_control), "{said:?}");
}

/// The refusal of a Secret is the same whatever the token is.
fn hides(error: &TokenError, text: &str) {
    if let TokenError::Secret { field, .. } = error
        && field == "(document)"
    {
        return is_printable(error);
    }
    is_one_line(error);
    let Ok(mut document) = serde_yaml::from_str::<Value>(text) else { return };
    // Both as the other reader sees them: it may differ on what is around the token.
    let refusal = |document: &Value| TokenSecret::read(&document.to_string()).err();
    let before = refusal(&document);
    let Some(secret) = document.pointer_mut("/stringData/token-secret") else { return };
    let Some(other) = secret.as_str().map(rotated) else { return };
    *secret = Value::String(other);
    assert_eq!(refusal(&document), before);
}
