//! Texts in columns: the one implementation.

use super::{Screen, Text};

/// How wide a column is.
#[derive(Clone, Copy)]
pub(crate) enum Width {
    /// As its widest cell.
    Fit,
    /// At least so wide; a wider cell moves the rest of its row.
    AtLeast(usize),
}

/// A column of a table.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    head: &'static str,
    width: Width,
    is_right: bool,
    is_free: bool,
}

impl Column {
    pub(crate) const fn new(head: &'static str) -> Self {
        Self { head, width: Width::Fit, is_right: false, is_free: false }
    }

    pub(crate) const fn width(self, width: Width) -> Self {
        Self { width, ..self }
    }

    /// Its cells stand to the right.
    pub(crate) const fn right(self) -> Self {
        Self { is_right: true, ..self }
    }

    /// Its cells are sentences, which are broken at blanks where the screen is too narrow.
    pub(crate) const fn free(self) -> Self {
        Self { is_free: true, ..self }
    }
}

/// Rows in columns.
///
/// Where a row is wider than the screen, its sentence is wrapped. Where that is not enough, the last columns go below
/// the row, each on lines of its own and after its head. No name is ever cut: it can be copied.
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
    indent: usize,
    gap: usize,
    is_continued: bool,
}

enum Row {
    Cells(Vec<Text>),
    /// A line between the rows.
    Heading(Text),
}

/// A column of sentences never gets narrower than this.
const NARROWEST: usize = 24;

/// How much deeper what stands below a row begins.
const BELOW: usize = 4;

impl Table {
    /// As kubectl prints them: columns without heads have no row of heads.
    pub(crate) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        let columns = columns.into_iter().collect();
        Self { columns, rows: Vec::new(), indent: 0, gap: 3, is_continued: false }
    }

    /// What is said of one thing: names of so many columns, and sentences.
    pub(crate) fn facts(width: usize) -> Self {
        let columns = [Column::new("").width(Width::AtLeast(width)), Column::new("").free()];
        Self::new(columns).indent(2).gap(0)
    }

    pub(crate) fn indent(self, indent: usize) -> Self {
        Self { indent, ..self }
    }

    /// How many blanks stand between two columns.
    pub(crate) fn gap(self, gap: usize) -> Self {
        Self { gap, ..self }
    }

    /// Its heads were written before; columns that are fixed go on below them.
    pub(crate) fn continued(self) -> Self {
        Self { is_continued: true, ..self }
    }

    pub(crate) fn row<T: Into<Text>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(Row::Cells(cells.into_iter().map(Into::into).collect()));
    }

    pub(crate) fn heading(&mut self, text: impl Into<Text>) {
        self.rows.push(Row::Heading(text.into()));
    }

    pub(super) fn render(self, screen: Screen) -> String {
        let layout = Layout::new(&self, screen);
        let has_heads = !self.is_continued && self.columns.iter().any(|column| !column.head.is_empty());
        let mut lines = Vec::new();
        if has_heads {
            let heads = self.columns.iter().take(layout.kept).map(|column| Text::from(column.head));
            lines.extend(layout.lines(heads.collect()));
        }
        for row in self.rows {
            match row {
                Row::Heading(heading) => lines.extend(heading.lines("  ", screen)),
                Row::Cells(cells) => lines.extend(layout.lines(cells)),
            }
        }
        lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
    }
}

/// How the columns of a table stand on a screen.
struct Layout {
    columns: Vec<Column>,
    widths: Vec<usize>,
    /// How many columns stand beside each other; the others go below.
    kept: usize,
    indent: usize,
    gap: usize,
    screen: Screen,
}

impl Layout {
    fn new(table: &Table, screen: Screen) -> Self {
        let &Table { ref columns, ref rows, indent, gap, .. } = table;
        let widest = |i: usize, column: &Column| {
            let cells = rows.iter().filter_map(|row| match row {
                Row::Cells(cells) => cells.get(i).map(Text::width),
                Row::Heading(_) => None,
            });
            cells.chain([Text::from(column.head).width()]).max().unwrap_or(0)
        };
        let width = |(i, column): (usize, &Column)| match column.width {
            Width::Fit => widest(i, column),
            Width::AtLeast(width) => width,
        };
        let mut widths: Vec<usize> = columns.iter().enumerate().map(width).collect();
        let room = screen.columns().saturating_sub(indent);
        let least =
            |(column, width): (&Column, &usize)| if column.is_free { NARROWEST.min(*width) } else { *width };
        let mut used = 0_usize;
        let mut kept = 0_usize;
        for width in columns.iter().zip(&widths).map(least) {
            used = used.saturating_add(width);
            if kept > 0 && used > room {
                break;
            }
            kept = kept.saturating_add(1);
            used = used.saturating_add(gap);
        }
        let kept_widths = widths.get(..kept).unwrap_or_default();
        let gaps = gap.saturating_mul(kept.saturating_sub(1));
        let whole = kept_widths.iter().sum::<usize>().saturating_add(gaps);
        if let Some(free) = columns.iter().take(kept).position(|column| column.is_free)
            && let Some(width) = widths.get_mut(free)
        {
            let least = NARROWEST.min(*width);
            *width = width.saturating_sub(whole.saturating_sub(room)).max(least);
        }
        Self { columns: columns.clone(), widths, kept, indent, gap, screen }
    }

