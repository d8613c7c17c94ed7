//! `if` and `unless`: whether an entry of the file counts.

use nevil_msgs::{Mark, Value, ValueError, ValueKind};

use super::scope::Scope;
use super::take;
use crate::file::reader::Reader;
use crate::problem::ExpansionProblem;

/// Takes `if` and `unless` out of `entry` and says whether both let it count. What is wrong counts as said.
pub(super) fn counts(entry: &mut Value, path: &str, scope: &Scope<'_>, reader: &mut Reader) -> bool {
    let said = take(entry, "if").is_none_or(|(_, value)| holds(&value, &format!("{path}.if"), scope, reader));
    let denied = take(entry, "unless")
        .is_some_and(|(_, value)| holds(&value, &format!("{path}.unless"), scope, reader));
    said && !denied
}

/// Whether the condition holds; of a list, whether each does.
fn holds(value: &Value, path: &str, scope: &Scope<'_>, reader: &mut Reader) -> bool {
    match &value.kind {
        ValueKind::Bool(holds) => *holds,
        ValueKind::Text(text) => text_holds(value, text, path, scope, reader),
        ValueKind::List(all) if !all.is_empty() => {
            // Each is looked at, so that all that is wrong is told.
            let mut hold = true;
            for (index, value) in all.iter().enumerate() {
                hold &= holds(value, &format!("{path}[{index}]"), scope, reader);
            }
            hold
        }
        _ => {
            not_understood(value, path, reader);
            false
        }
    }
}

fn text_holds(value: &Value, text: &str, path: &str, scope: &Scope<'_>, reader: &mut Reader) -> bool {
    // Split before anything is put in, so that a value with such a sign in it changes nothing.
    let sides = [(" == ", true), (" != ", false)];
    let split = sides.into_iter().find_map(|(sign, equal)| Some((text.split_once(sign)?, equal)));
    let mut side = |text: &str| {
        let replaced = scope.replace(text, &value.mark);
        replaced.map_err(|errors: Vec<ValueError>| tell(errors, path, &value.mark, reader)).ok()
    };
    match split {
        Some(((left, right), equal)) => {
            let (left, right) = (side(left.trim()), side(right.trim()));
            left.zip(right).is_some_and(|(left, right)| (left == right) == equal)
        }
        None => match side(text).as_deref() {
            Some("true") => true,
            Some("false") | None => false,
            Some(_) => {
                not_understood(value, path, reader);
                false
            }
        },
    }
}

fn tell(errors: Vec<ValueError>, path: &str, mark: &Mark, reader: &mut Reader) {
    errors.into_iter().for_each(|error| reader.value_error(error, path, mark));
}

fn not_understood(value: &Value, path: &str, reader: &mut Reader) {
    reader.problem(&value.mark, path, ExpansionProblem::Condition { given: value.describe() });
}
