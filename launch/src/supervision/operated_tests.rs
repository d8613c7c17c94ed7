//! What an operator may want of a node, by what follows.

use nevil_runtime::Time;

use super::Action::{Degraded, Healthy, InputDown, InputUp, Pause, Resume, Start, Stop};
use super::tests::node;
use super::{HowEnded, NodeRule, RestartRefused, Stage, StartOutcome, Supervision};
use crate::rules::{OnInputDown, RestartPolicy, RestartRule};

fn at(ms: u64) -> Time {
    Time::from_ns(ms * 1_000_000)
}

/// Two nodes, of which the second depends on the first.
fn two() -> Supervision {
    Supervision::new(vec![node("a"), NodeRule { depends_on: vec![0], ..node("b") }], vec![])
}

#[test]
fn a_restart_is_told_to_those_that_depend_on_the_node_as_when_it_fails_and_has_no_delay() {
    let mut machine = two();
    let since = at(5);
    let why = "`a` is down".to_owned();
    assert_eq!(
        machine.restart_asked(0, since).unwrap(),
        [InputDown { node: 1, of: 0, since }, Pause(1), Stop(0), Degraded { since, why }]
    );
    assert_eq!(machine.stage(0), Stage::Changing);
    assert_eq!(machine.stopped(0, at(9)), [Start(0)]);
    let up = machine.started(0, StartOutcome::Active, at(12));
    assert_eq!(up, [InputUp { node: 1, of: 0 }, Resume(1), Healthy]);
    assert_eq!(machine.stage(0), Stage::Up);
}

#[test]
fn a_temporary_node_is_started_again_for_an_operator_though_never_after_a_failure() {
    let restart = RestartRule { policy: RestartPolicy::Temporary, ..RestartRule::default() };
    let mut machine = Supervision::new(vec![NodeRule { restart, ..node("a") }], vec![]);
    machine.restart_asked(0, at(0)).unwrap();
    assert_eq!(machine.stopped(0, at(1)), [Start(0)]);
    machine.started(0, StartOutcome::Active, at(2));
    machine.ended(0, HowEnded::Failed, at(3));
    assert_eq!(machine.stage(0), Stage::Over);
    assert_eq!(machine.restart_asked(0, at(4)).unwrap(), [Start(0)]);
}

#[test]
fn a_node_that_waits_for_its_delay_is_started_at_once() {
    let mut machine = two();
    machine.ended(1, HowEnded::Failed, at(0));
    assert_eq!(machine.due(), Some(at(100)));
    assert_eq!(machine.restart_asked(1, at(10)).unwrap(), [Start(1)]);
}

#[test]
fn a_node_that_cannot_do_without_one_that_was_given_up_is_not_restarted_before_that_one() {
    let mut machine = two();
    machine.shed(0, at(0));
    let refused = machine.restart_asked(1, at(1)).unwrap_err();
    assert_eq!(refused, RestartRefused::Input { input: "a".to_owned() });
    assert_eq!(refused.to_string(), "it depends on `a`, which is not started again; restart that one first");
    assert_eq!(machine.restart_asked(0, at(2)).unwrap(), [Start(0)]);
}

#[test]
fn a_node_is_paused_as_long_as_anybody_wants_it() {
    let mut machine = two();
    assert_eq!(machine.hold(1, at(0)), [Pause(1)]);
    machine.ended(0, HowEnded::Failed, at(1));
    // Its input is down too; when that is up again, the operator still wants it to pause.
    machine.act(at(101));
    assert_eq!(machine.pauses()[0].inputs, [0]);
    let up = machine.started(0, StartOutcome::Active, at(102));
    assert_eq!(up, [InputUp { node: 1, of: 0 }, Healthy]);
    assert_eq!((machine.pauses()[0].held, machine.pauses()[0].inputs.len()), (true, 0));
    assert_eq!(machine.release(1, at(103)), [Resume(1)]);
    assert!(machine.pauses().is_empty());
}

#[test]
fn a_node_that_is_held_pauses_in_its_next_life_and_holds_up_nobody_else() {
    let mut machine = two();
    assert_eq!(machine.hold(0, at(0)), [Pause(0)], "the other one goes on");
    machine.restart_asked(0, at(1)).unwrap();
    machine.stopped(0, at(2));
    let up = machine.started(0, StartOutcome::Active, at(3));
    assert_eq!(up, [Pause(0), InputUp { node: 1, of: 0 }, Resume(1), Healthy]);
}

#[test]
fn a_node_that_begins_paused_is_paused_with_the_first_look() {
    let held = NodeRule { held: true, on_input_down: OnInputDown::Continue, ..node("a") };
    assert_eq!(Supervision::new(vec![held], vec![]).act(at(0)), [Pause(0)]);
}
