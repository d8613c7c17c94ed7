//! Alerts of which repeats are held back and counted.
//!
//! ```text
//!  first of its source and kind ─► told ── window: repeats are held back ──► over: told once, with their number
//!                                             a worse one is told at once        none: forgotten
//! ```

use std::collections::BTreeMap;

use nevil_msgs::{Alert, Severity};
use nevil_runtime::Time;

use super::Event;
use crate::limits::{ALERT_SOURCES_MAX, ALERT_WINDOW};

/// What was told, and what is held back.
#[derive(Debug, Default)]
pub(crate) struct Alerts {
    windows: BTreeMap<(String, &'static str), Window>,
    told: u64,
    suppressed: u64,
}

#[derive(Debug)]
struct Window {
    until: Time,
    severity: Severity,
    /// What was held back since it began.
    held: Option<Alert>,
}

impl Alerts {
    /// Takes an event; what is to be told now because of it.
    pub(crate) fn raise(&mut self, event: Event, now: Time) -> Vec<Alert> {
        let key = (event.source.clone(), event.kind);
        let mut told = Vec::new();
        match self.windows.get_mut(&key) {
            Some(window) if now < window.until && event.severity <= window.severity => {
                self.suppressed += 1;
                match &mut window.held {
                    Some(held) => {
                        held.severity = held.severity.max(event.severity);
                        held.count = held.count.saturating_add(1);
                        held.text = event.text;
                        held.last_ns = now.as_ns();
                    }
                    None => window.held = Some(alert(event, now)),
                }
                return told;
            }
            Some(_) => told.extend(self.windows.remove(&key).and_then(|window| window.held)),
            None => told.extend(self.make_room()),
        }
        let window = Window { until: now + ALERT_WINDOW, severity: event.severity, held: None };
        self.windows.insert(key, window);
        told.push(alert(event, now));
        self.told += told.len() as u64;
        told
    }

    /// What was held back and is to be told at `now`.
    pub(crate) fn due(&mut self, now: Time) -> Vec<Alert> {
        let mut told = Vec::new();
        self.windows.retain(|_, window| {
            if now < window.until {
                return true;
            }
            let held = window.held.take();
            // What goes on is told once in each window.
            window.until = now + ALERT_WINDOW;
            let goes_on = held.is_some();
            told.extend(held);
            goes_on
        });
        self.told += told.len() as u64;
        told
    }

    /// When something is due next.
    pub(crate) fn next_due(&self) -> Option<Time> {
        self.windows.values().filter(|window| window.held.is_some()).map(|window| window.until).min()
    }

    /// How many were told.
    pub(crate) const fn told(&self) -> u64 {
        self.told
    }

    /// How many were held back; each is counted in one that is told later.
    pub(crate) const fn suppressed(&self) -> u64 {
        self.suppressed
    }

    /// Forgets the window that ends first if there are too many; what it held back.
    fn make_room(&mut self) -> Option<Alert> {
        if self.windows.len() < ALERT_SOURCES_MAX {
            return None;
        }
        let first = self.windows.iter().min_by_key(|(_, window)| window.until)?.0.clone();
        self.windows.remove(&first)?.held
    }
}

fn alert(event: Event, now: Time) -> Alert {
    let Event { severity, source, kind, text } = event;
    Alert {
        severity,
        source,
        kind: kind.to_owned(),
        text,
        count: 1,
        first_ns: now.as_ns(),
        last_ns: now.as_ns(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn event(source: usize, severity: Severity) -> Event {
        let text = "it failed".to_owned();
        Event { severity, source: format!("node `{source}`"), kind: "failed", text }
    }

    fn at(ms: u64) -> Time {
        Time::from_ns(ms * 1_000_000)
    }

    #[test]
    fn repeats_are_held_back_and_told_once_with_their_number_when_the_window_is_over() {
        let mut alerts = Alerts::default();
        assert_eq!(alerts.raise(event(1, Severity::Error), at(0)).len(), 1);
        for ms in 1..=7 {
            assert_eq!(alerts.raise(event(1, Severity::Error), at(ms)), []);
        }
        let end = Time::ZERO + ALERT_WINDOW;
        assert_eq!(alerts.next_due(), Some(end));
        assert_eq!(alerts.due(end - Duration::from_nanos(1)), []);
        let told = alerts.due(end);
        assert_eq!((told.len(), told[0].count), (1, 7));
        assert_eq!((told[0].first_ns, told[0].last_ns), (1_000_000, 7_000_000));
        assert_eq!((alerts.told(), alerts.suppressed()), (2, 7));
        // A quiet window more, and the next one is a first again.
        assert_eq!(alerts.due(end + ALERT_WINDOW), []);
        assert_eq!(alerts.raise(event(1, Severity::Error), end + ALERT_WINDOW).len(), 1);
    }

    #[test]
    fn a_worse_one_is_told_at_once_with_what_was_held_back_before_it() {
        let mut alerts = Alerts::default();
        alerts.raise(event(1, Severity::Warn), at(0));
        alerts.raise(event(1, Severity::Warn), at(1));
        let told = alerts.raise(event(1, Severity::Critical), at(2));
        assert_eq!(
            told.iter().map(|alert| alert.severity).collect::<Vec<_>>(),
            [Severity::Warn, Severity::Critical]
        );
    }

    #[test]
    fn other_sources_are_not_held_back() {
        let mut alerts = Alerts::default();
        assert_eq!(alerts.raise(event(1, Severity::Error), at(0)).len(), 1);
        assert_eq!(alerts.raise(event(2, Severity::Error), at(0)).len(), 1);
    }

    proptest! {
        #[test]
        fn every_event_is_told_or_counted_in_one_that_is_told(
            events in prop::collection::vec((0_usize..600, 0_u64..3000), 1..800)
        ) {
            let (mut alerts, mut now, mut told) = (Alerts::default(), Time::ZERO, 0_u64);
            for (source, ms) in &events {
                now = now + Duration::from_millis(*ms);
                told += alerts.due(now).iter().map(|alert| u64::from(alert.count)).sum::<u64>();
                let raised = alerts.raise(event(*source % 7 * 100 + *source / 7, Severity::Warn), now);
                told += raised.iter().map(|alert| u64::from(alert.count)).sum::<u64>();
                prop_assert!(alerts.windows.len() <= ALERT_SOURCES_MAX);
            }
            told += alerts.due(now + ALERT_WINDOW).iter().map(|alert| u64::from(alert.count)).sum::<u64>();
            prop_assert_eq!(told, events.len() as u64);
        }
    }
}
