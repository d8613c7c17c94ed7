//! The page about launch files shows what the commands print at a terminal.

use std::path::Path;
use std::process::Command;

use nevil_launch::for_terminal;

use crate::text;

#[test]
fn what_the_page_about_launch_files_shows_is_what_the_commands_print() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join("docs/guide/launch.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let mut blocks = page.split("```console\n");
    let (mut printed, mut shown) = (blocks.next().unwrap().to_owned(), 0);
    for block in blocks {
        let (block, rest) = block.split_once("```").unwrap();
        let (command, _) = block.split_once('\n').unwrap();
        let words = command.strip_prefix("$ nevil ").unwrap();
        let mut nevil = Command::new(env!("CARGO_BIN_EXE_nevil"));
        let output = nevil.current_dir(&root).args(words.split(' ')).output().unwrap();
        // In a pipe lines stay whole.
        let given = for_terminal(&(text(&output.stdout) + &text(&output.stderr)));
        printed += &format!("```console\n{command}\n{given}```{rest}");
        shown += 1;
    }
    assert!(shown >= 5, "{shown}");
    if std::env::var_os("NEVIL_WRITE").is_some() {
        std::fs::write(path, &printed).unwrap();
    } else {
        assert_eq!(page, printed, "`NEVIL_WRITE=1 cargo test -p nevil guide` writes the page anew");
    }
}
