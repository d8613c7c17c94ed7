//! The node of the README is a file that compiles and works.

use std::fs;
use std::path::Path;

use nevil_runtime::testing::TestNode;

// Brings the prelude along, as a node's file does.
include!("../files/readme/shy.rs");

#[test]
fn the_node_of_the_readme_is_the_tested_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let block = readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next());
    let file = fs::read_to_string(root.join("tests/files/readme/shy.rs")).unwrap();
    assert_eq!(block, Some(file.as_str()));
}

#[test]
fn the_node_of_the_readme_backs_off_from_what_is_near_and_from_nothing_else() {
    let mut shy = TestNode::<Shy>::start("").unwrap();
    for (reading, distance_m) in [(RangeReading::Echo, 0.6), (RangeReading::Timeout, 0.0)] {
        shy.publish(topics::RANGE, Range { reading, distance_m }).unwrap();
        shy.step();
    }
    assert_eq!(shy.take(topics::AUTONOMOUS_DRIVE).unwrap(), []);
    shy.publish(topics::RANGE, Range { reading: RangeReading::Echo, distance_m: 0.4 }).unwrap();
    shy.step();
    let wishes = shy.take(topics::AUTONOMOUS_DRIVE).unwrap();
    assert_eq!(wishes, [Drive { speed_mps: -0.2, steering_rad: 0.0, valid_for_ms: 300 }]);
    assert_eq!(shy.stop(), Vec::<String>::new());
}
