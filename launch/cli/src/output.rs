//! Standard output and standard error.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use nevil_launch::for_terminal;

use crate::failure::Failure;

/// Columns that a screen has: a terminal of 80 shows all of it.
pub(crate) const COLUMNS: usize = 80;

/// Who reads the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A person at a terminal that shows colours.
    Colours,
    /// A person at a terminal that does not, or who has set `NO_COLOR`.
    Plain,
    /// Another program, or a file.
    Pipe,
}

impl Reader {
    pub(crate) fn of_stdout() -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if !io::stdout().is_terminal() {
            Self::Pipe
        } else if is_set("NO_COLOR") || std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
            Self::Plain
        } else {
            Self::Colours
        }
    }
}

/// Prints `text` as it is, at once.
pub(crate) fn print(text: impl fmt::Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    write!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints `value` as JSON for people and programs.
pub(crate) fn print_json(value: &serde_json::Value) -> Result<(), Failure> {
    print(format_args!("{value:#}\n"))
}

/// Writes a file that a command was asked for.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes)
        .map_err(|error| Failure::Failed(format!("cannot write `{}`: {error}", path.display())))
}

/// Says `text` on standard error, as what it is.
pub(crate) fn complain(text: &str) {
    let text = format!("nevil: {text}");
    let text = if io::stderr().is_terminal() { for_terminal(&text) } else { text };
    // Who has closed standard error does not want to know.
    let _ = writeln!(io::stderr(), "{text}");
}
