//! The page that walks through a node shows the node as it is, and the robot of its launch file follows its line.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "all of this is a test")]

const PAGE: &str = include_str!("../../docs/guide/line-follower.md");
const NODE: &str = include_str!("../../nodes/line_follower/src/lib.rs");

#[test]
fn what_the_page_shows_of_the_node_stands_in_the_node() {
    let blocks = PAGE.split("\n```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("rust\n"));
    let mut found = 0;
    for block in blocks {
        let shown: Vec<_> = block.lines().filter(|line| !line.starts_with("# ")).collect();
        // The test of the node is the page's own.
        if shown.iter().any(|line| line.contains("TestNode")) {
            continue;
        }
        assert!(NODE.contains(&shown.join("\n")), "the node is otherwise than the page shows:\n{block}");
        found += 1;
    }
    assert_eq!(found, 5);
}
