//! Tables of text, within 80 columns for people and as wide as need be for programs.

use nevil_launch::wrap_line;

use crate::output::{COLUMNS, Reader};

/// Columns between two cells.
const GAP: usize = 2;

/// Fewest columns to which a text is shortened.
const SHORTENED_MIN: usize = 8;

/// Columns in which a text is seen whose words are broken.
const BROKEN_MIN: usize = 24;

/// A table. Its first line names the columns, for people alone.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    name: &'static str,
    is_number: bool,
    /// Whether its words may be broken too.
    is_breakable: bool,
}

/// A cell of a table.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

/// How a text is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As any other.
    Plain,
    /// Less important than the rest.
    Faint,
    /// To be seen first.
    Strong,
    /// All is well.
    Good,
    /// Something is wrong.
    Bad,
}

impl Tone {
    /// `text` in this tone, if `reader` sees colours.
    pub(crate) fn paint(self, text: &str, reader: Reader) -> String {
        let code = match self {
            Self::Faint => "2",
            Self::Strong => "1",
            Self::Good => "32",
            Self::Bad => "1;31",
            Self::Plain => return text.to_owned(),
        };
        if reader == Reader::Colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

impl Column {
    pub(crate) const fn text(name: &'static str) -> Self {
        Self { name, is_number: false, is_breakable: false }
    }

    /// A text of any length, such as a path, whose words may be broken too where that is needed to see it whole.
    pub(crate) const fn long_text(name: &'static str) -> Self {
        Self { name, is_number: false, is_breakable: true }
    }

    pub(crate) const fn number(name: &'static str) -> Self {
        Self { name, is_number: true, is_breakable: false }
    }
}

impl Cell {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::toned(text, Tone::Plain)
    }

    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        // A name of another program's may hold anything; a terminal must not obey it.
        let text = text.into().chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect();
        Self { text, tone }
    }

    /// A count, which is bad news unless it is 0.
    pub(crate) fn bad_count(count: u64) -> Self {
        Self::toned(crate::screen::count(count), if count == 0 { Tone::Plain } else { Tone::Bad })
    }
}

impl Table {
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row: a cell for each column.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        assert_eq!(cells.len(), self.columns.len(), "a row has a cell for each column");
        self.rows.push(cells);
    }

    /// The table as lines.
    pub(crate) fn render(&self, reader: Reader) -> String {
        let widths = self.widths(reader);
        let mut lines = String::new();
        if reader != Reader::Pipe {
            let names = self.columns.iter().map(|column| Cell::toned(column.name, Tone::Faint));
            self.line(&names.collect::<Vec<_>>(), &widths, reader, &mut lines);
        }
        for row in &self.rows {
            self.line(row, &widths, reader, &mut lines);
        }
        lines
    }

    /// The table as lines, with every text whole: where it is too wide for people, texts go on below themselves; and if that
    /// does not help, each row is its first text, and the others behind their columns' names below that.
    pub(crate) fn render_whole(&self, reader: Reader) -> String {
        let Some(widths) = self.widths_of_words().filter(|_| reader != Reader::Pipe) else {
            return if reader == Reader::Pipe { self.render(reader) } else { self.stacked(reader) };
        };
        let mut lines = String::new();
        let names = self.columns.iter().map(|column| Cell::toned(column.name, Tone::Faint));
        self.line(&names.collect::<Vec<_>>(), &widths, reader, &mut lines);
        for row in &self.rows {
            let cells: Vec<_> =
                row.iter().zip(&widths).map(|(cell, space)| words_within(&cell.text, *space)).collect();
            for index in 0..cells.iter().map(Vec::len).max().unwrap_or_default() {
                let part = |(cell, lines): (&Cell, &Vec<String>)| {
                    Cell::toned(lines.get(index).cloned().unwrap_or_default(), cell.tone)
                };
                let parts: Vec<_> = row.iter().zip(&cells).map(part).collect();
                self.line(&parts, &widths, reader, &mut lines);
            }
        }
        lines
    }

    /// Widths of the columns with which the table fits and no word is cut; `None`: there are none.
    fn widths_of_words(&self) -> Option<Vec<usize>> {
        let least = |index: usize, column: &Column| {
            let cells = self.rows.iter().map(|row| row[index].text.as_str());
            let longest = |text: &str| if column.is_number { width(text) } else { longest_word(text) };
            let longest = cells.map(longest).max().unwrap_or_default();
            let most = if column.is_breakable { BROKEN_MIN } else { usize::MAX };
            longest.min(most).max(width(column.name))
        };
        let least: Vec<_> =
            self.columns.iter().enumerate().map(|(index, column)| least(index, column)).collect();
        let mut widths = self.natural_widths(Reader::Plain);
        while self.is_too_wide(&widths) {
            let can_give = widths.iter_mut().zip(&least).filter(|(width, least)| **width > **least);
            *can_give.map(|(width, _)| width).max()? -= 1;
        }
        Some(widths)
    }

    fn stacked(&self, reader: Reader) -> String {
        let mut lines = String::new();
        for row in &self.rows {
            let first = self.columns.iter().position(|column| !column.is_number).unwrap_or_default();
            lines += &row[first].tone.paint(&row[first].text, reader);
            lines.push('\n');
            let others = self.columns.iter().zip(row).enumerate();
            // What there is nothing of needs no words here.
            let others = others.filter(|(index, (_, cell))| *index != first && cell.text != "-");
            let others = others.map(|(_, (column, cell))| format!("{} {}", column.name, cell.text));
            lines += &wrap_line(&format!("  {}", others.collect::<Vec<_>>().join("; ")), 4);
            lines.push('\n');
        }
        lines
    }

    /// Widths of the columns. For people, the widest texts are shortened until the table fits.
    fn widths(&self, reader: Reader) -> Vec<usize> {
        let mut widths = self.natural_widths(reader);
        while reader != Reader::Pipe && self.is_too_wide(&widths) {
            let texts = widths.iter_mut().zip(&self.columns).filter(|(_, column)| !column.is_number);
            match texts.map(|(width, _)| width).max() {
                Some(widest) if *widest > SHORTENED_MIN => *widest -= 1,
                _ => break,
            }
        }
        widths
    }

    fn is_too_wide(&self, widths: &[usize]) -> bool {
        widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1) > COLUMNS
    }

    /// Widths of the columns, with every text whole on one line.
    fn natural_widths(&self, reader: Reader) -> Vec<usize> {
        let named = |column: &Column| if reader == Reader::Pipe { 0 } else { width(column.name) };
        let mut widths: Vec<_> = self.columns.iter().map(named).collect();
        for row in &self.rows {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = (*widest).max(width(&cell.text));
            }
        }
        widths
    }

    fn line(&self, cells: &[Cell], widths: &[usize], reader: Reader, lines: &mut String) {
        let mut line = String::new();
        for ((cell, column), &space) in cells.iter().zip(&self.columns).zip(widths) {
            let text = shortened(&cell.text, space);
            let padding = " ".repeat(space - width(&text));
            let text = cell.tone.paint(&text, reader);
            line += &if column.is_number { padding + &text } else { text + &padding };
            line += &" ".repeat(GAP);
        }
        *lines += line.trim_end();
        lines.push('\n');
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn longest_word(text: &str) -> usize {
    text.split_whitespace().map(width).max().unwrap_or_default()
}

/// The words of `text` in lines of at most `space` columns. A longer word is broken.
fn words_within(text: &str, space: usize) -> Vec<String> {
    if width(text) <= space {
        return vec![text.to_owned()];
    }
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut().filter(|line| width(line) + 1 + width(word) <= space) {
            Some(line) => {
                line.push(' ');
                *line += word;
            }
            None => {
                let letters: Vec<char> = word.chars().collect();
                lines.extend(letters.chunks(space.max(1)).map(|part| part.iter().collect()));
            }
        }
    }
    lines
}

