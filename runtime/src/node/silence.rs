//! When nothing has come for too long: the deadline of a topic, from the side of one subscription.

use std::time::Duration;

use crate::clock::Time;

/// How long nothing has come, and whether that was reported. Pure: it is told the time.
#[derive(Debug)]
pub(crate) struct Silence {
    deadline: Duration,
    /// The last message, or the activation.
    since: Time,
    reported: bool,
}

impl Silence {
    pub(crate) fn new(deadline: Duration) -> Self {
        Self { deadline, since: Time::ZERO, reported: false }
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Begins to listen at `now`.
    pub(crate) fn begin(&mut self, now: Time) {
        (self.since, self.reported) = (now, false);
    }

    /// A message came at `now`; how long nothing had come before, if that was reported.
    pub(crate) fn heard(&mut self, now: Time) -> Option<Duration> {
        let silent_for = self.reported.then(|| now.since(self.since));
        self.begin(now);
        silent_for
    }

    /// Whether the silence is to be reported at `now`: once, until something comes.
    pub(crate) fn is_to_be_reported(&mut self, now: Time) -> bool {
        let is_late = self.due().is_some_and(|due| due <= now);
        self.reported |= is_late;
        is_late
    }

    /// When it is to be reported, if nothing comes.
    pub(crate) fn due(&self) -> Option<Time> {
        (!self.reported).then(|| self.since + self.deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn silence_is_reported_once_at_exactly_the_deadline_and_again_after_a_message() {
        let mut silence = Silence::new(MS * 10);
        silence.begin(Time::ZERO + MS * 5);
        assert!(!silence.is_to_be_reported(Time::from_ns(15 * 1_000_000 - 1)));
        assert!(silence.is_to_be_reported(Time::ZERO + MS * 15));
        assert_eq!((silence.is_to_be_reported(Time::ZERO + MS * 99), silence.due()), (false, None));
        assert_eq!(silence.heard(Time::ZERO + MS * 100), Some(MS * 95));
        assert_eq!(silence.heard(Time::ZERO + MS * 105), None);
        assert_eq!(silence.due(), Some(Time::ZERO + MS * 115));
        assert!(silence.is_to_be_reported(Time::ZERO + MS * 115));
    }
}
