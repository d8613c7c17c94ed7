//! What can be wrong with arguments, includes, conditions and modes.

use crate::limits::{INCLUDE_DEPTH_MAX, INCLUDES_MAX};
use crate::problem::known_names;

/// What can be wrong before a launch file is one tree: its arguments, includes, conditions and modes. Exhaustive, so that
/// the test of bad launch files has one for each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpansionProblem {
    /// An included file cannot be read.
    #[error("cannot read `{path}`: {cause}; a path is meant from the directory of the file that includes it")]
    Unreadable {
        /// The file.
        path: String,
        /// The operating system's word.
        cause: String,
    },
    /// Files include one another.
    #[error("files include one another: {}; leave one of these includes out", files.join(" → "))]
    IncludeCycle {
        /// From a file over what it includes to that file again.
        files: Vec<String>,
    },
    /// More files than a person can follow.
    #[error(
        "too many includes, at most {INCLUDES_MAX} files, {INCLUDE_DEPTH_MAX} within one another, are allowed"
    )]
    TooManyIncludes,
    /// Two included files say something about the same thing.
    #[error(
        "{what} `{name}` comes from two included files, first from {first}; give one of the includes a `prefix` or \
         `namespace`, or leave it out of one of the files"
    )]
    DefinedTwice {
        /// What it is, such as `node`.
        what: &'static str,
        /// Its name.
        name: String,
        /// Where the other one stands.
        first: String,
    },
    /// What is put in front of names cannot be part of them.
    #[error("`{given}` cannot begin a name; use a-z, 0-9 and _")]
    Prefix {
        /// What was to be put there.
        given: String,
    },
    /// The name of an argument is not one.
    #[error(
        "`{given}` is not a name for an argument; begin with a letter or _, and use letters, digits and _"
    )]
    ArgumentName {
        /// The name.
        given: String,
    },
    /// A value for an argument that the file does not have.
    #[error("unknown argument `{given}`{}", known_names("arguments", given, known))]
    UnknownArgument {
        /// The argument.
        given: String,
        /// Those that the file has.
        known: Vec<String>,
    },
    /// No value for an argument that needs one.
    #[error(
        "argument `{name}` is not given and has no default; give it as `{name}:=VALUE`, or under `args` of the include"
    )]
    MissingArgument {
        /// The argument.
        name: String,
    },
    /// A value of the wrong type.
    #[error("argument `{name}` has the wrong type (`{given}`), {expected} is expected")]
    ArgumentType {
        /// The argument.
        name: String,
        /// Its value.
        given: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A value that is none of those allowed.
    #[error("unknown value `{given}` of argument `{name}`{}", known_names("values", given, choices))]
    ArgumentChoice {
        /// The argument.
        name: String,
        /// Its value.
        given: String,
        /// The values that are allowed.
        choices: Vec<String>,
    },
    /// What is no condition.
    #[error(
        "{given} is not a condition; write `true` or `false`, a reference `${{NAME}}` to one, `${{NAME}} == value`, \
         `${{NAME}} != value`, or a list of these, which must all hold"
    )]
    Condition {
        /// The value in a few words.
        given: String,
    },
    /// The name of an environment variable is not one.
    #[error(
        "`{given}` is not a name for a variable; begin with a letter or _, and use letters, digits and _"
    )]
    VariableName {
        /// The name.
        given: String,
    },
    /// A mode that the file does not have.
    #[error("unknown mode `{given}`{}", known_names("modes", given, known))]
    UnknownMode {
        /// The mode.
        given: String,
        /// Those that the file has.
        known: Vec<String>,
    },
    /// The name of a mode is not one.
    #[error("`{given}` is not a name for a mode; use 1 to 48 of the characters a-z, 0-9 and _")]
    ModeName {
        /// The name.
        given: String,
    },
    /// A mode changes what a robot cannot change while it runs.
    #[error("mode `{mode}` changes {what}, which cannot change while the robot runs; say it for all modes")]
    ModeNotLive {
        /// The mode.
        mode: String,
        /// What would change.
        what: String,
    },
}
