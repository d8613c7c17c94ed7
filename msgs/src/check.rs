//! Whether the numbers of a message lie in their ranges, and where the first one is that does not.

use std::fmt;

/// A number of a message or of a node's parameters that lies outside its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct OutOfRange {
    /// Where the number stands.
    pub path: FieldPath,
    /// What is wrong with it.
    pub problem: RangeProblem,
}

impl OutOfRange {
    /// The same problem, seen from the struct that holds the value in its field `name`.
    #[must_use]
    pub fn in_field(mut self, name: &'static str) -> Self {
        self.path.0.insert(0, PathStep::Field(name));
        self
    }

    /// The same problem, seen from the list that holds the value at `index`.
    #[must_use]
    pub fn in_element(mut self, index: usize) -> Self {
        self.path.0.insert(0, PathStep::Element(index));
        self
    }
}

impl From<RangeProblem> for OutOfRange {
    fn from(problem: RangeProblem) -> Self {
        Self { path: FieldPath::default(), problem }
    }
}

/// What is wrong with a number that has a range. The numbers are texts: they are only to be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeProblem {
    /// Above the range.
    #[error("value is too large ({given}), at most {max} is allowed")]
    TooLarge {
        /// The number.
        given: String,
        /// The largest that is allowed.
        max: String,
    },
    /// Below the range.
    #[error("value is too small ({given}), at least {min} is allowed")]
    TooSmall {
        /// The number.
        given: String,
        /// The smallest that is allowed.
        min: String,
    },
    /// NaN, which lies in no range.
    #[error("value is not a number (NaN), allowed is {allowed}")]
    NotANumber {
        /// The range.
        allowed: String,
    },
}

/// The way from a message to a value inside it, shown as `points[3].x_m`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPath(pub Vec<PathStep>);

/// One step of a [`FieldPath`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathStep {
    /// Into the field of a struct.
    Field(&'static str),
    /// To the element of a list, counted from 0.
    Element(usize),
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Field(name) if position == 0 => f.write_str(name)?,
                PathStep::Field(name) => write!(f, ".{name}")?,
                PathStep::Element(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
