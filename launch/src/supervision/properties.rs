//! What holds whatever happens: a plain robot obeys the actions, and finds each wrong that it could not obey.

use std::time::Duration;

use nevil_runtime::Time;
use proptest::prelude::*;

use super::tests::node;
use super::{Action, HowEnded, NodeRule, StartOutcome, State, Supervision};
use crate::rules::{GroupRule, GroupStrategy, OnInputDown, RestartPolicy, RestartRule};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Is {
    Running,
    Stopping,
    Starting,
    Down,
    Finished,
    GivenUp,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Fail(usize),
    End(usize),
    /// Answers what the node was last told, if it has not yet.
    Obey(usize),
    /// The same, but a start fails.
    Refuse(usize),
    /// An operator wants the node to pause, or to go on, or to be started again.
    Hold(usize),
    Release(usize),
    Restart(usize),
    Wait(Duration),
}

#[derive(Clone)]
struct Robot {
    rules: Vec<NodeRule>,
    machine: Supervision,
    nodes: Vec<(Is, bool)>,
    held: Vec<bool>,
    degraded: bool,
    over: bool,
    now: Time,
}

impl Robot {
    fn new(rules: Vec<NodeRule>, groups: Vec<GroupRule>) -> Self {
        let nodes = vec![(Is::Running, false); rules.len()];
        let machine = Supervision::new(rules.clone(), groups);
        let held = vec![false; rules.len()];
        Self { rules, machine, nodes, held, degraded: false, over: false, now: Time::ZERO }
    }

    fn apply(&mut self, event: Event) {
        let actions = match event {
            Event::Fail(node) => self.end(node, HowEnded::Failed),
            Event::End(node) => self.end(node, HowEnded::Normally),
            Event::Obey(node) | Event::Refuse(node) if self.nodes[node].0 == Is::Starting => {
                let active = matches!(event, Event::Obey(_));
                self.nodes[node] = (if active { Is::Running } else { Is::Down }, false);
                let outcome = if active { StartOutcome::Active } else { StartOutcome::Failed };
                self.machine.started(node, outcome, self.now)
            }
            Event::Obey(node) | Event::Refuse(node) => {
                // An answer to no question must do no harm.
                if self.nodes[node].0 == Is::Stopping {
                    self.nodes[node] = (Is::Down, false);
                    self.machine.stopped(node, self.now)
                } else if self.nodes[node].0 == Is::GivenUp {
                    self.machine.stopped(node, self.now)
                } else {
                    Vec::new()
                }
            }
            Event::Hold(node) => {
                self.held[node] = true;
                self.machine.hold(node, self.now)
            }
            Event::Release(node) => {
                self.held[node] = false;
                self.machine.release(node, self.now)
            }
            Event::Restart(node) => self.restart(node),
            Event::Wait(time) => {
                self.now = self.now + time;
                self.machine.act(self.now)
            }
        };
        self.obey(&actions);
    }

    fn restart(&mut self, node: usize) -> Vec<Action> {
        let Ok(actions) = self.machine.restart_asked(node, self.now) else { return Vec::new() };
        if matches!(self.nodes[node].0, Is::GivenUp | Is::Finished) {
            self.nodes[node] = (Is::Down, false);
        }
        actions
    }

    fn end(&mut self, node: usize, how: HowEnded) -> Vec<Action> {
        let actions = self.machine.ended(node, how, self.now);
        // A node that was about to be stopped with its group comes back with it, however it ends.
        let finished = self.machine.nodes[node].state == State::Finished;
        assert!(!finished || self.nodes[node].0 == Is::Finished || how == HowEnded::Normally);
        self.nodes[node].0 = match self.nodes[node].0 {
            Is::Running if finished => Is::Finished,
            Is::Running | Is::Stopping | Is::Starting => Is::Down,
            other => other,
        };
        self.nodes[node].1 = false;
        actions
    }

