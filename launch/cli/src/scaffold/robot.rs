//! `nevil new robot`: a project in a folder of its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::scaffold::SAMPLE;
use crate::scaffold::checkout::{self, CheckoutError};
use crate::scaffold::names::{NameProblem, check_robot};
use crate::scaffold::write::{self, WriteError};

/// The files of a project, but for the lock file: path, text.
const FILES: [(&str, &str); 9] = [
    ("Cargo.toml", include_str!("templates/manifest.toml")),
    (".gitignore", include_str!("templates/gitignore")),
    // The style of the templates is that of this repository.
    ("rustfmt.toml", include_str!("../../../../rustfmt.toml")),
    ("README.md", include_str!("templates/README.md")),
    ("src/main.rs", include_str!("templates/main.rs")),
    ("src/nodes/pilot.rs", include_str!("templates/pilot.rs")),
    ("launch/sample.yaml", include_str!("templates/launch.yaml")),
    ("launch/worlds/living_room.yaml", include_str!("../../../files/worlds/living_room.yaml")),
    ("systemd/sample.service", include_str!("templates/robot.service")),
];

/// Nevil's path in the template of the manifest.
const CHECKOUT: &str = "CHECKOUT";

/// A project that was written.
#[derive(Debug)]
pub(crate) struct NewRobot {
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// Its files, by their paths in it.
    pub(crate) files: Vec<PathBuf>,
}

/// Why no project was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewRobotError {
    /// Its name cannot be used.
    #[error(transparent)]
    Name(#[from] NameProblem),
    /// It has nothing to depend on.
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    /// Something has its place.
    #[error("`{}` is there already; choose another name, or another folder with `--path DIR`", path.display())]
    Exists {
        /// The place.
        path: PathBuf,
    },
    /// The lock file of the checkout cannot be read.
    #[error("`{}` cannot be read: {source}", path.display())]
    Lock {
        /// Its path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Writes the project `name` into a new folder of that name within `within`, all of it or nothing.
///
/// # Errors
///
/// [`NewRobotError`]; nothing was written then.
pub(crate) fn new_robot(
    name: &str,
    within: &Path,
    checkout: Option<&Path>,
) -> Result<NewRobot, NewRobotError> {
    check_robot(name)?;
    let checkout = checkout::find(checkout)?;
    let folder = within.join(name);
    if folder.symlink_metadata().is_ok() {
        return Err(NewRobotError::Exists { path: folder });
    }
    let path = Path::new(&checkout).join("Cargo.lock");
    // The very versions that Nevil was tested with.
    let lock = fs::read_to_string(&path).map_err(|source| NewRobotError::Lock { path, source })?;

    // JSON escapes within quotes as TOML does.
    let quoted = serde_json::Value::from(checkout).to_string();
    let checkout = quoted.trim_matches('"');
    let fill = |text: &str| text.replace(SAMPLE, name);
    let mut files: Vec<_> = FILES
        .iter()
        .map(|(path, text)| (PathBuf::from(fill(path)), fill(text).replace(CHECKOUT, checkout)))
        .collect();
    files.push(("Cargo.lock".into(), lock));
    files.sort();
    write::folder(&folder, &files)?;
    Ok(NewRobot { folder, files: files.into_iter().map(|(path, _)| path).collect() })
}
