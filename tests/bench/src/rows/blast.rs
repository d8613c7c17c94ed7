//! What a node that hangs, panics, fails, floods or leaks does to others.

use crate::nevil::blast::{Offence, Place, blast};
use crate::rows::{Row, Setting, Unit};

/// The reference.
pub(crate) const SPINS: &str = "harmless, spins";

/// What else a node may do, and what that is called. The first is harmless too.
pub(crate) const OFFENDERS: [(Offence, &str); 9] = [
    (Offence::Works, "harmless, 10 µs at 1 kHz"),
    (Offence::HangsSpinning, "hangs, spinning"),
    (Offence::HangsAsleep, "hangs, asleep"),
    (Offence::PanicsKept, "panics at 1 kHz, kept"),
    (Offence::PanicsReplaced, "panics, replaced"),
    (Offence::Fails, "fails at 10 kHz"),
    (Offence::Floods, "floods its own topic"),
    (Offence::FloodsVictim, "floods the victim"),
    (Offence::Leaks, "leaks"),
];

pub(super) fn rows(setting: &Setting) -> Vec<Row> {
    let other = "From publish to callback of a pair on one core, while a node on another core does this";
    let same = "From publish to callback of a pair on one core, while a node on the same core does this";
    let fifo = "The same, on the same core, when the pair is real time";
    vec![
        row(setting, "blast_other_core", other, Place::OtherCore),
        row(setting, "blast_same_core", same, Place::SameCore),
        row(setting, "blast_same_core_fifo", fifo, Place::SameCoreFifo),
    ]
}

fn row(setting: &Setting, name: &'static str, title: &'static str, place: Place) -> Row {
    let (near, messages) = (setting.near, setting.scale.victims);
    let row = Row::new(name, title, Unit::Ns).by_the_first();
    let row = row.nevil(SPINS, move || blast(near, messages, Offence::Spins, place));
    OFFENDERS
        .into_iter()
        .fold(row, |row, (offence, name)| row.nevil(name, move || blast(near, messages, offence, place)))
}
