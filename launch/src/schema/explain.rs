//! A key in words, for who asks for it by name.

use nevil_msgs::{FieldInfo, nearest};
use nevil_runtime::{NodeType, NodeTypes};
use serde::Serialize;

use super::{Key, Kind, ROBOT, Section, sections};
use crate::problem::known_names;

/// What is known of a key of a launch file, or of a parameter. Texts are Markdown without links, empty if there is nothing to
/// say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyExplanation {
    /// Its whole name, such as `nodes.<name>.thread.priority`.
    pub name: String,
    /// What it means.
    pub meaning: String,
    /// What may stand there.
    pub kind: String,
    /// What holds where nothing is said.
    pub default: String,
    /// What is allowed.
    pub range: String,
    /// The keys below it with their meanings.
    pub keys: Vec<(String, String)>,
}

/// There is no such key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown key `{given}`{}{}", place_of(above), known_names("keys", given, known))]
pub struct UnknownKey {
    /// The name that is not known.
    pub given: String,
    /// What it should be a key of; empty: the file.
    pub above: String,
    /// The keys that there are.
    pub known: Vec<String>,
}

fn place_of(above: &str) -> String {
    if above.is_empty() { String::new() } else { format!(" in `{above}`") }
}

/// What is known of the key called `name`: from the top, as `nodes.<name>.thread.priority`, `nodes.motion.thread.priority` or
/// `nodes.thread.priority`, or the end of that, such as `priority`, of which there may be several. Behind the `params` of a node
/// that is called like one of `types` are its parameters.
///
/// ```
/// use nevil_launch::explain_key;
/// use nevil_runtime::NodeTypes;
///
/// let types = NodeTypes::new();
/// assert_eq!(explain_key("nodes.thread.priority", &types).unwrap()[0].range, "1 to 79, only with `fifo` and `rr`");
/// assert_eq!(explain_key("priority", &types).unwrap().len(), 3);
/// let error = explain_key("nodes.thread.prioritty", &types).unwrap_err().to_string();
/// assert!(error.starts_with("unknown key `prioritty` in `nodes.<name>.thread`, did you mean `priority`?"));
/// ```
///
/// # Errors
///
/// [`UnknownKey`] with the keys that there are in its place.
pub fn explain_key(name: &str, types: &NodeTypes) -> Result<Vec<KeyExplanation>, UnknownKey> {
    from_the_top(name, types).map(|found| vec![found]).or_else(|error| {
        let end = format!(".{name}");
        let found = sections().into_iter().flat_map(|section| {
            let whole = move |key: &'static Key| (in_place(section.place, key.name), key);
            section.keys.iter().map(whole)
        });
        let found: Vec<_> = found.filter(|(whole, _)| whole.ends_with(&end)).collect();
        match found.is_empty() {
            true => Err(error),
            false => Ok(found.into_iter().map(|(whole, key)| of_key(whole, key, None)).collect()),
        }
    })
}

/// The key at `path` of a launch file, such as `nodes.motion.thread.priority`; none if a name stands there, or a parameter.
pub(crate) fn key_at(path: &str) -> Option<&'static Key> {
    let mut steps = path.split('.');
    let first = steps.next()?;
    let mut found = ROBOT.keys.iter().find(|key| key.name == first)?;
    while let Some(step) = steps.next() {
        let (section, name) = match below(&found.kind) {
            Below::Section(section) => (section, step),
            Below::Named(section) => (section, steps.next()?),
            Below::Params | Below::Nothing => return None,
        };
        found = section.keys.iter().find(|key| key.name == name)?;
    }
    Some(found)
}

fn from_the_top(name: &str, types: &NodeTypes) -> Result<KeyExplanation, UnknownKey> {
    let steps: Vec<_> = name.split('.').map(|step| step.split('[').next().unwrap_or_default()).collect();
    find(ROBOT, "", &steps, None, types)
}

