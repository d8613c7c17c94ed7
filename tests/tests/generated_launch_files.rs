//! Whatever stands in a launch file, the checker does not panic, and what it refuses has a place in the file.

use std::collections::BTreeSet;

use nevil_launch::{LaunchFile, Plan};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Files, half of which are broken.
const FILES: u32 = 100;

/// A robot of shipped nodes that is right.
fn right() -> impl Strategy<Value = String> {
    let thread = prop::sample::select(vec![
        "{ nice: 5 }",
        "{ policy: fifo, priority: 50, cores: auto }",
        "{ policy: rr, priority: 10, cores: [0], stack: 1MiB }",
        "{ wait: { spin: 50us } }",
    ]);
    let restart = prop::sample::select(vec!["transient", "{ policy: permanent, delay: 1s }", "temporary"]);
    // Between the bounds on either side of it.
    let danger = 0.11_f32..0.19;
    let timeout = 100_u32..2_000;
    (thread, restart, danger, timeout, 1_u32..=256, any::<bool>()).prop_map(
        |(thread, restart, danger, timeout, depth, navigates)| {
            let navigation = match navigates {
                true => "  navigation:\n    depends_on: [motion]\n",
                false => "",
            };
            let outside = match navigates {
                true => "",
                false => "  autonomous_drive: { external: true }\n  motion_status: { external: true }\n",
            };
            format!(
                "robot: generated\nshutdown_timeout: {}ms\nnodes:\n  sim_car:\n    params: {{ world: worlds/living_room.yaml }}\n    \
                 thread: {thread}\n  obstacle_detection:\n    restart: {restart}\n    depends_on: [sim_car]\n    \
                 params: {{ danger_m: {danger} }}\n  motion:\n    timeout: {timeout}ms\n    \
                 depends_on: [sim_car, obstacle_detection]\n{navigation}topics:\n{outside}  \
                 range: {{ depth: {depth}, lifespan: 250ms }}\n",
                timeout + 1_000
            )
        },
    )
}

/// What is done to a file: where, as a share of its length, and what is put there.
fn broken() -> impl Strategy<Value = String> {
    let junk = prop::sample::select(vec![
        "",
        ":",
        "{",
        "]",
        "\t",
        "- ",
        "null",
        "${",
        "${NOBODY}",
        "&a ",
        "*a",
        "\u{0}",
        "ä",
        "\n",
        "99999999999",
        "priority",
        "  nodes: 1\n",
        "\"",
        "-1",
        "nan",
        "range",
        "motion",
        "!tag ",
    ]);
    let edits = prop::collection::vec((0_usize..1_000, 0_usize..12, junk), 1..4);
    (right(), edits).prop_map(|(mut text, edits)| {
        for (at, gone, junk) in edits {
            let mut letters: Vec<char> = text.chars().collect();
            let begin = at * letters.len() / 1_000;
            let end = (begin + gone).min(letters.len());
            letters.splice(begin..end, junk.chars());
            text = letters.into_iter().collect();
        }
        text
    })
}

/// What is wrong with the file, with the lines of each problem.
fn problems(text: &str) -> Vec<(usize, String)> {
    let types = nevil::shipped_nodes();
    // Beside the worlds.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../launch/files/generated.yaml");
    let plan = LaunchFile::parse(path.as_ref(), text, &|_| None)
        .and_then(|file| Plan::new(&file, &types).map(|_| ()));
    let problems = plan.err().map(|errors| errors.problems).unwrap_or_default();
    problems.iter().map(|problem| (problem.mark.line(), problem.to_string())).collect()
}

/// The same files each time.
fn runner() -> TestRunner {
    let config = Config { cases: FILES / 2, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

#[test]
fn files_of_the_grammar_are_right() {
    let checked = runner().run(&right(), |text| {
        prop_assert_eq!(problems(&text), [], "{}", text);
        Ok(())
    });
    assert_eq!(checked, Ok(()));
}

#[test]
fn broken_files_never_panic_the_checker_and_each_refusal_has_a_place_in_the_file() {
    let kinds = std::cell::RefCell::new(BTreeSet::new());
    let checked = runner().run(&broken(), |text| {
        let lines = text.lines().count() + 1;
        for (line, problem) in problems(&text) {
            prop_assert!((1..=lines).contains(&line), "{line}: {problem}\n{text}");
            kinds.borrow_mut().insert(problem.split(": ").last().unwrap_or_default().len());
        }
        Ok(())
    });
    assert_eq!(checked, Ok(()));
    assert!(kinds.borrow().len() > 10, "they are broken in many ways");
}
