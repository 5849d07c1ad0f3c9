//! Static tokens: the file of kube-apiserver's `--token-auth-file`, written and read.
//!
//! Source: `k8s.io/apiserver/pkg/authentication/token/tokenfile`, which reads with Go's `encoding/csv`. That
//! refuses what the `csv` crate takes, such as a quote in the middle of a field, so the rows are read here.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::TokenError;
use crate::env::Env;
use crate::identity::is_unrestricted;
use crate::name::{Group, Username};
use crate::secret::SecretText;

/// Whether a token may give [`MASTERS_GROUP`](crate::identity::MASTERS_GROUP).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unrestricted {
    Refused,
    /// Somebody asked for it by its name in `danger`.
    Allowed,
}

impl Unrestricted {
    fn refuses(self, groups: &[Group]) -> bool {
        self == Self::Refused && is_unrestricted(groups)
    }
}

const MASTERS_REFUSED: &str = "the group system:masters may do everything, and such a token has no end";

/// A row of the file: a token, and who its bearer is.
///
/// kube-apiserver reads the file at its start and never again, and such a token has no end: bootstrap tokens
/// are what took its place.
///
/// ```
/// use kboot_core::{Env, token::StaticToken};
/// let groups = vec!["system:bootstrappers".parse()?];
/// let token = StaticToken::generate("kubelet-bootstrap".parse()?, "10001", groups, &mut Env::system())?;
/// let row = token.to_csv();
/// assert!(row.expose_secret().ends_with(",kubelet-bootstrap,10001,\"system:bootstrappers\"\n"));
/// let again = StaticToken::read(row.expose_secret())?;
/// assert_eq!(again[0].user().as_str(), "kubelet-bootstrap");
/// # Ok::<(), kboot_core::Error>(())
/// ```
pub struct StaticToken {
    token: SecretText,
    user: Username,
    uid: String,
    groups: Vec<Group>,
}

impl StaticToken {
    /// Makes a token of 128 random bits, in 32 hexadecimal digits.
    ///
    /// # Errors
    /// [`TokenError::StaticToken`] for a uid or a group that cannot stand in the file, and for the group
    /// `system:masters`; [`TokenError::Random`] where there is no randomness.
    pub fn generate(
        user: Username,
        uid: &str,
        groups: Vec<Group>,
        env: &mut Env,
    ) -> Result<Self, TokenError> {
        Self::make(user, uid, groups, Unrestricted::Refused, env)
    }

    /// Makes a token that may give everything; everybody outside goes through `danger`.
    pub(crate) fn generate_even_unrestricted(
        user: Username,
        uid: &str,
        groups: Vec<Group>,
        env: &mut Env,
    ) -> Result<Self, TokenError> {
        Self::make(user, uid, groups, Unrestricted::Allowed, env)
    }