/// What `steps` lead to from a section at `place`, of a node of that type.
fn find(
    section: &'static Section,
    place: &str,
    steps: &[&str],
    node: Option<&NodeType>,
    types: &NodeTypes,
) -> Result<KeyExplanation, UnknownKey> {
    let (given, rest) = steps.split_first().map_or(("", steps), |(first, rest)| (*first, rest));
    let Some(key) = section.keys.iter().find(|key| key.name == given) else {
        return Err(unknown(given, place, section.names()));
    };
    let place = in_place(place, key.name);
    match (below(&key.kind), rest) {
        (_, []) => Ok(of_key(place, key, node)),
        (Below::Section(inner), rest) => find(inner, &place, rest, node, types),
        (Below::Named(inner), [name, after @ ..]) => {
            let place = in_place(&place, "<name>");
            let names: Vec<_> = inner.names().collect();
            if names.contains(name) {
                return find(inner, &place, rest, node, types);
            }
            match after {
                [] if nearest(name, &names).is_some() => Err(unknown(name, &place, inner.names())),
                [] => Ok(of_section(place, inner)),
                after => find(inner, &place, after, types.get(name), types),
            }
        }
        (Below::Params, [name, ..]) => {
            let fields = node.map_or(&[][..], NodeType::schema);
            let field = fields.iter().find(|field| field.name == *name);
            let field = field.ok_or_else(|| unknown(name, &place, fields.iter().map(|field| field.name)))?;
            Ok(of_parameter(in_place(&place, name), field))
        }
        (Below::Nothing, [name, ..]) => Err(unknown(name, &place, std::iter::empty())),
    }
}

/// What may stand below a key.
enum Below {
    Nothing,
    Section(&'static Section),
    Named(&'static Section),
    Params,
}

fn below(kind: &'static Kind) -> Below {
    match kind {
        Kind::Map(section) => Below::Section(section),
        Kind::Params => Below::Params,
        Kind::List(inner, _) => below(inner),
        Kind::Entries(inner, _) => match below(inner) {
            Below::Section(section) => Below::Named(section),
            _ => Below::Nothing,
        },
        Kind::OneOf(kinds) => {
            kinds.iter().map(below).find(|below| !matches!(below, Below::Nothing)).unwrap_or(Below::Nothing)
        }
        _ => Below::Nothing,
    }
}

fn in_place(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

fn unknown<'n>(given: &str, above: &str, known: impl Iterator<Item = &'n str>) -> UnknownKey {
    let known = known.map(str::to_owned).collect();
    UnknownKey { given: given.to_owned(), above: above.to_owned(), known }
}

fn of_key(name: String, key: &'static Key, node: Option<&NodeType>) -> KeyExplanation {
    let keys = match below(&key.kind) {
        Below::Section(inner) | Below::Named(inner) => keys_of(inner),
        Below::Params => {
            let fields = node.map_or(&[][..], NodeType::schema).iter();
            fields.map(|field| (field.name.to_owned(), one_line(field.doc))).collect()
        }
        Below::Nothing => Vec::new(),
    };
    let [meaning, kind] = [key.meaning.to_owned(), key.kind.text()].map(|text| without_links(&text));
    KeyExplanation { name, meaning, kind, default: key.default_text(), range: key.range_text(), keys }
}

/// Entries with any names, of which each has these keys.
fn of_section(name: String, section: &'static Section) -> KeyExplanation {
    let (meaning, kind) = (section.about.to_owned(), "map".to_owned());
    KeyExplanation {
        name,
        meaning,
        kind,
        default: String::new(),
        range: String::new(),
        keys: keys_of(section),
    }
}

fn of_parameter(name: String, field: &FieldInfo) -> KeyExplanation {
    let unit = field.unit.map(|unit| format!(" in {unit}")).unwrap_or_default();
    let default = match (field.required, field.default) {
        (true, _) => "must be given".to_owned(),
        (false, default) => default.map(|default| format!("`{default}`")).unwrap_or_default(),
    };
    let range = field.range.map(|range| range.to_string()).unwrap_or_default();
    let (meaning, kind) = (one_line(field.doc), format!("{}{unit}", field.kind));
    KeyExplanation { name, meaning, kind, default, range, keys: Vec::new() }
}

fn keys_of(section: &'static Section) -> Vec<(String, String)> {
    let keys = section.keys.iter();
    keys.map(|key| (key.name.to_owned(), without_links(key.meaning))).collect()
}

fn one_line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Markdown in which `[text](target)` is the text.
pub(crate) fn without_links(markdown: &str) -> String {
    let mut text = String::new();
    let mut rest = markdown;
    while let Some((before, label, after)) = rest.split_once('[').and_then(|(before, link)| {
        let (label, target) = link.split_once("](")?;
        Some((before, label, target.split_once(')')?.1))
    }) {
        text += before;
        text += label;
        rest = after;
    }
    text + rest
}
