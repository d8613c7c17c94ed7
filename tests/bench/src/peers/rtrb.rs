//! `rtrb`: a wait-free ring from one thread to one other. It knows polling only.

use std::hint;

use rtrb::RingBuffer;

use crate::flood::{self, Flood, Stamps};
use crate::measure::RoundResult;
use crate::paced::{self, Paced};
use crate::payload::{Line, Payload};
use crate::peers::{DEPTH, Stamped};

pub(crate) fn latency<P: Payload>(paced: Paced) -> RoundResult {
    let (mut producer, mut consumer) = RingBuffer::<Stamped<P>>::new(DEPTH);
    let ends = paced::run_peer(
        paced,
        move |sender| {
            sender.run(|payload: P| u64::from(producer.push(Stamped::new(Stamps::Taken, payload)).is_err()));
            Ok(())
        },
        move |mut receiver| {
            receiver.listen();
            while !receiver.is_done() {
                match consumer.pop() {
                    Ok(message) => message.serve(Stamps::Taken, |payload| receiver.on(payload)),
                    Err(_) if consumer.is_abandoned() => break,
                    Err(_) => hint::spin_loop(),
                }
            }
            Ok(())
        },
    );
    Ok(ends?.into_samples())
}

/// Both ends spin: the ring neither waits nor wakes.
pub(crate) fn flood(flood: &Flood, stamps: Stamps) -> RoundResult {
    let (mut producer, mut consumer) = RingBuffer::<Stamped<Line>>::new(DEPTH);
    let receive = move |mut receiver: flood::FloodReceiver| {
        loop {
            match consumer.pop() {
                Ok(message) => message.serve(stamps, |payload| receiver.on(payload)),
                Err(_) if consumer.is_abandoned() && consumer.is_empty() => break,
                Err(_) => hint::spin_loop(),
            }
        }
    };
    let send = move |counts: &flood::FloodCounts| {
        counts.send_all(flood.messages, |payload: Line| {
            let mut message = Stamped::new(stamps, payload);
            while let Err(rtrb::PushError::Full(again)) = producer.push(message) {
                message = again;
                hint::spin_loop();
            }
            0
        });
    };
    flood::run_peer(flood, send, vec![receive])
}
