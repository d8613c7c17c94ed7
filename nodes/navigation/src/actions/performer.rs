//! Takes in what is asked for, and carries it out, one action after the other.

use std::sync::Arc;
use std::time::Duration;

use nevil_msgs::{NavigationState, NavigationStatus};

use super::grammar::{Action, Pace, words_of};
use super::library::Library;
use super::player::{Aware, Gaze, Player, Progress, REST};
use super::queue::Queue;
use crate::wander::Motion;

/// Most actions that one message may ask for.
pub const ACTIONS_MAX: usize = 32;

/// How each action that was asked for has ended. `asked` is the sum of the others, of those that wait, and of the one that
/// runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All that were asked for.
    pub asked: u64,
    /// Ended as they should.
    pub completed: u64,
    /// Begun, and ended otherwise.
    pub failed: u64,
    /// Not understood, or found the queue full.
    pub refused: u64,
    /// Ended by `stop`, or never begun because of it.
    pub cleared: u64,
}

/// What came of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Whether it has stopped everything.
    pub is_stop: bool,
    /// What is to be said of it.
    pub news: Vec<NavigationStatus>,
}

/// Whether the text means to stop, whatever else it says: who wants that is not to be refused for a slip.
fn is_stop(text: &str, library: &Library) -> bool {
    let named = text.split(':').next().unwrap_or_default();
    let words: Vec<String> = words_of(named);
    words.first().is_some_and(|word| word == "stop")
        && (words.len() == 1 || !library.is_action(&words.join("_")))
}

/// What is wanted until the next step, and what is to be said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// How to move; none if no action has a wish.
    pub motion: Option<Motion>,
    /// Where the camera is to look, if that is new.
    pub look: Option<Gaze>,
    /// What has changed, in order.
    pub news: Vec<NavigationStatus>,
}

/// Carries out actions.
///
/// ```
/// use std::time::Duration;
/// use nevil_msgs::{DriveSource, SafetyCause, SafetyLevel, SafetyStatus};
/// use nevil_node_navigation::{Aware, Library, Performer};
///
/// let mut performer = Performer::new(Library::shipped().clone(), 50, 10.0);
/// assert!(performer.ask(&["look_left".to_owned()], "", 100).news.is_empty(), "nothing is refused");
/// let safety = SafetyStatus { level: SafetyLevel::Clear, cause: SafetyCause::Distance, distance_m: 2.0 };
/// let aware = Aware { safety: Some(safety), way_m: 0.0, obeyed: DriveSource::Nobody };
/// let turn = performer.step(Duration::ZERO, &aware);
/// assert!(turn.look.unwrap().pan_deg > 0.0);
/// ```
#[derive(Clone, Debug)]
pub struct Performer {
    library: Arc<Library>,
    queue: Queue<Action>,
    /// The action that was asked for and runs.
    current: Option<(Action, Player)>,
    /// What the robot does of its own accord; whoever asks for something ends it.
    aside: Option<Player>,
    /// Standing between two actions.
    rest_until: Option<Duration>,
    head: Gaze,
    /// Where the camera was last told to look.
    told: Option<Gaze>,
    rest_tilt_deg: f32,
    tally: Tally,
}

impl Performer {
    /// A performer that has nothing to do. At most `queue_max` actions wait; between actions the camera looks straight
    /// ahead, and up by `rest_tilt_deg`.
    #[must_use]
    pub fn new(library: Library, queue_max: usize, rest_tilt_deg: f32) -> Self {
        Self {
            library: Arc::new(library),
            queue: Queue::new(queue_max),
            current: None,
            aside: None,
            rest_until: None,
            head: Gaze { pan_deg: 0.0, tilt_deg: rest_tilt_deg },
            told: None,
            rest_tilt_deg,
            tally: Tally::default(),
        }
    }

