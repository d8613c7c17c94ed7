//! The thread that tells how the robot is: it collects facts, has them judged, and publishes what has changed.
//!
//! ```text
//!  supervisor ── look, failures ──► board ──► health thread ──► `health`, `system_alerts`, `breakers/state`  when they change
//!  each second ─────────────────────────────────┘   │  └──────► `system_heartbeat`, `breakers/stats`
//!  supervisor ◄── what is to be stopped for lack of resources ┘
//! ```
//! It is an ordinary thread, goes after the nodes, and wakes none of them: it reads their counters.

mod board;
mod facts;
mod resources;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use nevil_msgs::{Alert, BreakerReport, BreakerStates, Health, HealthLevel, Heartbeat};
use nevil_runtime::{Breaker, HealthNotice, Progress, Time, be_ordinary, breaker_report};

use super::{Robot, Supervisor};
use crate::health::{Alerts, CpuMeter, HealthReport, Judgement, News};
use crate::limits::{
    BEAT_EVERY, BREAKER_STATS_EVERY, CONTROL_NICE, CONTROL_STACK_BYTES, HEALTH_LOOK_MIN, TOLD_PAUSE,
    TOLD_PER_LOOK,
};

pub(super) use board::Board;
use resources::Resources;

/// The thread. It ends when this is dropped.
pub(super) struct HealthWatch {
    robot: Arc<Robot>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread knows.
struct Teller {
    robot: Arc<Robot>,
    notice: HealthNotice,
    nodes: Vec<Watched>,
    resources: Resources,
    news: News,
    alerts: Alerts,
    /// What was told last.
    health: Option<Health>,
    breakers: Option<BreakerStates>,
    beats: VecDeque<Heartbeat>,
    reports: VecDeque<Breaker>,
    next_beat: Time,
    next_stats: Time,
}

/// A node that is watched.
struct Watched {
    required: bool,
    /// At the last beat.
    before: Option<Progress>,
    /// Whether it had been called for a whole beat by then and had not looked.
    stuck: bool,
    meter: CpuMeter,
}

impl Supervisor {
    /// Begins to tell how the robot is. Without the thread the robot runs on, and says so.
    pub(super) fn watch_health(&mut self) {
        let Some(notice) = self.health_notice.take() else { return };
        let now = self.robot.now();
        let watched = |required| Watched { required, before: None, stuck: false, meter: CpuMeter::default() };
        let teller = Teller {
            robot: Arc::clone(&self.robot),
            notice,
            nodes: self.plan.nodes.iter().map(|node| watched(node.required)).collect(),
            resources: Resources::of(&self.plan),
            news: News::default(),
            alerts: Alerts::default(),
            health: None,
            breakers: None,
            beats: VecDeque::new(),
            reports: VecDeque::new(),
            next_beat: now,
            next_stats: now,
        };
        match HealthWatch::start(teller) {
            Ok(watch) => self.health = Some(watch),
            Err(error) => tracing::error!("nobody tells how the robot is, for lack of a thread: {error}"),
        }
    }
}

impl HealthWatch {
    fn start(mut teller: Teller) -> io::Result<Self> {
        let (robot, ended) = (Arc::clone(&teller.robot), Arc::new(AtomicBool::new(false)));
        let is_ended = Arc::clone(&ended);
        let builder = thread::Builder::new().name("health".to_owned()).stack_size(CONTROL_STACK_BYTES);
        let thread = builder.spawn(move || {
            be_ordinary("health");
            // To be nicer is denied to nobody.
            let _ = nevil_runtime::os::set_thread_nice(CONTROL_NICE);
            while !is_ended.load(Ordering::Acquire) {
                teller.look();
                teller.sleep(&is_ended);
            }
        })?;
        robot.board.set_thread(thread.thread().clone());
        Ok(Self { robot, ended, thread: Some(thread) })
    }
}

impl Drop for HealthWatch {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It waits for nobody; what it panicked with was reported by the hook.
            let _ = thread.join();
        }
        self.robot.board.set_report(None);
    }
}

