//! One action, move by move. Call it ten times a second.
//!
//! ```text
//!            ┌── look, steer: at once ──┐
//!            ▼                          │
//!  begin ─► next ── pause ─► wait ──────┤
//!            │                          │ time is over, way is covered
//!            └── drive ─► turn wheels ─► run ── ahead is forbidden ─► back (what it has just driven) ─► failed
//!  no more moves: done                   └──── the operator drives, nothing moves ──────────────────► failed
//! ```

use std::sync::Arc;
use std::time::Duration;

use nevil_car::axle_mps;
use nevil_car::shape::SPEED_AT_FULL_MPS;
use nevil_msgs::{DriveSource, SafetyCause, SafetyLevel, SafetyStatus};

use super::grammar::{Action, ActionKind, Pace};
use super::library::Gesture;
use super::sheet::Move;
use crate::wander::Motion;

/// Time between two calls: what is asked for holds until the next one.
pub(super) const STEP: Duration = Duration::from_millis(100);

/// Time for the command to arrive and for the servo to turn from one side to the other.
const TURN_WHEELS: Duration = Duration::from_millis(300);

/// Time to come to rest before the car drives the other way, and after the last move.
pub(super) const REST: Duration = Duration::from_millis(300);

/// A car that has not moved for so long, though it was asked to, will not; a sensor that is not heard for so long is no
/// trifle.
const STANDING_MAX: Duration = Duration::from_millis(1500);

/// Farthest that the car backs off from what is in its way, in metres; never farther than it has just come.
const BACK_OFF_M: f64 = 0.10;

/// Speed of backing off, in metres per second.
const BACK_OFF_MPS: f64 = 0.14;

/// What is known while an action runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aware {
    /// How dangerous the way ahead is, and why; none if nobody has said so yet.
    pub safety: Option<SafetyStatus>,
    /// The way that the car has covered until now, in metres: forward less backward.
    pub way_m: f64,
    /// Whom the car obeys.
    pub obeyed: DriveSource,
}

/// Where the camera looks, in degrees to the left and upwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaze {
    /// To the left.
    pub pan_deg: f32,
    /// Upwards.
    pub tilt_deg: f32,
}

/// How an action goes on.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Progress {
    /// It wants this motion until the next call.
    Going(Motion),
    /// It has ended as it should.
    Done,
    /// It has ended otherwise, because of this.
    Failed(String),
}

/// What is played.
#[derive(Clone, Debug)]
enum Score {
    Gesture(Arc<Gesture>),
    One(Move),
}

impl Score {
    fn at(&self, index: usize) -> Option<Move> {
        match self {
            Self::Gesture(gesture) => gesture.moves.get(index).copied(),
            Self::One(one) => (index == 0).then_some(*one),
        }
    }
}

#[derive(Clone, Debug)]
enum State {
    Next,
    Wait { until: Duration },
    Turn { until: Duration, then: Leg },
    Run(Run),
    Back { run: Run, left_m: f64, reason: String },
}

/// A way to be driven.
#[derive(Clone, Copy, Debug)]
struct Leg {
    /// Negative is backward.
    way_m: f64,
    speed_mps: f64,
}

/// A way that is being driven.
#[derive(Clone, Copy, Debug)]
struct Run {
    leg: Leg,
    /// Where it began.
    from_m: f64,
    /// Where the car was when it last got on, and when that was.
    on: (f64, Duration),
}

impl Run {
    fn begin(leg: Leg, now: Duration, way_m: f64) -> Self {
        Self { leg, from_m: way_m, on: (way_m, now) }
    }

    /// Way that is covered, in metres; positive in the direction of the leg.
    fn covered_m(&self, way_m: f64) -> f64 {
        (way_m - self.from_m) * self.leg.way_m.signum()
    }

    /// Whether the car has stood for too long.
    fn stands(&mut self, now: Duration, way_m: f64) -> bool {
        if (way_m - self.on.0).abs() > 1e-6 {
            self.on = (way_m, now);
        }
        now.saturating_sub(self.on.1) >= STANDING_MAX
    }
}

