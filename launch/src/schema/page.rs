//! `docs/reference/launch-file.md`: the prose of `page.md` with the tables of the schema.

use super::{Key, Section, sections};

/// In it, `<!-- table: PLACE -->` is a line that the table of the section at that place stands for, and
/// `<!-- keys: PLACE -->` one for the names of its keys.
const PROSE: &str = include_str!("page.md");

/// The reference of launch files, in Markdown.
///
/// ```
/// assert!(nevil_launch::reference_page().contains("\n| `start_timeout` | duration | `10s` | `100ms` to `10min` |"));
/// ```
#[must_use]
pub fn reference_page() -> String {
    let sections = sections();
    let at = |place: &str| sections.iter().find(|section| section.place == place.trim());
    let made = |line: &str| {
        let place = |sign| line.strip_prefix(sign)?.strip_suffix("-->");
        match (place("<!-- table:").and_then(at), place("<!-- keys:").and_then(at)) {
            (Some(section), _) => table(section),
            (_, Some(section)) => names(section),
            (None, None) => format!("{line}\n"),
        }
    };
    PROSE.lines().map(made).collect()
}

/// The keys with all that is known of them; a column in which nothing stands is left out.
pub(super) fn table(section: &Section) -> String {
    type Column = (&'static str, fn(&Key) -> String);
    let columns: [Column; 5] = [
        ("key", |key| format!("`{}`", key.name)),
        ("type", |key| key.kind.text()),
        ("default", Key::default_text),
        ("range", Key::range_text),
        ("meaning", |key| key.meaning.to_owned()),
    ];
    let is_used = |(_, text): &Column| section.keys.iter().any(|key| !text(key).is_empty());
    let columns: Vec<_> = columns.into_iter().filter(is_used).collect();
    let row = |cell: &dyn Fn(&Column) -> String| {
        let cells =
            columns.iter().map(cell).map(|cell| if cell.is_empty() { cell } else { format!(" {cell}") });
        format!("|{} |\n", cells.collect::<Vec<_>>().join(" |"))
    };
    let head = row(&|(name, _)| (*name).to_owned()) + &row(&|_| "---".to_owned());
    section.keys.iter().fold(head, |table, key| table + &row(&|(_, text)| text(key)))
}

fn names(section: &Section) -> String {
    let names: Vec<_> = section.keys.iter().map(|key| format!("`{}`", key.name)).collect();
    format!("{}.\n", names.join(", "))
}
