//! What has changed between two moments, as events.

use std::collections::{BTreeMap, BTreeSet};

use nevil_msgs::{BreakerCondition, Importance, Severity};
use nevil_runtime::Time;

use super::Event;
use super::facts::Facts;
use super::gauge::Strain;
use crate::limits::{INCIDENT_BREAKERS, INCIDENT_WITHIN};

/// Finds out what is new.
#[derive(Debug, Default)]
pub(crate) struct News {
    known: Facts,
    /// Breakers whose opening was seen.
    open: BTreeSet<String>,
    /// Of them those that were not told yet: others may open with them.
    untold: Vec<BreakerCondition>,
    /// When they are told.
    tell_at: Option<Time>,
}

impl News {
    /// What is new at `now` in `facts`.
    pub(crate) fn of(&mut self, facts: &Facts, now: Time) -> Vec<Event> {
        let mut events = Vec::new();
        self.stops(facts, &mut events);
        self.nodes(facts, &mut events);
        self.strains(facts, &mut events);
        self.breakers(facts, now, &mut events);
        self.known = facts.clone();
        events
    }

    /// When something is to be told that has been seen.
    pub(crate) const fn next_due(&self) -> Option<Time> {
        self.tell_at
    }

    fn stops(&self, facts: &Facts, events: &mut Vec<Event>) {
        let mut robot = |severity, kind, text| {
            events.push(Event { severity, source: "robot".to_owned(), kind, text });
        };
        match (&self.known.emergency_stop, &facts.emergency_stop) {
            (None, Some(why)) => {
                robot(Severity::Critical, "emergency_stop", format!("emergency stop {why}"));
            }
            (Some(_), None) => {
                robot(Severity::Info, "emergency_stop_reset", "the emergency stop was reset".to_owned());
            }
            _ => {}
        }
        if facts.guard_lost && !self.known.guard_lost {
            robot(Severity::Critical, "guard_lost", "the guard process is gone".to_owned());
        }
        if facts.zombies > self.known.zombies {
            let text = format!("{} threads of hung callbacks are left behind", facts.zombies);
            robot(Severity::Error, "zombies", text);
        }
    }

    fn nodes(&self, facts: &Facts, events: &mut Vec<Event>) {
        for node in &facts.nodes {
            let known = self.known.nodes.iter().find(|known| known.name == node.name);
            let (was_down, was_late) =
                known.map_or((false, false), |known| (known.is_down(), !known.is_down() && !known.alive));
            let mut event = |severity, kind, text| {
                events.push(Event { severity, source: format!("node `{}`", node.name), kind, text });
            };
            if was_down && !node.is_down() {
                event(Severity::Info, "up", format!("node `{}` is up again", node.name));
            }
            if !node.is_down() && !node.alive && !was_late {
                let what = node.running.as_ref().map_or("its thread".to_owned(), |name| format!("`{name}`"));
                event(Severity::Warn, "late", format!("node `{}` does not go on: {what} is late", node.name));
            }
        }
    }

    fn strains(&self, facts: &Facts, events: &mut Vec<Event>) {
        for (source, strain, text) in &facts.strains {
            let known = self.known.strains.iter().find(|(known, _, _)| known == source);
            if known.is_some_and(|(_, known, _)| known >= strain) {
                continue;
            }
            let (severity, kind) = match strain {
                Strain::None => continue,
                Strain::Warn => (Severity::Warn, "resources"),
                Strain::Act => (Severity::Error, "resources"),
                Strain::Emergency => (Severity::Critical, "resources"),
            };
            events.push(Event { severity, source: source.clone(), kind, text: text.clone() });
        }
    }

    fn breakers(&mut self, facts: &Facts, now: Time, events: &mut Vec<Event>) {
        let open: BTreeMap<_, _> =
            facts.open_breakers().map(|breaker| (breaker.name.clone(), breaker)).collect();
        for breaker in open.values() {
            // A probe that fails opens it once more, which is no news.
            if self.open.insert(breaker.name.clone()) {
                self.untold.push((*breaker).clone());
                self.tell_at.get_or_insert(Time::from_ns(breaker.since_ns).min(now) + INCIDENT_WITHIN);
            }
        }
        if self.tell_at.is_some_and(|tell_at| now >= tell_at) {
            self.tell_at = None;
            let mut untold = std::mem::take(&mut self.untold);
            untold.sort_by_key(|breaker| breaker.since_ns);
            let together = |first: &BreakerCondition, next: &BreakerCondition| {
                next.since_ns.saturating_sub(first.since_ns) < INCIDENT_WITHIN.as_nanos() as u64
            };
            while let Some(first) = untold.first().cloned() {
                let later = untold.split_off(untold.partition_point(|next| together(&first, next)));
                events.extend(opened(std::mem::replace(&mut untold, later)));
            }
        }
        let closed: Vec<_> = self.open.iter().filter(|name| !open.contains_key(*name)).cloned().collect();
        for name in closed {
            self.open.remove(&name);
            let text = format!("breaker `{name}` refuses no more");
            events.push(Event {
                severity: Severity::Info,
                source: breaker_source(&name),
                kind: "closed",
                text,
            });
        }
    }
}

fn breaker_source(name: &str) -> String {
    format!("breaker `{name}`")
}