/// Plays one action.
#[derive(Clone, Debug)]
pub(super) struct Player {
    score: Score,
    next: usize,
    pace: Pace,
    state: State,
    steer_deg: f32,
    /// The way that was last driven, if the car may still roll.
    rolls: Option<f64>,
}

impl Player {
    /// The player of `action`; none for one that is done at once.
    pub(super) fn new(action: &Action) -> Option<Self> {
        let score = match &action.kind {
            ActionKind::Stop => return None,
            ActionKind::Drive { cm, percent } => {
                Score::One(Move::Drive { cm: *cm, percent: *percent, steer_deg: 0.0 })
            }
            ActionKind::Gesture(gesture) => Score::Gesture(Arc::clone(gesture)),
        };
        Some(Self { score, next: 0, pace: action.pace, state: State::Next, steer_deg: 0.0, rolls: None })
    }

    /// Whether the camera stays where the action ends.
    pub(super) fn keeps_pose(&self) -> bool {
        matches!(&self.score, Score::Gesture(gesture) if gesture.keeps_pose)
    }

    /// Goes on at `now`; the camera is turned by changing `head`.
    pub(super) fn step(&mut self, now: Duration, aware: &Aware, head: &mut Gaze) -> Progress {
        loop {
            match &mut self.state {
                State::Next => match self.score.at(self.next) {
                    None => return Progress::Done,
                    Some(one) => {
                        self.next += 1;
                        self.begin(one, now, aware.way_m, head);
                    }
                },
                State::Wait { until } if now < *until => return self.standing(),
                State::Wait { .. } => self.state = State::Next,
                State::Turn { until, .. } if now < *until => return self.standing(),
                State::Turn { then, .. } => self.state = State::Run(Run::begin(*then, now, aware.way_m)),
                State::Run(run) => {
                    let mut run = *run;
                    if let Some(progress) = self.run(&mut run, now, aware) {
                        return progress;
                    }
                }
                State::Back { run, left_m, reason } => {
                    let (mut run, left_m, reason) = (*run, *left_m, reason.clone());
                    return self.back(&mut run, left_m, reason, now, aware);
                }
            }
        }
    }

    fn begin(&mut self, one: Move, now: Duration, way_m: f64, head: &mut Gaze) {
        match one {
            Move::Look { pan_deg, tilt_deg } => {
                head.pan_deg = pan_deg.unwrap_or(head.pan_deg);
                head.tilt_deg = tilt_deg.unwrap_or(head.tilt_deg);
            }
            Move::Steer(angle_deg) => self.steer_deg = angle_deg,
            Move::Pause(pause) => {
                self.rolls = None;
                self.state = State::Wait { until: now + self.pace.stretch(pause) };
            }
            Move::Drive { cm, percent, steer_deg } => {
                let leg = Leg {
                    way_m: f64::from(cm) / 100.0,
                    speed_mps: f64::from(percent) / 100.0 * SPEED_AT_FULL_MPS,
                };
                let turns = (steer_deg - self.steer_deg).abs() > 1.0;
                let reverses = self.rolls.is_some_and(|way_m| way_m * leg.way_m < 0.0);
                self.steer_deg = steer_deg;
                self.rolls = Some(leg.way_m);
                self.state = if turns || reverses {
                    State::Turn { until: now + if turns { TURN_WHEELS } else { REST }, then: leg }
                } else {
                    State::Run(Run::begin(leg, now, way_m))
                };
            }
        }
    }

    fn standing(&self) -> Progress {
        Progress::Going(Motion { speed_mps: 0.0, steering_rad: self.steer_deg.to_radians() })
    }

