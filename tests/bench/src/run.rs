//! Rounds: every subject of a row in turns, so that whatever the machine does in between meets all of them alike.

use serde::{Deserialize, Serialize};

use crate::measure::Unmeasured;
use crate::rows::{Role, Row, Subject, Unit};
use crate::stats::{Figures, Interval, median_interval, percentile, ratios};

/// A row that was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MeasuredRow {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) unit: Unit,
    /// See [`Row::is_by_first`].
    #[serde(default)]
    pub(crate) is_by_first: bool,
    pub(crate) subjects: Vec<MeasuredSubject>,
}

/// A subject that was measured, or why not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MeasuredSubject {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// Of each round, in order.
    pub(crate) rounds: Vec<RoundFigures>,
    /// Over all rounds.
    pub(crate) all: Option<Figures>,
    /// Messages that were dropped by the subject's rule, over all rounds.
    pub(crate) dropped: u64,
    pub(crate) unmeasured: Option<NotMeasured>,
}

/// Why a subject has no figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum NotMeasured {
    /// It cannot be measured here, or not yet.
    Absent(String),
    /// It went wrong.
    Failed(String),
}

/// What one round of a subject came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RoundFigures {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    #[serde(default)]
    pub(crate) p999: f64,
}

/// Measures `row`: one round that does not count, then `rounds` that do. `tell` hears of each.
pub(crate) fn measure(mut row: Row, rounds: usize, tell: &mut dyn FnMut(usize)) -> MeasuredRow {
    let mut places: Vec<Place> = row.subjects.iter().map(Place::of).collect();
    let count = row.subjects.len();
    for round in 0..=rounds.min(row.rounds_max) {
        tell(round);
        for turn in 0..count {
            // Another one begins in each round: nobody always follows the same neighbour's heat.
            let index = (round + turn) % count;
            let counts = if round == 0 { Counts::WarmUp } else { Counts::Yes };
            places[index].serve(&mut row.subjects[index], counts);
        }
    }
    let subjects = places.into_iter().map(|place| place.finish(row.unit)).collect();
    MeasuredRow {
        name: row.name.to_owned(),
        title: row.title.to_owned(),
        unit: row.unit,
        is_by_first: row.is_by_first,
        subjects,
    }
}

/// Whether a round counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    WarmUp,
    Yes,
}

/// A subject while it is measured.
struct Place {
    measured: MeasuredSubject,
    samples: Vec<f64>,
}

impl Place {
    fn of(subject: &Subject) -> Self {
        let measured = MeasuredSubject {
            name: subject.name.clone(),
            role: subject.role,
            rounds: Vec::new(),
            all: None,
            dropped: 0,
            unmeasured: None,
        };
        Self { measured, samples: Vec::new() }
    }

    fn serve(&mut self, subject: &mut Subject, counts: Counts) {
        if self.measured.unmeasured.is_some() {
            return;
        }
        match (subject.run)() {
            Ok(mut samples) if counts == Counts::Yes => {
                samples.values.sort_by(f64::total_cmp);
                let part = |part| percentile(&samples.values, part).unwrap_or(f64::NAN);
                self.measured.rounds.push(RoundFigures {
                    p50: part(0.5),
                    p99: part(0.99),
                    p999: part(0.999),
                });
                self.measured.dropped += samples.dropped;
                self.samples.append(&mut samples.values);
            }
            Ok(_) => {}
            Err(Unmeasured::Absent(text)) => self.measured.unmeasured = Some(NotMeasured::Absent(text)),
            Err(Unmeasured::Failed(text)) => self.measured.unmeasured = Some(NotMeasured::Failed(text)),
        }
    }

    fn finish(mut self, unit: Unit) -> MeasuredSubject {
        // A subject that failed once has no figures that could be compared.
        if self.measured.unmeasured.is_none() {
            self.measured.all = Figures::of(&mut self.samples, unit.better());
        } else {
            self.measured.rounds.clear();
        }
        self.measured
    }
}

