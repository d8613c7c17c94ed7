//! Nodes that do one thing each, with which a robot can get into trouble.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;

use nevil_runtime::InputDown;
use nevil_runtime::prelude::*;

use crate::{Order, TROUBLE, Trouble};

/// Something to do.
#[derive(Debug, Message)]
pub(crate) struct Work {
    number: u32,
}

/// Who is to do something.
#[derive(Debug, Message)]
pub(crate) struct Call {
    node: String,
}

const COLOUR: Topic<Work> = Topic::new("colour").latched();
const FOLLOW: Topic<Order> = Topic::new("follow").external();
const LISTEN: Topic<Call> = Topic::new("listen").external();
const LOOP: Topic<Work> = Topic::new("loop");
const WORK: Topic<Work> = Topic::new("work").external();

/// Where a node writes what has happened to it.
#[derive(Debug, Parameters)]
pub(crate) struct Diary {
    /// File to which lines are added.
    diary: Option<PathBuf>,
}

fn note(diary: Option<&Path>, line: &str) -> NodeResult {
    let Some(diary) = diary else { return Ok(()) };
    let mut diary = File::options().create(true).append(true).open(diary)?;
    Ok(diary.write_all(format!("{line}\n").as_bytes())?)
}

/// Takes the microphone when it is called, for longer than anybody waits.
pub(crate) struct Listener {
    microphone: Leasable,
    hangs: bool,
    held: Option<Lease>,
}

#[derive(Debug, Parameters)]
pub(crate) struct ListenerParams {
    /// Whether it never returns when it has the microphone.
    #[param(default = false)]
    hangs: bool,
}

impl Node for Listener {
    type Params = ListenerParams;

    fn configure(setup: &mut Setup<'_, Self>, params: ListenerParams) -> Result<Self, NodeError> {
        setup.subscribe(LISTEN, Self::on_call)?;
        Ok(Self { microphone: setup.leasable("microphone")?, hangs: params.hangs, held: None })
    }
}

impl Listener {
    fn on_call(&mut self, call: &Received<Call>, ctx: &Context) -> NodeResult {
        // Whoever else has it keeps it: that is no failure of this node.
        let called = call.node == ctx.node() && self.held.is_none();
        let Some(lease) = called.then(|| self.microphone.acquire("listening", Duration::from_secs(60)).ok())
        else {
            return Ok(());
        };
        self.held = lease;
        if self.hangs && self.held.is_some() { Trouble::Hang.make() } else { Ok(()) }
    }
}

/// Says again what it hears.
#[derive(Debug)]
pub(crate) struct Echo(Publisher<Work>);

impl Node for Echo {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(LOOP, Self::on_word)?;
        Ok(Self(setup.publisher(LOOP)?))
    }
}

impl Echo {
    fn on_word(&mut self, word: &Received<Work>, _: &Context) -> NodeResult {
        // That it is refused some time is what is tested.
        let _ = self.0.publish(Work { number: word.number + 1 });
        Ok(())
    }
}

/// Has a device of which there can be only one, and whose first call does not return.
#[derive(Debug)]
pub(crate) struct Camera(Device<()>);

impl Node for Camera {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.after(Duration::from_millis(20), Self::look)?;
        Ok(Self(setup.exclusive_device("hw:CARD=camera", || Ok(()))?))
    }
}

impl Camera {
    fn look(&mut self, _: &Tick, _: &Context) -> NodeResult {
        Ok(self.0.with(|()| {
            loop {
                thread::park();
            }
        })?)
    }
}

/// Says once in each life which colour it has, and makes trouble when it is told to.
#[derive(Debug)]
pub(crate) struct Painter(Publisher<Work>);

impl Node for Painter {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.after(Duration::from_millis(1), Self::paint)?;
        setup.subscribe(TROUBLE, |_: &mut Self, order: &Received<Order>, _| order.trouble.make())?;
        Ok(Self(setup.publisher(COLOUR)?))
    }
}

impl Painter {
    fn paint(&mut self, _: &Tick, _: &Context) -> NodeResult {
        self.0.publish(Work { number: 7 })?;
        Ok(())
    }
}

/// Notes which colour it sees and who is down, and ticks.
#[derive(Debug)]
pub(crate) struct Follower(Diary);

impl Node for Follower {
    type Params = Diary;

    fn configure(setup: &mut Setup<'_, Self>, diary: Diary) -> Result<Self, NodeError> {
        setup.subscribe(COLOUR, Self::on_colour)?;
        setup.subscribe(FOLLOW, |_: &mut Self, order: &Received<Order>, _| order.trouble.make())?;
        setup.every(Duration::from_millis(5), Self::tick)?;
        Ok(Self(diary))
    }

    fn input_down(&mut self, input: &InputDown, _: &Context) -> NodeResult {
        for (topic, age) in &input.topics {
            let age = age.map_or("never came".to_owned(), |age| format!("is {} ns old", age.as_nanos()));
            note(self.0.diary.as_deref(), &format!("{} is down: {topic} {age}", input.node))?;
        }
        Ok(())
    }
}

impl Follower {
    fn on_colour(&mut self, colour: &Received<Work>, _: &Context) -> NodeResult {
        note(self.0.diary.as_deref(), &format!("it sees colour {}", colour.number))
    }

    fn tick(&mut self, _: &Tick, _: &Context) -> NodeResult {
        Ok(())
    }
}

/// Its work takes until a file is there.
#[derive(Debug)]
pub(crate) struct Patient(PatientParams);

#[derive(Debug, Parameters)]
pub(crate) struct PatientParams {
    /// The file.
    gate: PathBuf,
    /// What it asks for besides its time-out.
    extend: Option<Duration>,
}

impl Node for Patient {
    type Params = PatientParams;

    fn configure(setup: &mut Setup<'_, Self>, params: PatientParams) -> Result<Self, NodeError> {
        setup.subscribe(WORK, Self::on_work)?;
        Ok(Self(params))
    }
}

impl Patient {
    fn on_work(&mut self, _: &Received<Work>, ctx: &Context) -> NodeResult {
        if let Some(more) = self.0.extend {
            ctx.extend(more)?;
        }
        while !self.0.gate.exists() {
            thread::park_timeout(Duration::from_millis(1));
        }
        Ok(())
    }
}