    /// The motion that covers `left_m` at most, in the direction of `sign`; none if that is less than the wheels can do.
    fn motion(&self, left_m: f64, speed_mps: f64, sign: f64) -> Option<Motion> {
        // On a curve the axle is slower than the command, by half of what the inner wheel is slowed down.
        let slower = 1.0 - f64::from(self.steer_deg.abs()) / 200.0;
        let speed_mps = speed_mps.min(left_m / STEP.as_secs_f64() / slower);
        let motion =
            Motion { speed_mps: (speed_mps * sign) as f32, steering_rad: self.steer_deg.to_radians() };
        (speed_mps > 0.0 && axle_mps(motion.speed_mps, motion.steering_rad) != 0.0).then_some(motion)
    }

    /// Goes on with driving; none if another state has begun.
    fn run(&mut self, run: &mut Run, now: Duration, aware: &Aware) -> Option<Progress> {
        let covered_m = run.covered_m(aware.way_m);
        let sign = run.leg.way_m.signum();
        let Some(motion) = self.motion(run.leg.way_m.abs() - covered_m, run.leg.speed_mps, sign) else {
            self.state = State::Next;
            return None;
        };
        if aware.obeyed == DriveSource::Operator {
            return Some(Progress::Failed("an operator drives, who goes before all actions".to_owned()));
        }
        if sign > 0.0 && is_forbidden(aware.safety) {
            let (reason, is_seen) = forbidden(aware);
            if !is_seen && !run.stands(now, aware.way_m) {
                // What is not known, at the start for instance, may be known soon.
                self.state = State::Run(*run);
                return Some(self.standing());
            }
            let left_m = if is_seen { covered_m.clamp(0.0, BACK_OFF_M) } else { 0.0 };
            let leg = Leg { way_m: -left_m, speed_mps: BACK_OFF_MPS };
            let run = Run::begin(leg, now, aware.way_m);
            self.state = State::Back { run, left_m, reason };
            return None;
        }
        if run.stands(now, aware.way_m) {
            let reason =
                "the car was asked to move and stands; is `motion` there, and does an emergency stop hold?";
            return Some(Progress::Failed(reason.to_owned()));
        }
        self.state = State::Run(*run);
        Some(Progress::Going(motion))
    }

    /// Backs off along the way that was just driven, and fails then.
    fn back(&mut self, run: &mut Run, left_m: f64, reason: String, now: Duration, aware: &Aware) -> Progress {
        let covered_m = run.covered_m(aware.way_m);
        let may_drive = aware.obeyed != DriveSource::Operator && !run.stands(now, aware.way_m);
        match self.motion(left_m - covered_m, run.leg.speed_mps, -1.0) {
            Some(motion) if may_drive => {
                self.state = State::Back { run: *run, left_m, reason };
                Progress::Going(motion)
            }
            _ => Progress::Failed(format!("{reason}; it backed off {:.0} cm", covered_m.max(0.0) * 100.0)),
        }
    }
}

fn is_forbidden(safety: Option<SafetyStatus>) -> bool {
    safety.is_none_or(|safety| safety.level >= SafetyLevel::Danger)
}

/// Why the car may not drive on, and whether that is seen, so that it may back off; or not known.
fn forbidden(aware: &Aware) -> (String, bool) {
    let Some(SafetyStatus { level, cause, distance_m }) = aware.safety else {
        return ("nobody has said yet how near the next thing is".to_owned(), false);
    };
    let words = match cause {
        SafetyCause::Distance | SafetyCause::LikelyOpen => {
            format!("the next thing ahead is at {distance_m:.2} m")
        }
        SafetyCause::Cliff => "there is no floor under its front".to_owned(),
        SafetyCause::NoEchoYet => "no distance has been measured yet".to_owned(),
        SafetyCause::OneEcho | SafetyCause::Invalid => "the distance sensor has no echo".to_owned(),
        SafetyCause::Silent => "the distance sensor is silent".to_owned(),
        SafetyCause::Stuck => "the distance sensor says the same again and again".to_owned(),
        SafetyCause::FloorUnknown => "nothing is heard of the floor".to_owned(),
    };
    (words, level < SafetyLevel::SensorError)
}

#[cfg(test)]
#[path = "player_tests.rs"]
mod tests;
