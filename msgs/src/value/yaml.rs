//! From YAML text to the tree, along the events of the parser.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::error::{Problem, ValueError};
use super::mark::{Mark, Source};
use super::plain;
use super::{Key, Value, ValueKind};

/// Most bytes of a text that is read. A launch file of a large robot has some tens of KiB.
pub const YAML_BYTES_MAX: usize = 1 << 20;

/// Most values in a text, counted as often as aliases repeat them.
pub const YAML_NODES_MAX: usize = 100_000;

/// Most lists and maps within one another. Each is a step of recursion for whoever walks over the tree.
pub const YAML_DEPTH_MAX: usize = 64;

/// What is to be said where a reference stands in a line that is not YAML: its braces are the most probable cause.
const REFERENCE_HINT: &str = "; within { } and [ ] a reference needs quotes: \"${NAME}\"";

/// As [`Value::parse_yaml`] says.
pub(super) fn parse(source_name: &str, text: &str) -> Result<Value, ValueError> {
    // An editor's byte order mark is no part of the first line.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > YAML_BYTES_MAX {
        let mark = Mark::named(source_name);
        return Err(ValueError::at(&mark, Problem::TextTooLarge { given: text.len() }));
    }
    let source = Arc::new(Source { name: source_name.to_owned(), text: text.to_owned() });
    let mut builder = Builder {
        root: None,
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        start: Mark::new(source, 1, 1),
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let mark = builder.mark(error.marker());
            let line = text.lines().nth(mark.line() - 1).unwrap_or_default();
            let hint = if line.contains("${") { REFERENCE_HINT } else { "" };
            ValueError::at(&mark, Problem::Syntax(format!("not valid YAML: {}{hint}", error.info())))
        })?;
        let mark = builder.mark(&span.start);
        builder.take(event, mark).map_err(|error| builder.with_path(error))?;
    }
    let start = builder.start;
    Ok(builder.root.unwrap_or(Value { is_plain: true, ..Value::new(ValueKind::Null, start) }))
}

struct Builder {
    root: Option<Value>,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    nodes: usize,
    start: Mark,
}

/// A list or map whose end has not come yet.
struct Open {
    mark: Mark,
    anchor: usize,
    kind: OpenKind,
    /// Values inside, itself included.
    nodes: usize,
    /// Levels of lists and maps inside, itself included.
    depth: usize,
}

enum OpenKind {
    List(Vec<Value>),
    Map { entries: Vec<(Key, Value)>, key: Option<Key>, lines: HashMap<String, usize> },
}

/// A finished value with what it weighs.
#[derive(Clone)]
struct Anchored {
    value: Value,
    nodes: usize,
    depth: usize,
}

impl Builder {
    fn mark(&self, marker: &Marker) -> Mark {
        self.start.in_same_source(marker.line().max(1), marker.col() + 1)
    }

    fn take(&mut self, event: Event<'_>, mark: Mark) -> Result<(), ValueError> {
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Scalar(text, style, anchor, tag) => {
                refuse_tag(tag.as_deref(), &mark)?;
                let is_plain = style == ScalarStyle::Plain;
                let kind = if is_plain { plain::resolve(&text) } else { ValueKind::Text(text.into_owned()) };
                self.count(1, &mark)?;
                self.finish(
                    Anchored { value: Value { is_plain, ..Value::new(kind, mark) }, nodes: 1, depth: 0 },
                    anchor,
                )
            }
            Event::Alias(anchor) => self.alias(anchor, mark),
            Event::SequenceStart(anchor, tag) => {
                refuse_tag(tag.as_deref(), &mark)?;
                self.open(OpenKind::List(Vec::new()), anchor, mark)
            }
            Event::MappingStart(anchor, tag) => {
                refuse_tag(tag.as_deref(), &mark)?;
                self.open(
                    OpenKind::Map { entries: Vec::new(), key: None, lines: HashMap::new() },
                    anchor,
                    mark,
                )
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
        }
    }

