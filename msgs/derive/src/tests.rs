use syn::{DeriveInput, parse_str};

use crate::field_enum::expand_field;
use crate::field_struct::expand_message;
use crate::parameters;
use crate::paths::Paths;

fn refusal_of_message(source: &str) -> String {
    let input: DeriveInput = parse_str(source).unwrap();
    expand_message(&input, &Paths::of_messages()).unwrap_err().to_string()
}

fn refusal_of_field(source: &str) -> String {
    let input: DeriveInput = parse_str(source).unwrap();
    expand_field(&input, &Paths::of_messages()).unwrap_err().to_string()
}

#[test]
fn what_cannot_be_a_message_is_refused_with_what_to_do() {
    for (source, text) in [
        ("struct A(f32);", "`Message` needs named fields, because text names them; write `{ name: type }`"),
        ("struct A;", "`Message` needs named fields; for none write `struct A {}`"),
        (
            "enum A { B }",
            "`Message` needs a struct with named fields; put the enum in a field and write `#[derive(Field)]` on it",
        ),
        (
            "union A { b: f32 }",
            "`Message` needs a struct with named fields; a union does not say what it holds",
        ),
        (
            "struct A<T> { b: T }",
            "`Message` needs a type without parameters, because each type has one hash; write one struct for each use",
        ),
    ] {
        assert_eq!(refusal_of_message(source), text);
    }
}

#[test]
fn an_enum_with_data_or_without_variants_is_refused() {
    assert_eq!(
        refusal_of_field("enum A { B(f32) }"),
        "a variant in a message has no data; put the data in fields of the struct, beside the enum"
    );
    assert_eq!(refusal_of_field("enum A {}"), "an enum without variants has no value; give it at least one");
}

#[test]
fn an_attribute_that_is_not_understood_is_refused() {
    let no_end = "a range names its ends, which are included: `min..=max`, `min..` or `..=max`";
    for (attribute, text) in [
        ("unti = \"m\"", "unknown word; known words are range, unit"),
        ("default = 1", "a field of a message has no default; every message is complete"),
        ("unit = \"m\", unit = \"s\"", "this is said twice; leave one of them out"),
        ("range = 0.0..1.0", no_end),
        ("range = 5", no_end),
    ] {
        assert_eq!(refusal_of_message(&format!("struct A {{ #[field({attribute})] b: f32 }}")), text);
    }
}

#[test]
fn parameters_have_an_attribute_of_their_own() {
    let refusal = |source: &str| {
        let input: DeriveInput = parse_str(source).unwrap();
        parameters::expand(&input, &Paths::of_runtime()).unwrap_err().to_string()
    };
    assert_eq!(
        refusal("struct A { #[param(defalt = 1)] b: f32 }"),
        "unknown word; known words are default, range, unit"
    );
    assert_eq!(
        refusal("struct A { #[field(range = 0..=1)] b: f32 }"),
        "a parameter has `#[param(…)]`; `#[field(…)]` is for messages"
    );
    assert_eq!(
        refusal("struct A(f32);"),
        "`Parameters` needs named fields, because text names them; write `{ name: type }`"
    );
}
