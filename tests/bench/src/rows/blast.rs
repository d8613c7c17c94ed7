//! What a node that hangs, panics, fails, floods or leaks does to others.

use crate::nevil::blast::{Offence, Place, blast};
use crate::rows::{Row, Setting, Unit};

/// The reference.
pub(crate) const SPINS: &str = "harmless, spins";

/// The offenders that are to stay without effect, and what they are called.
pub(crate) const OFFENDERS: [(Offence, &str); 8] = [
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
    vec![
        row(
            setting,
            "blast_other_core",
            "From publish to callback of a pair on core 0, while a node on core 1 …",
            Place::OtherCore,
        ),
        row(
            setting,
            "blast_same_core",
            "From publish to callback of a pair on core 0, while a node on core 0 …",
            Place::SameCore,
        ),
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