    fn open(&mut self, kind: OpenKind, anchor: usize, mark: Mark) -> Result<(), ValueError> {
        self.count(1, &mark)?;
        if self.open.len() >= YAML_DEPTH_MAX {
            return Err(ValueError::at(&mark, Problem::TooDeep));
        }
        self.open.push(Open { mark, anchor, kind, nodes: 1, depth: 1 });
        Ok(())
    }

    fn close(&mut self) -> Result<(), ValueError> {
        // The parser pairs starts and ends.
        let Some(open) = self.open.pop() else { return Ok(()) };
        let kind = match open.kind {
            OpenKind::List(elements) => ValueKind::List(elements),
            OpenKind::Map { entries, .. } => ValueKind::Map(entries),
        };
        let value = Value::new(kind, open.mark);
        self.finish(Anchored { value, nodes: open.nodes, depth: open.depth }, open.anchor)
    }

    /// Repeats the value that was anchored, with its own mark: an error is shown where the value is written.
    fn alias(&mut self, anchor: usize, mark: Mark) -> Result<(), ValueError> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            let problem =
                "an alias stands inside the value that it repeats; give the value an end".to_owned();
            return Err(ValueError::at(&mark, Problem::Syntax(problem)));
        };
        let nodes = anchored.nodes;
        if self.open.len() + anchored.depth > YAML_DEPTH_MAX {
            return Err(ValueError::at(&mark, Problem::TooDeep));
        }
        // Counted before it is copied: that is what stops a text whose aliases repeat aliases.
        self.count(nodes, &mark)?;
        let Some(anchored) = self.anchors.get(&anchor).cloned() else { return Ok(()) };
        self.finish(anchored, 0)
    }

    fn count(&mut self, nodes: usize, mark: &Mark) -> Result<(), ValueError> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > YAML_NODES_MAX {
            return Err(ValueError::at(mark, Problem::TooManyValues));
        }
        Ok(())
    }

    /// Puts a finished value where it belongs.
    fn finish(&mut self, finished: Anchored, anchor: usize) -> Result<(), ValueError> {
        if anchor != 0 {
            // The copy takes memory as well.
            self.count(finished.nodes, &finished.value.mark)?;
            self.anchors.insert(anchor, finished.clone());
        }
        let Anchored { value, nodes, depth } = finished;
        let Some(open) = self.open.last_mut() else {
            if self.root.is_some() {
                let problem = "a second document begins here; put it in a file of its own".to_owned();
                return Err(ValueError::at(&value.mark, Problem::Syntax(problem)));
            }
            self.root = Some(value);
            return Ok(());
        };
        open.nodes += nodes;
        open.depth = open.depth.max(depth + 1);
        match &mut open.kind {
            OpenKind::List(elements) => elements.push(value),
            OpenKind::Map { entries, key, lines } => match key.take() {
                Some(key) => entries.push((key, value)),
                None => *key = Some(as_key(value, lines)?),
            },
        }
        Ok(())
    }

    /// Adds the way to what is being read.
    fn with_path(&self, mut error: ValueError) -> ValueError {
        for open in self.open.iter().rev() {
            error = match &open.kind {
                OpenKind::List(elements) => error.in_element(elements.len()),
                OpenKind::Map { key: Some(key), .. } => error.in_key(&key.name),
                OpenKind::Map { key: None, .. } => error,
            };
        }
        error
    }
}

fn as_key(value: Value, lines: &mut HashMap<String, usize>) -> Result<Key, ValueError> {
    let ValueKind::Text(name) = value.kind else {
        let problem = format!("a key must be text, and {} is not; put it in quotes", value.describe());
        return Err(ValueError::at(&value.mark, Problem::Syntax(problem)));
    };
    if let Some(&first_line) = lines.get(&name) {
        return Err(ValueError::at(&value.mark, Problem::DuplicateKey { key: name, first_line }));
    }
    lines.insert(name.clone(), value.mark.line());
    Ok(Key { name, mark: value.mark })
}

fn refuse_tag(tag: Option<&Tag>, mark: &Mark) -> Result<(), ValueError> {
    if tag.is_some() {
        let problem = "tags such as `!name` are not supported; leave it out".to_owned();
        return Err(ValueError::at(mark, Problem::Syntax(problem)));
    }
    Ok(())
}
