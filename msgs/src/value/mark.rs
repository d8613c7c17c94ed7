//! Where a value stands in its text.

use std::fmt;
use std::sync::Arc;

/// A text with its name, shared by all the marks in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// What errors call the text, such as the name of its file.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A place in a text. Cheap to clone. Shown as `picar.yaml:12:15`.
///
/// ```
/// use nevil_msgs::Value;
///
/// let value = Value::parse_yaml("picar.yaml", "a:\n  b: 1").unwrap();
/// let b = value.get("a").unwrap().get("b").unwrap();
/// assert_eq!(b.mark.to_string(), "picar.yaml:2:6");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    source: Arc<Source>,
    line: usize,
    column: usize,
}

impl Mark {
    /// The place in `line` and `column` of `source`, both counted from 1, the column in characters.
    #[must_use]
    pub const fn new(source: Arc<Source>, line: usize, column: usize) -> Self {
        Self { source, line, column }
    }

    /// The beginning of a source that has a name and no text, for values that stand nowhere.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::new(Arc::new(Source { name: name.to_owned(), text: String::new() }), 1, 1)
    }

    /// Another place in the same text.
    #[must_use]
    pub fn in_same_source(&self, line: usize, column: usize) -> Self {
        Self { source: Arc::clone(&self.source), line, column }
    }

    /// The text that the place is in.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The line, counted from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, counted from 1.
    #[must_use]
    pub const fn column(&self) -> usize {
        self.column
    }

    /// The line of the text and below it a caret under the place; none if the text does not have the line.
    #[must_use]
    pub fn snippet(&self) -> Option<String> {
        // Of a very long line only what surrounds the place helps.
        const LETTERS_BEFORE_MAX: usize = 80;
        const LETTERS_MAX: usize = 160;
        let line = self.source.text.lines().nth(self.line.checked_sub(1)?)?;
        let before = self.column.saturating_sub(1);
        let skipped = before.saturating_sub(LETTERS_BEFORE_MAX);
        let shown: String = line.chars().skip(skipped).take(LETTERS_MAX).collect();
        // A tab stays a tab, so that the caret stands under its letter however wide tabs are shown.
        let padding: String = shown
            .chars()
            .chain(std::iter::repeat(' '))
            .take(before - skipped)
            .map(|letter| if letter == '\t' { '\t' } else { ' ' })
            .collect();
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        Some(format!("{number} | {shown}\n{margin} | {padding}^"))
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source.name, self.line, self.column)
    }
}
