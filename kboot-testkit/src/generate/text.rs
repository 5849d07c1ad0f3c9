//! How good texts are spoiled.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What no name and no word may hold: control characters, blanks, what terminals and eyes take for something else.
pub(super) const NOWHERE: &[&str] = &[
    "\0",
    "\n",
    "\r",
    "\t",
    "\u{1b}[2J",
    " ",
    "\u{7f}",
    "\u{85}",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "ä",
    "а",
    "\\",
    "\"",
];

/// As [`NOWHERE`], but for what may stand in the name of a user.
pub(super) const CONTROLS: &[&str] = &["\0", "\n", "\r", "\t", "\u{1b}", "\u{7f}", "\u{85}", "\u{9b}"];

/// One of these texts.
pub(super) fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = String> + Clone {
    select(texts).prop_map(str::to_owned)
}

/// A good text with one of these pieces put in somewhere.
pub(super) fn spoiled(
    good: impl Strategy<Value = String>,
    pieces: &'static [&'static str],
) -> impl Strategy<Value = String> {
    (good, any::<Index>(), select(pieces)).prop_map(|(mut text, at, piece)| {
        let places: Vec<usize> = text.char_indices().map(|(place, _)| place).chain([text.len()]).collect();
        text.insert_str(places.get(at.index(places.len())).copied().unwrap_or_default(), piece);
        text
    })
}

/// The text so many times over: longer than any name may be.
pub(super) fn too_long(piece: &'static str, times: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    times.prop_map(|times| piece.repeat(times))
}
