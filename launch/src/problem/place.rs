//! Problems with their places in a launch file, and how they are shown.

use std::fmt;

use nevil_msgs::{Mark, Problem, ValueError};

use crate::problem::PlanProblem;

/// What errors call the words that a file is launched with.
pub(crate) const COMMAND_LINE: &str = "command line";

/// What follows from problems, at the end of their list.
pub(crate) const NOTHING_STARTED: &str = "; nothing was started";

/// A problem of a launch file, and where it is.
///
/// Shown as `picar.yaml:12:15: nodes.navigation.thread.priority: value is too large (120), at most 79 is allowed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    /// The place in the text.
    pub mark: Mark,
    /// The way to the value, such as `nodes.navigation.thread.cores[2]`; empty for the whole file.
    pub path: String,
    /// What is wrong.
    pub problem: PlanProblem,
}

impl PlanError {
    pub(crate) fn new(mark: &Mark, path: impl Into<String>, problem: impl Into<PlanProblem>) -> Self {
        Self { mark: mark.clone(), path: path.into(), problem: problem.into() }
    }

    /// Whether a variable has no value here, or is referred to in a wrong way.
    pub(crate) const fn is_of_variable(&self) -> bool {
        use Problem::{BadReference, UnsetVariable};
        matches!(self.problem, PlanProblem::Value(UnsetVariable { .. } | BadReference { .. }))
    }

    /// The error of a value that was found at `path`; `mark` is its place if it has none of its own.
    pub(crate) fn of_value(error: ValueError, path: &str, mark: &Mark) -> Self {
        let error = if path.is_empty() { error } else { error.in_key(path) };
        Self {
            mark: error.mark.unwrap_or_else(|| mark.clone()),
            path: error.path,
            problem: PlanProblem::Value(error.problem),
        }
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.mark)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}", self.problem)
    }
}

impl std::error::Error for PlanError {}

/// All problems of a launch file and of what it includes, in the order of the text of each. Shown each with its line and a caret under the place, and
/// their number in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanErrors {
    /// The file as the user named it.
    pub file: String,
    /// The problems, at least one.
    pub problems: Vec<PlanError>,
}

impl PlanErrors {
    /// Nothing, if there are no problems.
    ///
    /// # Errors
    ///
    /// The problems in the order of the text.
    pub(crate) fn check(file: &std::path::Path, mut problems: Vec<PlanError>) -> Result<(), Self> {
        if problems.is_empty() {
            return Ok(());
        }
        let file = file.display().to_string();
        // What was typed first, then those of the launch file, then one included file after the other.
        problems.sort_by(|one, other| {
            let place = |mark: &Mark| {
                let name = mark.source().name.clone();
                (name != COMMAND_LINE, name != file, name, mark.line(), mark.column())
            };
            place(&one.mark).cmp(&place(&other.mark))
        });
        Err(Self { file, problems })
    }
}

impl fmt::Display for PlanErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
            if let Some(snippet) = problem.mark.snippet() {
                writeln!(f, "{snippet}")?;
            }
            writeln!(f)?;
        }
        let problems = if self.problems.len() == 1 { "problem" } else { "problems" };
        write!(f, "{} {problems} in {}{NOTHING_STARTED}", self.problems.len(), self.file)
    }
}

impl std::error::Error for PlanErrors {}
