//! What `nevil new` writes works, and so does what the pages for beginners show. Their Rust blocks are tests of the
//! documentation of this crate; `./nevil test scaffold` runs their commands.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "all of this is a test")]

use std::collections::BTreeSet;
use std::path::Path;

use nevil::runtime::NodeTypes;
use nevil_launch::{LaunchFile, Plan};

// Templates of a project, with their own tests.
#[path = "../../launch/cli/src/scaffold/templates/node.rs"]
#[allow(unreachable_pub, reason = "in a project it is a file of a binary")]
mod node;
#[path = "../../launch/cli/src/scaffold/templates/pilot.rs"]
#[allow(unreachable_pub, reason = "in a project it is a file of a binary")]
mod pilot;

const START: &str = include_str!("../../docs/start.md");
const WRITE_A_NODE: &str = include_str!("../../docs/guide/write-a-node.md");
const LAUNCH: &str = include_str!("../../launch/cli/src/scaffold/templates/launch.yaml");
const PILOT: &str = include_str!("../../launch/cli/src/scaffold/templates/pilot.rs");

fn types() -> NodeTypes {
    nevil::shipped_nodes().with::<pilot::Pilot>("pilot").with::<node::Sample>("horn")
}

/// The plan of a launch file that stands where the shipped ones are, beside their worlds.
fn plan(text: &str) -> Plan {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../launch/files/page.yaml");
    let file = LaunchFile::parse(&path, text, &|_| None).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    Plan::new(&file, &types()).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

/// The blocks of a page: what stands behind the fence, and the text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let fenced = page.split("\n```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').unwrap()).collect()
}

#[test]
fn the_launch_file_of_a_new_robot_is_planned_without_a_note() {
    let plan = plan(LAUNCH);
    assert_eq!(plan.nodes.len(), 4);
    assert_eq!(plan.notes, []);
}

#[test]
fn the_node_that_the_page_shows_is_the_one_that_is_written() {
    let shown = blocks(START).into_iter().find(|(kind, _)| *kind == "rust").unwrap().1;
    assert_eq!(Some(shown), PILOT.split("\n\n#[cfg(test)]").next());
}

#[test]
fn every_launch_file_of_the_pages_is_planned() {
    let mut planned = 0;
    let worlds = concat!(env!("CARGO_MANIFEST_DIR"), "/../launch/files/worlds/");
    let robot = std::env::temp_dir().join(format!("nevil-scaffold-{}.yaml", std::process::id()));
    std::fs::write(&robot, LAUNCH.replace("worlds/", worlds)).unwrap();
    for (kind, text) in blocks(START).into_iter().chain(blocks(WRITE_A_NODE)) {
        if kind == "yaml" {
            // The template is called `sample`, and what the reader has made of it `horn`. What a page shows is written
            // into the reader's own launch file, or in place of it.
            let text = text.replace("horn_report", "sample_report");
            plan(&format!("robot: page\ninclude: [{}]\n{text}\n", robot.display()));
            planned += 1;
        }
    }
    std::fs::remove_file(&robot).unwrap();
    assert!(planned >= 3, "{planned}");
}

#[test]
fn every_block_of_the_pages_is_of_a_kind_that_is_compiled_or_run() {
    let kinds: BTreeSet<_> =
        blocks(START).into_iter().chain(blocks(WRITE_A_NODE)).map(|(kind, _)| kind).collect();
    assert_eq!(kinds, BTreeSet::from(["diff", "rust", "sh", "yaml"]));
}
