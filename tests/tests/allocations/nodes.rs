//! The nodes, which do nothing but take their paths.

use nevil_runtime::prelude::*;
use nevil_runtime::{DriverPublisher, Kept, PublishErrorKind};

use crate::{Path, note};

#[derive(Clone, Copy, Message)]
pub(crate) struct Word {
    value: u64,
}

#[derive(Message)]
pub(crate) struct Text {
    text: String,
}

pub(crate) const OLDEST: Topic<Word> = Topic::new("oldest").depth(8);
pub(crate) const NEWEST: Topic<Word> = Topic::commands("newest").depth(8);
pub(crate) const LATEST: Topic<Word> = Topic::latest("latest");
pub(crate) const LATCHED: Topic<Word> = Topic::new("latched").depth(8).latched();
pub(crate) const CROWDED: Topic<Word> = Topic::new("crowded").depth(1);
pub(crate) const SHORT: Topic<Word> = Topic::new("short").depth(64).lifespan(Duration::from_millis(1));
pub(crate) const SMALL: Topic<Text> = Topic::new("small").message_bytes_max(64);
pub(crate) const HOARDED: Topic<Word> = Topic::new("hoarded").depth(16);
pub(crate) const WORKED: Topic<Word> = Topic::new("worked").depth(4);
pub(crate) const RARE: Topic<Word> = Topic::new("rare").deadline(Duration::from_millis(1));
pub(crate) const WRONG: Topic<Word> = Topic::new("wrong");

pub(crate) const WORD: Word = Word { value: 1 };
pub(crate) const MS: Duration = Duration::from_millis(1);

pub(crate) type Publishers = Vec<Publisher<Word>>;

/// Publishes on all topics, by a timer.
pub(crate) struct Source {
    each: Publishers,
    twice: Publishers,
    rare: Publisher<Word>,
    ticks: u64,
}

impl Node for Source {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        let mut publishers = |topics: &[Topic<Word>]| -> Result<Publishers, NodeError> {
            topics.iter().map(|topic| Ok(setup.publisher(*topic)?)).collect()
        };
        let each = publishers(&[OLDEST, NEWEST, LATEST, LATCHED, SHORT, WRONG])?;
        let twice = publishers(&[CROWDED])?;
        let rare = setup.publisher(RARE)?;
        setup.every(MS, Self::tick)?;
        Ok(Self { each, twice, rare, ticks: 0 })
    }
}

impl Source {
    fn tick(&mut self, _: &Tick, _: &Context) -> NodeResult {
        note(Path::Timer);
        self.ticks += 1;
        self.each
            .iter()
            .chain(&self.twice)
            .chain(&self.twice)
            .try_for_each(|publisher| publisher.publish(WORD).map(drop))?;
        if self.ticks.is_multiple_of(3) {
            self.rare.publish(WORD)?;
        }
        Ok(())
    }
}

/// Receives of every overflow rule. A second one makes it a fan-out.
pub(crate) struct Receiver;

impl Node for Receiver {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        let is_first = setup.instance() == "first";
        for topic in [OLDEST, NEWEST, LATEST, LATCHED] {
            setup.subscribe(topic, move |_: &mut Self, _, _| {
                if is_first {
                    note(Path::TurnsOfReceiver);
                }
                Ok(())
            })?;
        }
        Ok(Self)
    }
}

/// Is too slow for what comes, and what waits for it grows too old.
pub(crate) struct Slow {
    is_simulated: bool,
}

impl Node for Slow {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(CROWDED, Self::on_word)?;
        setup.subscribe(SHORT, |_: &mut Self, _, _| Ok(()))?;
        Ok(Self { is_simulated: setup.is_simulated() })
    }
}

impl Slow {
    fn on_word(&mut self, _: &Received<Word>, _: &Context) -> NodeResult {
        note(Path::Slow);
        if !self.is_simulated {
            std::thread::sleep(3 * MS);
        }
        Ok(())
    }
}

