//! * `examples`: each key in a text in which it does something. `robot`: the nodes of these texts, and what runs of one
//! * `bounds`: what is allowed; `page`: the reference; `editors`: the JSON Schema

mod bounds;
mod editors;
mod examples;
mod page;
mod robot;

use std::collections::BTreeSet;

use super::{Key, Section, sections};
use examples::Example;
use robot::{what_runs, without_places};

/// The keys of a section by their whole names.
fn keys_of(section: &'static Section) -> impl Iterator<Item = (String, &'static Key)> {
    let name = |key: &Key| match section.place {
        "" => key.name.to_owned(),
        place => format!("{place}.{}", key.name),
    };
    section.keys.iter().map(move |key| (name(key), key))
}

/// The keys that are read.
fn keys() -> Vec<(String, &'static Key)> {
    sections().into_iter().flat_map(keys_of).collect()
}

#[test]
fn each_key_changes_what_runs() {
    let mut idle = Vec::new();
    for (name, _) in keys() {
        let example = Example::of(&name);
        let [one, other] = example.values.map(|value| what_runs(&example.with(value)));
        assert!(one.is_ok() || other.is_ok(), "{name}: {one:?} {other:?}");
        if one == other {
            idle.push(name);
        }
    }
    assert_eq!(idle, Vec::<String>::new());
}

#[test]
fn each_example_is_of_another_key_that_there_is() {
    let known: BTreeSet<_> = sections().into_iter().flat_map(keys_of).map(|(name, _)| name).collect();
    let mut named = BTreeSet::new();
    for example in Example::all() {
        assert!(known.contains(example.key), "`{}` is no key", example.key);
        assert!(named.insert(example.key), "`{}` has two examples", example.key);
    }
}

#[test]
fn what_the_table_calls_a_default_is_what_a_file_without_the_key_gives() {
    for (name, key) in keys() {
        let example = Example::of(&name);
        match key.default {
            Some(default) => {
                let (said, left_out) = (what_runs(&example.with(default)), what_runs(&example.without()));
                assert!(said.is_ok(), "{name}: {said:?}");
                assert_eq!(said, left_out, "{name}");
            }
            None if key.is_required => {
                let missing = what_runs(&example.without()).unwrap_err();
                assert!(missing.contains(&format!("key `{}` is missing", key.name)), "{name}: {missing}");
            }
            None => {}
        }
    }
}

#[test]
fn what_is_compared_has_no_places() {
    let text = r#"a: Mark { source: Source { text: "} \" {" }, line: 1 }, b: [Mark { line: 2 }]"#;
    assert_eq!(without_places(text), "a: …, b: […]");
}