    fn make(
        user: Username,
        uid: &str,
        groups: Vec<Group>,
        unrestricted: Unrestricted,
        env: &mut Env,
    ) -> Result<Self, TokenError> {
        let problem = if uid.parse::<Username>().is_err() {
            Some("the uid must be 1 to 256 characters without control characters or surrounding blanks")
        } else if groups.iter().any(|group| group.as_str().contains(',')) {
            Some("a group has a comma, which separates groups")
        } else if unrestricted.refuses(&groups) {
            Some(MASTERS_REFUSED)
        } else {
            None
        };
        if let Some(problem) = problem {
            return Err(TokenError::StaticToken { problem });
        }
        let mut bytes = [0_u8; 16];
        env.fill(&mut bytes)?;
        let mut text = String::with_capacity(32);
        for nibble in bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
            text.extend(char::from_digit(nibble.into(), 16));
        }
        bytes.zeroize();
        Ok(Self { token: SecretText::new(text), user, uid: uid.to_owned(), groups })
    }

    /// Reads a file. Rows are stricter than upstream's: an empty token or user, a token that another row has,
    /// a fifth column are errors here, where upstream warns, skips or cuts off. So is a row without the column of
    /// groups: a user in no group is written with `""` there, so that nobody forgets them.
    ///
    /// # Errors
    /// [`TokenError::StaticTokens`] with every row that is wrong, one in the group `system:masters` among them;
    /// nothing of a row is shown.
    pub fn read(text: &str) -> Result<Vec<Self>, TokenError> {
        Self::read_rows(text, Unrestricted::Refused)
    }

    /// Reads a file whose tokens may give everything; everybody outside goes through `danger`.
    pub(crate) fn read_even_unrestricted(text: &str) -> Result<Vec<Self>, TokenError> {
        Self::read_rows(text, Unrestricted::Allowed)
    }

    fn read_rows(text: &str, unrestricted: Unrestricted) -> Result<Vec<Self>, TokenError> {
        let (records, broken) = records(text);
        let mut problems: Vec<_> =
            broken.map(|(line, problem)| (line, problem.to_owned())).into_iter().collect();
        let mut tokens = Vec::new();
        for Record { line, fields } in records {
            match Self::of(&fields, unrestricted) {
                Ok(token) => tokens.push((line, token)),
                Err(problem) => problems.push((line, problem.to_owned())),
            }
        }
        let mut first_lines = BTreeMap::new();
        for (line, token) in &tokens {
            if let Some(first) = first_lines.insert(token.token.expose_secret(), line) {
                problems.push((*line, format!("the token is that of line {first}")));
            }
        }
        if problems.is_empty() {
            return Ok(tokens.into_iter().map(|(_, token)| token).collect());
        }
        problems.sort();
        Err(TokenError::StaticTokens { problems })
    }

    fn of(fields: &[Zeroizing<String>], unrestricted: Unrestricted) -> Result<Self, &'static str> {
        let (token, user, uid, groups) = match fields {
            [token, user, uid, groups] => (token, user, uid, groups.as_str()),
            [] | [_] | [_, _] => {
                return Err("it has fewer than four columns: write token,user,uid,\"group,group\"");
            }
            [_, _, _] => {
                return Err(
                    "it has three columns, and no groups: write token,user,uid,\"group,group\", or \"\" for none",
                );
            }
            _ => return Err("it has more than four columns: several groups stand in one pair of quotes"),
        };
        // What comes after "Bearer " in a header, and is split at blanks there.
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the token is empty or has characters besides ASCII letters, digits and signs");
        }
        let user =
            user.parse().map_err(|_| "the user is empty, longer than 256 characters or has odd blanks")?;
        uid.parse::<Username>()
            .map_err(|_| "the uid is empty, longer than 256 characters or has odd blanks")?;
        let names = groups.split(',').filter(|_| !groups.is_empty());
        let groups = names
            .map(str::parse)
            .collect::<Result<Vec<Group>, _>>()
            .map_err(|_| "a group is empty, longer than 256 characters or has odd blanks")?;
        if unrestricted.refuses(&groups) {
            return Err(MASTERS_REFUSED);
        }
        Ok(Self {
            token: SecretText::new(token.as_str().to_owned()),
            user,
            uid: uid.as_str().to_owned(),
            groups,
        })
    }

    /// The row, with its line end.
    #[must_use]
    pub fn to_csv(&self) -> SecretText {
        let groups = self.groups.iter().map(Group::as_str).collect::<Vec<_>>().join(",");
        let mut row = String::with_capacity(64 + self.user.as_str().len() + self.uid.len() + groups.len());
        for field in [self.token.expose_secret(), self.user.as_str(), &self.uid] {
            if field.contains([',', '"']) || field.is_empty() {
                push_quoted(&mut row, field);
            } else {
                row.push_str(field);
            }
            row.push(',');
        }
        push_quoted(&mut row, &groups);
        row.push('\n');
        SecretText::new(row)
    }

    /// The token itself.
    #[must_use]
    pub fn expose_secret(&self) -> &SecretText {
        &self.token
    }

    /// The user that its bearer is.
    #[must_use]
    pub fn user(&self) -> &Username {
        &self.user
    }

    /// The user's unique id.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// The groups that the user is in.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }
}

impl fmt::Debug for StaticToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { token, user, uid, groups } = self;
        f.debug_struct("StaticToken")
            .field("token", token)
            .field("user", user)
            .field("uid", uid)
            .field("groups", groups)
            .finish()
    }
}

fn push_quoted(row: &mut String, field: &str) {
    row.push('"');
    for character in field.chars() {
        if character == '"' {
            row.push('"');
        }
        row.push(character);
    }
    row.push('"');
}

struct Record {
    /// The line that it begins on, from 1.
    line: usize,
    fields: Vec<Zeroizing<String>>,
}

