use std::time::Duration;

use nevil_runtime::Time;

use super::Action::{Degraded, EndRobot, GiveUp, Healthy, InputDown, InputUp, Pause, Resume, Start, Stop};
use super::{Action, EndReason, HowEnded, NodeRule, StartOutcome, Supervision};
use crate::rules::{GroupRule, GroupStrategy, OnInputDown, RestartPolicy, RestartRule};

fn at(ms: u64) -> Time {
    Time::from_ns(ms * 1_000_000)
}

pub(super) fn node(name: &str) -> NodeRule {
    NodeRule {
        name: name.to_owned(),
        required: false,
        depends_on: Vec::new(),
        restart: RestartRule::default(),
        group: None,
        on_input_down: OnInputDown::default(),
        held: false,
    }
}

fn with_policy(name: &str, policy: RestartPolicy) -> NodeRule {
    NodeRule { restart: RestartRule { policy, ..RestartRule::default() }, ..node(name) }
}

/// Three nodes in one group.
fn grouped(strategy: GroupStrategy) -> Supervision {
    let nodes = ["a", "b", "c"].map(|name| NodeRule { group: Some(0), ..node(name) });
    Supervision::new(nodes.into(), vec![GroupRule { strategy, ..GroupRule::new("g") }])
}

fn degraded(ms: u64, why: &str) -> Action {
    Degraded { since: at(ms), why: why.to_owned() }
}

#[test]
fn a_node_that_failed_is_started_again_after_its_delay_and_the_robot_is_degraded_meanwhile() {
    let mut machine = Supervision::new(vec![node("a")], vec![]);
    assert_eq!(machine.ended(0, HowEnded::Failed, at(5)), [degraded(5, "`a` is down")]);
    assert_eq!((machine.due(), machine.down()), (Some(at(105)), vec![(0, at(5))]));
    assert_eq!(machine.act(at(104)), []);
    assert_eq!(machine.act(at(105)), [Start(0)]);
    assert_eq!((machine.due(), machine.is_degraded()), (None, true));
    assert_eq!(machine.started(0, StartOutcome::Active, at(110)), [Healthy]);
    assert!(machine.down().is_empty() && !machine.is_degraded());
}

#[test]
fn each_failure_doubles_the_delay_until_a_period_has_passed_without_one() {
    let mut machine = Supervision::new(vec![node("a")], vec![]);
    let mut now = 0;
    for (wait, delay) in [(0, 100), (0, 200), (0, 400), (60_000, 100)] {
        now += wait;
        machine.ended(0, HowEnded::Failed, at(now));
        assert_eq!(machine.due(), Some(at(now + delay)));
        machine.act(at(now + delay));
        machine.started(0, StartOutcome::Active, at(now + delay));
    }
}

#[test]
fn a_start_that_fails_is_a_failure() {
    let mut machine = Supervision::new(vec![node("a")], vec![]);
    machine.ended(0, HowEnded::Failed, at(0));
    for due in [100, 300, 700] {
        assert_eq!(machine.act(at(due)), [Start(0)]);
        let actions = machine.started(0, StartOutcome::Failed, at(due));
        assert_eq!(actions, if due == 700 { vec![GiveUp(0)] } else { vec![] });
    }
    assert_eq!((machine.due(), machine.down()), (None, vec![(0, at(0))]));
}

#[test]
fn only_permanent_nodes_are_started_again_after_a_good_end_and_temporary_ones_never() {
    use RestartPolicy::{Permanent, Temporary, Transient};
    for (policy, after_end, after_failure) in
        [(Permanent, true, true), (Transient, false, true), (Temporary, false, false)]
    {
        for (how, restarts) in [(HowEnded::Normally, after_end), (HowEnded::Failed, after_failure)] {
            let mut machine = Supervision::new(vec![with_policy("a", policy)], vec![]);
            machine.ended(0, how, at(0));
            assert_eq!(machine.due().is_some(), restarts, "{policy:?} {how:?}");
        }
    }
}

#[test]
fn a_good_end_degrades_nothing_and_stops_nobody() {
    let after = NodeRule { depends_on: vec![0], ..node("b") };
    let mut machine = Supervision::new(vec![node("a"), after], vec![]);
    assert_eq!(machine.ended(0, HowEnded::Normally, at(0)), []);
    assert!(machine.down().is_empty());
}

#[test]
fn with_one_for_one_only_the_failed_node_is_started_again() {
    let mut machine = grouped(GroupStrategy::OneForOne);
    assert_eq!(machine.ended(1, HowEnded::Failed, at(0)), [degraded(0, "`b` is down")]);
    assert_eq!(machine.act(at(100)), [Start(1)]);
}

