//! Values against their schema (`kube-openapi/pkg/validation/validate`), in upstream's words.

use serde_json::Value;

use super::print::{self, float, printed};
use super::structural::{Additional, Bound, Rules, Structural};
use crate::server::admission::field::too_long;
use crate::server::schema::ListType;
use crate::server::status::FieldError;

/// Before, items of lists went by the name of their list.
const ITEMS_HAVE_NAMES: u32 = 24;
/// From here on numbers that are no whole ones are told twice.
const NUMBERS_FIT: u32 = 36;
/// From here on what has not changed is not held against the schema again (`CRDValidationRatcheting`).
pub(super) const RATCHETING: u32 = 30;

/// What is wrong with a value. `field` is where it is, `None` for a whole object; `old` is what was there before, as
/// far as that counts.
pub(super) fn validate(
    value: &Value,
    schema: &Structural,
    field: Option<&str>,
    old: Option<&Value>,
    minor: u32,
) -> Vec<FieldError> {
    let found = Checker { minor }.check(value, schema, "", old);
    found.problems.into_iter().map(|problem| problem.told(field, minor)).collect()
}

/// Something that is wrong.
struct Problem {
    /// Where, below the value that is checked. Empty: that is it itself.
    path: String,
    what: What,
    /// What is wrong is told once.
    message: String,
    printed: String,
}

enum What {
    Required,
    /// The values that there are.
    NotSupported(Vec<String>),
    Type,
    TooLong(i64),
    TooMany {
        actual: i64,
        most: i64,
    },
    Invalid,
    /// Of no field (`CompositeError`).
    Schemas,
}

impl Problem {
    fn told(self, field: Option<&str>, minor: u32) -> FieldError {
        let below = match self.what {
            What::Schemas => "",
            _ => self.path.strip_prefix('.').unwrap_or(&self.path),
        };
        let field = match (field, below) {
            // A path of nothing.
            (None, "") => "<nil>".to_owned(),
            (None, below) => below.to_owned(),
            (Some(field), "") => field.to_owned(),
            (Some(field), below) => format!("{field}.{below}"),
        };
        match self.what {
            What::Required => FieldError::required(field, ""),
            What::NotSupported(values) => print::not_supported(field, &self.printed, &values),
            What::Type => print::type_invalid(field, &self.printed, &self.message, minor),
            What::TooLong(most) if minor >= 25 => too_long(field, usize::try_from(most).unwrap_or(0), minor),
            What::TooMany { actual, most } if minor >= 25 => print::too_many(field, actual, most, minor),
            _ => print::invalid(field, &self.printed, &self.message),
        }
    }
}

/// What is wrong with a value, and how much was right: of several schemas the one that fits best says what is wrong.
#[derive(Default)]
struct Found {
    problems: Vec<Problem>,
    right: usize,
}

impl Found {
    fn add(&mut self, problem: Problem) {
        if !self.problems.iter().any(|other| other.message == problem.message) {
            self.problems.push(problem);
        }
    }

    fn merge(&mut self, other: Self) {
        self.right += other.right;
        other.problems.into_iter().for_each(|problem| self.add(problem));
    }

    fn is_right(&self) -> bool {
        self.problems.is_empty()
    }
}

#[derive(Clone, Copy)]
struct Checker {
    minor: u32,
}

impl Checker {
    fn check(self, value: &Value, schema: &Structural, path: &str, old: Option<&Value>) -> Found {
        let found = self.check_new(value, schema, path, old);
        match old {
            Some(old) if !found.is_right() && old == value => {
                Found { right: found.right, ..Found::default() }
            }
            _ => found,
        }
    }

    fn check_new(self, value: &Value, schema: &Structural, path: &str, old: Option<&Value>) -> Found {
        let mut found = Found::default();
        if !schema.types.is_empty() {
            match type_problem(value, schema, path) {
                Some(problem) => found.add(problem),
                None => found.right += 1,
            }
        }
        if !value.is_null() {
            found.right += usize::from(!schema.types.is_empty()) + 3;
            found.merge(self.combinations(value, &schema.rules, path, old));
            match value {
                Value::String(text) => {
                    self.text(text, &schema.rules, path).into_iter().for_each(|one| found.add(one))
                }
                Value::Number(_) => found.merge(self.number(value, schema, path)),
                Value::Array(items) => found.merge(self.list(items, schema, path, old)),
                _ => {}
            }
        }
        if let Some(problem) = self.value(value, &schema.rules, path) {
            found.add(problem);
        }
        if let Value::Object(_) = value {
            found.merge(self.object(value, schema, path, old));
        }
        found
    }

    fn problem(self, path: &str, what: What, value: &Value, said: &str) -> Problem {
        Problem {
            path: path.to_owned(),
            what,
            message: format!("{path} in body {said}"),
            printed: printed(value, self.minor),
        }
    }

