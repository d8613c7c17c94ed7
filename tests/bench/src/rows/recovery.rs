//! What becomes of calls that hang, and of the robot when somebody asks for an emergency stop.

use std::time::Duration;

use crate::floors;
use crate::nevil::hang;
use crate::nevil::stop::{self, Beside};
use crate::nevil::turn::{self, Watched};
use crate::peers::crossbeam;
use crate::rows::{Row, Setting, Unit};

/// Time-outs in milliseconds, and calls that hang in a round.
const TIMEOUTS: [(u64, usize); 3] = [(10, 20), (100, 4), (500, 1)];

pub(super) fn rows(setting: &Setting) -> Vec<Row> {
    vec![turn(setting), noticed(setting), replaced(setting), emergency_stop(setting)]
}

fn turn(setting: &Setting) -> Row {
    let (near, bursts) = (setting.near, setting.scale.batches);
    let turn = move |watched| move || turn::turn(near, bursts, watched);
    let title = "From one callback to the next, 64 B, while messages wait: take, guard, call, count, drop";
    Row::new("turn", title, Unit::Ns)
        .nevil("nevil, watched for hangs", turn(Watched::Yes))
        .nevil("nevil, not watched", turn(Watched::No))
        .peer("crossbeam, stamped", move || crossbeam::drain(near, bursts, crate::flood::Stamps::Taken))
        .peer("crossbeam", move || crossbeam::drain(near, bursts, crate::flood::Stamps::Left))
        .floor("two clock reads", move || floors::two_clock_reads(near, bursts))
}

fn noticed(setting: &Setting) -> Row {
    let near = setting.near;
    let title = "From the deadline of a callback that hangs to its judgement, by its time-out";
    let row = Row::new("hang_noticed", title, Unit::Ns);
    let row = TIMEOUTS.into_iter().fold(row, |row, (ms, calls)| {
        let timeout = Duration::from_millis(ms);
        row.nevil(format!("nevil, {ms} ms"), move || hang::noticed(near, timeout, calls))
    });
    TIMEOUTS.into_iter().fold(row, |row, (ms, calls)| {
        let timeout = Duration::from_millis(ms);
        row.floor(format!("timer, {ms} ms"), move || hang::timer(timeout, calls))
    })
}

fn replaced(setting: &Setting) -> Row {
    let near = setting.near;
    let title = "From the end of a hung callback's grace to the activation of the next life; nobody waits";
    Row::new("hang_replaced", title, Unit::Ns).nevil("nevil", move || hang::replaced(near, 20))
}

fn emergency_stop(setting: &Setting) -> Row {
    let (cores, stops) = (vec![setting.near.send, setting.near.receive], setting.scale.blocked);
    let stop = |beside| {
        let cores = cores.clone();
        move || stop::emergency(&cores, stops, beside)
    };
    Row::new("emergency_stop", "From asking for an emergency stop to the beginning of `make_safe`", Unit::Ns)
        .nevil("nevil, idle", stop(Beside::Nothing))
        .nevil("nevil, a spinner per core", stop(Beside::Spinners))
        .nevil("nevil, FIFO spinners", stop(Beside::FifoSpinners))
}
