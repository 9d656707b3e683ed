//! Results on stdout.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::Context;
use comfy_table::{Cell, Color, ContentArrangement, Table, presets};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub use crate::domain::count;
pub use crate::files::{Replaced, check_place, create_folder, nameless};

/// Stdout. When its reader has closed it, further output is dropped and the work
/// continues.
pub struct Out {
    stdout: io::BufWriter<io::Stdout>,
    closed: bool,
}

impl Out {
    pub fn stdout() -> Out {
        Out {
            stdout: io::BufWriter::new(io::stdout()),
            closed: false,
        }
    }

    /// Writes a line and flushes it.
    pub fn line(&mut self, line: &str) -> anyhow::Result<()> {
        writeln!(self, "{line}")
            .and_then(|()| self.flush())
            .context("cannot write to stdout")
    }

    /// Writes a value as one line of JSON.
    pub fn json(&mut self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        self.line(&serde_json::to_string(value)?)
    }

    pub fn table(&mut self, table: &Table) -> anyhow::Result<()> {
        self.line(&table.trim_fmt())
    }

    fn unless_closed<T>(&mut self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(instead)
            }
            other => other,
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let result = self.stdout.write(bytes);
        self.unless_closed(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let result = self.stdout.flush();
        self.unless_closed(result, ())
    }
}

/// Whether output to a terminal may be coloured (<https://no-color.org>).
pub fn may_color(is_terminal: bool) -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    is_terminal && !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// A table without borders; one line per row unless it is for a terminal.
pub fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(headings.iter().map(|heading| heading.to_uppercase()));
    if !io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
}

/// A cell whose text may come from a document.
pub fn cell(text: &str) -> Cell {
    Cell::new(clean(text))
}

/// A cell for a name or another short value of a document: see [`cut_cell`].
pub fn short_cell(text: &str) -> Cell {
    cut_cell(text, 48)
}

/// A cell that takes at most so many columns where the output is a terminal; a longer text
/// is cut.
pub fn cut_cell(text: &str, columns: usize) -> Cell {
    let text = clean(text);
    match io::stdout().is_terminal() {
        true => Cell::new(cut(&text, columns)),
        false => Cell::new(text),
    }
}

/// The text in at most so many columns of a terminal, where a wide character takes two;
/// `…` stands for what is left out.
fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut used = 1;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= columns
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.push('…');
    kept
}

/// A status; green if no one has to look at it.
pub fn status_cell(status: &str) -> Cell {
    let color = match status {
        "accepted" | "ok" => Color::Green,
        "needs_review" => Color::Yellow,
        _ => Color::Red,
    };
    let cell = Cell::new(status.replace('_', " "));
    match may_color(io::stdout().is_terminal()) {
        true => cell.fg(color),
        false => cell,
    }
}

/// Text of a document or file name for a terminal: without control characters,
/// which could repaint the screen.
pub fn clean(text: &str) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(shown).collect()
}

/// A path as the user would type it.
pub fn short(path: &Path) -> String {
    let below = std::env::current_dir()
        .ok()
        .and_then(|folder| path.strip_prefix(folder).ok().map(Path::to_owned));
    clean(&below.as_deref().unwrap_or(path).to_string_lossy())
}

/// Page indices (from 0) as people count them: `1`, `2-4`.
pub fn pages(indices: &[u32]) -> String {
    match indices {
        [] => "-".to_owned(),
        [only] => (only + 1).to_string(),
        [first, .., last] if (last - first) as usize + 1 == indices.len() => {
            format!("{}-{}", first + 1, last + 1)
        }
        some => {
            let numbers: Vec<_> = some.iter().map(|index| (index + 1).to_string()).collect();
            numbers.join(",")
        }
    }
}

/// Whether the second page follows the first one, and their messages differ in the page's
/// number alone. Each with its index from 0.
pub fn is_one_cause((message, page): (&str, u32), (next, next_page): (&str, u32)) -> bool {
    let cause = |message: &str, index: u32| {
        let own = format!("page {} ", index + 1);
        message.replacen(&own, "page ", 1)
    };
    page + 1 == next_page && cause(message, page) == cause(next, next_page)
}

/// The message about the first of several pages, as one about all of them. Indices from 0.
pub fn of_pages(message: &str, indices: &[u32]) -> String {
    match indices {
        [first, .., last] => {
            let (own, all) = (
                format!("page {} ", first + 1),
                format!("pages {} to {} ", first + 1, last + 1),
            );
            message.replacen(&own, &all, 1)
        }
        _ => message.to_owned(),
    }
}

/// Where a box begins: left and top are shares (0 to 1) of the upright page.
pub fn place([left, top, ..]: [f32; 4]) -> String {
    let percent = |share: f32| (share * 100.0).round();
    format!(
        "{} % from the left, {} % from the top",
        percent(left),
        percent(top)
    )
}

/// ` (corrupt 2, empty_file 1)`, or nothing.
pub fn by_reason<R: std::fmt::Display>(reasons: &BTreeMap<R, u64>) -> String {
    if reasons.is_empty() {
        return String::new();
    }
    let each: Vec<_> = reasons
        .iter()
        .map(|(reason, n)| format!("{reason} {n}"))
        .collect();
    format!(" ({})", each.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_of_a_document_do_not_reach_the_terminal() {
        assert_eq!(clean("Caf\u{e9}\u{1b}[2J\n"), "Caf\u{e9} [2J ");
    }

    #[test]
    fn a_long_value_is_cut_by_the_columns_that_it_takes() {
        assert_eq!(cut("Café Ös", 7), "Café Ös");
        assert_eq!(cut("Café Österreich", 7), "Café Ö…");
        // Each of these takes two columns.
        assert_eq!(cut("東京都千代田区", 7), "東京都…");
    }

    #[test]
    fn a_message_about_one_page_becomes_one_about_several() {
        let message = "page 2 cannot be drawn: the PDF is damaged";
        assert_eq!(
            of_pages(message, &[1, 2, 3]),
            "pages 2 to 4 cannot be drawn: the PDF is damaged"
        );
        assert_eq!(of_pages(message, &[1]), message);
        let next = message.replace('2', "3");
        assert!(is_one_cause((message, 1), (&next, 2)));
    }

    #[test]
    fn pages_are_counted_from_one_and_runs_are_folded() {
        assert_eq!(pages(&[]), "-");
        assert_eq!(pages(&[0]), "1");
        assert_eq!(pages(&[1, 2, 3]), "2-4");
        assert_eq!(pages(&[0, 2]), "1,3");
    }
}
