//! Each key in a text in which it does something.

/// In each line: the whole name of a key; the entries of a launch file, with `?` for the value of the key; two values with
/// which different things run, of which one may be refused.
const LINES: &str = include_str!("examples.txt");

/// A key where it does something.
pub(super) struct Example {
    /// Its whole name.
    pub(super) key: &'static str,
    entries: &'static str,
    pub(super) values: [&'static str; 2],
}

impl Example {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        LINES.lines().map(|line| match line.split(" | ").collect::<Vec<_>>()[..] {
            [key, entries, one, other] => Self { key, entries, values: [one, other] },
            _ => panic!("a line has four columns: {line}"),
        })
    }

    /// The example of the key that is called so.
    pub(super) fn of(key: &str) -> Self {
        Self::all().find(|example| example.key == key).unwrap_or_else(|| panic!("`{key}` has no example"))
    }

    /// The whole launch file.
    pub(super) fn text(&self) -> String {
        let robot = if self.entries.contains("robot:") { "" } else { "robot: r, " };
        let nodes = if self.entries.contains("nodes:") { "" } else { ", nodes: { car: }" };
        format!("{{ {robot}{}{nodes} }}", self.entries)
    }

    /// The same with this value.
    pub(super) fn with(&self, value: &str) -> String {
        self.text().replacen('?', value, 1)
    }

    /// The same without the key.
    pub(super) fn without(&self) -> String {
        let name = self.key.rsplit('.').next().unwrap();
        let (text, said) = (self.text(), format!("{name}: ?"));
        let [last, first] = [format!(", {said}"), format!("{said}, ")];
        let said = [last, first, said].into_iter().find(|said| text.contains(said.as_str()));
        text.replacen(&said.unwrap(), "", 1)
    }
}