    fn obey(&mut self, actions: &[Action]) {
        for (index, action) in actions.iter().enumerate() {
            assert!(!self.over, "nothing follows the end: {actions:?}");
            match *action {
                Action::Stop(node) => {
                    let gives_up = actions[index..].contains(&Action::GiveUp(node));
                    let is = self.nodes[node].0;
                    assert!(is == Is::Running || (gives_up && is == Is::Starting), "{action:?} of {is:?}");
                    self.nodes[node] = (Is::Stopping, false);
                }
                Action::Start(node) => {
                    assert_eq!(self.nodes[node].0, Is::Down, "{actions:?}");
                    let group = self.rules[node].group;
                    let peers = (0..self.rules.len()).filter(|&peer| self.rules[peer].group == group);
                    for peer in peers.filter(|_| group.is_some()) {
                        assert!(
                            self.nodes[peer].0 != Is::Stopping,
                            "{node} starts although {peer} of its group stops"
                        );
                    }
                    if self.rules[node].on_input_down == OnInputDown::Pause {
                        for &of in &self.rules[node].depends_on {
                            let is = self.nodes[of];
                            // One that an operator holds is up for those that depend on it.
                            assert!(
                                matches!(is, (Is::Running | Is::Finished, paused) if !paused || self.held[of]),
                                "{node} starts, {of} is {is:?}"
                            );
                        }
                    }
                    self.nodes[node].0 = Is::Starting;
                }
                Action::Pause(node) => {
                    assert_eq!(self.nodes[node], (Is::Running, false), "{actions:?}");
                    self.nodes[node].1 = true;
                }
                Action::Resume(node) => {
                    assert_eq!(self.nodes[node], (Is::Running, true), "{actions:?}");
                    self.nodes[node].1 = false;
                }
                Action::InputDown { node, .. } | Action::InputUp { node, .. } => {
                    assert_eq!(self.nodes[node].0, Is::Running, "{actions:?}");
                }
                Action::GiveUp(node) => {
                    assert!(!self.rules[node].required, "a required node ends the robot");
                    assert!(matches!(self.nodes[node].0, Is::Down | Is::Stopping), "{actions:?}");
                    self.nodes[node].0 = Is::GivenUp;
                }
                Action::Degraded { .. } | Action::Healthy => {
                    let degraded = matches!(action, Action::Degraded { .. });
                    assert_ne!(self.degraded, degraded, "it is a change");
                    self.degraded = degraded;
                }
                Action::EndRobot { .. } => self.over = true,
            }
        }
        assert_eq!(self.machine.is_degraded() && !self.over, self.degraded && !self.over);
    }

    /// Answers everything well until nothing is left to do, and looks whether all is in order then.
    fn settle(mut self) {
        for _ in 0..40 {
            (0..self.nodes.len()).for_each(|node| self.apply(Event::Obey(node)));
            if let Some(due) = self.machine.due() {
                self.apply(Event::Wait(due.since(self.now)));
            }
        }
        if self.over {
            return;
        }
        assert_eq!(self.machine.due(), None);
        for (node, is) in self.nodes.iter().enumerate() {
            let is_held = self.held[node] && is.0 == Is::Running;
            assert!(
                matches!(is, (Is::Running | Is::Finished | Is::GivenUp, paused) if *paused == is_held),
                "node {node} is {is:?}"
            );
        }
        let gone = self.nodes.iter().any(|node| node.0 == Is::GivenUp);
        assert_eq!((self.degraded, !self.machine.down().is_empty()), (gone, gone));
        assert!(self.machine.required_are_up());
    }
}

/// Applies all sequences of `depth` of these events.
fn walk(robot: &Robot, events: &[Event], depth: usize) {
    robot.clone().settle();
    for &event in events.iter().filter(|_| depth > 0 && !robot.over) {
        let mut next = robot.clone();
        next.apply(event);
        walk(&next, events, depth - 1);
    }
}

#[test]
fn whatever_happens_to_three_nodes_in_four_steps_leaves_them_in_order() {
    let mut events = vec![Event::Wait(Duration::from_millis(100))];
    events.extend((0..3).flat_map(|node| [Event::Fail(node), Event::Obey(node), Event::Refuse(node)]));
    use GroupStrategy::{OneForAll, OneForOne, RestForOne};
    for strategy in [OneForOne, RestForOne, OneForAll] {
        for grouped in [[true, true, true], [true, false, true]] {
            let rules = (0..3_usize).map(|index| {
                let restart = RestartRule { intensity: 1, ..RestartRule::default() };
                let depends_on = if index == 2 { vec![1] } else { Vec::new() };
                NodeRule { restart, depends_on, group: grouped[index].then_some(0), ..node("n") }
            });
            let group = GroupRule { strategy, ..GroupRule::new("g") };
            walk(&Robot::new(rules.collect(), vec![group]), &events, 4);
        }
    }
}

fn policies() -> impl Strategy<Value = RestartPolicy> {
    prop_oneof![
        2 => Just(RestartPolicy::Permanent),
        4 => Just(RestartPolicy::Transient),
        1 => Just(RestartPolicy::Temporary)
    ]
}

