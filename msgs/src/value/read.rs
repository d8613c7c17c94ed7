//! From files to text.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::yaml::YAML_BYTES_MAX;

/// The text of a file, of which no more is read than [`Value::parse_yaml`](super::Value::parse_yaml) takes: of a larger one
/// enough for that to refuse it. Blocks as reading does.
///
/// # Errors
///
/// What the operating system says, and [`io::ErrorKind::InvalidData`] for what is no UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    const BYTES_MAX: usize = YAML_BYTES_MAX + 1;
    let mut bytes = Vec::new();
    let read = File::open(path)?.take(BYTES_MAX as u64).read_to_end(&mut bytes)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        // Cut within a letter, perhaps; it is too large anyway.
        Err(error) if read == BYTES_MAX => Ok(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        Err(error) => {
            Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is no UTF-8 text: {error}")))
        }
    }
}
