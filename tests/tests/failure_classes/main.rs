//! Each kind of failure that robots of this kind really had is kept from coming back by a test.
//!
//! | what went wrong | what must hold | where |
//! |---|---|---|
//! | stuck lock, microphone muted for ever | what is exclusive is a lease, and passes on | `classes`, `runtime` |
//! | silent death or hang of a thread | it is named with its callback, and replaced | `classes`, `wall` |
//! | feedback loops | nodes that answer one another are refused before the start; messages that go round are refused, and counted | `classes` |
//! | queues build up, data gets stale | queues are bounded, old messages expire, both are counted | `classes` |
//! | configuration drifts | unknown keys are refused | `classes`, `bad_launch_files` |
//! | two want one device | the claim names who has it | `classes` |
//! | unsafe stop | the car stands, however the process ends | `robot`, `wall` |
//! | one failure stops all | the others go on, and the robot says that it is degraded | `classes`, `claims` |
//! | hidden errors | the text of an error and its count are visible | `classes` |
//! | state is lost for late joiners | a latched value reaches a node that is started again | `classes` |
//!
//! `TESTS` names the tests. `wall`: the car heads for a wall while something hangs or dies. `claims`: what breakers and
//! supervision are for. `rules`: what a launch file can say about hangs and panics.
#![cfg(test)]
#![forbid(unsafe_code)]

#[path = "../robot/place.rs"]
#[expect(dead_code, reason = "the tests of `robot` use the rest")]
mod place;
#[path = "../robot/process.rs"]
#[expect(dead_code, reason = "the tests of `robot` use the rest")]
mod process;
#[path = "../robot/robot.rs"]
mod robot;
#[path = "../robot/world.rs"]
#[expect(dead_code, reason = "the tests of `robot` use the rest")]
mod world;

mod between;
mod claims;
mod classes;
mod rules;
mod wall;

use std::fs;
use std::path::Path;

const CLASSES: &str = "tests/tests/failure_classes/classes.rs";
const HANG: &str = "runtime/tests/hang.rs";
const START: &str = "tests/tests/robot/start.rs";
const THREADS: &str = "runtime/src/breaker/tests/threads.rs";

/// The tests that keep each class, and what else is claimed: in which file, by which names.
const TESTS: [(&str, &str, &[&str]); 19] = [
    ("stuck lock", CLASSES, &["stuck_lock_the_microphone_of_a_node_that_hangs_passes_on"]),
    (
        "stuck lock",
        "runtime/src/lease/tests.rs",
        &["a_lease_of_a_node_that_hangs_passes_on_after_its_deadline_and_its_late_end_takes_nothing_away"],
    ),
    ("silent hang", CLASSES, &["silent_hang_the_report_names_node_and_callback_and_the_node_is_replaced"]),
    (
        "silent hang",
        HANG,
        &["a_hung_callback_is_given_up_and_the_next_life_goes_on_with_all_accounts_balanced"],
    ),
    (
        "feedback loop",
        CLASSES,
        &["feedback_loop_nodes_that_answer_one_another_are_refused_before_anything_starts"],
    ),
    (
        "feedback loop",
        "tests/tests/counters/main.rs",
        &["each_counter_moves_in_its_situation_and_only_those_that_are_named_with_it"],
    ),
    ("queue build-up, stale data", CLASSES, &["queue_build_up_and_stale_data_are_bounded_and_counted"]),
    (
        "configuration drift",
        CLASSES,
        &["configuration_drift_a_key_or_a_parameter_that_means_nothing_is_refused_with_those_that_do"],
    ),
    (
        "configuration drift",
        "tests/tests/bad_launch_files.rs",
        &["each_bad_launch_file_is_answered_with_the_text_beside_it"],
    ),
    ("device conflict", CLASSES, &["device_conflict_the_claim_names_who_has_it"]),
    (
        "unsafe stop",
        "tests/tests/robot/death.rs",
        &[
            "the_car_stands_when_the_robot_is_killed",
            "one_sent_fault_ends_the_robot_and_the_car_stands",
            "the_car_stands_when_the_robot_aborts",
            "the_car_stands_when_a_callback_overflows_its_stack",
            "the_world_itself_drives_on_when_who_has_commanded_it_is_gone",
        ],
    ),
    (
        "unsafe stop",
        "tests/tests/robot/stop.rs",
        &["a_second_ctrl_c_ends_a_robot_whose_node_hangs_at_once_and_the_car_stands"],
    ),
    (
        "one failure stops all",
        CLASSES,
        &[
            "one_failure_stops_all_a_crash_loop_ends_one_node_and_the_others_go_on",
            "one_failure_stops_all_a_crash_loop_of_a_required_node_is_told_by_the_exit_code",
        ],
    ),
    (
        "half-started robot",
        START,
        &[
            "a_required_node_that_fails_to_start_ends_the_launch_with_3_and_the_others_in_order",
            "a_robot_runs_without_an_optional_node_that_fails_to_start",
        ],
    ),
    ("hidden errors", CLASSES, &["hidden_errors_the_text_and_the_count_of_an_error_are_visible"]),
    (
        "hidden errors",
        "tests/tests/counters/main.rs",
        &["each_counter_moves_in_its_situation_and_only_those_that_are_named_with_it"],
    ),
    ("state lost", CLASSES, &["state_lost_a_latched_value_reaches_a_node_that_is_started_again"]),
    (
        "stop and reset",
        "tests/tests/robot/estop.rs",
        &[
            "an_emergency_stop_from_the_command_line_holds_until_it_is_reset",
            "the_car_stands_on_an_emergency_stop_although_a_device_call_hangs_and_the_reset_waits_for_it",
        ],
    ),
    (
        "many threads",
        THREADS,
        &[
            "a_cascade_is_cut_short_when_everything_fails_on_many_threads",
            "counts_of_many_threads_are_exact_when_all_is_quiet",
        ],
    ),
];

#[test]
fn each_test_that_keeps_a_class_of_failures_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (class, file, names) in TESTS {
        let text =
            fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{class}: {file}: {error}"));
        for name in names {
            assert!(
                text.contains(&format!("#[test]\nfn {name}() {{")),
                "{class}: {file} has no test `{name}`"
            );
        }
    }
}