fn shortened(text: &str, space: usize) -> String {
    if width(text) <= space {
        return text.to_owned();
    }
    text.chars().take(space.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, Cell, Column, Reader, Table};

    fn table(name: &str) -> Table {
        let mut table = Table::new(vec![Column::text("topic"), Column::number("ok"), Column::text("by")]);
        table.row(vec![Cell::plain(name), Cell::plain("12"), Cell::plain("sim_car")]);
        table
    }

    #[test]
    fn texts_stand_left_and_numbers_right_below_their_names() {
        assert_eq!(table("range").render(Reader::Plain), "topic  ok  by\nrange  12  sim_car\n");
    }

    #[test]
    fn programs_get_no_line_of_names_and_the_whole_of_a_long_text() {
        let name = "t".repeat(100);
        assert_eq!(table(&name).render(Reader::Pipe), format!("{name}  12  sim_car\n"));
    }

    #[test]
    fn for_people_a_long_text_is_shortened_to_80_columns() {
        let text = table(&"t".repeat(100)).render(Reader::Plain);
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
        assert!(text.contains("t…  12  sim_car"), "{text}");
    }

    #[test]
    fn whole_texts_go_on_below_themselves() {
        let names = ["front_sonar", "navigation", "obstacle_detection", "motion", "led_indicator", "horn"];
        let text = table(&names.join(", ")).render_whole(Reader::Plain);
        let expected = "\
topic                                                                ok  by
front_sonar, navigation, obstacle_detection, motion, led_indicator,  12  sim_car
horn
";
        assert_eq!(text, expected);
        assert_eq!(table("range").render_whole(Reader::Plain), table("range").render(Reader::Plain));
    }

    #[test]
    fn where_words_do_not_fit_beside_one_another_each_row_is_a_paragraph() {
        let name = "t".repeat(78);
        let text = table(&name).render_whole(Reader::Plain);
        assert_eq!(text, format!("{name}\n  ok 12; by sim_car\n"));
        assert_eq!(table(&name).render_whole(Reader::Pipe), table(&name).render(Reader::Pipe));
    }

    #[test]
    fn a_long_text_is_broken_anywhere_where_the_column_says_that_it_may_be() {
        let mut table = Table::new(vec![Column::text("key"), Column::long_text("value")]);
        table.row(vec![Cell::plain("world"), Cell::plain("/".repeat(100))]);
        let text = table.render_whole(Reader::Plain);
        assert_eq!(text, format!("key    value\nworld  {}\n       {}\n", "/".repeat(73), "/".repeat(27)));
    }

    #[test]
    fn a_name_cannot_move_the_cursor() {
        assert!(table("\x1b[2J").render(Reader::Plain).contains("?[2J"));
    }
}
