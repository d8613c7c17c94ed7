//! What is known of a robot at one moment, and how bad it is.

use std::sync::Arc;

use nevil_msgs::{BreakerCondition, BreakerStates, Circuit, HealthLevel, Importance};
use nevil_runtime::{NodeState, Time};

use super::gauge::Strain;

/// What is known of a robot at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// In the order of their start.
    pub(crate) nodes: Vec<NodeFact>,
    pub(crate) breakers: Option<BreakerStates>,
    /// Who began the emergency stop that holds, and why.
    pub(crate) emergency_stop: Option<String>,
    /// Threads that hang and were given up.
    pub(crate) zombies: u32,
    /// Whether the guard process is gone.
    pub(crate) guard_lost: bool,
    /// What is above a limit: what it is about, how far, and in words.
    pub(crate) strains: Vec<(String, Strain, String)>,
}

/// What is known of a node.
#[derive(Clone, Debug)]
pub(crate) struct NodeFact {
    pub(crate) name: Arc<str>,
    pub(crate) required: bool,
    pub(crate) state: NodeState,
    /// Since when supervision takes it for down.
    pub(crate) down: Option<Time>,
    /// Why it failed last.
    pub(crate) why: Option<String>,
    pub(crate) alive: bool,
    /// The callback that runs.
    pub(crate) running: Option<Arc<str>>,
}

/// How bad it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) level: HealthLevel,
    /// The worst first. They change only when something has: they hold no times.
    pub(crate) issues: Vec<String>,
}

impl NodeFact {
    /// Whether the robot does without it.
    pub(crate) fn is_down(&self) -> bool {
        self.down.is_some() || self.state == NodeState::Failed
    }

    fn issue(&self) -> Option<(HealthLevel, String)> {
        let missing = if self.required { HealthLevel::Unhealthy } else { HealthLevel::Degraded };
        let kind = if self.required { "required node" } else { "node" };
        let name = &self.name;
        if self.is_down() {
            let why = self.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            return Some((missing, format!("{kind} `{name}` is down{why}")));
        }
        if self.state == NodeState::Paused {
            return Some((missing, format!("{kind} `{name}` is paused: a node that it depends on is down")));
        }
        if self.alive {
            return None;
        }
        let text = match &self.running {
            Some(running) => format!("node `{name}` does not go on: `{running}` has not returned in time"),
            None => format!("node `{name}` does not go on: its thread was called and has not looked"),
        };
        Some((HealthLevel::Degraded, text))
    }
}

impl Facts {
    pub(crate) fn judge(&self) -> Judgement {
        let mut issues: Vec<(HealthLevel, String)> = Vec::new();
        if let Some(stop) = &self.emergency_stop {
            issues.push((HealthLevel::Unhealthy, format!("emergency stop {stop}")));
        }
        if self.guard_lost {
            let text = "the guard process is gone, so that nobody makes the robot safe if this process dies";
            issues.push((HealthLevel::Unhealthy, text.to_owned()));
        }
        issues.extend(self.nodes.iter().filter_map(NodeFact::issue));
        if self.zombies > 0 {
            let text = format!("{} of hung callbacks left behind", count(self.zombies, "thread"));
            issues.push((HealthLevel::Degraded, text));
        }
        issues.extend(self.strains.iter().map(|(source, strain, text)| {
            let level = if *strain >= Strain::Act { HealthLevel::Unhealthy } else { HealthLevel::Degraded };
            (level, format!("{source}: {text}"))
        }));
        issues.extend(self.open_breakers().map(|breaker| (HealthLevel::Degraded, open_text(breaker))));
        if let Some(left_out) =
            self.breakers.as_ref().map(|states| states.left_out).filter(|count| *count > 0)
        {
            issues.push((HealthLevel::Degraded, format!("{} more not closed", count(left_out, "breaker"))));
        }
        // Stable: issues of one level stay in the order of above.
        issues.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
        Judgement {
            level: issues.first().map_or(HealthLevel::Healthy, |(level, _)| *level),
            issues: issues.into_iter().map(|(_, text)| text).collect(),
        }
    }

    /// Breakers that refuse calls and whose opening means something. Those that an emergency stop holds are no news beside it.
    pub(crate) fn open_breakers(&self) -> impl Iterator<Item = &BreakerCondition> {
        let listed = self.breakers.iter().flat_map(|states| &states.not_closed);
        listed.filter(|breaker| match breaker.state {
            Circuit::Open | Circuit::HalfOpen => breaker.criticality != Importance::Ignore,
            Circuit::ForcedOpen => self.emergency_stop.is_none() && breaker.criticality != Importance::Ignore,
            _ => false,
        })
    }
}

fn open_text(breaker: &BreakerCondition) -> String {
    let name = &breaker.name;
    let why = if breaker.why.is_empty() { String::new() } else { format!(": {}", breaker.why) };
    match breaker.state {
        Circuit::ForcedOpen => format!("breaker `{name}` is held open by an operator"),
        Circuit::HalfOpen => format!("breaker `{name}` is being tried again{why}"),
        _ => format!("breaker `{name}` is open{why}"),
    }
}

