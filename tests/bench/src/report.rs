//! A run, as it is kept in JSON and shown in the terminal.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::goals::{GOALS, Goal};
use crate::machine::Machine;
use crate::rows::{Role, Unit};
use crate::run::{MeasuredRow, MeasuredSubject, NotMeasured};
use crate::stats::{Better, Interval};

/// Everything that a run has found out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Rounds that count.
    pub(crate) rounds: usize,
    /// The words after `./nevil bench`.
    pub(crate) words: String,
    pub(crate) extent: Extent,
    pub(crate) machine: Machine,
    pub(crate) rows: Vec<MeasuredRow>,
}

impl Report {
    /// Adds the rows of `earlier` that this run has not measured, and says when those were.
    pub(crate) fn add(&mut self, earlier: Self) {
        let line = |name| earlier.machine.line(name).unwrap_or("unknown").to_owned();
        let (date, commit, load) = (line("date"), line("commit"), line("load before"));
        let mut measured = std::mem::take(&mut self.rows);
        let mut kept = Vec::new();
        for row in earlier.rows {
            match measured.iter().position(|now| now.name == row.name) {
                Some(index) => self.rows.push(measured.remove(index)),
                None => {
                    kept.push(format!("`{}`", row.name));
                    self.rows.push(row);
                }
            }
        }
        self.rows.append(&mut measured);
        if !kept.is_empty() {
            let what = format!("{date}, commit {commit}, load {load}: {}", kept.join(", "));
            self.machine.push("measured before", what);
        }
    }
}

/// How seriously a run is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Extent {
    Full,
    /// Only to see that everything runs: its figures mean nothing.
    Quick,
}

impl Extent {
    /// What has to be said before the figures.
    pub(crate) const fn warning(self, rounds: usize) -> Option<&'static str> {
        match self {
            Self::Quick => Some("A quick run, which shows that everything works; its figures mean nothing."),
            Self::Full if rounds < 20 => {
                Some("A run of fewer than 20 rounds: the intervals are wide, and the verdicts preliminary.")
            }
            Self::Full => None,
        }
    }
}

/// One row as a table of at most 110 columns.
pub(crate) fn row_table(row: &MeasuredRow) -> String {
    let mut text = format!("\n{}: {}\n", row.name, row.title);
    let _ = writeln!(
        text,
        "  {:<26} {:>8} {:>8} {:>8} {:>8} {:>8}  {:<17} ours/its p99",
        unit(row.unit),
        "p50",
        "p99",
        "p99.9",
        worst(row.unit),
        "count",
        "ours/its p50"
    );
    for subject in &row.subjects {
        let _ = match (&subject.all, &subject.unmeasured) {
            (Some(all), _) => {
                let [p50, p99, p999, worst] =
                    [all.p50, all.p99, all.p999, all.worst].map(|value| figure(row.unit, value));
                let (ratio50, ratio99) = ratios_with_ours(row, subject).unwrap_or_default();
                let line = format!(
                    "  {:<26} {p50:>8} {p99:>8} {p999:>8} {worst:>8} {:>8}  {ratio50:<17} {ratio99:<17}",
                    subject.name, all.count
                );
                writeln!(text, "{}{}", line.trim_end(), dropped(subject))
            }
            (None, Some(why)) => writeln!(text, "  {:<26} {}", subject.name, reason(why)),
            (None, None) => writeln!(text, "  {:<26} not measured", subject.name),
        };
    }
    text
}

/// The ratios of the first subject to `subject`; nothing for the first itself.
pub(crate) fn ratios_with_ours(row: &MeasuredRow, subject: &MeasuredSubject) -> Option<(String, String)> {
    let ours = row.ours().filter(|ours| ours.name != subject.name)?;
    let (p50, p99) = if row.is_by_first { subject.compare(ours)? } else { ours.compare(subject)? };
    // A round that is one figure has no tail.
    let tail = if p50 == p99 { String::new() } else { interval(p99) };
    Some((interval(p50), tail))
}

/// What a subject dropped, where it did.
pub(crate) fn dropped(subject: &MeasuredSubject) -> String {
    match subject.dropped {
        0 => String::new(),
        dropped => format!("  dropped {dropped}"),
    }
}

pub(crate) fn reason(why: &NotMeasured) -> String {
    match why {
        NotMeasured::Absent(text) => format!("absent: {text}"),
        NotMeasured::Failed(text) => format!("FAILED: {text}"),
    }
}

