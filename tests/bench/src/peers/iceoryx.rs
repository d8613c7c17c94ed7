//! `iceoryx2`: publish and subscribe over shared memory, with loans. Polling only; each end has a node of its own, as two
//! processes would.

use std::sync::atomic::{AtomicU64, Ordering};

use iceoryx2::port::publisher::Publisher;
use iceoryx2::port::subscriber::Subscriber;
use iceoryx2::prelude::{LogLevel, NodeBuilder, ServiceName, ipc, set_log_level};

use crate::flood::Stamps;
use crate::measure::{RoundResult, Unmeasured, now_ns};
use crate::paced::{self, Paced, PacedReceiver, PacedSender, Timed};
use crate::payload::{Fill, are_intact, word};

/// Words before the content: sequence number and stamp.
const HEADER_WORDS: usize = 2;

/// Up to here the loan is part of publishing, and the payload is written into it as a copy; above, the payload is made in
/// the loan, before the stamp is taken, as others make theirs in memory of their own.
const COPIED_BYTES_MAX: usize = 1024;

/// Rounds so far: each has a service of its own, which nothing is left over from.
static ROUNDS: AtomicU64 = AtomicU64::new(0);

pub(crate) fn latency(paced: Paced) -> RoundResult {
    set_log_level(LogLevel::Error);
    // Relaxed: only the number matters.
    let round = ROUNDS.fetch_add(1, Ordering::Relaxed);
    let name = format!("nevil_bench/{}/{round}", std::process::id());
    let ends = paced::run_peer(paced, |sender| send(&name, sender), |receiver| receive(&name, receiver));
    Ok(ends?.into_samples())
}

type Port<Made> = Result<(iceoryx2::node::Node<ipc::Service>, Made), Unmeasured>;

fn publisher(name: &str, words: usize) -> Port<Publisher<ipc::Service, [u64], ()>> {
    let node = NodeBuilder::new().create::<ipc::Service>().map_err(Unmeasured::because)?;
    let name = ServiceName::new(name).map_err(Unmeasured::because)?;
    let service = node.service_builder(&name).publish_subscribe::<[u64]>().open_or_create();
    let service = service.map_err(Unmeasured::because)?;
    let publisher = service.publisher_builder().initial_max_slice_len(words).create();
    Ok((node, publisher.map_err(Unmeasured::because)?))
}

fn subscriber(name: &str) -> Port<Subscriber<ipc::Service, [u64], ()>> {
    let node = NodeBuilder::new().create::<ipc::Service>().map_err(Unmeasured::because)?;
    let name = ServiceName::new(name).map_err(Unmeasured::because)?;
    let service = node.service_builder(&name).publish_subscribe::<[u64]>().open_or_create();
    let service = service.map_err(Unmeasured::because)?;
    Ok((node, service.subscriber_builder().create().map_err(Unmeasured::because)?))
}

fn send(name: &str, sender: PacedSender) -> Result<(), Unmeasured> {
    let paced = sender.paced();
    let words = paced.bytes / size_of::<u64>();
    let (_node, publisher) = publisher(name, words)?;
    let content = |sequence, index: usize| word(sequence, (index - HEADER_WORDS) as u64);
    // `Err`: not sent.
    let publish_copied = |sequence| {
        let stamp_ns = now_ns();
        let loan = publisher.loan_slice_uninit(words).map_err(drop)?;
        std::hint::black_box(Stamps::Taken.stamp_ns());
        let loan = loan.write_from_fn(|index| match index {
            0 => sequence,
            1 => stamp_ns,
            _ => content(sequence, index),
        });
        loan.send().map(drop).map_err(drop)
    };
    let publish_loaned = |sequence| {
        let began_ns = now_ns();
        let mut loan = publisher.loan_slice(words).map_err(drop)?;
        let payload = loan.payload_mut();
        if paced.fill == Fill::Whole {
            (HEADER_WORDS..)
                .zip(&mut payload[HEADER_WORDS..])
                .for_each(|(index, place)| *place = content(sequence, index));
        }
        payload[0] = sequence;
        payload[1] = if paced.timed == Timed::WrittenToRead { began_ns } else { now_ns() };
        std::hint::black_box(Stamps::Taken.stamp_ns());
        loan.send().map(drop).map_err(drop)
    };
    sender.run_stamped(|sequence| {
        let sent: Result<(), ()> =
            if paced.bytes <= COPIED_BYTES_MAX { publish_copied(sequence) } else { publish_loaned(sequence) };
        u64::from(sent.is_err())
    });
    Ok(())
}

fn receive(name: &str, mut receiver: PacedReceiver) -> Result<(), Unmeasured> {
    let (_node, subscriber) = subscriber(name)?;
    receiver.listen();
    let paced = receiver.paced();
    while !receiver.is_done() {
        let Some(sample) = subscriber.receive().map_err(Unmeasured::because)? else {
            std::hint::spin_loop();
            continue;
        };
        let stamps = Stamps::Taken;
        let callback_ns = stamps.stamp_ns();
        let began_ns = now_ns();
        let payload = sample.payload();
        let is_intact = paced.fill == Fill::Header || are_intact(payload[0], payload[HEADER_WORDS..].iter());
        receiver.arrived(began_ns, payload[0], payload[1], is_intact);
        std::hint::black_box(stamps.stamp_ns() - callback_ns);
    }
    Ok(())
}