impl Teller {
    fn look(&mut self) {
        let now = self.robot.now();
        if let Some((rule, of_nodes)) = self.robot.board.take_limits() {
            self.resources.set_limits(&rule, &of_nodes);
        }
        let beats = now >= self.next_beat;
        if beats {
            // What was missed, because the machine slept, is not made up for.
            self.next_beat = (self.next_beat + BEAT_EVERY).max(now);
            self.beat(now);
        }
        if now >= self.next_stats {
            self.next_stats = (self.next_stats + BREAKER_STATS_EVERY).max(now);
            self.reports = self.robot.environment.breakers().list().into();
        }
        let facts = self.facts(now);
        if let Some(states) = facts.breakers.clone().filter(|states| self.breakers.as_ref() != Some(states)) {
            self.breakers = Some(states.clone());
            self.notice.breaker_states(states);
        }
        let judgement = facts.judge();
        self.tell_health(&judgement, now);
        let mut alerts = self.alerts.due(now);
        let mut events = self.robot.board.take_events();
        events.extend(self.news.of(&facts, now));
        for event in events {
            alerts.extend(self.alerts.raise(event, now));
        }
        alerts.into_iter().take(TOLD_PER_LOOK).for_each(|alert: Alert| self.notice.alert(alert));
        self.tell_some(now);
        self.report(&facts, judgement);
    }

    fn tell_health(&mut self, judgement: &Judgement, now: Time) {
        let since_ns = match &self.health {
            Some(told) if told.level == judgement.level => told.since_ns,
            _ => now.as_ns(),
        };
        let health =
            Health { level: judgement.level, since_ns, issues: judgement.issues.clone(), left_out: 0 };
        if self.health.as_ref() != Some(&health) {
            self.notice.health(health.clone());
            self.health = Some(health);
        }
    }

    /// Publishes a part of what comes in numbers.
    fn tell_some(&mut self, now: Time) {
        for beat in self.beats.drain(..self.beats.len().min(TOLD_PER_LOOK)) {
            self.notice.heartbeat(beat);
        }
        // The wall clock may stand before 1970; then times of day are not known.
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok();
        for breaker in self.reports.drain(..self.reports.len().min(TOLD_PER_LOOK)) {
            // One that is busy is told the next time.
            let report: Option<BreakerReport> = breaker_report(&self.robot.environment, &breaker, now, wall);
            report.into_iter().for_each(|report| self.notice.breaker_report(report));
        }
    }

    /// Leaves for tools how the robot is.
    fn report(&self, facts: &crate::health::Facts, judgement: Judgement) {
        let level = match judgement.level {
            HealthLevel::Healthy => "healthy",
            HealthLevel::Degraded => "degraded",
            HealthLevel::Unhealthy => "unhealthy",
        };
        self.robot.board.set_report(Some(HealthReport {
            level: level.to_owned(),
            since_ns: self.health.as_ref().map_or(0, |health| health.since_ns),
            for_ms: 0,
            issues: judgement.issues,
            down: facts::down(facts),
            zombies: facts.zombies,
            alerts: self.alerts.told(),
            suppressed: self.alerts.suppressed(),
            memory_bytes: self.resources.memory_bytes(),
            cpu_percent: self.resources.cpu_percent(),
        }));
    }

    fn sleep(&self, ended: &AtomicBool) {
        let now = self.robot.now();
        let more = !self.beats.is_empty() || !self.reports.is_empty();
        let more = more.then(|| now + TOLD_PAUSE);
        let due = self.alerts.next_due().into_iter().chain(self.news.next_due()).chain(more);
        let until = due.min().map_or(self.next_beat, |due| due.min(self.next_beat));
        // Whatever happens meanwhile is seen after it.
        let at_least = now + HEALTH_LOOK_MIN;
        loop {
            let now = self.robot.now();
            let asked = self.robot.board.is_asked() && now >= at_least;
            if ended.load(Ordering::Acquire) || asked || now >= until.max(at_least) {
                return self.robot.board.answer();
            }
            let next = if self.robot.board.is_asked() { at_least } else { until.max(at_least) };
            thread::park_timeout(next.since(now).max(Duration::from_micros(1)));
        }
    }
}
