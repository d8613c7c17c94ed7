//! What may be the name of a robot project, and of a node in it.

use nevil_runtime::limits::NAME_BYTES_MAX;

/// Why a name cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameProblem {
    /// It has other letters than a name has.
    #[error(
        "`{given}` is not a name for a {what}; use 1 to {NAME_BYTES_MAX} of the characters a-z, 0-9 and {between}, \
         beginning with a letter, and with one {between} at most between two others"
    )]
    Letters {
        /// The name.
        given: String,
        /// What it is to be the name of.
        what: &'static str,
        /// What may stand between letters.
        between: &'static str,
    },
    /// Rust or cargo has it.
    #[error("`{given}` is a word of Rust or cargo; choose another, such as `my_{given}`")]
    Word {
        /// The name.
        given: String,
    },
    /// It begins as the crates of Nevil do.
    #[error("`{given}` begins as Nevil's own crates do; choose another, such as `my_{given}`")]
    Nevil {
        /// The name.
        given: String,
    },
    /// Something else is called so.
    #[error(
        "`{given}` is taken, by a node type that there is or by a word of Nevil's prelude; choose another, such as \
         `my_{given}`"
    )]
    Taken {
        /// The name.
        given: String,
    },
}

/// Words that Rust has, or may have, for itself.
const WORDS_OF_RUST: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// What cargo allows no package to be called, besides: crates of Rust itself, and folders of its own.
const WORDS_OF_CARGO: &[&str] =
    &["alloc", "build", "core", "deps", "examples", "incremental", "proc_macro", "std", "test"];

/// Whether a robot and its package may be called `given`.
pub(crate) fn check_robot(given: &str) -> Result<(), NameProblem> {
    if !is_name(given, &['_', '-']) {
        return Err(NameProblem::Letters { given: given.to_owned(), what: "robot", between: "_ or -" });
    }
    // A crate is called as its package, with `_` for `-`.
    let crate_name = given.replace('-', "_");
    if WORDS_OF_RUST.contains(&&*crate_name) || WORDS_OF_CARGO.contains(&&*crate_name) {
        return Err(NameProblem::Word { given: given.to_owned() });
    }
    // It would depend on itself, or take the place of one of our crates in the lock file.
    if given.starts_with("nevil") {
        return Err(NameProblem::Nevil { given: given.to_owned() });
    }
    Ok(())
}

/// Whether a node, its file and its module may be called `given`. `template` is what would be written, `known` the names of
/// node types that there are.
pub(crate) fn check_node(given: &str, template: &str, known: &[&str]) -> Result<(), NameProblem> {
    if !is_name(given, &['_']) {
        return Err(NameProblem::Letters { given: given.to_owned(), what: "node", between: "_" });
    }
    if WORDS_OF_RUST.contains(&given) {
        return Err(NameProblem::Word { given: given.to_owned() });
    }
    let type_name = type_name(given);
    let mut words = template.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    // A node `range` would be a struct `Range`, and hide the message that its code means by that.
    if known.contains(&given) || words.any(|word| word == type_name) {
        return Err(NameProblem::Taken { given: given.to_owned() });
    }
    Ok(())
}

/// `EdgeSensor` for `edge_sensor`.
pub(crate) fn type_name(name: &str) -> String {
    let parts = name.split('_').flat_map(|part| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters)
    });
    parts.collect()
}

fn is_name(name: &str, between: &[char]) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.len() <= NAME_BYTES_MAX
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.split(between).all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_robot_is_called_as_a_package_and_a_launch_file_allow() {
        let longest = "r".repeat(NAME_BYTES_MAX);
        for name in ["rover", "r2-d2", "my_robot", &longest] {
            assert_eq!(check_robot(name), Ok(()), "{name}");
        }
        let too_long = "r".repeat(NAME_BYTES_MAX + 1);
        for name in ["", "2cv", "Rover", "_r", "r_", "a--b", "a b", "../r", "rövér", &too_long] {
            assert!(matches!(check_robot(name), Err(NameProblem::Letters { .. })), "{name}");
        }
        for name in ["match", "self", "test", "proc-macro", "gen"] {
            assert_eq!(check_robot(name), Err(NameProblem::Word { given: name.to_owned() }));
        }
        for name in ["nevil", "nevil-msgs"] {
            assert_eq!(check_robot(name), Err(NameProblem::Nevil { given: name.to_owned() }));
        }
    }

    #[test]
    fn a_node_is_called_as_a_module_and_not_as_what_its_code_means_otherwise() {
        let check = |name| check_node(name, "fn on(range: &Received<Range>) -> Result<Self>", &["motion"]);
        for name in ["horn", "edge_sensor", "sonar_2", "test"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in ["Horn", "edge-sensor", "2_horns", "a__b", "horn.rs", "a/b"] {
            assert!(matches!(check(name), Err(NameProblem::Letters { .. })), "{name}");
        }
        assert_eq!(check("loop"), Err(NameProblem::Word { given: "loop".to_owned() }));
        for name in ["range", "received", "motion"] {
            assert_eq!(check(name), Err(NameProblem::Taken { given: name.to_owned() }));
        }
        assert_eq!((type_name("edge_sensor"), type_name("sonar_2")), ("EdgeSensor".into(), "Sonar2".into()));
    }

    #[test]
    fn a_refused_name_is_told_with_what_is_allowed() {
        assert_eq!(
            check_robot("Rover").unwrap_err().to_string(),
            "`Rover` is not a name for a robot; use 1 to 48 of the characters a-z, 0-9 and _ or -, beginning with a \
             letter, and with one _ or - at most between two others"
        );
        assert_eq!(
            check_robot("match").unwrap_err().to_string(),
            "`match` is a word of Rust or cargo; choose another, such as `my_match`"
        );
    }
}