/// One event for each of these breakers, which opened together, or one for all if so many open at once that they have one cause.
fn opened(breakers: Vec<BreakerCondition>) -> Vec<Event> {
    if breakers.len() >= INCIDENT_BREAKERS {
        let first = &breakers[0];
        let why = if first.why.is_empty() { String::new() } else { format!(": {}", first.why) };
        let text = format!(
            "{} breakers opened within {} ms, which is one incident; the first is `{}`{why}",
            breakers.len(),
            INCIDENT_WITHIN.as_millis(),
            first.name
        );
        let severity = breakers.iter().map(severity).max().unwrap_or(Severity::Error).max(Severity::Error);
        return vec![Event { severity, source: "robot".to_owned(), kind: "incident", text }];
    }
    let event = |breaker: BreakerCondition| Event {
        severity: severity(&breaker),
        source: breaker_source(&breaker.name),
        kind: "opened",
        text: format!("breaker `{}` opened: {}", breaker.name, breaker.why),
    };
    breakers.into_iter().map(event).collect()
}

fn severity(breaker: &BreakerCondition) -> Severity {
    match breaker.criticality {
        Importance::Ignore => Severity::Info,
        Importance::Degrade => Severity::Warn,
        Importance::StopNode => Severity::Error,
        Importance::SafeStop => Severity::Critical,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::health::NodeFact;
    use crate::health::facts::tests::{node, open, with_open};

    fn at(ms: u64) -> Time {
        Time::from_ns(ms * 1_000_000)
    }

    fn kinds(events: &[Event]) -> Vec<&'static str> {
        events.iter().map(|event| event.kind).collect()
    }

    #[test]
    fn an_emergency_stop_is_told_when_it_begins_and_when_it_is_reset_and_not_between() {
        let mut news = News::default();
        let stopped = Facts { emergency_stop: Some("by me: smoke".to_owned()), ..Facts::default() };
        assert_eq!(kinds(&news.of(&stopped, at(0))), ["emergency_stop"]);
        assert_eq!(kinds(&news.of(&stopped, at(1))), [""; 0]);
        assert_eq!(kinds(&news.of(&Facts::default(), at(2))), ["emergency_stop_reset"]);
    }

    #[test]
    fn a_node_is_told_when_it_is_late_and_when_it_is_up_again() {
        let mut news = News::default();
        let with = |node: NodeFact| Facts { nodes: vec![node], ..Facts::default() };
        assert_eq!(kinds(&news.of(&with(node("a")), at(0))), [""; 0]);
        let late = with(NodeFact { alive: false, ..node("a") });
        assert_eq!(kinds(&news.of(&late, at(1))), ["late"]);
        assert_eq!(kinds(&news.of(&late, at(2))), [""; 0]);
        assert_eq!(kinds(&news.of(&with(NodeFact { down: Some(at(3)), ..node("a") }), at(3))), [""; 0]);
        assert_eq!(kinds(&news.of(&with(node("a")), at(4))), ["up"]);
    }

    #[test]
    fn five_breakers_that_open_within_50_ms_are_one_incident_and_four_are_four() {
        for (count, expected) in [(5, vec!["incident"]), (4, vec!["opened"; 4])] {
            let mut news = News::default();
            let all: Vec<_> =
                (0..count).map(|index| open(&format!("n{index}.c"), 100 + 10 * index)).collect();
            // They are seen one after the other.
            for seen in 1..=all.len() {
                let now = at(100 + 10 * (seen as u64 - 1));
                assert_eq!(kinds(&news.of(&with_open(all[..seen].to_vec()), now)), [""; 0]);
            }
            assert_eq!(news.next_due(), Some(at(150)));
            let events = news.of(&with_open(all.clone()), at(150));
            assert_eq!(kinds(&events), expected);
            if count == 5 {
                let text =
                    "5 breakers opened within 50 ms, which is one incident; the first is `n0.c`: no picture";
                assert_eq!(events[0].text, text);
            }
            assert_eq!(
                kinds(&news.of(&Facts::default(), at(200))).len() as u64,
                count,
                "each closes for itself"
            );
        }
    }

    #[test]
    fn breakers_that_open_one_after_the_other_are_no_incident() {
        let mut news = News::default();
        let mut told = Vec::new();
        for index in 0..6_u64 {
            let all = (0..=index).map(|index| open(&format!("n{index}.c"), 60 * index)).collect();
            told.extend(news.of(&with_open(all), at(60 * index)));
        }
        told.extend(
            news.of(
                &with_open((0..6).map(|index| open(&format!("n{index}.c"), 60 * index)).collect()),
                at(400),
            ),
        );
        assert!(kinds(&told).iter().all(|kind| *kind == "opened"), "{told:?}");
        assert_eq!(told.len(), 6);
    }

    #[test]
    fn a_strain_is_told_when_it_grows() {
        let mut news = News::default();
        let strained =
            |strain| Facts { strains: vec![("robot".to_owned(), strain, String::new())], ..Facts::default() };
        let severity = |events: Vec<Event>| events.first().map(|event| event.severity);
        assert_eq!(severity(news.of(&strained(Strain::Warn), at(0))), Some(Severity::Warn));
        assert_eq!(severity(news.of(&strained(Strain::Warn), at(1))), None);
        assert_eq!(severity(news.of(&strained(Strain::Act), at(2))), Some(Severity::Error));
        assert_eq!(severity(news.of(&strained(Strain::Warn), at(3) + Duration::ZERO)), None);
    }
}
