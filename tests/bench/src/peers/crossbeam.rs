//! `crossbeam-channel`: bounded, and one channel for each receiver.

use std::hint;

use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, bounded};

use crate::flood::{self, Flood, Stamps};
use crate::floors::on_core;
use crate::machine::Near;
use crate::measure::{BATCH, RoundResult, Samples, Unmeasured, in_batches, now_ns, pin};
use crate::paced::{self, Paced};
use crate::payload::{Fill, Line, Payload};
use crate::peers::{DEPTH, Stamped, Wait};

/// The next message; `None` when the sender is gone.
fn next<P>(channel: &Receiver<Stamped<P>>, wait: Wait) -> Option<Stamped<P>> {
    if wait == Wait::Blocking {
        return channel.recv().ok();
    }
    loop {
        match channel.try_recv() {
            Ok(message) => return Some(message),
            Err(TryRecvError::Empty) => hint::spin_loop(),
            Err(TryRecvError::Disconnected) => return None,
        }
    }
}

pub(crate) fn latency<P: Payload>(paced: Paced, wait: Wait) -> RoundResult {
    let (sender_side, receiver_side) = bounded(DEPTH);
    let ends = paced::run_peer(
        paced,
        move |sender| {
            sender
                .run(|payload: P| u64::from(sender_side.send(Stamped::new(Stamps::Taken, payload)).is_err()));
            Ok(())
        },
        move |mut receiver| {
            receiver.listen();
            while !receiver.is_done() {
                let Some(message) = next(&receiver_side, wait) else { break };
                message.serve(Stamps::Taken, |payload| receiver.on(payload));
            }
            Ok(())
        },
    );
    Ok(ends?.into_samples())
}

/// What the sender of a flood does when a channel is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// It waits.
    Waits,
    /// It drops the message, and counts it.
    Drops,
}

pub(crate) fn flood(flood: &Flood, stamps: Stamps, full: Full) -> RoundResult {
    let (senders, receivers): (Vec<Sender<_>>, Vec<Receiver<_>>) =
        (0..flood.receivers).map(|_| bounded(DEPTH)).unzip();
    let receive = |channel: Receiver<Stamped<Line>>| {
        move |mut receiver: flood::FloodReceiver| {
            while let Ok(message) = channel.recv() {
                message.serve(stamps, |payload| receiver.on(payload));
            }
        }
    };
    let send = move |counts: &flood::FloodCounts| {
        counts.send_all(flood.messages, |payload: Line| {
            let stamped = Stamped::new(stamps, payload);
            senders.iter().map(|channel| u64::from(!send(channel, stamped.clone(), full))).sum()
        });
    };
    flood::run_peer(flood, send, receivers.into_iter().map(receive).collect())
}

/// Whether `message` was not dropped.
fn send<P>(channel: &Sender<Stamped<P>>, message: Stamped<P>, full: Full) -> bool {
    match full {
        Full::Waits => channel.send(message).is_ok(),
        Full::Drops => !matches!(channel.try_send(message), Err(TrySendError::Full(_))),
    }
}

/// What `try_send` costs when nobody takes the messages: it refuses the newest.
pub(crate) fn publish_unserved(near: Near, batches: u64) -> RoundResult {
    let (sender, _receiver) = bounded(DEPTH);
    on_core(near.send, || {
        Ok(in_batches(DEPTH as u64 / BATCH + 1, batches, |call| {
            let payload = Line::make(call, 64, Fill::Whole);
            // Refused once it is full, which is what is measured.
            let _ = sender.try_send(Stamped::new(Stamps::Taken, payload));
        }))
    })
}

/// Nanoseconds from one message to the next, when as many wait as the channel holds.
pub(crate) fn drain(near: Near, bursts: u64, stamps: Stamps) -> RoundResult {
    let (sender, receiver) = bounded(DEPTH);
    let (filled, is_filled) = bounded(1);
    let (emptied, is_emptied) = bounded(1);
    let burst = DEPTH as u64;
    std::thread::scope(|scope| {
        let sending = scope.spawn(move || {
            pin(&[near.send])?;
            for number in 0..bursts * burst {
                let payload = Line::make(number, 64, Fill::Whole);
                let gone = sender.send(Stamped::new(stamps, payload)).is_err();
                let ends = number % burst == burst - 1;
                if gone || ends && (filled.send(()).is_err() || is_emptied.recv().is_err()) {
                    break;
                }
            }
            Ok(())
        });
        let receiving = scope.spawn(move || {
            pin(&[near.receive])?;
            let (mut values, mut expected, mut wrong) = (Vec::new(), 0, 0);
            while is_filled.recv().is_ok() {
                let mut began_ns = 0;
                for number in 0..burst {
                    let Ok(message) = receiver.recv() else { break };
                    if number == 1 {
                        began_ns = now_ns();
                    }
                    message.serve(stamps, |payload| {
                        wrong += u64::from(payload.sequence() != expected);
                        expected += 1;
                    });
                }
                values.push((now_ns() - began_ns) as f64 / (burst - 1) as f64);
                if emptied.send(()).is_err() {
                    break;
                }
            }
            if wrong > 0 {
                return Err(Unmeasured::Failed(format!("{wrong} messages came out of turn")));
            }
            Ok(Samples { values, dropped: 0 })
        });
        let panicked = |_| Unmeasured::because("a thread panicked");
        sending.join().map_err(panicked)??;
        receiving.join().map_err(panicked)?
    })
}
