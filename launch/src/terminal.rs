//! Texts for a terminal of 80 columns.

/// Columns that a terminal has.
const COLUMNS: usize = 80;

/// What stands where a line was cut.
const CUT: char = '…';

/// `text`, of one or more lines, for a terminal of 80 columns: longer lines are broken between words, those behind the first
/// indented by two. The line of a file that a problem is in is never broken, but cut around the caret below it.
///
/// ```
/// use nevil_launch::for_terminal;
///
/// let text = format!("picar.yaml:1:5: {}\n1 | abc: {}\n  |     ^", "word ".repeat(20), "x".repeat(100));
/// let shown = for_terminal(&text);
/// assert!(shown.lines().all(|line| line.chars().count() <= 80));
/// assert!(shown.ends_with("xxx…\n  |     ^"));
/// ```
#[must_use]
pub fn for_terminal(text: &str) -> String {
    let mut shown = Vec::new();
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        match lines.peek().and_then(|below| caret_below(line, below)) {
            Some(caret) => {
                let [line, below] = cut_around(line, caret);
                shown.extend([line, below]);
                lines.next();
            }
            None => shown.push(wrap_line(line, 2)),
        }
    }
    shown.join("\n")
}

/// One line, broken between words where it is longer than 80 columns. The lines behind the first begin with `indent` spaces.
#[must_use]
pub fn wrap_line(text: &str, indent: usize) -> String {
    if text.chars().count() <= COLUMNS {
        return text.to_owned();
    }
    let own = text.len() - text.trim_start().len();
    let mut lines = String::new();
    let mut line = " ".repeat(own);
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > COLUMNS {
            lines += line.trim_end();
            lines.push('\n');
            line = " ".repeat(indent);
        } else if !is_empty {
            line.push(' ');
        }
        line += word;
        is_empty = false;
    }
    lines + &line
}

/// The column of the caret in `below`, counted from 0, if the two are a line of a file, `12 | text`, and the caret under it.
fn caret_below(line: &str, below: &str) -> Option<usize> {
    let (number, _) = line.split_once(" | ")?;
    let (margin, padding) = below.split_once(" | ")?;
    let is_number = !number.is_empty() && number.bytes().all(|letter| letter.is_ascii_digit());
    let is_margin = margin.len() == number.len() && margin.trim().is_empty();
    let is_caret = padding.trim() == "^";
    (is_number && is_margin && is_caret).then(|| below.chars().count() - 1)
}

/// The line, of which so much is left out on either side that it fits, and the line of the caret, which was at `caret`.
fn cut_around(line: &str, caret: usize) -> [String; 2] {
    let margin = line.find(" | ").map_or(0, |end| end + " | ".len());
    let rule = |text: &str| format!("{}| {text}^", " ".repeat(margin - 2));
    let letters: Vec<char> = line.chars().collect();
    if letters.len().max(caret + 1) <= COLUMNS && !line.contains('\t') {
        return [line.to_owned(), rule(&" ".repeat(caret - margin))];
    }
    // How wide a tab is nobody knows; a space each keeps the caret below its letter.
    let letters: Vec<char> =
        letters.iter().map(|letter| if *letter == '\t' { ' ' } else { *letter }).collect();
    let (number, text) = letters.split_at(margin);
    let (space, caret) = (COLUMNS - margin, caret - margin);
    // The place is seen with as much behind it as before it, unless one side has not so much.
    let latest = text.len().max(caret + 1).saturating_sub(space);
    let from = if caret < space - 1 { 0 } else { caret.saturating_sub(space / 2).min(latest) };
    let mut seen: Vec<char> = text.iter().skip(from).take(space).copied().collect();
    if from > 0 && !seen.is_empty() {
        seen[0] = CUT;
    }
    if from + space < text.len() {
        seen[space - 1] = CUT;
    }
    [number.iter().chain(&seen).collect(), rule(&" ".repeat(caret - from))]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of a file with the caret below its letter at `caret`.
    fn snippet(line: &str, caret: usize) -> String {
        format!("7 | {line}\n  | {}^", " ".repeat(caret))
    }

    /// The letter above the caret.
    fn pointed(shown: &str) -> char {
        let (line, below) = shown.split_once('\n').unwrap();
        line.chars().nth(below.chars().count() - 1).unwrap()
    }

    #[test]
    fn long_lines_are_broken_between_words_and_indented_and_short_ones_are_left() {
        let text = format!("a  b\n{}\n\nend", "word ".repeat(20));
        let first = "word ".repeat(16);
        assert_eq!(for_terminal(&text), format!("a  b\n{}\n  word word word word\n\nend", first.trim_end()));
    }

    #[test]
    fn a_word_that_fits_nowhere_stands_alone() {
        let long = "x".repeat(90);
        assert_eq!(wrap_line(&format!("a {long} b"), 4), format!("a\n    {long}\n    b"));
    }

    #[test]
    fn a_line_of_a_file_is_cut_around_the_caret_wherever_that_is() {
        let line: String = (0..200).map(|index| char::from(b'a' + index % 26)).collect();
        for caret in 0..200 {
            let shown = for_terminal(&snippet(&line, caret));
            assert!(shown.lines().all(|line| line.chars().count() <= COLUMNS), "{shown}");
            assert_eq!(shown.lines().count(), 2, "{shown}");
            assert_eq!(pointed(&shown), line.chars().nth(caret).unwrap(), "{caret}: {shown}");
        }
        assert_eq!(for_terminal(&snippet("short", 2)), snippet("short", 2));
    }

    #[test]
    fn a_caret_behind_the_end_of_its_line_stays_there() {
        let shown = for_terminal(&snippet(&"x".repeat(100), 100));
        let (line, below) = shown.split_once('\n').unwrap();
        assert_eq!(below.chars().count(), line.chars().count() + 1, "{shown}");
        assert!(below.chars().count() <= COLUMNS, "{shown}");
    }

    #[test]
    fn a_tab_keeps_the_caret_below_its_letter() {
        assert_eq!(for_terminal("7 | \tab\n  | \t ^"), "7 |  ab\n  |   ^");
    }
}
