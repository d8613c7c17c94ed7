//! `docs/reference/performance.md`, written from a run.

use std::fmt::Write;

use crate::goals::GOALS;
use crate::report::{Report, dropped, figure, interval, ratios_with_ours, reason, role, unit, worst};
use crate::rows::Unit;
use crate::run::{MeasuredRow, MeasuredSubject};
use crate::stats::{CONFIDENCE, median_interval};

/// The page of `report`.
pub(crate) fn page(report: &Report) -> String {
    let mut text = String::from("# Performance\n\n");
    let _ = writeln!(
        text,
        "Written by `./nevil bench {}`; never by hand. To write it anew:\n\n```sh\n./nevil bench --page docs/reference/performance.md\n```\n",
        report.words
    );
    if let Some(warning) = report.extent.warning(report.rounds) {
        let _ = writeln!(text, "**{warning}**\n");
    }
    goals(&mut text, &report.rows);
    text += "## Rows\n\n\
        The last two columns divide Nevil's figure, the first line of each table, by the other's, in each round: the median over the\n\
        rounds and its interval. Below 1 Nevil is faster where times are measured, and slower where deliveries per second are. In the\n\
        rows `blast_…` it is the other way round: each line is divided by the first, the harmless one, and p99.9 is given with the\n\
        interval of the rounds' own.\n\n";
    report.rows.iter().for_each(|row| table(&mut text, row));
    text += "## Machine\n\n| what | here |\n| --- | --- |\n";
    for (name, value) in &report.machine.lines {
        let _ = writeln!(text, "| {name} | {value} |");
    }
    method(&mut text);
    text
}

fn goals(text: &mut String, rows: &[MeasuredRow]) {
    *text += "## Goals\n\n\
        A goal is *met* if the whole interval keeps its bound, *missed* if the whole interval breaks it, *open* if the bound lies\n\
        within, and *absent* if something that it takes was not measured. [Profiles](profiles.md) says where the time goes that is\n\
        too much.\n\n\
        | goal | bound | measured | verdict | row |\n| --- | --- | --- | --- | --- |\n";
    for goal in &GOALS {
        let (measured, verdict) = match goal.judge(rows) {
            Some((measured, verdict)) => (interval(measured), verdict.to_string()),
            None => (String::new(), "absent".to_owned()),
        };
        let _ =
            writeln!(text, "| {} | {} | {measured} | {verdict} | `{}` |", goal.claim, goal.bound, goal.row);
    }
    *text += "\n";
}

fn table(text: &mut String, row: &MeasuredRow) {
    let rounds = row.subjects.iter().map(|subject| subject.rounds.len()).max().unwrap_or(0);
    let rounds = if rounds == 1 { "one round".to_owned() } else { format!("{rounds} rounds") };
    let _ = writeln!(text, "### `{}`\n\n{}; {}; {rounds}.\n", row.name, row.title, unit(row.unit));
    let worst = worst(row.unit);
    let _ = writeln!(text, "| who | p50 | p99 | p99.9 | {worst} | count | p50 ratio | p99 ratio |");
    *text += "| --- | --- | --- | --- | --- | --- | --- | --- |\n";
    for subject in &row.subjects {
        let name = format!("{} ({})", subject.name, role(subject.role));
        let _ = match (&subject.all, &subject.unmeasured) {
            (Some(all), _) => {
                let [p50, p99, p999, worst] =
                    [all.p50, all.p99, all.p999, all.worst].map(|value| figure(row.unit, value));
                let (ratio50, ratio99) = ratios_with_ours(row, subject).unwrap_or_default();
                let name = name + &dropped(subject);
                let p999 = if row.is_by_first { with_rounds(row.unit, p999, subject) } else { p999 };
                writeln!(
                    text,
                    "| {name} | {p50} | {p99} | {p999} | {worst} | {} | {ratio50} | {ratio99} |",
                    all.count
                )
            }
            (None, Some(why)) => writeln!(text, "| {name} | {} |  |  |  |  |  |  |", reason(why)),
            (None, None) => writeln!(text, "| {name} | not measured |  |  |  |  |  |  |"),
        };
    }
    *text += "\n";
}

