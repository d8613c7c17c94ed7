//! What `${NAME}` stands for in one file.

use nevil_msgs::{Key, Mark, Problem, Value, ValueError, ValueKind, Variable, VariableKind, nearest};

use crate::file::Lookup;

/// What `${NAME}` stands for in one file: its arguments, then what files set under `environment`, then the environment.
pub(super) struct Scope<'a> {
    pub(super) arguments: Vec<(String, Variable)>,
    pub(super) environment: &'a [SetVariable],
    pub(super) lookup: Lookup<'a>,
}

/// A variable that a file sets for the process.
#[derive(Clone, Debug)]
pub(super) struct SetVariable {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) mark: Mark,
}

impl Scope<'_> {
    /// What `name` stands for.
    pub(super) fn get(&self, name: &str) -> Option<Variable> {
        let argument = self.arguments.iter().find(|(known, _)| known == name);
        if let Some((_, variable)) = argument {
            return Some(variable.clone());
        }
        if let Some(set) = self.environment.iter().find(|set| set.name == name) {
            let origin = format!("variable `{name}`, set at {}", set.mark);
            return Some(Variable { text: set.value.clone(), kind: VariableKind::AsItStands, origin });
        }
        let origin = format!("environment variable `{name}`");
        (self.lookup)(name).map(|text| Variable { text, kind: VariableKind::AsItStands, origin })
    }

    /// Puts values in place of all references in `value`.
    pub(super) fn substitute(&self, value: &mut Value) -> Result<(), Vec<ValueError>> {
        let mut errors = match value.substitute_variables(&|name| self.get(name)) {
            Ok(()) => return Ok(()),
            Err(errors) => errors,
        };
        let known: Vec<_> = self.arguments.iter().map(|(name, _)| name).collect();
        for error in &mut errors {
            if let Problem::UnsetVariable { name, meant } = &mut error.problem {
                *meant = nearest(name, &known).map(str::to_owned);
            }
        }
        Err(errors)
    }

    /// The same for one text that stands at `mark`.
    pub(super) fn replace(&self, text: &str, mark: &Mark) -> Result<String, Vec<ValueError>> {
        let mut value = Value::new(ValueKind::Text(text.to_owned()), mark.clone());
        self.substitute(&mut value)?;
        Ok(scalar_text(&value).unwrap_or_default())
    }
}

/// A key that stands at `mark`.
pub(super) fn key(name: impl Into<String>, mark: &Mark) -> Key {
    Key { name: name.into(), mark: mark.clone() }
}

/// The text of a value that stands for one thing; none of a list, a map or nothing.
pub(super) fn scalar_text(value: &Value) -> Option<String> {
    match &value.kind {
        ValueKind::Text(text) => Some(text.clone()),
        ValueKind::Bool(flag) => Some(flag.to_string()),
        ValueKind::Integer(number) => Some(number.to_string()),
        ValueKind::Float(number) => Some(format!("{number:?}")),
        ValueKind::Null | ValueKind::List(_) | ValueKind::Map(_) => None,
    }
}