    /// A row: one line, or more where its sentence is wrapped and where something goes below it.
    fn lines(&self, mut cells: Vec<Text>) -> Vec<String> {
        let below = cells.split_off(self.fitting(&cells));
        let beside = cells.len();
        let mut line = " ".repeat(self.indent);
        // Where the next cell begins; colours take no room.
        let mut used = self.indent;
        let mut wrapped = Vec::new();
        for (i, ((mut cell, column), &width)) in
            cells.into_iter().zip(&self.columns).zip(&self.widths).enumerate()
        {
            if column.is_free {
                let room = self.room(i, used);
                let mut parts = cell.wrapped(room, room).into_iter();
                cell = parts.next().unwrap_or_default();
                wrapped = parts.map(|part| " ".repeat(used) + &part.render(self.screen)).collect();
            }
            let taken = cell.width();
            let padding = " ".repeat(width.saturating_sub(taken));
            let rendered = cell.render(self.screen);
            line += &if column.is_right { padding + &rendered } else { rendered + &padding };
            line += &" ".repeat(self.gap);
            used = used.saturating_add(taken.max(width)).saturating_add(self.gap);
        }
        let mut lines = vec![line];
        lines.extend(wrapped);
        let before = " ".repeat(self.indent.saturating_add(BELOW));
        let columns = self.columns.iter().skip(beside);
        for (cell, column) in below.into_iter().zip(columns).filter(|(cell, _)| !cell.is_empty()) {
            let head = column.head.to_lowercase();
            let head = if head.is_empty() { head } else { format!("{head}: ") };
            let text = Text::from(before.as_str()).then(head).then(cell);
            lines.extend(text.lines(&format!("{before}  "), self.screen));
        }
        lines
    }

    /// How many cells of a row stand beside each other: the first one always.
    fn fitting(&self, cells: &[Text]) -> usize {
        let (mut used, mut planned) = (self.indent, self.indent);
        for (i, ((cell, column), &width)) in cells.iter().zip(&self.columns).zip(&self.widths).enumerate() {
            let (taken, needed) = match column.is_free {
                // A sentence is not squeezed in behind a cell that took its room.
                true if used > planned => (width, cell.width()),
                true => (width, cell.longest_word().max(NARROWEST.min(cell.width()))),
                false => (width.max(cell.width()), cell.width()),
            };
            if i > 0 && (i >= self.kept || needed > self.room(i, used)) {
                return i;
            }
            used = used.saturating_add(taken).saturating_add(self.gap);
            planned = planned.saturating_add(width).saturating_add(self.gap);
        }
        cells.len()
    }

    /// How much room a cell that begins here has; a sentence leaves those that follow theirs.
    fn room(&self, i: usize, used: usize) -> usize {
        let whole = self.screen.columns().saturating_sub(used);
        if !self.columns.get(i).is_some_and(|column| column.is_free) {
            return whole;
        }
        let others = self.widths.iter().take(self.kept).skip(i.saturating_add(1));
        whole.saturating_sub(others.map(|width| width.saturating_add(self.gap)).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(columns: usize) -> String {
        let heads = [Column::new("WHAT"), Column::new("SAYS").free(), Column::new("DAYS").right()];
        let mut table = Table::new(heads).gap(2).indent(1);
        table.row(["one", "a sentence of some length", "7"]);
        table.heading("then");
        table.row(["漢字漢", "short", "365"]);
        table.render(Screen::of_columns(columns))
    }

    #[test]
    fn a_screen_that_is_wide_enough_has_every_row_on_a_line() {
        assert_eq!(
            report(80),
            " WHAT    SAYS                       DAYS\n one     a sentence of some length     7\nthen\n \
             漢字漢  short                       365\n"
        );
    }

    #[test]
    fn sentences_are_wrapped_and_what_is_left_goes_below() {
        assert_eq!(
            report(39),
            " WHAT    SAYS                      DAYS\n one     a sentence of some           7\n         \
             length\nthen\n 漢字漢  short                      365\n"
        );
        assert_eq!(
            report(34),
            " WHAT    SAYS\n one     a sentence of some length\n     days: 7\nthen\n 漢字漢  short\n     days: 365\n"
        );
        assert_eq!(
            report(20),
            " WHAT\n one\n     says: a\n       sentence of\n       some length\n     days: 7\nthen\n 漢字漢\n     \
             says: short\n     days: 365\n"
        );
    }

    #[test]
    fn a_wide_cell_moves_the_rest_of_its_row() {
        let columns = [
            Column::new("A").width(Width::AtLeast(3)),
            Column::new("B").width(Width::AtLeast(2)),
            Column::new("C"),
        ];
        let mut table = Table::new(columns).gap(1);
        table.row(["abcd", "wide", "c"]);
        table.row(["a", "b", ""]);
        table.row(["arn:aws:eks:eu-central-1:123456789012", "b", "c"]);
        assert_eq!(
            table.render(Screen::of_columns(40)),
            "A   B  C\nabcd wide c\na   b\narn:aws:eks:eu-central-1:123456789012 b\n    c: c\n"
        );
        let mut more = Table::new(columns).gap(1).continued();
        more.row(["", "", "c"]);
        assert_eq!(more.render(Screen::of_columns(40)), "       c\n");
    }

    #[test]
    fn facts_hang_below_their_name() {
        let mut facts = Table::facts(6);
        facts.row(["name", "what is said of it, at some length"]);
        facts.row(["pin", "sha256:0123456789abcdef0123"]);
        assert_eq!(
            facts.render(Screen::of_columns(32)),
            "  name  what is said of it, at\n        some length\n  pin\n      sha256:0123456789abcdef0123\n"
        );
    }
}