    /// `allOf`, `anyOf`, `oneOf` and `not`.
    fn combinations(self, value: &Value, rules: &Rules, path: &str, old: Option<&Value>) -> Found {
        let mut found = Found { right: 1, ..Found::default() };
        let schemas = |said: &str| Problem {
            path: String::new(),
            what: What::Schemas,
            message: format!("{path:?} must {said}"),
            printed: "\"\"".to_owned(),
        };
        let each =
            |of: &[Structural]| of.iter().map(|of| self.check(value, of, path, old)).collect::<Vec<_>>();
        if !rules.any_of.is_empty() {
            let all = each(&rules.any_of);
            if !all.iter().any(Found::is_right) {
                found.add(schemas("validate at least one schema (anyOf)"));
                best(all).into_iter().for_each(|one| found.merge(one));
            }
        }
        if !rules.one_of.is_empty() {
            let all = each(&rules.one_of);
            match all.iter().filter(|one| one.is_right()).count() {
                1 => {}
                0 => {
                    found.add(schemas("validate one and only one schema (oneOf). Found none valid"));
                    best(all).into_iter().for_each(|one| found.merge(one));
                }
                several => {
                    let said = format!(
                        "validate one and only one schema (oneOf). Found {several} valid alternatives"
                    );
                    found.add(schemas(&said));
                }
            }
        }
        if !rules.all_of.is_empty() {
            let all = each(&rules.all_of);
            let right = all.iter().filter(|one| one.is_right()).count();
            let is_right = right == all.len();
            all.into_iter().for_each(|one| found.merge(one));
            if !is_right {
                let none = if right == 0 { ". None validated" } else { "" };
                found.add(schemas(&format!("validate all the schemas (allOf){none}")));
            }
        }
        if let Some(not) = &rules.not
            && self.check(value, not, path, None).is_right()
        {
            found.add(schemas("not validate the schema (not)"));
        }
        found
    }

    /// The first that is wrong.
    fn text(self, text: &str, rules: &Rules, path: &str) -> Option<Problem> {
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        let problem = |what: What, said: &str| Some(self.problem(path, what, &text.into(), said));
        if let Some(most) = rules.max_length.filter(|most| length > *most) {
            return problem(What::TooLong(most), &format!("should be at most {most} chars long"));
        }
        if let Some(least) = rules.min_length.filter(|least| length < *least) {
            return problem(What::Invalid, &format!("should be at least {least} chars long"));
        }
        match &rules.pattern {
            Some((pattern, regex)) if regex.as_ref().is_some_and(|regex| !regex.is_match(text)) => {
                problem(What::Invalid, &format!("should match '{pattern}'"))
            }
            _ => None,
        }
    }

    fn number(self, value: &Value, schema: &Structural, path: &str) -> Found {
        let rules = &schema.rules;
        let mut found = Found { right: 1, ..Found::default() };
        let has_fraction = value.as_f64().is_some_and(|number| number.fract() != 0.0);
        if self.minor >= NUMBERS_FIT && schema.types == ["integer"] && has_fraction {
            found.add(Problem {
                path: String::new(),
                what: What::Schemas,
                message: format!("Checked value must be of type integer (default format) in {path}"),
                printed: "\"\"".to_owned(),
            });
        }
        let mut add = |said: String| found.add(self.problem(path, What::Invalid, value, &said));
        let compared = |bound: &Bound| match value.as_i64() {
            // A bound is a whole number to one.
            Some(number) => {
                let limit = whole(bound.number);
                (number.cmp(&limit), limit.to_string())
            }
            None => (value.as_f64().unwrap_or(0.0).total_cmp(&bound.number), float(bound.number)),
        };
        if let Some(factor) = rules.multiple_of
            && !is_multiple(value, factor)
        {
            let factor = if value.is_i64() { whole(factor).to_string() } else { float(factor) };
            add(format!("should be a multiple of {factor}"));
        }
        if let Some(bound) = &rules.minimum {
            let (order, limit) = compared(bound);
            let or_equal = if bound.is_exclusive { "" } else { " or equal to" };
            if order.is_lt() || order.is_eq() && bound.is_exclusive {
                add(match or_equal {
                    "" => format!("should be greater than {limit}"),
                    _ => format!("should be greater than{or_equal} {limit}"),
                });
            }
        }
        if let Some(bound) = &rules.maximum {
            let (order, limit) = compared(bound);
            if order.is_gt() || order.is_eq() && bound.is_exclusive {
                add(match bound.is_exclusive {
                    true => format!("should be less than {limit}"),
                    false => format!("should be less than or equal to {limit}"),
                });
            }
        }
        found
    }