#[test]
fn with_rest_for_one_those_after_it_are_stopped_in_reverse_order_and_started_in_order() {
    let mut machine = grouped(GroupStrategy::RestForOne);
    assert_eq!(machine.ended(0, HowEnded::Failed, at(0)), [Stop(2), degraded(0, "`a`, `c` are down")]);
    assert_eq!(machine.stopped(2, at(1)), [Stop(1)]);
    // The delay is over, but its group is not stopped yet.
    assert_eq!((machine.act(at(100)), machine.due()), (vec![], None));
    assert_eq!(machine.stopped(1, at(101)), [Start(0)]);
    assert_eq!(machine.started(0, StartOutcome::Active, at(102)), [Start(1)]);
    assert_eq!(machine.started(1, StartOutcome::Active, at(103)), [Start(2)]);
    assert_eq!(machine.started(2, StartOutcome::Active, at(104)), [Healthy]);

    assert_eq!(machine.ended(2, HowEnded::Failed, at(200)), [degraded(200, "`c` is down")]);
}

#[test]
fn with_one_for_all_those_before_it_are_started_again_too() {
    let mut machine = grouped(GroupStrategy::OneForAll);
    assert_eq!(machine.ended(1, HowEnded::Failed, at(0)), [Stop(2), degraded(0, "`b`, `c` are down")]);
    assert_eq!(machine.stopped(2, at(1)), [Stop(0)]);
    assert_eq!(machine.stopped(0, at(2)), []);
    assert_eq!(machine.act(at(100)), [Start(0)]);
}

#[test]
fn a_temporary_node_that_is_stopped_for_its_group_is_given_up() {
    let nodes = vec![
        NodeRule { group: Some(0), ..node("a") },
        NodeRule { group: Some(0), ..with_policy("b", RestartPolicy::Temporary) },
    ];
    let group = GroupRule { strategy: GroupStrategy::OneForAll, ..GroupRule::new("g") };
    let mut machine = Supervision::new(nodes, vec![group]);
    machine.ended(0, HowEnded::Failed, at(0));
    assert_eq!(machine.stopped(1, at(1)), [GiveUp(1)]);
    assert_eq!(machine.act(at(100)), [Start(0)]);
}

/// `a` ← `b` ← `c`, of which `b` does `on_b`.
fn chain(on_b: OnInputDown) -> Supervision {
    let nodes = vec![
        node("a"),
        NodeRule { depends_on: vec![0], on_input_down: on_b, ..node("b") },
        NodeRule { depends_on: vec![1], ..node("c") },
    ];
    Supervision::new(nodes, vec![])
}

#[test]
fn dependents_are_told_and_paused_and_resumed_in_the_order_of_their_start() {
    let mut machine = chain(OnInputDown::Pause);
    let down = |node| InputDown { node, of: 0, since: at(7) };
    let wanted = [down(1), Pause(1), down(2), Pause(2), degraded(7, "`a` is down")];
    assert_eq!(machine.ended(0, HowEnded::Failed, at(7)), wanted);
    assert_eq!(machine.paused(), [1, 2]);
    machine.act(at(107));
    let up = |node| InputUp { node, of: 0 };
    let wanted = [up(1), Resume(1), up(2), Resume(2), Healthy];
    assert_eq!(machine.started(0, StartOutcome::Active, at(108)), wanted);
}

#[test]
fn who_goes_on_without_an_input_is_told_and_keeps_its_own_dependents_going() {
    let mut machine = chain(OnInputDown::Continue);
    let down = |node| InputDown { node, of: 0, since: at(7) };
    assert_eq!(machine.ended(0, HowEnded::Failed, at(7)), [down(1), down(2), degraded(7, "`a` is down")]);
}

#[test]
fn who_pauses_is_given_up_with_what_it_cannot_do_without() {
    let mut nodes = vec![with_policy("a", RestartPolicy::Temporary), node("b"), node("c")];
    nodes[1].depends_on = vec![0];
    nodes[2].depends_on = vec![1];
    let mut machine = Supervision::new(nodes, vec![]);
    let wanted = [Stop(2), Stop(1), GiveUp(0), GiveUp(1), GiveUp(2), degraded(0, "`a`, `b`, `c` are down")];
    assert_eq!(machine.ended(0, HowEnded::Failed, at(0)), wanted);
    assert_eq!(machine.stopped(1, at(1)), []);
}

#[test]
fn a_required_node_that_is_given_up_ends_the_robot_and_nothing_follows() {
    let mut required = node("a");
    required.required = true;
    required.restart.intensity = 1;
    let mut machine = Supervision::new(vec![required, node("b")], vec![]);
    assert!(machine.required_are_up());
    machine.ended(0, HowEnded::Failed, at(0));
    assert!(!machine.required_are_up());
    machine.act(at(100));
    machine.started(0, StartOutcome::Active, at(100));
    let why = EndReason::Node { name: "a".to_owned() };
    assert_eq!(why.to_string(), "node `a` is required, and is not started again");
    assert_eq!(machine.ended(0, HowEnded::Failed, at(59_999)), [EndRobot { why }]);
    assert_eq!(machine.ended(1, HowEnded::Failed, at(60_000)), []);
    assert_eq!(machine.due(), None);
}

#[test]
fn a_restart_counts_no_more_exactly_when_its_period_has_passed() {
    let mut once = node("a");
    once.restart.intensity = 1;
    let mut machine = Supervision::new(vec![once], vec![]);
    machine.ended(0, HowEnded::Failed, at(0));
    machine.act(at(100));
    machine.started(0, StartOutcome::Active, at(100));
    machine.ended(0, HowEnded::Failed, at(60_000));
    assert_eq!(machine.due(), Some(at(60_100)));
}

