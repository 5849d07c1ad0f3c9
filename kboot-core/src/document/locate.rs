//! Where in its text a field stands: a second pass over the YAML, for a file in which something is wrong.

use std::collections::HashMap;

use serde_saphyr::granit_parser::{Event, Parser, Span};

use super::problem::{Position, Problem};

/// Where a node of the document begins, and where a list or a map ends.
#[derive(Clone, Copy, Default)]
struct Place {
    start: Option<Position>,
    end: Option<Position>,
}

/// Gives each problem the place of its field in a text of one YAML document, or of what holds the field where it is
/// missing, and puts them into the order of the text: what is missing is missed at the end of what should hold it.
pub(super) fn locate(text: &str, problems: &mut [Problem]) {
    if problems.iter().all(|problem| problem.position.is_some()) {
        return;
    }
    let mut places: HashMap<String, Place> = HashMap::new();
    for problem in problems.iter() {
        places.extend(holders(&problem.path).map(|path| (path.to_owned(), Place::default())));
    }
    if find(text, &mut places).is_none() {
        return;
    }
    let known = |path: &str| places.get(path).filter(|place| place.start.is_some());
    for problem in problems.iter_mut() {
        let found = holders(&problem.path).filter_map(known).last();
        problem.position = problem.position.or_else(|| found?.start);
    }
    problems.sort_by_key(|problem| match known(&problem.path) {
        Some(place) => place.start,
        None => holders(&problem.path).filter_map(known).last().and_then(|place| place.end.or(place.start)),
    });
}

/// The paths of all that holds a field, from the document on, and of the field itself.
fn holders(path: &str) -> impl Iterator<Item = &str> {
    let inner = path.char_indices().filter(|(_, c)| matches!(c, '.' | '[')).map(|(end, _)| end);
    std::iter::once(0).chain(inner).chain([path.len()]).filter_map(|end| path.get(..end))
}

/// What is open while a text is read.
enum Open {
    /// A list, with the path of it and the number of its next item.
    List(String, usize),
    /// A map, with the path of it and the key whose value comes next.
    Map(String, Option<(String, Position)>),
    /// What has no path: a key that is a list or a map.
    Key,
}

/// Fills in the places; none where the text is not one document.
fn find(text: &str, places: &mut HashMap<String, Place>) -> Option<()> {
    let mut open: Vec<Open> = Vec::new();
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        let (scalar, opens_list) = match &event {
            Event::DocumentStart(..) => {
                documents += 1;
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Open::List(path, _) | Open::Map(path, _) = open.pop()?
                    && let Some(known) = places.get_mut(&path)
                {
                    known.end = position(&span);
                }
                continue;
            }
            Event::Scalar(scalar, ..) => (Some(scalar.as_ref()), None),
            Event::Alias(_) => (Some(""), None),
            Event::SequenceStart(..) => (None, Some(true)),
            Event::MappingStart(..) => (None, Some(false)),
            _ => continue,
        };
        let here = position(&span)?;
        let path = match (open.last_mut(), scalar) {
            (None, _) => Some((String::new(), here)),
            (Some(Open::Key), _) => None,
            (Some(Open::List(list, next)), _) => {
                let path = format!("{list}[{next}]");
                *next += 1;
                Some((path, here))
            }
            (Some(Open::Map(map, key)), scalar) => match (key.take(), scalar) {
                (Some(field), _) => Some(field),
                (None, Some(name)) => {
                    let path = if map.is_empty() { name.to_owned() } else { format!("{map}.{name}") };
                    *key = Some((path, here));
                    continue;
                }
                // A key that is a list or a map; its value has no path either.
                (None, None) => {
                    *key = Some((String::from("\0"), here));
                    None
                }
            },
        };
        if let Some((path, place)) = &path
            && let Some(known) = places.get_mut(path)
        {
            known.start.get_or_insert(*place);
        }
        match (opens_list, path) {
            (None, _) => {}
            (Some(_), None) => open.push(Open::Key),
            (Some(true), Some((path, _))) => open.push(Open::List(path, 0)),
            (Some(false), Some((path, _))) => open.push(Open::Map(path, None)),
        }
    }
    (documents == 1).then_some(())
}

fn position(span: &Span) -> Option<Position> {
    let line = u64::try_from(span.start.line()).ok()?;
    let column = u64::try_from(span.start.col()).ok()?.checked_add(1)?;
    Some(Position { line, column })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str, paths: &[&str]) -> Vec<String> {
        let mut problems: Vec<Problem> = paths.iter().map(|path| Problem::new(path, "")).collect();
        locate(text, &mut problems);
        let place = |path: &&str| problems.iter().find(|problem| problem.path == **path)?.position;
        paths
            .iter()
            .map(|path| place(path).map_or_else(|| "-".to_owned(), |place| place.to_string()))
            .collect()
    }

    #[test]
    fn fields_items_and_what_is_missing_have_places() {
        let text = "a: 1\nb:\n  - {c: x, d: [é, y]}\n  - e: &z\n      f: 1\n    g: *z\n";
        let paths = ["a", "b[0].c", "b[0].d[1]", "b[1].e.f", "b[1].g", "b[1].missing.one", "b", "", "h"];
        let found = places(text, &paths);
        assert_eq!(found, ["1:1", "3:6", "3:19", "5:7", "6:5", "4:5", "2:1", "1:1", "1:1"]);
    }

    #[test]
    fn json_has_places_and_what_is_no_single_document_has_none() {
        assert_eq!(places("{\n \"a\": {\"b\": [1,\n  2]}}", &["a.b[1]", "a.b"]), ["3:3", "2:8"]);
        assert_eq!(places("a: 1\n---\na: 2\n", &["a"]), ["-"]);
        assert_eq!(places("a: [1\n", &["a"]), ["-"]);
        assert_eq!(places("? [k, l]\n: {a: 1}\na: 2\n", &["a"]), ["3:1"]);
    }
}
