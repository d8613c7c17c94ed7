//! `tokio::sync::broadcast`: a ring that drops the oldest, as a topic of measurements does. Its blocking receive needs no
//! runtime around it.

use std::hint;

use tokio::sync::broadcast::{self, error::TryRecvError};

use crate::flood::{self, Flood, Stamps};
use crate::floors::on_core;
use crate::machine::Near;
use crate::measure::{BATCH, RoundResult, Unmeasured, in_batches};
use crate::paced::{self, Paced};
use crate::payload::Payload;
use crate::payload::{Fill, Line};
use crate::peers::{DEPTH, Stamped, Wait};

pub(crate) fn latency<P: Payload + Clone>(paced: Paced, wait: Wait) -> RoundResult {
    let (sender_side, mut receiver_side) = broadcast::channel::<Stamped<P>>(DEPTH);
    let mut next = move || {
        if wait == Wait::Blocking {
            return receiver_side.blocking_recv().ok();
        }
        loop {
            match receiver_side.try_recv() {
                Ok(message) => return Some(message),
                Err(TryRecvError::Empty) => hint::spin_loop(),
                Err(TryRecvError::Closed | TryRecvError::Lagged(_)) => return None,
            }
        }
    };
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
                let Some(message) = next() else { break };
                message.serve(Stamps::Taken, |payload| receiver.on(payload));
            }
            Ok(())
        },
    );
    Ok(ends?.into_samples())
}

/// A flood in which slow receivers lose the oldest.
pub(crate) fn flood(flood: &Flood, stamps: Stamps) -> RoundResult {
    let (sender_side, first) = broadcast::channel::<Stamped<Line>>(DEPTH);
    let mut sides = vec![first];
    sides.resize_with(flood.receivers, || sender_side.subscribe());
    let receive = |mut side: broadcast::Receiver<Stamped<Line>>| {
        move |mut receiver: flood::FloodReceiver| {
            loop {
                match side.blocking_recv() {
                    Ok(message) => message.serve(stamps, |payload| receiver.on(payload)),
                    Err(broadcast::error::RecvError::Lagged(lost)) => receiver.lost(lost),
                    Err(broadcast::error::RecvError::Closed) => break,
                }
            }
        }
    };
    let send = move |counts: &flood::FloodCounts| {
        counts.send_all(flood.messages, |payload: Line| {
            u64::from(sender_side.send(Stamped::new(stamps, payload)).is_err())
        });
    };
    flood::run_peer(flood, send, sides.into_iter().map(receive).collect())
}

/// What `send` costs when nobody takes the messages: it displaces the oldest.
pub(crate) fn publish_unserved(near: Near, batches: u64) -> RoundResult {
    let (sender, _receiver) = broadcast::channel(DEPTH);
    let mut failed = 0;
    let samples = on_core(near.send, || {
        Ok(in_batches(DEPTH as u64 / BATCH + 1, batches, |call| {
            let payload = Line::make(call, 64, Fill::Whole);
            failed += u64::from(sender.send(Stamped::new(Stamps::Taken, payload)).is_err());
        }))
    });
    if failed > 0 { Err(Unmeasured::Failed(format!("{failed} messages were refused"))) } else { samples }
}