/// The p99.9 of all samples with the interval of the rounds' own.
fn with_rounds(unit: Unit, p999: String, subject: &MeasuredSubject) -> String {
    match median_interval(&subject.p999s()) {
        Some(rounds) if rounds.low < rounds.high => {
            format!("{p999} ({}–{})", figure(unit, rounds.low), figure(unit, rounds.high))
        }
        _ => p999,
    }
}

fn method(text: &mut String) {
    let _ = write!(
        text,
        "\n## Method\n\n\
        * Each row was measured in the rounds that it names, after one that does not count. A round runs every subject of the row, and\n\
        \x20 each round begins with another one. A round of messages one at a time begins with a tenth more, which do not count either.\n\
        * p50, p99, p99.9 and max are over all samples of all rounds; none is left out. Deliveries per second are one figure a round,\n\
        \x20 and the tail is the slow side.\n\
        * A ratio is taken in each round, of its p50 or p99, or of its deliveries per second. Its interval holds the true median with\n\
        \x20 {:.0} %: it reaches from the k-th smallest to the k-th largest ratio, where k follows from the binomial distribution. With\n\
        \x20 fewer than five rounds it reaches from the smallest to the largest.\n\
        * A latency runs from a read of the clock just before `publish` to one that is the first thing of the callback. The next message\n\
        \x20 follows 1 µs after the one before has arrived where the receiver spins, and 100 µs after it where it sleeps.\n\
        * Sender and receiver are pinned to one core each; the eight receivers of a fan-out to all cores but the sender's.\n\
        * Each payload is made by its sender from its sequence number, and compared word by word by its receiver, outside of the latency.\n\
        \x20 A message that is missing, came twice, out of turn or changed fails the subject. Nevil's own accounts must balance besides.\n\
        * The runtime reads the clock when a message is published, and at begin and end of its callback. Peers do the same around theirs,\n\
        \x20 but where *stamped* does not stand in a table that has both.\n\
        * Up to 1 KiB a payload lies within the message; above, on the heap. iceoryx2 loans memory: up to 1 KiB the loan and the copy are\n\
        \x20 part of publishing, above it the payload is made in the loan before the clock is read, as the others make theirs.\n\
        * All queues are 256 deep, but for iceoryx2's, which is as deep as it comes. What is shorter than some hundred nanoseconds is timed in batches of 64;\n\
        \x20 making the payload is part of a publish there, for everybody.\n\
        * *Cache line* is half a round trip of one word between the two cores; *stamp alone* is the measuring loop with a bare word\n\
        \x20 in place of a message; *futex wake-up* is from before `FUTEX_WAKE` to after the return of `FUTEX_WAIT` on the other core.\n\
        * A block of a ring that is polled for is timed from the return of `write` to after its last word was compared in place; one\n\
        \x20 that is slept for from before `write` to the return of `wait`. *Words, other core* are the words of a block that go from one\n\
        \x20 core to the other with nothing around them, *read of the words* is reading them where they lie already.\n\
        * Rows in processor time are timed in batches of 1,024 calls by the clock of the thread. A batch *at once* begins when the other\n\
        \x20 thread has just been seen to run. failsafe counts failures in a row, as Nevil does there; recloser has nothing but a rate.\n\
        * A hang is noticed by the very callback that hangs: it looks at its cancel token, as real time where that is granted. *Timer* is\n\
        \x20 how much longer a thread sleeps than it wanted that is as urgent as the one which judges. The kernel lets ordinary threads\n\
        \x20 run for up to 50 ms of each second, whatever is real time: now and then the callback sees it that much later. A node is replaced without the delay\n\
        \x20 that a launched robot puts before each restart.\n\
        * An emergency stop is asked for by a thread that is as urgent as the one which hears the signals of a launch, while a motor\n\
        \x20 moves; `make_safe` reads the clock first of all. Each stop is reset before the next.\n\
        * Beside an offender, a pair passes 40,000 messages of 64 B a second, each due at a time of its own and published when its\n\
        \x20 publisher has woken. No breaker keeps the offender from its offence, and what fails is replaced at once.\n\
        * A peer that loses is as welcome here as one that wins: tell us what it was denied, and it gets it.\n",
        CONFIDENCE * 100.0
    );
}
