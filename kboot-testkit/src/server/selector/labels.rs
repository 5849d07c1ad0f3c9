//! Label selectors: `a=b,c in (d,e),!f` (`apimachinery/pkg/labels/selector.go`).

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::status::Status;
use super::key;

/// Which labels an object must have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LabelSelector(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
    values: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

impl LabelSelector {
    /// Reads a `labelSelector`, and refuses as a server of this version does.
    pub(crate) fn parse(text: &str, minor: u32) -> Result<Self, Status> {
        let mut parser = Parser { tokens: tokens(text), position: 0, minor };
        parser.requirements().map(Self).map_err(Status::bad_request)
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        let labels = object.pointer("/metadata/labels");
        self.0.iter().all(|requirement| {
            requirement
                .matches(labels.and_then(|labels| labels.get(&requirement.key)).and_then(Value::as_str))
        })
    }
}

impl Requirement {
    fn matches(&self, label: Option<&str>) -> bool {
        let is_beyond = |label: &str| {
            let wanted = self.values.first().and_then(|value| value.parse::<i64>().ok());
            label.parse().ok().zip(wanted).map(|(label, wanted): (i64, _)| label.cmp(&wanted))
        };
        match (self.operator, label) {
            (Operator::Exists, label) => label.is_some(),
            (Operator::DoesNotExist, label) => label.is_none(),
            (Operator::NotIn, None) => true,
            (_, None) => false,
            (Operator::In, Some(label)) => self.values.contains(label),
            (Operator::NotIn, Some(label)) => !self.values.contains(label),
            (Operator::GreaterThan, Some(label)) => is_beyond(label).is_some_and(|order| order.is_gt()),
            (Operator::LessThan, Some(label)) => is_beyond(label).is_some_and(|order| order.is_lt()),
        }
    }
}

/// A symbol, a keyword or an identifier, as it is written; nothing at the end.
type Token = String;

const SYMBOLS: &str = "=!(),><";

fn tokens(text: &str) -> Vec<Token> {
    let is_space = |character: char| " \t\r\n".contains(character);
    // Upstream's lexer ends at a zero byte.
    let mut rest = text.split('\0').next().unwrap_or_default();
    let mut tokens = Vec::new();
    loop {
        rest = rest.trim_start_matches(is_space);
        let Some(first) = rest.chars().next() else { return tokens };
        let length = match (first, rest.get(..2)) {
            (_, Some("==" | "!=")) => 2,
            _ if SYMBOLS.contains(first) => 1,
            _ => rest
                .find(|character| SYMBOLS.contains(character) || is_space(character))
                .unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token.to_owned());
        rest = after;
    }
}

struct Parser {
    tokens: Vec<Token>,
    position: usize,
    minor: u32,
}

impl Parser {
    fn peek(&self) -> &str {
        self.tokens.get(self.position).map_or("", String::as_str)
    }

    fn next(&mut self) -> String {
        let token = self.peek().to_owned();
        self.position += 1;
        token
    }

