//! What the robot is asked to do, and what it says that it does.

use nevil_derive::{Field, Message};

/// Asks for actions, one after the other, such as `forward 20`, `nod:slow` or `look_left`. They are queued; what is asked
/// wrongly, or finds the queue full, is refused, and `navigation_status` says so.
///
/// ```
/// use nevil_msgs::RobotAction;
///
/// let actions = vec!["forward 20".to_owned(), "nod:slow".to_owned()];
/// let action = RobotAction { actions, source_text: "come here".into(), mood: "curious".into(), priority: 100 };
/// assert_eq!(action.actions.len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct RobotAction {
    /// The actions, each `name[:slow|med|fast] [arguments]`; `docs/reference/actions.md` lists them. At most 32.
    pub actions: Vec<String>,
    /// What they answer, in words for people; may be empty.
    pub source_text: String,
    /// The mood that they are meant in; may be empty.
    pub mood: String,
    /// Whose actions go first: 1 to 1000, the lower the sooner. 100 is usual.
    #[field(range = 1..=1000)]
    pub priority: u16,
}

/// What `navigation` does, published at each change.
///
/// ```
/// use nevil_msgs::{NavigationState, NavigationStatus};
///
/// let idle = NavigationStatus {
///     status: NavigationState::Idle,
///     current_action: String::new(),
///     actions_remaining: 0,
///     reason: String::new(),
/// };
/// assert_ne!(idle.status, NavigationState::Error);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct NavigationStatus {
    /// How it is.
    pub status: NavigationState,
    /// The action that it is about; empty if none is.
    pub current_action: String,
    /// How many wait in the queue.
    pub actions_remaining: u32,
    /// Why it is an error, in words for people; empty otherwise.
    pub reason: String,
}

/// How an action goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Field)]
pub enum NavigationState {
    /// Nothing is to be done.
    Idle,
    /// An action runs.
    Executing,
    /// An action has ended as it should.
    Completed,
    /// An action was refused, or has ended otherwise than it should; the next one is begun.
    Error,
}

/// Begins or ends driving about by itself.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct AutoModeCommand {
    /// Which of both.
    pub command: AutoModeOrder,
    /// What set it off, such as `voice`; may be empty.
    pub trigger: String,
    /// The words that were heard; may be empty.
    pub original_text: String,
}

/// Begin or end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Field)]
pub enum AutoModeOrder {
    /// Drive about.
    Start,
    /// Stand, and do what is asked only.
    Stop,
}

/// Whether the robot drives about by itself, published by `navigation` at each change.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct AutoModeStatus {
    /// Whether it does.
    pub active: bool,
    /// Its mood, such as `curious`.
    pub mood: String,
    /// What it does, such as `wander`, `gesture`, `pause`, `stuck`; empty while it does not.
    pub behavior: String,
}

/// Asks for another mood.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct MoodChange {
    /// The mood: playful, brooding, curious, melancholic, zippy, lonely, mischievous, sleepy or neutral.
    pub mood: String,
    /// Who asks.
    pub source: String,
    /// Why; may be empty.
    pub context: String,
}

/// What the robot as a whole is at.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct SystemMode {
    /// What.
    pub mode: Mode,
    /// Why, in words for people; may be empty.
    pub reason: String,
}

/// What a robot that listens and speaks is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Field)]
pub enum Mode {
    /// It hears somebody.
    Listening,
    /// It speaks.
    Speaking,
    /// It works out what to say or do.
    Thinking,
    /// It takes a picture.
    Capturing,
    /// Nothing of these.
    Idle,
    /// Something is wrong.
    Error,
}

/// Whether the robot speaks.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct SpeakingStatus {
    /// Whether it does.
    pub speaking: bool,
    /// What it says; empty while it is silent.
    pub text: String,
}

/// Whether the robot listens.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct ListeningStatus {
    /// Whether it does.
    pub listening: bool,
    /// Why it began or ended; may be empty.
    pub reason: String,
}

/// What the robot's light shows, published by `led_indicator` at each change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message)]
pub struct LedStatus {
    /// Which pattern.
    pub state: LedState,
}

/// Patterns of the robot's light.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Field)]
pub enum LedState {
    /// Two short flashes every 1.2 s.
    Play,
    /// On and off by turns, each for 0.1 s.
    Listen,
    /// On.
    Actions,
    /// Off.
    Off,
}