/// The goals with what was measured of them.
pub(crate) fn goal_table(rows: &[MeasuredRow]) -> String {
    let mut text = String::from("\ngoals\n");
    // Goals of rows that were left out are not of interest.
    let of_rows = |goal: &&Goal| rows.iter().any(|row| row.name == goal.row);
    for goal in GOALS.iter().filter(of_rows) {
        let bound = goal.bound.to_string();
        let (measured, verdict) = match goal.judge(rows) {
            Some((measured, verdict)) => (interval(measured), verdict.to_string()),
            None => (String::new(), "absent".to_owned()),
        };
        let _ = writeln!(text, "  {:<72} {bound:>7}  {measured:<17} {verdict}", goal.claim);
    }
    text
}

/// A median with its interval: `0.83 (0.80–0.86)`.
pub(crate) fn interval(interval: Interval) -> String {
    let Interval { low, median, high, .. } = interval;
    // Nothing divided by nothing.
    if !median.is_finite() {
        return String::new();
    }
    if low == high {
        return short(median);
    }
    format!("{} ({}–{})", short(median), short(low), short(high))
}

fn short(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ if value == 0.0 => "0".to_owned(),
        // No sign before nothing.
        ..0.005 => "0.00".to_owned(),
        _ => format!("{value:.2}"),
    }
}

/// A figure in its row's unit.
pub(crate) fn figure(unit: Unit, value: f64) -> String {
    match unit {
        Unit::PerSecond => format!("{:.3}", value / 1e6),
        Unit::Ns if value < 10_000.0 => short(value),
        Unit::Ns => format!("{:.1}k", value / 1e3),
        Unit::Ms | Unit::Count => short(value),
    }
}

/// What the figures of a row are in.
pub(crate) const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Ns => "in ns",
        Unit::PerSecond => "in millions a second",
        Unit::Ms => "in ms",
        Unit::Count => "as numbers",
    }
}

/// What the worst figure of a row is called.
pub(crate) const fn worst(unit: Unit) -> &'static str {
    match unit.better() {
        Better::Less => "max",
        Better::More => "lowest",
    }
}

/// How a subject's name is marked: floors and peers are told apart at a glance.
pub(crate) const fn role(role: Role) -> &'static str {
    match role {
        Role::Nevil => "Nevil",
        Role::Peer => "peer",
        Role::Floor => "floor",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::tests::measured_like;

    #[test]
    fn rows_of_an_earlier_run_are_kept_where_they_are_not_measured_anew() {
        let report = |rows: &[&str], date: &str| Report {
            rounds: 2,
            words: String::new(),
            extent: Extent::Full,
            machine: Machine { lines: vec![("date".to_owned(), date.to_owned())] },
            rows: rows.iter().map(|name| measured_like(name)).collect(),
        };
        let mut now = report(&["publish", "turn"], "today");
        now.add(report(&["polling_64", "publish"], "yesterday"));
        let names: Vec<_> = now.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["polling_64", "publish", "turn"]);
        let kept = "yesterday, commit unknown, load unknown: `polling_64`";
        assert_eq!(now.machine.line("measured before"), Some(kept));
        assert_eq!(now.machine.line("date"), Some("today"));
    }

    #[test]
    fn figures_are_short_and_keep_their_meaning() {
        assert_eq!(figure(Unit::Ns, 137.4), "137");
        assert_eq!(figure(Unit::Ns, 21.44), "21.4");
        assert_eq!(figure(Unit::Ns, 1_234_567.0), "1234.6k");
        assert_eq!(figure(Unit::PerSecond, 5_251_000.0), "5.251");
        assert_eq!(figure(Unit::Count, 0.0), "0");
    }

    #[test]
    fn no_line_is_wider_than_110_columns() {
        for name in [
            "polling_64",
            "fan_out_lossy",
            "growth_topics",
            "ring_polling",
            "breaker_kinds",
            "emergency_stop",
            "blast_same_core_fifo",
        ] {
            let row = measured_like(name);
            let text = row_table(&row) + &goal_table(&[row]);
            for line in text.lines().filter(|line| !line.starts_with(name)) {
                assert!(line.chars().count() <= 110, "{} columns: {line}", line.chars().count());
            }
        }
    }
}
