//! What a stream leads to: how wide it is, and whether it takes colours.

use std::io;
use std::os::fd::AsFd;

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use unicode_width::UnicodeWidthStr;

/// A terminal, or something that programs read.
#[derive(Clone, Copy)]
pub(crate) struct Screen {
    is_terminal: bool,
    /// How many columns a terminal has; none where it does not say so.
    columns: Option<usize>,
    has_colours: bool,
}

impl Screen {
    pub(crate) fn stdout() -> Self {
        Self::of(&io::stdout())
    }

    pub(super) fn stderr() -> Self {
        Self::of(&io::stderr())
    }

    /// `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and a terminal that is dumb are anstream's to know.
    fn of(stream: &(impl RawStream + AsFd)) -> Self {
        let is_terminal = stream.is_terminal();
        let size = if is_terminal { rustix::termios::tcgetwinsize(stream).ok() } else { None };
        Self {
            is_terminal,
            columns: size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0),
            has_colours: AutoStream::choice(stream) != ColorChoice::Never,
        }
    }

    pub(super) fn columns(self) -> Option<usize> {
        self.columns
    }

    pub(super) fn has_colours(self) -> bool {
        self.has_colours
    }

    /// How many columns a text takes. For programs it is the number of characters, which is the same wherever
    /// they run.
    pub(super) fn width(self, text: &str) -> usize {
        if self.is_terminal { text.width() } else { text.chars().count() }
    }
}

#[cfg(test)]
impl Screen {
    /// What a program reads.
    pub(super) const PIPE: Self = Self { is_terminal: false, columns: None, has_colours: false };

    pub(super) const fn terminal(columns: usize) -> Self {
        Self { is_terminal: true, columns: Some(columns), has_colours: false }
    }

    pub(super) const fn with_colours(self) -> Self {
        Self { has_colours: true, ..self }
    }
}