    /// The gestures and moods that it knows.
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// How the actions have ended so far.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// How many actions wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Whether anything that was asked for runs or waits, or has just ended.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.current.is_some() || self.queue.len() > 0 || self.rest_until.is_some()
    }

    /// Whether it does something of its own accord.
    #[must_use]
    pub const fn plays_aside(&self) -> bool {
        self.aside.is_some()
    }

    /// Takes in what a message asks for: its actions in order, the mood that they are meant in, and their priority, the lower
    /// the sooner. What is wrong or does not fit is refused, and the rest stays. `stop` acts at once, wherever it
    /// stands: it ends what runs, waits, and stands before it.
    pub fn ask(&mut self, texts: &[String], mood: &str, priority: u16) -> Asked {
        let pace = self.library.mood(mood).map_or(Pace::Med, |mood| mood.pace());
        self.tally.asked += texts.len() as u64;
        let mut asked = Asked::default();
        let mut behind = texts;
        if let Some(last) = texts.iter().rposition(|text| is_stop(text, &self.library)) {
            asked.is_stop = true;
            self.stop(last, &mut asked.news);
            behind = &texts[last + 1..];
        }
        let mut unfit = behind.len().saturating_sub(ACTIONS_MAX);
        for text in behind.iter().take(ACTIONS_MAX) {
            match Action::parse(text, &self.library, pace) {
                Ok(action) => unfit += usize::from(self.queue.push(priority, action).is_err()),
                Err(problem) => {
                    self.tally.refused += 1;
                    asked.news.push(self.refused(text, problem.to_string()));
                }
            }
        }
        if unfit > 0 {
            self.tally.refused += unfit as u64;
            let reason = format!(
                "{unfit} of {} actions do not fit; at most {} wait, and at most {ACTIONS_MAX} come in one message",
                texts.len(),
                self.queue.max()
            );
            asked.news.push(self.refused("", reason));
        }
        asked
    }

    /// Ends all that was asked for; `before` more of the same message are never begun.
    fn stop(&mut self, before: usize, news: &mut Vec<NavigationStatus>) {
        let waited = self.queue.clear() + before;
        self.tally.cleared += waited as u64;
        self.tally.completed += 1;
        self.aside = None;
        if let Some((action, _)) = self.current.take() {
            self.tally.cleared += 1;
            let reason = "ended by `stop`".to_owned();
            news.push(self.status(NavigationState::Error, &action.to_string(), reason));
        }
        self.rest_head();
        let cleared = if waited > 0 { format!("{waited} that waited were cleared") } else { String::new() };
        news.push(self.status(NavigationState::Completed, "stop", cleared));
        // The next step says that it is idle, or begins what comes behind the `stop`.
        self.rest_until = Some(Duration::ZERO);
    }

    /// Counts something as asked for and refused, for this reason, and returns what is to be said of it.
    pub fn refuse(&mut self, reason: String) -> NavigationStatus {
        self.tally.asked += 1;
        self.tally.refused += 1;
        self.refused("", reason)
    }

    /// Begins `action` of the robot's own accord; nothing is said about it. Nothing happens while anything else runs.
    pub fn play_aside(&mut self, action: &Action) {
        if !self.is_busy() {
            self.aside = Player::new(action);
        }
    }

    /// Ends what it does of its own accord.
    pub fn end_aside(&mut self) {
        if self.aside.take().is_some() {
            self.rest_head();
        }
    }

    /// Goes on at `now`. Call it ten times a second.
    pub fn step(&mut self, now: Duration, aware: &Aware) -> Turn {
        let mut turn = Turn::default();
        if self.rest_until.is_some_and(|until| now >= until) {
            self.rest_until = None;
            turn.motion = Some(Motion::NONE);
            if self.queue.len() == 0 {
                turn.news.push(self.status(NavigationState::Idle, "", String::new()));
            }
        }
        if self.current.is_none() && self.rest_until.is_none() {
            self.begin_next(&mut turn.news);
        }
        if self.current.is_some() {
            self.step_current(now, aware, &mut turn);
        } else if self.rest_until.is_some() {
            turn.motion = Some(Motion::NONE);
        } else if let Some(player) = &mut self.aside {
            turn.motion = Some(match player.step(now, aware, &mut self.head) {
                Progress::Going(motion) => motion,
                Progress::Done | Progress::Failed(_) => {
                    self.end_aside();
                    Motion::NONE
                }
            });
        }
        if self.told != Some(self.head) {
            self.told = Some(self.head);
            turn.look = self.told;
        }
        turn
    }

    /// Ends what runs at `now`, as failed for this reason, and returns what is to be said of it, if anything runs.
    pub fn fail(&mut self, now: Duration, reason: String) -> Option<NavigationStatus> {
        let (action, _) = self.current.take()?;
        self.tally.failed += 1;
        self.rest_head();
        self.rest_until = Some(now + REST);
        Some(self.status(NavigationState::Error, &action.to_string(), reason))
    }

    fn begin_next(&mut self, news: &mut Vec<NavigationStatus>) {
        let Some(action) = self.queue.pop() else { return };
        // `stop` never waits, so there is a player for all that do.
        let Some(player) = Player::new(&action) else { return };
        self.end_aside();
        news.push(self.status(NavigationState::Executing, &action.to_string(), String::new()));
        self.current = Some((action, player));
    }

    fn step_current(&mut self, now: Duration, aware: &Aware, turn: &mut Turn) {
        let Some((action, player)) = &mut self.current else { return };
        let (state, reason) = match player.step(now, aware, &mut self.head) {
            Progress::Going(motion) => {
                turn.motion = Some(motion);
                return;
            }
            Progress::Done => (NavigationState::Completed, String::new()),
            Progress::Failed(reason) => (NavigationState::Error, reason),
        };
        let (said, keeps_pose) = (action.to_string(), player.keeps_pose());
        self.current = None;
        match state {
            NavigationState::Completed => self.tally.completed += 1,
            _ => self.tally.failed += 1,
        }
        if !(keeps_pose && state == NavigationState::Completed) {
            self.rest_head();
        }
        turn.news.push(self.status(state, &said, reason));
        turn.motion = Some(Motion::NONE);
        self.rest_until = Some(now + REST);
    }

    const fn rest_head(&mut self) {
        self.head = Gaze { pan_deg: 0.0, tilt_deg: self.rest_tilt_deg };
    }

    fn refused(&self, action: &str, reason: String) -> NavigationStatus {
        let reason = format!("{reason} (refused so far: {})", self.tally.refused);
        // Enough to recognise a text by.
        self.status(NavigationState::Error, &action.chars().take(60).collect::<String>(), reason)
    }

    fn status(&self, status: NavigationState, action: &str, reason: String) -> NavigationStatus {
        NavigationStatus {
            status,
            current_action: action.to_owned(),
            actions_remaining: u32::try_from(self.queue.len()).unwrap_or(u32::MAX),
            reason,
        }
    }
}

#[cfg(test)]
#[path = "performer_tests.rs"]
mod tests;
