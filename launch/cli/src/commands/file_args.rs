//! The launch file that a command is about, with its arguments.

use std::path::{Path, PathBuf};

use clap::Args;
use nevil_launch::LaunchInputs;

/// A launch file and its arguments.
#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// The launch file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Values of its arguments, such as world:=maze.yaml
    #[arg(value_name = "NAME:=VALUE", value_parser = parse_argument)]
    arguments: Vec<(String, String)>,
    /// Begin in this mode of the file instead of its first
    #[arg(long, value_name = "MODE")]
    mode: Option<String>,
}

impl FileArgs {
    /// The file that is meant.
    pub(crate) fn path(&self) -> &Path {
        &self.file
    }

    /// What the words say.
    pub(crate) fn inputs(self) -> LaunchInputs {
        LaunchInputs { file: self.file, arguments: self.arguments, mode: self.mode }
    }
}

/// Launch files and the arguments of all of them.
#[derive(Debug, Args)]
pub(crate) struct FilesArgs {
    /// Launch files, and values of their arguments, such as world:=maze.yaml
    #[arg(value_name = "FILE|NAME:=VALUE", required = true)]
    words: Vec<String>,
    /// Look at this mode of the files instead of their first
    #[arg(long, value_name = "MODE")]
    mode: Option<String>,
}

impl FilesArgs {
    /// What the words say, for each file.
    pub(crate) fn inputs(self) -> Result<Vec<LaunchInputs>, String> {
        let (arguments, files): (Vec<_>, Vec<_>) =
            self.words.into_iter().partition(|word| word.contains(":="));
        let arguments = arguments.iter().map(|word| parse_argument(word)).collect::<Result<Vec<_>, _>>()?;
        if files.is_empty() {
            return Err("no launch file is named".to_owned());
        }
        let inputs = |file: String| LaunchInputs {
            file: file.into(),
            arguments: arguments.clone(),
            mode: self.mode.clone(),
        };
        Ok(files.into_iter().map(inputs).collect())
    }
}

fn parse_argument(text: &str) -> Result<(String, String), String> {
    let split = text.split_once(":=").filter(|(name, _)| !name.is_empty());
    let (name, value) = split.ok_or("an argument is written NAME:=VALUE, without spaces")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::parse_argument;

    #[test]
    fn an_argument_is_split_at_the_first_sign_and_needs_a_name() {
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(parse_argument("world:=maze.yaml"), pair("world", "maze.yaml"));
        assert_eq!(parse_argument("text:=a:=b c"), pair("text", "a:=b c"));
        assert_eq!(parse_argument("empty:="), pair("empty", ""));
        for wrong in ["world=maze", ":=maze", "world"] {
            assert_eq!(
                parse_argument(wrong),
                Err("an argument is written NAME:=VALUE, without spaces".to_owned())
            );
        }
    }
}
