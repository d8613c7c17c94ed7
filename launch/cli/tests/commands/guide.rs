//! The page about launch files shows what the commands print.

use std::path::Path;
use std::process::Command;

use crate::text;

#[test]
fn what_the_page_about_launch_files_shows_is_what_the_commands_print() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/guide/launch.md")).unwrap();
    let mut shown = 0;
    for block in page.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let (command, wanted) = block.split_once('\n').unwrap();
        let words = command.strip_prefix("$ nevil ").unwrap();
        let mut nevil = Command::new(env!("CARGO_BIN_EXE_nevil"));
        let output = nevil.current_dir(&root).args(words.split(' ')).output().unwrap();
        let given = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(given, wanted, "{command}");
        shown += 1;
    }
    assert!(shown >= 5, "{shown}");
}