/// The records as Go's `encoding/csv` splits them, and what is wrong with the one at which it would stop.
fn records(text: &str) -> (Vec<Record>, Option<(usize, &'static str)>) {
    let mut records = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while !rest.is_empty() {
        let start = line;
        if let Some(after) = rest.strip_prefix('\n').or_else(|| rest.strip_prefix("\r\n")) {
            rest = after;
            line += 1;
            continue;
        }
        let mut fields = Vec::new();
        loop {
            let quoted = rest.strip_prefix('"');
            let field = if let Some(inner) = quoted {
                let mut field = Zeroizing::new(String::with_capacity(inner.len().min(4096)));
                let mut inner = inner;
                loop {
                    let Some((part, after)) = inner.split_once('"') else {
                        return (records, Some((start, "a quote is not closed")));
                    };
                    field.push_str(part);
                    line += part.matches('\n').count();
                    match after.strip_prefix('"') {
                        Some(after) => {
                            field.push('"');
                            inner = after;
                        }
                        None => {
                            rest = after;
                            break;
                        }
                    }
                }
                field
            } else {
                let end = rest.find([',', '\n']).unwrap_or(rest.len());
                let (field, after) = rest.split_at(end);
                rest = after;
                let at_end = !after.starts_with(',');
                let field = field.strip_suffix('\r').filter(|_| at_end).unwrap_or(field);
                if field.contains('"') {
                    return (records, Some((line, "a quote stands inside a field: quote the whole field")));
                }
                Zeroizing::new(field.to_owned())
            };
            fields.push(field);
            if let Some(after) = rest.strip_prefix(',') {
                rest = after;
                continue;
            }
            let ended = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n'));
            match ended {
                Some(after) => {
                    rest = after;
                    line += 1;
                }
                None if rest.is_empty() || rest == "\r" => rest = "",
                None => return (records, Some((line, "something follows a closing quote"))),
            }
            break;
        }
        records.push(Record { line: start, fields });
    }
    (records, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_that_are_wrong_are_named_by_their_line() {
        const TOKEN: &str = "0123456789abcdef0123456789abcdef";
        for (rows, line, said) in [
            (format!("{TOKEN},u\n"), 1, "fewer than four columns"),
            (format!("{TOKEN}\n"), 1, "fewer than four columns"),
            (format!("{TOKEN},u,1\n"), 1, "three columns, and no groups"),
            (format!("\n\r\n  \n{TOKEN},u,1\n"), 3, "fewer than four columns"),
            (format!("{TOKEN},u,1,a,b\n"), 1, "more than four columns"),
            (",u,1,g\n".to_owned(), 1, "the token is empty"),
            (format!("{TOKEN} x,u,1,g\n"), 1, "the token is empty or has"),
            (format!("\u{feff}{TOKEN},u,1,g\n"), 1, "the token is empty or has"),
            (format!("{TOKEN},,1,g\n"), 1, "the user"),
            (format!("{TOKEN}, u,1,g\n"), 1, "the user"),
            (format!("{TOKEN},u,,g\n"), 1, "the uid"),
            (format!("{TOKEN},u,1,\"a, b\"\n"), 1, "a group"),
            (format!("{TOKEN},u,1,\"a,\"\n"), 1, "a group"),
            (format!("{TOKEN},u,1,system:masters\n"), 1, "system:masters"),
            (format!("a,u,1,g\n{TOKEN},u,1,g\n{TOKEN},v,2,g\n"), 3, "that of line 2"),
            (format!("a,u,1\n{TOKEN},u\"v,1\n"), 2, "a quote stands inside"),
            (format!("a,u,1\n{TOKEN},\"u\"v,1\n"), 2, "follows a closing quote"),
            (format!("a,u,1\n{TOKEN},\"u,1\n"), 2, "not closed"),
            (format!("a,\"u\nv\",1,g\nb,u,1,g\n{TOKEN},u\n"), 4, "fewer than four"),
        ] {
            let error = StaticToken::read(&rows).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(&format!("line {line}: ")) && text.contains(said), "{rows:?}: {text}");
            assert!(!text.contains("0123456789") && !format!("{error:?}").contains("0123456789"), "{text}");
        }
        let error = StaticToken::read("a\nb,u,1,g\nc\n").unwrap_err().to_string();
        assert!(error.contains("line 1: ") && error.contains("line 3: "), "{error}");
    }

    #[test]
    fn rows_that_are_right() {
        let text = "a,u,1,\n\nb,\"u \"\"x\"\", y\",2,\"g,system:masters\"\r\nc,v,3,g\nd,v,4,\"\"";
        let tokens = StaticToken::read_even_unrestricted(text).unwrap();
        let groups: Vec<usize> = tokens.iter().map(|token| token.groups().len()).collect();
        assert_eq!(groups, [0, 2, 1, 0]);
        assert_eq!(tokens[1].user().as_str(), "u \"x\", y");
        assert!(StaticToken::read("").unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_written_is_not_made() {
        let mut env = Env::system();
        let mut make = |uid: &str, group: &str| {
            StaticToken::generate("u".parse().unwrap(), uid, vec![group.parse().unwrap()], &mut env)
        };
        assert!(make("1", "a,b").is_err() && make("", "a").is_err() && make("1\n", "a").is_err());
        assert!(make("1", "system:masters").is_err());
        let token = make("1", "a").unwrap();
        assert_eq!(token.expose_secret().expose_secret().len(), 32);
        assert!(!token.expose_secret().equals(make("1", "a").unwrap().expose_secret()));
    }

    proptest! {
        #[test]
        fn written_rows_are_read_again(user in "[a-z\",: ]{1,12}", uid in "[0-9\",]{1,6}", groups in prop::collection::vec("[a-z:\"]{1,6}", 0..4)) {
            prop_assume!(user.trim() == user);
            let groups: Vec<Group> = groups.iter().map(|group| group.parse().unwrap()).collect();
            let token = StaticToken::generate(user.parse().unwrap(), &uid, groups.clone(), &mut Env::system()).unwrap();
            let again = StaticToken::read(token.to_csv().expose_secret()).unwrap();
            prop_assert_eq!(again.len(), 1);
            prop_assert!(again[0].expose_secret().equals(token.expose_secret()));
            prop_assert_eq!(again[0].user().as_str(), user);
            prop_assert_eq!(again[0].uid(), uid);
            prop_assert_eq!(again[0].groups(), groups);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[a,\"\r\n x]{0,40}|\\PC{0,40}") {
            let _ = StaticToken::read(&text);
        }
    }
}
