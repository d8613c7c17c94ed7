//! Files appear as a whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file or folder that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("`{}` cannot be written: {source}", path.display())]
pub(crate) struct WriteError {
    path: PathBuf,
    source: io::Error,
}

/// Gives an error its path.
fn at(path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_owned();
    move |source| WriteError { path, source }
}

/// Makes `folder`, which must not be there, with `files`: paths in it, and what they hold. Nothing is left of it if that
/// fails.
pub(crate) fn folder(folder: &Path, files: &[(PathBuf, String)]) -> Result<(), WriteError> {
    let half = beside(folder);
    fs::create_dir(&half).map_err(at(folder))?;
    let written = files.iter().try_for_each(|(path, text)| {
        let path = half.join(path);
        let parent = path.parent().unwrap_or(&half);
        fs::create_dir_all(parent).and_then(|()| fs::write(&path, text)).map_err(at(&path))
    });
    written.and_then(|()| fs::rename(&half, folder).map_err(at(folder))).inspect_err(|_| {
        // Why it could not be written is what the user is to know.
        let _ = fs::remove_dir_all(&half);
    })
}

/// Makes the file `path`, which must not be there, and the folder in which it lies.
pub(crate) fn new_file(path: &Path, text: &str) -> Result<(), WriteError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(at(parent))?;
    }
    let mut file = fs::File::create_new(path).map_err(at(path))?;
    file.write_all(text.as_bytes()).map_err(at(path)).inspect_err(|_| remove(path))
}

/// Puts `text` in the place of what the file `path` holds.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), WriteError> {
    // The file itself, where the path is a link to it.
    let path = path.canonicalize().map_err(at(path))?;
    let half = beside(&path);
    let written = fs::write(&half, text)
        .and_then(|()| fs::set_permissions(&half, fs::metadata(&path)?.permissions()))
        .and_then(|()| fs::rename(&half, &path));
    written.map_err(at(&path)).inspect_err(|_| remove(&half))
}

/// Takes back what was written just now.
pub(crate) fn remove(path: &Path) {
    // Why it is taken back is what the user is to know.
    let _ = fs::remove_file(path);
}

/// A name in the same folder that nobody else has: a rename from there is one step.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}
