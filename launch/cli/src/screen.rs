//! What people see.

pub(crate) mod arguments;
pub(crate) mod audit;
pub(crate) mod breaker;
pub(crate) mod csv;
pub(crate) mod drawing;
pub(crate) mod explained;
pub(crate) mod key;
pub(crate) mod message;
pub(crate) mod node;
pub(crate) mod param;
pub(crate) mod plan;
pub(crate) mod png;
pub(crate) mod status;
pub(crate) mod table;
pub(crate) mod topic;

use serde_json::Value;

use crate::screen::table::Cell;

/// A text of an answer.
pub(crate) fn text(value: &Value) -> Cell {
    Cell::plain(value.as_str().unwrap_or("-"))
}

/// A list of names of an answer.
pub(crate) fn names(value: &Value) -> Cell {
    let names: Vec<_> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    Cell::plain(if names.is_empty() { "-".to_owned() } else { names.join(", ") })
}

/// A count in at most six columns.
pub(crate) fn count(count: u64) -> String {
    let scaled = |unit: u64, letter| format!("{}.{}{letter}", count / unit, count % unit / (unit / 10));
    match count {
        0..1_000_000 => count.to_string(),
        1_000_000..1_000_000_000 => scaled(1_000_000, 'M'),
        1_000_000_000..1_000_000_000_000 => scaled(1_000_000_000, 'G'),
        _ => scaled(1_000_000_000_000, 'T'),
    }
}
