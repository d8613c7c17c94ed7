//! `environment: { … }` of a launch file: variables of the process itself, for libraries that look at them.

use std::collections::BTreeMap;
use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::restart;

/// Holds, as JSON, which process has taken its variables over, and what they were before.
const ENTERED: &str = "NEVIL_ENTERED";

/// What a process that has taken its variables over knows of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Entered {
    /// Its number. It keeps that when it executes itself, and processes that it starts have others.
    pid: u32,
    /// The variables that it has taken over, as they were before; null: it had none of that name.
    before: BTreeMap<String, Option<String>>,
}

impl Entered {
    fn here() -> Option<Self> {
        let entered: Self = serde_json::from_str(&env::var(ENTERED).ok()?).ok()?;
        (entered.pid == std::process::id()).then_some(entered)
    }
}

/// The variable `name` as it was before the launch file set any: a file that is read again must not see what it has set itself.
#[must_use]
pub fn launch_variable(name: &str) -> Option<String> {
    match Entered::here().and_then(|entered| entered.before.get(name).cloned()) {
        Some(before) => before,
        None => env::var(name).ok(),
    }
}

/// Sees to it that the process has `variables`. Where it has not got them yet, it executes itself with the same words, and
/// this does not return: variables of a process that has threads cannot be changed. To be called before anything is started.
///
/// # Errors
///
/// The operating system's, if the process cannot execute itself.
pub(crate) fn enter(variables: &[(String, String)]) -> io::Result<()> {
    if variables.is_empty() || Entered::here().is_some() {
        return Ok(());
    }
    let before = variables.iter().map(|(name, _)| (name.clone(), env::var(name).ok())).collect();
    let entered = serde_json::to_string(&Entered { pid: std::process::id(), before })?;
    Err(restart::command()?.envs(variables.iter().cloned()).env(ENTERED, entered).exec())
}

/// Gives `command`, which executes this process again, the variables as they were before.
pub(crate) fn leave(command: &mut Command) {
    let Some(entered) = Entered::here() else { return };
    command.env_remove(ENTERED);
    for (name, before) in entered.before {
        match before {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}
