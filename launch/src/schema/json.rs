//! The JSON Schema of launch files, for editors.
//!
//! * `params`: nodes by their types, with the parameters of these

mod params;

use nevil_runtime::{NodeType, NodeTypes};
use serde_json::{Map, Value, json};

use super::explain::without_links;
use super::{Key, Kind, ROBOT, Section, sections};

const DURATION: &str = r"^[0-9]+(\.[0-9]{1,9})?(us|ms|s|m|min|h)$";
const SIZE: &str = "^[0-9]+(B|KiB|MiB|GiB)$";

/// The JSON Schema (2020-12) of launch files with nodes of `types`: all keys with what they mean, and the parameters of each
/// type. Bounds of durations and sizes, and what one key says of another, are left to `nevil check`.
///
/// ```
/// let schema = nevil_launch::json_schema(&nevil_runtime::NodeTypes::new());
/// assert_eq!(schema["properties"]["start_timeout"]["default"], "10s");
/// ```
#[must_use]
pub fn json_schema(types: &NodeTypes) -> Value {
    let types: Vec<&NodeType> = types.names().into_iter().filter_map(|name| types.get(name)).collect();
    let mut defs: Map<_, _> = sections()
        .into_iter()
        .filter(|section| !section.place.is_empty())
        .map(|section| (def_of(section), object(section)))
        .collect();
    defs.insert("reference".to_owned(), json!({ "type": "string", "pattern": r"\$\{" }));
    let names: Vec<_> = types.iter().map(|node_type| node_type.name()).collect();
    defs.insert("type".to_owned(), or_reference(json!({ "enum": names })));
    for node_type in &types {
        defs.insert(format!("params.{}", node_type.name()), params::object(node_type.schema()));
    }
    let mut schema = object(ROBOT);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "Launch file of Nevil".into();
    schema["$defs"] = defs.into();
    schema["allOf"] = params::rules(&types);
    schema
}

/// The name of what is said of a section.
fn def_of(section: &Section) -> String {
    section.place.replace(".<name>", "").replace(".<topic>", "").replace("[]", "")
}

/// A map with the keys of a section. What must be there is left out: another file may say it.
fn object(section: &Section) -> Value {
    let keys = section.keys.iter();
    let properties: Map<_, _> = keys.map(|key| (key.name.to_owned(), property(key))).collect();
    json!({
        "type": ["object", "null"],
        "description": section.about,
        "properties": properties,
        "additionalProperties": false,
    })
}

fn property(key: &Key) -> Value {
    let mut schema = value(&key.kind);
    schema["description"] = without_links(&key.description()).into();
    if let Some(default) = key.default {
        // What is no JSON is text: `5s`.
        schema["default"] = serde_json::from_str(default).unwrap_or_else(|_| default.into());
    }
    schema
}

fn value(kind: &Kind) -> Value {
    match kind {
        Kind::Text | Kind::Path => json!({ "type": "string" }),
        Kind::NodeType => json!({ "$ref": "#/$defs/type" }),
        Kind::Bool => or_reference(json!({ "type": "boolean" })),
        Kind::Integer(min, max) => or_reference(json!({ "type": "integer", "minimum": min, "maximum": max })),
        // As they are written: 0.001 is no f64 of the nearest f32.
        Kind::Number(min, max) => {
            let exact = |bound: &f32| bound.to_string().parse::<f64>().unwrap_or(f64::from(*bound));
            or_reference(json!({ "type": "number", "minimum": exact(min), "maximum": exact(max) }))
        }
        Kind::Duration(..) => or_reference(json!({ "type": "string", "pattern": DURATION })),
        Kind::Size(..) => or_reference(json!({ "type": "string", "pattern": SIZE })),
        Kind::Choice(words) => or_reference(json!({ "enum": words })),
        Kind::Scalar => json!({ "type": ["string", "number", "boolean"] }),
        Kind::List(inner, _) => json!({ "type": "array", "items": value(inner) }),
        Kind::Map(section) => json!({ "$ref": format!("#/$defs/{}", def_of(section)) }),
        Kind::Entries(inner, _) => {
            json!({ "type": ["object", "null"], "additionalProperties": value(inner) })
        }
        Kind::Params => json!({ "type": ["object", "null"] }),
        Kind::OneOf(kinds) => json!({ "anyOf": kinds.iter().map(value).collect::<Vec<_>>() }),
    }
}

/// What `schema` says, or `${…}`, which may stand for it.
fn or_reference(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "$ref": "#/$defs/reference" }] })
}
