//! What the supervisor, the thread that tells the robot's health, and tools leave for one another.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::Thread;

use nevil_msgs::Severity;
use nevil_runtime::Time;

use crate::health::{Event, HealthReport};
use crate::limits::EVENTS_MAX;
use crate::plan::Plan;
use crate::rules::{Limits, ResourceRule};
use crate::supervisor::lock;

/// What is to be done for lack of resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::supervisor) enum Saving {
    /// The node with this number is started again.
    Restart(usize, String),
    /// An optional node is stopped for good.
    StopOne(String),
}

/// Each of its locks is held for a moment.
#[derive(Debug, Default)]
pub(in crate::supervisor) struct Board {
    events: Mutex<Vec<Event>>,
    /// Events for which there was no room.
    lost: AtomicU64,
    savings: Mutex<Vec<Saving>>,
    report: Mutex<Option<HealthReport>>,
    /// Limits of resources that have not been taken over yet.
    limits: Mutex<Option<(ResourceRule, Vec<Limits>)>>,
    guard_lost: AtomicBool,
    asked: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Board {
    /// Something may have changed.
    pub(in crate::supervisor) fn look(&self) {
        // Release: who looks sees what has changed.
        self.asked.store(true, Ordering::Release);
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// A node has failed, or could not be started.
    pub(in crate::supervisor) fn note_failure(&self, node: &Arc<str>, why: &str) {
        let text = format!("node `{node}` failed: {why}");
        let event =
            Event { severity: Severity::Error, source: format!("node `{node}`"), kind: "failed", text };
        self.note(event);
    }

    /// The guard process is gone.
    pub(in crate::supervisor) fn note_guard_lost(&self) {
        self.guard_lost.store(true, Ordering::Release);
        self.look();
    }

    fn note(&self, event: Event) {
        let mut events = lock(&self.events);
        if events.len() < EVENTS_MAX {
            events.push(event);
        } else {
            // Relaxed: a count for people to read.
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        drop(events);
        self.look();
    }

    /// How the robot is, looked at `now`.
    pub(in crate::supervisor) fn report(&self, now: Time) -> Option<HealthReport> {
        let mut report = lock(&self.report).clone()?;
        let passed =
            |since_ns| u64::try_from(now.since(Time::from_ns(since_ns)).as_millis()).unwrap_or(u64::MAX);
        report.for_ms = passed(report.since_ns);
        report.down.iter_mut().for_each(|down| down.for_ms = passed(down.since_ns));
        Some(report)
    }

    /// What is to be done for lack of resources.
    pub(in crate::supervisor) fn take_savings(&self) -> Vec<Saving> {
        std::mem::take(&mut *lock(&self.savings))
    }

    pub(super) fn save(&self, saving: Saving) {
        let mut savings = lock(&self.savings);
        // What nobody has done yet is not asked for twice.
        if !savings.contains(&saving) && savings.len() < EVENTS_MAX {
            savings.push(saving);
        }
    }

    /// Lets robot and nodes use as much as `plan` says from now on.
    pub(in crate::supervisor) fn set_limits(&self, plan: &Plan) {
        let of_nodes = plan.nodes.iter().map(|node| node.cpu_percent.clone()).collect();
        *lock(&self.limits) = Some((plan.resources.clone(), of_nodes));
        self.look();
    }

    pub(super) fn take_limits(&self) -> Option<(ResourceRule, Vec<Limits>)> {
        lock(&self.limits).take()
    }

    pub(super) fn set_report(&self, report: Option<HealthReport>) {
        *lock(&self.report) = report;
    }

    pub(super) fn set_thread(&self, thread: Thread) {
        // There is one.
        let _ = self.thread.set(thread);
    }

    /// What has happened, and one event more if some were lost.
    pub(super) fn take_events(&self) -> Vec<Event> {
        let mut events = std::mem::take(&mut *lock(&self.events));
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let text = format!("{lost} failures of nodes came too fast to be told one by one");
            events.push(Event { severity: Severity::Error, source: "robot".to_owned(), kind: "lost", text });
        }
        events
    }

    pub(super) fn guard_lost(&self) -> bool {
        self.guard_lost.load(Ordering::Acquire)
    }

    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// A look begins: what comes from now on is seen by the next one at the latest.
    pub(super) fn answer(&self) {
        // AcqRel: what was asked about before is seen.
        self.asked.swap(false, Ordering::AcqRel);
    }
}
