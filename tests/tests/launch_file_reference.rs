//! What `docs/reference/launch-file.md` says is what the reader of launch files does.

use nevil_launch::{LaunchFile, PlanProblem};
use nevil_msgs::Problem;

const REFERENCE: &str = include_str!("../../docs/reference/launch-file.md");

#[test]
fn the_example_is_a_launch_file() {
    let example = REFERENCE.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let file = LaunchFile::parse("example.yaml".as_ref(), example, &|_| None).unwrap();
    assert_eq!(file.nodes.len(), 2);
}

#[test]
fn every_key_has_a_row_in_a_table() {
    let text = "robot: r\n?: 0\nmemory: { ?: 0 }\ntopics: { range: { ?: 0 } }\ngroups: { g: { ?: 0 } }\nwatchdog: { ?: 0 }\n\
                breakers: { b: { ?: 0, rate: { ?: 0, window: { ?: 0, calls: 9 }, slow_rate: 1 }, backoff: { ?: 0 }, \
                half_open: { ?: 0 } } }\n\
                nodes: { car: { ?: 0, thread: { ?: 0, wait: { ?: 0 } }, group: g, restart: { ?: 0 }, \
                callbacks: { a: { ?: 0 } } } }"
        .replace('?', "unknown");
    let errors = LaunchFile::parse("picar.yaml".as_ref(), &text, &|_| None).unwrap_err();
    assert_eq!(errors.problems.len(), 15);
    for error in errors.problems {
        let PlanProblem::Value(Problem::UnknownKey { known, .. }) = error.problem else { panic!("{error}") };
        for key in known {
            assert!(REFERENCE.contains(&format!("| `{key}` |")), "`{key}` has no row");
        }
    }
}
