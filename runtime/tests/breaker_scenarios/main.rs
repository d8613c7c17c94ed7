//! Replays behavioural scenarios on the real breaker, with a virtual clock.
//!
//! The project's own are in `tests/files/breaker/robot.json`, and all of them must pass. Where the shared collection lies
//! beside the project it is replayed too, and so are the files that `NEVIL_BREAKER_SCENARIOS` names (separated by `:`).
//! Scenarios of other projects are run with our semantics as far as their settings have a meaning here, and are left only
//! at a step where a row of our table differs (`rows.rs`); which and where is in `expected.txt`, and any change shows.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "all of this is a test")]

mod config;
mod replay;
mod rows;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use replay::Mismatch;
use serde_json::Value;

const EXPECTED: &str = include_str!("expected.txt");

fn read(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/files/breaker/robot.json")
}

fn shared() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/breaker/scenarios.json")
}

fn text<'a>(scenario: &'a Value, key: &str) -> &'a str {
    scenario[key].as_str().unwrap_or_default()
}

/// What is expected of each scenario: nothing for one that passes, or the step and the row where it is left.
fn expected() -> BTreeMap<&'static str, Option<(usize, &'static str)>> {
    let lines = EXPECTED.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let entry = |line: &'static str| {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            [id, "passes"] => (id, None),
            [id, "left", step, row] => (id, Some((step.parse().unwrap(), row))),
            _ => panic!("expected.txt: `{line}` is neither `ID passes` nor `ID left STEP ROW`"),
        }
    };
    lines.map(entry).collect()
}

/// What is wrong with how a scenario went; `None` if it went as it should.
fn judge(scenario: &Value, went: &Result<(), Mismatch>, rows: &mut Vec<String>) -> Option<String> {
    let id = text(scenario, "id");
    let expected = expected().get(id).copied();
    let must_pass = text(scenario, "group") == "robot";
    let must_be_left = text(scenario, "kind") == "bug";
    match (went, expected) {
        (Err(mismatch), _) if must_pass => Some(format!("{id}: step {}: {}", mismatch.step, mismatch.what)),
        (Ok(()), Some(None)) if !must_be_left => None,
        (Ok(()), None) if !must_be_left => None,
        (Ok(()), _) => Some(format!("{id} passes, and is expected to be left")),
        (Err(mismatch), Some(Some((step, row)))) if mismatch.step == step => {
            if !rows::differs(row, &scenario["config"], &scenario["steps"][step]) {
                return Some(format!("{id}: its settings do not differ from ours in the row `{row}`"));
            }
            rows.push(format!("{id}: left at step {step}: {} ({})", rows::question(row), mismatch.what));
            None
        }
        (Err(mismatch), expected) => {
            let Mismatch { step, what } = mismatch;
            Some(format!("{id}: step {step}: {what}; expected was {expected:?}"))
        }
    }
}

fn run(files: &[PathBuf]) {
    let (mut wrong, mut left, mut passed) = (Vec::new(), Vec::new(), 0);
    for scenario in files.iter().flat_map(|file| read(file)) {
        let went = replay::replay(&scenario);
        passed += usize::from(went.is_ok());
        wrong.extend(judge(&scenario, &went, &mut left));
    }
    println!("{passed} scenarios pass; {} are left where we differ:\n{}", left.len(), left.join("\n"));
    assert!(passed > 0, "no scenario was found");
    assert!(wrong.is_empty(), "{} scenarios went otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn breaker_scenarios_of_our_own_all_pass() {
    let scenarios = read(&own());
    assert!(scenarios.len() >= 17 && scenarios.iter().all(|scenario| scenario["group"] == "robot"));
    run(&[own()]);
}

#[test]
fn breaker_scenarios_of_others_pass_or_are_left_where_our_table_differs() {
    let more = std::env::var("NEVIL_BREAKER_SCENARIOS").unwrap_or_default();
    let more = more.split(':').filter(|path| !path.is_empty()).map(PathBuf::from);
    let shared = shared();
    if !shared.is_file() {
        println!("{} is not there: only our own scenarios are replayed", shared.display());
    }
    let first = if shared.is_file() { shared } else { own() };
    run(&std::iter::once(first).chain(more).collect::<Vec<_>>());
}
