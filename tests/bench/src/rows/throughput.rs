//! As many messages as will go, to one receiver and to eight.

use crate::flood::{Flood, Stamps};
use crate::measure::RoundResult;
use crate::nevil::{self, Full, Wait};
use crate::peers::crossbeam::Full as ChannelFull;
use crate::peers::{crossbeam, rtrb, tokio};
use crate::rows::{Row, SPIN, Setting, Unit};

/// What crossbeam's receivers do by themselves: they spin before they sleep.
const SPINNING: Wait = Wait::Spin(SPIN);

/// Receivers of a fan-out.
const FAN_OUT: usize = 8;

pub(super) fn rows(setting: &Setting) -> Vec<Row> {
    vec![throughput(setting), fan_out(setting), fan_out_lossy(setting)]
}

impl Setting {
    fn flood(&self, receivers: usize) -> Flood {
        let receiver_cores =
            if receivers == 1 { vec![self.near.receive] } else { self.receiver_cores.clone() };
        Flood { messages: self.scale.flooded, receivers, near: self.near, receiver_cores }
    }
}

fn throughput(setting: &Setting) -> Row {
    let flood = setting.flood(1);
    let with = |run| repeated(&flood, run);
    Row::new("throughput", "Deliveries per second from one to one, 64 B, nothing lost", Unit::PerSecond)
        .nevil("nevil", with(|flood| nevil::flood(flood, Wait::Blocking, Full::Waits)))
        .nevil("nevil, spin of 50 µs", with(|flood| nevil::flood(flood, SPINNING, Full::Waits)))
        .peer("crossbeam, stamped", with(|flood| crossbeam::flood(flood, Stamps::Taken, ChannelFull::Waits)))
        .peer("crossbeam", with(|flood| crossbeam::flood(flood, Stamps::Left, ChannelFull::Waits)))
        .peer("rtrb, stamped, spinning", with(|flood| rtrb::flood(flood, Stamps::Taken)))
        .peer("rtrb, spinning", with(|flood| rtrb::flood(flood, Stamps::Left)))
}

fn fan_out(setting: &Setting) -> Row {
    let flood = setting.flood(FAN_OUT);
    let with = |run| repeated(&flood, run);
    Row::new("fan_out", "Deliveries per second from one to eight, 64 B, nothing lost", Unit::PerSecond)
        .nevil("nevil", with(|flood| nevil::flood(flood, Wait::Blocking, Full::Waits)))
        .nevil("nevil, spin of 50 µs", with(|flood| nevil::flood(flood, SPINNING, Full::Waits)))
        .peer("crossbeam, stamped", with(|flood| crossbeam::flood(flood, Stamps::Taken, ChannelFull::Waits)))
        .peer("crossbeam", with(|flood| crossbeam::flood(flood, Stamps::Left, ChannelFull::Waits)))
}

fn fan_out_lossy(setting: &Setting) -> Row {
    let flood = setting.flood(FAN_OUT);
    let with = |run| repeated(&flood, run);
    Row::new(
        "fan_out_lossy",
        "Deliveries per second from one to eight, 64 B, when nobody waits and full queues drop",
        Unit::PerSecond,
    )
    .nevil("nevil, drops the oldest", with(|flood| nevil::flood(flood, Wait::Blocking, Full::Drops)))
    .peer(
        "crossbeam, drops the newest",
        with(|flood| crossbeam::flood(flood, Stamps::Taken, ChannelFull::Drops)),
    )
    .peer("tokio broadcast, oldest", with(|flood| tokio::flood(flood, Stamps::Taken)))
}

/// `run` with a flood of its own.
fn repeated(flood: &Flood, run: fn(&Flood) -> RoundResult) -> impl FnMut() -> RoundResult + use<> {
    let flood = flood.clone();
    move || run(&flood)
}