impl MeasuredRow {
    /// The subject called `name`, if it was measured.
    pub(crate) fn subject(&self, name: &str) -> Option<&MeasuredSubject> {
        self.subjects.iter().find(|subject| subject.name == name && subject.all.is_some())
    }

    /// The subject that the others are compared with: the first.
    pub(crate) fn ours(&self) -> Option<&MeasuredSubject> {
        self.subjects.first().filter(|subject| subject.all.is_some())
    }

    /// The subjects that went wrong, and how.
    pub(crate) fn failures(&self) -> Vec<(&str, &str)> {
        self.subjects
            .iter()
            .filter_map(|subject| match &subject.unmeasured {
                Some(NotMeasured::Failed(text)) => Some((subject.name.as_str(), text.as_str())),
                _ => None,
            })
            .collect()
    }
}

impl MeasuredSubject {
    pub(crate) fn p50s(&self) -> Vec<f64> {
        self.rounds.iter().map(|round| round.p50).collect()
    }

    pub(crate) fn p99s(&self) -> Vec<f64> {
        self.rounds.iter().map(|round| round.p99).collect()
    }

    pub(crate) fn p999s(&self) -> Vec<f64> {
        self.rounds.iter().map(|round| round.p999).collect()
    }

    /// `self / other` of the rounds' p50 and p99.
    pub(crate) fn compare(&self, other: &Self) -> Option<(Interval, Interval)> {
        let p50 = median_interval(&ratios(&self.p50s(), &other.p50s()))?;
        let p99 = median_interval(&ratios(&self.p99s(), &other.p99s()))?;
        Some((p50, p99))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;
    use crate::machine::Near;
    use crate::measure::{RoundResult, Samples};
    use crate::rows::{self, Scale, Setting};

    /// The row called `name` as if each of its subjects had been measured, with a figure of 1.
    pub(crate) fn measured_like(name: &str) -> MeasuredRow {
        let near = Near { send: 0, receive: 1 };
        let setting = Setting {
            near,
            receiver_cores: vec![1],
            scale: Scale::QUICK,
            nevil: None,
            root: "nowhere".into(),
        };
        let mut row = rows::all(&setting).into_iter().find(|row| row.name == name).unwrap();
        for subject in &mut row.subjects {
            subject.run = Box::new(|| Ok(Samples { values: vec![1.0], dropped: 0 }));
        }
        measure(row, 2, &mut |_| {})
    }

    fn subject(name: &str, run: impl FnMut() -> RoundResult + 'static) -> Subject {
        Subject { name: name.to_owned(), role: Role::Nevil, run: Box::new(run) }
    }

    fn row(subjects: Vec<Subject>) -> Row {
        Row { name: "row", title: "", unit: Unit::Ns, rounds_max: usize::MAX, subjects, is_by_first: false }
    }

    #[test]
    fn subjects_take_turns_and_another_one_begins_in_each_round() {
        let turns = Rc::<RefCell<String>>::default();
        let named = |name: &'static str| {
            let turns = Rc::clone(&turns);
            subject(name, move || {
                turns.borrow_mut().push_str(name);
                Ok(Samples { values: vec![2.0, 4.0], dropped: 1 })
            })
        };
        let measured = measure(row(vec![named("a"), named("b"), named("c")]), 2, &mut |_| {});
        assert_eq!(*turns.borrow(), "abcbcacab");
        // The first round does not count.
        assert_eq!((measured.subjects[0].rounds.len(), measured.subjects[0].dropped), (2, 2));
        assert_eq!(measured.subjects[0].all.unwrap().count, 4);
    }

    #[test]
    fn a_subject_that_failed_has_no_figures_and_is_not_run_again() {
        let mut runs = 0;
        let failing = subject("failing", move || {
            runs += 1;
            assert!(runs <= 2);
            if runs == 1 { Ok(Samples::default()) } else { Err(Unmeasured::Failed("lost".to_owned())) }
        });
        let measured = measure(row(vec![failing]), 5, &mut |_| {});
        assert_eq!(measured.failures(), [("failing", "lost")]);
        assert!(measured.ours().is_none() && measured.subjects[0].rounds.is_empty());
    }
}
