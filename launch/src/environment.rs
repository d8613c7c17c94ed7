//! `environment: { … }` of a launch file: variables of the process itself, for libraries that look at them.

use std::env;
use std::io;
use std::os::unix::process::CommandExt;

use crate::restart;

/// Holds the number of the process that has taken its variables over. It keeps its number when it executes itself, and
/// processes that it starts have others.
pub(crate) const ENTERED: &str = "NEVIL_ENTERED";

/// Sees to it that the process has `variables`. Where it has not got them yet, it executes itself with the same words, and
/// this does not return: variables of a process that has threads cannot be changed. To be called before anything is started.
///
/// # Errors
///
/// The operating system's, if the process cannot execute itself.
pub(crate) fn enter(variables: &[(String, String)]) -> io::Result<()> {
    let id = std::process::id().to_string();
    if variables.is_empty() || env::var(ENTERED).is_ok_and(|entered| entered == id) {
        return Ok(());
    }
    Err(restart::command()?.envs(variables.iter().cloned()).env(ENTERED, id).exec())
}
