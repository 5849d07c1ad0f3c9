//! One line of text for people, and which of it says that something is good or bad.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use kboot_core::shown::escaped;

use super::Screen;

/// A line. What hides in it is written out, whoever wrote it; no text can bring colours of its own.
#[derive(Clone, Default)]
pub(crate) struct Text(Vec<Piece>);

#[derive(Clone)]
struct Piece {
    text: String,
    tone: Option<Tone>,
    /// It says nothing that does not stand elsewhere, so only a terminal with colours gets it.
    is_ornament: bool,
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
        Text(vec![Piece { text: escaped(text), tone: Some(self), is_ornament: false }])
    }

    /// What decorates a terminal.
    pub(crate) fn ornament(self, text: &str) -> Text {
        Text(vec![Piece { text: escaped(text), tone: Some(self), is_ornament: true }])
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
        Self(vec![Piece { text: escaped(text), tone: None, is_ornament: false }])
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

    fn pieces(&self, screen: Screen) -> impl Iterator<Item = &Piece> {
        self.0.iter().filter(move |piece| !piece.is_ornament || screen.has_colours())
    }

    pub(super) fn width(&self, screen: Screen) -> usize {
        self.pieces(screen).map(|piece| screen.width(&piece.text)).sum()
    }

    pub(super) fn render(&self, screen: Screen) -> String {
        let mut line = String::new();
        for piece in self.pieces(screen) {
            let style = piece.tone.filter(|_| screen.has_colours()).map(Tone::style).unwrap_or_default();
            let _ = write!(line, "{style}{}{style:#}", piece.text);
        }
        line
    }

    /// At most so many columns; `…` stands for the rest.
    pub(super) fn cut(self, columns: usize, screen: Screen) -> Self {
        if self.width(screen) <= columns {
            return self;
        }
        let mut left = columns.saturating_sub(1);
        let mut cut = Vec::new();
        for mut piece in self.0 {
            let whole = piece.text.len();
            piece.text = fitting(&piece.text, left, screen).to_owned();
            left = left.saturating_sub(screen.width(&piece.text));
            let is_cut = piece.text.len() < whole;
            if is_cut {
                piece.text.push('…');
            }
            cut.push(piece);
            if is_cut {
                break;
            }
        }
        Self(cut)
    }

    /// In lines of so many columns, broken at blanks; a word that is longer stays whole, so that it can be
    /// copied.
    pub(super) fn wrapped(self, columns: usize, screen: Screen) -> Vec<Self> {
        if self.width(screen) <= columns {
            return vec![self];
        }
        let mut lines: Vec<Self> = Vec::new();
        let mut used = 0_usize;
        for word in self.words() {
            let width = word.width(screen);
            let longer = used.saturating_add(1).saturating_add(width);
            match lines.last_mut() {
                // At the end of a line it stands for the blank.
                Some(line) if longer <= columns || used == 0 => {
                    line.0.extend(Self::from(" ").0);
                    line.0.extend(word.0);
                    used = longer;
                }
                _ => {
                    lines.push(word);
                    used = width;
                }
            }
        }
        lines
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

/// The longest beginning that fits.
fn fitting(text: &str, columns: usize, screen: Screen) -> &str {
    let ends = text.char_indices().map(|(start, c)| start.saturating_add(c.len_utf8()));
    let fits = |end: &usize| text.get(..*end).is_some_and(|start| screen.width(start) <= columns);
    let end = ends.take_while(fits).last().unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_ours_alone() {
        let text = Tone::Bad.text("no\u{1b}[32m").then(" yes").then(Tone::Good.ornament("███"));
        assert_eq!(text.render(Screen::PIPE), r"no\u{1b}[32m yes");
        assert_eq!(text.width(Screen::PIPE), r"no\u{1b}[32m yes".len());
        assert_eq!(
            text.render(Screen::PIPE.with_colours()),
            "\u{1b}[31mno\\u{1b}[32m\u{1b}[0m yes\u{1b}[32m███\u{1b}[0m"
        );
    }

    #[test]
    fn wrapping_loses_nothing() {
        let screen = Screen::terminal(80);
        let text = Text::from("one two  ").then(Tone::Bad.text("thirteen漢字")).then("4 5");
        let whole = text.render(screen);
        for columns in 0..24 {
            let lines = text.clone().wrapped(columns, screen);
            let lines: Vec<String> = lines.iter().map(|line| line.render(screen)).collect();
            assert_eq!(lines.join(" "), whole, "{columns}");
            let is_narrow = |line: &String| screen.width(line) <= columns.max(14);
            assert!(lines.iter().all(is_narrow), "{columns}: {lines:?}");
        }
    }

    #[test]
    fn a_cut_is_marked() {
        let cut =
            |columns| Text::from("ab").then("漢字").cut(columns, Screen::terminal(80)).render(Screen::PIPE);
        assert_eq!([2, 3, 4, 5, 6].map(cut), ["a…", "ab…", "ab…", "ab漢…", "ab漢字"]);
    }
}