/// Publishes what is too large, which comes back to it.
pub(crate) struct Refused {
    small: Publisher<Text>,
    text: Option<String>,
}

impl Node for Refused {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.every(MS, Self::tick)?;
        Ok(Self { small: setup.publisher(SMALL)?, text: Some("x".repeat(100)) })
    }
}

impl Refused {
    fn tick(&mut self, _: &Tick, _: &Context) -> NodeResult {
        note(Path::Refused);
        let text = self.text.take().unwrap_or_default();
        let refused = self.small.publish(Text { text }).unwrap_err();
        assert!(matches!(refused.kind, PublishErrorKind::TooLarge { .. }));
        self.text = Some(refused.message.text);
        Ok(())
    }
}

/// Keeps its own messages until there is no slot left, and then drops them all.
pub(crate) struct Hoarder {
    hoarded: Publisher<Word>,
    kept: Vec<Kept<Word>>,
}

impl Node for Hoarder {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(HOARDED, Self::on_word)?;
        setup.every(MS, Self::tick)?;
        Ok(Self { hoarded: setup.publisher(HOARDED)?, kept: Vec::with_capacity(1000) })
    }
}

impl Hoarder {
    fn tick(&mut self, _: &Tick, _: &Context) -> NodeResult {
        note(Path::Kept);
        for _ in 0..8 {
            if let Err(refused) = self.hoarded.publish(WORD) {
                assert!(matches!(refused.kind, PublishErrorKind::NoSlot { .. }));
                self.kept.clear();
            }
        }
        Ok(())
    }

    fn on_word(&mut self, word: &Received<Word>, _: &Context) -> NodeResult {
        assert!(self.kept.len() < self.kept.capacity(), "a topic has fewer slots");
        self.kept.push(word.keep());
        Ok(())
    }
}

/// A node with a driver that sends to it and publishes beside it.
pub(crate) struct Driven {
    worked: DriverPublisher<Word>,
}

pub(crate) struct Hand {
    worked: DriverPublisher<Word>,
    path: Path,
}

impl Driver for Hand {
    type Input = Word;

    fn step(&mut self, now: Time, input: &DriverInput<Word>) -> Result<Option<Time>, NodeError> {
        note(self.path);
        match self.path {
            Path::Driver => {
                input.send(WORD)?;
                self.worked.publish(WORD)?;
            }
            // What there was no room for is refused, and counted as that.
            _ => {
                for _ in 0..8 {
                    let _ = input.send_within(WORD, MS);
                    let _ = self.worked.publish_within(WORD, MS);
                }
            }
        }
        Ok(Some(now + MS))
    }
}

impl Node for Driven {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        let waits = setup.instance() == "waiting";
        let worked = setup.driver_publisher(WORKED)?;
        let (path, of_input) = if waits {
            (Path::WaitingDriver, Path::InputOfWaitingDriver)
        } else {
            (Path::Driver, Path::InputOfDriver)
        };
        let publisher = worked.clone();
        let open = move || Ok(Hand { worked: publisher.clone(), path });
        setup.driver("hand", open, move |_: &mut Self, _, _| {
            note(of_input);
            Ok(())
        })?;
        setup.subscribe(WORKED, |_: &mut Self, _, _| Ok(()))?;
        Ok(Self { worked })
    }

    fn shutdown(&mut self, _: &Context) -> NodeResult {
        assert!(format!("{:?}", self.worked).starts_with("Driver"));
        Ok(())
    }
}

/// Hears less than it is promised.
pub(crate) struct Silent;

impl Node for Silent {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(RARE, |_: &mut Self, _, _| {
            note(Path::Silent);
            Ok(())
        })?;
        Ok(Self)
    }
}

/// Fails at each message.
pub(crate) struct Failing;

impl Node for Failing {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(WRONG, |_: &mut Self, _, _| {
            note(Path::Failing);
            Err(NodeError::new("as it was told"))
        })?;
        Ok(Self)
    }
}
