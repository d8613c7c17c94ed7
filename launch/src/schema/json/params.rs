//! Nodes by their types, with the parameters of these.

use nevil_msgs::{FieldInfo, FieldKind, FieldRange};
use nevil_runtime::NodeType;
use serde_json::{Map, Value, json};

use super::{DURATION, SIZE, or_reference};

const ANGLE: &str = r"^[-+]?[0-9]+(\.[0-9]+)?(rad|deg)$";

/// A map with these fields, all of which may be left out.
pub(super) fn object(fields: &[FieldInfo]) -> Value {
    let properties: Map<_, _> = fields.iter().map(|field| (field.name.to_owned(), property(field))).collect();
    json!({ "type": ["object", "null"], "properties": properties, "additionalProperties": false })
}

fn property(field: &FieldInfo) -> Value {
    let mut schema = value(&field.kind, field.range, field.unit);
    let mut text = field.doc.trim().to_owned();
    let mut add = |name: &str, said: Option<String>| {
        text += &said.map(|said| format!("\n{name}: {said}")).unwrap_or_default();
    };
    add("Unit", field.unit.map(str::to_owned));
    add("Range", field.range.map(|range| range.to_string()));
    add("Default", field.default.map(str::to_owned));
    schema["description"] = text.trim_start().into();
    schema
}

fn value(kind: &FieldKind, range: Option<FieldRange>, unit: Option<&str>) -> Value {
    let integer = |min: f64, max: f64| {
        let number = json!({ "type": "integer", "minimum": min, "maximum": max });
        or_unit(within(number, range), unit)
    };
    match *kind {
        FieldKind::Bool => or_reference(json!({ "type": "boolean" })),
        FieldKind::U8 => integer(0.0, u8::MAX.into()),
        FieldKind::U16 => integer(0.0, u16::MAX.into()),
        FieldKind::U32 => integer(0.0, u32::MAX.into()),
        FieldKind::I8 => integer(i8::MIN.into(), i8::MAX.into()),
        FieldKind::I16 => integer(i16::MIN.into(), i16::MAX.into()),
        FieldKind::I32 => integer(i32::MIN.into(), i32::MAX.into()),
        FieldKind::U64 => or_unit(within(json!({ "type": "integer", "minimum": 0 }), range), unit),
        FieldKind::I64 => or_unit(within(json!({ "type": "integer" }), range), unit),
        FieldKind::F32 | FieldKind::F64 => or_unit(within(json!({ "type": "number" }), range), unit),
        FieldKind::Text | FieldKind::Path => json!({ "type": "string" }),
        FieldKind::Duration => or_reference(json!({ "type": "string", "pattern": DURATION })),
        FieldKind::List(inner) => json!({ "type": "array", "items": value(inner, range, unit) }),
        FieldKind::Array(inner, len) => {
            json!({ "type": "array", "items": value(inner, range, unit), "minItems": len, "maxItems": len })
        }
        FieldKind::Option(inner) => json!({ "anyOf": [value(inner, range, unit), { "type": "null" }] }),
        FieldKind::Enum(info) => or_reference(json!({ "enum": info.variants })),
        FieldKind::Struct(info) => {
            let mut schema = object(info.fields);
            schema["type"] = "object".into();
            schema["required"] = required(info.fields);
            schema
        }
        // What is not known here is allowed.
        _ => json!({}),
    }
}

/// `number`, no further than `range` says.
fn within(mut number: Value, range: Option<FieldRange>) -> Value {
    let Some(FieldRange { min, max }) = range else { return number };
    if min.is_finite() {
        number["minimum"] = min.into();
    }
    if max.is_finite() {
        number["maximum"] = max.into();
    }
    number
}

/// A number, or what may be written instead in its unit.
fn or_unit(number: Value, unit: Option<&str>) -> Value {
    let mut schema = or_reference(number);
    let pattern = match unit {
        Some("rad" | "deg") => ANGLE,
        Some("B" | "bytes") => SIZE,
        _ => return schema,
    };
    if let Some(kinds) = schema["anyOf"].as_array_mut() {
        kinds.push(json!({ "type": "string", "pattern": pattern }));
    }
    schema
}

fn required(fields: &[FieldInfo]) -> Value {
    fields.iter().filter(|field| field.required).map(|field| field.name).collect()
}

/// What holds besides the keys of nodes: parameters are those of the type, and what must be given is given, unless another
/// file is included that may give it.
pub(super) fn rules(types: &[&NodeType]) -> Value {
    let params = |node_type: &NodeType| {
        let params = json!({ "$ref": format!("#/$defs/params.{}", node_type.name()) });
        json!({ "properties": { "params": params, "degraded": params } })
    };
    let needed = |node_type: &NodeType| {
        let required = required(node_type.schema());
        if required.as_array().is_none_or(Vec::is_empty) {
            return json!(true);
        }
        let params = json!({ "type": "object", "required": required });
        json!({ "type": "object", "required": ["params"], "properties": { "params": params } })
    };
    let has_type = json!({ "type": "object", "required": ["type"] });
    json!([
        by_type(types, &params, &json!(true)),
        { "if": { "not": { "required": ["include"] } }, "then": by_type(types, &needed, &has_type) },
    ])
}

/// That `said` holds for nodes of a type, whether it is named or the node has its name, and `other` for nodes with other
/// names.
fn by_type(types: &[&NodeType], said: &dyn Fn(&NodeType) -> Value, other: &Value) -> Value {
    let if_said = |node_type: &&NodeType| {
        let name = json!({ "type": { "const": node_type.name() } });
        json!({ "if": { "type": "object", "required": ["type"], "properties": name }, "then": said(node_type) })
    };
    let if_not_said = |node_type: &NodeType| json!({ "if": { "not": { "type": "object", "required": ["type"] } }, "then": said(node_type) });
    let each: Vec<_> = types.iter().map(if_said).collect();
    let with = |more: Value| {
        let mut all = each.clone();
        all.push(more);
        json!({ "allOf": all })
    };
    let named: Map<_, _> =
        types.iter().map(|node_type| (node_type.name().to_owned(), with(if_not_said(node_type)))).collect();
    json!({ "properties": { "nodes": { "properties": named, "additionalProperties": with(other.clone()) } } })
}
