//! The parameters of nodes that run, as tools see and change them.

use std::collections::BTreeMap;
use std::time::Duration;

use nevil_msgs::{FieldInfo, Key, Mark, Value, ValueKind};
use nevil_runtime::{NodeSpec, with_instead};
use serde_json::json;

use super::Robot;
use super::operator::{Answer, Order};
use crate::limits::{CONTROL_ANSWER_WAIT, OPERATOR_ANSWER_GRACE};
use crate::problem::known_names;
use crate::text::plain_json;

/// How much longer than its callback may take a node is waited for.
const BESIDES: Duration = Duration::from_millis(500);

/// Longest that it is waited for: the tool hears of it before it gives up.
const LONGEST: Duration = CONTROL_ANSWER_WAIT.saturating_sub(OPERATOR_ANSWER_GRACE).saturating_sub(BESIDES);

/// How long a node is waited for that is given new parameters.
pub(super) fn patience(spec: &NodeSpec) -> Duration {
    let rule = spec.rules.of("params_changed");
    (rule.timeout + rule.hang_grace + BESIDES).min(LONGEST)
}

impl Robot {
    /// The parameters of the node called `node`, or of all.
    pub(super) fn param_list(&self, node: Option<&str>) -> Answer {
        let nodes = match node {
            Some(name) => vec![self.find(name)?],
            None => (0..self.nodes.len()).collect(),
        };
        let all = nodes.into_iter().flat_map(|index| {
            let schema = self.nodes[index].spec().node_type.schema();
            schema.iter().map(move |field| self.param(index, field))
        });
        Ok(json!({ "params": all.collect::<Vec<_>>() }))
    }

    /// The parameter `param` of the node called `node`.
    pub(super) fn param_get(&self, node: &str, param: &str) -> Answer {
        let index = self.find(node)?;
        Ok(self.param(index, self.field(index, param)?))
    }

    /// Changes these parameters, whose values are YAML, all or none.
    pub(super) fn param_set(&self, node: &str, params: &BTreeMap<String, String>) -> Answer {
        let index = self.find(node)?;
        let mut entries = Vec::new();
        for (param, text) in params {
            self.field(index, param)?;
            let value = Value::parse_yaml("value", text).map_err(|error| error.to_string())?;
            entries.push((Key { name: param.clone(), mark: value.mark.clone() }, value));
        }
        self.change(index, &Value::new(ValueKind::Map(entries), Mark::named("value")))
    }

    /// Changes the parameters that the YAML text `text` has, all or none.
    pub(super) fn param_load(&self, node: &str, name: &str, text: &str) -> Answer {
        let index = self.find(node)?;
        let value = Value::parse_yaml(name, text).map_err(|error| error.to_string())?;
        self.change(index, &value)
    }

    fn change(&self, index: usize, changed: &Value) -> Answer {
        let node = &self.nodes[index];
        let (spec, before) = (node.spec(), self.param_list(Some(node.instance()))?);
        let params =
            node.read_params(with_instead(&spec.params, changed)).map_err(|error| error.to_string())?;
        self.order(Order::ChangeParams { node: index, params }, patience(&spec))?;
        let names = match &changed.kind {
            ValueKind::Map(entries) => entries.iter().map(|(key, _)| key.name.clone()).collect(),
            _ => Vec::new(),
        };
        tracing::info!(
            "an operator has changed parameters of node `{}`: {}",
            node.instance(),
            names.join(", ")
        );
        let mut after = self.param_list(Some(node.instance()))?["params"].take();
        let rows = after.as_array_mut().map(std::mem::take).unwrap_or_default();
        let is_meant = |row: &serde_json::Value| names.iter().any(|name| row["name"] == **name);
        let pairs = rows.into_iter().zip(before["params"].as_array().into_iter().flatten());
        let changed = pairs.filter(|(row, _)| is_meant(row)).map(|(mut row, before)| {
            row["before"] = before["value"].clone();
            row
        });
        Ok(json!({ "params": changed.collect::<Vec<_>>() }))
    }

    fn field(&self, index: usize, param: &str) -> Result<&'static FieldInfo, String> {
        let schema = self.nodes[index].spec().node_type.schema();
        schema.iter().find(|field| field.name == param).ok_or_else(|| {
            let known: Vec<_> = schema.iter().map(|field| field.name.to_owned()).collect();
            let node = self.nodes[index].instance();
            format!(
                "node `{node}` has no parameter `{param}`{}",
                known_names("parameters of it", param, &known)
            )
        })
    }

    /// All that is known about one parameter.
    fn param(&self, index: usize, field: &FieldInfo) -> serde_json::Value {
        let node = &self.nodes[index];
        let (spec, plan) = (node.spec(), self.plan());
        let (given, planned) = (spec.params.get(field.name), plan.nodes[index].spec.params.get(field.name));
        let default = field.default.map(|text| default_value(node, &spec.params, field.name, text));
        let value = match (given, &default) {
            (Some(value), _) => plain_json(value),
            (None, Some((value, _))) => value.clone(),
            (None, None) => serde_json::Value::Null,
        };
        let origin = match (given, planned) {
            (given, planned) if given.map(plain_json) != planned.map(plain_json) => "changed",
            (Some(_), _) => "file",
            (None, _) => "default",
        };
        json!({
            "node": &**node.instance(),
            "name": field.name,
            "value": value,
            "origin": origin,
            // One that is an expression of the code has no value that a file could give.
            "writable": given.is_some() || default.as_ref().is_none_or(|(_, is_text)| *is_text),
            "type": field.kind.to_string(),
            "unit": field.unit,
            "range": field.range.map(|range| range.to_string()),
            "default": default.map(|(value, _)| value),
            "required": field.required,
            "doc": field.doc,
        })
    }
}

/// The default `text` as a value, and whether it is one that a launch file could give: it may be an expression of the code.
fn default_value(
    node: &nevil_runtime::ThreadedNode,
    params: &Value,
    name: &str,
    text: &str,
) -> (serde_json::Value, bool) {
    let Ok(value) = Value::parse_yaml("default", text) else { return (text.into(), false) };
    let key = Key { name: name.to_owned(), mark: value.mark.clone() };
    let given = Value::new(ValueKind::Map(vec![(key, value.clone())]), Mark::named("default"));
    let is_one = node.read_params(with_instead(params, &given)).is_ok();
    if is_one { (plain_json(&value), true) } else { (text.into(), false) }
}