    fn requirements(&mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        while !self.peek().is_empty() {
            if !is_identifier(self.peek()) && self.peek() != "!" {
                return Err(format!("found '{}', expected: !, identifier, or 'end of string'", self.peek()));
            }
            let requirement =
                self.requirement().map_err(|error| format!("unable to parse requirement: {error}"))?;
            requirements.push(requirement);
            match self.next().as_str() {
                "" => break,
                "," if is_identifier(self.peek()) || self.peek() == "!" => (),
                "," => return Err(format!("found '{}', expected: identifier after ','", self.peek())),
                other => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
            }
        }
        Ok(requirements)
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let mut key = self.next();
        let is_negated = key == "!";
        if is_negated {
            key = self.next();
        }
        if !is_identifier(&key) {
            return Err(format!("found '{key}', expected: identifier"));
        }
        let faults = key::faults(&key, self.minor);
        if !faults.is_empty() {
            let what = if self.minor > 20 { "<nil>: Invalid value:" } else { "invalid label key" };
            return Err(format!("{what} {key:?}: {}", faults.join("; ")));
        }
        if is_negated || matches!(self.peek(), "" | ",") {
            let operator = if is_negated { Operator::DoesNotExist } else { Operator::Exists };
            return Ok(Requirement { key, operator, values: BTreeSet::new() });
        }
        let operator = match self.next().as_str() {
            "in" | "=" | "==" => Operator::In,
            "notin" | "!=" => Operator::NotIn,
            ">" => Operator::GreaterThan,
            "<" => Operator::LessThan,
            other => {
                let known = if self.minor > 20 {
                    "in, notin, =, ==, !=, gt, lt"
                } else {
                    "'=', '!=', '==', 'in', notin'"
                };
                return Err(format!("found '{other}', expected: {known}"));
            }
        };
        let is_set = self.position.checked_sub(1).and_then(|last| self.tokens.get(last));
        let is_set = is_set.is_some_and(|operator| matches!(operator.as_str(), "in" | "notin"));
        let values = if is_set { self.set()? } else { self.exact()? };
        self.check(&key, operator, &values)?;
        Ok(Requirement { key, operator, values })
    }

    fn exact(&mut self) -> Result<BTreeSet<String>, String> {
        if matches!(self.peek(), "" | ",") {
            return Ok([String::new()].into());
        }
        let value = self.next();
        if is_identifier(&value) {
            Ok([value].into())
        } else {
            Err(format!("found '{value}', expected: identifier"))
        }
    }

    fn set(&mut self) -> Result<BTreeSet<String>, String> {
        let open = self.next();
        if open != "(" {
            return Err(format!("found '{open}' expected: '('"));
        }
        let mut values = BTreeSet::new();
        match self.peek() {
            ")" => {
                values.insert(String::new());
            }
            token if token == "," || is_identifier(token) => self.identifiers(&mut values)?,
            other => return Err(format!("found '{other}', expected: ',', ')' or identifier")),
        }
        self.next();
        Ok(values)
    }

    /// Up to the `)`; between two commas stands an empty value.
    fn identifiers(&mut self, values: &mut BTreeSet<String>) -> Result<(), String> {
        loop {
            match self.next().as_str() {
                "," => {
                    if values.is_empty() || matches!(self.peek(), ")" | ",") {
                        values.insert(String::new());
                    }
                    if self.peek() == ")" {
                        return Ok(());
                    }
                }
                value if is_identifier(value) => {
                    values.insert(value.to_owned());
                    match self.peek() {
                        "," => (),
                        ")" => return Ok(()),
                        other => return Err(format!("found '{other}', expected: ',' or ')'")),
                    }
                }
                other => return Err(format!("found '{other}', expected: ',', or identifier")),
            }
        }
    }

    fn check(&self, key: &str, operator: Operator, values: &BTreeSet<String>) -> Result<(), String> {
        let is_new = self.minor > 20;
        let is_number = matches!(operator, Operator::GreaterThan | Operator::LessThan);
        let mut faults = Vec::new();
        if is_number && let Some(value) = values.iter().find(|value| value.parse::<i64>().is_err()) {
            let place = if is_new { format!("values[0]: Invalid value: {value:?}: ") } else { String::new() };
            faults.push(format!("{place}for 'Gt', 'Lt' operators, the value must be an integer"));
        }
        for (index, value) in values.iter().enumerate() {
            let found = key::value_faults(value, self.minor);
            if !found.is_empty() {
                let place = if is_new {
                    format!("values[{index}][{key}]: Invalid value: {value:?}")
                } else {
                    format!("invalid label value: {value:?}: at key: {key:?}")
                };
                faults.push(format!("{place}: {}", found.join("; ")));
            }
        }
        match faults.as_slice() {
            [] => Ok(()),
            [first, ..] if !is_new => Err(first.clone()),
            [one] => Err(one.clone()),
            several => Err(format!("[{}]", several.join(", "))),
        }
    }
}

fn is_identifier(token: &str) -> bool {
    token.chars().next().is_some_and(|first| !SYMBOLS.contains(first))
}
