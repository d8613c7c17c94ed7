//! `nevil new node`: one more node in a project.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::scaffold::SAMPLE;
use crate::scaffold::edit::{add_module, add_node, add_type};
use crate::scaffold::names::{NameProblem, check_node, type_name};
use crate::scaffold::write::{self, WriteError};

const TEMPLATE: &str = include_str!("templates/node.rs");

const MAIN: &str = "src/main.rs";

/// A node that was written, and what became of the lines that others need for it.
#[derive(Debug)]
pub(crate) struct NewNode {
    /// Its file.
    pub(crate) file: PathBuf,
    /// Files that name it now.
    pub(crate) changed: Vec<PathBuf>,
    /// Lines that are left to the user to add.
    pub(crate) left: Vec<LeftLines>,
}

/// Lines that are left to the user to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeftLines {
    /// The file to add them to.
    pub(crate) file: PathBuf,
    /// Where in it each belongs, and the line.
    pub(crate) lines: Vec<(&'static str, String)>,
}

/// Why no node was added.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewNodeError {
    /// Its name cannot be used.
    #[error(transparent)]
    Name(#[from] NameProblem),
    /// There is no project.
    #[error(
        "`{}` is no robot project: its `src/main.rs` cannot be read ({source}); go to the folder of one, name it with \
         `--path PROJECT`, or begin one with `nevil new robot NAME`",
        path.display()
    )]
    NoProject {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It has a file already.
    #[error("`{}` is there already, and stays as it is; choose another name", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Adds the node `name` to the project in the folder `project`. `known` are the names of node types that there are.
///
/// # Errors
///
/// [`NewNodeError`]; nothing was changed then.
pub(crate) fn new_node(name: &str, project: &Path, known: &[&str]) -> Result<NewNode, NewNodeError> {
    check_node(name, TEMPLATE, known)?;
    let main = fs::read_to_string(project.join(MAIN))
        .map_err(|source| NewNodeError::NoProject { path: project.to_owned(), source })?;
    let file = PathBuf::from(format!("src/nodes/{name}.rs"));
    if project.join(&file).symlink_metadata().is_ok() {
        return Err(NewNodeError::Exists { path: project.join(file) });
    }
    let type_name = type_name(name);
    // Piece by piece, so that a name with one of the two words in it stays as it is.
    let pieces: Vec<_> = TEMPLATE.split("Sample").map(|piece| piece.replace(SAMPLE, name)).collect();
    let text = pieces.join(&type_name);
    write::new_file(&project.join(&file), &text)?;

    let mut node = NewNode { file, changed: Vec::new(), left: Vec::new() };
    let with = format!(".with::<nodes::{name}::{type_name}>(\"{name}\")");
    match add_module(&main, name).and_then(|main| add_type(&main, &with)) {
        Some(added) => {
            write::replace(&project.join(MAIN), &added)
                .inspect_err(|_| write::remove(&project.join(&node.file)))?;
            node.changed.push(MAIN.into());
        }
        None => node.left.push(LeftLines {
            file: MAIN.into(),
            lines: vec![
                ("in `mod nodes { … }`", format!("pub mod {name};")),
                ("behind `nevil::shipped_nodes()`", with),
            ],
        }),
    }
    name_in_launch_file(name, project, &mut node);
    Ok(node)
}

/// Adds the node to the project's launch file, if that is the only one and looks as expected.
fn name_in_launch_file(name: &str, project: &Path, node: &mut NewNode) {
    let launch_file = only_launch_file(project);
    let entry = format!("{:<31}  # src/nodes/{name}.rs\n    params: {{ every: 1s }}\n", format!("  {name}:"));
    let added = launch_file.as_ref().and_then(|file| {
        let text = fs::read_to_string(project.join(file)).ok()?;
        let added = add_node(&text, name, &entry)?;
        // What could not be added is said instead.
        write::replace(&project.join(file), &added).ok()
    });
    match (launch_file, added) {
        (Some(file), Some(())) => node.changed.push(file),
        (file, _) => node.left.push(LeftLines {
            file: file.unwrap_or_else(|| "launch/…".into()),
            lines: vec![("under `nodes:`", format!("{name}: {{}}"))],
        }),
    }
}

fn only_launch_file(project: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(project.join("launch")).ok()?.filter_map(Result::ok);
    let mut files = entries.map(|entry| Path::new("launch").join(entry.file_name())).filter(|path| {
        path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
            && project.join(path).is_file()
    });
    files.next().filter(|_| files.next().is_none())
}
