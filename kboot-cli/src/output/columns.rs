//! Texts in columns: the one implementation.

use super::{Screen, Text};

/// How wide a column is.
#[derive(Clone, Copy)]
pub(crate) enum Width {
    /// As its widest cell.
    Fit,
    /// At least so wide; a wider cell moves the rest of its row.
    AtLeast(usize),
    /// So wide; what does not fit is cut, and marked.
    Exactly(usize),
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

    /// Its cells are sentences, which a terminal that is too narrow gets in several lines.
    pub(crate) const fn free(self) -> Self {
        Self { is_free: true, ..self }
    }
}

/// Rows in columns.
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
    indent: usize,
    gap: usize,
    keeps_blanks: bool,
    is_continued: bool,
}

enum Row {
    Cells(Vec<Text>),
    /// A line between the rows.
    Heading(Text),
}

/// A column of sentences never gets narrower than this.
const NARROWEST: usize = 24;

impl Table {
    /// As kubectl prints them: columns without heads have no row of heads.
    pub(crate) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        let columns = columns.into_iter().collect();
        Self { columns, rows: Vec::new(), indent: 0, gap: 3, keeps_blanks: false, is_continued: false }
    }

    /// What is said of one thing: names of so many columns, and sentences.
    pub(crate) fn facts(width: usize) -> Self {
        let columns = [Column::new("").width(Width::AtLeast(width)), Column::new("").free()];
        Self { keeps_blanks: true, ..Self::new(columns).indent(2).gap(0) }
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
        let heads = self.columns.iter().map(|column| column.head.into()).collect();
        let has_heads = !self.is_continued && self.columns.iter().any(|column| !column.head.is_empty());
        let heads = has_heads.then_some(Row::Cells(heads));
        let rows: Vec<Row> = heads.into_iter().chain(self.rows).collect();
        let layout = Layout::new(&self.columns, &rows, self.indent, self.gap, screen);
        let mut text = String::new();
        for row in rows {
            match row {
                Row::Heading(heading) => text += &(heading.render(screen) + "\n"),
                Row::Cells(cells) => {
                    for line in layout.lines(cells) {
                        text += if self.keeps_blanks { &line } else { line.trim_end() };
                        text.push('\n');
                    }
                }
            }
        }
        text
    }
}

/// How wide the columns of a table are on a screen.
struct Layout<'a> {
    columns: &'a [Column],
    widths: Vec<usize>,
    indent: usize,
    gap: usize,
    screen: Screen,
}

impl<'a> Layout<'a> {
    fn new(columns: &'a [Column], rows: &[Row], indent: usize, gap: usize, screen: Screen) -> Self {
        let widest = |i: usize| {
            let cells = rows.iter().filter_map(|row| match row {
                Row::Cells(cells) => cells.get(i),
                Row::Heading(_) => None,
            });
            cells.map(|cell| cell.width(screen)).max().unwrap_or(0)
        };
        let width = |(i, column): (usize, &Column)| match column.width {
            Width::Fit => widest(i),
            Width::AtLeast(width) | Width::Exactly(width) => width,
        };
        let mut widths: Vec<usize> = columns.iter().enumerate().map(width).collect();
        let free = columns.iter().position(|column| column.is_free);
        if let Some((limit, free)) = screen.columns().zip(free) {
            let gaps = gap.saturating_mul(columns.len().saturating_sub(1));
            let whole: usize = widths.iter().sum::<usize>().saturating_add(gaps).saturating_add(indent);
            if let Some(width) = widths.get_mut(free) {
                let least = NARROWEST.min(*width);
                *width = width.saturating_sub(whole.saturating_sub(limit)).max(least);
            }
        }
        Self { columns, widths, indent, gap, screen }
    }

    /// A row: one line, or more where its sentence is wrapped.
    fn lines(&self, cells: Vec<Text>) -> Vec<String> {
        let mut line = " ".repeat(self.indent);
        // Where the next cell begins; colours take no room.
        let mut used = self.indent;
        let mut more = Vec::new();
        let last = cells.len().min(self.columns.len()).saturating_sub(1);
        for (i, ((mut cell, column), &width)) in
            cells.into_iter().zip(self.columns).zip(&self.widths).enumerate()
        {
            if matches!(column.width, Width::Exactly(_)) {
                cell = cell.cut(width, self.screen);
            }
            if column.is_free && self.screen.columns().is_some() {
                let mut wrapped = cell.wrapped(width, self.screen).into_iter();
                cell = wrapped.next().unwrap_or_default();
                more = wrapped.map(|part| " ".repeat(used) + &part.render(self.screen)).collect();
            }
            let taken = cell.width(self.screen);
            let padding = " ".repeat(width.saturating_sub(taken));
            let rendered = cell.render(self.screen);
            line += &if column.is_right { padding + &rendered } else { rendered + &padding };
            used = used.saturating_add(taken.max(width)).saturating_add(self.gap);
            if i < last {
                line += &" ".repeat(self.gap);
            } else if !column.is_right {
                // Nothing follows that would have to be aligned.
                line.truncate(line.len().saturating_sub(width.saturating_sub(taken)));
            }
        }
        let mut lines = vec![line];
        lines.extend(more);
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(screen: Screen) -> String {
        let columns = [Column::new("WHAT"), Column::new("SAYS").free(), Column::new("DAYS").right()];
        let mut table = Table::new(columns).gap(2).indent(1);
        table.row(["one", "a sentence of some length", "7"]);
        table.heading("then");
        table.row(["漢字漢", "short", "365"]);
        table.render(screen)
    }

    #[test]
    fn programs_get_every_row_on_a_line() {
        assert_eq!(
            report(Screen::PIPE),
            " WHAT  SAYS                       DAYS\n one   a sentence of some length     7\nthen\n \
             漢字漢   short                       365\n"
        );
    }

    #[test]
    fn a_terminal_gets_lines_that_fit() {
        assert_eq!(
            report(Screen::terminal(39)),
            " WHAT    SAYS                      DAYS\n one     a sentence of some           7\n         \
             length\nthen\n 漢字漢  short                      365\n"
        );
        // Sentences of a word each would help nobody: then the terminal breaks the lines.
        assert_eq!(report(Screen::terminal(10)), report(Screen::terminal(39)));
    }

    #[test]
    fn fixed_columns_are_cut_and_others_move() {
        let columns = [
            Column::new("A").width(Width::Exactly(3)),
            Column::new("B").width(Width::AtLeast(2)),
            Column::new("C"),
        ];
        let mut table = Table::new(columns).gap(1);
        table.row(["abcd", "wide", "c"]);
        table.row(["a", "b", ""]);
        assert_eq!(table.render(Screen::PIPE), "A   B  C\nab… wide c\na   b\n");
        let mut more = Table::new(columns).gap(1).continued();
        more.row(["", "", "c"]);
        assert_eq!(more.render(Screen::PIPE), "       c\n");
    }

    #[test]
    fn facts_hang_below_their_name() {
        let mut facts = Table::facts(6);
        facts.row(["name", "what is said of it, at some length"]);
        facts.row(["none", ""]);
        assert_eq!(
            facts.render(Screen::terminal(32)),
            "  name  what is said of it, at\n        some length\n  none  \n"
        );
    }
}
