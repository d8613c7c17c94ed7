//! Paths in parameters: a relative one is meant from the directory of the file where it is written, wherever the robot is
//! launched.

use std::path::Path;

use nevil_msgs::{FieldInfo, FieldKind, Value, ValueKind};

/// Puts the directory of their file before the relative paths in `params`, which are of `schema`. What is of a wrong type
/// stays.
pub(super) fn resolve(params: &mut Value, schema: &[FieldInfo]) {
    let ValueKind::Map(entries) = &mut params.kind else { return };
    for (key, value) in entries {
        if let Some(field) = schema.iter().find(|field| field.name == key.name) {
            resolve_value(value, field.kind);
        }
    }
}

fn resolve_value(value: &mut Value, kind: FieldKind) {
    match kind {
        FieldKind::Path => {
            if let ValueKind::Text(path) = &mut value.kind
                && !path.is_empty()
            {
                let directory = Path::new(&value.mark.source().name).parent().unwrap_or(Path::new(""));
                // An absolute path stays as it is. Both parts are UTF-8, unless the directory is not: then the file was
                // found by other means than its name, and a lossy path is refused when it is opened.
                *path = directory.join(&path).to_string_lossy().into_owned();
            }
        }
        FieldKind::Option(inner) => resolve_value(value, *inner),
        FieldKind::List(inner) | FieldKind::Array(inner, _) => {
            if let ValueKind::List(elements) = &mut value.kind {
                elements.iter_mut().for_each(|element| resolve_value(element, *inner));
            }
        }
        FieldKind::Struct(info) => resolve(value, info.fields),
        _ => {}
    }
}
