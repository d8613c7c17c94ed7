//! The JSON Schema.

use nevil_runtime::NodeTypes;
use serde_json::Value;

use super::super::json_schema;
use super::examples::Example;
use super::keys;
use super::robot::types;

/// Whether `value` is what `schema` says, as far as this looks: types, choices, numbers, keys, and roughly at patterns.
fn allows(root: &Value, schema: &Value, value: &Value) -> bool {
    let all = |name: &str| schema[name].as_array().into_iter().flatten();
    let holds = |schema: &Value| allows(root, schema, value);
    if let Some(holds) = schema.as_bool() {
        return holds;
    }
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.strip_prefix("#/$defs/").unwrap();
        assert!(root["$defs"][name].is_object(), "{target}");
        return holds(&root["$defs"][name]);
    }
    let of_type = |name: &Value| match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        other => panic!("{other}"),
    };
    let types_hold = match &schema["type"] {
        Value::Null => true,
        Value::Array(types) => types.iter().any(of_type),
        name => of_type(name),
    };
    let pattern_holds = match (schema["pattern"].as_str(), value.as_str()) {
        (None, _) | (_, None) => true,
        (Some(r"\$\{"), Some(text)) => text.contains("${"),
        (Some(_), Some(text)) => text.starts_with(|first: char| first.is_ascii_digit() || first == '-'),
    };
    let number_holds = value.as_f64().is_none_or(|number| {
        schema["minimum"].as_f64().is_none_or(|min| min <= number)
            && schema["maximum"].as_f64().is_none_or(|max| number <= max)
    });
    let entries_hold = value.as_object().is_none_or(|entries| {
        let required = all("required").all(|name| entries.contains_key(name.as_str().unwrap()));
        required
            && entries.iter().all(|(name, value)| {
                match (schema["properties"].get(name), &schema["additionalProperties"]) {
                    (Some(schema), _) => allows(root, schema, value),
                    (None, Value::Null) => true,
                    (None, schema) => allows(root, schema, value),
                }
            })
    });
    let elements_hold = value.as_array().is_none_or(|elements| {
        schema["items"].is_null() || elements.iter().all(|element| allows(root, &schema["items"], element))
    });
    let condition_holds = schema["if"].is_null() || !holds(&schema["if"]) || holds(&schema["then"]);
    types_hold
        && pattern_holds
        && number_holds
        && entries_hold
        && elements_hold
        && condition_holds
        && (schema["enum"].is_null() || all("enum").any(|word| word == value))
        && (schema["const"].is_null() || schema["const"] == *value)
        && (schema["not"].is_null() || !holds(&schema["not"]))
        && (schema["anyOf"].is_null() || all("anyOf").any(holds))
        && all("allOf").all(holds)
}

/// A launch file as JSON.
fn json(text: &str) -> Value {
    fn json_of(value: &nevil_msgs::Value) -> Value {
        use nevil_msgs::ValueKind as Kind;
        match &value.kind {
            Kind::Null => Value::Null,
            Kind::Bool(flag) => (*flag).into(),
            Kind::Integer(number) => i64::try_from(*number).unwrap().into(),
            Kind::Float(number) => (*number).into(),
            Kind::Text(text) => text.clone().into(),
            Kind::List(elements) => elements.iter().map(json_of).collect(),
            Kind::Map(entries) => {
                entries.iter().map(|(key, value)| (key.name.clone(), json_of(value))).collect()
            }
        }
    }
    json_of(&nevil_msgs::Value::parse_yaml("picar.yaml", text).unwrap())
}

#[test]
fn an_editor_allows_what_is_right_for_each_key_and_no_other_key() {
    let schema = json_schema(&types());
    for example in keys().iter().map(|(name, _)| Example::of(name)) {
        for value in example.values {
            let text = example.with(value);
            assert!(allows(&schema, &schema, &json(&text)), "{text}");
            assert!(
                !allows(
                    &schema,
                    &schema,
                    &json(&text.replace(&format!(": {value}"), &format!("_: {value}")))
                ),
                "{}_",
                example.key
            );
        }
    }
}

#[test]
fn an_editor_knows_the_parameters_of_each_type_and_what_must_be_given() {
    let schema = json_schema(&types());
    let allows = |nodes: &str| allows(&schema, &schema, &json(&format!("robot: r\nnodes: {nodes}")));
    for right in [
        "{ car: }",
        "{ car: { params: { wheels: 3 } } }",
        "{ mine: { type: car, params: { wheels: '${WHEELS}' }, degraded: { wheels: 2 } } }",
        "{ pilot: { params: {} } }",
        "{ map: { params: { file: a.yaml, turn_rad: 30deg, bytes: 4KiB, words: [a, b], mood: clear } } }",
        "{ mine: { type: '${TYPE}' } }",
    ] {
        assert!(allows(right), "{right}");
    }
    for wrong in [
        "{ car: { params: { wheels: 300 } } }",
        "{ car: { params: { whels: 3 } } }",
        "{ car: { degraded: { whels: 3 } } }",
        "{ mine: { type: car, params: { whels: 3 } } }",
        "{ mine: { params: { wheels: 3 } } }",
        "{ mine: }",
        "{ car: { type: pilot, params: { wheels: 3 } } }",
        "{ mine: { type: plane } }",
        "{ map: }",
        "{ map: { params: { turn_rad: 1 } } }",
        "{ map: { params: { file: a.yaml, turn_rad: 4 } } }",
        "{ map: { params: { file: a.yaml, words: [1] } } }",
        "{ map: { params: { file: a.yaml, mood: grim } } }",
    ] {
        assert!(!allows(wrong), "{wrong}");
    }
}

#[test]
fn each_key_has_a_description() {
    let schema = json_schema(&NodeTypes::new());
    let sections = schema["$defs"].as_object().unwrap().values().chain([&schema]);
    let keys = sections.filter_map(|section| section["properties"].as_object()).flatten();
    assert!(keys.inspect(|(name, key)| assert!(key["description"].is_string(), "{name}")).count() > 80);
}