fn count(number: u32, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn node(name: &str) -> NodeFact {
        NodeFact {
            name: name.into(),
            required: false,
            state: NodeState::Active,
            down: None,
            why: None,
            alive: true,
            running: None,
        }
    }

    pub(crate) fn open(name: &str, since_ms: u64) -> BreakerCondition {
        BreakerCondition {
            name: name.to_owned(),
            state: Circuit::Open,
            since_ns: since_ms * 1_000_000,
            why: "no picture".to_owned(),
            criticality: Importance::Degrade,
        }
    }

    pub(crate) fn with_open(open: Vec<BreakerCondition>) -> Facts {
        let breakers = Some(BreakerStates { breakers: 40, not_closed: open, left_out: 0 });
        Facts { breakers, ..Facts::default() }
    }

    fn judged(facts: &Facts) -> (HealthLevel, Vec<String>) {
        let Judgement { level, issues } = facts.judge();
        (level, issues)
    }

    #[test]
    fn a_robot_whose_nodes_all_go_on_is_healthy_and_has_no_issues() {
        let facts = Facts { nodes: vec![node("a"), node("b")], ..Facts::default() };
        assert_eq!(judged(&facts), (HealthLevel::Healthy, vec![]));
    }

    #[test]
    fn an_optional_node_that_is_down_degrades_the_robot_and_a_required_one_makes_it_unhealthy() {
        let down = NodeFact { down: Some(Time::ZERO), why: Some("it panicked".to_owned()), ..node("eyes") };
        let required = NodeFact { required: true, why: None, name: "motion".into(), ..down.clone() };
        let one = Facts { nodes: vec![down.clone()], ..Facts::default() };
        let text = "node `eyes` is down: it panicked".to_owned();
        assert_eq!(judged(&one), (HealthLevel::Degraded, vec![text.clone()]));
        let both = Facts { nodes: vec![down, required], ..Facts::default() };
        let worst_first = vec!["required node `motion` is down".to_owned(), text];
        assert_eq!(judged(&both), (HealthLevel::Unhealthy, worst_first));
    }

    #[test]
    fn a_node_has_one_issue_and_its_failure_counts_before_supervision_has_seen_it() {
        let failed = NodeFact { state: NodeState::Failed, alive: false, ..node("eyes") };
        let paused = NodeFact { state: NodeState::Paused, alive: false, ..node("ears") };
        let facts = Facts { nodes: vec![failed, paused], ..Facts::default() };
        let (level, issues) = judged(&facts);
        assert_eq!((level, issues.len()), (HealthLevel::Degraded, 2), "{issues:?}");
    }

    #[test]
    fn a_call_that_is_late_is_named() {
        let late = NodeFact { alive: false, running: Some("on_range".into()), ..node("eyes") };
        let (level, issues) = judged(&Facts { nodes: vec![late], ..Facts::default() });
        assert_eq!(level, HealthLevel::Degraded);
        assert_eq!(issues, ["node `eyes` does not go on: `on_range` has not returned in time"]);
    }

    #[test]
    fn an_open_breaker_degrades_unless_it_is_to_be_ignored_or_an_emergency_stop_holds_it() {
        let ignored = BreakerCondition { criticality: Importance::Ignore, ..open("eyes.other", 0) };
        let counting = BreakerCondition { state: Circuit::MetricsOnly, ..open("eyes.third", 0) };
        let mut facts = with_open(vec![open("eyes.on_picture", 0), ignored, counting]);
        let text = "breaker `eyes.on_picture` is open: no picture".to_owned();
        assert_eq!(judged(&facts), (HealthLevel::Degraded, vec![text]));
        let held = BreakerCondition { state: Circuit::ForcedOpen, ..open("eyes.on_picture", 0) };
        facts = with_open(vec![held]);
        assert_eq!(facts.judge().issues, ["breaker `eyes.on_picture` is held open by an operator"]);
        facts.emergency_stop = Some("by the operator: smoke".to_owned());
        let stop = "emergency stop by the operator: smoke".to_owned();
        assert_eq!(judged(&facts), (HealthLevel::Unhealthy, vec![stop]));
    }

    #[test]
    fn zombies_and_warnings_degrade_and_a_lost_guard_and_acts_make_unhealthy() {
        let strain = |strain| vec![("robot".to_owned(), strain, "too much memory".to_owned())];
        let level = |facts: Facts| facts.judge().level;
        assert_eq!(level(Facts { zombies: 1, ..Facts::default() }), HealthLevel::Degraded);
        assert_eq!(level(Facts { strains: strain(Strain::Warn), ..Facts::default() }), HealthLevel::Degraded);
        assert_eq!(level(Facts { strains: strain(Strain::Act), ..Facts::default() }), HealthLevel::Unhealthy);
        assert_eq!(level(Facts { guard_lost: true, ..Facts::default() }), HealthLevel::Unhealthy);
    }
}
