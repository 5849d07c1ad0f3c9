//! One line of text for people, and which of it says that something is good or bad.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use kboot_core::shown::escaped;

use super::Screen;
use super::screen::width;

/// A line. What hides in it is written out, whoever wrote it; no text can bring colours of its own.
#[derive(Clone, Default)]
pub(crate) struct Text(Vec<Piece>);

#[derive(Clone)]
struct Piece {
    text: String,
    tone: Option<Tone>,
}

/// What a state is, which a word says too: the colour is never alone.
#[derive(Clone, Copy)]
pub(crate) enum Tone {
    Good,
    Bad,
    /// Not bad yet, or not known.
    Doubtful,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green,
            Self::Bad => AnsiColor::Red,
            Self::Doubtful => AnsiColor::Yellow,
        }
        .on_default()
    }

    pub(crate) fn text(self, text: &str) -> Text {
        Text(vec![Piece { text: escaped(text), tone: Some(self) }])
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
        Self(vec![Piece { text: escaped(text), tone: None }])
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl<T: Into<Self>> FromIterator<T> for Text {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        Self(texts.into_iter().flat_map(|text| text.into().0).collect())
    }
}

impl Text {
    #[must_use]
    pub(crate) fn then(mut self, text: impl Into<Self>) -> Self {
        self.0.extend(text.into().0);
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|piece| piece.text.is_empty())
    }

    pub(super) fn width(&self) -> usize {
        self.0.iter().map(|piece| width(&piece.text)).sum()
    }

    /// How wide the longest word is: what no wrapping makes narrower.
    pub(super) fn longest_word(&self) -> usize {
        self.clone().words().iter().map(Self::width).max().unwrap_or(0)
    }

    pub(super) fn blanks_before(&self) -> usize {
        let text: String = self.0.iter().map(|piece| piece.text.as_str()).collect();
        text.len().saturating_sub(text.trim_start_matches(' ').len())
    }

    pub(super) fn render(&self, screen: Screen) -> String {
        let mut line = String::new();
        for piece in &self.0 {
            let style = piece.tone.filter(|_| screen.has_colours()).map(Tone::style).unwrap_or_default();
            let _ = write!(line, "{style}{}{style:#}", piece.text);
        }
        line
    }

    /// As lines that fit, each further one after `hanging`.
    pub(super) fn lines(self, hanging: &str, screen: Screen) -> Vec<String> {
        let more = screen.columns().saturating_sub(width(hanging));
        let mut lines = Vec::new();
        for line in self.wrapped(screen.columns(), more) {
            // A word for which there is too little room begins further to the left.
            let room = screen.columns().saturating_sub(line.width());
            let before = if lines.is_empty() { "" } else { hanging };
            let before = if before.trim().is_empty() { before.get(..room).unwrap_or(before) } else { before };
            lines.push(format!("{before}{}", line.render(screen)));
        }
        lines
    }

    /// In lines of so many columns, the first and those that follow, broken at blanks. A word that is longer stays whole,
    /// so that it can be copied, unless it is a path with joints to break it at.
    pub(super) fn wrapped(self, first: usize, more: usize) -> Vec<Self> {
        if self.width() <= first {
            return vec![self];
        }
        let mut lines = vec![Self::default()];
        let (mut used, mut is_blank, mut is_start) = (0_usize, true, true);
        let words = self.words().into_iter().flat_map(|word| word.at_joints(first.max(more)));
        for word in words {
            let limit = if lines.len() == 1 { first } else { more };
            let width = word.width();
            let longer = used.saturating_add(width).saturating_add(usize::from(!is_start));
            match lines.last_mut() {
                // At the end of a line it stands for the blank. A line is never of blanks alone.
                Some(line) if longer <= limit || is_blank => {
                    if !is_start {
                        line.0.extend(Self::from(" ").0);
                    }
                    line.0.extend(word.0);
                    used = longer;
                    is_blank &= width == 0;
                }
                _ => {
                    lines.push(word);
                    used = width;
                    is_blank = width == 0;
                }
            }
            is_start = false;
        }
        lines
    }

    /// A word in parts of so many columns, each up to a joint; whole where a part would be too long.
    fn at_joints(self, columns: usize) -> Vec<Self> {
        let [piece] = self.0.as_slice() else { return vec![self] };
        if columns == 0 || width(&piece.text) <= columns {
            return vec![self];
        }
        let mut parts: Vec<String> = Vec::new();
        for part in piece.text.split_inclusive(['.', '/', ',']) {
            match parts.last_mut().filter(|last| width(last).saturating_add(width(part)) <= columns) {
                Some(last) => last.push_str(part),
                None => parts.push(part.to_owned()),
            }
        }
        if parts.iter().any(|part| width(part) > columns) {
            return vec![self];
        }
        parts.into_iter().map(|text| Self(vec![Piece { text, ..piece.clone() }])).collect()
    }

    /// What stands between blanks; two blanks have an empty word between them.
    fn words(self) -> Vec<Self> {
        let mut words = vec![Self::default()];
        for piece in self.0 {
            for (i, part) in piece.text.split(' ').enumerate() {
                if i > 0 {
                    words.push(Self::default());
                }
                if let Some(word) = words.last_mut().filter(|_| !part.is_empty()) {
                    word.0.push(Piece { text: part.to_owned(), ..piece.clone() });
                }
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_ours_alone() {
        let text = Tone::Bad.text("no\u{1b}[32m").then(" yes");
        let screen = Screen::of_columns(80);
        assert_eq!(text.render(screen), r"no\u{1b}[32m yes");
        assert_eq!(text.width(), r"no\u{1b}[32m yes".len());
        assert_eq!(text.render(screen.with_colours()), "\u{1b}[31mno\\u{1b}[32m\u{1b}[0m yes");
    }

    #[test]
    fn wrapping_loses_nothing() {
        let screen = Screen::of_columns(80);
        let text = Text::from("  one two  ").then(Tone::Bad.text("thirteen漢字")).then("4 5");
        let whole = text.render(screen);
        for columns in 0..28 {
            let lines = text.clone().wrapped(columns, columns);
            let lines: Vec<String> = lines.iter().map(|line| line.render(screen)).collect();
            assert_eq!(lines.join(" "), whole, "{columns}");
            let is_narrow = |line: &String| width(line) <= columns.max(14) && !line.trim().is_empty();
            assert!(lines.iter().all(is_narrow), "{columns}: {lines:?}");
        }
    }

    #[test]
    fn further_lines_hang() {
        let text = Text::from("- a sentence that is long enough for two lines");
        let lines = text.lines("  ", Screen::of_columns(30));
        assert_eq!(lines, ["- a sentence that is long", "  enough for two lines"]);
        let path = Text::from("at clusters[production].insecure-skip-tls-verify: it is not verified");
        let lines = path.lines("  ", Screen::of_columns(40));
        assert_eq!(
            lines,
            ["at clusters[production].", "  insecure-skip-tls-verify: it is not", "  verified"]
        );
    }
}
