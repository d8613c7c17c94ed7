//! A world from its file.

use std::io;
use std::path::Path;

use nevil_msgs::{Value, ValueError};

use super::{World, WorldProblem};

/// Why the file of a world cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadWorldError {
    /// It cannot be read.
    #[error("cannot read world `{name}`: {reason}")]
    Unreadable {
        /// The file.
        name: String,
        /// Why.
        reason: io::Error,
    },
    /// It is no YAML, or not that of a world.
    #[error(transparent)]
    Text(#[from] ValueError),
    /// It describes a world in which no car can be.
    #[error("{name}: {problem}")]
    World {
        /// The file.
        name: String,
        /// What is wrong.
        problem: WorldProblem,
    },
}

impl World {
    /// Reads and checks the world in the file `path`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and where.
    pub fn read(path: &Path) -> Result<Self, ReadWorldError> {
        let name = path.display().to_string();
        match nevil_msgs::read_text(path) {
            Ok(text) => Self::parse(&name, &text),
            Err(reason) => Err(ReadWorldError::Unreadable { name, reason }),
        }
    }

    /// Reads and checks the world in `text`, which errors call `name`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and where.
    pub fn parse(name: &str, text: &str) -> Result<Self, ReadWorldError> {
        let world: Self = nevil_msgs::from_value(&Value::parse_yaml(name, text)?)?;
        match world.validate() {
            Ok(()) => Ok(world),
            Err(problem) => Err(ReadWorldError::World { name: name.to_owned(), problem }),
        }
    }
}
