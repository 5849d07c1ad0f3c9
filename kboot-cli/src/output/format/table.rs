//! For people.

use super::{Page, Part};
use crate::output::Screen;

pub(crate) fn render(page: Page, screen: Screen) -> String {
    let parts = page.0.into_iter().map(|part| match part {
        Part::Line(line, hanging) => {
            line.lines(&hanging, screen).iter().map(|line| format!("{line}\n")).collect()
        }
        Part::Table(table) => table.render(screen),
    });
    parts.collect()
}
