//! The reference page.

use std::fs;
use std::path::Path;

use nevil_msgs::Problem;

use super::super::page::table;
use super::super::{reference_page, sections};
use crate::PlanProblem;
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

fn is_of_unread_key(problem: &PlanProblem) -> bool {
    let PlanProblem::Value(Problem::UnknownKey { given, .. }) = problem else { return false };
    sections().iter().flat_map(|section| section.keys).any(|key| !key.is_read && key.name == given)
}

#[test]
fn the_examples_of_the_page_are_launch_files() {
    let page = reference_page();
    let examples: Vec<_> =
        page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() > 8, "{}", examples.len());
    for example in examples {
        let mut text = example.to_owned();
        if !text.contains("robot:") {
            text.insert_str(0, "robot: r\n");
        }
        if let Err(errors) = LaunchFile::parse("picar.yaml".as_ref(), &text, &|name| Some(name.to_owned())) {
            // What nobody reads yet is refused, with what follows from it.
            assert!(
                errors.problems.iter().any(|error| is_of_unread_key(&error.problem)),
                "{example}{errors}"
            );
        }
    }
}
