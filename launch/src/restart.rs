//! The robot as a whole once more: the process executes itself again, with the same words, and keeps its number, its terminal
//! and its service.

use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::{env, ffi, io};

/// What the kernel puts behind the path of an executable that was replaced since it was started, as by a build.
const REPLACED: &[u8] = b" (deleted)";

/// Executes this process again. Comes back only if that cannot be done.
pub(crate) fn execute_again() -> io::Error {
    let executable = match env::current_exe() {
        Ok(path) => current(path),
        Err(error) => return error,
    };
    let mut words = env::args_os();
    let mut command = Command::new(executable);
    if let Some(name) = words.next() {
        command.arg0(name);
    }
    command.args(words).exec()
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