    fn list(self, items: &[Value], schema: &Structural, path: &str, old: Option<&Value>) -> Found {
        let mut found = Found { right: 1, ..Found::default() };
        if let Some(of) = &schema.items {
            for (index, item) in items.iter().enumerate() {
                let path = match self.minor >= ITEMS_HAVE_NAMES {
                    true => format!("{path}[{index}]"),
                    false => path.to_owned(),
                };
                found.merge(self.check(item, of, &path, old_item(schema, item, old)));
            }
        }
        let size = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let rules = &schema.rules;
        if let Some(least) = rules.min_items.filter(|least| size < *least) {
            let said = format!("should have at least {least} items");
            found.add(self.problem(path, What::Invalid, &size.into(), &said));
        }
        if let Some(most) = rules.max_items.filter(|most| size > *most) {
            let said = format!("should have at most {most} items");
            found.add(self.problem(path, What::TooMany { actual: size, most }, &size.into(), &said));
        }
        found
    }

    /// `enum`.
    fn value(self, value: &Value, rules: &Rules, path: &str) -> Option<Problem> {
        let is_same = |other: &Value| match (value, other) {
            (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
            (value, other) => value == other,
        };
        if rules.values.is_empty() || rules.values.iter().any(is_same) {
            return None;
        }
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let values: Vec<_> = rules.values.iter().map(text).collect();
        let said = format!("should be one of [{}]", values.join(" "));
        Some(self.problem(path, What::NotSupported(values), value, &said))
    }

    fn object(self, value: &Value, schema: &Structural, path: &str, old: Option<&Value>) -> Found {
        let mut found = Found::default();
        let Some(fields) = value.as_object() else { return found };
        let size = i64::try_from(fields.len()).unwrap_or(i64::MAX);
        let rules = &schema.rules;
        // 1.20 shows the limit where it should show the size.
        let shown = |limit: i64| if self.minor > 20 { size } else { limit };
        if let Some(least) = rules.min_properties.filter(|least| size < *least) {
            let said = format!("should have at least {least} properties");
            found.add(self.problem(path, What::Invalid, &shown(least).into(), &said));
        }
        if let Some(most) = rules.max_properties.filter(|most| size > *most) {
            let said = format!("should have at most {most} properties");
            let what = What::TooMany { actual: size, most };
            found.add(self.problem(path, what, &shown(most).into(), &said));
        }
        let old_field = |name: &str| old.and_then(|old| old.get(name));
        if let Additional::Of(of) = &schema.additional {
            for (name, value) in fields.iter().filter(|(name, _)| !schema.properties.contains_key(*name)) {
                found.merge(self.check(value, of, &format!("{path}.{name}"), old_field(name)));
            }
        }
        for (name, of) in &schema.properties {
            if let Some(value) = fields.get(name) {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                found.merge(self.check(value, of, &path, old_field(name)));
            }
        }
        for name in rules.required.iter().filter(|name| !fields.contains_key(*name)) {
            let path = format!("{path}.{name}");
            found.add(self.problem(&path, What::Required, &Value::Null, "is required"));
        }
        found
    }
}

/// `null` is of no type.
fn type_problem(value: &Value, schema: &Structural, path: &str) -> Option<Problem> {
    let found = match value {
        Value::Null if schema.nullable => return None,
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Number(_) if value.is_i64() => "integer",
        Value::Number(_) => "number",
    };
    let is_whole = || value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let fits = schema.is(found)
        || found == "integer" && schema.is("number")
        || found == "number" && schema.is("integer") && is_whole();
    (!fits).then(|| Problem {
        path: path.to_owned(),
        what: What::Type,
        message: format!("{path} in body must be of type {}: {found:?}", schema.types.join(",")),
        printed: format!("{found:?}"),
    })
}

/// The item of a list that an item was before: known of those with keys alone.
fn old_item<'a>(schema: &Structural, item: &Value, old: Option<&'a Value>) -> Option<&'a Value> {
    let Some(ListType::Map(keys)) = &schema.list else { return None };
    old?.as_array()?.iter().find(|old| keys.iter().all(|key| old.get(key) == item.get(key)))
}

/// That of several schemas which fits best.
fn best(all: Vec<Found>) -> Option<Found> {
    all.into_iter().reduce(|best, one| if one.right > best.right { one } else { best })
}

/// As Go cuts a float off.
fn whole(number: f64) -> i64 {
    let text = format!("{:.0}", number.trunc());
    text.parse().unwrap_or(if number < 0.0 { i64::MIN } else { i64::MAX })
}

fn is_multiple(value: &Value, factor: f64) -> bool {
    match value.as_i64() {
        Some(number) => number.checked_rem(whole(factor)) == Some(0),
        None => (value.as_f64().unwrap_or(0.0) / factor).fract() == 0.0,
    }
}
