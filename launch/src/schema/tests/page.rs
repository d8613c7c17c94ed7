//! The reference page.

use std::fs;
use std::path::Path;

use super::super::page::table;
use super::super::{reference_page, sections};
use crate::file::LaunchFile;

#[test]
fn the_reference_is_made_from_the_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/launch-file.md");
    let made = reference_page();
    if std::env::var_os("NEVIL_WRITE").is_some() {
        fs::write(&path, &made).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap() == made,
        "docs/reference/launch-file.md is not what the schema says; change launch/src/schema, its page.md among it, and \
         write the page with `NEVIL_WRITE=1 cargo test -p nevil-launch the_reference`"
    );
}

#[test]
fn every_section_has_its_table_or_its_keys_on_the_page() {
    let page = reference_page();
    assert!(!page.contains("<!--"));
    for section in sections() {
        let names: Vec<_> = section.keys.iter().map(|key| format!("`{}`", key.name)).collect();
        let is_shown = page.contains(&table(section)) || page.contains(&format!("\n{}.\n", names.join(", ")));
        assert!(is_shown, "`{}` is not on the page", section.place);
    }
}

#[test]
fn the_examples_of_the_page_are_launch_files() {
    let page = reference_page();
    let examples = page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    // One that begins with its name is there for others.
    let (named, whole): (Vec<_>, Vec<_>) = examples.partition(|example| example.starts_with("# "));
    assert!(whole.len() > 8, "{}", whole.len());
    let folder = std::env::temp_dir().join(format!("nevil-page-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("common.yaml"), "nodes: { lamp: }").unwrap();
    for text in named {
        fs::write(folder.join(text.lines().next().unwrap().trim_start_matches("# ")), text).unwrap();
    }
    for example in whole {
        let robot = if example.contains("robot:") { "" } else { "robot: r\n" };
        let text = format!("{robot}{example}");
        if let Err(errors) =
            LaunchFile::parse(&folder.join("picar.yaml"), &text, &|name| Some(name.to_owned()))
        {
            panic!("{example}{errors}");
        }
    }
    fs::remove_dir_all(&folder).unwrap();
}
