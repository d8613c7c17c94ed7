//! Whatever stands in a launch file, the checker does not panic, and what it refuses has a place in the file.

use std::collections::BTreeSet;
use std::fs;
use std::thread::current;

use nevil_launch::{LaunchFileError, Machine, Plan, PlanError, PlanFor};
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
            let worlds = concat!(env!("CARGO_MANIFEST_DIR"), "/../launch/files/worlds");
            format!(
                r#"robot: generated
log: info
shutdown_timeout: {}ms
args:
  danger: {{ type: number, default: {danger}, description: how near }}
  navigates: {navigates}
environment: {{ NEVIL_GENERATED: "${{danger}} m" }}
breakers: {{ net: {{ failures: 3, backoff: {{ multiplier: 2 }} }} }}
groups: {{ driving: {{ strategy: rest_for_one }} }}
defaults: {{ breaker: net, restart: {restart}, subscriptions: {{ lifespan: 2s }} }}
modes:
  day:
  night:
    log: debug
    breakers: {{ net: {{ failures: 9 }} }}
    topics: {{ range: {{ depth: 1 }} }}
    nodes: {{ motion: {{ paused: true }} }}
nodes:
  sim_car:
    params: {{ world: {worlds}/living_room.yaml }}
    thread: {thread}
  obstacle_detection:
    depends_on: [sim_car]
    params: {{ danger_m: "${{danger}}" }}
    callbacks: {{ on_range: {{ timeout: 50ms }} }}
    ready: {{ topic: safety_status, timeout: 2s }}
  motion:
    timeout: {timeout}ms
    group: driving
    depends_on: [sim_car, obstacle_detection]
  navigation:
    if: ["${{navigates}}", "${{danger}} != 7"]
    depends_on: [motion]
    subscriptions: {{ range: {{ depth: {depth} }} }}
  second_eye:
    type: obstacle_detection
    namespace: rear
    remap: {{ range: /range }}
    required: false
topics:
  autonomous_drive: {{ external: true, unless: "${{navigates}}" }}
  motion_status: {{ external: true, unless: "${{navigates}}" }}
  rear/safety_status: {{ external: true }}
  range: {{ depth: {depth}, lifespan: 250ms }}
"#,
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

/// What is wrong with the file, or one of its modes: the lines, the kinds and the texts of all problems.
fn problems(text: &str) -> Vec<(usize, String, String)> {
    let (types, machine) = (nevil::shipped_nodes(), Machine::here());
    let path = std::env::temp_dir().join(format!(
        "nevil-generated-{}-{:?}.yaml",
        std::process::id(),
        current().id()
    ));
    fs::write(&path, text).expect("there is a directory for temporary files");
    let plan_for = PlanFor { types: &types, machine: &machine, here: &machine, lookup: &|_| None };
    let plan = Plan::read(&path.clone().into(), &plan_for);
    fs::remove_file(&path).expect("it was just written");
    match plan {
        Ok(_) => Vec::new(),
        Err(LaunchFileError::Wrong(errors)) => {
            let problem = |error: &PlanError| (error.mark.line(), error.problem.kind(), error.to_string());
            errors.problems.iter().map(problem).collect()
        }
        Err(error) => panic!("{error}"),
    }
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
        for (line, kind, problem) in problems(&text) {
            prop_assert!((1..=lines).contains(&line), "{line}: {problem}\n{text}");
            kinds.borrow_mut().insert(kind);
        }
        Ok(())
    });
    assert_eq!(checked, Ok(()));
    assert!(kinds.borrow().len() > 5, "they are broken in many ways: {:?}", kinds.borrow());
}
