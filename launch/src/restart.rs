//! The robot as a whole once more: the process executes itself again, with the same words, and keeps its number, its terminal
//! and its service.

use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::{env, ffi, io};

use crate::environment;

/// What the kernel puts behind the path of an executable that was replaced since it was started, as by a build.
const REPLACED: &[u8] = b" (deleted)";

/// Executes this process again. Comes back only if that cannot be done.
pub(crate) fn execute_again() -> io::Error {
    match command() {
        Ok(mut command) => {
            // Its launch file may set other variables by now.
            environment::leave(&mut command);
            command.exec()
        }
        Err(error) => error,
    }
}

/// This process as it was called.
pub(crate) fn command() -> io::Result<Command> {
    let mut command = Command::new(current(env::current_exe()?));
    let mut words = env::args_os();
    if let Some(name) = words.next() {
        command.arg0(name);
    }
    command.args(words);
    Ok(command)
}

/// The executable that stands at `path` now.
fn current(path: PathBuf) -> PathBuf {
    match path.as_os_str().as_bytes().strip_suffix(REPLACED) {
        Some(new) if !path.exists() => ffi::OsString::from_vec(new.to_vec()).into(),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::current;

    #[test]
    fn an_executable_that_was_built_anew_is_the_one_that_stands_there_now() {
        assert_eq!(current("/nowhere/nevil (deleted)".into()), std::path::Path::new("/nowhere/nevil"));
        let path = std::env::current_exe().unwrap();
        assert_eq!(current(path.clone()), path);
    }
}