/// Robots of one to six nodes in up to two groups, with any dependencies on lower nodes.
fn robots() -> impl Strategy<Value = (Vec<NodeRule>, Vec<GroupRule>)> {
    let strategies = prop_oneof![
        Just(GroupStrategy::OneForOne),
        Just(GroupStrategy::RestForOne),
        Just(GroupStrategy::OneForAll)
    ];
    let group = (strategies, 0_u32..3).prop_map(|(strategy, intensity)| GroupRule {
        strategy,
        intensity,
        ..GroupRule::new("g")
    });
    let of_node = (policies(), 0_u32..4, any::<[bool; 7]>(), 0_usize..3);
    let nodes = proptest::collection::vec(of_node, 1..=6).prop_map(|nodes| {
        let rule = |(index, (policy, intensity, bits, group)): (usize, (_, _, [bool; 7], usize))| NodeRule {
            required: bits[6] && index == 0,
            depends_on: (0..index).filter(|&of| bits[of]).collect(),
            restart: RestartRule { policy, intensity, ..RestartRule::default() },
            group: group.checked_sub(1),
            on_input_down: if bits[5] { OnInputDown::Continue } else { OnInputDown::Pause },
            ..node("n")
        };
        nodes.into_iter().enumerate().map(rule).collect()
    });
    (nodes, proptest::collection::vec(group, 2))
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        3 => (0_usize..6).prop_map(Event::Fail),
        1 => (0_usize..6).prop_map(Event::End),
        6 => (0_usize..6).prop_map(Event::Obey),
        1 => (0_usize..6).prop_map(Event::Refuse),
        1 => (0_usize..6).prop_map(Event::Hold),
        1 => (0_usize..6).prop_map(Event::Release),
        1 => (0_usize..6).prop_map(Event::Restart),
        3 => (0_u64..20_000).prop_map(|ms| Event::Wait(Duration::from_millis(ms))),
    ];
    proptest::collection::vec(event, 0..60)
}

impl Event {
    /// The same for a robot of so many nodes.
    fn within(self, nodes: usize) -> Self {
        match self {
            Self::Fail(node) => Self::Fail(node % nodes),
            Self::End(node) => Self::End(node % nodes),
            Self::Obey(node) => Self::Obey(node % nodes),
            Self::Refuse(node) => Self::Refuse(node % nodes),
            Self::Hold(node) => Self::Hold(node % nodes),
            Self::Release(node) => Self::Release(node % nodes),
            Self::Restart(node) => Self::Restart(node % nodes),
            Self::Wait(time) => Self::Wait(time),
        }
    }
}

proptest! {
    #[test]
    fn every_action_can_be_obeyed_and_in_the_end_each_node_runs_or_was_given_up(
        (rules, groups) in robots(),
        events in events(),
    ) {
        let nodes = rules.len();
        let mut robot = Robot::new(rules, groups);
        events.into_iter().for_each(|event| robot.apply(event.within(nodes)));
        robot.settle();
    }

    #[test]
    fn a_restart_that_an_operator_asks_for_always_happens_and_is_charged_to_nobody(
        (rules, groups) in robots(),
        asked in proptest::collection::vec(0_usize..6, 1..20),
    ) {
        let strict = |rule: NodeRule| {
            let restart = RestartRule { intensity: 0, ..rule.restart };
            NodeRule { restart, ..rule }
        };
        let rules: Vec<_> = rules.into_iter().map(strict).collect();
        let nodes = rules.len();
        let mut robot = Robot::new(rules, groups);
        for node in asked {
            let node = node % nodes;
            robot.apply(Event::Restart(node));
            prop_assert_eq!(robot.nodes[node].0, Is::Stopping);
            // What depends on it may pause, and nothing else ends.
            let others = |other: &usize| *other != node && robot.nodes[*other].0 != Is::Running;
            prop_assert_eq!((0..nodes).filter(others).count(), 0);
            robot.apply(Event::Obey(node));
            prop_assert_eq!(robot.nodes[node].0, Is::Starting, "at once, whatever its delay");
            robot.apply(Event::Obey(node));
            prop_assert!(!robot.over && robot.nodes.iter().all(|&node| node == (Is::Running, false)));
        }
    }

    #[test]
    fn restarts_within_the_intensity_always_happen(
        (rules, groups) in robots(),
        failures in proptest::collection::vec(0_usize..6, 1..20),
    ) {
        let sturdy = |rule: NodeRule| {
            let restart = RestartRule { policy: RestartPolicy::Transient, intensity: 1, ..rule.restart };
            NodeRule { restart, ..rule }
        };
        let rules: Vec<_> = rules.into_iter().map(sturdy).collect();
        let nodes = rules.len();
        let mut robot = Robot::new(rules, groups);
        for node in failures {
            robot.apply(Event::Fail(node % nodes));
            for _ in 0..=2 * nodes {
                (0..nodes).for_each(|node| robot.apply(Event::Obey(node)));
                robot.apply(Event::Wait(Duration::from_millis(100)));
            }
            prop_assert!(!robot.over && robot.nodes.iter().all(|&node| node == (Is::Running, false)));
            robot.apply(Event::Wait(Duration::from_secs(60)));
        }
    }
}
