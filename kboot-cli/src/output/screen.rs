//! What a stream leads to: how wide it is, and whether it takes colours.

use std::io;
use std::os::fd::AsFd;

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use unicode_width::UnicodeWidthStr;

/// A terminal, or something that is read later.
#[derive(Clone, Copy)]
pub(crate) struct Screen {
    columns: usize,
    has_colours: bool,
    /// Whether somebody looks, or said how wide it is.
    is_seen: bool,
}

/// How wide it is where nobody says so.
const USUAL: usize = 80;

/// Narrower than this, no table is one.
const NARROWEST: usize = 40;

impl Screen {
    pub(crate) fn stdout() -> Self {
        Self::of(&io::stdout())
    }

    pub(super) fn stderr() -> Self {
        Self::of(&io::stderr())
    }

    /// `COLUMNS` goes before the terminal's own width, as for other programs. `NO_COLOR`, `CLICOLOR`,
    /// `CLICOLOR_FORCE` and a terminal that is dumb are anstream's to know.
    fn of(stream: &(impl RawStream + AsFd)) -> Self {
        let is_terminal = stream.is_terminal();
        #[expect(clippy::disallowed_methods, reason = "how wide a screen is only the environment knows")]
        let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let said = said.filter(|columns| *columns > 0);
        let size = || rustix::termios::tcgetwinsize(stream).ok().map(|size| usize::from(size.ws_col));
        let size = || if is_terminal { size().filter(|columns| *columns > 0) } else { None };
        Self {
            columns: said.or_else(size).unwrap_or(USUAL).max(NARROWEST),
            has_colours: AutoStream::choice(stream) != ColorChoice::Never,
            is_seen: is_terminal || said.is_some(),
        }
    }

    /// The same for messages: in a file each stays on its line, where it is searched for.
    pub(super) fn for_messages(self) -> Self {
        if self.is_seen { self } else { Self { columns: usize::MAX, ..self } }
    }

    pub(super) fn columns(self) -> usize {
        self.columns
    }

    pub(super) fn has_colours(self) -> bool {
        self.has_colours
    }
}

/// How many columns a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

#[cfg(test)]
impl Screen {
    pub(super) const fn of_columns(columns: usize) -> Self {
        Self { columns, has_colours: false, is_seen: true }
    }

    pub(super) const fn with_colours(self) -> Self {
        Self { has_colours: true, ..self }
    }
}