/// Two nodes that are never started again by themselves, in a group that is so once.
fn fragile(required: bool) -> Supervision {
    let nodes = ["a", "b"].map(|name| {
        let restart = RestartRule { intensity: 0, ..RestartRule::default() };
        NodeRule { group: Some(0), restart, required: required && name == "b", ..node(name) }
    });
    Supervision::new(nodes.into(), vec![GroupRule { intensity: 1, ..GroupRule::new("g") }])
}

#[test]
fn a_node_that_fails_too_often_fails_its_group_which_is_started_again_as_a_whole() {
    let mut machine = fragile(false);
    assert_eq!(machine.ended(0, HowEnded::Failed, at(0)), [Stop(1), degraded(0, "`a`, `b` are down")]);
    machine.stopped(1, at(1));
    assert_eq!(machine.act(at(100)), [Start(0), Start(1)]);
    machine.started(0, StartOutcome::Active, at(100));
    machine.started(1, StartOutcome::Active, at(100));
    assert_eq!(machine.ended(1, HowEnded::Failed, at(200))[..3], [Stop(0), GiveUp(0), GiveUp(1)]);
}

#[test]
fn a_group_with_a_required_node_that_fails_too_often_ends_the_robot() {
    let mut machine = fragile(true);
    machine.ended(0, HowEnded::Failed, at(0));
    machine.stopped(1, at(1));
    machine.act(at(100));
    machine.started(0, StartOutcome::Active, at(100));
    let actions = machine.ended(0, HowEnded::Failed, at(200));
    let [EndRobot { why }] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!(
        why.to_string(),
        "group `g` failed more than 1 times within 60s, and a node of it is required"
    );
}

#[test]
fn a_node_that_starts_when_its_group_fails_is_stopped_as_soon_as_it_is_up() {
    let mut machine = grouped(GroupStrategy::OneForAll);
    machine.ended(2, HowEnded::Failed, at(0));
    machine.stopped(1, at(0));
    machine.stopped(0, at(0));
    machine.act(at(100));
    assert_eq!(machine.started(0, StartOutcome::Active, at(101)), [Start(1)]);
    assert_eq!(machine.ended(0, HowEnded::Failed, at(102)), []);
    assert_eq!(machine.started(1, StartOutcome::Active, at(103)), [Stop(1)]);
    assert_eq!(machine.stopped(1, at(104)), []);
    assert_eq!(machine.act(machine.due().unwrap()), [Start(0)]);
}

#[test]
fn a_node_waits_for_what_it_depends_on_before_it_is_started_again() {
    let mut machine = chain(OnInputDown::Pause);
    machine.ended(1, HowEnded::Failed, at(0));
    machine.ended(0, HowEnded::Failed, at(50));
    assert_eq!(machine.act(at(149)), []);
    assert_eq!(machine.act(at(150)), [Start(0)]);
    let wanted = [InputUp { node: 2, of: 0 }, Start(1)];
    assert_eq!(machine.started(0, StartOutcome::Active, at(151)), wanted);
}

#[test]
fn nodes_that_could_not_be_started_with_the_robot_leave_it_degraded() {
    let mut machine = chain(OnInputDown::Pause);
    let actions = machine.left_out(&[0, 1, 2], at(0));
    assert_eq!(actions, [GiveUp(0), GiveUp(1), GiveUp(2), degraded(0, "`a`, `b`, `c` are down")]);
    assert!(machine.required_are_up());
}

#[test]
fn a_group_in_which_each_stands_for_itself_does_not_wait_for_the_delay_of_another() {
    let mut machine = grouped(GroupStrategy::OneForOne);
    machine.ended(0, HowEnded::Failed, at(0));
    machine.ended(1, HowEnded::Failed, at(0));
    let of_one = Duration::from_millis(100);
    assert_eq!(machine.act(at(0) + of_one), [Start(0), Start(1)]);
}

#[test]
fn a_plan_is_supervised_as_its_file_says() {
    struct Part;
    impl nevil_runtime::Node for Part {
        type Params = ();
        fn configure(
            _: &mut nevil_runtime::Setup<'_, Self>,
            (): (),
        ) -> Result<Self, nevil_runtime::NodeError> {
            Ok(Self)
        }
    }
    let text = "robot: r\ngroups: { g: { strategy: rest_for_one } }\nnodes:\n  \
                b: { type: part, depends_on: [a], group: g, required: false }\n  \
                a: { type: part, group: g, restart: permanent }";
    let file = crate::LaunchFile::parse("r.yaml".as_ref(), text, &|_| None).unwrap();
    let types = nevil_runtime::NodeTypes::new().with::<Part>("part");
    let mut machine = Supervision::of(&crate::Plan::new(&file, &types).unwrap());
    assert_eq!(machine.ended(0, HowEnded::Normally, at(0)), [Stop(1), degraded(0, "`a`, `b` are down")]);
    assert!(!machine.required_are_up());
}
